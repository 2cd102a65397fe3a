"""Store a question, or find what came of it before: of each that is asked, one is answered."""

from datetime import timedelta

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import course_settings, deliveries, questions, showings
from db.records import QuestionId, Showing
from services import i18n
from services.answering.again import WRITTEN, Why, refused, tried, withdrawn
from services.answering.asked import Asked, Question, courtesy_returned, language_of, turns_before
from services.answering.limits import require_within_limits
from services.answering.replies import Reply, reply_to
from services.answering.scoping.reading import NOWHERE_ELSE, pointed, takes_along
from services.errors import Broken, Refused
from services.search.retrieve import Retriever


class InProgress(Refused):
    """The same question is being answered at this moment."""


class TriedBefore(Refused):
    """Another try of that kind at that answer was made before, or is being made."""


class Receiver:
    """
    Takes questions in; one for the whole process.

    For *lease* nobody else begins on a question. *has_model*: another try can be written.
    """

    def __init__(self, pool: AsyncConnectionPool, retriever: Retriever, *, lease: timedelta, has_model: bool) -> None:
        self._pool = pool
        self._retriever = retriever
        self._lease = lease
        self._has_model = has_model

    async def received(self, asked: Asked, text: str) -> Question | Reply | Refused:
        """Store the question, or return the reply to it if it was answered before, or why it is not any more."""
        languages = await self._retriever.languages(asked.course)
        async with self._pool.connection() as conn:
            if asked.asker_key:
                # Counted and added alone: of several questions at once, each would else find room for itself.
                await questions.lock_counting(conn, asked.course.id)
            before, shown = "", ()
            if asked.again:
                if why := await self._refused(conn, asked):
                    return await self._withdrawn(conn, asked, why)
                again = await tried(conn, asked)
                asked, before, shown, text = again.asked, again.before, again.shown, again.asked.text
            if asked.words_of and not await questions.told(conn, course=asked.course.id, question=asked.words_of):
                raise Refused(i18n.text("discord.answer_gone", asked.reader or asked.course.language))
            # What asks again stands alone already.
            history = () if asked.again else asked.history or await turns_before(conn, asked)
            code = language_of(text, history, languages)
            question, reply, showing = await self._stored(conn, asked, text, code)
            holds = await course_settings.holds(conn, asked.course.id) if showing else ()
            where = NOWHERE_ELSE
            if not reply:
                inherits = asked.again is not None or takes_along(text)
                follows = asked.follows if inherits else None
                where = await pointed(conn, asked.course, question, text, chosen=asked.lecture, follows=follows)
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
            scope=where.scope,
            named=where.named,
            follows=asked.follows,
            again=asked.again,
            before=before,
            shown=shown,
            holds=holds,
            showing=showing,
        )

    async def _stored(
        self, conn: AsyncConnection, asked: Asked, text: str, language: str
    ) -> tuple[QuestionId, Reply | None, Showing | None]:
        """Store the question in its words, or return what came before by the same id, as `_redelivered` does."""
        stored = await questions.insert(
            conn,
            course=asked.course.id,
            lecture=asked.lecture,
            text=text,
            language=language,
            follows=asked.follows,
            source=asked.source,
            source_id=asked.source_id,
            asker_key=asked.asker_key,
            lease=self._lease,
            said_at=asked.said_at,
            everywhere=asked.everywhere,
            again=asked.again,
            words_of=asked.words_of,
        )
        if not stored:
            return await self._redelivered(conn, asked)
        # Of what is new alone: a refusal takes it back with the transaction, so that nobody judges or counts it.
        reader = asked.reader or asked.course.language
        if not asked.again and (said := courtesy_returned(text, reader, follows=asked.follows is not None)):
            raise Refused(said)
        if asked.asker_key:
            # After it is stored, so that it counts itself.
            await require_within_limits(conn, asked, asked.asker_key)
        return stored, None, await self._opened(conn, asked, stored)

    async def _refused(self, conn: AsyncConnection, asked: Asked) -> Why | None:
        if asked.again is None:
            return None
        if asked.again in WRITTEN and not self._has_model:
            return "again.no_model"
        return await refused(conn, asked.course.id, asked.follows, asked.again)

    async def _withdrawn(self, conn: AsyncConnection, asked: Asked, why: Why) -> Reply | Refused:
        """Let go of another try, which a stop may have cut off; one that was answered goes where it should."""
        reader, course = asked.reader or asked.course.language, asked.course.id
        source_id = asked.source_id or ""
        if await questions.by_source(conn, course=course, source=asked.source, source_id=source_id) is None:
            return Refused(i18n.text(why, reader))
        question, reply, _ = await self._redelivered(conn, asked)
        if reply is None:
            await questions.withdraw(conn, course=course, question=question)
        return reply or withdrawn(why, reader)

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
        reader = asked.reader or asked.course.language
        if before is None and asked.again:
            raise TriedBefore(i18n.text("again.being_written", reader))
        if before is None:
            raise Broken(f"The question {asked.source_id!r} from {asked.source!r} belongs to another course.")
        course, to = asked.course.id, asked.destination
        if to and await deliveries.redirect(conn, question=before.id, course=course, destination=to, lease=self._lease):
            showing = await showings.open_reply(conn, question=before.id, course=course, destination=to)
        elif asked.is_anew:
            raise Refused(i18n.text("question.in_progress", reader))
        else:
            showing = await showings.current(conn, question=before.id, course=course)
        if reply := await reply_to(conn, asked.course.id, before.id, before.text, showing):
            return before.id, reply, showing
        if not await questions.claim(conn, course=asked.course.id, question=before.id, lease=self._lease):
            raise InProgress(i18n.text("question.in_progress", reader))
        return before.id, None, showing
