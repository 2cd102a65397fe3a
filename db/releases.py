"""The cards that say that a lecture is there: which are due, who is posting or editing one now, and where they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import CourseId, Language, Lecture

LATE = timedelta(days=3)
"""After that, nobody needs to be told that a lecture is there: a weekend without Monitoria is made up for, no term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseClaim:
    """One card in the hands of one process, until its lease runs out."""

    card_id: int
    course_id: CourseId
    slug: str
    title: str
    language: Language
    state: Literal["due", "posted"]
    channel_id: int  # where it is, or where an attempt before may have posted it
    message_id: int | None
    wanted_channel_id: int | None  # where it goes by the settings; None: the course wants no more of them
    begun_at: datetime
    is_late: bool  # too late to be posted
    token: int
    attempts: int  # this one included; since it was posted, or last edited
    version: int  # of what it should show


async def begin(conn: AsyncConnection) -> int:
    """Make a card for the lectures of each course that have come and are told of nowhere; return how many."""
    # Two who look at once would both make one, and each statement must see what the one before has made.
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('release_cards', 16))")
    begun = await conn.execute(
        """
        with come as (
            select l.id as lecture_id, l.course_id, s.release_channel_id
            from course_settings s join lectures l on l.course_id = s.course_id
            where s.release_channel_id is not null
                and l.released_at <= now() and l.released_at > greatest(s.releases_since, now() - %(late)s)
                and l.withdrawn_at is null and l.transcript_id is not null
                and not exists (
                    select from released_lectures r where r.lecture_id = l.id and r.course_id = l.course_id
                )
        ), cards as (
            insert into release_cards (course_id, channel_id)
            select distinct course_id, release_channel_id from come
            returning id, course_id
        )
        insert into released_lectures (lecture_id, course_id, card_id)
        select c.lecture_id, c.course_id, r.id from come c join cards r on r.course_id = c.course_id
        """,
        {"late": LATE},
    )
    return begun.rowcount


async def claim(conn: AsyncConnection, *, lease: timedelta) -> ReleaseClaim | None:
    """Take the card that has waited longest to be posted or edited, of any course."""
    async with conn.cursor(row_factory=class_row(ReleaseClaim)) as cur:
        await cur.execute(
            """
            update release_cards r set token = r.token + 1, attempts = r.attempts + 1, leased_until = now() + %(lease)s
            from (
                select id from release_cards
                where leased_until <= now() and (state = 'due' or (state = 'posted' and shown < wanted))
                order by leased_until, id limit 1 for update skip locked
            ) due, courses c left join course_settings s on s.course_id = c.id
            where r.id = due.id and c.id = r.course_id
            returning r.id as card_id, r.course_id, c.slug, c.title, c.language, r.state, r.channel_id, r.message_id,
                s.release_channel_id as wanted_channel_id, r.begun_at, r.begun_at <= now() - %(late)s as is_late,
                r.token, r.attempts, r.wanted as version
            """,
            {"lease": lease, "late": LATE},
        )
        return await cur.fetchone()


async def forget_unreleased(conn: AsyncConnection, claim: ReleaseClaim) -> None:
    """Take those lectures off the card that nobody may know of (any more), so that they can come anew."""
    await conn.execute(
        """
        delete from released_lectures r using lectures l
        where r.card_id = %(card)s and r.course_id = %(course)s and l.id = r.lecture_id and l.course_id = r.course_id
            and (l.withdrawn_at is not null or l.transcript_id is null or l.released_at > now())
        """,
        {"card": claim.card_id, "course": claim.course_id},
    )


async def lectures(conn: AsyncConnection, claim: ReleaseClaim) -> list[Lecture]:
    """The lectures that the card tells of, by date and slug."""
    async with conn.cursor(row_factory=class_row(Lecture)) as cur:
        await cur.execute(
            """
            select l.id, l.course_id, l.slug, l.title, l.language, l.video_url, l.held_on, l.duration_s, l.released_at,
                l.source, l.transcript_id
            from released_lectures r join lectures l on l.id = r.lecture_id and l.course_id = r.course_id
            where r.card_id = %(card)s and r.course_id = %(course)s and l.withdrawn_at is null
                and l.transcript_id is not null and (l.released_at is null or l.released_at <= now())
            order by l.held_on nulls last, l.slug
            """,
            {"card": claim.card_id, "course": claim.course_id},
        )
        return await cur.fetchall()


