"""Turn people into pseudonyms: who asked is never stored, only a key that tells two people apart."""

import asyncio
import hashlib
import hmac
import secrets

from psycopg_pool import AsyncConnectionPool

from db import people
from db.records import Course, CourseId

NAME = "people"
KEY_BYTES = 16


class People:
    """
    Makes the keys that stand for people.

    A key is an HMAC-SHA256 of the course and the person's id: it tells nothing without the installation's secret, and
    one person has unlike keys in two courses. The secret lives in the database, so that all replicas make equal keys.
    """

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._secret: bytes | None = None
        self._first = asyncio.Lock()

    async def key(self, course: Course, person: int) -> str:
        """Return what stands for *person*, a Discord user id, in *course*."""
        return await self.key_of(course.id, person)

    async def key_of(self, course: CourseId, person: int) -> str:
        return await self._digest(f"course:{course}:{person}")

    async def terminal_key(self, course: Course, user: int) -> str:
        """Return what stands for who votes in a terminal, *user* of its operating system, in *course*."""
        return await self._digest(f"terminal:{course.id}:{user}")

    async def direct_key(self, person: int) -> str:
        """Return what stands for *person* where the course of their direct messages is kept."""
        return await self._digest(f"direct:{person}")

    async def direct_course(self, person: int) -> Course | None:
        """Return the course that *person* chose for direct messages; whether they may still see it is not checked."""
        key = await self.direct_key(person)
        async with self._pool.connection() as conn:
            return await people.direct_course(conn, key)

    async def choose_direct_course(self, person: int, course: CourseId) -> None:
        key = await self.direct_key(person)
        async with self._pool.connection() as conn:
            await people.choose_direct_course(conn, person_key=key, course=course)

    async def _digest(self, whom: str) -> str:
        async with self._first:
            if self._secret is None:
                async with self._pool.connection() as conn:
                    self._secret = await people.secret(conn, name=NAME, proposal=secrets.token_bytes(32))
        return hmac.new(self._secret, whom.encode(), hashlib.sha256).hexdigest()[: 2 * KEY_BYTES]
