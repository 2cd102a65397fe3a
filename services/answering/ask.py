"""Answer a student's question from the lectures, from the first word to the stored references."""

import asyncio
import logging
import math
import re
import time
import unicodedata
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import answers, course_settings, courses, deliveries, questions, reviews, showings, verified
from db.records import (
    Answer,
    AnswerId,
    Course,
    CourseId,
    Destination,
    Hit,
    Language,
    LectureId,
    Outcome,
    QuestionId,
    Reference,
    Showing,
    VerifiedId,
)
from services import i18n, prompts
from services.answering.phrasing import MOST_TURNS, Turn, standalone, translations
from services.answering.released import Mark, released
from services.answering.verified import Evidence, Finder, Known
from services.citing.attribution import attributed
from services.citing.citations import Cited, resolve, without_marks
from services.citing.marks import normalised
from services.citing.quoting import quoted
from services.citing.without_links import without_links
from services.errors import Broken, Refused, Unavailable
from services.ground.text import LONE_SURROGATE, UNSEEN
from services.ground.timestamps import clock
from services.ground.trouble import PASSING
from services.judging.promise import promise
from services.models.chat import ChatModel, Completion, Message, ModelUnavailable
from services.models.thoughts import SoFar
from services.search.retrieve import SPOKEN_BY_MONITORIA, Found, Retriever
from services.words import language
from services.words.for_staff import needs_staff
from services.words.mentions import without_mentions

log = logging.getLogger(__name__)

PROMPT = "answer/2"
EXTRACTIVE = "extractive"
VERIFIED = "verified"
UNCITED = "no valid citation"
FAILED = ("answer.failed", "answer.failed_with_quotes")
REFUSED = ("answer.refused", "answer.refused_with_quotes")
WITHHELD = ("answer.uncited", "answer.uncited_with_quotes")
LEAST_SECOND_TRY_S = 2.0
"""With less time left, a model is not asked again for its marks."""
MARKS_PLEASE = (
    "Your answer has no passage numbers. Write the same answer again with the number of the passage that says so in"
    ' square brackets after each sentence, such as "… [2].", and leave out what no passage says. Nothing else.'
)
HITS = 10
LONGEST_QUESTION = 1_500
UNSTORED = QuestionId(0)
STORE_LIMIT_S = 10.0
"""For the transaction at the end, beyond the time limit of the answer: what was written must not be lost."""
LOOK_AGAIN_S = 1.0
"""While drafts are shown, for whether staff have begun to hold answers."""
WORDS_THAT_TELL = 4
"""In a question of fewer words, the language is read off the one before it too: "e na LSTM?"."""

