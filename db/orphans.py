"""Messages of ours whose rows are gone, and which are still to be deleted in Discord."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId, QuestionId
from db.records.operation import Orphan


async def claim(conn: AsyncConnection, *, lease: timedelta, most: int) -> list[Orphan]:
    """Take messages that are to be deleted, and hold them for *lease*."""
    async with conn.cursor(row_factory=class_row(Orphan)) as cur:
        # By when they were let go of: what cannot be deleted yet keeps no other waiting.
        await cur.execute(
            """
            update orphan_messages o set claimed_until = now() + %(lease)s
            from (
                select id from orphan_messages where claimed_until <= now()
                order by claimed_until, id limit %(most)s for update skip locked
            ) due
            where o.id = due.id
            returning o.id, o.guild_id, o.channel_id, o.message_id, o.nonce, o.reply_to, o.since,
                extract(epoch from now() - o.orphaned_at)::float8 as age_s
            """,
            {"lease": lease, "most": most},
        )
        return await cur.fetchall()


async def forget(conn: AsyncConnection, orphan: int) -> None:
    """It is deleted, or cannot be."""
    await conn.execute("delete from orphan_messages where id = %(orphan)s", {"orphan": orphan})


async def make(
    conn: AsyncConnection, *, course: CourseId, key: str, also: Sequence[QuestionId], lease: timedelta
) -> list[Orphan]:
    """
    Forget where the answers to a person's questions stand, and to the questions *also*.

    Return the messages to delete, held for *lease*.
    """
    await conn.execute(
        """
        delete from showings s using questions q
        where q.id = s.question_id and q.course_id = %(course)s and s.course_id = %(course)s
            and (q.asker_key = %(key)s or q.id = any(%(also)s))
        """,
        {"course": course, "key": key, "also": list(also)},
    )
    async with conn.cursor(row_factory=class_row(Orphan)) as cur:
        # A trigger has put them there, in this very transaction.
        await cur.execute(
            """
            update orphan_messages set claimed_until = now() + %(lease)s where xmin = pg_current_xact_id()::xid
            returning id, guild_id, channel_id, message_id, nonce, reply_to, since, 0::float8 as age_s
            """,
            {"lease": lease},
        )
        return await cur.fetchall()
