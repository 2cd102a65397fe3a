"""Part the labelled questions, for good: on one half things are chosen, on the other they must hold."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Literal

from psycopg import AsyncConnection

from db import people
from db.records import CourseId
from services.judging.examples import identity

Half = Literal["development", "test"]
HALVES: tuple[Half, Half] = ("development", "test")

KEY = "halves"
"""The secret that decides; another than those of people's keys, and saved with the database like them."""

DEVELOPMENT_SHARE = 1 / 3
"""Examples and a threshold need few labels to be chosen from, while a difference shows only on many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """Tells the half of any question of a course, labelled or not yet."""

    course: CourseId
    key: bytes

    def of(self, question: str) -> Half:
        """
        Return the half of a question by its words, so that who asks the same again falls into the same.

        By a keyed hash: nobody can choose the half by choosing words, and no later label, question or person moves it.
        """
        message = f"{self.course}:{identity(question)}".encode()
        place = int.from_bytes(hmac.new(self.key, message, hashlib.sha256).digest()[:8], "big")
        return "development" if place < DEVELOPMENT_SHARE * 2**64 else "test"


async def halves(conn: AsyncConnection, course: CourseId) -> Halves:
    """Return what parts the questions of *course*; the key is made when it is first asked for."""
    key = await people.secret(conn, name=KEY, proposal=secrets.token_bytes(32))
    return Halves(course=course, key=key)
