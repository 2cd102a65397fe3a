"""Answers in the words of staff: what they say, where they still hold, and whom they have helped."""

from collections.abc import Sequence
from typing import Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row, kwargs_row, scalar_row

from db.answers import hit
from db.records import AnswerId, CourseId, Hit, Reference, VerifiedId
from db.records.reviews import Verified
from db.references import cited, in_columns


async def put(
    conn: AsyncConnection,
    *,
    course: CourseId,
    answer: AnswerId,
    question: str,
    language: str,
    text: str,
    verified_by: str,
) -> VerifiedId:
    """Store the words of staff for *answer*, as the next version where there are some."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into verified_answers as v (course_id, answer_id, question, language, text, verified_by, again)
            values (
                %(course)s, %(answer)s, %(question)s, %(language)s, %(text)s, %(verified_by)s,
                (select q.again from answers a join questions q on q.id = a.question_id
                    where a.id = %(answer)s and a.course_id = %(course)s and q.course_id = %(course)s)
            )
            on conflict (answer_id) do update set
                text = excluded.text, verified_by = excluded.verified_by, verified_at = now(), version = v.version + 1,
                retired_at = null, stale_since = null, doubted_since = null
            returning id
            """,
            {
                "course": course,
                "answer": answer,
                "question": question,
                "language": language,
                "text": text,
                "verified_by": verified_by,
            },
        )
        return VerifiedId(int(await cur.fetchone() or 0))


async def rewrite(
    conn: AsyncConnection, *, course: CourseId, verified: VerifiedId, text: str, verified_by: str
) -> None:
    """Store the next version of a verified answer."""
    await conn.execute(
        """
        update verified_answers set text = %(text)s, verified_by = %(verified_by)s, verified_at = now(),
            version = version + 1, retired_at = null, stale_since = null, doubted_since = null
        where id = %(verified)s and course_id = %(course)s
        """,
        {"course": course, "verified": verified, "text": text, "verified_by": verified_by},
    )


async def put_references(
    conn: AsyncConnection, *, course: CourseId, verified: VerifiedId, references: Sequence[Reference]
) -> None:
    """
    Replace the moments that a verified answer cites.

    One that lies in an old version of a lecture moves to the segment of the version of now in which its second falls:
    staff have just looked at it.
    """
    await conn.execute(
        "delete from verified_references where verified_id = %(verified)s and course_id = %(course)s",
        {"course": course, "verified": verified},
    )
    # Segments overlap, so that a second may fall into two of them.
    await conn.execute(
        """
        insert into verified_references (verified_id, course_id, number, segment_id, start_s, end_s, url, quote)
        select %(verified)s, %(course)s, r.number, coalesce(c.id, r.segment), r.start_s, r.end_s, r.url, r.quote
        from unnest(
            %(numbers)s::int[], %(segments)s::bigint[], %(starts_s)s::float8[], %(ends_s)s::float8[], %(urls)s::text[],
            %(quotes)s::text[]
        ) as r (number, segment, start_s, end_s, url, quote)
        join segments s on s.id = r.segment and s.course_id = %(course)s
        join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
        left join lateral (
            select id from segments
            where transcript_id = l.transcript_id and l.transcript_id <> s.transcript_id
                and start_s <= r.start_s and end_s >= r.start_s
            order by position limit 1
        ) c on true
        """,
        {
            "course": course,
            "verified": verified,
            **in_columns(references),
        },
    )