VERDICTS = ("NO_MATERIAL", "NEEDS_STAFF")
VERDICT = re.compile(r"\b(NO|NEEDS)(?:\\?_| )(MATERIAL|STAFF)(?![A-Za-z])\.?")
LONGEST_VERDICT = 2 * max(map(len, VERDICTS))
BEFORE_VERDICT = " \n\t*_`\"'«“"
OPEN_FENCE = re.compile(r"\A\s*```(?:markdown|md|text|txt)?[ \t]*(?:\n|\Z)")
"""Some models put their whole answer in one; a student need not see it."""
NUMBER_IN_DATA = re.compile(r"\[([\s^]*[0-9][0-9\s,;–-]*)\]")
UNFINISHED = re.compile(r"(?:!?\[[^\[\]\n]*\]\([^()]*(?:\([^()\n]*(?:\)[^()\n]*)?)*|[\[【][^\[\]【】\n]*|(?<!\S)\S+)\Z")
"""A link, a mark or a word at the end of a text that is still being written: it may become anything."""
HALF_VERDICT = re.compile(r"\b(?:NO|NEEDS)\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    One question, from wherever it comes.

    The same *source* and *source_id* are the same question: asked again, it gets the answer that is stored.
    What came before is either in *history* or follows from *follows*, the question that this one replies to.
    Who has an *asker_key* asks within the course's limits.
    """

    course: Course
    text: str
    source: str  # "cli", "discord", "eval", …
    source_id: str | None = None
    asker_key: str | None = None
    destination: Destination | None = None  # stored with the question, so that a restart can still deliver
    reader: Language | None = None  # the language of a refusal; None: the course's
    lecture: LectureId | None = None
    follows: QuestionId | None = None
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Draft:
    """
    The answer as far as it is written.

    It is cleaned when somebody looks at its text, not before: a model writes far more often than anybody looks, and
    to clean all that is written each time would cost the square of an answer's length.
    """

    written: SoFar

    @cached_property
    def text(self) -> str:
        """What may be shown: without marks, which have no links yet."""
        return preview(self.written.text)

    def beginning(self, most: int) -> str:
        """Return what may be shown of the first *most* characters."""
        return preview(self.written.text[:most])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    What may be shown of an answer now, and nothing else; the marks in its text number *references*.

    Where nothing may be shown, the text is empty, and *mark* says why.
    """

    question: str
    answer: Answer
    references: tuple[Reference, ...]
    hits: tuple[Hit, ...]
    mark: Mark | None = None
    may_be_seen: bool = True
    showing: Showing | None = None  # where it is to stand, as that was before the reply was read; None: not in Discord

    @property
    def may_be_voted_on(self) -> bool:
        return self.may_be_seen and self.answer.outcome != "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """An answer for the eyes of staff alone: its words, whether or not they may be shown to others."""

    question: str
    answer: Answer
    references: tuple[Reference, ...]
    hits: tuple[Hit, ...]


class InProgress(Refused):
    """The same question is being answered at this moment."""


class NotStored(Unavailable):
    """The database failed before the question was stored: nobody else will answer it."""


class TooSoon(Refused):
    """The person, or the whole course, has asked as much as the course allows; the message says until when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that is stored and waits for its answer."""

    id: QuestionId
    course: Course
    text: str
    language: str
    reads: Language  # the language of ours in which its asker is spoken to
    lecture: LectureId | None
    history: tuple[Turn, ...]
    holds: tuple[Outcome, ...] = ()  # what staff look at before its asker does, as of now: no draft is shown
    showing: Showing | None = None  # where its answer is to stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of a question, not yet stored."""

    outcome: Outcome
    text: str
    references: tuple[Reference, ...] = ()
    failure: str | None = None
    found: Found = field(default_factory=lambda: NOTHING)
    standalone: str | None = None
    verified: VerifiedId | None = None  # the words are those of this verified answer
    evidence: tuple[VerifiedId, ...] = ()  # verified answers whose passages were among the hits
    model: str = EXTRACTIVE
    prompt: prompts.Prompt | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None


NOTHING = Found(hits=(), mode="lexical", generation_id=None, language="")


class Asker:
    """
    Answers questions; one for the whole process.

    Without *model*, answers are quotations. *is_judged*: there is a judge, so each answer is queued for it. *prompt* is
    the id of the prompt that asks for an answer.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        retriever: Retriever,
        model: ChatModel | None,
        *,
        finder: Finder | None = None,
        is_judged: bool = False,
        prompt: str = PROMPT,
        time_limit: timedelta = timedelta(seconds=60),
    ) -> None:
        self._pool = pool
        self._retriever = retriever
        self._model = model
        self._finder = finder
        self._is_judged = is_judged
        self._prompt = prompts.load(prompt)
        self._limit_s = time_limit.total_seconds()
        self._lease = time_limit + timedelta(seconds=STORE_LIMIT_S)

    async def ask(self, asked: Asked) -> AsyncGenerator[Draft | Reply, None]:
        """
        Yield drafts while a model writes, and last the reply; close it early and no answer is stored.

        A model that fails is no error: the outcome is `failed`, and the reply has the passages.

        Raises:
            Refused: the question is empty or too long, (`InProgress`) is being answered right now, or (`TooSoon`)
                is one too many.
            Unavailable: the database does not answer; (`NotStored`) not even to store the question.

        """
        began = time.monotonic()
        deadline = asyncio.get_running_loop().time() + self._limit_s
        with _translated():
            text = cleaned(asked.text, asked.reader or asked.course.language)
            with _unstored():
                async with asyncio.timeout_at(deadline):
                    question = await self._received(asked, text)
            if isinstance(question, Reply):
                yield question
                return
            reply: Reply | None = None
            looked_at, holds = began, question.holds
            async with self._held(question), aclosing(self._written(question, deadline)) as parts:
                async for part in parts:
                    if not isinstance(part, Draft):
                        reply = await self._stored(question, part, began)
                        break
                    if question.showing and time.monotonic() - looked_at > LOOK_AGAIN_S:
                        looked_at, holds = time.monotonic(), await self._holds(question)
                    if not holds:
                        yield part
            # Outside: who has the reply closes this, which is no reason to let go of the question.
            assert reply is not None  # noqa: S101 - what is written ends in what came of it
            yield reply

    async def rehearse(self, course: Course, text: str) -> Written:
        """
        Answer as `ask` does, and store nothing.

        Raises:
            Refused: the question is empty or too long.
            Unavailable: the database does not answer.

        """
        deadline = asyncio.get_running_loop().time() + self._limit_s
        with _translated():
            plain = cleaned(text, course.language)
            code = _language(plain, (), await self._retriever.languages(course))
            question = Question(
                id=UNSTORED,
                course=course,
                text=plain,
                language=code,
                reads=i18n.spoken(code, otherwise=course.language),
                lecture=None,
                history=(),
            )
            async with aclosing(self._written(question, deadline)) as parts:
                async for part in parts:
                    if isinstance(part, Written):
                        return part
        raise AssertionError("an answer always ends in what came of it")

    async def recall(self, course: CourseId, answer: AnswerId) -> tuple[Course, Reply] | None:
        """Return a stored answer with its course, or None where it is gone."""
        with _translated():
            async with self._pool.connection() as conn:
                found = await courses.by_id(conn, course)
                question = await questions.of_answer(conn, course=course, answer=answer)
                reply = await _reply(conn, found.id, question.id, question.text) if found and question else None
        return (found, reply) if found and reply else None

    async def examine(self, course: CourseId, answer: AnswerId) -> tuple[Course, Examined] | None:
        """Return a stored answer as staff see it, or None where it is gone; for nobody else's eyes."""
        with _translated():
            async with self._pool.connection() as conn:
                found = await courses.by_id(conn, course)
                question = await questions.of_answer(conn, course=course, answer=answer)
                examined = await _examined(conn, found.id, question.id, question.text) if found and question else None
        return (found, examined) if found and examined else None

    async def _received(self, asked: Asked, text: str) -> Question | Reply:
        """Store the question, or return the reply to it if it was answered before."""
        languages = await self._retriever.languages(asked.course)
        async with self._pool.connection() as conn:
            if asked.asker_key:
                await questions.lock_counting(conn, asked.course.id)
            history = asked.history or await _history(conn, asked)
            code = _language(text, history, languages)
            stored = await questions.insert(
                conn,
                course=asked.course.id,
                lecture=asked.lecture,
                text=text,
                language=code,
                follows=asked.follows,
                source=asked.source,
                source_id=asked.source_id,
                asker_key=asked.asker_key,
                lease=self._lease,
            )
            if stored and asked.asker_key:
                await _require_within_limits(conn, asked, asked.asker_key)
            if stored:
                question, reply, showing = stored, None, await self._opened(conn, asked, stored)
            else:
                question, reply, showing = await self._redelivered(conn, asked)
            holds = await course_settings.holds(conn, asked.course.id) if showing else ()
        if reply:
            return reply
        return Question(
            id=question,
            course=asked.course,
            text=text,
            language=code,
            reads=i18n.spoken(code, otherwise=asked.course.language),
            lecture=asked.lecture,
            history=history,
            holds=holds,
            showing=showing,
        )

    async def _holds(self, question: Question) -> tuple[Outcome, ...]:
        """Return what staff hold by now; where the database does not answer, drafts are not worth failing for."""
        try:
            async with self._pool.connection(timeout=LOOK_AGAIN_S) as conn:
                return await course_settings.holds(conn, question.course.id)
        except (psycopg.Error, PoolTimeout):
            return question.holds

    async def _opened(self, conn: AsyncConnection, asked: Asked, question: QuestionId) -> Showing | None:
        """Keep where a question was asked, and claim the place where its answer is to stand."""
        if asked.destination is None:
            return None
        course, to = asked.course.id, asked.destination
        await deliveries.insert(conn, question=question, course=course, destination=to, lease=self._lease)
        return await showings.open_reply(conn, question=question, course=course, destination=to)

    async def _redelivered(
        self, conn: AsyncConnection, asked: Asked
    ) -> tuple[QuestionId, Reply | None, Showing | None]:
        """
        Return a question that came before, and the reply to it; without one, whoever was to answer it must be dead.

        Where its answer could not be delivered, it goes to where it was asked for now.
        """
        before = await questions.by_source(
            conn, course=asked.course.id, source=asked.source, source_id=asked.source_id or ""
        )
        if before is None:
            raise Broken(f"The question {asked.source_id!r} from {asked.source!r} belongs to another course.")
        course, to = asked.course.id, asked.destination
        if to and await deliveries.redirect(conn, question=before.id, course=course, destination=to, lease=self._lease):
            showing = await showings.open_reply(conn, question=before.id, course=course, destination=to)
        else:
            showing = await showings.current(conn, question=before.id, course=course)
        if reply := await _reply(conn, asked.course.id, before.id, before.text, showing):
            return before.id, reply, showing
        if not await questions.claim(conn, course=asked.course.id, question=before.id, lease=self._lease):
            raise InProgress(i18n.text("question.in_progress", asked.reader or asked.course.language))
        return before.id, None, showing

    @asynccontextmanager
    async def _held(self, question: Question) -> AsyncGenerator[None, None]:
        """Let go of a question whose answering ends without an answer, so that a redelivery need not wait."""
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error, PoolTimeout):
                async with self._pool.connection() as conn:
                    await questions.release(conn, course=question.course.id, question=question.id)
            raise

    async def _written(self, question: Question, deadline: float) -> AsyncGenerator[Draft | Written, None]:
        """Search, then write; yield drafts, and last what came of it."""
        try:
            async with asyncio.timeout_at(deadline):
                understood = await standalone(
                    question.text, question.history, self._model, time_limit_s=_left_s(deadline) / 4
                )
                known = await self._known(question, understood)
                found = NOTHING if isinstance(known, Known) else await self._found(question, understood, deadline)
        except TimeoutError:
            failure = f"the search did not finish within {self._limit_s:g} s"
            yield Written(outcome="failed", text=i18n.text("answer.failed", question.reads), failure=failure)
            return
        rewritten = understood if understood != question.text else None
        if isinstance(known, Known):
            yield _repeated(known, rewritten)
            return
        evidence: tuple[VerifiedId, ...] = ()
        if known:
            found, evidence = replace(found, hits=_joined(known.hits, found.hits)), (known.id,)
        searched = replace(question, text=understood)
        model = self._model if found.hits else None
        ways = _with_model(model, self._prompt, searched, found, deadline) if model else _without_model(searched, found)
        async with aclosing(ways) as parts:
            async for part in parts:
                if isinstance(part, Draft):
                    yield part
                else:
                    yield replace(part, found=found, standalone=rewritten, evidence=evidence)

    async def _known(self, question: Question, understood: str) -> Known | Evidence | None:
        """Return what staff have verified for the question; one narrowed to a lecture is searched for there."""
        if self._finder is None or question.lecture is not None:
            return None
        return await self._finder.find(question.course, understood, question.language)

    async def _found(self, question: Question, understood: str, deadline: float) -> Found:
        """Return the passages for a question."""
        languages = await self._retriever.languages(question.course)
        others = [code for code in languages if code != question.language]
        translated = await translations(understood, others, self._model, time_limit_s=_left_s(deadline) / 4)
        return await self._retriever.search(
            course=question.course, questions=[understood, *translated], k=HITS, lecture=question.lecture
        )

    async def _stored(self, question: Question, written: Written, began: float) -> Reply:
        """Store answer, passages, references and what follows from them in one transaction; who was first counts."""
        course = question.course.id
        async with asyncio.timeout(STORE_LIMIT_S), self._pool.connection() as conn:
            # Looked at now: staff may have begun to hold answers while this one was written.
            holds = await course_settings.holds_now(conn, course) if question.showing else ()
            if written.verified:
                await verified.lock(conn, course=course, verified=written.verified)
            if written.standalone:
                await questions.understood_as(conn, course=course, question=question.id, standalone=written.standalone)
            answer = await answers.insert(
                conn,
                question=question.id,
                course=course,
                outcome=written.outcome,
                text=written.text,
                failure=written.failure,
                retrieval=written.found.mode,
                generation=written.found.generation_id,
                model=written.model,
                prompt_id=written.prompt and written.prompt.id,
                prompt_sha256=written.prompt and written.prompt.sha256,
                tokens_in=written.tokens_in,
                tokens_out=written.tokens_out,
                latency_ms=round((time.monotonic() - began) * 1000),
                held="waiting" if written.outcome in holds and not written.verified else "no",
            )
            if answer is None:
                reply = await _reply(conn, course, question.id, question.text, question.showing)
                assert reply is not None  # noqa: S101 - the insert met this very answer
                return reply
            await answers.insert_hits(conn, answer=answer.id, course=course, hits=written.found.hits)
            await answers.insert_references(conn, answer=answer.id, course=course, references=written.references)
            await self._follow_up(conn, question, written, answer)
            reply = await _reply(conn, course, question.id, question.text, question.showing)
        log.info(
            "answer.stored",
            extra={"answer_id": answer.id, "outcome": answer.outcome, "latency_ms": answer.latency_ms},
        )
        assert reply is not None  # noqa: S101 - it was stored above
        return reply

    async def _follow_up(self, conn: AsyncConnection, question: Question, written: Written, answer: Answer) -> None:
        """Do what an answer gives reason for, in its transaction."""
        course = question.course.id
        for used in written.evidence:
            await verified.used(conn, course=course, answer=answer.id, verified=used, way="evidence")
        if written.verified:
            await verified.used(conn, course=course, answer=answer.id, verified=written.verified, way="shown")
        elif self._is_judged:
            # The words of staff are not for a model to judge.
            await promise(conn, course=course, answer=answer.id)
        if written.failure == UNCITED:
            await reviews.flag(conn, course=course, answer=answer.id, reason="uncited")
        if answer.held == "waiting":
            await reviews.flag(conn, course=course, answer=answer.id, reason="held")


