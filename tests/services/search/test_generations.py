"""Model generations: a new model is built beside the one that serves, and takes over whole."""

import pytest

from db import generations
from services.models.embedder import EmbedderUnavailable
from services.search.generations import begin, fill, identity_of, matches, reindex
from tests.services.conftest import Desk
from tests.word_embedder import WordEmbedder


async def serving_model(desk: Desk) -> str | None:
    async with desk.pool.connection() as conn:
        generation = await generations.serving(conn)
    return generation.model if generation else None


async def changed_over(desk: Desk, embedder: WordEmbedder) -> None:
    async for _ in reindex(desk.pool, embedder):
        pass
    desk.serving.forget()


@pytest.fixture
async def taught(desk: Desk) -> Desk:
    for number in range(5):
        desk.write(f"aula-{number}", f"O gradiente da aula {number}.", "E mais uma frase.")
    await desk.take_in()
    return desk


async def test_the_first_model_serves_at_once(taught: Desk) -> None:
    current = await taught.serving.current()

    assert current is not None
    assert current[1] is taught.embedder
    assert matches(current[0], taught.embedder.identity)


async def test_a_new_model_takes_over_when_it_is_whole(taught: Desk) -> None:
    new = WordEmbedder("better words", dimension=32)

    seen = [await serving_model(taught) async for _ in reindex(taught.pool, new)]

    assert set(seen) == {"words"}
    assert await serving_model(taught) == "better words"


async def test_searches_go_on_with_the_old_model_until_then_and_with_the_new_one_after(taught: Desk) -> None:
    new = WordEmbedder("better words", dimension=32)
    taught.reopened["better words"] = new

    async for _ in reindex(taught.pool, new):
        found = await taught.retriever.search(course=taught.course, questions=["gradiente"])
        assert found.mode == "hybrid"
    taught.serving.forget()

    found = await taught.retriever.search(course=taught.course, questions=["gradiente"])
    current = await taught.serving.current()
    assert found.mode == "hybrid"
    assert current is not None
    assert current[1] is new


async def test_a_model_that_cannot_be_opened_leaves_searches_lexical(taught: Desk) -> None:
    await changed_over(taught, WordEmbedder("nobody has it", dimension=32))

    found = await taught.retriever.search(course=taught.course, questions=["gradiente"])

    assert found.mode == "lexical"
    assert found.hits


async def test_a_model_exchanged_under_the_same_name_is_not_asked(taught: Desk) -> None:
    await changed_over(taught, WordEmbedder("better words", dimension=32))
    taught.reopened["better words"] = WordEmbedder("better words", dimension=16)

    assert await taught.serving.current() is None


async def test_an_interrupted_change_goes_on_where_it_was(taught: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.search.generations.BATCH", 2)
    new = WordEmbedder("better words")
    started = reindex(taught.pool, new)
    await anext(started)
    await started.aclose()
    embedded = new.passages

    await changed_over(taught, new)

    assert 0 < embedded < new.passages == 5
    assert await serving_model(taught) == "better words"


async def test_a_change_to_yet_another_model_gives_the_unfinished_one_up(
    taught: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.search.generations.BATCH", 2)
    unfinished = reindex(taught.pool, WordEmbedder("second"))
    await anext(unfinished)
    await unfinished.aclose()

    await changed_over(taught, WordEmbedder("third"))

    assert await serving_model(taught) == "third"


async def test_reindexing_the_model_that_serves_only_fills_in_what_is_missing(taught: Desk) -> None:
    before = taught.embedder.passages

    await changed_over(taught, taught.embedder)

    assert taught.embedder.passages == before
    assert await serving_model(taught) == "words"


async def test_a_lecture_taken_in_during_a_change_is_part_of_it(taught: Desk) -> None:
    new = WordEmbedder("better words")
    taught.reopened["better words"] = new
    changing = reindex(taught.pool, new)
    await anext(changing)
    taught.write("late", "A aula atrasada fala de atenção.")
    await taught.take_in()
    async for _ in changing:
        pass
    taught.serving.forget()

    found = await taught.retriever.search(course=taught.course, questions=["atenção atrasada"])

    assert found.hits[0].lecture == "late"
    assert found.hits[0].score is not None


async def test_a_model_that_fails_half_way_leaves_the_old_one_serving(taught: Desk) -> None:
    new = WordEmbedder("better words")
    new.down = True

    with pytest.raises(EmbedderUnavailable):
        await changed_over(taught, new)

    assert await serving_model(taught) == "words"


async def test_two_processes_may_fill_in_at_once(taught: Desk) -> None:
    new = WordEmbedder("better words")
    async with taught.pool.connection() as conn:
        await conn.execute("update generations set state = 'retired'")
    generation = await begin(taught.pool, new.identity)
    first, second = fill(taught.pool, generation, new), fill(taught.pool, generation, new)

    done = [filled async for filled in first] + [filled async for filled in second]

    assert [filled.total for filled in done] == [5]


async def test_nothing_serves_before_the_first_lecture(desk: Desk) -> None:
    assert await desk.serving.current() is None


async def test_vectors_that_were_cut_otherwise_go_on_serving_until_the_others_are_whole(desk: Desk) -> None:
    """As in a database of an earlier release, whose generation tells no length of its pieces."""
    for number in range(5):
        desk.write(f"aula-{number}", f"O gradiente da aula {number}.", "E mais uma frase.")
    await desk.take_in()
    async with desk.pool.connection() as conn:
        await conn.execute('update generations set piece_tokens = null, dense_weights = \'{"*": 0.08, "en": 0.25}\'')
        await conn.execute("delete from language_means")
    desk.serving.forget()

    async def asked() -> tuple[str, int | None]:
        found = await desk.retriever.search(course=desk.course, questions=["gradiente"])
        current = await desk.serving.current()
        assert current
        assert current[1].identity == identity_of(current[0])  # what is filled in meanwhile is cut as the rest is
        assert len(found.hits) == 5
        return found.mode, current[0].piece_tokens

    assert await asked() == ("hybrid", None)
    async for _ in reindex(desk.pool, desk.embedder):
        desk.serving.forget()
        assert await asked() == ("hybrid", None)
    desk.serving.forget()
    assert await asked() == ("hybrid", desk.embedder.identity.piece_tokens)
