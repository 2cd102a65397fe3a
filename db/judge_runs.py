"""Each time that a judge was measured: rows are added and never changed."""

from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from db.records import ConfigurationId, CourseId, RunId
from db.records.learning import JudgeRun, RunHalf, RunKind


async def add(
    conn: AsyncConnection,
    *,
    course: CourseId,
    kind: RunKind,
    model: str | None,
    prompt_id: str | None,
    labels: str,
    half: RunHalf,
    n: int,
    missing: int,
    figures: Mapping[str, Any],
    model_served: str | None = None,
    configuration: ConfigurationId | None = None,
    tokens: int = 0,
    outcome: str | None = None,
    reason: str = "",
) -> RunId:
    """Store a run after the last one of its kind, its parent."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into judge_runs (course_id, kind, model, model_served, prompt_id, configuration_id, labels, half, n,
                missing, figures, tokens, outcome, reason, parent_id)
            values (%(course)s, %(kind)s, %(model)s, %(model_served)s, %(prompt_id)s, %(configuration)s, %(labels)s,
                %(half)s, %(n)s, %(missing)s, %(figures)s, %(tokens)s, %(outcome)s, %(reason)s,
                (select max(id) from judge_runs where course_id = %(course)s and kind = %(kind)s))
            returning id
            """,
            {
                "course": course,
                "kind": kind,
                "model": model,
                "model_served": model_served,
                "prompt_id": prompt_id,
                "configuration": configuration,
                "labels": labels,
                "half": half,
                "n": n,
                "missing": missing,
                "figures": Jsonb(dict(figures)),
                "tokens": tokens,
                "outcome": outcome,
                "reason": reason,
            },
        )
        return RunId(int(await cur.fetchone() or 0))


async def of_course(conn: AsyncConnection, course: CourseId) -> list[JudgeRun]:
    """All runs of a course, the oldest first."""
    async with conn.cursor(row_factory=class_row(JudgeRun)) as cur:
        await cur.execute(
            """
            select j.id, j.course_id, j.kind, j.made_at, j.model, j.model_served, j.prompt_id, j.configuration_id,
                r.rules, coalesce(c.shipped_at is not null and c.retired_at is null and c.stale_since is null, false)
                    as is_in_use,
                c.stale_reason, j.labels, j.half, j.n, j.missing, j.figures, j.tokens, j.outcome, j.reason, j.parent_id
            from judge_runs j
            left join judge_configurations c on c.id = j.configuration_id and c.course_id = %(course)s
            left join judge_rules r on r.id = c.rules_id and r.course_id = %(course)s
            where j.course_id = %(course)s order by j.id
            """,
            {"course": course},
        )
        return await cur.fetchall()
