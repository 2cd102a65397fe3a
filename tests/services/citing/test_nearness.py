"""How near sentences are to a question, measured with the model and the vectors that serve."""

from dataclasses import replace

import pytest

from services.citing import nearness as measuring
from services.citing.nearness import Nearness
from services.citing.quoting import Candidate, candidates
from services.search.retrieve import Found
from tests.services.conftest import Desk

QUESTION = "o gradiente some"


async def found(desk: Desk) -> tuple[Found, list[Candidate]]:
    hits = await desk.retriever.search(course=desk.course, questions=[QUESTION])
    return hits, candidates(QUESTION, hits.hits, "pt")


@pytest.fixture
async def taken_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setitem(measuring.SCALES, desk.embedder.identity.model, 1.0)
    desk.write("rnn", "Em redes longas o gradiente some.", "A porta de esquecimento guarda a memória por muito tempo.")
    desk.write("cnn", "O filtro desliza pela imagem inteira.")
    await desk.take_in()
    return desk


async def test_a_sentence_with_the_question_s_meaning_is_nearest(taken_in: Desk) -> None:
    hits, among = await found(taken_in)

    near = await Nearness(taken_in.pool, taken_in.serving).of(taken_in.course.id, QUESTION, hits.generation_id, among)

    assert set(near) == {one.sentence.text for one in among}
    assert "gradiente some" in max(near, key=lambda text: near[text])


async def test_a_lecture_tagged_with_a_country_is_in_the_language_of_the_question(taken_in: Desk) -> None:
    """As every lecture of a course in pt-BR is that nobody says more of."""
    among = (await found(taken_in))[1]

    assert not any(one.is_foreign for one in among)
    assert any(one.holds_words for one in candidates("redes longas", [among[0].sentence.hit], "pt"))  # by their stems


async def test_sentences_are_embedded_once(taken_in: Desk) -> None:
    nearness = Nearness(taken_in.pool, taken_in.serving)
    hits, among = await found(taken_in)
    first = await nearness.of(taken_in.course.id, QUESTION, hits.generation_id, among)
    embedded = taken_in.embedder.passages

    again = await nearness.of(taken_in.course.id, QUESTION, hits.generation_id, among)

    assert again == first
    assert taken_in.embedder.passages == embedded


async def test_no_more_sentences_are_looked_at_than_the_bound(taken_in: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MOST_SENTENCES", 1)
    hits, among = await found(taken_in)

    near = await Nearness(taken_in.pool, taken_in.serving).of(taken_in.course.id, QUESTION, hits.generation_id, among)

    assert len(among) > len(near) == 1
    assert "gradiente some" in next(iter(near))


async def test_a_model_that_is_down_or_nobody_measured_leaves_it_to_the_words(
    taken_in: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    nearness = Nearness(taken_in.pool, taken_in.serving)
    hits, among = await found(taken_in)

    taken_in.embedder.down = True
    assert await nearness.of(taken_in.course.id, QUESTION, hits.generation_id, among) == {}

    taken_in.embedder.down = False
    monkeypatch.delitem(measuring.SCALES, taken_in.embedder.identity.model)
    assert await nearness.of(taken_in.course.id, QUESTION, hits.generation_id, among) == {}


async def test_passages_found_by_words_alone_are_quoted_by_words(taken_in: Desk) -> None:
    _, among = await found(taken_in)

    assert await Nearness(taken_in.pool, taken_in.serving).of(taken_in.course.id, QUESTION, None, among) == {}


async def test_the_sentence_that_says_what_a_claim_says_is_told(taken_in: Desk) -> None:
    hits, _ = await found(taken_in)
    rnn = next(hit for hit in hits.hits if hit.lecture == "rnn")
    claims = [("a porta de esquecimento guarda a memória", rnn), ("o gradiente some", rnn)]

    spoken = await Nearness(taken_in.pool, taken_in.serving).spoken(claims, hits.generation_id, "pt")

    assert [spoken[claim].split()[0] for claim in claims] == ["A", "Em"]


async def test_claims_beyond_the_bound_are_left_to_the_words(taken_in: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "MOST_OF_CLAIMS", 3)
    hits, _ = await found(taken_in)
    rnn = next(hit for hit in hits.hits if hit.lecture == "rnn")

    claims = [("o gradiente some", rnn), ("a porta guarda", rnn)]
    spoken = await Nearness(taken_in.pool, taken_in.serving).spoken(claims, hits.generation_id, "pt")

    assert list(spoken) == claims[:1]


async def test_claims_about_passages_that_cannot_be_quoted_are_left_to_the_words(taken_in: Desk) -> None:
    hits, _ = await found(taken_in)
    unquotable = replace(hits.hits[0], text="Veja [2] e [1].", cue_offsets=(0,), cue_starts_s=(0.0,))
    assert candidates(QUESTION, [unquotable], "pt") == []

    nearness = Nearness(taken_in.pool, taken_in.serving)

    assert await nearness.spoken([("o gradiente some", unquotable)], hits.generation_id, "pt") == {}
