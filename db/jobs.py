"""Judgements that are due: a queue in one table, for any number of workers on any number of machines."""

from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import AnswerId, CourseId, Job, JobId, JudgeQueue
from db.records.operation import QueuedJob


async def enqueue(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, probability: float | None) -> None:
    """Add a job for each thing that every answer is judged for; those that it has stay as they are."""
    await conn.execute(
        """
        insert into jobs (kind, answer_id, course_id, probability)
        select kind, answer_id, course_id, %(probability)s from wanted_judgements
        where course_id = %(course)s and answer_id = %(answer)s
        on conflict (answer_id, kind) do nothing
        """,
        {"answer": answer, "course": course, "probability": probability},
    )


async def enqueue_context(
    conn: AsyncConnection, *, course: CourseId, answer: AnswerId, probability: float | None
) -> None:
    """Add a job for the passages of an answer that is judged itself, if it has any and they have no job yet."""
    # Where there is no judge, and where the answer was not drawn, nobody would keep the promise, or compare it.
    await conn.execute(
        """
        insert into jobs (kind, answer_id, course_id, probability)
        select c.kind, c.answer_id, c.course_id, %(probability)s from judgeable_contexts c
        where c.course_id = %(course)s and c.answer_id = %(answer)s and exists (
            select from jobs j where j.answer_id = c.answer_id and j.course_id = %(course)s and j.kind = 'relevance'
        )
        on conflict (answer_id, kind) do nothing
        """,
        {"answer": answer, "course": course, "probability": probability},
    )


async def enqueue_missing(conn: AsyncConnection, *, course: CourseId) -> int:
    """Add or repeat a job for each verdict that an answer of the course lacks and should have, and return how many."""
    queued = await conn.execute(
        """
        insert into jobs as j (kind, answer_id, course_id)
        select w.kind, w.answer_id, w.course_id from (
            select kind, answer_id, course_id from wanted_judgements
            union all
            -- Of passages only those that were promised.
            select kind, answer_id, course_id from jobs where kind = 'context'
        ) w
        where w.course_id = %(course)s and not exists (
            select from judgements g
            where g.answer_id = w.answer_id and g.kind = w.kind and g.status in ('ok', 'recovered')
        )
        on conflict (answer_id, kind) do update
            set state = 'waiting', attempts = 0, run_at = now(), leased_until = null, ended_at = null, reason = null
            where j.state <> 'waiting'
        """,
        {"course": course},
    )
    return queued.rowcount


