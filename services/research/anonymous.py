"""Keep people and their Discord out of what is exported: pseudonyms for keys, nothing for ids."""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from psycopg_pool import AsyncConnectionPool

from db import dossiers, people
from db.records import Course

PSEUDONYMS = "export"
"""The secret that the names of people in exports come from; another than the one of the keys in the database."""


async def pseudonyms(pool: AsyncConnectionPool, course: Course) -> Callable[[str], str]:
    """Return what names people in this course's exports, always alike, and unlike the keys in the database."""
    async with pool.connection() as conn:
        secret = await people.secret(conn, name=PSEUDONYMS, proposal=secrets.token_bytes(32))

    def pseudonym(key: str) -> str:
        if key == dossiers.SOURCE:
            return key
        return "P" + hmac.new(secret, f"export:{course.id}:{key}".encode(), hashlib.sha256).hexdigest()[:12]

    return pseudonym
