"""Flagged answers as cards for staff: what each card shows, who has taken it, and how it was settled."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import AnswerId, CourseId, ItemId, Verdict, VerifiedId
from db.records.reviews import DueCard, ListedItem, ReviewItem, ReviewStats, SentCard


async def claim_due(conn: AsyncConnection, *, lease: timedelta, most: int) -> list[DueCard]:
    """Take cards that are to be posted or edited, of courses with a channel for staff, and hold them for *lease*."""
    async with conn.cursor(row_factory=class_row(DueCard)) as cur:
        # By when they were let go of: a card that fails again and again keeps no other waiting.
        await cur.execute(
            """
            update review_items i set card_claimed_until = now() + %(lease)s
            from (
                select i.id, s.staff_channel_id
                from review_items i join course_settings s on s.course_id = i.course_id
                where i.card_shown < i.card_version and i.card_claimed_until <= now()
                    and s.staff_channel_id is not null
                    -- What was settled before anybody saw a card needs none.
                    and (i.settled_at is null or i.card_message_id is not null or i.card_begun_at is not null)
                    and not exists (
                        select from edits e
                        where e.target = 'card' and e.target_id = i.id and e.leased_until > now()
                    )
                order by i.card_claimed_until, i.id limit %(most)s for update of i skip locked
            ) due
            where i.id = due.id
            returning i.id as item_id, i.course_id, due.staff_channel_id
            """,
            {"lease": lease, "most": most},
        )
        return await cur.fetchall()


async def begin_send(conn: AsyncConnection, *, course: CourseId, item: ItemId, channel: int) -> SentCard | None:
    """
    Claim the card's place before it is sent; return what may have been sent there before. None: the item has gone.

    What may stand in another channel, which was the staff's before, is to be deleted there.
    """
    async with conn.cursor(row_factory=class_row(SentCard)) as cur:
        # What was there before is read in a part of its own: `returning` tells what the update has made of it.
        await cur.execute(
            """
            with before as (
                select card_channel_id = %(channel)s as is_here, card_channel_id, card_begun_at
                from review_items where id = %(item)s and course_id = %(course)s for update
            ), left_behind as (
                insert into orphan_messages (channel_id, nonce, since)
                select card_channel_id, 'card.' || %(item)s::bigint, card_begun_at from before
                where card_begun_at is not null and not is_here
            )
            update review_items i set card_channel_id = %(channel)s,
                card_begun_at = case when b.is_here then coalesce(b.card_begun_at, now()) else now() end
            from before b where i.id = %(item)s and i.course_id = %(course)s
            returning case when b.is_here then b.card_begun_at end as since
            """,
            {"course": course, "item": item, "channel": channel},
        )
        return await cur.fetchone()


async def shown(
    conn: AsyncConnection, *, course: CourseId, item: ItemId, channel: int, message: int, version: int, was_alone: bool
) -> bool:
    """
    Take note of the card's message and of what it shows; return False if the item has gone meanwhile.

    Where another hand edited it at the same time, nobody knows what it shows: the next round edits it.
    """
    updated = await conn.execute(
        """
        update review_items set card_channel_id = %(channel)s, card_message_id = %(message)s,
            card_shown = case when %(was_alone)s then %(version)s else 0 end, card_claimed_until = '-infinity',
            card_failures = 0, card_begun_at = null
        where id = %(item)s and course_id = %(course)s
        """,
        {
            "course": course,
            "item": item,
            "channel": channel,
            "message": message,
            "version": version,
            "was_alone": was_alone,
        },
    )
    return updated.rowcount > 0


async def unsent(conn: AsyncConnection, *, course: CourseId, item: ItemId) -> None:
    """Take note that no card is there, since Discord has refused the first one."""
    await conn.execute(
        "update review_items set card_begun_at = null where id = %(item)s and course_id = %(course)s",
        {"course": course, "item": item},
    )


async def failed(conn: AsyncConnection, *, course: CourseId, item: ItemId, first: timedelta) -> None:
    """Try the card again after a while, twice as long each time, and at most an hour."""
    # The exponent is bounded, for the power of a failure that lasts for days would overflow the interval.
    await conn.execute(
        """
        update review_items set card_failures = card_failures + 1, card_shown = 0,
            card_claimed_until = now()
                + least(%(first)s::interval * power(2, least(card_failures, 12)), interval '1 hour')
        where id = %(item)s and course_id = %(course)s
        """,
        {"course": course, "item": item, "first": first},
    )


async def lost(conn: AsyncConnection, *, course: CourseId, item: ItemId) -> None:
    """Forget the card's message, which was deleted or never came, so that another is posted."""
    await conn.execute(
        """
        update review_items set card_message_id = null, card_channel_id = null, card_begun_at = null, card_shown = 0,
            card_claimed_until = '-infinity'
        where id = %(item)s and course_id = %(course)s
        """,
        {"course": course, "item": item},
    )


