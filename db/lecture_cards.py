"""Cards about lectures: which are due, who is posting or editing one now, and where they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import CourseId, Language, Lecture
from db.records.lecture_cards import AskedWords, LectureCardKind

LATE = timedelta(days=3)
"""After that, nobody needs to be told that a lecture is there: a weekend without Monitoria is made up for, no term."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardClaim:
    """One card in the hands of one process, until its lease runs out."""

    card_id: int
    course_id: CourseId
    slug: str
    title: str
    language: Language
    kind: LectureCardKind
    state: Literal["due", "posted"]
    channel_id: int  # where it is, or where an attempt before may have posted it
    message_id: int | None
    wanted_channel_id: int | None  # where it goes by the settings; None: the course wants no more of them
    begun_at: datetime
    is_late: bool  # too late to be posted
    token: int
    attempts: int  # this one included; since it was posted, or last edited
    version: int  # of what it should show


async def begin(conn: AsyncConnection) -> None:
    """Make a card for the lectures of each course that have come and are told of nowhere, and one for what is asked."""
    # Two who look at once would both make one, and each statement must see what the one before has made.
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('lecture_cards', 16))")
    await conn.execute(
        """
        with come as (
            select l.id as lecture_id, l.course_id, s.release_channel_id
            from course_settings s join lectures l on l.course_id = s.course_id
            where s.release_channel_id is not null
                and l.released_at <= now() and l.released_at > greatest(s.releases_since, now() - %(late)s)
                and l.withdrawn_at is null and l.transcript_id is not null
                and not exists (
                    select from carded_lectures r
                    where r.kind = 'release' and r.lecture_id = l.id and r.course_id = l.course_id
                )
        ), cards as (
            insert into lecture_cards (course_id, kind, channel_id)
            select distinct course_id, 'release', release_channel_id from come
            returning id, course_id
        )
        insert into carded_lectures (kind, lecture_id, course_id, card_id)
        select 'release', c.lecture_id, c.course_id, r.id from come c join cards r on r.course_id = c.course_id
        """,
        {"late": LATE},
    )
    # Where staff deleted a card instead of answering, it asks no more; what is asked anew later is another card's.
    await conn.execute(
        """
        delete from carded_lectures r using lecture_cards k
        where r.kind = 'question' and k.id = r.card_id and k.course_id = r.course_id and k.state in ('failed', 'gone')
            and not exists (
                select from chapter_edits e
                where e.course_id = r.course_id and e.lecture_id = r.lecture_id and e.lost_at is not null
            )
        """
    )
    await conn.execute(
        """
        with lost as (
            select distinct l.id as lecture_id, l.course_id, s.staff_channel_id
            from chapter_edits e
            join lectures l on l.id = e.lecture_id and l.course_id = e.course_id
            join course_settings s on s.course_id = e.course_id
            where e.lost_at is not null and l.withdrawn_at is null and l.transcript_id is not null
                and s.staff_channel_id is not null
                and not exists (
                    select from carded_lectures r
                    where r.kind = 'question' and r.lecture_id = l.id and r.course_id = l.course_id
                )
        ), cards as (
            insert into lecture_cards (course_id, kind, channel_id)
            select distinct course_id, 'question', staff_channel_id from lost
            returning id, course_id
        )
        insert into carded_lectures (kind, lecture_id, course_id, card_id)
        select 'question', c.lecture_id, c.course_id, r.id from lost c join cards r on r.course_id = c.course_id
        """
    )


