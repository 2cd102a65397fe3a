"""Leave the floor to staff: where they have written in a thread, nobody is answered there unasked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from psycopg_pool import AsyncConnectionPool

from db import staffed_threads
from db.records import CourseId
from db.staffed_threads import StaffedThread

ACCEPTED = timedelta(days=1)
"""Of silence, after which what staff said counts as the answer, and the next question as a new one."""

Speaker = Literal["staff", "owner", "other"]
"""Who writes in a thread: staff of its course, whose question or post it hangs on, or somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadMessage:
    """One message in a thread or forum post."""

    course: CourseId
    thread: int
    message: int
    at: datetime  # when it was written, not when it was heard
    speaker: Speaker
    asks: bool  # it would be answered where staff have not written


class StaffFirst:
    """Who has the floor in the threads of all courses."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def hear(self, spoken: ThreadMessage) -> bool:
        """
        Take note of a message, and say whether Monitoria may speak to it without being addressed.

        A thread's messages are to be heard in order; heard again, each gives what it gave before.
        """
        course, thread = spoken.course, spoken.thread
        async with self._pool.connection() as conn:
            if spoken.speaker == "staff":
                await staffed_threads.staff_spoke(
                    conn, channel=thread, course=course, message=spoken.message, at=spoken.at
                )
                return False
            staffed = await staffed_threads.lock(conn, channel=thread, course=course)
            if staffed is None or not is_silent(staffed, spoken.message):
                return True
            reopens = spoken.speaker == "owner" and spoken.asks and spoken.at - staffed.quiet_since >= ACCEPTED
            if spoken.speaker == "owner":
                await staffed_threads.owner_spoke(
                    conn,
                    channel=thread,
                    course=course,
                    at=spoken.at,
                    reopened_by=spoken.message if reopens else None,
                )
            return reopens


def is_silent(staffed: StaffedThread, message: int) -> bool:
    """Say whether staff had the floor when *message* was written."""
    if message < staffed.by_message_id:
        return False
    return staffed.reopened_by is None or message < staffed.reopened_by
