"""See each answer home: where it goes, whether it arrived, and which questions a dead process left behind."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg_pool import AsyncConnectionPool

from db import deliveries, questions, showings, watermarks
from db.records import Again, Attempted, Course, Delivery, QuestionId

LEASE = timedelta(seconds=90)
"""How long whoever claims a delivery has for it; longer than one answer may take."""


class Deliveries:
    """The answers on their way to people."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def claim(self) -> Delivery | None:
        """Take a question whose answer has not arrived and which nobody holds."""
        async with self._pool.connection() as conn:
            question = await deliveries.claim(conn, lease=LEASE)
            return None if question is None else await deliveries.of_question(conn, question)

    async def renew(self, source: str, source_ids: Sequence[str]) -> None:
        """Hold on to the deliveries of questions that are being answered here."""
        async with self._pool.connection() as conn:
            await deliveries.renew(conn, source=source, source_ids=source_ids, lease=LEASE)

    async def missed(self, course: Course, asker_key: str, text: str) -> str | None:
        """Return the source id of the same question, if the person asked it and its answer never arrived."""
        async with self._pool.connection() as conn:
            return await deliveries.missed(conn, course=course.id, asker_key=asker_key, text=text)

    async def before(self, course: Course, follows: QuestionId, again: Again) -> Attempted | None:
        """Return the try of that kind that somebody has made at the answer to a question; one that failed is none."""
        async with self._pool.connection() as conn:
            return await deliveries.before(conn, course=course.id, follows=follows, again=again)

    async def lose(self, course: Course, before: Attempted) -> bool:
        """Take note that a try which had arrived is no longer there, so that it is sent anew; False: somebody has."""
        async with self._pool.connection() as conn:
            return await deliveries.lose(conn, question=before.question_id, course=course.id)

    async def release(self, source: str, source_id: str, course: Course) -> None:
        """Let another process deliver the answer at once."""
        async with self._pool.connection() as conn:
            # By its source: who was interrupted may not have learnt the question's number yet.
            question = await questions.by_source(conn, course=course.id, source=source, source_id=source_id)
            if question:
                await deliveries.release(conn, question.id)

    async def give_up(self, question: QuestionId, course: Course) -> None:
        """Try no more; the answer stays stored."""
        async with self._pool.connection() as conn:
            await deliveries.give_up(conn, question=question, course=course.id)

    async def lose_token(self, question: QuestionId, course: Course) -> None:
        """Take note that Discord no longer takes a command's token; the answer may go another way at once."""
        async with self._pool.connection() as conn:
            await deliveries.lose_token(conn, question=question, course=course.id)

    async def of_source(self, source: str, source_id: str) -> Delivery | None:
        """Return the delivery of the question that came as *source_id*, in whichever course it was asked."""
        async with self._pool.connection() as conn:
            question = await deliveries.by_source(conn, source=source, source_id=source_id)
            return None if question is None else await deliveries.of_question(conn, question)

    async def of_question(self, question: QuestionId) -> Delivery | None:
        async with self._pool.connection() as conn:
            return await deliveries.of_question(conn, question)

    async def latest_in(self, channel: int, course: Course) -> QuestionId | None:
        """Return the question that came last in *channel* for all to see."""
        async with self._pool.connection() as conn:
            return await showings.latest_in(conn, channel=channel, course=course.id)

    async def saw(self, seen: dict[int, int]) -> None:
        """Raise the watermark of each channel to the message seen in it."""
        async with self._pool.connection() as conn:
            await watermarks.raise_to(conn, seen)

    async def watermarks(self) -> dict[int, int]:
        """The last message seen, by channel."""
        async with self._pool.connection() as conn:
            return await watermarks.every(conn)