async def claim(conn: AsyncConnection, *, lease: timedelta) -> CardClaim | None:
    """Take the card that has waited longest to be posted or edited, of any course."""
    async with conn.cursor(row_factory=class_row(CardClaim)) as cur:
        await cur.execute(
            """
            update lecture_cards r set token = r.token + 1, attempts = r.attempts + 1, leased_until = now() + %(lease)s
            from (
                select id from lecture_cards
                where leased_until <= now() and (state = 'due' or (state = 'posted' and shown < wanted))
                order by leased_until, id limit 1 for update skip locked
            ) due, courses c left join course_settings s on s.course_id = c.id
            where r.id = due.id and c.id = r.course_id
            returning r.id as card_id, r.course_id, c.slug, c.title, c.language, r.kind, r.state, r.channel_id,
                r.message_id,
                case r.kind when 'release' then s.release_channel_id else s.staff_channel_id end as wanted_channel_id,
                r.begun_at, r.kind = 'release' and r.begun_at <= now() - %(late)s as is_late,
                r.token, r.attempts, r.wanted as version
            """,
            {"lease": lease, "late": LATE},
        )
        return await cur.fetchone()


async def forget_settled(conn: AsyncConnection, claim: CardClaim) -> None:
    """
    Take those lectures off the card that it is about no longer, so that another may be about them.

    Of a release, those that nobody may know of (any more); of a question, those about which nothing is asked.
    """
    await conn.execute(
        """
        delete from carded_lectures r using lectures l
        where r.card_id = %(card)s and r.course_id = %(course)s and l.id = r.lecture_id and l.course_id = r.course_id
            and (
                l.withdrawn_at is not null or l.transcript_id is null
                or (r.kind = 'release' and l.released_at > now())
                or (r.kind = 'question' and not exists (
                    select from chapter_edits e
                    where e.course_id = l.course_id and e.lecture_id = l.id and e.lost_at is not null
                ))
            )
        """,
        {"card": claim.card_id, "course": claim.course_id},
    )


async def lectures(conn: AsyncConnection, claim: CardClaim) -> list[Lecture]:
    """The lectures that the card is about, by date and slug; students may know of all that a release tells of."""
    async with conn.cursor(row_factory=class_row(Lecture)) as cur:
        await cur.execute(
            """
            select l.id, l.course_id, l.slug, l.title, l.language, l.video_url, l.held_on, l.duration_s, l.released_at,
                l.source, l.transcript_id
            from carded_lectures r join lectures l on l.id = r.lecture_id and l.course_id = r.course_id
            where r.card_id = %(card)s and r.course_id = %(course)s and l.withdrawn_at is null
                and l.transcript_id is not null
                and (r.kind = 'question' or l.released_at is null or l.released_at <= now())
            order by l.held_on nulls last, l.slug
            """,
            {"card": claim.card_id, "course": claim.course_id},
        )
        return await cur.fetchall()


async def asked(conn: AsyncConnection, claim: CardClaim) -> list[AskedWords]:
    """What the card asks staff about, by lecture and time."""
    async with conn.cursor(row_factory=class_row(AskedWords)) as cur:
        await cur.execute(
            """
            select e.id, l.slug as lecture, l.title as lecture_title, e.start_ms, e.end_ms, e.title, e.is_dropped
            from carded_lectures r
            join lectures l on l.id = r.lecture_id and l.course_id = r.course_id
            join chapter_edits e on e.lecture_id = l.id and e.course_id = r.course_id
            where r.card_id = %(card)s and r.course_id = %(course)s and r.kind = 'question'
                and e.lost_at is not null and l.withdrawn_at is null
            order by l.held_on nulls last, l.slug, e.start_ms, e.id
            """,
            {"card": claim.card_id, "course": claim.course_id},
        )
        return await cur.fetchall()


