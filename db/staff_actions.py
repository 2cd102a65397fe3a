"""What staff did, when, and how it was before and after: rows are added, and changed only where privacy asks it."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from db.records import AnswerId, CourseId, ItemId


async def add(
    conn: AsyncConnection,
    *,
    course: CourseId,
    item: ItemId | None,
    answer: AnswerId | None,
    actor_key: str,
    action: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await conn.execute(
        """
        insert into staff_actions (course_id, item_id, answer_id, actor_key, action, before, after)
        values (%(course)s, %(item)s, %(answer)s, %(actor_key)s, %(action)s, %(before)s, %(after)s)
        """,
        {
            "course": course,
            "item": item,
            "answer": answer,
            "actor_key": actor_key,
            "action": action,
            "before": None if before is None else Jsonb(before),
            "after": None if after is None else Jsonb(after),
        },
    )


async def blank(conn: AsyncConnection, *, course: CourseId, author_key: str, instead: str) -> None:
    """Take back what somebody wrote as a student and staff have kept, wherever it is recorded; who did what stays."""
    await conn.execute(
        """
        with said as (
            select after->>'text' as text from staff_actions
            where course_id = %(course)s and action = 'keep' and after->>'author' = %(author)s
        )
        update staff_actions set
            before = case when before->>'text' in (select text from said)
                then jsonb_set(before, '{text}', to_jsonb(%(instead)s::text)) else before end,
            after = case when after->>'text' in (select text from said)
                then jsonb_set(after - 'author', '{text}', to_jsonb(%(instead)s::text)) else after end
        where course_id = %(course)s
            and (before->>'text' in (select text from said) or after->>'text' in (select text from said))
        """,
        {"course": course, "author": author_key, "instead": instead},
    )
