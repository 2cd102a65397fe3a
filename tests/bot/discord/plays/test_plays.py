"""
Random plays: people and staff do what they like while bots restart and die and Discord and the database fail.

Once all is quiet, what everybody sees must be true (`rules.py`). A seed makes an evening of several plays:

    MONITORIA_PLAYS=17 pytest -s tests/bot/discord/plays             plays the evening of seed 17
    MONITORIA_PLAYS='- - / ask:1 hold:2&' pytest -s …                plays a script as it was printed
    MONITORIA_PLAYS=500-599 pytest -s …                              plays these evenings, and counts what happened
    MONITORIA_CHAOS=full pytest -s tests/bot/discord/plays           5,000 plays, or two hours
"""

import asyncio
import os
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from bot.discord.delivering import outlets
from tests.bot.discord.plays.player import KINDS, PLAYS, Outcome, Script, played, script
from tests.bot.discord.plays.shrinking import Playing, shrunk

FULL = os.environ.get("MONITORIA_CHAOS") == "full"
WANTED = os.environ.get("MONITORIA_PLAYS", "")
MANY = re.compile(r"(\d+)-(\d+)")
KNOWN_SEEDS = (1, 2, 3, 4)
MOST_PLAYS = 5_000
LIMIT_S = 2 * 3600.0
EVENING_LIMIT_S = 120.0


@pytest.fixture
def playing(postgres_url: str, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Playing:
    """Play a script over a database of its own, with short pauses before what failed is tried again."""
    monkeypatch.setattr(outlets, "PAUSES_S", (0.01, 0.03, 0.05))
    count = 0

    async def play(wanted: Script) -> Outcome:
        nonlocal count
        count += 1
        with _copied(postgres_url, template, f"evening_{os.getpid()}_{count}") as url:
            async with asyncio.timeout(EVENING_LIMIT_S):
                return await played(wanted, url=url, home=tmp_path / str(count))

    return play


@contextmanager
def _copied(server: str, template: str, name: str) -> Generator[str, None, None]:
    made = sql.Identifier(name)
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(sql.SQL("create database {} template {}").format(made, sql.Identifier(template)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(sql.SQL("drop database {} with (force)").format(made))


def scripts() -> list[tuple[str, Script]]:
    """What to play, by the word that plays it again."""
    if "/" in WANTED:
        return [(WANTED, Script.read(WANTED))]
    if MANY.fullmatch(WANTED):
        return []
    seeds = [int(one) for one in WANTED.split()] or [*KNOWN_SEEDS, random.randrange(10**6)]  # noqa: S311
    return [(str(seed), script(seed)) for seed in seeds]


@pytest.mark.long
@pytest.mark.parametrize(("word", "wanted"), [pytest.param(*one, id=one[0][:20]) for one in scripts()])
async def test_whatever_is_done_what_people_see_is_true(word: str, wanted: Script, playing: Playing) -> None:
    outcome = await playing(wanted)
    if not outcome.is_fine:
        least = await shrunk(outcome, playing)
        pytest.fail(f"MONITORIA_PLAYS={word!r}\n{outcome.report()}\nat its shortest:\n{least.script}\n{least.report()}")


def test_a_play_that_is_played_alone_has_the_course_that_it_had() -> None:
    alone = script(17).only(11)

    assert alone.plays[-1] == script(17).plays[11]
    assert (len(alone.plays) - 1) % KINDS == 11 % KINDS
    assert Script.read(str(alone)) == alone


def seeds() -> Iterable[int]:
    """Whose evenings the long run plays, one after the other."""
    if many := MANY.fullmatch(WANTED):
        return range(int(many[1]), int(many[2]) + 1)
    first = random.randrange(10**6)  # noqa: S311
    return range(first, first + -(-MOST_PLAYS // PLAYS))


if FULL or MANY.fullmatch(WANTED):

    async def test_many_plays(playing: Playing) -> None:
        began, plays, failed, happened, last = time.monotonic(), 0, Counter[str](), Counter[str](), 0
        spent = defaultdict[str, float](float)
        for seed in seeds():
            if time.monotonic() - began > LIMIT_S:
                break
            outcome = await playing(script(seed, is_long=FULL))
            plays, last = plays + len(outcome.script.plays), seed
            happened.update(outcome.happened)
            for name, seconds in outcome.spent_s.items():
                spent[name] += seconds
            if not outcome.is_fine:
                failed.update(outcome.rules)
                told(f"seed {seed}, after {plays} plays: MONITORIA_PLAYS='{outcome.script}'\n{outcome.report()}")
            elif seed % 20 == 0:
                told(f"seed {seed}: {plays} plays, {plays / (time.monotonic() - began):.1f} a second")
        spent_s = time.monotonic() - began
        told(f"up to seed {last}: {plays} plays in {spent_s:.0f} s, {plays / spent_s:.1f} a second")
        told(", ".join(f"{name} {seconds:.0f} s" for name, seconds in spent.items()))
        told(", ".join(f"{name} {count}" for name, count in happened.most_common()))
        assert not failed, dict(failed)


def told(text: str) -> None:
    print(f"\n{text}", flush=True)  # noqa: T201 - for `make chaos`