async def asked_in(conn: AsyncConnection, course: CourseId) -> list[AskedWords]:
    """What staff of a course are to be asked about, by lecture and time."""
    async with conn.cursor(row_factory=class_row(AskedWords)) as cur:
        await cur.execute(
            """
            select e.id, l.slug as lecture, l.title as lecture_title, e.start_ms, e.end_ms, e.title, e.is_dropped
            from chapter_edits e join lectures l on l.id = e.lecture_id and l.course_id = e.course_id
            where e.course_id = %(course)s and e.lost_at is not null and l.withdrawn_at is null
            order by l.held_on nulls last, l.slug, e.start_ms, e.id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def renew(conn: AsyncConnection, claim: CardClaim, *, channel: int, lease: timedelta) -> bool:
    """
    Hold the card for another *lease*, to be posted in *channel*; return False if it has been claimed anew.

    Whoever takes over looks where it says, so this comes before the post.
    """
    renewed = await conn.execute(
        """
        update lecture_cards set leased_until = now() + %(lease)s, channel_id = %(channel)s
        where id = %(card)s and course_id = %(course)s and token = %(token)s
        """,
        {**_held(claim), "lease": lease, "channel": channel},
    )
    return renewed.rowcount > 0


async def finish(
    conn: AsyncConnection,
    claim: CardClaim,
    *,
    message: int,
    shown: int,
    state: Literal["posted", "gone"] = "posted",
) -> bool:
    """Take note of the message and of what it shows; return False if the card has been claimed anew."""
    finished = await conn.execute(
        """
        update lecture_cards set state = %(state)s, message_id = %(message)s, shown = %(shown)s, attempts = 0,
            leased_until = now()
        where id = %(card)s and course_id = %(course)s and token = %(token)s
        """,
        {**_held(claim), "state": state, "message": message, "shown": shown},
    )
    return finished.rowcount > 0


async def forget_trouble(conn: AsyncConnection, claim: CardClaim, *, channel: int) -> None:
    """Take note that *channel* takes cards: the next trouble there is a new one."""
    await conn.execute(
        """
        update lecture_cards set reason = null
        where course_id = %(course)s and channel_id = %(channel)s and reason is not null
        """,
        {"course": claim.course_id, "channel": channel},
    )


async def is_known(conn: AsyncConnection, claim: CardClaim, *, channel: int, reason: str) -> bool:
    """Tell whether *channel* has refused a card for this *reason* before, and taken none since."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select exists (
                select from lecture_cards
                where course_id = %(course)s and channel_id = %(channel)s and reason = %(reason)s
            )
            """,
            {"course": claim.course_id, "channel": channel, "reason": reason},
        )
        return bool(await cur.fetchone())


async def retry(
    conn: AsyncConnection, claim: CardClaim, *, after: timedelta, reason: str | None, has_begun: bool = True
) -> bool:
    """
    Let somebody take the card over *after* a while; return False if it has been claimed anew.

    Where nothing *has_begun*, the attempt is not counted, and nobody looks for what it may have left.
    """
    postponed = await conn.execute(
        """
        update lecture_cards set leased_until = now() + %(after)s, reason = coalesce(%(reason)s, reason),
            attempts = attempts - case when %(has_begun)s then 0 else 1 end
        where id = %(card)s and course_id = %(course)s and token = %(token)s
        """,
        {**_held(claim), "after": after, "reason": reason, "has_begun": has_begun},
    )
    return postponed.rowcount > 0


async def fail(conn: AsyncConnection, claim: CardClaim, *, reason: str | None) -> bool:
    """Give the card up; its lectures are told of nowhere else. Return False if it has been claimed anew."""
    failed = await conn.execute(
        """
        update lecture_cards set state = 'failed', reason = coalesce(%(reason)s, reason)
        where id = %(card)s and course_id = %(course)s and token = %(token)s
        """,
        {**_held(claim), "reason": reason},
    )
    return failed.rowcount > 0


async def drop(conn: AsyncConnection, claim: CardClaim) -> bool:
    """Forget a card that has nothing to tell of and no message; return False if it has been claimed anew."""
    dropped = await conn.execute(
        "delete from lecture_cards where id = %(card)s and course_id = %(course)s and token = %(token)s", _held(claim)
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


def _held(claim: CardClaim) -> dict[str, int]:
    return {"card": claim.card_id, "course": claim.course_id, "token": claim.token}
