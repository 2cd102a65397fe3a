"""Take down what people say of answers: thumbs, what was wrong, the labels of staff, and the call for a TA."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import annotations, answers, cards, reviews
from db.records import AnswerId, Complaint, Course, Label
from services.ground.text import LONE_SURROGATE
from services.judging import flags, seconding
from services.judging.promise import promise_after_label

Thumb = Literal["up", "down"]
LABELS: dict[Thumb, Label] = {"up": "C", "down": "I"}
LONGEST_COMMENT = 1_000


class Annotate:
    """The votes and calls of students, and the labels of staff."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def toggle(self, course: Course, answer: AnswerId, person_key: str, thumb: Thumb) -> bool:
        """Store a thumb in place of the one before, or withdraw the same one; return whether it counts now."""
        async with self._changing(course, answer) as conn:
            if await self._withdrawn(conn, course, answer, person_key, thumb):
                return False
            await self._voted(conn, course, answer, person_key, thumb)
        return True

    async def vote(self, course: Course, answer: AnswerId, person_key: str, thumb: Thumb) -> None:
        """Store a thumb in place of the one before; what was said of the same thumb stays."""
        async with self._changing(course, answer) as conn:
            before = await annotations.of_person(conn, course=course.id, answer=answer, annotator_key=person_key)
            if before is None or before.label != LABELS[thumb]:
                await self._voted(conn, course, answer, person_key, thumb)

    async def withdraw(self, course: Course, answer: AnswerId, person_key: str, thumb: Thumb) -> None:
        """Take a thumb back, if it is the one that counts."""
        async with self._changing(course, answer) as conn:
            await self._withdrawn(conn, course, answer, person_key, thumb)

    async def explain(
        self, course: Course, answer: AnswerId, person_key: str, *, reason: Complaint, comment: str | None
    ) -> None:
        """Store a thumb down with what was wrong; a comment is cut at 1,000 characters."""
        async with self._changing(course, answer) as conn:
            await self._voted(conn, course, answer, person_key, "down", reason=reason, comment=_said(comment))

    async def call_staff(self, course: Course, answer: AnswerId) -> bool:
        """Queue the answer for staff; return False if somebody has called already."""
        async with self._pool.connection() as conn:
            return await reviews.flag(conn, course=course.id, answer=answer, reason="called")

    async def label(
        self,
        course: Course,
        answer: AnswerId,
        person_key: str,
        label: Label,
        *,
        comment: str | None = None,
        judge_visible: bool,
    ) -> None:
        """Store a label of staff in place of the one before; *judge_visible*: they had seen the judge's score."""
        async with self._changing(course, answer) as conn:
            await annotations.put(
                conn,
                course=course.id,
                answer=answer,
                annotator_key=person_key,
                role="staff",
                label=label,
                comment=_said(comment),
                judge_visible=judge_visible,
            )
            await promise_after_label(conn, course=course.id, answer=answer, label=label)

    @asynccontextmanager
    async def _changing(self, course: Course, answer: AnswerId) -> AsyncGenerator[AsyncConnection, None]:
        """Change what people say of an answer, and with it the flags, alone with the judge's own flags."""
        async with self._pool.connection() as conn:
            await answers.lock(conn, course=course.id, answer=answer)
            yield conn
            votes = await flags.by_votes(conn, course=course.id, answer=answer)
            if seconding.contradicts(votes, votes.score):
                await seconding.after_vote(conn, course=course.id, answer=answer)
            await cards.touch(conn, course=course.id, answer=answer)

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
        await annotations.put(
            conn,
            course=course.id,
            answer=answer,
            annotator_key=person_key,
            role="student",
            label=LABELS[thumb],
            reason=reason,
            comment=comment,
        )

    async def _withdrawn(
        self, conn: AsyncConnection, course: Course, answer: AnswerId, person_key: str, thumb: Thumb
    ) -> bool:
        return await annotations.delete(
            conn, course=course.id, answer=answer, annotator_key=person_key, label=LABELS[thumb]
        )


def _said(comment: str | None) -> str | None:
    """Return what a database keeps of a comment, cut at its longest."""
    storable = LONE_SURROGATE.sub("", comment or "").replace("\0", "")
    return storable.strip()[:LONGEST_COMMENT] or None
