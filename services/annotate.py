"""Take down what people say of answers: thumbs, what was wrong, and the call for a TA."""

from typing import Literal

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import annotations, reviews
from db.records import AnswerId, Complaint, Course, Label

Thumb = Literal["up", "down"]
LABELS: dict[Thumb, Label] = {"up": "C", "down": "I"}
LONGEST_COMMENT = 1_000


class Annotate:
    """The votes and calls of students."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def toggle(self, course: Course, answer: AnswerId, person_key: str, thumb: Thumb) -> bool:
        """Store a thumb in place of the one before, or withdraw the same one; return whether it counts now."""
        async with self._pool.connection() as conn:
            if await self._withdrawn(conn, course, answer, person_key, thumb):
                return False
            await self._voted(conn, course, answer, person_key, thumb)
        return True

    async def vote(self, course: Course, answer: AnswerId, person_key: str, thumb: Thumb) -> None:
        """Store a thumb in place of the one before; what was said of the same thumb stays."""
        async with self._pool.connection() as conn:
            before = await annotations.of_person(conn, course=course.id, answer=answer, annotator_key=person_key)
            if before is None or before.label != LABELS[thumb]:
                await self._voted(conn, course, answer, person_key, thumb)

    async def withdraw(self, course: Course, answer: AnswerId, person_key: str, thumb: Thumb) -> None:
        """Take a thumb back, if it is the one that counts."""
        async with self._pool.connection() as conn:
            await self._withdrawn(conn, course, answer, person_key, thumb)

    async def explain(
        self, course: Course, answer: AnswerId, person_key: str, *, reason: Complaint, comment: str | None
    ) -> None:
        """Store a thumb down with what was wrong; a comment is cut at 1,000 characters."""
        said = (comment or "").replace("\0", "").strip()[:LONGEST_COMMENT] or None
        async with self._pool.connection() as conn:
            await self._voted(conn, course, answer, person_key, "down", reason=reason, comment=said)

    async def call_staff(self, course: Course, answer: AnswerId) -> bool:
        """Queue the answer for staff; return False if somebody has called already."""
        async with self._pool.connection() as conn:
            return await reviews.flag(conn, course=course.id, answer=answer, reason="called")

    async def _voted(
        self,
        conn: AsyncConnection,
        course: Course,
        answer: AnswerId,
        person_key: str,
        thumb: Thumb,
        *,
        reason: str | None = None,
        comment: str | None = None,
    ) -> None:
        await annotations.vote(
            conn,
            course=course.id,
            answer=answer,
            annotator_key=person_key,
            label=LABELS[thumb],
            reason=reason,
            comment=comment,
        )
        await self._reflag(conn, course, answer)

    async def _withdrawn(
        self, conn: AsyncConnection, course: Course, answer: AnswerId, person_key: str, thumb: Thumb
    ) -> bool:
        withdrawn = await annotations.delete(
            conn, course=course.id, answer=answer, annotator_key=person_key, label=LABELS[thumb]
        )
        if withdrawn:
            await self._reflag(conn, course, answer)
        return withdrawn

    async def _reflag(self, conn: AsyncConnection, course: Course, answer: AnswerId) -> None:
        """A thumb down is a reason for staff to look, for as long as one stands."""
        if await annotations.count(conn, course=course.id, answer=answer, label="I"):
            await reviews.flag(conn, course=course.id, answer=answer, reason="voted_down")
        else:
            await reviews.withdraw(conn, course=course.id, answer=answer, reason="voted_down")