def cleaned(text: str, reader: Language) -> str:
    """
    Return *text* in NFC, without characters that nobody sees or a database refuses.

    Raises:
        Refused: nothing is left, or more than a question needs.

    """
    seen = without_mentions(LONE_SURROGATE.sub("", text).translate(UNSEEN), reader)
    lines = (" ".join(line.split()) for line in seen.splitlines())
    plain = unicodedata.normalize("NFC", "\n".join(lines)).strip()
    if not plain:
        raise Refused(i18n.text("question.empty", reader))
    if len(plain) > LONGEST_QUESTION:
        raise Refused(i18n.text("question.too_long", reader, length=len(plain), limit=LONGEST_QUESTION))
    return plain


def preview(text: str) -> str:
    """
    Return what may be shown of an answer in writing: no marks, no addresses, no verdict, nothing half written.

    >>> preview("O gradiente some [1]. Ele enco"), preview("NO_MAT")
    ('O gradiente some. Ele', '')
    """
    text = OPEN_FENCE.sub("", text)
    begun = re.sub(r"\\?_| ", "_", text.lstrip(BEFORE_VERDICT)[:LONGEST_VERDICT])
    if any(verdict.startswith(begun[: len(verdict)]) for verdict in VERDICTS):
        return ""
    # Twice: without its last word, a mark or a link of several words is open again.
    finished = HALF_VERDICT.sub("", UNFINISHED.sub("", UNFINISHED.sub("", text)))
    return VERDICT.sub("", without_marks(without_links(finished))).strip()


