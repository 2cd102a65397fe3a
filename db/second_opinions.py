"""Second opinions: their jobs, and how they stand beside the judgements that they were asked about."""

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import AnswerId, CourseId, Judgement, JudgementId


async def promise(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, probability: float | None) -> None:
    """
    Have a second opinion asked about the answer as it is judged now; whoever is at work on an older one works in vain.

    *probability*: with which the answer came to be drawn; None: it was not drawn.
    """
    await conn.execute(
        """
        insert into jobs as j (kind, answer_id, course_id, probability)
        values ('second', %(answer)s, %(course)s, %(probability)s)
        on conflict (answer_id, kind) do update
            set state = 'waiting', attempts = 0, run_at = now(), leased_until = null, ended_at = null, reason = null,
                token = j.token + 1, probability = excluded.probability
        """,
        {"answer": answer, "course": course, "probability": probability},
    )


async def promise_once(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, first: JudgementId) -> None:
    """Have one asked beside the judgement *first*, unless it has one, waits for it, or has waited in vain."""
    await conn.execute(
        """
        insert into jobs as j (kind, answer_id, course_id)
        select 'second', %(answer)s, %(course)s
        where not exists (select from judgements where first_id = %(first)s and course_id = %(course)s)
        on conflict (answer_id, kind) do update
            set state = 'waiting', attempts = 0, run_at = now(), leased_until = null, ended_at = null, reason = null,
                token = j.token + 1, probability = null
            where j.state = 'done'
        """,
        {"answer": answer, "course": course, "first": first},
    )


async def withdraw(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> None:
    """Ask no second opinion about the answer any more; whoever is at work on one works in vain."""
    await conn.execute(
        """
        update jobs set state = 'done', ended_at = now(), leased_until = null, token = token + 1
        where answer_id = %(answer)s and course_id = %(course)s and kind = 'second' and state <> 'done'
        """,
        {"answer": answer, "course": course},
    )


async def standing(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> Judgement | None:
    """The second opinion on the answer's last judgement of relevance, with or without a score."""
    async with conn.cursor(row_factory=class_row(Judgement)) as cur:
        await cur.execute(
            """
            select id, answer_id, kind, status, score, abstention, criteria, evidence, label, settings_version,
                swayed, probability, model, prompt_id, judged_at, configuration_id, first_id, asked_for, spread,
                is_split
            from judgements
            where course_id = %(course)s and first_id = (
                select id from judgements
                where answer_id = %(answer)s and course_id = %(course)s and kind = 'relevance'
                order by id desc limit 1
            )
            order by id desc limit 1
            """,
            {"answer": answer, "course": course},
        )
        return await cur.fetchone()


async def all_standing(conn: AsyncConnection, course: CourseId) -> list[Judgement]:
    """The second opinions on the last judgement of relevance of each answer, the oldest first."""
    async with conn.cursor(row_factory=class_row(Judgement)) as cur:
        await cur.execute(
            """
            select s.id, s.answer_id, s.kind, s.status, s.score, s.abstention, s.criteria, s.evidence, s.label,
                s.settings_version, s.swayed, s.probability, s.model, s.prompt_id, s.judged_at, s.configuration_id,
                s.first_id, s.asked_for, s.spread, s.is_split
            from judgements s
            where s.course_id = %(course)s and s.kind = 'second'
                and s.first_id = (
                    select id from judgements
                    where answer_id = s.answer_id and course_id = %(course)s and kind = 'relevance'
                    order by id desc limit 1
                )
                and not exists (
                    select from judgements l
                    where l.first_id = s.first_id and l.course_id = %(course)s and l.id > s.id
                )
            order by s.id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def is_seen_by_staff(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, first: JudgementId) -> bool:
    """Whether staff have labelled the answer, or settled it since the judgement *first*."""
    found = await conn.execute(
        """
        select where exists (
            select from annotations
            where answer_id = %(answer)s and course_id = %(course)s and role = 'staff'
        ) or exists (
            select from review_items i
            join judgements j on j.id = %(first)s and j.course_id = %(course)s
            where i.answer_id = %(answer)s and i.course_id = %(course)s and i.settled_at >= j.judged_at
                and i.verdict <> 'gone'
        )
        """,
        {"answer": answer, "course": course, "first": first},
    )
    return found.rowcount > 0
