"""Which weeks each course was told of, who is telling one now, and whose mail waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import CourseId, DigestSchedule, Language
from db.records.operation import LastDigest


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """When and where a course gets its digest, and what it was told last."""

    course_id: CourseId
    slug: str
    time_zone: str
    weekday: int  # 1 is Monday
    hour: int
    channel_id: int | None
    since: datetime
    last_done: str | None  # a week, such as "2026-W47"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestClaim:
    """One digest in the hands of one process, until its lease runs out."""

    course_id: CourseId
    slug: str
    title: str
    language: Language
    week: str  # the last it tells of
    weeks: int
    time_zone: str
    channel_id: int | None  # where an attempt before may have posted it
    wanted_channel_id: int | None  # where it goes by the settings
    begun_at: datetime  # by the first who claimed it
    token: int
    attempts: int  # this one included


@dataclass(frozen=True, slots=True, kw_only=True)
class MailClaim:
    """The mail of one digest in the hands of one process."""

    course_id: CourseId
    slug: str
    title: str
    language: Language
    week: str
    weeks: int
    time_zone: str
    addresses: list[str]
    token: int
    attempts: int


async def plans(conn: AsyncConnection) -> list[DigestPlan]:
    """The plans of all courses that get a digest and have somewhere to get it."""
    async with conn.cursor(row_factory=class_row(DigestPlan)) as cur:
        # As bytes: other collations pass over the hyphen in "2026-W47".
        await cur.execute(
            """
            select c.id as course_id, c.slug, s.time_zone, s.digest_weekday as weekday, s.digest_hour as hour,
                s.digest_channel_id as channel_id, s.digest_since as since,
                (select max(d.week collate "C") from digests d
                where d.course_id = c.id and d.state in ('posted', 'empty')) as last_done
            from course_settings s join courses c on c.id = s.course_id
            where s.digest_since is not null and s.digest_stopped_at is null
                and (s.digest_channel_id is not null or cardinality(s.digest_emails) > 0)
            order by c.id
            """
        )
        return await cur.fetchall()


async def take_over(conn: AsyncConnection, course: CourseId, *, lease: timedelta) -> DigestClaim | None:
    """Claim the digest of *course* that was begun and whose lease has run out."""
    async with conn.cursor(row_factory=class_row(DigestClaim)) as cur:
        await cur.execute(
            """
            update digests d set token = d.token + 1, attempts = d.attempts + 1, leased_until = now() + %(lease)s
            from courses c, course_settings s
            where d.course_id = %(course)s and c.id = d.course_id and s.course_id = d.course_id
                and d.state = 'claimed' and d.leased_until <= now()
            returning d.course_id, c.slug, c.title, c.language, d.week, d.weeks, d.time_zone, d.channel_id,
                s.digest_channel_id as wanted_channel_id, d.begun_at, d.token, d.attempts
            """,
            {"course": course, "lease": lease},
        )
        return await cur.fetchone()


async def begin(
    conn: AsyncConnection,
    *,
    course: CourseId,
    week: str,
    weeks: int,
    first_week: str,
    time_zone: str,
    channel: int | None,
    lease: timedelta,
) -> DigestClaim | None:
    """
    Claim a new digest; None: one of its weeks is told already, or being told, or it has failed.

    What was due a moment ago may be told by now: only this statement knows.
    """
    async with conn.cursor(row_factory=class_row(DigestClaim)) as cur:
        await cur.execute(
            """
            with begun as (
                insert into digests (course_id, week, weeks, time_zone, channel_id, leased_until)
                select %(course)s, %(week)s, %(weeks)s, %(time_zone)s, %(channel)s, now() + %(lease)s
                where not exists (
                    select from digests
                    where course_id = %(course)s and state <> 'failed' and week collate "C" >= %(first_week)s
                )
                on conflict do nothing
                returning course_id, week, weeks, time_zone, channel_id, begun_at, token, attempts
            )
            select b.course_id, c.slug, c.title, c.language, b.week, b.weeks, b.time_zone, b.channel_id,
                b.channel_id as wanted_channel_id, b.begun_at, b.token, b.attempts
            from begun b join courses c on c.id = b.course_id
            """,
            {
                "course": course,
                "week": week,
                "weeks": weeks,
                "first_week": first_week,
                "time_zone": time_zone,
                "channel": channel,
                "lease": lease,
            },
        )
        return await cur.fetchone()


async def renew(conn: AsyncConnection, claim: DigestClaim, *, lease: timedelta) -> bool:
    """
    Hold the digest for another *lease*, to be posted where it is wanted; return False if it has been claimed anew.

    Whoever takes over looks where it says, so this comes before the post.
    """
    renewed = await conn.execute(
        """
        update digests set leased_until = now() + %(lease)s, channel_id = %(channel)s
        where course_id = %(course)s and week = %(week)s and token = %(token)s and state = 'claimed'
        """,
        {**_held(claim), "lease": lease, "channel": claim.wanted_channel_id},
    )
    return renewed.rowcount > 0


async def finish(conn: AsyncConnection, claim: DigestClaim, *, message: int | None) -> bool:
    """
    Have told the weeks; return False if the digest has been claimed anew, and whoever holds it now will end it.

    What was posted goes by mail as well, where the course has addresses.
    """
    finished = await conn.execute(
        """
        update digests d set state = 'posted', message_id = %(message)s, reason = null, posted_at = now(),
            mail_state = case when d.mail_state = 'none' and cardinality(s.digest_emails) > 0 then 'waiting'
                else d.mail_state end
        from course_settings s
        where d.course_id = %(course)s and d.week = %(week)s and d.token = %(token)s and d.state = 'claimed'
            and s.course_id = d.course_id
        """,
        {**_held(claim), "message": message},
    )
    return finished.rowcount > 0


async def retry(conn: AsyncConnection, claim: DigestClaim, *, after: timedelta, reason: str | None) -> bool:
    """Let somebody take the digest over *after* a while; return False if it has been claimed anew."""
    postponed = await conn.execute(
        """
        update digests set leased_until = now() + %(after)s, reason = coalesce(%(reason)s, reason)
        where course_id = %(course)s and week = %(week)s and token = %(token)s and state = 'claimed'
        """,
        {**_held(claim), "after": after, "reason": reason},
    )
    return postponed.rowcount > 0


async def fail(conn: AsyncConnection, claim: DigestClaim, *, reason: str) -> bool:
    """
    Give the digest up, so that the next one tells its weeks; return False if it has been claimed anew.

    Who reads it by mail need not wait for that.
    """
    failed = await conn.execute(
        """
        update digests d set state = 'failed', reason = %(reason)s,
            mail_state = case when d.mail_state = 'none' and cardinality(s.digest_emails) > 0 then 'waiting'
                else d.mail_state end
        from course_settings s
        where d.course_id = %(course)s and d.week = %(week)s and d.token = %(token)s and d.state = 'claimed'
            and s.course_id = d.course_id
        """,
        {**_held(claim), "reason": reason},
    )
    return failed.rowcount > 0


async def reopen(conn: AsyncConnection, course: CourseId) -> bool:
    """Let the last digest be posted after all, where the settings now say, if it has failed these two weeks."""
    # Not 0: from the second attempt on, it is looked for whether an earlier one has arrived.
    reopened = await conn.execute(
        """
        update digests d set state = 'claimed', leased_until = now(), attempts = 1
        where d.course_id = %(course)s and d.state = 'failed'
            and d.begun_at > now() - interval '14 days'
            and not exists (select from digests n where n.course_id = d.course_id
                and n.week collate "C" > d.week collate "C")
        """,
        {"course": course},
    )
    return reopened.rowcount > 0


async def claim_mail(conn: AsyncConnection, *, lease: timedelta) -> MailClaim | None:
    """
    Claim the mail that has waited longest, of any course.

    Nobody wants one of last term on the day on which a mail server is configured.
    """
    async with conn.cursor(row_factory=class_row(MailClaim)) as cur:
        await cur.execute(
            """
            update digests d set mail_token = d.mail_token + 1, mail_attempts = d.mail_attempts + 1,
                mail_leased_until = now() + %(lease)s
            from (
                select d.course_id, d.week from digests d join course_settings s on s.course_id = d.course_id
                where d.mail_state = 'waiting' and d.mail_leased_until <= now()
                    and d.begun_at > now() - interval '14 days' and s.digest_stopped_at is null
                order by d.mail_leased_until, d.course_id, d.week limit 1 for update of d skip locked
            ) due, courses c, course_settings s
            where d.course_id = due.course_id and d.week = due.week and c.id = d.course_id and s.course_id = d.course_id
            returning d.course_id, c.slug, c.title, c.language, d.week, d.weeks, d.time_zone,
                s.digest_emails as addresses, d.mail_token as token, d.mail_attempts as attempts
            """,
            {"lease": lease},
        )
        return await cur.fetchone()


async def finish_mail(
    conn: AsyncConnection, claim: MailClaim, *, state: Literal["sent", "failed"], reason: str | None = None
) -> bool:
    """End the mail, sent or given up; return False if it has been claimed anew."""
    finished = await conn.execute(
        """
        update digests set mail_state = %(state)s, mail_reason = %(reason)s,
            mailed_at = case when %(state)s = 'sent' then now() end
        where course_id = %(course)s and week = %(week)s and mail_token = %(token)s and mail_state = 'waiting'
        """,
        {**_held(claim), "state": state, "reason": reason},
    )
    return finished.rowcount > 0


async def retry_mail(conn: AsyncConnection, claim: MailClaim, *, after: timedelta, reason: str | None) -> bool:
    """Let somebody take the mail over *after* a while; return False if it has been claimed anew."""
    postponed = await conn.execute(
        """
        update digests set mail_leased_until = now() + %(after)s, mail_reason = coalesce(%(reason)s, mail_reason)
        where course_id = %(course)s and week = %(week)s and mail_token = %(token)s and mail_state = 'waiting'
        """,
        {**_held(claim), "after": after, "reason": reason},
    )
    return postponed.rowcount > 0


def _held(claim: DigestClaim | MailClaim) -> dict[str, int | str]:
    return {"course": claim.course_id, "week": claim.week, "token": claim.token}


async def schedule(conn: AsyncConnection, course: CourseId) -> DigestSchedule:
    """Return the schedule of a course that has settings."""
    async with conn.cursor(row_factory=class_row(DigestSchedule)) as cur:
        await cur.execute(
            """
            select time_zone, digest_weekday as weekday, digest_hour as hour, digest_channel_id as channel_id,
                digest_emails as emails, case when digest_stopped_at is null then digest_since end as since,
                digest_least_askers as least_askers, price_in, price_out, currency
            from course_settings where course_id = %(course)s
            """,
            {"course": course},
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - its caller has ensured it
    return found


async def stop(conn: AsyncConnection, course: CourseId) -> None:
    """Let a course get no digest until there is a new schedule, one that is on its way included."""
    await conn.execute(
        """
        update course_settings set digest_stopped_at = coalesce(digest_stopped_at, now())
        where course_id = %s and digest_since is not null
        """,
        [course],
    )
    await conn.execute(
        """
        update digests set state = 'failed', token = token + 1, reason = 'The digest was turned off.'
        where course_id = %s and state = 'claimed'
        """,
        [course],
    )


async def send_again(conn: AsyncConnection, course: CourseId) -> None:
    """Let the last mail go out after all, if it has failed these two weeks."""
    await conn.execute(
        """
        update digests d set mail_state = 'waiting', mail_attempts = 0, mail_leased_until = now()
        where d.course_id = %(course)s and d.mail_state = 'failed' and d.begun_at > now() - interval '14 days'
            and d.week = (select max(n.week collate "C") from digests n where n.course_id = %(course)s)
        """,
        {"course": course},
    )


async def last_done(conn: AsyncConnection, course: CourseId) -> str | None:
    """Return the last week that *course* was told of."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select max(week collate "C") from digests where course_id = %s and state in ('posted', 'empty')
            """,
            [course],
        )
        return await cur.fetchone()


async def last(conn: AsyncConnection, course: CourseId) -> LastDigest | None:
    async with conn.cursor(row_factory=class_row(LastDigest)) as cur:
        await cur.execute(
            """
            select week, state = 'failed' and begun_at > now() - interval '14 days' as has_failed,
                mail_state = 'failed' and begun_at > now() - interval '14 days' as mail_has_failed
            from digests where course_id = %s order by week collate "C" desc limit 1
            """,
            [course],
        )
        return await cur.fetchone()


async def set_schedule(conn: AsyncConnection, course: CourseId, wanted: DigestSchedule) -> DigestSchedule:
    """
    Store a schedule, and turn it on.

    It owes nothing for weeks that were over when the first one began, nor for those in which it was off from Monday to
    Sunday.
    """
    await conn.execute(
        """
        update course_settings set time_zone = %(time_zone)s, digest_weekday = %(weekday)s, digest_hour = %(hour)s,
            digest_channel_id = %(channel_id)s, digest_emails = %(emails)s, digest_least_askers = %(least_askers)s,
            digest_since = case
                when digest_stopped_at < date_trunc('week', now() at time zone %(time_zone)s) at time zone %(time_zone)s
                    - interval '7 days' then now()
                else coalesce(digest_since, now()) end,
            digest_stopped_at = null
        where course_id = %(course)s
        """,
        {
            "course": course,
            "time_zone": wanted.time_zone,
            "weekday": wanted.weekday,
            "hour": wanted.hour,
            "channel_id": wanted.channel_id,
            "emails": wanted.emails,
            "least_askers": wanted.least_askers,
        },
    )
    return await schedule(conn, course)


async def set_prices(conn: AsyncConnection, course: CourseId, wanted: DigestSchedule) -> DigestSchedule:
    """Store the prices alone: a course may have some and get no digest."""
    await conn.execute(
        """
        update course_settings set price_in = %(price_in)s, price_out = %(price_out)s, currency = %(currency)s
        where course_id = %(course)s
        """,
        {
            "course": course,
            "price_in": wanted.price_in,
            "price_out": wanted.price_out,
            "currency": wanted.currency,
        },
    )
    return await schedule(conn, course)