async def _with_model(
    model: ChatModel, prompt: prompts.Prompt, question: Question, found: Found, deadline: float
) -> AsyncGenerator[Draft | Written, None]:
    messages = prompt.fill(
        passages="\n\n".join(_passage(number, hit) for number, hit in enumerate(found.hits, start=1)),
        question=_harmless(question.text),
        language=question.language,
    )
    try:
        async with aclosing(model.stream(messages, time_limit_s=_left_s(deadline))) as parts:
            async for part in parts:
                if isinstance(part, Completion):
                    # To find the cues takes some 15 ms; of fifty answers that end at once, most of a second.
                    judged = await asyncio.to_thread(_judged, part, question, found)
                    written = judged or await _marked(model, messages, part, question, found, deadline)
                    yield replace(written, prompt=prompt)
                else:
                    yield Draft(written=part)
    except ModelUnavailable as error:
        log.warning("answer.failed", extra={"question_id": question.id, "reason": str(error)})
        texts = REFUSED if error.trouble in {"content_filter", "refusal"} else FAILED
        yield replace(_failed(question, found, str(error), texts), model=model.name, prompt=prompt)


async def _marked(
    model: ChatModel,
    messages: Sequence[Message],
    first: Completion,
    question: Question,
    found: Found,
    deadline: float,
) -> Written:
    """Ask for the marks that an answer lacks, else give its sentences those that our own measure finds, else fail."""
    again = None
    turns = (*messages, Message(role="assistant", content=first.text), Message(role="user", content=MARKS_PLEASE))
    if _left_s(deadline) > LEAST_SECOND_TRY_S:
        with suppress(ModelUnavailable):
            again = await model.complete(turns, time_limit_s=_left_s(deadline))
    return await asyncio.to_thread(_marked_by_us, first, again, question, found)


