"""Trouble with one thing leaves the others alone; what passes by itself ends the round."""

import psycopg
import pytest

from bot.discord.rounds import each


async def test_an_unexpected_error_ends_one_thing_and_passing_trouble_the_round() -> None:
    done: list[str] = []

    async def do(thing: str) -> None:
        done.append(thing)
        if thing == "odd":
            raise KeyError(thing)
        if thing == "cut":
            raise psycopg.OperationalError(thing)

    with pytest.raises(psycopg.OperationalError):
        await each("thing.failed", ["odd", "even", "cut", "never"], do)

    assert done == ["odd", "even", "cut"]
