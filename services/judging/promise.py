"""Promise that an answer will be judged, without waiting for who judges it."""

from random import SystemRandom

from psycopg import AsyncConnection

from db import jobs, judge_settings
from db.records import AnswerId, CourseId, JudgeQueue

QUEUE: JudgeQueue = "judge"
CHANCE = SystemRandom()


async def promise(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> None:
    """
    Add what the answer is to be judged for, in the transaction that stores it with its passages and references.

    Where the course wants a share of its answers judged, chance decides here, and the jobs keep its probability.
    """
    share = (await judge_settings.current(conn, course)).judge_share
    if share > 0 and CHANCE.random() < share:
        await jobs.enqueue(conn, course=course, answer=answer, probability=share)
