"""Where answers go in Discord, and which have not arrived."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, kwargs_row, scalar_row

from db.records import Again, Attempted, Course, CourseId, Delivery, Destination, Language, QuestionId

TOKEN_LIFE = timedelta(minutes=15)
"""How long Discord takes a command's token: https://discord.com/developers/docs/interactions/receiving-and-responding"""


async def insert(
    conn: AsyncConnection, *, question: QuestionId, course: CourseId, destination: Destination, lease: timedelta
) -> None:
    """Remember where the answer to *question* goes; for *lease*, whoever asked here delivers it."""
    await conn.execute(
        """
        insert into deliveries
            (question_id, course_id, guild_id, channel_id, message_id, token, token_expires_at, is_private, language,
             leased_until)
        values
            (%(question)s, %(course)s, %(guild_id)s, %(channel_id)s, %(message_id)s, %(token)s,
             case when %(token)s::text is not null then now() + %(token_life)s end, %(is_private)s, %(language)s,
             now() + %(lease)s)
        on conflict (question_id) do nothing
        """,
        {"question": question, "course": course, "token_life": TOKEN_LIFE, "lease": lease, **asdict(destination)},
    )


async def claim(conn: AsyncConnection, *, lease: timedelta) -> QuestionId | None:
    """Take the oldest question whose answer has not arrived and which nobody holds, and hold it for *lease*."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        # The oldest first: a command's token ends after fifteen minutes.
        await cur.execute(
            """
            update deliveries set leased_until = now() + %(lease)s
            where question_id = (
                select question_id from deliveries where state = 'waiting' and leased_until <= now()
                order by question_id limit 1 for update skip locked
            )
            returning question_id
            """,
            {"lease": lease},
        )
        return await cur.fetchone()


async def renew(conn: AsyncConnection, *, source: str, source_ids: Sequence[str], lease: timedelta) -> None:
    """Hold on to the deliveries of questions that are being answered here, unless one was let go of meanwhile."""
    await conn.execute(
        """
        update deliveries d set leased_until = now() + %(lease)s
        from questions q
        where q.id = d.question_id and q.source = %(source)s and q.source_id = any(%(source_ids)s)
            and d.state = 'waiting' and d.leased_until > now()
        """,
        {"source": source, "source_ids": list(source_ids), "lease": lease},
    )


async def missed(conn: AsyncConnection, *, course: CourseId, asker_key: str, text: str) -> str | None:
    """Return the source id of a person's question of the last day whose answer could not be delivered."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select q.source_id from deliveries d join questions q on q.id = d.question_id
            where d.course_id = %(course)s and d.state = 'undeliverable' and q.asker_key = %(asker_key)s
                and q.text = %(text)s and q.again is null and q.asked_at > now() - interval '1 day'
            order by d.question_id desc limit 1
            """,
            {"course": course, "asker_key": asker_key, "text": text},
        )
        return await cur.fetchone()


async def before(conn: AsyncConnection, *, course: CourseId, follows: QuestionId, again: Again) -> Attempted | None:
    """Return the try of that kind at the answer to *follows*, unless it failed."""
    async with conn.cursor(row_factory=class_row(Attempted)) as cur:
        await cur.execute(
            """
            select q.id as question_id, q.source_id, coalesce(d.state = 'undeliverable', false) as is_lost,
                coalesce(d.state = 'delivered', false) as is_delivered, coalesce(d.is_private, false) as is_private,
                s.guild_id, s.channel_id, case when m.gone_at is null then m.message_id end as message_id
            from questions q
            left join answers a on a.question_id = q.id and a.course_id = %(course)s
            left join deliveries d on d.question_id = q.id and d.course_id = %(course)s
            left join lateral (
                select id, guild_id, channel_id from showings
                where question_id = q.id and course_id = %(course)s and kind = 'reply' order by id desc limit 1
            ) s on true
            left join lateral (
                select message_id, gone_at from answer_messages
                where showing_id = s.id and course_id = %(course)s order by number limit 1
            ) m on true
            where q.course_id = %(course)s and q.follows = %(follows)s and q.again = %(again)s
                and a.outcome is distinct from 'failed'
            order by q.again_try desc limit 1
            """,
            {"course": course, "follows": follows, "again": again},
        )
        return await cur.fetchone()


async def release(conn: AsyncConnection, question: QuestionId) -> None:
    """Let another process deliver the answer at once."""
    await conn.execute(
        "update deliveries set leased_until = now() where question_id = %(question)s and state = 'waiting'",
        {"question": question},
    )


async def arrived(conn: AsyncConnection, *, question: QuestionId, course: CourseId) -> None:
    """The answer has arrived."""
    await conn.execute(
        """
        update deliveries set state = 'delivered', token = null, token_expires_at = null
        where question_id = %(question)s and course_id = %(course)s
        """,
        {"question": question, "course": course},
    )


async def redirect(
    conn: AsyncConnection, *, question: QuestionId, course: CourseId, destination: Destination, lease: timedelta
) -> bool:
    """Let an answer that could not be delivered go to where it was asked for again; False where it is on its way."""
    redirected = await conn.execute(
        """
        update deliveries set state = 'waiting', guild_id = %(guild_id)s, channel_id = %(channel_id)s,
            message_id = %(message_id)s, token = %(token)s,
            token_expires_at = case when %(token)s::text is not null then now() + %(token_life)s end,
            is_private = %(is_private)s, language = %(language)s, leased_until = now() + %(lease)s
        where question_id = %(question)s and course_id = %(course)s and state = 'undeliverable'
        """,
        {"question": question, "course": course, "token_life": TOKEN_LIFE, "lease": lease, **asdict(destination)},
    )
    return redirected.rowcount > 0


async def lose(conn: AsyncConnection, *, question: QuestionId, course: CourseId) -> bool:
    """
    Take note that an answer which had arrived is no longer there; return False if somebody has.

    Its first message is gone, so what is left of it goes too with the next round.
    """
    lost = await conn.execute(
        """
        with lost as (
            update deliveries set state = 'undeliverable'
            where question_id = %(question)s and course_id = %(course)s and state = 'delivered'
            returning question_id
        ), place as (
            update showings set wanted = wanted + 1
            where id = (
                select s.id from showings s join lost on lost.question_id = s.question_id
                where s.course_id = %(course)s and s.kind = 'reply' order by s.id desc limit 1
            )
            returning id
        ), emptied as (
            update answer_messages m set gone_at = now() from place
            where m.showing_id = place.id and m.course_id = %(course)s and m.gone_at is null
                and m.number = (select min(number) from answer_messages where showing_id = place.id)
        )
        select from lost
        """,
        {"question": question, "course": course},
    )
    return lost.rowcount > 0


async def give_up(conn: AsyncConnection, *, question: QuestionId, course: CourseId) -> None:
    """Try no more to deliver the answer; it stays stored."""
    await conn.execute(
        """
        update deliveries set state = 'undeliverable', token = null, token_expires_at = null
        where question_id = %(question)s and course_id = %(course)s and state = 'waiting'
        """,
        {"question": question, "course": course},
    )


async def lose_token(conn: AsyncConnection, *, question: QuestionId, course: CourseId) -> None:
    """Forget a token that Discord no longer takes, and let go of the delivery."""
    await conn.execute(
        """
        update deliveries set token = null, token_expires_at = null, leased_until = now()
        where question_id = %(question)s and course_id = %(course)s and state = 'waiting'
        """,
        {"question": question, "course": course},
    )


async def by_source(conn: AsyncConnection, *, source: str, source_id: str) -> QuestionId | None:
    """Return the question that came as *source_id*, if its answer goes to Discord."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select d.question_id from questions q join deliveries d on d.question_id = q.id
            where q.source = %(source)s and q.source_id = %(source_id)s
            """,
            {"source": source, "source_id": source_id},
        )
        return await cur.fetchone()


async def of_question(conn: AsyncConnection, question: QuestionId) -> Delivery | None:
    async with conn.cursor(row_factory=kwargs_row(_delivery)) as cur:
        # A token that has expired is told as none: Discord would only refuse it.
        await cur.execute(
            """
            select d.question_id, a.id as answer_id, c.id as course_id, c.slug, c.title, c.language as course_language,
                coalesce(q.source_id, '') as source_id, q.text as question, q.asker_key, q.lecture_id, q.follows,
                q.again, extract(epoch from now() - q.asked_at)::float8 as age_s,
                d.guild_id, d.channel_id, d.message_id,
                case when d.token_expires_at > now() then d.token end as token, d.is_private, d.language,
                d.state = 'delivered' as is_delivered,
                coalesce((
                    select s.nonce from showings s where s.question_id = d.question_id and s.kind = 'reply'
                    order by s.id desc limit 1
                ), 'q' || d.question_id) as nonce
            from deliveries d
            join questions q on q.id = d.question_id
            join courses c on c.id = d.course_id
            left join answers a on a.question_id = d.question_id
            where d.question_id = %(question)s
            """,
            {"question": question},
        )
        return await cur.fetchone()


def _delivery(
    *,
    course_id: int,
    slug: str,
    title: str,
    course_language: Language,
    guild_id: int | None,
    channel_id: int,
    message_id: int | None,
    token: str | None,
    is_private: bool,
    language: Language,
    **columns: Any,  # noqa: ANN401
) -> Delivery:
    return Delivery(
        course=Course(id=CourseId(course_id), slug=slug, title=title, language=course_language),
        destination=Destination(
            guild_id=guild_id,
            channel_id=channel_id,
            message_id=message_id,
            token=token,
            is_private=is_private,
            language=language,
        ),
        **columns,
    )
