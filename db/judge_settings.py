"""How each course wants its answers judged and flagged, version by version."""

from psycopg import AsyncConnection
from psycopg.rows import kwargs_row, scalar_row

from db.records import CourseId, JudgeSettings, Label


async def current(conn: AsyncConnection, course: CourseId) -> JudgeSettings:
    """The latest version, or what Monitoria ships."""
    async with conn.cursor(row_factory=kwargs_row(_settings)) as cur:
        await cur.execute(
            """
            select version, labels, flag_below, judge_share, audit_share, context_share, daily_tokens, second_share,
                second_opinion, second_opinion_share
            from judge_settings where course_id = %(course)s order by version desc limit 1
            """,
            {"course": course},
        )
        return await cur.fetchone() or JudgeSettings()


async def add(conn: AsyncConnection, course: CourseId, settings: JudgeSettings) -> int:
    """Store *settings* as the next version, and return its number; whoever adds at the same time waits."""
    # Not `for update`, which would also hold up every question that is being added to the course.
    await conn.execute("select from courses where id = %(course)s for no key update", {"course": course})
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into judge_settings
                (course_id, version, labels, flag_below, judge_share, audit_share, context_share, daily_tokens,
                    second_share, second_opinion, second_opinion_share)
            select %(course)s, coalesce(max(version), 0) + 1, %(labels)s, %(flag_below)s, %(judge_share)s,
                %(audit_share)s, %(context_share)s, %(daily_tokens)s, %(second_share)s, %(second_opinion)s,
                %(second_opinion_share)s
            from judge_settings where course_id = %(course)s
            returning version
            """,
            {
                "course": course,
                "labels": list(settings.labels),
                "flag_below": settings.flag_below,
                "judge_share": settings.judge_share,
                "audit_share": settings.audit_share,
                "context_share": settings.context_share,
                "daily_tokens": settings.daily_tokens,
                "second_opinion": settings.second_opinion,
                "second_opinion_share": settings.second_opinion_share,
                "second_share": settings.second_share,
            },
        )
        return int(await cur.fetchone() or 0)


def _settings(
    *,
    version: int,
    labels: list[Label],
    flag_below: int,
    judge_share: float,
    audit_share: float,
    context_share: float,
    daily_tokens: int | None,
    second_opinion: bool,
    second_opinion_share: float,
    second_share: float,
) -> JudgeSettings:
    worst, poor, fair, good = labels
    return JudgeSettings(
        version=version,
        labels=(worst, poor, fair, good),
        flag_below=flag_below,
        judge_share=judge_share,
        audit_share=audit_share,
        context_share=context_share,
        daily_tokens=daily_tokens,
        second_opinion=second_opinion,
        second_opinion_share=second_opinion_share,
        second_share=second_share,
    )
