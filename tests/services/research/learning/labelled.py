"""A course with answers that staff have labelled, on a real database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from db import agreement, connect, people
from db.records import AnswerId, Course, Label
from db.records.reviews import JudgedAnswer
from services.courses.courses import Courses
from services.research.learning.halves import KEY

HALVES_KEY = b"k" * 32
"""Given, for a key of chance now and then leaves one half with too few labels of a kind."""


@dataclass
class Labelled:
    """A course whose answers get labels as a test says."""

    pool: AsyncConnectionPool
    course: Course

    async def answer(
        self,
        question: str,
        text: str = "Porque encolhe.",
        *,
        standalone: str | None = None,
        follows: AnswerId | None = None,
        again: str | None = None,
        language: str = "pt",
        asker: str | None = None,
    ) -> AnswerId:
        """Store an answered question; *follows* is an answer here."""
        async with self.pool.connection() as conn:
            cursor = await conn.execute(
                """
                with asked as (
                    insert into questions
                        (course_id, text, standalone, follows, again, language, source, asker_key)
                    select %(course)s, %(question)s, %(standalone)s,
                        (select question_id from answers where id = %(follows)s), %(again)s, %(language)s, 'discord',
                        %(asker)s
                    returning id
                )
                insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms)
                select id, %(course)s, 'answered', %(text)s, 'lexical', 'fake', 1 from asked returning id
                """,
                {
                    "course": self.course.id,
                    "question": question,
                    "standalone": standalone,
                    "follows": follows,
                    "again": again,
                    "language": language,
                    "asker": asker,
                    "text": text,
                },
            )
            [stored] = await cursor.fetchone() or [0]
        return AnswerId(stored)

    async def says(self, label: Label, answer: AnswerId, *, person: str = "ta", comment: str | None = None) -> None:
        """Let one of staff label an answer, in place of what they said before."""
        await self.run(
            """
            insert into annotations (answer_id, course_id, annotator_key, role, label, comment)
            values (%(answer)s, %(course)s, %(person)s, 'staff', %(label)s, %(comment)s)
            on conflict (answer_id, annotator_key) do update
                set label = excluded.label, comment = excluded.comment, changed_at = now()
            """,
            answer=answer,
            course=self.course.id,
            person=person,
            label=label,
            comment=comment,
        )

    async def scores(self, score: int, answer: AnswerId, *, model: str = "juiz") -> None:
        """Let the judge have given an answer a score, with the label of the rules as shipped."""
        await self.run(
            """
            insert into judgements
                (answer_id, course_id, kind, status, score, label, settings_version, model, prompt_id)
            values (%(answer)s, %(course)s, 'relevance', 'ok', %(score)s, %(label)s, 0, %(model)s, 'judge/2')
            """,
            answer=answer,
            course=self.course.id,
            score=score,
            label="IIPC"[score],
            model=model,
        )

    async def run(self, query: str, **values: object) -> None:
        async with self.pool.connection() as conn:
            await conn.execute(query.encode(), values)

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(query.encode())
            return await cursor.fetchall()


async def answered(labelled: Labelled) -> list[JudgedAnswer]:
    async with labelled.pool.connection() as conn:
        return await agreement.answered(conn, labelled.course.id)


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Labelled, None]:
    async with connect.pool(url) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        async with pool.connection() as conn:
            await people.secret(conn, name=KEY, proposal=HALVES_KEY)
        yield Labelled(pool=pool, course=course)
