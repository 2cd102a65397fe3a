"""Processes that are killed at any moment while weeks go by: each course is told of each week, and of none twice."""

import asyncio
import os
import random
import sys
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from services.digest.posting.weeks import parse_week, week_of

REPOSITORY = Path(__file__).parents[3]
FULL = os.environ.get("MONITORIA_CHAOS") == "full"
COURSES, WEEKS = (80, 4) if FULL else (12, 3)
PROCESSES = 3
FIRST, START = "2026-W47", "2026-11-23T12:00:00+00:00"
LAST = week_of(parse_week(FIRST) + timedelta(weeks=WEEKS - 1))
LATE_SHARE = 0.4
"""Another week goes by once so many courses have been told of the last; the others get both at once."""
SEED = 20261124


async def started(url: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.services.digest.posting_process", url),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 60)
    return process


def fill(url: str) -> None:
    """Make courses that are owed the weeks from FIRST on, a table that is their channels, and one that is the clock."""
    with psycopg.connect(url) as conn:
        conn.execute(
            "create table messages (id bigint generated always as identity, course_id bigint, week text, nonce text)"
        )
        conn.execute("create table clock as select %s::timestamptz as at", [START])
        conn.execute(
            """
            with made as (
                insert into courses (slug, title, language) select 'c' || n, 'Caos', 'pt-BR'
                from generate_series(1, %s) n returning id
            )
            insert into course_settings (course_id, digest_channel_id, digest_since)
            select id, id, '2026-11-18' from made
            """,
            [COURSES],
        )


def told(url: str, week: str) -> int:
    """Return how many courses have been told of *week*, alone or with others."""
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "select count(distinct course_id) from digests where state = 'posted' and week >= %s", [week]
        ).fetchone()
    assert row is not None
    return int(row[0])


def go_on(url: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("update clock set at = at + interval '7 days'")


def pass_time(url: str, week: str) -> str:
    """Let another week go by if enough courses have been told of *week*; return the one that is going by."""
    if week == LAST or told(url, week) < LATE_SHARE * COURSES:
        return week
    go_on(url)
    return week_of(parse_week(week) + timedelta(weeks=1))


@pytest.mark.long
async def test_each_week_is_told_once_whoever_is_killed(database: str) -> None:
    fill(database)
    chance, killed = random.Random(SEED), 0  # noqa: S311 - no secret
    processes = await asyncio.gather(*(started(database) for _ in range(PROCESSES)))
    week = FIRST

    try:
        async with asyncio.timeout(500 if FULL else 300):
            while await asyncio.to_thread(told, database, LAST) < COURSES:
                week = await asyncio.to_thread(pass_time, database, week)
                await asyncio.sleep(chance.uniform(0.05, 0.4))
                victim = processes.pop(chance.randrange(PROCESSES))
                victim.kill()
                await victim.wait()
                killed += 1
                processes.append(await started(database))
    finally:
        for process in processes:
            process.kill()
            await process.wait()

    with psycopg.connect(database) as conn:
        messages = conn.execute("select course_id, week from messages").fetchall()
        digests = conn.execute("select course_id, week, weeks, attempts from digests").fetchall()
    assert sorted(messages) == sorted((course, week) for course, week, _, _ in digests)
    heard = defaultdict[int, list[str]](list)
    for course, week, weeks, _ in digests:
        heard[course] += [week_of(parse_week(week) - timedelta(weeks=ago)) for ago in range(weeks)]
    every = [week_of(parse_week(FIRST) + timedelta(weeks=week)) for week in range(WEEKS)]
    assert {course: sorted(weeks) for course, weeks in heard.items()} == dict.fromkeys(range(1, COURSES + 1), every)
    taken_over = sum(attempts > 1 for *_, attempts in digests)
    assert killed > 3
    assert taken_over >= 3  # or nothing was put to the test
    folded = sum(weeks > 1 for _, _, weeks, _ in digests)
    print(f"{killed} killed, {taken_over} of {len(digests)} digests taken over, {folded} of several weeks")  # noqa: T201
