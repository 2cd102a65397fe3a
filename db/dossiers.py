"""Questions that were made elsewhere and came in a dossier, as they were read."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import scalar_row
from psycopg.types.json import Jsonb

from db.records import CourseId, QuestionId

SOURCE = "dossier"
"""What `questions.source` and `annotations.annotator_key` say of them."""


async def lock_adding(conn: AsyncConnection, course: CourseId) -> None:
    """Add entries to *course* one import at a time, until the transaction ends."""
    # Not `for update`, which would also hold up every question that is being added to the course.
    await conn.execute("select from courses where id = %(course)s for no key update", {"course": course})


async def next_position(conn: AsyncConnection, course: CourseId) -> int:
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select coalesce(max(position) + 1, 0) from dossier_entries where course_id = %(course)s",
            {"course": course},
        )
        return int(await cur.fetchone() or 0)


async def insert(
    conn: AsyncConnection, *, course: CourseId, question: QuestionId, position: int, entry: Mapping[str, Any]
) -> None:
    await conn.execute(
        """
        insert into dossier_entries (question_id, course_id, position, entry)
        values (%(question)s, %(course)s, %(position)s, %(entry)s)
        """,
        {"question": question, "course": course, "position": position, "entry": Jsonb(entry)},
    )


async def of_source(conn: AsyncConnection, *, course: CourseId, source_id: str) -> dict[str, Any] | None:
    """Return the entry that *source_id* names."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select d.entry from dossier_entries d join questions q on q.id = d.question_id
            where d.course_id = %(course)s and q.course_id = %(course)s
                and q.source = %(source)s and q.source_id = %(source_id)s
            """,
            {"course": course, "source": SOURCE, "source_id": source_id},
        )
        return await cur.fetchone()


async def numbers_met_twice(conn: AsyncConnection, course: CourseId) -> list[int]:
    """Numbers of entries that are also ids of questions asked here, at most ten."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select q.id from dossier_entries d
            join questions q on q.id = (d.entry ->> 'number')::bigint and q.course_id = %(course)s
            where d.course_id = %(course)s and q.source <> %(source)s
            order by q.id limit 10
            """,
            {"course": course, "source": SOURCE},
        )
        return await cur.fetchall()
