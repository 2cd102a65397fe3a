"""Show an operator what became of the promised judgements."""

from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from db import answers, breakers, courses, jobs, judgements, second_opinions
from db.records import AnswerId, Course, JobId, Judgement, JudgeQueue
from db.records.operation import QueueState
from services.errors import Refused
from services.judging import seconding
from services.judging.promise import QUEUE

MOST_LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """What was scored of one answer: the judgement of relevance that counts, and what stands beside it."""

    first: Judgement | None
    second: Judgement | None


class Queue:
    """The queues of judgements and of second opinions, as an operator sees them."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def state(self, course: Course | None, *, queue: JudgeQueue = QUEUE) -> QueueState:
        """What became of the jobs of *queue*; listed are those of *course*, or of all."""
        async with self._pool.connection() as conn:
            return QueueState(
                counts=await jobs.counts(conn, queue),
                jobs=await jobs.listed(conn, queue, course=course and course.id, most=MOST_LISTED),
                breaker=await breakers.of(conn, queue),
            )

    async def second_state(self, course: Course | None) -> QueueState:
        """As `state`, of second opinions."""
        return await self.state(course, queue=seconding.QUEUE)

    async def requeue(self, course: Course | None, job: JobId | None) -> int:
        """Give dead jobs of both queues all their attempts again, and return how many there were."""
        async with self._pool.connection() as conn:
            return await jobs.requeue_dead(conn, course=course and course.id, job=job)

    async def due(self) -> int:
        """How many jobs wait for the judge, of all courses, second opinions aside."""
        async with self._pool.connection() as conn:
            return (await jobs.counts(conn, QUEUE)).get("waiting", 0)

    async def add_missing(self, course: Course | None) -> int:
        """Queue what has no verdict yet, of one course or of all, and return how many jobs that is."""
        async with self._pool.connection() as conn:
            wanted = [course] if course else await courses.every(conn)
            return sum([await jobs.enqueue_missing(conn, course=one.id) for one in wanted])

    async def opinions(self, answer: AnswerId) -> Opinions:
        """What the judge, and who was asked beside it, said of the answer last."""
        async with self._pool.connection() as conn:
            course = await answers.course_of(conn, answer)
            if course is None:
                return Opinions(first=None, second=None)
            return Opinions(
                first=await judgements.latest(conn, course=course, answer=answer, kind="relevance"),
                second=await second_opinions.standing(conn, course=course, answer=answer),
            )

    async def repeat(self, answer: AnswerId) -> None:
        """
        Queue all judgements of one answer anew.

        Raises:
            Refused: there is no such answer, or nothing of it is judged.

        """
        async with self._pool.connection() as conn:
            course = await answers.course_of(conn, answer)
            if course is None:
                raise Refused(f"There is no answer {answer}; `monitoria ask --json` and exports show the numbers.")
            if not await jobs.repeat(conn, course=course, answer=answer):
                raise Refused(
                    f"The answer {answer} is not judged: it refers to staff, has failed, or came from a dossier."
                )