def _marked_by_us(first: Completion, again: Completion | None, question: Question, found: Found) -> Written:
    spent = _both(first, again) if again else first
    written = _judged(replace(spent, text=again.text), question, found) if again else None
    for text in (first.text, again.text if again else ""):
        if written is None:
            written = _judged(replace(spent, text=attributed(normalised(text), found.hits)), question, found)
    if written is None:
        written = _failed(question, found, UNCITED, WITHHELD)
    return replace(written, model=spent.model, tokens_in=spent.tokens_in, tokens_out=spent.tokens_out)


def _both(first: Completion, again: Completion) -> Completion:
    """Return *again* with the tokens of both, where its server counts them."""
    counted = [(first.tokens_in, again.tokens_in), (first.tokens_out, again.tokens_out)]
    tokens_in, tokens_out = (None if None in pair else sum(filter(None, pair)) for pair in counted)
    return replace(again, tokens_in=tokens_in, tokens_out=tokens_out)


def _judged(completion: Completion, question: Question, found: Found) -> Written | None:
    """Tell what the model's text amounts to: an answer, a verdict, or None where it is neither."""
    written = Written(
        outcome="no_material",
        text=i18n.text("answer.no_material", question.reads),
        model=completion.model,
        tokens_in=completion.tokens_in,
        tokens_out=completion.tokens_out,
    )
    verdict = VERDICT.match(completion.text.lstrip(BEFORE_VERDICT))
    if verdict and verdict[1] == "NEEDS":
        return replace(written, outcome="needs_staff", text=i18n.text("answer.needs_staff", question.reads))
    if verdict:
        return written
    cited = resolve(VERDICT.sub("", normalised(completion.text)), found.hits)
    if not cited.references:
        return None
    return replace(written, outcome="answered", text=cited.text.strip(), references=cited.references)


