"""Decide what the record of actions keeps of somebody's words: what a student wrote is theirs to take back."""

from psycopg import AsyncConnection

from db import kept
from db.records.reviews import Verified


async def recorded(conn: AsyncConnection, words: Verified) -> dict[str, str]:
    """Return what is kept of *words* in force, before they change."""
    return worded(words.text, is_a_students=await kept.is_a_students(conn, course=words.course_id, verified=words.id))


def worded(text: str, *, is_a_students: bool) -> dict[str, str]:
    """Return *text* for the record, which never changes; of what a student wrote the message's id has to do."""
    return {} if is_a_students else {"text": text}
