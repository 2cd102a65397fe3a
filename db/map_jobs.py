"""Maps that are to be made: a queue in one table, for any number of workers on any number of machines."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId, LectureId
from db.records.maps import MapJob, MapStage
from db.records.operation import QueuedJob


async def promise(
    conn: AsyncConnection, *, course: CourseId, lectures: Sequence[LectureId], stage: MapStage = "cut"
) -> None:
    """Have the maps of *lectures* made anew, from *stage* on; whoever is at work on one can no longer end it."""
    await conn.execute(
        """
        insert into map_jobs as j (course_id, lecture_id, stage)
        select %(course)s, id, %(stage)s from unnest(%(lectures)s::bigint[]) as asked(id)
        on conflict (course_id, lecture_id) do update set
            stage = excluded.stage, state = 'waiting', run_at = now(), attempts = 0, token = j.token + 1,
            leased_until = null, reason = null
        """,
        {"course": course, "lectures": list(lectures), "stage": stage},
    )


async def claim(
    conn: AsyncConnection,
    *,
    lease: timedelta,
    most_attempts: int,
    stages: Sequence[MapStage],
    course: CourseId | None = None,
) -> MapJob | None:
    """
    Take the job of one of *stages* that is due longest, of *course* or of all, and hide it from others for *lease*.

    What is to be cut comes before what is to be written. A job that has killed its workers *most_attempts* times is
    buried by the next claim of any.
    """
    async with conn.cursor(row_factory=class_row(MapJob)) as cur:
        await cur.execute(
            """
            with due as (
                select course_id, lecture_id from map_jobs
                where state = 'waiting' and run_at <= now() and attempts < %(most)s and stage = any(%(stages)s)
                    and (%(course)s::bigint is null or course_id = %(course)s)
                order by stage, run_at, lecture_id limit 1 for update skip locked
            ), spent as (
                select course_id, lecture_id from map_jobs
                where state = 'waiting' and run_at <= now() and attempts >= %(most)s and stage = any(%(stages)s)
                    and (%(course)s::bigint is null or course_id = %(course)s)
                for update skip locked
            ), buried as (
                update map_jobs j set state = 'dead', run_at = now(), leased_until = null,
                    reason = coalesce(j.reason || '; ', '') || 'its workers ended before it did'
                from spent where j.course_id = spent.course_id and j.lecture_id = spent.lecture_id
            )
            update map_jobs j set attempts = j.attempts + 1, token = j.token + 1, run_at = now() + %(lease)s,
                leased_until = now() + %(lease)s
            from due where j.course_id = due.course_id and j.lecture_id = due.lecture_id
            returning j.course_id, j.lecture_id, j.stage, j.attempts, j.token
            """,
            {"lease": lease, "most": most_attempts, "stages": list(stages), "course": course},
        )
        return await cur.fetchone()


async def holds(conn: AsyncConnection, job: MapJob) -> bool:
    """Be alone with the job until the transaction ends; return False if it has been claimed or promised anew."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select from map_jobs
            where course_id = %(course)s and lecture_id = %(lecture)s and token = %(token)s and state = 'waiting'
            for no key update
            """,
            _held(job),
        )
        return cur.rowcount > 0


async def renew(conn: AsyncConnection, job: MapJob, *, lease: timedelta) -> bool:
    """Hide the job for another *lease*, and be alone with it; False if it has been claimed or promised anew."""
    renewed = await conn.execute(
        """
        update map_jobs set run_at = now() + %(lease)s, leased_until = now() + %(lease)s
        where course_id = %(course)s and lecture_id = %(lecture)s and token = %(token)s and state = 'waiting'
        """,
        {**_held(job), "lease": lease},
    )
    return renewed.rowcount > 0


async def go_on(conn: AsyncConnection, job: MapJob, stage: MapStage, *, after: timedelta) -> bool:
    """Let the next *stage* of the job be due *after* a while; return False if it has been claimed or promised anew."""
    moved = await conn.execute(
        """
        update map_jobs set stage = %(stage)s, run_at = now() + %(after)s, attempts = 0, leased_until = null,
            reason = null
        where course_id = %(course)s and lecture_id = %(lecture)s and token = %(token)s and state = 'waiting'
        """,
        {**_held(job), "stage": stage, "after": after},
    )
    return moved.rowcount > 0


async def finish(conn: AsyncConnection, job: MapJob) -> bool:
    """End the job; return False if it has been claimed or promised anew."""
    ended = await conn.execute(
        """
        update map_jobs set state = 'done', leased_until = null, reason = null
        where course_id = %(course)s and lecture_id = %(lecture)s and token = %(token)s and state = 'waiting'
        """,
        _held(job),
    )
    return ended.rowcount > 0


async def retry(conn: AsyncConnection, job: MapJob, *, after: timedelta, reason: str) -> bool:
    """Let the job be due again *after* a while; return False if it has been claimed or promised anew."""
    postponed = await conn.execute(
        """
        update map_jobs set run_at = now() + %(after)s, leased_until = null, reason = %(reason)s
        where course_id = %(course)s and lecture_id = %(lecture)s and token = %(token)s and state = 'waiting'
        """,
        {**_held(job), "after": after, "reason": reason},
    )
    return postponed.rowcount > 0


async def give_back(conn: AsyncConnection, job: MapJob, *, after: timedelta = timedelta(0)) -> bool:
    """Let the job be due again as if this attempt had not been; return False if it has been claimed anew."""
    returned = await conn.execute(
        """
        update map_jobs set run_at = now() + %(after)s, leased_until = null, attempts = attempts - 1
        where course_id = %(course)s and lecture_id = %(lecture)s and token = %(token)s and state = 'waiting'
        """,
        {**_held(job), "after": after},
    )
    return returned.rowcount > 0


async def bury(conn: AsyncConnection, job: MapJob, *, reason: str) -> bool:
    """Give the job up, as of now; return False if it has been claimed or promised anew."""
    # What is dead is not due: its `run_at` says since when it has been so.
    buried = await conn.execute(
        """
        update map_jobs set state = 'dead', run_at = now(), leased_until = null, reason = %(reason)s
        where course_id = %(course)s and lecture_id = %(lecture)s and token = %(token)s and state = 'waiting'
        """,
        {**_held(job), "reason": reason},
    )
    return buried.rowcount > 0


async def counts(conn: AsyncConnection, *, stages: Sequence[MapStage]) -> dict[str, int]:
    """How many jobs of *stages*, of all courses, are waiting and running, and how many of any stage are dead."""
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select case when state = 'waiting' and leased_until > now() then 'running' else state end, count(*)
            from map_jobs where state = 'dead' or (state = 'waiting' and stage = any(%(stages)s)) group by 1
            """,
            {"stages": list(stages)},
        )
        return {str(state): int(many) for state, many in await cur.fetchall()}


