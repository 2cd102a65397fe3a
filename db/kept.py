"""Messages of people that staff have kept as verified answers, and the forms by which they are doing so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import class_row, kwargs_row, scalar_row

from db.answers import hit
from db.records import AnswerId, CourseId, Hit, QuestionId, SegmentId, VerifiedId
from db.records.reviews import KeptMessage, SourceMessage

KEPT: Final = """
    select k.verified_id, k.course_id, v.answer_id, k.guild_id, k.channel_id, k.message_id, v.question, v.language,
        v.text, k.text_sha256, v.retired_at is null as holds
    from kept_messages k join verified_answers v on v.id = k.verified_id and v.course_id = k.course_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepDraft:
    """A form that is open."""

    source: SourceMessage
    question_id: QuestionId | None  # that it answers, if Monitoria was asked
    segment_ids: tuple[SegmentId, ...]


async def open_draft(
    conn: AsyncConnection,
    *,
    course: CourseId,
    source: SourceMessage,
    question: QuestionId | None,
    segments: Sequence[SegmentId],
) -> int:
    """Remember a form; those that nobody has sent for a week are forgotten."""
    await conn.execute("delete from keep_drafts where opened_at < now() - interval '7 days'")
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into keep_drafts
                (course_id, guild_id, channel_id, message_id, text_sha256, author_key, question_id, segment_ids)
            values
                (%(course)s, %(guild)s, %(channel)s, %(message)s, %(sha256)s, %(author)s,
                 (select id from questions where id = %(question)s and course_id = %(course)s), %(segments)s)
            returning id
            """,
            {
                "course": course,
                "guild": source.guild_id,
                "channel": source.channel_id,
                "message": source.message_id,
                "sha256": source.text_sha256,
                "author": source.author_key,
                "question": question,
                "segments": list(segments),
            },
        )
        return int(await cur.fetchone() or 0)


async def draft(conn: AsyncConnection, *, course: CourseId, draft: int) -> KeepDraft | None:
    """Return a form, alone with it until the transaction ends."""
    async with conn.cursor(row_factory=kwargs_row(_draft)) as cur:
        # Who sends the form twice waits here, and then finds it kept.
        await cur.execute(
            """
            select guild_id, channel_id, message_id, text_sha256, author_key, question_id, segment_ids
            from keep_drafts where id = %(draft)s and course_id = %(course)s for update
            """,
            {"draft": draft, "course": course},
        )
        return await cur.fetchone()


async def passages(conn: AsyncConnection, *, course: CourseId, segments: Sequence[SegmentId]) -> list[Hit]:
    """The segments as passages that were found, numbered in the order given."""
    async with conn.cursor(binary=True, row_factory=kwargs_row(hit)) as cur:
        await cur.execute(
            """
            select t.rank::int as rank, s.id as segment_id, s.lecture_id, l.slug as lecture, l.title,
                split_part(lower(replace(l.language, '_', '-')), '-', 1) as language, l.video_url,
                l.duration_s, s.start_s, s.end_s, null::float8 as score, s.text, s.cue_offsets,
                s.cue_starts_s
            from unnest(%(segments)s::bigint[]) with ordinality as t (id, rank)
            join segments s on s.id = t.id and s.course_id = %(course)s
            join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
            order by t.rank
            """,
            {"course": course, "segments": list(segments)},
        )
        return await cur.fetchall()


async def put(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId, source: SourceMessage) -> None:
    """Take note of the message that a verified answer was kept from, in place of the one before."""
    values = {
        "verified": verified,
        "course": course,
        "guild": source.guild_id,
        "channel": source.channel_id,
        "message": source.message_id,
        "sha256": source.text_sha256,
        "author": source.author_key,
    }
    # A message has one row: what was kept of it for another answer makes way.
    await conn.execute("delete from kept_messages where message_id = %(message)s and course_id = %(course)s", values)
    await conn.execute(
        """
        insert into kept_messages
            (verified_id, course_id, guild_id, channel_id, message_id, text_sha256, author_key)
        values (%(verified)s, %(course)s, %(guild)s, %(channel)s, %(message)s, %(sha256)s, %(author)s)
        on conflict (verified_id) do update set
            guild_id = excluded.guild_id, channel_id = excluded.channel_id, message_id = excluded.message_id,
            text_sha256 = excluded.text_sha256, author_key = excluded.author_key, kept_at = now(), gone_at = null
        """,
        values,
    )


async def answer_of(conn: AsyncConnection, *, message: int) -> tuple[CourseId, AnswerId] | None:
    """The answer that the card of what was kept from a message hangs on, if there is one."""
    cursor = await conn.execute(
        """
        select v.course_id, v.answer_id
        from kept_messages k join verified_answers v on v.id = k.verified_id and v.course_id = k.course_id
        where k.message_id = %(message)s and v.retired_at is null and v.answer_id is not null
        """,
        {"message": message},
    )
    found = await cursor.fetchone()
    return (CourseId(found[0]), AnswerId(found[1])) if found else None


async def of_message(conn: AsyncConnection, *, message: int) -> KeptMessage | None:
    """Return what was kept from a message, also what was retired, alone with it until the transaction ends."""
    async with conn.cursor(row_factory=class_row(KeptMessage)) as cur:
        await cur.execute(
            KEPT
            + """
            where k.message_id = %(message)s for update of k
            """,
            {"message": message},
        )
        return await cur.fetchone()


async def watched(conn: AsyncConnection, *, guild: int, most: int) -> list[KeptMessage]:
    """What was kept from messages of a server that are still there, the newest first."""
    async with conn.cursor(row_factory=class_row(KeptMessage)) as cur:
        await cur.execute(
            KEPT
            + """
            where k.guild_id = %(guild)s and k.gone_at is null and v.retired_at is null
            order by k.kept_at desc limit %(most)s
            """,
            {"guild": guild, "most": most},
        )
        return await cur.fetchall()


async def link(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> tuple[int, int, int] | None:
    """Return server, channel and message of what was kept in place of *answer*, as long as it is there."""
    found = await conn.execute(
        """
        select k.guild_id, k.channel_id, k.message_id
        from verified_answers v join kept_messages k on k.verified_id = v.id and k.course_id = v.course_id
        where v.course_id = %(course)s and v.answer_id = %(answer)s and k.gone_at is null
        """,
        {"course": course, "answer": answer},
    )
    row = await found.fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row else None


async def is_a_students(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> bool:
    """Say whether a verified answer was kept from what a student wrote, who may take it back."""
    found = await conn.execute(
        """
        select from kept_messages
        where verified_id = %(verified)s and course_id = %(course)s and author_key <> ''
        """,
        {"course": course, "verified": verified},
    )
    return found.rowcount > 0


async def changed(conn: AsyncConnection, *, kept: KeptMessage, text_sha256: str | None) -> bool:
    """Take note of the message's text as it is now, None: it is gone; return False if that was known."""
    updated = await conn.execute(
        """
        update kept_messages set text_sha256 = coalesce(%(sha256)s, text_sha256),
            gone_at = case when %(sha256)s::text is null then now() end
        where verified_id = %(verified)s and course_id = %(course)s
            and (text_sha256 is distinct from coalesce(%(sha256)s, '') ) and (gone_at is null or %(sha256)s is not null)
        """,
        {"verified": kept.verified_id, "course": kept.course_id, "sha256": text_sha256},
    )
    return updated.rowcount > 0


