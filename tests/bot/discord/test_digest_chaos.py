"""Three `monitoria run` that end at random around each digest they post: each course is told, and told once."""

import asyncio
import os
import random
from collections import Counter

import psycopg
import pytest

from tests.bot.discord.conftest import Campus, Start
from tests.bot.discord.launched import BY_CHANCE, Launched
from tests.fake_discord import Channel

FULL = os.environ.get("MONITORIA_CHAOS") == "full"
COURSES = 40 if FULL else 6
LIMIT_S = 1_500 if FULL else 500
CHANCE = 0.25  # before a message, and again after it
PROCESSES = 3
SEED = 20261124


def owe(url: str, rooms: list[Channel]) -> None:
    """Make courses that are owed the last week; in one of three nobody asked anything, and two share a channel."""
    with psycopg.connect(url) as conn:
        for number, room in enumerate(rooms):
            conn.execute(
                """
                with made as (
                    insert into courses (slug, title, language) values ('c' || %(number)s, 'Caos', 'pt-BR')
                    returning id
                ), planned as (
                    insert into course_settings
                        (course_id, digest_channel_id, digest_since, digest_weekday, digest_hour)
                    select id, %(room)s, now() - interval '8 days', 1, 0 from made
                )
                insert into questions (course_id, text, language, source, asker_key, asked_at)
                select id, 'Por que o gradiente some?', 'pt', 'discord', 'x' || n,
                    date_trunc('week', now() at time zone 'America/Sao_Paulo') at time zone 'America/Sao_Paulo'
                        - interval '3 days'
                from made, generate_series(1, %(questions)s) n
                """,
                {"number": number, "room": room.id, "questions": 0 if number % 3 == 2 else 4},
            )


def states(url: str) -> Counter[str]:
    with psycopg.connect(url) as conn:
        return Counter(state for (state,) in conn.execute("select state from digests").fetchall())


async def replaced(run: Launched, start: Start, chance: random.Random) -> tuple[Launched, int]:
    """Start a process anew that has ended; kill one that has not, now and then."""
    if run.process.returncode is None and chance.random() < 0.005:
        await run.kill()
    if run.process.returncode is None:
        return run, 0
    assert run.process.returncode in {BY_CHANCE, -9}, run.said
    return await start(FAKE_DISCORD_EXITS=str(CHANCE)), 1


@pytest.mark.long
async def test_each_course_is_told_once_whoever_exits_around_the_post(campus: Campus, start: Start) -> None:
    url = campus.setup.database_url
    assert url
    campus.server.forgets_nonces = True  # so that only we can tell a second send from the first
    rooms = [campus.server.add_channel(campus.guild, f"resumo-{number // 2}") for number in range(0, COURSES, 2)]
    rooms = [room for room in rooms for _ in range(2)][:COURSES]
    async with campus.running():
        pass  # the tables are there
    owe(url, rooms)
    chance, exits = random.Random(SEED), 0  # noqa: S311 - no secret
    runs = [await start(FAKE_DISCORD_EXITS="1") for _ in range(PROCESSES)]  # each ends at its first message

    async with asyncio.timeout(LIMIT_S):
        while (await asyncio.to_thread(states, url))["posted"] < COURSES:
            await asyncio.sleep(0.2)
            for place, run in enumerate(runs):
                runs[place], ended = await replaced(run, start, chance)
                exits += ended

    with psycopg.connect(url) as conn:
        rows = conn.execute("select channel_id, message_id from digests where state = 'posted'").fetchall()
        (taken_over,) = conn.execute("select count(*) from digests where attempts > 1").fetchone() or (0,)
    messages = [(room.id, message.id) for room in set(rooms) for message in room.messages]
    assert sorted(messages) == sorted(rows)  # each digest is one message, and no message is of none
    assert len(messages) == COURSES
    assert exits >= PROCESSES
    assert taken_over >= 1  # or nothing was put to the test
    print(f"{exits} exits, {taken_over} of {COURSES} digests taken over")  # noqa: T201 - for `make chaos`
