"""Threads and forum posts in which staff have written."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffedThread:
    """Since when staff have the floor in a thread."""

    by_message_id: int  # the message of theirs that began it
    quiet_since: datetime  # the last message of staff, or of whose thread it is
    reopened_by: int | None  # the message by which the latter asked anew


async def staff_spoke(conn: AsyncConnection, *, channel: int, course: CourseId, message: int, at: datetime) -> None:
    """
    Take note of a message of staff.

    One that is older than the first known of this silence moves its beginning back; one after the thread was opened
    anew begins another.
    """
    await conn.execute(
        """
        insert into staffed_threads as t (channel_id, course_id, by_message_id, since, quiet_since)
        values (%(channel)s, %(course)s, %(message)s, %(at)s, %(at)s)
        on conflict (channel_id) do update set
            by_message_id = case when t.reopened_by < excluded.by_message_id then excluded.by_message_id
                else least(t.by_message_id, excluded.by_message_id) end,
            since = case when t.reopened_by < excluded.by_message_id then excluded.since
                else least(t.since, excluded.since) end,
            quiet_since = greatest(t.quiet_since, excluded.quiet_since),
            reopened_by = case when t.reopened_by < excluded.by_message_id then null else t.reopened_by end
        """,
        {"channel": channel, "course": course, "message": message, "at": at},
    )


async def lock(conn: AsyncConnection, *, channel: int, course: CourseId) -> StaffedThread | None:
    """Return what is known of a thread, alone with it until the transaction ends; None: staff never wrote there."""
    async with conn.cursor(row_factory=class_row(StaffedThread)) as cur:
        await cur.execute(
            """
            select by_message_id, quiet_since, reopened_by from staffed_threads
            where channel_id = %(channel)s and course_id = %(course)s for update
            """,
            {"channel": channel, "course": course},
        )
        return await cur.fetchone()


async def owner_spoke(
    conn: AsyncConnection, *, channel: int, course: CourseId, at: datetime, reopened_by: int | None
) -> None:
    """Take note of a message of whose thread it is, which opens it anew where *reopened_by* names it."""
    await conn.execute(
        """
        update staffed_threads set quiet_since = greatest(quiet_since, %(at)s),
            reopened_by = coalesce(%(reopened_by)s, reopened_by)
        where channel_id = %(channel)s and course_id = %(course)s
        """,
        {"channel": channel, "course": course, "at": at, "reopened_by": reopened_by},
    )
