"""The moves by name, and what is done where one finds nothing to act upon."""

import random
from collections.abc import Awaitable, Callable, Iterator

from tests.bot.discord.plays.play import Play

Move = Callable[[Play, random.Random], Awaitable[None]]
MOVES: dict[str, tuple[int, Move]] = {}
"""By name: how often, and what."""
INSTEAD = ("call", "mention")
"""What is done where a move finds nothing to act upon."""
FIRST = {
    "keep": "explain",
    "rewrite": "keep",
    "explain": "post",
    "post_again": "post",
    "share": "ask_privately",
    "once_more": "ask",
}
"""What must have been done before a move finds something; it is done in its place."""


def instead(name: str) -> Iterator[str]:
    """What is tried, one after the other, where move *name* is wanted."""
    tried: str | None = name
    while tried:
        yield tried
        tried = FIRST.get(tried)
    yield from INSTEAD


def move(weight: int) -> Callable[[Move], Move]:
    def added(act: Move) -> Move:
        MOVES[act.__name__] = (weight, act)
        return act

    return added
