"""Find the passages of a course that a question asks about, by meaning and by words."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg_pool import AsyncConnectionPool

from db import language_means, lexicons
from db.language_means import LanguageMean
from db.records import Course, CourseId, Generation, GenerationId, Hit, LectureId, RetrievalMode, SegmentId
from db.search import Dense, nearest
from db.texts import storable
from services.errors import Unavailable
from services.models.embedder import Embedder
from services.search import likeness
from services.search.generations import Serving
from services.words import terms as lexical
from services.words.language import of_question

log = logging.getLogger(__name__)

REACH = 50
"""How many segments each leg finds; what neither has among its first fifty, both together hardly raise into the ten."""

RANK_CONSTANT = 10
"""The k of reciprocal rank fusion, 1 / (k + rank), of several phrasings."""

REMEMBER_LANGUAGES_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found, and how it searched."""

    hits: tuple[Hit, ...]
    mode: RetrievalMode
    generation_id: GenerationId | None
    language: str  # of the question, two-letter code


class Retriever:
    """
    Searches courses; one for the whole process.

    Without *serving* it searches by words alone. *dense_weights* stand in for those of the serving generation.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        serving: Serving | None,
        *,
        dense_weights: Mapping[str, float] | None = None,
    ) -> None:
        self._pool = pool
        self._serving = serving
        self._dense_weights = dense_weights
        self._languages: dict[CourseId, tuple[float, tuple[str, ...]]] = {}
        self._means: dict[tuple[CourseId, GenerationId], tuple[float, Sequence[LanguageMean]]] = {}

    async def search(
        self,
        *,
        course: Course,
        questions: Sequence[str],
        codes: Sequence[str] | None = None,
        k: int = 10,
        lecture: LectureId | None = None,
    ) -> Found:
        """
        Return the *k* best hits for one question, given in one or more phrasings, the original first.

        *codes* are the phrasings' languages; None: nobody has told them yet, and each one's words do. Lectures not yet
        released are not searched. A search goes on by words alone when no model can embed.
        """
        questions = [storable(question) for question in questions]
        languages = await self.languages(course)
        codes = codes or [of_question(question, languages) for question in questions]
        serving = await self._serving.current() if self._serving else None
        legs = await asyncio.gather(
            *(self._dense(course, phrasing, code, serving) for phrasing, code in zip(questions, codes, strict=True))
        )
        found = await asyncio.gather(
            *(
                self._nearest(course, lexical.question_terms(phrasing, code, languages), leg, lecture=lecture, k=k)
                for phrasing, code, leg in zip(questions, codes, legs, strict=True)
            )
        )
        return Found(
            hits=found[0] if len(found) == 1 else fuse(found, k),
            mode="hybrid" if any(legs) else "lexical",
            generation_id=next((leg.generation for leg in legs if leg), None),
            language=codes[0],
        )

    async def languages(self, course: Course) -> tuple[str, ...]:
        """Two-letter codes of the languages that the course's lectures are in, the most frequent first."""
        looked_at, languages = self._languages.get(course.id, (float("-inf"), ()))
        if time.monotonic() - looked_at > REMEMBER_LANGUAGES_S:
            async with self._pool.connection() as conn:
                languages = await lexicons.languages(conn, course.id)
            self._languages[course.id] = (time.monotonic(), languages)
        return languages

    async def _dense(
        self, course: Course, phrasing: str, code: str, serving: tuple[Generation, Embedder] | None
    ) -> Dense | None:
        if serving is None:
            return None
        generation, embedder = serving
        try:
            vector = await embedder.embed_query(phrasing)
        except Unavailable as error:
            log.warning("retrieve.lexical_only", extra={"reason": str(error)})
            return None
        return likeness.dense(
            generation,
            vector,
            code,
            means=await self._means_of(course, generation.id),
            weights=self._dense_weights or generation.dense_weights,
        )

    async def _means_of(self, course: Course, generation: GenerationId) -> Sequence[LanguageMean]:
        key = course.id, generation
        looked_at, means = self._means.get(key, (float("-inf"), ()))
        if time.monotonic() - looked_at > REMEMBER_LANGUAGES_S:
            async with self._pool.connection() as conn:
                means = await language_means.of_course(conn, course=course.id, generation=generation)
            self._means[key] = (time.monotonic(), means)
        return means

    async def _nearest(
        self,
        course: Course,
        terms: Mapping[int, float],
        dense: Dense | None,
        *,
        lecture: LectureId | None,
        k: int,
    ) -> tuple[Hit, ...]:
        async with self._pool.connection() as conn:
            hits = await nearest(
                conn, course=course.id, lecture=lecture, terms=terms, dense=dense, limit=k, reach=max(REACH, k)
            )
        return tuple(hits)


def fuse(rankings: Sequence[Sequence[Hit]], k: int) -> tuple[Hit, ...]:
    """Merge rankings of several phrasings into the best *k*, by reciprocal rank; a hit keeps its best cosine."""
    shares: defaultdict[SegmentId, float] = defaultdict(float)
    hits: dict[SegmentId, Hit] = {}
    for ranking in rankings:
        for hit in ranking:
            shares[hit.segment_id] += 1 / (RANK_CONSTANT + hit.rank)
            known = hits.setdefault(hit.segment_id, hit)
            if hit.score is not None and hit.score > (known.score or -1.0):
                hits[hit.segment_id] = hit
    order = sorted(shares, key=lambda segment: (-shares[segment], segment))[:k]
    return tuple(replace(hits[segment], rank=rank) for rank, segment in enumerate(order, start=1))