async def _without_model(question: Question, found: Found) -> AsyncGenerator[Draft | Written, None]:
    quotes = _quotes(question, found)
    if needs_staff(question.text):
        yield Written(outcome="needs_staff", text=i18n.text("answer.needs_staff", question.reads))
    elif quotes.references:
        label = i18n.text("answer.quotes", question.reads)
        yield Written(outcome="answered", text=f"{label}\n\n{quotes.text}", references=quotes.references)
    else:
        yield Written(outcome="no_material", text=i18n.text("answer.no_material", question.reads))


def _repeated(known: Known, rewritten: str | None) -> Written:
    """Give the words of staff to who asks the same again."""
    return Written(
        outcome="answered",
        text=known.text,
        references=known.references,
        standalone=rewritten,
        verified=known.id,
        model=VERIFIED,
    )


def _joined(chosen: Sequence[Hit], found: Sequence[Hit]) -> tuple[Hit, ...]:
    """Put the passages that staff chose for a related question before those that were found."""
    together = {hit.segment_id: hit for hit in (*chosen, *found)}
    return tuple(replace(hit, rank=rank) for rank, hit in enumerate(tuple(together.values())[:HITS], start=1))


def _failed(question: Question, found: Found, failure: str, texts: tuple[str, str]) -> Written:
    """Give what the lecturers said, where no model says anything that may be shown; *texts* are without and with it."""
    alone, before_quotes = texts
    quotes = _quotes(question, found)
    if not quotes.references:
        return Written(outcome="failed", text=i18n.text(alone, question.reads), failure=failure)
    apology = i18n.text(before_quotes, question.reads)
    return Written(outcome="failed", text=f"{apology}\n\n{quotes.text}", references=quotes.references, failure=failure)


def _quotes(question: Question, found: Found) -> Cited:
    return resolve(quoted(question.text, found.hits, question.language) or "", found.hits)


def _passage(number: int, hit: Hit) -> str:
    return f"[{number}] {_harmless(hit.title)}, {clock(hit.start_s)} to {clock(hit.end_s)}\n{_harmless(hit.text)}"


def _harmless(data: str) -> str:
    """
    Return *data* without anything that the model or we would read as a mark or a verdict.

    >>> _harmless("o vetor [1, 2] é NO_MATERIAL")
    'o vetor (1, 2) é no material'
    """
    without_verdicts = VERDICT.sub(lambda verdict: f"{verdict[1]} {verdict[2]}".lower(), prompts.as_data(data))
    return NUMBER_IN_DATA.sub(r"(\1)", without_verdicts)


