"""Answers, with the passages that they were made from and the moments that they cite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg import AsyncConnection
from psycopg.rows import class_row, kwargs_row, scalar_row

from db.records import (
    Answer,
    AnswerId,
    CourseId,
    GenerationId,
    Held,
    Hit,
    IntentKind,
    Outcome,
    QuestionId,
    Reference,
    RetrievalMode,
    VerifiedId,
)
from db.references import cited, in_columns


async def insert(
    conn: AsyncConnection,
    *,
    question: QuestionId,
    course: CourseId,
    outcome: Outcome,
    text: str,
    failure: str | None,
    retrieval: RetrievalMode,
    generation: GenerationId | None,
    model: str,
    prompt_id: str | None,
    prompt_sha256: str | None,
    tokens_in: int | None,
    tokens_out: int | None,
    latency_ms: int,
    held: Held = "no",
    intent: IntentKind | None = None,
    further: int = 0,
) -> Answer | None:
    """Store the answer to a question, or return None if it has one."""
    async with conn.cursor(row_factory=class_row(Answer)) as cur:
        # Two processes may have written one, where a lease ran out: the first that is stored is the answer.
        await cur.execute(
            """
            insert into answers
                (question_id, course_id, outcome, text, failure, retrieval, generation_id, model, prompt_id,
                 prompt_sha256, tokens_in, tokens_out, latency_ms, held, intent, further)
            values
                (%(question)s, %(course)s, %(outcome)s, %(text)s, %(failure)s, %(retrieval)s, %(generation)s, %(model)s,
                 %(prompt_id)s, %(prompt_sha256)s, %(tokens_in)s, %(tokens_out)s, %(latency_ms)s, %(held)s,
                 %(intent)s, %(further)s)
            on conflict (question_id) do nothing
            returning id, question_id, course_id, outcome, text, failure, retrieval, generation_id, model, prompt_id,
                prompt_sha256, tokens_in, tokens_out, latency_ms, held, intent, further
            """,
            {
                "question": question,
                "course": course,
                "outcome": outcome,
                "text": text,
                "failure": failure,
                "retrieval": retrieval,
                "generation": generation,
                "model": model,
                "prompt_id": prompt_id,
                "prompt_sha256": prompt_sha256,
                "tokens_in": tokens_in,
                "tokens_out": tokens_out,
                "latency_ms": latency_ms,
                "held": held,
                "intent": intent,
                "further": further,
            },
        )
        return await cur.fetchone()


async def insert_hits(conn: AsyncConnection, *, answer: AnswerId, course: CourseId, hits: Sequence[Hit]) -> None:
    """Store which passages the answer was made from."""
    await conn.execute(
        """
        insert into answer_hits (answer_id, course_id, rank, segment_id, score)
        select %(answer)s, %(course)s, * from unnest(%(ranks)s::int[], %(segments)s::bigint[], %(scores)s::float8[])
        """,
        {
            "answer": answer,
            "course": course,
            "ranks": [hit.rank for hit in hits],
            "segments": [hit.segment_id for hit in hits],
            "scores": [hit.score for hit in hits],
        },
    )


async def insert_references(
    conn: AsyncConnection, *, answer: AnswerId, course: CourseId, references: Sequence[Reference]
) -> None:
    """Store the moments that the answer cites."""
    await conn.execute(
        """
        insert into answer_references (answer_id, course_id, number, segment_id, start_s, end_s, url, quote)
        select %(answer)s, %(course)s, * from unnest(
            %(numbers)s::int[], %(segments)s::bigint[], %(starts_s)s::float8[], %(ends_s)s::float8[], %(urls)s::text[],
            %(quotes)s::text[]
        )
        """,
        {
            "answer": answer,
            "course": course,
            **in_columns(references),
        },
    )


async def of_question(conn: AsyncConnection, *, course: CourseId, question: QuestionId) -> Answer | None:
    async with conn.cursor(row_factory=class_row(Answer)) as cur:
        await cur.execute(
            """
            select id, question_id, course_id, outcome, text, failure, retrieval, generation_id, model, prompt_id,
                prompt_sha256, tokens_in, tokens_out, latency_ms, held, intent, further
            from answers where question_id = %(question)s and course_id = %(course)s
            """,
            {"question": question, "course": course},
        )
        return await cur.fetchone()


async def lock(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> bool:
    """Be alone with what people and judge say of the answer until the transaction ends; False if it is gone."""
    async with conn.cursor() as cur:
        await cur.execute(
            # Not `for update`, which would also hold up whoever adds a row that refers to the answer.
            "select from answers where id = %(answer)s and course_id = %(course)s for no key update",
            {"answer": answer, "course": course},
        )
        return cur.rowcount > 0


async def hold(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, held: Held) -> None:
    """Change whether an answer waits for approval."""
    await conn.execute(
        "update answers set held = %(held)s where id = %(answer)s and course_id = %(course)s",
        {"course": course, "answer": answer, "held": held},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that decides what may be shown of an answer, as it was at one moment."""

    held: Held
    is_approved: bool  # staff have let out the answer's own words, and not others in their place
    verdict: Literal["C", "P", "I", "edited"] | None  # the last that staff gave
    words_id: VerifiedId | None  # of staff, in place of its own; None, as all below: there are none
    words: str | None
    is_repeated: bool | None  # the words were written for another answer, and this one repeats them
    verified_at: datetime | None
    is_doubted: bool | None  # staff have found them incorrect since
    is_retired: bool | None
    is_put_off: bool = False  # its own words cite, or name, a lecture that students may not know of (any more)
    are_words_put_off: bool = False  # those of staff do


