"""Segments without a vector get one by themselves, and a model that was away is asked again once it is back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from db import fillings
from db.records import Generation
from services.lectures.filling import Filling
from services.lectures.ingest import Ingest, Progress, Report
from services.models.embedder import Configured, Embedder, EmbedderConfig, EmbedderUnavailable
from services.search.generations import Serving, reindex
from tests.fake_model import embeds, fake_model, sends_json
from tests.services.conftest import Desk
from tests.word_embedder import WordEmbedder


@asynccontextmanager
async def filling(desk: Desk) -> AsyncGenerator[Filling, None]:
    async with Configured(EmbedderConfig(model="none")) as configured:
        yield Filling(desk.pool, configured, desk.serving)


async def taken_in_without_vectors(desk: Desk) -> None:
    desk.embedder.down = True
    for number in range(3):
        desk.write(f"aula-{number}", f"O gradiente da aula {number}.")
    assert (await desk.take_in()).without_vector == 3


async def test_segments_without_a_vector_get_one_once_the_model_is_back(desk: Desk) -> None:
    await taken_in_without_vectors(desk)
    async with filling(desk) as background:
        with pytest.raises(EmbedderUnavailable):
            await background.step()
        desk.embedder.down, before = False, desk.embedder.passages

        assert await background.step() == 0

    assert background.missing == 0
    assert desk.embedder.passages - before == 3
    found = await desk.retriever.search(course=desk.course, questions=["gradiente"])
    assert all(hit.score is not None for hit in found.hits)


async def test_what_comes_later_is_seen_and_nothing_is_embedded_twice(desk: Desk) -> None:
    desk.write("aula-0", "O gradiente some.")
    await desk.take_in()
    async with filling(desk) as background:
        assert [await background.step(), await background.step()] == [0, 0]
        assert desk.embedder.passages == 1
        await taken_in_without_vectors(desk)
        desk.embedder.down = False

        assert await background.step() == 0
        assert background.missing == 0


async def test_one_of_two_replicas_fills_in(desk: Desk) -> None:
    await taken_in_without_vectors(desk)
    desk.embedder.down = False
    before = desk.embedder.passages
    async with filling(desk) as background, fillings.alone(desk.pool) as is_alone:
        assert is_alone
        assert await background.step() == 3
        assert desk.embedder.passages == before
    async with filling(desk) as background:
        assert await background.step() == 0


async def test_where_no_model_was_to_be_had_yet_the_first_one_begins(desk: Desk) -> None:
    desk.write("aula-0", "O gradiente some.")
    async with Serving(desk.pool, None, reopen=nothing) as serving:
        without = Ingest(desk.pool, serving, None)
        async for _ in without.run(desk.course, desk.plan()):
            pass
    async with filling(desk) as background:
        assert await background.step() == 0
    assert (await desk.retriever.search(course=desk.course, questions=["gradiente"])).mode == "hybrid"


async def test_an_ingest_during_which_another_model_took_over_leaves_that_one_whole(desk: Desk) -> None:
    desk.write("aula-0", "O gradiente some.")
    await desk.take_in()
    new = desk.reopened["better words"] = WordEmbedder("better words", dimension=32)
    for number in range(1, 4):
        desk.write(f"aula-{number}", f"O gradiente da aula {number}.")

    report = await ingest_across_a_reindex(desk, new)

    assert report.without_vector == 0
    assert report.filled == 3
    async with filling(desk) as background:
        assert await background.step() == 0


async def test_where_that_model_is_not_to_be_had_the_report_says_what_is_missing(desk: Desk) -> None:
    desk.write("aula-0", "O gradiente some.")
    await desk.take_in()
    desk.write("aula-1", "O gradiente da aula 1.")

    report = await ingest_across_a_reindex(desk, WordEmbedder("nobody has it"))

    assert report.without_vector == 1


async def ingest_across_a_reindex(desk: Desk, new: WordEmbedder) -> Report:
    """Let *new* take over when the ingest has read its first new file and stored nothing of it yet."""
    has_changed = False
    async for event in desk.ingest.run(desk.course, desk.plan()):
        if isinstance(event, Progress) and not has_changed:
            has_changed = True
            async for _ in reindex(desk.pool, new):
                pass
        if isinstance(event, Report):
            return event
    raise AssertionError("no report")


async def test_the_configured_model_is_tried_again_until_it_is_there(caplog: pytest.LogCaptureFixture) -> None:
    down = sends_json({"error": {"message": "loading"}}, status=503)
    async with fake_model(down, down, down, embeds) as server:
        config = EmbedderConfig(model="m", backend="openai", base_url=server.base_url)
        async with Configured(config, first_pause_s=0.01) as configured:
            assert await configured.open() is None
            assert configured.trouble is not None
            assert "503" in configured.trouble
            assert await configured.open() is None, "it waits for what is tried already"
            async with asyncio.timeout(60):
                while configured.embedder is None:  # noqa: ASYNC110 - it is opened in the background
                    await asyncio.sleep(0.01)

            assert configured.trouble is None
            assert len(server.requests) == 4
    said = [record.message for record in caplog.records if record.name == "services.models.embedder.opening"]
    assert said == ["embedder.unavailable", "embedder.back"]


async def test_the_model_of_the_generation_is_tried_again_until_it_is_there(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.write("aula-0", "O gradiente some.")
    await desk.take_in()
    tries = 0

    @asynccontextmanager
    async def reopen(_: Generation) -> AsyncGenerator[Embedder | None, None]:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise EmbedderUnavailable("away")
        yield desk.embedder

    async with Serving(desk.pool, None, reopen=reopen, first_pause_s=0.01) as serving:
        assert await serving.current(patience_s=10) is None
        async with asyncio.timeout(60):
            while await serving.current() is None:  # noqa: ASYNC110 - it is opened in the background
                await asyncio.sleep(0.01)
    said = [record.message for record in caplog.records if record.name == "services.search.generations"]
    assert said == ["generation.unaskable", "generation.askable"]


@asynccontextmanager
async def nothing(_: Generation) -> AsyncGenerator[None, None]:
    yield None