def _language(text: str, history: Sequence[Turn], languages: Sequence[str]) -> str:
    leans = history and len(text.split()) < WORDS_THAT_TELL
    evidence = f"{history[-1].question} {text}" if leans else text
    return language.detect(evidence, tuple(dict.fromkeys((*languages, *SPOKEN_BY_MONITORIA))))


def _left_s(deadline: float) -> float:
    return max(deadline - asyncio.get_running_loop().time(), 0.0)


async def _history(conn: AsyncConnection, asked: Asked) -> tuple[Turn, ...]:
    if asked.follows is None:
        return ()
    earlier = await questions.conversation(conn, course=asked.course.id, last=asked.follows, most=MOST_TURNS)
    return tuple(Turn(question=exchange.question, answer=exchange.answer) for exchange in earlier)


async def _require_within_limits(conn: AsyncConnection, asked: Asked, asker_key: str) -> None:
    """Refuse a question, stored just now, that is one too many; its transaction is then rolled back."""
    settings = await course_settings.ensure(conn, asked.course.id)
    recent = await questions.recent(conn, course=asked.course.id, asker_key=asker_key)
    reader = asked.reader or asked.course.language
    if recent.by_person > settings.person_hourly:
        minutes = math.ceil(recent.person_free_in_s / 60)
        raise TooSoon(i18n.text("question.too_many", reader, limit=settings.person_hourly, minutes=minutes))
    if recent.by_course > settings.course_daily:
        minutes = math.ceil(recent.course_free_in_s / 60)
        raise TooSoon(i18n.text("question.course_too_many", reader, limit=settings.course_daily, minutes=minutes))


async def _reply(
    conn: AsyncConnection, course: CourseId, question: QuestionId, text: str, showing: Showing | None = None
) -> Reply | None:
    """Return what may be shown of the answer that is stored for a question."""
    answer = await answers.of_question(conn, course=course, question=question)
    state = await answers.state(conn, course=course, answer=answer.id) if answer else None
    if answer is None or state is None:
        return None
    release = released(state)
    if release.words == "none":
        unseen = replace(answer, text="", failure=None)
        return Reply(
            question=text,
            answer=unseen,
            references=(),
            hits=(),
            mark=release.mark,
            may_be_seen=False,
            showing=showing,
        )
    words, references = await _words(conn, answer, state, of_staff=release.words == "staff")
    return Reply(
        question=text,
        answer=words,
        references=references,
        hits=tuple(await answers.hits(conn, course=course, answer=answer.id)),
        mark=release.mark,
        showing=showing,
    )


async def _examined(conn: AsyncConnection, course: CourseId, question: QuestionId, text: str) -> Examined | None:
    """Return an answer in the words that staff are to settle: theirs where some are in force."""
    answer = await answers.of_question(conn, course=course, question=question)
    state = await answers.state(conn, course=course, answer=answer.id) if answer else None
    if answer is None or state is None:
        return None
    words, references = await _words(conn, answer, state, of_staff=state.words_id is not None and not state.is_retired)
    hits = tuple(await answers.hits(conn, course=course, answer=answer.id))
    return Examined(question=text, answer=words, references=references, hits=hits)


async def _words(
    conn: AsyncConnection, answer: Answer, state: answers.State, *, of_staff: bool
) -> tuple[Answer, tuple[Reference, ...]]:
    """Return an answer in its own words or in those of staff, with the moments that they cite."""
    course = answer.course_id
    if of_staff and state.words_id is not None and state.words is not None:
        cited = await verified.references(conn, course=course, verified=state.words_id)
        return replace(answer, outcome="answered", text=state.words), tuple(cited)
    return answer, tuple(await answers.references(conn, course=course, answer=answer.id))


@contextmanager
def _unstored() -> Generator[None, None, None]:
    try:
        yield
    except PASSING as error:
        raise NotStored("The database does not answer; see that it runs, and ask again.") from error


@contextmanager
def _translated() -> Generator[None, None, None]:
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout, TimeoutError) as error:
        raise Unavailable("The database does not answer; see that it runs, and ask again.") from error
    except psycopg.IntegrityError as error:
        raise Unavailable("What was asked about was deleted meanwhile; ask again.") from error