async def state(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> State | None:
    """Return what decides what may be shown of *answer*; words that are in force come before retired ones."""
    async with conn.cursor(row_factory=class_row(State)) as cur:
        await cur.execute(
            """
            select a.held,
                exists (
                    select from review_items i
                    where i.answer_id = a.id and i.course_id = %(course)s and i.verdict = 'approved'
                ) as is_approved,
                (
                    select i.verdict from review_items i
                    where i.answer_id = a.id and i.course_id = %(course)s and i.verdict in ('C', 'P', 'I', 'edited')
                    order by i.settled_at desc, i.id desc limit 1
                ) as verdict,
                w.id as words_id, w.text as words, w.is_repeated, w.verified_at, w.is_doubted, w.is_retired,
                exists (
                    select from put_off_answers p where p.answer_id = a.id and p.course_id = %(course)s
                ) as is_put_off,
                exists (
                    select from put_off_words p where p.verified_id = w.id and p.course_id = %(course)s
                ) as are_words_put_off
            from answers a
            left join lateral (
                select v.id, v.text, v.answer_id is distinct from a.id as is_repeated, v.verified_at,
                    v.doubted_since is not null as is_doubted, v.retired_at is not null as is_retired
                from verified_answers v
                where v.course_id = %(course)s and (v.answer_id = a.id or v.id = (
                    select u.verified_id from verified_uses u
                    where u.answer_id = a.id and u.course_id = %(course)s and u.way = 'shown'
                ))
                order by v.retired_at is not null, v.answer_id is distinct from a.id, v.id limit 1
            ) w on true
            where a.id = %(answer)s and a.course_id = %(course)s
            """,
            {"course": course, "answer": answer},
        )
        return await cur.fetchone()


async def course_of(conn: AsyncConnection, answer: AnswerId) -> CourseId | None:
    """Which course an answer belongs to: for an operator, who knows its number only."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select course_id from answers where id = %(answer)s", {"answer": answer})
        return await cur.fetchone()


async def hits(conn: AsyncConnection, *, course: CourseId, answer: AnswerId, sees_all: bool = True) -> list[Hit]:
    """The passages that the answer was made from, by rank; unless *sees_all*, those of lectures that are released."""
    async with conn.cursor(binary=True, row_factory=kwargs_row(hit)) as cur:
        await cur.execute(
            """
            select h.rank, h.segment_id, s.lecture_id, l.slug as lecture, l.title,
                split_part(lower(replace(l.language, '_', '-')), '-', 1) as language, l.video_url, l.duration_s,
                s.start_s, s.end_s, h.score, s.text, s.cue_offsets, s.cue_starts_s
            from answer_hits h
            join segments s on s.id = h.segment_id and s.course_id = %(course)s
            join lectures l on l.id = s.lecture_id and l.course_id = %(course)s
            where h.answer_id = %(answer)s and h.course_id = %(course)s
                and (%(sees_all)s or l.released_at is null or l.released_at <= now())
            order by h.rank
            """,
            {"answer": answer, "course": course, "sees_all": sees_all},
        )
        return await cur.fetchall()


async def references(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> list[Reference]:
    """The moments that the answer cites, by number, as they were shown."""
    return await cited(conn, "answer", course=course, number=answer)


def hit(cue_offsets: list[int], cue_starts_s: list[float], **columns: Any) -> Hit:  # noqa: ANN401 - a row
    """Make a hit of a row that has its columns."""
    return Hit(cue_offsets=tuple(cue_offsets), cue_starts_s=tuple(cue_starts_s), **columns)
