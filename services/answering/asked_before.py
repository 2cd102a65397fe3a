"""Find what staff have verified for who asks the same again, and let staff see to it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import answers, cards, kept, showings, staff_actions, verified
from db.records import Course, CourseId, Hit, Reference, VerifiedId
from db.records.reviews import Verified
from services.answering import same_question
from services.answering.same_question import Candidates, Comparable
from services.errors import Unavailable
from services.models.embedder import Embedder
from services.search.generations import Serving

MOST_LISTED = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A verified answer to the same question."""

    id: VerifiedId
    text: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The passages that staff chose for a related question."""

    id: VerifiedId
    hits: tuple[Hit, ...]


class Finder:
    """
    Finds what staff have verified for a question; one for the whole process.

    Where vectors serve, meaning helps; without them, words decide alone.
    """

    def __init__(self, pool: AsyncConnectionPool, serving: Serving | None) -> None:
        self._pool = pool
        self._serving = serving
        self._arranged: dict[CourseId, tuple[object, Candidates]] = {}

    async def find(self, course: Course, question: str, language: str) -> Known | Evidence | None:
        """Return the answer to the same question, the passages for a related one, or None."""
        async with self._pool.connection() as conn:
            holding = await verified.holding(conn, course=course.id)
        if not holding:
            return None
        current = await self._serving.current() if self._serving else None
        model, embedder = (current[0].model, current[1]) if current else (None, None)
        candidates = await self._candidates(course.id, holding, model, embedder)
        new = await _ready(question, language, model, embedder)
        # In a thread: it compares with all verified questions of the course, and the loop must go on.
        match = await asyncio.to_thread(same_question.best, new, candidates)
        if match is None:
            return None
        found = holding[match.place]
        async with self._pool.connection() as conn:
            if match.verdict == "related":
                hits = await verified.passages(conn, course=course.id, verified=found.id)
                return Evidence(id=found.id, hits=tuple(hits)) if hits else None
            references = await verified.references(conn, course=course.id, verified=found.id)
        return Known(id=found.id, text=found.text, references=tuple(references))

    async def _candidates(
        self, course: CourseId, holding: list[Verified], model: str | None, embedder: Embedder | None
    ) -> Candidates:
        """Arrange the verified questions of a course, once until they change."""
        state = (model, tuple(one.id for one in holding))  # the question of a verified answer never changes
        known, candidates = self._arranged.get(course, (None, None))
        if candidates is None or known != state:
            ready = await _all_ready(holding, model, embedder)
            candidates = await asyncio.to_thread(Candidates, ready)
            # Without all their vectors, which a failure of the model takes, they serve this one question.
            if embedder is None or all(one.vector is not None for one in ready):
                self._arranged[course] = (state, candidates)
        return candidates


async def _all_ready(holding: Sequence[Verified], model: str | None, embedder: Embedder | None) -> list[Comparable]:
    """Return the questions of verified answers; from the first that the model fails at, it is not asked again."""
    ready: list[Comparable] = []
    for one in holding:
        # A model that is away takes its time to say so, and a course may have hundreds of these.
        is_up = not ready or ready[-1].vector is not None
        ready.append(await _ready(one.question, one.language, model, embedder if is_up else None))
    return ready


async def _ready(text: str, language: str, model: str | None, embedder: Embedder | None) -> Comparable:
    try:
        vector = await embedder.embed_query(text) if embedder else None
    except Unavailable:
        vector = None
    return same_question.asked(text, language, vector=vector, model=model if vector is not None else None)


class VerifiedAnswers:
    """The answers in the words of staff, as staff see to them."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def listed(self, course: Course) -> list[Verified]:
        """All of a course, the newest first."""
        async with self._pool.connection() as conn:
            return await verified.every(conn, course=course.id, most=MOST_LISTED)

    async def retire(self, course: Course, which: VerifiedId, actor_key: str) -> Verified | None:
        """Show it no more; None: there is none, or it was retired before."""
        async with self._pool.connection() as conn:
            # The answer before its words, as everybody locks.
            if answer := await verified.answer_of(conn, course=course.id, verified=which):
                await answers.lock(conn, course=course.id, answer=answer)
            retired = await verified.retire(conn, course=course.id, verified=which)
            if retired is None:
                return None
            await staff_actions.add(
                conn,
                course=course.id,
                item=None,
                answer=retired.answer_id,
                actor_key=actor_key,
                action="retire",
                # The answer may have gone with its asker's data: the words' own number says what was retired.
                before={**await recorded(conn, retired), "verified": retired.id, "version": retired.version},
            )
            await showings.outdate_words(conn, course=course.id, verified=retired.id)
            await cards.outdate_words(conn, course=course.id, verified=retired.id)
        return retired


async def recorded(conn: AsyncConnection, words: Verified) -> dict[str, str]:
    """Return what the record of actions keeps of *words* in force, before they change."""
    return worded(words.text, is_a_students=await kept.is_a_students(conn, course=words.course_id, verified=words.id))


def worded(text: str, *, is_a_students: bool) -> dict[str, str]:
    """Return *text* for the record, which never changes; what a student wrote is theirs to take back."""
    return {} if is_a_students else {"text": text}