async def references(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> list[Reference]:
    """The moments that a verified answer cites, by number."""
    return await cited(conn, "verified", course=course, number=verified)


async def passages(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> list[Hit]:
    """The segments of released lectures that a verified answer cites, by number of the reference; without a score."""
    async with conn.cursor(binary=True, row_factory=kwargs_row(hit)) as cur:
        await cur.execute(
            """
            select r.number as rank, r.segment_id, s.lecture_id, l.slug as lecture, l.title,
                split_part(lower(replace(l.language, '_', '-')), '-', 1) as language, l.video_url, l.duration_s,
                s.start_s, s.end_s, null::float8 as score, s.text, s.cue_offsets, s.cue_starts_s
            from verified_references r
            join segments s on s.id = r.segment_id and s.course_id = %(course)s
            join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
            where r.verified_id = %(verified)s and r.course_id = %(course)s
                and (l.released_at is null or l.released_at <= now())
            order by r.number
            """,
            {"course": course, "verified": verified},
        )
        return await cur.fetchall()


async def of_answer(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> Verified | None:
    """What staff made of *answer*: their correction, or the verified answer that it repeats."""
    async with conn.cursor(row_factory=class_row(Verified)) as cur:
        # Its own correction before one that it repeats; `answer_id` is null where that one's question was deleted.
        await cur.execute(
            """
            select v.id, v.course_id, v.answer_id, v.question, v.language, v.text, v.version, v.verified_by,
                v.verified_at, v.retired_at, v.stale_since, v.doubted_since
            from verified_answers v
            where v.course_id = %(course)s and v.retired_at is null and (
                v.answer_id = %(answer)s or v.id = (
                    select u.verified_id from verified_uses u
                    where u.answer_id = %(answer)s and u.course_id = %(course)s and u.way = 'shown'
                )
            )
            order by (v.answer_id = %(answer)s) desc nulls last limit 1
            """,
            {"course": course, "answer": answer},
        )
        return await cur.fetchone()


async def holding(conn: AsyncConnection, *, course: CourseId) -> list[Verified]:
    """
    Verified answers that may be served: not retired, not doubted, and citing no lecture that has changed or gone, or
    that students may not know of yet.

    The words for another try at an answer are served to nobody who asks.
    """
    async with conn.cursor(row_factory=class_row(Verified)) as cur:
        # `distinct from`, since a lecture that was withdrawn has no transcript: null would equal nothing.
        await cur.execute(
            """
            select id, course_id, answer_id, question, language, text, version, verified_by, verified_at, retired_at,
                stale_since, doubted_since
            from verified_answers v
            where v.course_id = %(course)s and v.retired_at is null and v.stale_since is null
                and v.doubted_since is null and v.again is null and not exists (
                    select from verified_references r
                    join segments s on s.id = r.segment_id
                    join lectures l on l.id = s.lecture_id
                    where r.verified_id = v.id
                        and (l.transcript_id is distinct from s.transcript_id or l.released_at > now())
                )
            order by v.id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def every(conn: AsyncConnection, *, course: CourseId, most: int) -> list[Verified]:
    """All verified answers of a course, the newest first, the retired ones too."""
    async with conn.cursor(row_factory=class_row(Verified)) as cur:
        await cur.execute(
            """
            select id, course_id, answer_id, question, language, text, version, verified_by, verified_at, retired_at,
                stale_since, doubted_since
            from verified_answers where course_id = %(course)s order by verified_at desc, id desc limit %(most)s
            """,
            {"course": course, "most": most},
        )
        return await cur.fetchall()


async def answer_of(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> AnswerId | None:
    """The answer that a verified one stands in the place of; None: that was deleted, or there is none."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            "select answer_id from verified_answers where id = %(verified)s and course_id = %(course)s",
            {"course": course, "verified": verified},
        )
        return await cur.fetchone()


async def retire(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> Verified | None:
    """Show it no more; return it, or None where there is none or it was retired before."""
    async with conn.cursor(row_factory=class_row(Verified)) as cur:
        await cur.execute(
            """
            update verified_answers set retired_at = now()
            where id = %(verified)s and course_id = %(course)s and retired_at is null
            returning id, course_id, answer_id, question, language, text, version, verified_by, verified_at,
                retired_at, stale_since, doubted_since
            """,
            {"course": course, "verified": verified},
        )
        return await cur.fetchone()


async def newly_stale(conn: AsyncConnection, *, course: CourseId) -> list[Verified]:
    """Verified answers that cite a transcript which was replaced or withdrawn, and of which staff do not know yet."""
    async with conn.cursor(row_factory=class_row(Verified)) as cur:
        await cur.execute(
            """
            select v.id, v.course_id, v.answer_id, v.question, v.language, v.text, v.version, v.verified_by,
                v.verified_at, v.retired_at, v.stale_since, v.doubted_since
            from verified_answers v
            where v.course_id = %(course)s and v.retired_at is null and v.stale_since is null and exists (
                select from verified_references r
                join segments s on s.id = r.segment_id and s.course_id = %(course)s
                join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
                where r.verified_id = v.id and r.course_id = %(course)s
                    and l.transcript_id is distinct from s.transcript_id
            )
            order by v.id
            """,
            {"course": course},
        )
        return await cur.fetchall()


async def mark_stale(conn: AsyncConnection, *, course: CourseId, verified: Sequence[VerifiedId]) -> None:
    """Stop showing these verified answers until staff have seen them again."""
    await conn.execute(
        """
        update verified_answers set stale_since = now()
        where id = any(%(verified)s) and course_id = %(course)s and stale_since is null
        """,
        {"course": course, "verified": list(verified)},
    )


async def used(
    conn: AsyncConnection,
    *,
    course: CourseId,
    answer: AnswerId,
    verified: VerifiedId,
    way: Literal["shown", "evidence"],
) -> None:
    await conn.execute(
        """
        insert into verified_uses (answer_id, course_id, verified_id, way)
        values (%(answer)s, %(course)s, %(verified)s, %(way)s) on conflict do nothing
        """,
        {"course": course, "answer": answer, "verified": verified, "way": way},
    )


async def doubt(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> None:
    """Staff have found these words incorrect: they are neither served nor called verified."""
    await conn.execute(
        """
        update verified_answers set doubted_since = coalesce(doubted_since, now())
        where id = %(verified)s and course_id = %(course)s
        """,
        {"course": course, "verified": verified},
    )


async def trust(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> None:
    """Staff have found these words correct after all."""
    await conn.execute(
        "update verified_answers set doubted_since = null where id = %(verified)s and course_id = %(course)s",
        {"course": course, "verified": verified},
    )


async def lock(conn: AsyncConnection, *, course: CourseId, verified: VerifiedId) -> None:
    """Let nobody change these words until the transaction ends: it makes an answer that repeats them."""
    await conn.execute(
        "select from verified_answers where id = %(verified)s and course_id = %(course)s for share",
        {"course": course, "verified": verified},
    )