async def renew(conn: AsyncConnection, claim: ReleaseClaim, *, channel: int, lease: timedelta) -> bool:
    """
    Hold the card for another *lease*, to be posted in *channel*; return False if it has been claimed anew.

    Whoever takes over looks where it says, so this comes before the post.
    """
    renewed = await conn.execute(
        """
        update release_cards set leased_until = now() + %(lease)s, channel_id = %(channel)s
        where id = %(card)s and course_id = %(course)s and token = %(token)s
        """,
        {**_held(claim), "lease": lease, "channel": channel},
    )
    return renewed.rowcount > 0


async def finish(
    conn: AsyncConnection,
    claim: ReleaseClaim,
    *,
    message: int,
    shown: int,
    state: Literal["posted", "gone"] = "posted",
) -> bool:
    """Take note of the message and of what it shows; return False if the card has been claimed anew."""
    finished = await conn.execute(
        """
        update release_cards set state = %(state)s, message_id = %(message)s, shown = %(shown)s, attempts = 0,
            leased_until = now()
        where id = %(card)s and course_id = %(course)s and token = %(token)s
        """,
        {**_held(claim), "state": state, "message": message, "shown": shown},
    )
    return finished.rowcount > 0


async def forget_trouble(conn: AsyncConnection, claim: ReleaseClaim, *, channel: int) -> None:
    """Take note that *channel* takes cards: the next trouble there is a new one."""
    await conn.execute(
        """
        update release_cards set reason = null
        where course_id = %(course)s and channel_id = %(channel)s and reason is not null
        """,
        {"course": claim.course_id, "channel": channel},
    )


async def is_known(conn: AsyncConnection, claim: ReleaseClaim, *, channel: int, reason: str) -> bool:
    """Tell whether *channel* has refused a card for this *reason* before, and taken none since."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select exists (
                select from release_cards
                where course_id = %(course)s and channel_id = %(channel)s and reason = %(reason)s
            )
            """,
            {"course": claim.course_id, "channel": channel, "reason": reason},
        )
        return bool(await cur.fetchone())


async def retry(
    conn: AsyncConnection, claim: ReleaseClaim, *, after: timedelta, reason: str | None, has_begun: bool = True
) -> bool:
    """
    Let somebody take the card over *after* a while; return False if it has been claimed anew.

    Where nothing *has_begun*, the attempt is not counted, and nobody looks for what it may have left.
    """
    postponed = await conn.execute(
        """
        update release_cards set leased_until = now() + %(after)s, reason = coalesce(%(reason)s, reason),
            attempts = attempts - case when %(has_begun)s then 0 else 1 end
        where id = %(card)s and course_id = %(course)s and token = %(token)s
        """,
        {**_held(claim), "after": after, "reason": reason, "has_begun": has_begun},
    )
    return postponed.rowcount > 0


async def fail(conn: AsyncConnection, claim: ReleaseClaim, *, reason: str | None) -> bool:
    """Give the card up; its lectures are told of nowhere else. Return False if it has been claimed anew."""
    failed = await conn.execute(
        """
        update release_cards set state = 'failed', reason = coalesce(%(reason)s, reason)
        where id = %(card)s and course_id = %(course)s and token = %(token)s
        """,
        {**_held(claim), "reason": reason},
    )
    return failed.rowcount > 0


async def drop(conn: AsyncConnection, claim: ReleaseClaim) -> bool:
    """Forget a card that has nothing to tell of and no message; return False if it has been claimed anew."""
    dropped = await conn.execute(
        "delete from release_cards where id = %(card)s and course_id = %(course)s and token = %(token)s", _held(claim)
    )
    return dropped.rowcount > 0


async def set_channel(conn: AsyncConnection, course: CourseId, channel: int | None) -> None:
    """Tell of lectures in *channel* from now on, or nowhere; one channel in place of another owes nothing anew."""
    await conn.execute(
        """
        update course_settings set release_channel_id = %(channel)s,
            releases_since = case when %(channel)s::bigint is not null then coalesce(releases_since, now()) end
        where course_id = %(course)s
        """,
        {"course": course, "channel": channel},
    )


def _held(claim: ReleaseClaim) -> dict[str, int]:
    return {"card": claim.card_id, "course": claim.course_id, "token": claim.token}