async def repeat(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> int:
    """Add or repeat all jobs of one answer, and return how many it has."""
    queued = await conn.execute(
        """
        insert into jobs as j (kind, answer_id, course_id)
        select w.kind, w.answer_id, w.course_id from (
            select kind, answer_id, course_id from wanted_judgements
            union all
            select kind, answer_id, course_id from judgeable_contexts
        ) w
        where w.course_id = %(course)s and w.answer_id = %(answer)s
        on conflict (answer_id, kind) do update
            set state = 'waiting', attempts = 0, run_at = now(), leased_until = null, ended_at = null, reason = null
        """,
        {"course": course, "answer": answer},
    )
    return queued.rowcount


async def claim(
    conn: AsyncConnection,
    *,
    queue: JudgeQueue,
    lease: timedelta,
    most_attempts: int,
    answer: AnswerId | None = None,
) -> Job | None:
    """
    Take the job of *queue* that is due longest, of *answer* or of all, and hide it from other workers for *lease*.

    A worker that dies lets the lease run out, and the job is due again. The attempt counts from now, so that a job
    that kills its workers ends as well: the next claim of any job after *most_attempts* buries it.
    """
    async with conn.cursor(row_factory=class_row(Job)) as cur:
        # `skip locked`: two workers take two jobs, and neither waits for the other's transaction.
        await cur.execute(
            """
            with due as (
                select id from jobs
                where queue = %(queue)s and state = 'waiting' and run_at <= now() and attempts < %(most)s
                    and (%(answer)s::bigint is null or answer_id = %(answer)s)
                order by run_at, id limit 1 for update skip locked
            ), spent as (
                select id from jobs
                where queue = %(queue)s and state = 'waiting' and run_at <= now() and attempts >= %(most)s
                    and (%(answer)s::bigint is null or answer_id = %(answer)s)
                for update skip locked
            ), buried as (
                update jobs j set state = 'dead', ended_at = now(), leased_until = null,
                    reason = coalesce(j.reason || '; ', '') || 'its workers ended before it did'
                from spent where j.id = spent.id
            )
            update jobs j set attempts = j.attempts + 1, token = j.token + 1, run_at = now() + %(lease)s,
                leased_until = now() + %(lease)s
            from due where j.id = due.id
            returning j.id, j.kind, j.answer_id, j.course_id, j.probability, j.attempts, j.token
            """,
            {"queue": queue, "lease": lease, "most": most_attempts, "answer": answer},
        )
        return await cur.fetchone()


async def finish(conn: AsyncConnection, job: Job) -> bool:
    """End the job; return False if it has been claimed anew, and whoever holds it now will end it."""
    ended = await conn.execute(
        """
        update jobs set state = 'done', ended_at = now(), leased_until = null, reason = null
        where id = %(id)s and course_id = %(course)s and token = %(token)s and state = 'waiting'
        """,
        _held(job),
    )
    return ended.rowcount > 0


async def retry(conn: AsyncConnection, job: Job, *, after: timedelta, reason: str) -> bool:
    """Let the job be due again *after* a while; return False if it has been claimed anew."""
    postponed = await conn.execute(
        """
        update jobs set run_at = now() + %(after)s, leased_until = null, reason = %(reason)s
        where id = %(id)s and course_id = %(course)s and token = %(token)s and state = 'waiting'
        """,
        {**_held(job), "after": after, "reason": reason},
    )
    return postponed.rowcount > 0


async def give_back(conn: AsyncConnection, job: Job, *, after: timedelta = timedelta(0)) -> bool:
    """Let the job be due again as if this attempt had not been; return False if it has been claimed anew."""
    # The token stays as it is: it only grows, so attempts may go down and no two holders are alike all the same.
    returned = await conn.execute(
        """
        update jobs set run_at = now() + %(after)s, leased_until = null, attempts = attempts - 1
        where id = %(id)s and course_id = %(course)s and token = %(token)s and state = 'waiting'
        """,
        {**_held(job), "after": after},
    )
    return returned.rowcount > 0


async def bury(conn: AsyncConnection, job: Job, *, reason: str) -> bool:
    """Give the job up; return False if it has been claimed anew."""
    buried = await conn.execute(
        """
        update jobs set state = 'dead', ended_at = now(), leased_until = null, reason = %(reason)s
        where id = %(id)s and course_id = %(course)s and token = %(token)s and state = 'waiting'
        """,
        {**_held(job), "reason": reason},
    )
    return buried.rowcount > 0


async def counts(conn: AsyncConnection, queue: JudgeQueue) -> dict[str, int]:
    """How many jobs of a queue, of all courses, are waiting, running and dead."""
    async with conn.cursor() as cur:
        # Running is no state of its own: who dies at work writes nothing down, and its lease runs out by itself.
        await cur.execute(
            """
            select case when state = 'waiting' and leased_until > now() then 'running' else state end, count(*)
            from jobs where queue = %(queue)s and state <> 'done' group by 1
            """,
            {"queue": queue},
        )
        return {str(state): int(many) for state, many in await cur.fetchall()}


async def listed(conn: AsyncConnection, queue: JudgeQueue, *, course: CourseId | None, most: int) -> list[QueuedJob]:
    """Jobs of a queue that have not ended well, of one course or of all: the dead first, then by when they are due."""
    async with conn.cursor(row_factory=class_row(QueuedJob)) as cur:
        await cur.execute(
            """
            select j.id::text as name, j.kind, j.answer_id, c.slug as course,
                case when j.state = 'waiting' and j.leased_until > now() then 'running' else j.state end as state,
                j.attempts, extract(epoch from now() - coalesce(j.ended_at, j.run_at))::float8 as since_s, j.reason
            from jobs j join courses c on c.id = j.course_id
            where j.queue = %(queue)s and j.state <> 'done'
                and (%(course)s::bigint is null or j.course_id = %(course)s)
            order by j.state = 'dead' desc, j.run_at, j.id limit %(most)s
            """,
            {"queue": queue, "course": course, "most": most},
        )
        return await cur.fetchall()


async def requeue_dead(conn: AsyncConnection, *, course: CourseId | None, job: JobId | None) -> int:
    """Let dead jobs be due at once with all their attempts: one, those of a course, or all; return how many."""
    revived = await conn.execute(
        """
        update jobs set state = 'waiting', attempts = 0, run_at = now(), ended_at = null
        where state = 'dead' and (%(course)s::bigint is null or course_id = %(course)s)
            and (%(job)s::bigint is null or id = %(job)s)
        """,
        {"course": course, "job": job},
    )
    return revived.rowcount


def _held(job: Job) -> dict[str, int]:
    return {"id": job.id, "course": job.course_id, "token": job.token}