async def listed(
    conn: AsyncConnection, *, stages: Sequence[MapStage], course: CourseId | None, most: int
) -> list[QueuedJob]:
    """Jobs as `counts` counts them, of one course or of all: the dead first, then by when they are due."""
    async with conn.cursor(row_factory=class_row(QueuedJob)) as cur:
        await cur.execute(
            """
            select c.slug || '/' || l.slug as name, j.stage as kind, null as answer_id, c.slug as course,
                case when j.state = 'waiting' and j.leased_until > now() then 'running' else j.state end as state,
                j.attempts, extract(epoch from now() - j.run_at)::float8 as since_s, j.reason
            from map_jobs j
            join courses c on c.id = j.course_id
            join lectures l on l.id = j.lecture_id and l.course_id = j.course_id
            where (j.state = 'dead' or (j.state = 'waiting' and j.stage = any(%(stages)s)))
                and (%(course)s::bigint is null or j.course_id = %(course)s)
            order by j.state = 'dead' desc, j.run_at, j.course_id, j.lecture_id limit %(most)s
            """,
            {"stages": list(stages), "course": course, "most": most},
        )
        return await cur.fetchall()


async def requeue_dead(conn: AsyncConnection, *, course: CourseId | None, name: str | None) -> int:
    """Let dead jobs be due with all their attempts: *name* (COURSE/LECTURE), a course's, or all; return how many."""
    revived = await conn.execute(
        """
        update map_jobs j set state = 'waiting', attempts = 0, run_at = now()
        from courses c, lectures l
        where c.id = j.course_id and l.id = j.lecture_id and l.course_id = j.course_id and j.state = 'dead'
            and (%(course)s::bigint is null or j.course_id = %(course)s)
            and (%(name)s::text is null or c.slug || '/' || l.slug = %(name)s)
        """,
        {"course": course, "name": name},
    )
    return revived.rowcount


def _held(job: MapJob) -> dict[str, int]:
    return {"course": job.course_id, "lecture": job.lecture_id, "token": job.token}
