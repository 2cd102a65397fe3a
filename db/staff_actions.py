"""What staff did, when, and how it was before and after: rows are added and never changed."""

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
