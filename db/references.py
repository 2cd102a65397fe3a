"""The moments that an answer cites, whoever wrote it: one shape in three tables, stored and read in one way."""

from collections.abc import Sequence
from typing import Any, Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from db.records import CourseId, Reference

Citing = Literal["answer", "verified", "pair_answer"]


async def cited(conn: AsyncConnection, by: Citing, *, course: CourseId, number: int) -> list[Reference]:
    """The moments that the answer of that *number* cites, by their own numbers."""
    # A table's name cannot be a parameter; these three are ours, and never a person's words.
    query = SQL(
        """
        select r.number, r.segment_id, l.slug as lecture, l.title, r.start_s, r.end_s, r.url, r.quote
        from {table} r
        join segments s on s.id = r.segment_id and s.course_id = %(course)s
        join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
        where r.{owner} = %(owner)s and r.course_id = %(course)s
        order by r.number
        """
    ).format(table=Identifier(f"{by}_references"), owner=Identifier(f"{by}_id"))
    async with conn.cursor(row_factory=class_row(Reference)) as cur:
        await cur.execute(query, {"owner": number, "course": course})
        return await cur.fetchall()


def in_columns(references: Sequence[Reference]) -> dict[str, list[Any]]:
    """Return *references* as the arrays that a statement unnests: all of them are stored by one."""
    return {
        "numbers": [reference.number for reference in references],
        "segments": [reference.segment_id for reference in references],
        "starts_s": [reference.start_s for reference in references],
        "ends_s": [reference.end_s for reference in references],
        "urls": [reference.url for reference in references],
        "quotes": [reference.quote for reference in references],
    }
