"""Processes that are killed at any moment while they post: each course is told of each week once."""

import asyncio
import os
import random
import sys
from pathlib import Path

import psycopg

REPOSITORY = Path(__file__).parents[3]
FULL = os.environ.get("MONITORIA_CHAOS") == "full"
COURSES = 300 if FULL else 40
PROCESSES = 3
NOW = "2026-11-23T12:00:00+00:00"
SEED = 20261124


async def started(url: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.services.digest.posting_process", url, NOW),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 30)
    return process


def fill(url: str) -> None:
    """Make courses that are owed W47, and a table that is their channels."""
    with psycopg.connect(url) as conn:
        conn.execute(
            "create table messages (id bigint generated always as identity, course_id bigint, week text, nonce text)"
        )
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


def ended(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("select count(*) from digests where state = 'posted'").fetchone()
    assert row is not None
    return int(row[0])


async def test_each_week_is_posted_once_whoever_is_killed(database: str) -> None:
    fill(database)
    chance, killed = random.Random(SEED), 0  # noqa: S311 - no secret
    processes = await asyncio.gather(*(started(database) for _ in range(PROCESSES)))

    try:
        async with asyncio.timeout(500 if FULL else 90):
            while await asyncio.to_thread(ended, database) < COURSES:
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
        messages = conn.execute("select course_id, week, count(*) from messages group by 1, 2").fetchall()
        taken_over = conn.execute("select count(*) from digests where attempts > 1").fetchone()
    assert sorted(messages) == [(course, "2026-W47", 1) for course in range(1, COURSES + 1)]
    assert killed > 3
    assert taken_over is not None
    assert taken_over[0] >= 3  # or nothing was put to the test
    print(f"{killed} killed, {taken_over[0]} of {COURSES} digests taken over")  # noqa: T201 - for `make chaos`
