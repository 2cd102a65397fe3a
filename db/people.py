"""What is kept for people, who are pseudonyms here: the key that makes them, and the course of their messages."""

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import Course, CourseId


async def secret(conn: AsyncConnection, *, name: str, proposal: bytes) -> bytes:
    """Return the secret called *name*; the first caller's *proposal* becomes it."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        # An update that changes nothing, for `do nothing` would return no row to who comes second.
        await cur.execute(
            """
            insert into secrets (name, value) values (%(name)s, %(proposal)s)
            on conflict (name) do update set name = excluded.name
            returning value
            """,
            {"name": name, "proposal": proposal},
        )
        return bytes(await cur.fetchone() or b"")


async def direct_course(conn: AsyncConnection, person_key: str) -> Course | None:
    """Return the course that a person chose for direct messages."""
    async with conn.cursor(row_factory=class_row(Course)) as cur:
        await cur.execute(
            """
            select c.id, c.slug, c.title, c.language
            from direct_courses d join courses c on c.id = d.course_id where d.person_key = %(person_key)s
            """,
            {"person_key": person_key},
        )
        return await cur.fetchone()


async def choose_direct_course(conn: AsyncConnection, *, person_key: str, course: CourseId) -> None:
    await conn.execute(
        """
        insert into direct_courses (person_key, course_id) values (%(person_key)s, %(course)s)
        on conflict (person_key) do update set course_id = excluded.course_id
        """,
        {"person_key": person_key, "course": course},
    )
