"""Promise that an answer will be judged, without waiting for who judges it."""

from random import SystemRandom

from psycopg import AsyncConnection

from db import jobs, judge_settings
from db.records import AnswerId, CourseId, JudgeQueue, Label

QUEUE: JudgeQueue = "judge"
CHANCE = SystemRandom()
CONTEXT_CHANCE = SystemRandom()
"""Drawn apart, so that whether an answer's passages are judged hangs on nothing but its share."""


async def promise(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> None:
    """
    Add what the answer is to be judged for, in the transaction that stores it with its passages and references.

    Where the course wants a share of its answers judged, chance decides here, and the jobs keep its probability; of
    these, chance decides once more whose passages are judged too.
    """
    settings = await judge_settings.current(conn, course)
    share = settings.judge_share
    if share > 0 and CHANCE.random() < share:
        await jobs.enqueue(conn, course=course, answer=answer, probability=share)
        if CONTEXT_CHANCE.random() < settings.context_share:
            drawn = share * settings.context_share
            await jobs.enqueue_context(conn, course=course, answer=answer, probability=drawn)


async def promise_after_label(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, label: Label) -> None:
    """
    Let the passages of an answer be judged where staff find it wanting, in the transaction that stores the label.

    Staff's labels are few, and say most about which it was, answer or search; a course that wants no passages judged
    gets none of these either.
    """
    if label != "C" and (await judge_settings.current(conn, course)).context_share > 0:
        await jobs.enqueue_context(conn, course=course, answer=answer, probability=None)
