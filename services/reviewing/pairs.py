"""Let staff choose between two answers to one question, without a word on who or what wrote which."""

import hashlib
import hmac
import secrets
from typing import Literal

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import pairs, people
from db.records import CourseId, Language
from db.records.pairs import Chosen, PairAnswer, PairId, ShownPair, Side
from services import i18n
from services.errors import Refused

OnPair = Literal["a", "b", "same", "skip"]
"""What is pressed under a pair: A or B is better, both are as good, or nothing is said of it."""

KEY = "pairs"
"""The secret that draws the order; another than those of people's keys, and saved with the database like them."""


class Pairs:
    """What staff are shown of kept pairs, and what they choose."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def next(self, course: CourseId, key: str) -> ShownPair | None:
        """Return the next pair that the person with this *key* has not chosen on; None: there is none (any more)."""
        async with self._pool.connection() as conn:
            while pair := await pairs.next_for(conn, course=course, key=key):
                if (question := await pairs.question(conn, course=course, pair=pair)) is not None:
                    return await _shown(conn, course, pair, key, question)
                # It was deleted in this very moment; the next look does not find it.
        return None

    async def choose(self, course: CourseId, pair: PairId, key: str, press: OnPair, reader: Language) -> None:
        """
        Store what a person pressed under a pair, in place of what they chose of it before.

        Raises:
            Refused: the pair is gone.

        """
        async with self._pool.connection() as conn:
            if await pairs.question(conn, course=course, pair=pair) is None:
                raise Refused(i18n.text("pairs.gone", reader))
            shown_first = await _order(conn, course, pair, key)
            await pairs.choose(conn, course=course, pair=pair, key=key, better=_meant(press, shown_first))


async def _shown(conn: AsyncConnection, course: CourseId, pair: PairId, key: str, question: str) -> ShownPair:
    shown_first = await _order(conn, course, pair, key)
    return ShownPair(
        id=pair,
        course_id=course,
        question=question,
        a=await _answer(conn, course, pair, shown_first),
        b=await _answer(conn, course, pair, _other(shown_first)),
        left=await pairs.left_for(conn, course=course, key=key),
    )


async def _answer(conn: AsyncConnection, course: CourseId, pair: PairId, side: Side) -> PairAnswer:
    stored, text = await pairs.text(conn, course=course, pair=pair, side=side)
    cited = await pairs.references(conn, course=course, answer=stored)
    return PairAnswer(text=text, references=tuple(cited))


async def _order(conn: AsyncConnection, course: CourseId, pair: PairId, key: str) -> Side:
    """
    Return which answer stands first for this person: drawn by a keyed hash, and kept from the first time on.

    So nobody can tell from it which configuration is which, and a button that was sent before means what it said.
    """
    secret = await people.secret(conn, name=KEY, proposal=secrets.token_bytes(32))
    drawn = hmac.new(secret, f"{course}:{pair}:{key}".encode(), hashlib.sha256).digest()[0] % 2
    return await pairs.shown(conn, course=course, pair=pair, key=key, shown_first="first" if drawn else "second")


def _meant(press: OnPair, shown_first: Side) -> Chosen:
    match press:
        case "a":
            return shown_first
        case "b":
            return _other(shown_first)
        case "same":
            return "tie"
        case "skip":
            return "skipped"


def _other(side: Side) -> Side:
    return "second" if side == "first" else "first"
