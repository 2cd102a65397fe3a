"""Keep a good message of a person as a verified answer, with the moments that support it."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import answers, cards, courses, kept, questions, reviews, showings, verified
from db.kept import KeepDraft
from db.records import AnswerId, Course, CourseId, Hit, Language, QuestionId, VerifiedId
from db.records.reviews import KeptMessage, SourceMessage
from db.texts import storable
from services import i18n
from services.answering.asked import LONGEST_QUESTION, cleaned
from services.answering.asked_before import recorded, worded
from services.answering.writing import VERIFIED
from services.citing.citations import Cited
from services.citing.corrections import MOST_REFERENCES, TooManyMarks, WrongMark, corrected
from services.citing.support import rarity, supporting
from services.citing.without_links import without_links
from services.errors import Refused
from services.reviewing.flagged import Member
from services.reviewing.settling import audit
from services.search.retrieve import Retriever
from services.words import language

SOURCE = "kept"
"""Of questions that Monitoria was never asked: they exist so that cards and forms have an answer to hang on."""
HITS = 10
LEAST_SUPPORT = 0.35
"""Share of a sentence's weight that a passage must hold before the form cites it unasked."""
FEWEST_LETTERS = 25
"""Of a sentence that claims something."""
MOST_WATCHED = 500
LONGEST_KEPT = 4_000
"""Characters of a text that a form takes."""
ECHOED = 1_500
"""Characters of a text that are given back with a refusal; a message has room for 2,000."""

