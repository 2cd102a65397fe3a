"""Where answers stand: each place, each message, and which version of the answer it shows."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import AnswerId, AnswerMessage, CourseId, Destination, Language, QuestionId, Showing, VerifiedId


async def open_reply(
    conn: AsyncConnection, *, question: QuestionId, course: CourseId, destination: Destination
) -> Showing:
    """
    Claim the place where a question is answered, before anything is sent there.

    The same message that asks again has the same place. Another place of the same question has a nonce of its own,
    since Discord looks for nonces across channels.
    """
    await _steady(conn, question=question, course=course)
    async with conn.cursor(row_factory=class_row(Showing)) as cur:
        await cur.execute(
            """
            insert into showings
                (question_id, course_id, kind, nonce, guild_id, channel_id, reply_to, language, shows_question,
                 is_private)
            select %(question)s, %(course)s, 'reply',
                case when %(message_id)s::bigint is not null then 'q' || %(message_id)s
                    when count(*) = 0 then 'q' || %(question)s
                    else 'a' || %(question)s || '.' || count(*) end,
                %(guild_id)s, %(channel_id)s, %(message_id)s, %(language)s, false, %(is_private)s
            from showings where question_id = %(question)s
            on conflict (nonce) do update set over_at = null
            returning id, question_id, course_id, kind, nonce, guild_id, channel_id, reply_to, language,
                shows_question, is_private, wanted, begun_at
            """,
            {
                "question": question,
                "course": course,
                "guild_id": destination.guild_id,
                "channel_id": destination.channel_id,
                "message_id": destination.message_id,
                "language": destination.language,
                "is_private": destination.is_private,
            },
        )
        opened = await cur.fetchone()
    assert opened is not None  # noqa: S101 - it was inserted or updated
    await put_messages(conn, showing=opened, numbers=[0])
    return opened


async def open_share(
    conn: AsyncConnection,
    *,
    question: QuestionId,
    course: CourseId,
    guild: int | None,
    channel: int,
    language: Language,
    lease: timedelta,
) -> Showing | None:
    """Claim the public copy of a private answer; return None where there is one, or somebody is making it."""
    await _steady(conn, question=question, course=course)
    async with conn.cursor(row_factory=class_row(Showing)) as cur:
        # Of a row that was just inserted xmax is 0: this tells a new copy from one that somebody else has begun.
        await cur.execute(
            """
            insert into showings as s
                (question_id, course_id, kind, nonce, guild_id, channel_id, language, shows_question, is_private,
                 claimed_until)
            values (%(question)s, %(course)s, 'share', 'share.' || %(question)s, %(guild)s, %(channel)s, %(language)s,
                true, false, now() + %(lease)s)
            on conflict (nonce) do update set claimed_until = now() + %(lease)s, over_at = null
            where s.shown is null and s.claimed_until <= now() and s.channel_id = %(channel)s
            returning id, question_id, course_id, kind, nonce, guild_id, channel_id, reply_to, language,
                shows_question, is_private, wanted, begun_at, s.xmax <> 0 as is_taken_over
            """,
            {
                "question": question,
                "course": course,
                "guild": guild,
                "channel": channel,
                "language": language,
                "lease": lease,
            },
        )
        opened = await cur.fetchone()
    if opened:
        await put_messages(conn, showing=opened, numbers=[0])
    return opened


async def open_notice(
    conn: AsyncConnection, *, under: Showing, nonce: str, message: int, lease: timedelta
) -> Showing | None:
    """Claim a word on an answer, under its *message*; return None where it was told."""
    async with conn.cursor(row_factory=class_row(Showing)) as cur:
        await cur.execute(
            """
            insert into showings as s
                (question_id, course_id, kind, nonce, guild_id, channel_id, reply_to, language, shows_question,
                 is_private, claimed_until)
            values (%(question)s, %(course)s, 'notice', %(nonce)s, %(guild)s, %(channel)s, %(message)s,
                %(language)s, false, false, now() + %(lease)s)
            on conflict (nonce) do update set claimed_until = now() + %(lease)s
            where s.shown is null and s.over_at is null and s.claimed_until <= now()
            returning id, question_id, course_id, kind, nonce, guild_id, channel_id, reply_to, language,
                shows_question, is_private, wanted, begun_at
            """,
            {
                "question": under.question_id,
                "course": under.course_id,
                "nonce": nonce,
                "guild": under.guild_id,
                "channel": under.channel_id,
                "message": message,
                "language": under.language,
                "lease": lease,
            },
        )
        opened = await cur.fetchone()
    if opened:
        await put_messages(conn, showing=opened, numbers=[0])
    return opened


async def _steady(conn: AsyncConnection, *, question: QuestionId, course: CourseId) -> None:
    """
    Let nobody change what is to be shown of an answer until the transaction ends.

    Who changes it raises the version of the showings that are there; one that is just being added would be missed.
    """
    chosen = {"question": question, "course": course}
    await conn.execute(
        "select from answers where question_id = %(question)s and course_id = %(course)s for share", chosen
    )
    await conn.execute(
        """
        select from verified_answers v
        where v.course_id = %(course)s and exists (
            select from answers a
            left join verified_uses u on u.answer_id = a.id and u.course_id = %(course)s and u.way = 'shown'
            where a.question_id = %(question)s and a.course_id = %(course)s
                and (v.answer_id = a.id or v.id = u.verified_id)
        )
        for share of v
        """,
        chosen,
    )


async def current(conn: AsyncConnection, *, question: QuestionId, course: CourseId) -> Showing | None:
    """Where a question is to be answered: the place where it was asked last."""
    async with conn.cursor(row_factory=class_row(Showing)) as cur:
        await cur.execute(
            """
            select id, question_id, course_id, kind, nonce, guild_id, channel_id, reply_to, language, shows_question,
                is_private, wanted, begun_at
            from showings where question_id = %(question)s and course_id = %(course)s and kind = 'reply'
            order by id desc limit 1
            """,
            {"question": question, "course": course},
        )
        return await cur.fetchone()


async def put_messages(conn: AsyncConnection, *, showing: Showing, numbers: Sequence[int]) -> None:
    """Claim messages before they are sent; none where the showing is gone, so that `sent` says so of each."""
    # A message that has arrived keeps its row as it is. The lock lets nobody delete the showing in between.
    await conn.execute(
        """
        insert into answer_messages (showing_id, course_id, number)
        select s.id, s.course_id, claimed.number from showings s, unnest(%(numbers)s::int[]) claimed (number)
        where s.id = %(showing)s and s.course_id = %(course)s
        for key share of s
        on conflict (showing_id, number) do update set gone_at = null, claimed_at = now()
        where answer_messages.message_id is null
        """,
        {"showing": showing.id, "course": showing.course_id, "numbers": list(numbers)},
    )


async def messages(conn: AsyncConnection, *, showing: Showing) -> list[AnswerMessage]:
    """All messages that a showing has had, in the order in which they were sent."""
    async with conn.cursor(row_factory=class_row(AnswerMessage)) as cur:
        await cur.execute(
            """
            select number, message_id, gone_at is not null as is_gone,
                extract(epoch from now() - claimed_at)::float8 as age_s
            from answer_messages
            where showing_id = %(showing)s and course_id = %(course)s order by number
            """,
            {"showing": showing.id, "course": showing.course_id},
        )
        return await cur.fetchall()


async def sent(conn: AsyncConnection, *, showing: Showing, number: int, message: int) -> bool:
    """Keep the id of a message that arrived; return False where its row is gone: the message should go too."""
    updated = await conn.execute(
        """
        update answer_messages set message_id = %(message)s, gone_at = null
        where showing_id = %(showing)s and course_id = %(course)s and number = %(number)s
        """,
        {"showing": showing.id, "course": showing.course_id, "number": number, "message": message},
    )
    return updated.rowcount > 0


async def gone(conn: AsyncConnection, *, showing: Showing, numbers: Sequence[int]) -> None:
    """Take note of messages that are no longer there, or never were."""
    await conn.execute(
        """
        update answer_messages set gone_at = now()
        where showing_id = %(showing)s and course_id = %(course)s and number = any(%(numbers)s) and gone_at is null
        """,
        {"showing": showing.id, "course": showing.course_id, "numbers": list(numbers)},
    )


async def arrived(conn: AsyncConnection, *, showing: Showing, count: int, shows_question: bool) -> None:
    """
    Take note that an answer stands there, in *count* messages.

    Where it stood there before, two have sent it, and nobody knows whose words are the last; the next round edits it.
    """
    await conn.execute(
        """
        update showings s set shows_question = %(shows_question)s, claimed_until = '-infinity', failures = 0,
            over_at = null,
            shown = case when s.shown is null and not exists (
                select from answer_messages m
                where m.showing_id = s.id and m.number >= %(count)s and m.gone_at is null
            ) then %(version)s else 0 end
        where s.id = %(showing)s and s.course_id = %(course)s
        """,
        {
            "showing": showing.id,
            "course": showing.course_id,
            "version": showing.wanted,
            "count": count,
            "shows_question": shows_question,
        },
    )


async def shown(conn: AsyncConnection, *, showing: Showing, was_alone: bool) -> None:
    """Take note of the version that an edit has brought; where it was not alone, nobody knows it."""
    await conn.execute(
        """
        update showings set shown = case when %(was_alone)s then %(version)s else 0 end, failures = 0,
            claimed_until = '-infinity'
        where id = %(showing)s and course_id = %(course)s
        """,
        {"showing": showing.id, "course": showing.course_id, "version": showing.wanted, "was_alone": was_alone},
    )


async def failed(conn: AsyncConnection, *, showing: Showing, first: timedelta) -> None:
    """Try an edit again after a while, twice as long each time, and at most an hour."""
    # The exponent is bounded, for the power of a failure that lasts for days would overflow the interval.
    await conn.execute(
        """
        update showings set failures = failures + 1, shown = case when shown is not null then 0 end,
            claimed_until = now() + least(%(first)s::interval * power(2, least(failures, 12)), interval '1 hour')
        where id = %(showing)s and course_id = %(course)s
        """,
        {"showing": showing.id, "course": showing.course_id, "first": first},
    )


async def let_go(conn: AsyncConnection, *, showing: Showing) -> None:
    """Let another try to send what could not be sent."""
    await conn.execute(
        "update showings set claimed_until = now() where id = %(showing)s and course_id = %(course)s and shown is null",
        {"showing": showing.id, "course": showing.course_id},
    )


async def over(conn: AsyncConnection, *, showing: Showing) -> None:
    """Nothing is edited there any more: its first message was deleted by somebody, or never came."""
    await conn.execute(
        "update showings set over_at = now() where id = %(showing)s and course_id = %(course)s",
        {"showing": showing.id, "course": showing.course_id},
    )


async def found(conn: AsyncConnection, *, showing: Showing) -> None:
    """Take note that a message is there which nobody had written down; the next round edits it."""
    await conn.execute(
        """
        update showings set shown = case when kind = 'notice' then wanted else 0 end, claimed_until = '-infinity'
        where id = %(showing)s and course_id = %(course)s
        """,
        {"showing": showing.id, "course": showing.course_id},
    )


async def outdate(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> None:
    """Let every place be edited where *answer* stands; what is to be seen of it has changed."""
    await conn.execute(
        """
        update showings s set wanted = s.wanted + 1, failures = 0,
            claimed_until = case when s.failures > 0 then '-infinity' else s.claimed_until end
        from answers a
        where a.id = %(answer)s and a.course_id = %(course)s and s.question_id = a.question_id
            and s.course_id = %(course)s and s.kind <> 'notice'
        """,
        {"course": course, "answer": answer},
    )


async def outdate_words(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> None:
    """Let every place be edited where these words of staff stand; their row must have been changed before."""
    await conn.execute(
        """
        update showings s set wanted = s.wanted + 1, failures = 0,
            claimed_until = case when s.failures > 0 then '-infinity' else s.claimed_until end
        from answers a
        where a.course_id = %(course)s and s.question_id = a.question_id and s.course_id = %(course)s
            and s.kind <> 'notice' and a.id in (
                select u.answer_id from verified_uses u
                where u.verified_id = %(verified)s and u.course_id = %(course)s and u.way = 'shown'
                union
                select v.answer_id from verified_answers v where v.id = %(verified)s and v.course_id = %(course)s
            )
        """,
        {"course": course, "verified": verified},
    )


async def claim_due(conn: AsyncConnection, *, lease: timedelta, most: int) -> list[Showing]:
    """Take showings that are not what they should be and that nobody edits, and hold them for *lease*."""
    async with conn.cursor(row_factory=class_row(Showing)) as cur:
        await cur.execute(
            """
            update showings s set claimed_until = now() + %(lease)s
            from (
                select id from showings s
                where s.over_at is null and not s.is_private and s.shown < s.wanted and s.claimed_until <= now()
                    and not exists (
                        select from edits e
                        where e.target = 'showing' and e.target_id = s.id and e.leased_until > now()
                    )
                order by s.claimed_until, s.id limit %(most)s for update skip locked
            ) due
            where s.id = due.id
            returning s.id, s.question_id, s.course_id, s.kind, s.nonce, s.guild_id, s.channel_id, s.reply_to,
                s.language, s.shows_question, s.is_private, s.wanted, s.begun_at
            """,
            {"lease": lease, "most": most},
        )
        return await cur.fetchall()


async def claim_lost(conn: AsyncConnection, *, lease: timedelta, most: int) -> list[Showing]:
    """Take showings of which nobody knows whether they arrived, and which nobody is sending any more."""
    async with conn.cursor(row_factory=class_row(Showing)) as cur:
        # By when they were let go of: what fails again and again keeps nobody else waiting.
        await cur.execute(
            """
            update showings s set claimed_until = now() + %(lease)s
            from (
                select s.id from showings s join deliveries d on d.question_id = s.question_id
                where s.over_at is null and not s.is_private and s.shown is null and s.claimed_until <= now()
                    and (s.kind <> 'reply' or d.state <> 'waiting')
                order by s.claimed_until, s.id limit %(most)s for update of s skip locked
            ) lost
            where s.id = lost.id
            returning s.id, s.question_id, s.course_id, s.kind, s.nonce, s.guild_id, s.channel_id, s.reply_to,
                s.language, s.shows_question, s.is_private, s.wanted, s.begun_at
            """,
            {"lease": lease, "most": most},
        )
        return await cur.fetchall()


async def current_of(conn: AsyncConnection, *, showing: Showing) -> Showing | None:
    """Return a showing as it is now; None: it is gone."""
    async with conn.cursor(row_factory=class_row(Showing)) as cur:
        await cur.execute(
            """
            select id, question_id, course_id, kind, nonce, guild_id, channel_id, reply_to, language, shows_question,
                is_private, wanted, begun_at
            from showings where id = %(showing)s and course_id = %(course)s
            """,
            {"showing": showing.id, "course": showing.course_id},
        )
        return await cur.fetchone()


async def of_message(conn: AsyncConnection, *, channel: int, message: int) -> QuestionId | None:
    """Return the question whose answer *message* shows."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select s.question_id from answer_messages m join showings s on s.id = m.showing_id
            where m.message_id = %(message)s and s.channel_id = %(channel)s limit 1
            """,
            {"channel": channel, "message": message},
        )
        return await cur.fetchone()


async def latest_in(conn: AsyncConnection, *, channel: int, course: CourseId) -> QuestionId | None:
    """Return the question that came last in *channel* for all to see, by being asked or by being shared there."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select question_id from showings
            where channel_id = %(channel)s and course_id = %(course)s and not is_private and kind <> 'notice'
            order by id desc limit 1
            """,
            {"channel": channel, "course": course},
        )
        return await cur.fetchone()


async def link(conn: AsyncConnection, *, course: CourseId, question: QuestionId) -> tuple[int, int, int] | None:
    """Return server, channel and message where staff can see a question or else its answer; None: nobody else can."""
    cursor = await conn.execute(
        """
        select s.guild_id, s.channel_id, coalesce(s.reply_to, m.message_id)
        from showings s left join answer_messages m on m.showing_id = s.id and m.number = 0 and m.gone_at is null
        where s.question_id = %(question)s and s.course_id = %(course)s and s.kind <> 'notice' and not s.is_private
            and s.guild_id is not null and coalesce(s.reply_to, m.message_id) is not null
        order by s.over_at is not null, s.id desc limit 1
        """,
        {"course": course, "question": question},
    )
    found = await cursor.fetchone()
    return (int(found[0]), int(found[1]), int(found[2])) if found else None
