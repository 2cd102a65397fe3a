"""Rules for the judge: a model's drafts, what people made of them, and the answers that they came from."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import AnswerId, CourseId, Label, RulesId
from db.records.learning import KeptRules


async def add(
    conn: AsyncConnection,
    *,
    course: CourseId,
    rules: Sequence[str],
    sources: Sequence[tuple[AnswerId, Label]],
    edited_from: RulesId | None = None,
    model: str | None = None,
    prompt_id: str | None = None,
    prompt_sha256: str | None = None,
    tokens: int = 0,
) -> RulesId:
    """Store rules with what they were distilled from; nothing of it is in use."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with stored as (
                insert into judge_rules (course_id, rules, edited_from, model, prompt_id, prompt_sha256, tokens)
                values (%(course)s, %(rules)s, %(edited_from)s, %(model)s, %(prompt_id)s, %(prompt_sha256)s, %(tokens)s)
                returning id
            ), came_from as (
                insert into judge_rule_sources (rules_id, course_id, answer_id, label)
                select stored.id, %(course)s, s.answer_id, s.label
                from stored, unnest(%(answers)s::bigint[], %(labels)s::text[]) as s (answer_id, label)
            )
            select id from stored
            """,
            {
                "course": course,
                "rules": list(rules),
                "edited_from": edited_from,
                "model": model,
                "prompt_id": prompt_id,
                "prompt_sha256": prompt_sha256,
                "tokens": tokens,
                "answers": [answer for answer, _ in sources],
                "labels": [label for _, label in sources],
            },
        )
        return RulesId(int(await cur.fetchone() or 0))


async def get(conn: AsyncConnection, *, course: CourseId, rules: RulesId) -> KeptRules | None:
    async with conn.cursor(row_factory=class_row(KeptRules)) as cur:
        await cur.execute(
            """
            select r.id, r.rules, r.model, r.stale_reason,
                coalesce(array_agg(s.answer_id order by s.answer_id) filter (where s.answer_id is not null), '{}')
                    as answers,
                coalesce(array_agg(s.label order by s.answer_id) filter (where s.answer_id is not null), '{}')
                    as labels
            from judge_rules r
            left join judge_rule_sources s on s.rules_id = r.id and s.course_id = %(course)s
            where r.id = %(rules)s and r.course_id = %(course)s
            group by r.id
            """,
            {"course": course, "rules": rules},
        )
        return await cur.fetchone()
