"""Operators see which maps are given up, since when and why, and have them tried again."""

from dataclasses import replace

from services.mapping.queue import MapQueue
from tests.fake_model import sends_json
from tests.services.mapping.conftest import QUICK, Atlas


async def test_a_map_that_failed_too_often_is_dead_as_of_then_and_comes_back(atlas: Atlas) -> None:
    await atlas.taken_in()
    await atlas.cut()
    queue = MapQueue(atlas.desk.pool, is_written=True)
    fails = sends_json({"error": {"message": "no"}}, status=500)
    async with atlas.mapper(fails, pace=replace(QUICK, most_attempts=1)) as (mapper, _):
        await mapper.drain()
    [dead] = (await queue.state(atlas.desk.course)).jobs
    revived = await queue.requeue(atlas.desk.course, dead.name)

    assert (dead.name, dead.kind, dead.state) == (f"{atlas.desk.course.slug}/aula-01", "write", "dead")
    # Not when its lease would have ended.
    assert dead.since_s >= 0
    assert "HTTP 500" in (dead.reason or "")
    assert (revived, (await queue.state(None)).counts) == (1, {"waiting": 1})


async def test_one_that_kills_its_workers_is_dead_as_of_its_burial(atlas: Atlas) -> None:
    await atlas.taken_in()
    async with atlas.desk.pool.connection() as conn:
        await conn.execute("update map_jobs set attempts = 5, run_at = now() - interval '1 day'")
    await atlas.cut()
    [dead] = (await MapQueue(atlas.desk.pool, is_written=False).state(None)).jobs

    assert (dead.state, dead.reason) == ("dead", "its workers ended before it did")
    assert dead.since_s < 3_600


async def test_other_courses_keep_their_dead(atlas: Atlas) -> None:
    await atlas.taken_in()
    async with atlas.desk.pool.connection() as conn:
        await conn.execute("update map_jobs set state = 'dead'")
        await conn.execute("insert into courses (slug, title, language) values ('outra', 'Outra', 'en')")
    queue = MapQueue(atlas.desk.pool, is_written=False)
    other = replace(atlas.desk.course, id=type(atlas.desk.course.id)(atlas.desk.course.id + 1))

    assert (await queue.state(other)).jobs == []
    assert await queue.requeue(other, None) == 0
    assert await queue.requeue(None, None) == 1
