"""Where the middle of a course's pieces lies in each language, for each model generation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pgvector import Vector
from psycopg import AsyncConnection
from psycopg.rows import kwargs_row

from db import signs
from db.records import CourseId, GenerationId


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageMean:
    """The mean of all vectors of pieces in one language."""

    language: str  # two-letter code
    pieces: int
    mean: NDArray[np.float32]  # (dimension,), shorter than 1


async def refresh(conn: AsyncConnection, *, course: CourseId, generation: GenerationId) -> None:
    """
    Take the means of a course again, from all of its vectors; some 2 µs a vector.

    In the order of languages, so that two who do it at once wait for each other and none is refused.
    """
    chosen = {"course": course, "generation": generation}
    await conn.execute(
        """
        insert into language_means (course_id, generation_id, language, pieces, mean)
        select %(course)s, %(generation)s, language, count(*), avg(embedding)::vector
        from (
            select split_part(lower(replace(l.language, '_', '-')), '-', 1) as language, v.embedding
            from lectures l join segment_vectors v on v.lecture_id = l.id
                and v.course_id = %(course)s and v.generation_id = %(generation)s
            where l.course_id = %(course)s
        ) spoken
        group by language order by language
        on conflict (course_id, generation_id, language) do update
            set pieces = excluded.pieces, mean = excluded.mean
        """,
        chosen,
    )
    await conn.execute(
        """
        delete from language_means m
        where m.course_id = %(course)s and m.generation_id = %(generation)s and not exists (
            select from lectures l
            where l.course_id = %(course)s
                and split_part(lower(replace(l.language, '_', '-')), '-', 1) = m.language
                and exists (
                    select from segment_vectors v
                    where v.course_id = %(course)s and v.generation_id = %(generation)s and v.lecture_id = l.id))
        """,
        chosen,
    )
    await signs.refresh(conn, course=course, generation=generation)


async def refresh_all(conn: AsyncConnection, *, course: CourseId) -> None:
    """Take the means of a course again in each generation that has any of its vectors."""
    cursor = await conn.execute(
        """
        select id from generations g
        where state <> 'retired' and exists (
            select from segment_vectors v where v.course_id = %(course)s and v.generation_id = g.id)
            or exists (select from language_means m where m.course_id = %(course)s and m.generation_id = g.id)
        order by id
        """,
        {"course": course},
    )
    for (generation,) in await cursor.fetchall():
        await refresh(conn, course=course, generation=generation)


async def of_course(conn: AsyncConnection, *, course: CourseId, generation: GenerationId) -> Sequence[LanguageMean]:
    async with conn.cursor(binary=True, row_factory=kwargs_row(_mean)) as cur:
        await cur.execute(
            """
            select language, pieces, mean from language_means
            where course_id = %(course)s and generation_id = %(generation)s
            order by pieces desc, language
            """,
            {"course": course, "generation": generation},
        )
        return await cur.fetchall()


def _mean(*, language: str, pieces: int, mean: Vector) -> LanguageMean:
    return LanguageMean(language=language, pieces=pieces, mean=np.asarray(mean.to_numpy(), np.float32))
