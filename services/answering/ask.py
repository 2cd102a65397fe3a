"""Answer a student's question from the lectures, from the first word to the stored references."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import course_settings, courses, questions
from db.records import AnswerId, Course, CourseId, IntentKind, LectureId, QuestionId, VerifiedId
from services import i18n, prompts
from services.answering.again import NONE_LEFT, OVER_ONE_MOMENT, WRITTEN, refused, without
from services.answering.asked import Asked, Question, cleaned, language_of
from services.answering.asked_before import Evidence, Finder, Known
from services.answering.drafts import Draft
from services.answering.phrasing import standalone, translations
from services.answering.receiving import Receiver
from services.answering.replies import Examined, Reply, examine, reply_to
from services.answering.scoping.gathered import NO_MATERIAL_YET, ReplyMaterial, gathered
from services.answering.scoping.reading import asked_for, searched_for
from services.answering.scoping.sides import with_every_side
from services.answering.storing import STORE_LIMIT_S, store
from services.answering.writing import Written, joined, left_s, repeated, with_model, without_model
from services.citing.nearness import Nearness
from services.errors import Refused, Unavailable
from services.ground.trouble import PASSING
from services.models.chat import ChatModel
from services.search.retrieve import Found, Retriever
from services.search.scope.facts import Nowhere, OneOf, Within
from services.search.scope.intents import Intent
from services.search.scope.saying import named, question_back

PROMPT = "answer/3"
PROMPTS: Mapping[IntentKind, str] = {"comparison": "comparison/1", "overview": "overview/1", "missed": "overview/1"}
"""What asks for a reply that is more than an answer."""
UNSTORED = QuestionId(0)
LOOK_AGAIN_S = 1.0
"""While drafts are shown, for whether staff have begun to hold answers."""


class NotStored(Unavailable):
    """The database failed before the question was stored: nobody else will answer it."""


class Asker:
    """
    Answers questions; one for the whole process.

    Without *model*, answers are quotations, and without *nearness* words alone choose these. *is_judged*: there is a
    judge, so each answer is queued for it. *prompt* is the id of the prompt that asks for an answer.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        retriever: Retriever,
        model: ChatModel | None,
        *,
        finder: Finder | None = None,
        nearness: Nearness | None = None,
        is_judged: bool = False,
        prompt: str = PROMPT,
        time_limit: timedelta = timedelta(seconds=60),
    ) -> None:
        self._pool = pool
        self._retriever = retriever
        self._model = model
        self._finder = finder
        self._nearness = nearness
        self._is_judged = is_judged
        self._prompt = prompts.load(prompt)
        self._prompts = {kind: prompts.load(of_kind) for kind, of_kind in WRITTEN.items()}
        self._prompts_of = {kind: prompts.load(of_kind) for kind, of_kind in PROMPTS.items()}
        self._limit_s = time_limit.total_seconds()
        # Longer than answer and storing may take: no other process should begin on a question that is in hand.
        lease = time_limit + timedelta(seconds=STORE_LIMIT_S)
        self._receiver = Receiver(pool, retriever, lease=lease, has_model=model is not None)

    async def ask(self, asked: Asked) -> AsyncGenerator[Draft | Reply, None]:
        """
        Yield drafts while a model writes, and last the reply; close it early and no answer is stored.

        A model that fails is no error: the outcome is `failed`, and the reply has the passages.

        Raises:
            Refused: the question is empty or too long, only greets or thanks, (`InProgress`) is being answered right
                now, (`TooSoon`) is one too many, or (`TriedBefore`) another try that was made before.
            Unavailable: the database does not answer; (`NotStored`) not even to store the question.

        """
        began = time.monotonic()
        deadline = asyncio.get_running_loop().time() + self._limit_s
        with _translated():
            # Another try has the words of a question that is stored.
            text = asked.text if asked.again else cleaned(asked.text, asked.reader or asked.course.language)
            with _unstored():
                async with asyncio.timeout_at(deadline):
                    question = await self._receiver.received(asked, text)
            if isinstance(question, Refused):
                raise question
            if isinstance(question, Reply):
                yield question
                return
            reply: Reply | Refused | None = None
            looked_at, is_held = began, bool(question.holds)
            async with self._held(question), aclosing(self._written(question, deadline)) as parts:
                async for part in parts:
                    if not isinstance(part, Draft):
                        reply = await store(self._pool, question, part, began, is_judged=self._is_judged)
                        break
                    if question.showing and time.monotonic() - looked_at > LOOK_AGAIN_S:
                        looked_at, is_held = time.monotonic(), await self._is_held(question)
                    if not is_held:
                        yield part
            if isinstance(reply, Refused):
                raise reply
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
            code = language_of(plain, (), await self._retriever.languages(course))
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
                reply = await reply_to(conn, found.id, question.id, question.text) if found and question else None
        return (found, reply) if found and reply else None

    async def examine(self, course: CourseId, answer: AnswerId) -> tuple[Course, Examined] | None:
        """Return a stored answer as staff see it, or None where it is gone; for nobody else's eyes."""
        with _translated():
            async with self._pool.connection() as conn:
                found = await courses.by_id(conn, course)
                question = await questions.of_answer(conn, course=course, answer=answer)
                examined = await examine(conn, found.id, question.id, question.text) if found and question else None
        return (found, examined) if found and examined else None

    async def _is_held(self, question: Question) -> bool:
        """Tell whether no draft may be shown by now; where the database does not answer, none is worth failing for."""
        course, again = question.course.id, question.again
        try:
            async with self._pool.connection(timeout=LOOK_AGAIN_S) as conn:
                if again and await refused(conn, course, question.follows, again):
                    return True
                return bool(await course_settings.holds(conn, course))
        except (psycopg.Error, PoolTimeout):
            return bool(question.holds)

    @asynccontextmanager
    async def _held(self, question: Question) -> AsyncGenerator[None, None]:
        """Let go of a question whose answering ends without an answer, so that a redelivery need not wait."""
        try:
            yield
        # Cancelled ones too: who closes the generator, or stops the process, leaves the question to others.
        except BaseException:
            with suppress(psycopg.Error, PoolTimeout):
                async with self._pool.connection() as conn:
                    await questions.release(conn, course=question.course.id, question=question.id)
            raise

    async def _written(self, question: Question, deadline: float) -> AsyncGenerator[Draft | Written, None]:
        """Search, then write; yield drafts, and last what came of it."""
        if isinstance(question.scope, OneOf | Nowhere):
            yield Written(outcome="no_material", text=question_back(question.scope, question.reads))
            return
        try:
            async with asyncio.timeout_at(deadline):
                understood = await standalone(
                    # A quarter at most: what helps the search must leave time for the answer.
                    question.text,
                    question.history,
                    self._model,
                    time_limit_s=left_s(deadline) / 4,
                )
                known = await self._known(question, understood)
                wanted = asked_for(question.text, understood, question.named)
                material = NO_MATERIAL_YET
                if not isinstance(known, Known):
                    material = await self._gathered(question, wanted, understood, deadline)
        except TimeoutError:
            failure = f"the search did not finish within {self._limit_s:g} s"
            yield Written(outcome="failed", text=i18n.text("answer.failed", question.reads), failure=failure)
            return
        rewritten = understood if understood != question.text else None
        if isinstance(known, Known):
            yield repeated(known, rewritten)
            return
        if material.written:
            yield replace(_none_left(question, material.written), standalone=rewritten)
            return
        found, evidence = material.found, tuple[VerifiedId, ...]()
        if known:
            found, evidence = replace(found, hits=joined(known.hits, found.hits)), (known.id,)
        model = self._model if found.hits else None
        searched = replace(question, text=understood if model else searched_for(understood, question.scope))
        prompt = self._prompt_for(question, material.kind)
        ways = (
            with_model(model, prompt, searched, found, deadline, nearness=self._nearness)
            if model
            else without_model(searched, found, nearness=self._nearness)
        )
        async with aclosing(ways) as parts:
            async for part in parts:
                if isinstance(part, Draft):
                    yield replace(part, within=question.scope.lectures) if isinstance(question.scope, Within) else part
                else:
                    told = _none_left(question, _within(part, question))
                    told = await asyncio.to_thread(with_every_side, told, question, found, material.sides)
                    yield replace(told, found=found, standalone=rewritten, evidence=evidence, intent=material.kind)

    def _prompt_for(self, question: Question, kind: IntentKind | None) -> prompts.Prompt:
        if question.again in self._prompts:
            return self._prompts[question.again]
        return self._prompts_of.get(kind, self._prompt) if kind else self._prompt

    async def _known(self, question: Question, understood: str) -> Known | Evidence | None:
        """
        Return what staff have verified for the question; one narrowed to a lecture is searched for there.

        Who wants another try has had that.
        """
        if self._finder is None or question.lectures is not None or question.again:
            return None
        return await self._finder.find(question.course, understood, question.language)

    async def _gathered(
        self, question: Question, wanted: Intent | None, understood: str, deadline: float
    ) -> ReplyMaterial:
        async def search(about: str, *, k: int, within: Sequence[LectureId] | None) -> Found:
            return await self._found(question, about, deadline, k=k, within=within)

        return await gathered(self._pool, question, wanted, understood, search, has_model=self._model is not None)

    async def _found(
        self, question: Question, about: str, deadline: float, *, k: int, within: Sequence[LectureId] | None
    ) -> Found:
        """Return the passages for a question, by the words that say what it is *about*."""
        languages = await self._retriever.languages(question.course)
        # What is translated on this machine, in milliseconds, a language model need not be waited for.
        ours = (question.language, *self._retriever.translates(question.language))
        others = [code for code in languages if code not in ours]
        translated = await translations(about, others, self._model, time_limit_s=left_s(deadline) / 4)
        found = await self._retriever.search(
            course=question.course,
            questions=[about, *translated.values()],
            codes=[question.language, *translated],
            k=k + OVER_ONE_MOMENT * len(question.shown),
            lectures=within,
        )
        return without(question.shown, found, most=k) if question.shown else found


def _none_left(question: Question, written: Written) -> Written:
    """Say of another try that the lectures have nothing for it, in words that fit what was asked for."""
    said = NONE_LEFT.get(question.again) if question.again and written.outcome == "no_material" else None
    return replace(written, text=i18n.text(said, question.reads)) if said else written


def _within(written: Written, question: Question) -> Written:
    """Say of a narrowed question that finds nothing where it was looked for."""
    if written.outcome != "no_material" or not isinstance(question.scope, Within):
        return written
    lectures = named(question.scope.lectures, question.reads)
    return replace(written, text=i18n.text("scope.no_material", question.reads, lectures=lectures))


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
