"""What staff do with a flagged answer, inside one transaction: label, correct, settle, and keep who did what."""

from typing import Any

from psycopg import AsyncConnection

from db import annotations, answers, cards, questions, showings, staff_actions, verified
from db.records import AnswerId, CourseId, ItemId, Label, Language, Verdict
from db.records.reviews import ReviewItem, Verified
from db.texts import storable
from services import i18n
from services.answering.released import Release, released
from services.citing.citations import Cited
from services.citing.corrections import TooManyMarks, WrongMark, corrected
from services.errors import Refused
from services.judging.promise import promise_after_label
from services.reviewing.flagged import Card, Member

LONGEST_CORRECTION = 4_000


async def verify(
    conn: AsyncConnection, found: ReviewItem, member: Member, cited: Cited, before: Verified | None
) -> None:
    """
    Store the words of staff, with their references, for the answer of an item.

    Where that answer repeats words of staff, *before*, those are what changes: a question has one verified answer.
    """
    course, answer = found.course_id, found.answer_id
    # The words may belong to another answer, which this one repeats: a second version would part them.
    if before and before.answer_id != answer:
        await verified.rewrite(conn, course=course, verified=before.id, text=cited.text, verified_by=member.key)
        await verified.put_references(conn, course=course, verified=before.id, references=cited.references)
        return
    exchange = await questions.exchange(conn, course=course, answer=answer)
    language = await questions.language(conn, course=course, answer=answer)
    stored = await verified.put(
        conn,
        course=course,
        answer=answer,
        question=exchange.question if exchange else "?",
        language=language or "pt",
        text=cited.text,
        verified_by=member.key,
    )
    await verified.put_references(conn, course=course, verified=stored, references=cited.references)


async def outdate(conn: AsyncConnection, found: ReviewItem, words: Verified | None) -> None:
    """Let every message and card be edited that shows the answer or *words* of staff for it, changed before."""
    course = found.course_id
    await showings.outdate(conn, course=course, answer=found.answer_id)
    now = words or await verified.of_answer(conn, course=course, answer=found.answer_id)
    if now:
        await showings.outdate_words(conn, course=course, verified=now.id)
        await cards.outdate_words(conn, course=course, verified=now.id)


async def put_label(conn: AsyncConnection, found: ReviewItem, member: Member, label: Label) -> None:
    course, answer = found.course_id, found.answer_id
    # Kept with the label: only blind ones tell how well the judge agrees with people.
    seen = await cards.has_seen_judge(conn, course=course, answer=answer, annotator_key=member.key)
    before = await annotations.of_person(conn, course=course, answer=answer, annotator_key=member.key)
    await annotations.put(
        conn,
        course=course,
        answer=answer,
        annotator_key=member.key,
        role="staff",
        label=label,
        judge_visible=seen,
    )
    await promise_after_label(conn, course=course, answer=answer, label=label)
    await audit(
        conn,
        course,
        found.id,
        member,
        "label",
        before={"label": before.label} if before else None,
        after={"label": label, "judge_visible": seen},
        answer=answer,
    )


async def settle(conn: AsyncConnection, found: ReviewItem, member: Member, verdict: Verdict) -> None:
    await cards.settle(conn, course=found.course_id, item=found.id, verdict=verdict, settled_by=member.key)
    await audit(
        conn,
        found.course_id,
        found.id,
        member,
        "settle",
        before={"reasons": found.reasons},
        after={"verdict": verdict},
        answer=found.answer_id,
    )


async def audit(
    conn: AsyncConnection,
    course: CourseId,
    item: ItemId | None,
    member: Member,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    answer: AnswerId | None = None,
) -> None:
    await staff_actions.add(
        conn,
        course=course,
        item=item,
        answer=answer,
        actor_key=member.key,
        action=action,
        before=before,
        after=after,
    )


async def release_of(conn: AsyncConnection, found: ReviewItem) -> Release | None:
    """Return what may be shown of an item's answer."""
    state = await answers.state(conn, course=found.course_id, answer=found.answer_id)
    return released(state) if state else None


def read_correction(text: str, card: Card, reader: Language) -> Cited:
    plain = storable(text).strip()
    if not plain:
        raise Refused(i18n.text("review.empty", reader))
    try:
        return corrected(plain[:LONGEST_CORRECTION], card.reply.references, card.reply.hits)
    except WrongMark as error:
        raise Refused(i18n.text("review.wrong_mark", reader, mark=str(error), text=plain[:1_500])) from None
    except TooManyMarks:
        raise Refused(i18n.text("review.too_many_marks", reader, text=plain[:1_500])) from None


def require_open(found: ReviewItem | None, reader: Language) -> ReviewItem:
    if found is None:
        raise Refused(i18n.text("review.gone", reader))
    if found.settled_at is not None:
        raise Refused(i18n.text("review.settled", reader))
    return found


def require_free(found: ReviewItem, member: Member, reader: Language) -> ReviewItem:
    if found.taken_by not in {None, member.id}:
        minutes = round((found.taken_for_s or 0) / 60) or 1
        raise Refused(i18n.text("review.taken", reader, who=f"<@{found.taken_by}>", minutes=minutes))
    return found