PING = re.compile(r"[ \t]{0,8}<(?:@[!&]?|#)\d+>|<(?:id:\w+|t:-?\d+(?::\w)?|/[^<>\n]+:\d+)>")
CUSTOM_EMOJI = re.compile(r"<a?(:\w+:)\d+>")
EVERYBODY = re.compile(r"@(everyone|here)", re.IGNORECASE)
MARK_LIKE = re.compile(r"\[(\s*[tTpP]?\s*[0-9]{1,2}\s*)\]")
SENTENCE = re.compile(r"[^.!?…\n]+[.!?…]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a member of staff is shown, to be changed and sent."""

    course: CourseId
    draft: int
    question: str  # "": none was found
    text: str
    hits: tuple[Hit, ...]


class Keeping:
    """Keeps messages of people as verified answers; one for the whole process."""

    def __init__(self, pool: AsyncConnectionPool, retriever: Retriever) -> None:
        self._pool = pool
        self._retriever = retriever

    async def found(self, course: Course, question: str, text: str) -> tuple[Hit, ...]:
        """Return the passages that may support *text* as the answer to *question*."""
        # As one: what comes after a question is read as its translation, whose words count half.
        asked = " ".join(part[:LONGEST_QUESTION] for part in (question, text) if part)
        return (await self._retriever.search(course=course, questions=[asked], k=HITS)).hits

    async def open(
        self,
        course: Course,
        source: SourceMessage,
        *,
        question: QuestionId | None,
        asked: str,
        text: str,
        hits: Sequence[Hit],
        reader: Language,
    ) -> Form:
        """
        Remember a form about *source*.

        *question* is the one that it answers, if Monitoria was asked, and *asked* is its text as far as it is known.

        Raises:
            Refused: it is kept already, or says nothing, or too much.

        """
        plain = _spoken(text)
        if not plain:
            raise Refused(i18n.text("keep.no_text", reader))
        if len(plain) > LONGEST_KEPT:
            raise Refused(i18n.text("keep.too_long", reader, length=len(plain), limit=LONGEST_KEPT))
        async with self._pool.connection() as conn:
            before = await kept.of_message(conn, message=source.message_id)
            if before and before.holds:
                raise Refused(i18n.text("keep.before", reader, number=before.verified_id))
            draft = await kept.open_draft(
                conn,
                course=course.id,
                source=source,
                question=question,
                segments=[hit.segment_id for hit in hits],
            )
        return Form(
            course=course.id,
            draft=draft,
            question=asked[:LONGEST_QUESTION],
            text=await asyncio.to_thread(marked, plain, hits),
            hits=tuple(hits),
        )

    async def keep(
        self, course: CourseId, draft: int, member: Member, *, question: str, text: str, reader: Language
    ) -> VerifiedId:
        """
        Store what a form says as the verified answer to its question; sent twice, it is one.

        The cards of that question are settled, and its messages show the words of staff.

        Raises:
            Refused: the form is a week old, a field is empty or too long, a mark points at nothing, or the message was
                kept otherwise meanwhile; the text is given back.

        """
        text = storable(text)  # a refusal gives it back
        asked = _question(question, text, reader)
        code = await self._language(course, asked)
        async with self._pool.connection() as conn:
            # Locked, so that the same form sent twice is read one after the other.
            form = await kept.draft(conn, course=course, draft=draft)
            if form is None:
                raise Refused(i18n.text("keep.expired", reader, text=text[:ECHOED]))
            hits = await kept.passages(conn, course=course, segments=form.segment_ids)
            cited = _read(text, hits, reader)
            before = await kept.of_message(conn, message=form.source.message_id)
            before = before if before and before.holds else None
            if before and before.text == cited.text:
                return before.verified_id  # the form was sent twice
            if before:
                raise Refused(i18n.text("keep.before_with_text", reader, number=before.verified_id, text=text[:ECHOED]))
            answer = await _answer(conn, course, form, asked, code, cited)
            return await _keep(conn, course, form, member, answer=answer, question=asked, code=code, cited=cited)

    async def noticed(self, message: int, text: str | None) -> bool:
        """
        Put a verified answer before staff where the message that it came from has another *text*, or (None) is gone.

        Of what is retired it is taken down and no more: staff may put words there again. Returns whether it was put
        before them.
        """
        async with self._pool.connection() as conn:
            # The answer before what was kept, as everybody locks.
            if at := await kept.answer_of(conn, message=message):
                await answers.lock(conn, course=at[0], answer=at[1])
            found = await kept.of_message(conn, message=message)
            sha256 = None if text is None else fingerprint(text)
            if found is None or not await kept.changed(conn, kept=found, text_sha256=sha256) or not found.holds:
                return False
            answer = found.answer_id
            if answer is None:  # who asked has deleted the question
                answer = await _stand_in(
                    conn,
                    found.course_id,
                    source_id=str(found.message_id),
                    question=found.question,
                    code=found.language,
                    text=found.text,
                )
                await kept.attach(conn, course=found.course_id, verified=found.verified_id, answer=answer)
            reason = "source_gone" if text is None else "source_changed"
            return await reviews.flag(conn, course=found.course_id, answer=answer, reason=reason)

    async def watched(self, guild: int) -> list[KeptMessage]:
        """What was kept from messages of a server, which may have changed while nobody looked."""
        async with self._pool.connection() as conn:
            return await kept.watched(conn, guild=guild, most=MOST_WATCHED)

    async def _language(self, course: CourseId, text: str) -> str:
        async with self._pool.connection() as conn:
            whole = await courses.by_id(conn, course)
        spoken = await self._retriever.languages(whole) if whole else ()
        return language.of_question(text, spoken)


async def _answer(
    conn: AsyncConnection, course: CourseId, form: KeepDraft, question: str, code: str, cited: Cited
) -> AnswerId:
    """Return the answer that Monitoria gave to the form's question, or one that stands for it."""
    if form.question_id is not None:
        given = await answers.of_question(conn, course=course, question=form.question_id)
        if given:
            return given.id
    return await _stand_in(
        conn, course, source_id=str(form.source.message_id), question=question, code=code, text=cited.text
    )


async def _keep(
    conn: AsyncConnection,
    course: CourseId,
    form: KeepDraft,
    member: Member,
    *,
    answer: AnswerId,
    question: str,
    code: str,
    cited: Cited,
) -> VerifiedId:
    # The answer before its cards, as everybody locks: else two could wait for each other.
    await answers.lock(conn, course=course, answer=answer)
    before = await verified.of_answer(conn, course=course, answer=answer)
    said_before = await recorded(conn, before) if before else None
    if before and before.answer_id != answer and before.retired_at is None:
        stored = before.id  # what it repeats is what changes: a question has one verified answer
        await verified.rewrite(conn, course=course, verified=stored, text=cited.text, verified_by=member.key)
    else:
        stored = await verified.put(
            conn,
            course=course,
            answer=answer,
            question=question,
            language=code,
            text=cited.text,
            verified_by=member.key,
        )
    await verified.put_references(conn, course=course, verified=stored, references=cited.references)
    await kept.put(conn, course=course, verified=stored, source=form.source)
    given = await answers.state(conn, course=course, answer=answer)
    if given and given.held in {"waiting", "rejected"}:
        await answers.hold(conn, course=course, answer=answer, held="approved")
    item = await cards.open_of(conn, course=course, answer=answer)
    if item and await cards.lock(conn, course=course, item=item):
        await cards.settle(conn, course=course, item=item, verdict="edited", settled_by=member.key)
    await audit(
        conn,
        course,
        item,
        member,
        "keep",
        answer=answer,
        before=said_before,
        after={
            **worded(cited.text, is_a_students=bool(form.source.author_key)),
            "verified": stored,  # the answer may go with its asker's data; what was kept stays
            "message": str(form.source.message_id),
            "references": [reference.url for reference in cited.references],
        },
    )
    await showings.outdate(conn, course=course, answer=answer)
    await showings.outdate_words(conn, course=course, verified=stored)
    await cards.outdate_words(conn, course=course, verified=stored)
    return stored


async def _stand_in(
    conn: AsyncConnection, course: CourseId, *, source_id: str, question: str, code: str, text: str
) -> AnswerId:
    """Return an answer for a question that Monitoria was not asked; nobody's key is on it."""
    # By the message: kept, retired and kept again, it stands for one question.
    there = await questions.by_source(conn, course=course, source=SOURCE, source_id=source_id)
    asked = there.id if there else None
    if asked is None:
        asked = await questions.insert(
            conn,
            course=course,
            lecture=None,
            text=question,
            language=code,
            follows=None,
            source=SOURCE,
            source_id=source_id,
            asker_key=None,
            lease=timedelta(0),
        )
    assert asked is not None  # noqa: S101 - the form's row is locked
    given = await answers.of_question(conn, course=course, question=asked) or await answers.insert(
        conn,
        question=asked,
        course=course,
        outcome="answered",
        text=text,
        failure=None,
        retrieval="lexical",
        generation=None,
        model=VERIFIED,
        prompt_id=None,
        prompt_sha256=None,
        tokens_in=None,
        tokens_out=None,
        latency_ms=0,
    )
    assert given is not None  # noqa: S101 - it was looked for just before
    return given.id


def fingerprint(text: str) -> str:
    """Return what tells a message's text from another."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def marked(text: str, hits: Sequence[Hit]) -> str:
    """
    Return *text* with the number of the passage that supports it after each sentence, `[t2]`, where one does.

    Not more passages are cited than an answer may show, and nothing is where there would be no room for it.
    """
    rare = rarity(hits)
    cited = set[int]()
    pieces, at = list[str](), 0
    for sentence in SENTENCE.finditer(text):
        said = sentence[0].strip()
        # "Yes." and "See slide 3." claim nothing that a passage could support.
        if len(said) < FEWEST_LETTERS or not hits:
            continue
        support, rank = max((supporting(said, hit, rare).support, -hit.rank) for hit in hits)
        if support < LEAST_SUPPORT or len(cited | {-rank}) > MOST_REFERENCES:
            continue
        cited.add(-rank)
        words = sentence[0].rstrip()
        end = sentence.start() + len(words.rstrip(".!?…"))
        pieces += [text[at:end], f" [t{-rank}]"]
        at = end
    whole = "".join([*pieces, text[at:]])
    return whole if len(whole) <= LONGEST_KEPT else text


def _spoken(text: str) -> str:
    """Return the words of a message: no address, no ping, nothing that we would read as a mark."""
    bare = EVERYBODY.sub(r"\1", CUSTOM_EMOJI.sub(r"\1", PING.sub("", without_links(storable(text)))))
    return MARK_LIKE.sub(r"(\1)", bare).strip()


def _question(question: str, text: str, reader: Language) -> str:
    if not question.strip():
        raise Refused(i18n.text("keep.no_question", reader, text=text[:ECHOED]))
    try:
        return cleaned(_spoken(question), reader)
    except Refused as error:
        raise Refused(i18n.text("keep.with_text", reader, reason=str(error), text=text[:ECHOED])) from None


def _read(text: str, hits: Sequence[Hit], reader: Language) -> Cited:
    words = EVERYBODY.sub(r"\1", CUSTOM_EMOJI.sub(r"\1", PING.sub("", text))).strip()
    try:
        cited = corrected(words[:LONGEST_KEPT], (), hits)
    except WrongMark as error:
        raise Refused(i18n.text("keep.wrong_mark", reader, mark=str(error), text=text[:ECHOED])) from None
    except TooManyMarks:
        raise Refused(i18n.text("review.too_many_marks", reader, text=text[:ECHOED])) from None
    if not cited.text.strip():
        raise Refused(i18n.text("keep.empty", reader))
    return cited
