"""Courses, the walls between which everything else lives."""

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import Course, CourseId, Language


async def insert(conn: AsyncConnection, *, slug: str, title: str, language: Language) -> Course | None:
    """Create a course, or return None if the slug is taken."""
    async with conn.cursor(row_factory=class_row(Course)) as cur:
        await cur.execute(
            """
            insert into courses (slug, title, language) values (%(slug)s, %(title)s, %(language)s)
            on conflict (slug) do nothing
            returning id, slug, title, language
            """,
            {"slug": slug, "title": title, "language": language},
        )
        return await cur.fetchone()


async def by_slug(conn: AsyncConnection, slug: str) -> Course | None:
    async with conn.cursor(row_factory=class_row(Course)) as cur:
        await cur.execute("select id, slug, title, language from courses where slug = %(slug)s", {"slug": slug})
        return await cur.fetchone()


async def every(conn: AsyncConnection) -> list[Course]:
    """All courses, by slug."""
    async with conn.cursor(row_factory=class_row(Course)) as cur:
        await cur.execute("select id, slug, title, language from courses order by slug")
        return await cur.fetchall()


async def lock(conn: AsyncConnection, course: CourseId) -> None:
    """Keep other writers of this course's content waiting until the transaction ends; readers go on."""
    # Not `for update`, which would also hold up every question that is being added to the course.
    await conn.execute("select 1 from courses where id = %(course)s for no key update", {"course": course})


async def by_id(conn: AsyncConnection, course: CourseId) -> Course | None:
    async with conn.cursor(row_factory=class_row(Course)) as cur:
        await cur.execute("select id, slug, title, language from courses where id = %(course)s", {"course": course})
        return await cur.fetchone()
