"""What a judge has learned from staff: configurations, their examples and rules, and which one is in use."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import AnswerId, ConfigurationId, CourseId, Label, RulesId
from db.records.learning import ConfigurationInUse, ExampleInUse, LearnedConfiguration


async def try_lock(conn: AsyncConnection, course: CourseId) -> bool:
    """Hold the course's learning for this session, also after its transaction; False: another session holds it."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select pg_try_advisory_lock(hashtext('monitoria.learning'), %(course)s::int)", {"course": course}
        )
        return bool(await cur.fetchone())


async def unlock(conn: AsyncConnection, course: CourseId) -> None:
    await conn.execute("select pg_advisory_unlock(hashtext('monitoria.learning'), %(course)s::int)", {"course": course})


async def add(
    conn: AsyncConnection,
    *,
    course: CourseId,
    model: str,
    prompt_id: str,
    prompt_sha256: str,
    sha256: str,
    examples: Sequence[tuple[AnswerId, Label]],
    rules: RulesId | None,
    reason: str,
) -> ConfigurationId:
    """Store a configuration that is not shipped, with its examples in their order."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with stored as (
                insert into judge_configurations
                    (course_id, model, prompt_id, prompt_sha256, sha256, rules_id, reason)
                values (%(course)s, %(model)s, %(prompt_id)s, %(prompt_sha256)s, %(sha256)s, %(rules)s, %(reason)s)
                returning id
            ), shown as (
                insert into judge_examples (configuration_id, course_id, position, answer_id, label)
                select stored.id, %(course)s, e.position, e.answer_id, e.label
                from stored, unnest(%(answers)s::bigint[], %(labels)s::text[])
                    with ordinality as e (answer_id, label, position)
            )
            select id from stored
            """,
            {
                "course": course,
                "model": model,
                "prompt_id": prompt_id,
                "prompt_sha256": prompt_sha256,
                "sha256": sha256,
                "rules": rules,
                "reason": reason,
                "answers": [answer for answer, _ in examples],
                "labels": [label for _, label in examples],
            },
        )
        return ConfigurationId(int(await cur.fetchone() or 0))


async def decide(
    conn: AsyncConnection,
    *,
    course: CourseId,
    configuration: ConfigurationId,
    ships: bool,
    reason: str,
    flag_below: int | None,
) -> bool:
    """
    Keep what was decided of a configuration; one that ships takes the place of the one in use.

    Return False, and ship nothing, where it has become stale since it was made.
    """
    if ships and not await _is_fresh(conn, course, configuration):
        return False
    if ships:
        await retire(conn, course)
    await conn.execute(
        """
        update judge_configurations set shipped_at = case when %(ships)s then now() end, reason = %(reason)s,
            flag_below = %(flag_below)s
        where id = %(configuration)s and course_id = %(course)s
        """,
        {
            "course": course,
            "configuration": configuration,
            "ships": ships,
            "reason": reason,
            "flag_below": flag_below,
        },
    )
    return True


async def retire(conn: AsyncConnection, course: CourseId) -> bool:
    """Let no configuration be in use; return False where none was."""
    retired = await conn.execute(
        """
        update judge_configurations set retired_at = now()
        where course_id = %(course)s and shipped_at is not null and retired_at is null
        """,
        {"course": course},
    )
    return retired.rowcount > 0


async def outdate(conn: AsyncConnection, *, course: CourseId, configuration: ConfigurationId, reason: str) -> None:
    """Keep that a configuration is no longer what was tested."""
    await conn.execute(
        """
        update judge_configurations set stale_since = now(), stale_reason = %(reason)s
        where id = %(configuration)s and course_id = %(course)s and stale_since is null
        """,
        {"course": course, "configuration": configuration, "reason": reason},
    )


async def in_use(
    conn: AsyncConnection, *, course: CourseId, model: str, prompts: Sequence[str]
) -> ConfigurationInUse | None:
    """Return what is in use with *model* and one of *prompts*, or None where there is nothing."""
    async with conn.cursor(row_factory=class_row(ConfigurationInUse)) as cur:
        await cur.execute(
            """
            select c.id, c.sha256, coalesce(r.rules, '{}') as rules
            from judge_configurations c
            left join judge_rules r on r.id = c.rules_id and r.course_id = %(course)s
            where c.course_id = %(course)s and c.model = %(model)s and c.prompt_id = any(%(prompts)s)
                and c.shipped_at is not null and c.retired_at is null and c.stale_since is null
                and r.stale_since is null
            """,
            {"course": course, "model": model, "prompts": list(prompts)},
        )
        return await cur.fetchone()


async def examples(conn: AsyncConnection, *, course: CourseId, configuration: ConfigurationId) -> list[ExampleInUse]:
    """The examples of a configuration, in their order."""
    async with conn.cursor(row_factory=class_row(ExampleInUse)) as cur:
        await cur.execute(
            """
            select e.answer_id, coalesce(q.standalone, q.text) as question,
                root_question(q.id, q.course_id) as root, a.text, e.label, (
                    select n.comment from annotations n
                    where n.answer_id = a.id and n.course_id = %(course)s and n.role = 'staff' and n.label = e.label
                        and n.comment is not null
                    order by n.changed_at desc, n.id desc limit 1
                ) as comment, (
                    select v.text from verified_answers v
                    where v.answer_id = a.id and v.course_id = %(course)s and v.retired_at is null
                ) as correction
            from judge_examples e
            join answers a on a.id = e.answer_id and a.course_id = %(course)s
            join questions q on q.id = a.question_id and q.course_id = %(course)s
            where e.configuration_id = %(configuration)s and e.course_id = %(course)s
            order by e.position
            """,
            {"course": course, "configuration": configuration},
        )
        return await cur.fetchall()


async def of_course(conn: AsyncConnection, course: CourseId) -> list[LearnedConfiguration]:
    """All configurations, the oldest first."""
    async with conn.cursor(row_factory=class_row(LearnedConfiguration)) as cur:
        await cur.execute(
            """
            select c.id, c.model, c.prompt_id, c.sha256, c.rules_id, c.flag_below, c.made_at, c.shipped_at, c.reason,
                c.retired_at, c.stale_since, c.stale_reason, array(
                    select e.answer_id from judge_examples e
                    where e.configuration_id = c.id and e.course_id = %(course)s order by e.position
                ) as answers
            from judge_configurations c where c.course_id = %(course)s order by c.id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def _is_fresh(conn: AsyncConnection, course: CourseId, configuration: ConfigurationId) -> bool:
    """Tell whether nothing that it was made of has gone or changed; nothing can until the transaction ends."""
    found = await conn.execute(
        """
        select from judge_configurations c
        where c.id = %(configuration)s and c.course_id = %(course)s and c.stale_since is null and not exists (
            -- Rules may have become stale in the moment when this was made of them.
            select from judge_rules r
            where r.id = c.rules_id and r.course_id = %(course)s and r.stale_since is not null
        )
        for update
        """,
        {"configuration": configuration, "course": course},
    )
    return found.rowcount > 0