async def attach(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId, answer: AnswerId) -> None:
    """Give a verified answer an answer that cards can hang on, where it has none."""
    await conn.execute(
        """
        update verified_answers set answer_id = %(answer)s
        where id = %(verified)s and course_id = %(course)s and answer_id is null
        """,
        {"course": course, "verified": verified, "answer": answer},
    )


async def of_author(conn: AsyncConnection, *, course: CourseId, key: str) -> list[VerifiedId]:
    """What was kept from messages that somebody wrote as a student."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select verified_id from kept_messages
            where course_id = %(course)s and author_key = %(key)s order by verified_id
            """,
            {"course": course, "key": key},
        )
        return [VerifiedId(one) for one in await cur.fetchall()]


async def forget_drafts(conn: AsyncConnection, *, course: CourseId, key: str) -> None:
    """Forget the forms about messages that somebody wrote."""
    await conn.execute(
        "delete from keep_drafts where course_id = %(course)s and author_key = %(key)s",
        {"course": course, "key": key},
    )


async def blank(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId, instead: str) -> None:
    """Take back the words of a verified answer, wherever they are stored, and forget where they came from."""
    values = {"course": course, "verified": verified, "instead": instead}
    await conn.execute(
        """
        update answers set text = %(instead)s
        where course_id = %(course)s and model = 'verified' and (
            id in (select answer_id from verified_uses where verified_id = %(verified)s and way = 'shown')
            or id = (select answer_id from verified_answers where id = %(verified)s and course_id = %(course)s)
        )
        """,
        values,
    )
    await conn.execute(
        """
        update verified_answers set text = %(instead)s, retired_at = coalesce(retired_at, now())
        where id = %(verified)s and course_id = %(course)s
        """,
        values,
    )
    await conn.execute("delete from kept_messages where verified_id = %(verified)s and course_id = %(course)s", values)


def _draft(question_id: QuestionId | None, segment_ids: list[SegmentId], **columns: int | str) -> KeepDraft:
    return KeepDraft(
        source=SourceMessage(**columns),  # pyright: ignore[reportArgumentType] - the columns are its fields
        question_id=question_id,
        segment_ids=tuple(segment_ids),
    )
