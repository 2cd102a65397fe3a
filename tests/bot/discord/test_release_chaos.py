"""Three `monitoria run` that end at random around each card they post: each lecture is told of, and told of once."""

import asyncio
import os
import random

import psycopg
import pytest

from tests.bot.discord.conftest import Campus, Start
from tests.bot.discord.test_digest_chaos import replaced
from tests.fake_discord import Channel

FULL = os.environ.get("MONITORIA_CHAOS") == "full"
COURSES = 40 if FULL else 6
LIMIT_S = 1_500 if FULL else 500
PROCESSES = 3
SEED = 20261130


def release(url: str, rooms: list[Channel]) -> None:
    """Make courses in which two lectures are released now, each course with a channel that it shares with another."""
    with psycopg.connect(url) as conn:
        for number, room in enumerate(rooms):
            conn.execute(
                """
                with made as (
                    insert into courses (slug, title, language) values ('c' || %(number)s, 'Caos', 'pt-BR')
                    returning id
                ), chosen as (
                    insert into course_settings (course_id, release_channel_id, releases_since)
                    select id, %(room)s, now() - interval '1 day' from made
                )
                insert into lectures (course_id, slug, title, language, released_at, source)
                select id, 'a' || n, 'Aula ' || n, 'pt', now(), '' from made, generate_series(1, 2) n
                """,
                {"number": number, "room": room.id},
            )
        conn.execute(
            """
            insert into transcripts
                (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s, cue_texts)
            select course_id, id, 1, 'f', 'webvtt', '{0}', '{1}', '{Oi}' from lectures
            """
        )
        conn.execute("update lectures l set transcript_id = t.id from transcripts t where t.lecture_id = l.id")


def posted(url: str) -> int:
    with psycopg.connect(url) as conn:
        (count,) = conn.execute("select count(*) from lecture_cards where state = 'posted'").fetchone() or (0,)
    return int(count)


@pytest.mark.long
async def test_each_lecture_is_told_of_once_whoever_exits_around_the_post(campus: Campus, start: Start) -> None:
    url = campus.setup.database_url
    assert url
    campus.server.forgets_nonces = True  # so that only we can tell a second send from the first
    rooms = [campus.server.add_channel(campus.guild, f"avisos-{number // 2}") for number in range(0, COURSES, 2)]
    rooms = [room for room in rooms for _ in range(2)][:COURSES]
    async with campus.running():
        pass  # the tables are there
    release(url, rooms)
    chance, exits = random.Random(SEED), 0  # noqa: S311 - no secret
    runs = [await start(FAKE_DISCORD_EXITS="1") for _ in range(PROCESSES)]  # each ends at its first message

    async with asyncio.timeout(LIMIT_S):
        while await asyncio.to_thread(posted, url) < COURSES:
            await asyncio.sleep(0.2)
            for place, run in enumerate(runs):
                runs[place], ended = await replaced(run, start, chance)
                exits += ended

    with psycopg.connect(url) as conn:
        rows = conn.execute("select channel_id, message_id from lecture_cards where state = 'posted'").fetchall()
        (told,) = conn.execute("select count(distinct lecture_id) from carded_lectures").fetchone() or (0,)
    messages = [(room.id, message.id) for room in set(rooms) for message in room.messages]
    assert sorted(messages) == sorted(rows)  # each card is one message, and no message is of none
    assert (len(messages), told) == (COURSES, 2 * COURSES)
    assert exits >= PROCESSES
    print(f"{exits} exits, {COURSES} cards")  # noqa: T201 - for `make chaos`
