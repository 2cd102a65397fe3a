"""Answers and wrong sentences that the judge sees again and again, what it said of them, and what staff are told."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, kwargs_row, scalar_row

from db.records import AnswerId, Course, CourseId, Label, Language, RunId
from db.records.learning import (
    Canary,
    CanaryKind,
    CanaryVerdict,
    CitedSentence,
    DueAlert,
    JudgeAlert,
    KeptCandidate,
    LastWatch,
)


async def try_lock(conn: AsyncConnection, course: CourseId) -> bool:
    """Hold the course's canaries for this session, also after its transaction; False: another session holds them."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select pg_try_advisory_lock(hashtext('monitoria.canaries'), %(course)s::int)", {"course": course}
        )
        return bool(await cur.fetchone())


async def unlock(conn: AsyncConnection, course: CourseId) -> None:
    await conn.execute("select pg_advisory_unlock(hashtext('monitoria.canaries'), %(course)s::int)", {"course": course})


async def of_course(conn: AsyncConnection, course: CourseId) -> list[Canary]:
    async with conn.cursor(row_factory=class_row(Canary)) as cur:
        await cur.execute(
            """
            select id, kind, answer_id, text, against_answer_id, against_number
            from canaries where course_id = %(course)s order by id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def add(
    conn: AsyncConnection,
    *,
    course: CourseId,
    kind: CanaryKind,
    answer: AnswerId,
    number: int | None,
    text: str,
    against: AnswerId,
    against_number: int | None,
) -> None:
    await conn.execute(
        """
        insert into canaries (course_id, kind, answer_id, number, text, against_answer_id, against_number)
        values (%(course)s, %(kind)s, %(answer)s, %(number)s, %(text)s, %(against)s, %(against_number)s)
        on conflict (answer_id, kind) do nothing
        """,
        {
            "course": course,
            "kind": kind,
            "answer": answer,
            "number": number,
            "text": text,
            "against": against,
            "against_number": against_number,
        },
    )


async def kept_candidates(conn: AsyncConnection, course: CourseId) -> list[KeptCandidate]:
    """Answers with a score that no configuration shows as an example, the oldest first."""
    async with conn.cursor(row_factory=class_row(KeptCandidate)) as cur:
        await cur.execute(
            """
            select a.id as answer_id, coalesce(q.standalone, q.text) as question, a.text, j.score,
                exists (
                    select from annotations n
                    where n.answer_id = a.id and n.course_id = %(course)s and n.role = 'staff'
                ) as is_labelled
            from answers a
            join questions q on q.id = a.question_id and q.course_id = %(course)s
            join wanted_judgements w on w.answer_id = a.id and w.course_id = %(course)s and w.kind = 'relevance'
            join lateral (
                select score, swayed from judgements
                where answer_id = a.id and course_id = %(course)s and kind = 'relevance' order by id desc limit 1
            ) j on j.score is not null and not j.swayed
            where a.course_id = %(course)s and not exists (
                select from judge_examples e where e.answer_id = a.id and e.course_id = %(course)s
            )
            order by a.id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def cited_sentences(conn: AsyncConnection, course: CourseId) -> list[CitedSentence]:
    """References that the last judgement found fully supported by words that are there, the oldest first."""
    async with conn.cursor(row_factory=class_row(CitedSentence)) as cur:
        await cur.execute(
            """
            select a.id as answer_id, r.number, a.text, l.slug as lecture
            from answers a
            join lateral (
                select id from judgements
                where answer_id = a.id and course_id = %(course)s and kind = 'support' order by id desc limit 1
            ) j on true
            join reference_judgements s on s.judgement_id = j.id and s.course_id = %(course)s and s.support = 'full'
                and s.is_found
            join answer_references r on r.answer_id = a.id and r.course_id = %(course)s and r.number = s.number
            join segments g on g.id = r.segment_id and g.course_id = %(course)s
            join lectures l on l.id = g.lecture_id and l.course_id = %(course)s
            where a.course_id = %(course)s
            order by a.id, r.number
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def add_verdicts(
    conn: AsyncConnection, *, course: CourseId, run: RunId, verdicts: Sequence[CanaryVerdict]
) -> None:
    """Store what was said; a canary that went meanwhile is left out."""
    await conn.execute(
        """
        insert into canary_verdicts (run_id, course_id, canary_id, score, is_caught)
        select %(run)s, %(course)s, v.canary_id, v.score, v.is_caught
        from unnest(%(canaries)s::bigint[], %(scores)s::float8[], %(caught)s::bool[])
            as v (canary_id, score, is_caught)
        join canaries c on c.id = v.canary_id and c.course_id = %(course)s
        """,
        {
            "run": run,
            "course": course,
            "canaries": [one.canary_id for one in verdicts],
            "scores": [one.score for one in verdicts],
            "caught": [one.is_caught for one in verdicts],
        },
    )


async def verdicts(conn: AsyncConnection, *, course: CourseId, runs: Sequence[RunId]) -> list[CanaryVerdict]:
    async with conn.cursor(row_factory=class_row(CanaryVerdict)) as cur:
        await cur.execute(
            """
            select run_id, canary_id, score, is_caught from canary_verdicts
            where course_id = %(course)s and run_id = any(%(runs)s) order by run_id, canary_id
            """,
            {"course": course, "runs": list(runs)},
        )
        return await cur.fetchall()


async def labels(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> list[Label]:
    """What staff say of an answer now."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select label from annotations
            where answer_id = %(answer)s and course_id = %(course)s and role = 'staff' order by changed_at, id
            """,
            {"answer": answer, "course": course},
        )
        return await cur.fetchall()


async def last_watch(conn: AsyncConnection, course: CourseId) -> LastWatch:
    """When the canaries were last judged, beside how the judge's server names its model now."""
    async with conn.cursor(row_factory=class_row(LastWatch)) as cur:
        await cur.execute(
            """
            select c.id as course_id, extract(epoch from now() - r.made_at)::float8 as age_s, r.model, r.prompt_id,
                r.configuration_id, r.model_served, (
                    select m.model from model_calls m
                    where m.course_id = %(course)s and m.purpose = 'judgement' and m.model is not null
                    order by m.id desc limit 1
                ) as served_now
            from courses c left join lateral (
                select made_at, model, prompt_id, configuration_id, model_served from judge_runs
                where course_id = %(course)s and kind = 'canary' order by id desc limit 1
            ) r on true
            where c.id = %(course)s
            """,
            {"course": course},
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - the course is there
    return found


async def alert(
    conn: AsyncConnection, *, course: CourseId, run: RunId, model: str, shift: float | None, part: int, n: int
) -> None:
    """Promise staff a word: of a *shift*, or where that is None of *part* wrong ones that were missed."""
    await conn.execute(
        """
        insert into judge_alerts (course_id, run_id, kind, model, shift, part, n)
        values (%(course)s, %(run)s, case when %(shift)s::float8 is null then 'missed' else 'shift' end, %(model)s,
            %(shift)s, %(part)s, %(n)s)
        """,
        {"course": course, "run": run, "model": model, "shift": shift, "part": part, "n": n},
    )


async def claim_alerts(conn: AsyncConnection, *, lease: timedelta) -> list[DueAlert]:
    """Take the alerts that nobody was told of, of courses that have a channel for staff, for *lease*."""
    async with conn.cursor(row_factory=kwargs_row(_due)) as cur:
        await cur.execute(
            """
            update judge_alerts a set claimed_until = now() + %(lease)s
            from course_settings s join courses c on c.id = s.course_id
            where a.course_id = s.course_id and a.told_at is null and a.claimed_until <= now()
                and s.staff_channel_id is not null
            returning a.id, a.course_id, a.kind, a.model, a.shift, a.part, a.n, a.made_at, s.staff_channel_id,
                c.slug, c.title, c.language
            """,
            {"lease": lease},
        )
        return await cur.fetchall()


async def told(conn: AsyncConnection, *, course: CourseId, alert: int) -> None:
    await conn.execute(
        "update judge_alerts set told_at = now() where id = %(alert)s and course_id = %(course)s",
        {"alert": alert, "course": course},
    )


def _due(*, staff_channel_id: int, slug: str, title: str, language: Language, **columns: Any) -> DueAlert:  # noqa: ANN401 - a row
    told_of = JudgeAlert(**columns)
    course = Course(id=told_of.course_id, slug=slug, title=title, language=language)
    return DueAlert(alert=told_of, course=course, staff_channel_id=staff_channel_id)