async def touch(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> None:
    """Let the card of the answer's open item be shown anew."""
    await conn.execute(
        """
        update review_items set card_version = card_version + 1
        where answer_id = %(answer)s and course_id = %(course)s and settled_at is null
        """,
        {"course": course, "answer": answer},
    )


async def outdate(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> None:
    """Let every card of an answer be shown anew, those of settled items too."""
    await conn.execute(
        """
        update review_items set card_version = card_version + 1
        where answer_id = %(answer)s and course_id = %(course)s
        """,
        {"course": course, "answer": answer},
    )


async def outdate_words(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> None:
    """Let every card be shown anew that gives these words of staff, whichever way they were changed."""
    await conn.execute(
        """
        update review_items set card_version = card_version + 1
        where course_id = %(course)s and answer_id in (
            select answer_id from verified_uses
            where verified_id = %(verified)s and course_id = %(course)s and way = 'shown'
            union
            select answer_id from verified_answers where id = %(verified)s and course_id = %(course)s
        )
        """,
        {"course": course, "verified": verified},
    )


async def by_id(conn: AsyncConnection, *, course: CourseId, item: ItemId) -> ReviewItem | None:
    async with conn.cursor(row_factory=class_row(ReviewItem)) as cur:
        await cur.execute(
            """
            select i.id, i.answer_id, i.course_id, i.opened_at, i.settled_at, i.verdict, i.settled_by,
                case when i.taken_until > now() then i.taken_by end as taken_by,
                case when i.taken_until > now() then extract(epoch from i.taken_until - now())::float8 end
                    as taken_for_s,
                i.card_channel_id, i.card_message_id, i.card_version,
                array(select r.reason from review_reasons r where r.item_id = i.id order by r.given_at, r.reason)
                    as reasons,
                (select count(*) from annotations a where a.answer_id = i.answer_id and a.role = 'student'
                    and a.label = 'C')::int as up,
                (select count(*) from annotations a where a.answer_id = i.answer_id and a.role = 'student'
                    and a.label = 'I')::int as down,
                exists (select from judgements j
                    where j.answer_id = i.answer_id and j.kind = 'relevance' and j.score is not null) as has_score,
                exists (select from second_look_items s where s.item_id = i.id and s.course_id = i.course_id)
                    as is_second_look,
                l.is_drawn is true and l.ended_at is null as is_second_awaited,
                l.outcome is not distinct from 'labelled' and (
                    select count(distinct a.label) from annotations a
                    where a.answer_id = i.answer_id and a.course_id = i.course_id and a.role = 'staff'
                        and a.label in ('C', 'I')
                ) = 2 as are_labels_opposed
            from review_items i left join second_looks l on l.answer_id = i.answer_id and l.course_id = %(course)s
            where i.id = %(item)s and i.course_id = %(course)s
            """,
            {"course": course, "item": item},
        )
        return await cur.fetchone()


async def lock(conn: AsyncConnection, *, course: CourseId, item: ItemId) -> ReviewItem | None:
    """Return the item, alone with it and with its answer until the transaction ends."""
    # The answer first, as whoever votes: two that wait for each other would both be undone.
    await conn.execute(
        """
        select from answers
        where course_id = %(course)s
            and id = (select answer_id from review_items where id = %(item)s and course_id = %(course)s)
        for no key update
        """,
        {"course": course, "item": item},
    )
    await conn.execute(
        "select from review_items where id = %(item)s and course_id = %(course)s for update",
        {"course": course, "item": item},
    )
    return await by_id(conn, course=course, item=item)


async def open_of(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> ItemId | None:
    """Return the answer's open item."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select id from review_items
            where answer_id = %(answer)s and course_id = %(course)s and settled_at is null
            """,
            {"course": course, "answer": answer},
        )
        return await cur.fetchone()


async def take(conn: AsyncConnection, *, course: CourseId, item: ItemId, staff: int, lease: timedelta) -> bool:
    """Hold an open item for *lease*; return False if somebody else does, or it is settled."""
    taken = await conn.execute(
        """
        update review_items set taken_by = %(staff)s, taken_until = now() + %(lease)s, card_version = card_version + 1
        where id = %(item)s and course_id = %(course)s and settled_at is null
            and (taken_by is null or taken_by = %(staff)s or taken_until <= now())
        """,
        {"course": course, "item": item, "staff": staff, "lease": lease},
    )
    return taken.rowcount > 0


async def release(conn: AsyncConnection, *, course: CourseId, item: ItemId, staff: int) -> bool:
    """Let go of an item; return False if *staff* did not hold it."""
    released = await conn.execute(
        """
        update review_items set taken_by = null, taken_until = null, card_version = card_version + 1
        where id = %(item)s and course_id = %(course)s and settled_at is null and taken_by = %(staff)s
        """,
        {"course": course, "item": item, "staff": staff},
    )
    return released.rowcount > 0


async def settle(
    conn: AsyncConnection, *, course: CourseId, item: ItemId, verdict: Verdict, settled_by: str | None
) -> None:
    """End an open item; its lock must be held."""
    await conn.execute(
        """
        update review_items set settled_at = now(), verdict = %(verdict)s, settled_by = %(settled_by)s, taken_by = null,
            taken_until = null, card_version = card_version + 1
        where id = %(item)s and course_id = %(course)s and settled_at is null
        """,
        {"course": course, "item": item, "verdict": verdict, "settled_by": settled_by},
    )


NEED = (
    "called",
    "held",
    "voted_down",
    "vote_against_judge",
    "stale_verified",
    "source_gone",
    "source_changed",
    "sway",
    "uncited",
    "wrong_abstention",
    "unsupported_citation",
    "low_relevance",
    "split_opinion",
    "audit",
    "second_look",
)
"""Reasons by need: who called for a person comes first, chance last."""


async def listed(
    conn: AsyncConnection,
    *,
    course: CourseId,
    reason: str | None,
    only_free_for: int | None,
    not_labelled_by: str | None,
    most: int,
) -> list[ListedItem]:
    """
    Open items, the greatest need first, then the oldest; those with *reason*, or that *only_free_for* may take.

    Second looks at what *not_labelled_by* has labelled are left out.
    """
    async with conn.cursor(row_factory=class_row(ListedItem)) as cur:
        await cur.execute(
            """
            select i.id, i.answer_id, q.text as question, r.reasons,
                extract(epoch from now() - i.opened_at)::float8 as age_s,
                case when i.taken_until > now() then i.taken_by end as taken_by, i.card_channel_id, i.card_message_id
            from review_items i
            join answers a on a.id = i.answer_id
            join questions q on q.id = a.question_id
            cross join lateral (
                select array_agg(r.reason order by array_position(%(need)s, r.reason)) as reasons,
                    min(coalesce(array_position(%(need)s, r.reason), 99)) as need
                from review_reasons r where r.item_id = i.id
            ) r
            where i.course_id = %(course)s and i.settled_at is null
                and (%(reason)s::text is null or %(reason)s = any(r.reasons))
                and (%(free_for)s::bigint is null or i.taken_by is null or i.taken_until <= now()
                    or i.taken_by = %(free_for)s)
                and not exists (
                    select from second_look_items s
                    join annotations n on n.answer_id = i.answer_id and n.course_id = s.course_id
                    where s.item_id = i.id and s.course_id = i.course_id and n.role = 'staff'
                        and n.annotator_key = %(labelled_by)s
                )
            order by r.need, i.opened_at, i.id limit %(most)s
            """,
            {
                "course": course,
                "reason": reason,
                "free_for": only_free_for,
                "labelled_by": not_labelled_by,
                "most": most,
                "need": list(NEED),
            },
        )
        return await cur.fetchall()


async def stats(conn: AsyncConnection, *, course: CourseId) -> ReviewStats:
    async with conn.cursor(row_factory=class_row(ReviewStats)) as cur:
        await cur.execute(
            """
            select count(*) filter (where settled_at is null)::int as open,
                extract(epoch from now() - min(opened_at) filter (where settled_at is null))::float8 as oldest_s,
                count(*) filter (where is_recent)::int as settled,
                (percentile_cont(0.5) within group (order by extract(epoch from settled_at - opened_at))
                    filter (where is_recent))::float8 as median_settle_s
            from (
                select opened_at, settled_at,
                    settled_at > now() - interval '30 days' and verdict <> 'gone' as is_recent
                from review_items
                where course_id = %(course)s
                    and id not in (select item_id from second_look_items where course_id = %(course)s)
            ) i
            """,
            {"course": course},
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - aggregates always return their row
    return found


async def stats_by_reason(conn: AsyncConnection, *, course: CourseId) -> dict[str, tuple[int, int]]:
    """How many items are open, and were settled in the last 30 days, by reason."""
    cursor = await conn.execute(
        """
        select r.reason, count(*) filter (where i.settled_at is null),
            count(*) filter (where i.settled_at > now() - interval '30 days' and i.verdict <> 'gone')
        from review_items i join review_reasons r on r.item_id = i.id
        where i.course_id = %(course)s group by 1 order by 1
        """,
        {"course": course},
    )
    return {str(reason): (int(is_open), int(settled)) for reason, is_open, settled in await cursor.fetchall()}


async def see_judge(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, annotator_key: str) -> None:
    await conn.execute(
        """
        insert into judge_views (answer_id, course_id, annotator_key) values (%(answer)s, %(course)s, %(annotator_key)s)
        on conflict do nothing
        """,
        {"course": course, "answer": answer, "annotator_key": annotator_key},
    )


async def has_seen_judge(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, annotator_key: str) -> bool:
    async with conn.cursor() as cur:
        await cur.execute(
            """
            select from judge_views
            where answer_id = %(answer)s and course_id = %(course)s and annotator_key = %(annotator_key)s
            """,
            {"course": course, "answer": answer, "annotator_key": annotator_key},
        )
        return cur.rowcount > 0


async def comments(
    conn: AsyncConnection, *, course: CourseId, answer: AnswerId
) -> Sequence[tuple[str | None, str | None]]:
    """What students found wrong, as reason and words, the first first."""
    cursor = await conn.execute(
        """
        select reason, comment from annotations
        where answer_id = %(answer)s and course_id = %(course)s and role = 'student' and label = 'I'
            and (reason is not null or comment is not null)
        order by changed_at, id
        """,
        {"course": course, "answer": answer},
    )
    return [(reason, comment) for reason, comment in await cursor.fetchall()]
