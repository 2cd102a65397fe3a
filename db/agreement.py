"""What the judge and people said of the same answers."""

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId, Judgement
from db.records.reviews import HumanLabel, JudgedAnswer


async def hold_still(conn: AsyncConnection) -> None:
    """Let all queries of the transaction that begins here see one moment, whatever is judged meanwhile."""
    await conn.execute("set transaction isolation level repeatable read, read only")


async def answered(conn: AsyncConnection, course: CourseId) -> list[JudgedAnswer]:
    """Answers of *course* that were judged for relevance or labelled, in the order of answering."""
    async with conn.cursor(row_factory=class_row(JudgedAnswer)) as cur:
        await cur.execute(
            """
            select a.id as answer_id, a.question_id, q.text as question, a.text, a.outcome, q.language, q.source,
                a.answered_at, root_question(q.id, q.course_id) as root
            from answers a
            join questions q on q.id = a.question_id and q.course_id = %(course)s
            where a.course_id = %(course)s and (
                exists (select from told_annotations n where n.answer_id = a.id and n.course_id = %(course)s)
                or exists (
                    select from judgements j
                    where j.answer_id = a.id and j.course_id = %(course)s and j.kind = 'relevance'
                )
            )
            order by a.answered_at, a.id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def judgements(conn: AsyncConnection, course: CourseId) -> list[Judgement]:
    """The last judgement of relevance that each model, with its prompt and examples, gave each answer, oldest first."""
    async with conn.cursor(row_factory=class_row(Judgement)) as cur:
        await cur.execute(
            """
            select id, answer_id, kind, status, score, abstention, criteria, evidence, label, settings_version,
                swayed, probability, model, prompt_id, judged_at, configuration_id
            from (
                select distinct on (answer_id, model, prompt_id, configuration_id)
                    id, answer_id, kind, status, score, abstention, criteria, evidence, label, settings_version,
                    swayed, probability, model, prompt_id, judged_at, configuration_id
                from judgements
                where course_id = %(course)s and kind = 'relevance'
                order by answer_id, model, prompt_id, configuration_id, id desc
            ) last
            order by id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def opinions(conn: AsyncConnection, course: CourseId) -> list[HumanLabel]:
    """Every label that people gave answers of *course*, oldest first, but those that a second look waits for."""
    async with conn.cursor(row_factory=class_row(HumanLabel)) as cur:
        await cur.execute(
            """
            select answer_id, role, label, reason, comment, judge_visible,
                (dense_rank() over (order by annotator_key))::int as person
            from told_annotations where course_id = %(course)s order by changed_at, id
            """,
            {"course": course},
        )
        return await cur.fetchall()
