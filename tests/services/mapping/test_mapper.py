"""Maps are made when lectures are taken in, written by a model where there is one, and once."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from db import maps
from services.mapping.mapper import Mapper, MapperPace, until_tomorrow
from tests.fake_model import Behaviour, hangs, replies, says, sends_json
from tests.services.mapping.conftest import LECTURE, QUICK, Atlas

ROOT = Path(__file__).resolve().parents[3]


def of_the_chapter(prompt: str) -> str:
    """Reply as a good model does: with a sentence that is said in the chapter."""
    said = prompt.split("<passages ")[1].partition(">\n")[2].partition("\n</passages")[0]
    first = said.split(". ")[0].removeprefix("Olha, ").strip(" .")
    words = first.split()
    return f"TITLE: {words[1].title()} e {words[4]}\nSENTENCE: {first[0].upper()}{first[1:]}."


def fails(status: int, headers: str = "") -> Behaviour:
    return sends_json({"error": {"message": "no"}}, status=status, headers=headers)


async def eventually(happens: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if happens():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never happened")


async def test_an_ingest_promises_a_map_that_needs_no_model(atlas: Atlas) -> None:
    await atlas.taken_in()

    assert await atlas.cut() == 1

    found = await atlas.map_()
    assert found.version == 1
    assert found.model is None
    assert len(found.chapters) >= 3
    assert all(chapter.is_quoted for chapter in found.chapters)


async def test_nothing_is_done_when_nothing_changed(atlas: Atlas) -> None:
    await atlas.taken_in()
    await atlas.cut()

    await atlas.desk.take_in()

    assert await atlas.cut() == 0
    await atlas.promise()
    assert await atlas.cut() == 1
    assert (await atlas.map_()).version == 1


async def test_new_captions_make_a_new_map(atlas: Atlas) -> None:
    await atlas.taken_in()
    await atlas.cut()
    before = await atlas.map_()

    await atlas.taken_in("aula-01", *[cue.replace("peso", "bias") for cue in LECTURE])

    assert await atlas.of(before.lecture_id) is None  # the old one says what is not said any more
    await atlas.cut()
    after = await atlas.map_()
    assert after.version == 2
    assert after.transcript_id != before.transcript_id


async def test_a_model_writes_what_the_lecturer_supports(atlas: Atlas) -> None:
    await atlas.taken_in()
    async with atlas.mapper(replies(of_the_chapter)) as (mapper, server):
        await mapper.drain()

        found = await atlas.map_()
        assert found.state == "done"
        assert found.model == "cartógrafo"
        assert all(not chapter.is_quoted and chapter.origin == "written" for chapter in found.chapters)
        assert all(chapter.start_ms <= chapter.quote_start_ms < chapter.end_ms for chapter in found.chapters)
        asked = len(server.requests)
        assert asked == len(found.chapters)
        # Each call sees what is said in its chapter and nothing else.
        assert "dropout" not in server.prompts[0]
        assert await mapper.drain() == 0
        assert len(server.requests) == asked


@pytest.mark.parametrize(
    "said",
    [
        "TITLE: Redes convolucionais\nSENTENCE: O filtro desliza pela imagem inteira com o mesmo passo.",
        "TITLE: Redes convolucionais\nSENTENCE: O peso não depende do viés e também não do peso.",
        "TITLE: Redes convolucionais\nSENTENCE: O peso depende do viés em 97 de 100 casos.",
        "NOTHING",
        "Este capítulo trata de muitas coisas.",
        "TITLE: \nSENTENCE: ",
        f"TITLE: {'palavra ' * 60}\nSENTENCE: {'palavra ' * 60}",
        "TITLE: [clique](https://mal.example)\nSENTENCE: Veja https://mal.example/agora mesmo aqui.",
    ],
)
async def test_what_nothing_supports_falls_back_to_the_quote(atlas: Atlas, said: str) -> None:
    await atlas.taken_in()
    await atlas.cut()
    before = await atlas.map_()

    async with atlas.mapper(says(said)) as (mapper, _):
        await mapper.drain()

    after = await atlas.map_()
    assert after.chapters == before.chapters
    assert (after.state, after.version, after.model) == ("done", 1, None)


async def test_a_mapper_without_a_model_leaves_writing_to_others(atlas: Atlas) -> None:
    await atlas.taken_in()
    await atlas.cut()

    assert await atlas.state() == "waiting"
    assert await atlas.cut() == 0


async def test_captions_settle_before_a_model_is_asked_about_them(atlas: Atlas) -> None:
    await atlas.taken_in()
    async with atlas.mapper(replies(of_the_chapter), pace=MapperPace()) as (mapper, server):
        await mapper.drain()

    assert (server.requests, await atlas.state()) == ([], "waiting")


@pytest.mark.parametrize("behaviour", [says(""), says("x", finish="content_filter"), says("x", finish="length")])
async def test_a_chapter_that_the_model_refuses_stays_as_it_is(atlas: Atlas, behaviour: Behaviour) -> None:
    await atlas.taken_in()
    async with atlas.mapper(behaviour, replies(of_the_chapter)) as (mapper, _):
        await mapper.drain()

    found = await atlas.map_()
    assert found.chapters[0].is_quoted
    assert all(not chapter.is_quoted for chapter in found.chapters[1:])
    assert found.state == "done"


async def test_trouble_of_the_endpoint_costs_no_attempt_and_stops_the_writing(atlas: Atlas) -> None:
    await atlas.taken_in()
    async with atlas.mapper(fails(401), replies(of_the_chapter)) as (mapper, server):
        assert await mapper.drain() == 2  # cut, and tried to write
        assert await mapper.drain() == 0  # the breaker is open
        assert len(server.requests) == 1

        await asyncio.sleep(0.06)
        await mapper.drain()

    assert (await atlas.map_()).model == "cartógrafo"


async def test_a_job_that_fails_again_and_again_is_given_up(atlas: Atlas) -> None:
    await atlas.taken_in()
    impatient = replace(QUICK, most_attempts=2, first_pause=timedelta(0), longest_pause=timedelta(0))
    async with atlas.mapper(fails(500), pace=impatient) as (mapper, _):
        for _ in range(6):
            await mapper.drain()
            await asyncio.sleep(0.02)

    found = await atlas.map_()
    assert found.state == "dead"
    assert all(chapter.is_quoted for chapter in found.chapters)  # and the map is there all the same


async def test_writing_keeps_to_half_of_the_budget(atlas: Atlas) -> None:
    await atlas.taken_in()
    await atlas.budget(3_000)  # a call costs less, and more than the half of it

    async with atlas.mapper(replies(of_the_chapter)) as (mapper, server):
        await mapper.drain()
        assert (server.requests, await atlas.state()) == ([], "waiting")
        assert timedelta(0) < until_tomorrow() <= timedelta(days=1)

        await atlas.budget(100_000)
        await atlas.promise()
        await mapper.drain()

    assert await atlas.state() == "done"


async def test_a_killed_mapper_is_gone_on_with_where_it_was(atlas: Atlas, database: str) -> None:
    await atlas.taken_in()
    await atlas.cut()
    lines = len((await atlas.map_()).chapters)
    async with atlas.mapper(replies(of_the_chapter), hangs()) as (_, server):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.services.mapping.mapper_process",
            database,
            server.base_url,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        await eventually(lambda: len(server.requests) == 2)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        assert [chapter.is_quoted for chapter in (await atlas.map_()).chapters] == [False] + [True] * (lines - 1)

    await asyncio.sleep(1.1)  # the lease of the one that is dead
    async with atlas.mapper(replies(of_the_chapter)) as (mapper, server):
        await mapper.drain()
        assert len(server.requests) == lines - 1

    assert all(not chapter.is_quoted for chapter in (await atlas.map_()).chapters)


async def test_captions_that_change_while_a_model_writes_win(atlas: Atlas) -> None:
    await atlas.taken_in()
    await atlas.cut()

    pace = replace(QUICK, call_limit_s=5.0)

    async with atlas.mapper(hangs(), replies(of_the_chapter), pace=pace) as (mapper, server):
        writing = asyncio.create_task(mapper.step())
        await server.asked.wait()
        await atlas.taken_in("aula-01", *[cue.replace("peso", "bias") for cue in LECTURE])
        await writing

        await mapper.drain()

    assert "bias" in " ".join(chapter.sentence for chapter in (await atlas.map_()).chapters)


async def test_two_mappers_make_each_map_once(atlas: Atlas) -> None:
    for number in range(6):
        atlas.desk.write(f"aula-{number:02}", *LECTURE[:30])
    await atlas.desk.take_in()

    taken = await asyncio.gather(*(Mapper(atlas.desk.pool, None, pace=QUICK).drain() for _ in range(2)))

    assert sum(taken) == 6
    assert {(await atlas.map_(f"aula-{number:02}")).version for number in range(6)} == {1}


async def test_a_cancelled_mapper_gives_its_job_back(atlas: Atlas) -> None:
    await atlas.taken_in()
    await atlas.cut()
    async with atlas.mapper(hangs(), replies(of_the_chapter)) as (mapper, server):
        working = asyncio.create_task(mapper.run())
        await server.asked.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

        await mapper.drain()

    assert await atlas.state() == "done"


async def test_a_lecture_that_goes_takes_its_map_along(atlas: Atlas) -> None:
    atlas.desk.write("aula-02", "♪")
    await atlas.taken_in()
    (atlas.desk.folder / "aula-01.srt").unlink()
    await atlas.desk.take_in(prune=True)

    await atlas.cut()

    async with atlas.desk.pool.connection() as conn:
        found = await maps.maps_of(conn, course=atlas.desk.course.id, reader="staff")
    assert "aula-01" not in {one.lecture for one in found}
