"""Find the passages of a course that a question asks about, by meaning and by words."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from psycopg_pool import AsyncConnectionPool

from db import language_means, lexicons
from db.language_means import LanguageMean
from db.records import Course, CourseId, Generation, GenerationId, Hit, LectureId, RetrievalMode
from db.search import Dense, nearest
from db.texts import storable
from services.errors import Unavailable
from services.models.embedder.protocol import Vectors
from services.models.translator import Translator
from services.search import likeness
from services.search.generations import Serving
from services.words import terms as lexical
from services.words.language import of_question

log = logging.getLogger(__name__)

REACH = 50
"""How many segments each leg finds; what neither has among its first fifty, both together hardly raise into the ten."""

REMEMBER_LANGUAGES_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found, and how it searched."""

    hits: tuple[Hit, ...]
    mode: RetrievalMode
    generation_id: GenerationId | None
    language: str  # of the question, two-letter code
    translations: Mapping[str, str] = field(default_factory=dict[str, str])  # made here, by their two-letter codes


class Retriever:
    """
    Searches courses; one for the whole process.

    Without *serving* it searches by words alone. With *translator*, also by the words of the question in the other
    languages of a course. *dense_weights* stand in for those of the serving generation.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        serving: Serving | None,
        *,
        translator: Translator | None = None,
        dense_weights: Mapping[str, float] | None = None,
    ) -> None:
        self._pool = pool
        self._serving = serving
        self._translator = translator
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
        lectures: Sequence[LectureId] | None = None,
    ) -> Found:
        """
        Return the *k* best hits for one question, as it was asked and, after that, in other languages.

        *codes* are the languages of these; None: nobody has told them yet, and each one's words do. Lectures not yet
        released are not searched, and with *lectures* none but these. A search goes on by words alone when no model can
        embed.
        """
        questions = [storable(question) for question in questions]
        languages = await self.languages(course)
        codes = codes or [of_question(question, languages) for question in questions]
        (language, asked), *told = zip(codes, questions, strict=True)
        placed, translations = await asyncio.gather(self._placed(asked), self._translations(asked, language, languages))
        told += translations.items()
        dense = await self._dense(course, placed, language, is_translated=bool(told)) if placed else None
        async with self._pool.connection() as conn:
            hits = await nearest(
                conn,
                course=course.id,
                lectures=lectures,
                terms=lexical.question_terms(asked, language, languages),
                more_terms=lexical.translated_terms(told, languages),
                dense=dense,
                limit=k,
                reach=max(REACH, k),
            )
        return Found(
            hits=tuple(hits),
            mode="hybrid" if dense else "lexical",
            generation_id=dense and dense.generation,
            language=language,
            translations=translations,
        )

    def weighing(self, dense_weights: Mapping[str, float]) -> "Retriever":
        """Return one that searches as this one does, with *dense_weights* for those of the serving generation."""
        return Retriever(self._pool, self._serving, translator=self._translator, dense_weights=dense_weights)

    def translates(self, language: str) -> tuple[str, ...]:
        """Two-letter codes of the languages that a question in *language* is also searched in."""
        return self._translator.targets(language) if self._translator else ()

    async def languages(self, course: Course) -> tuple[str, ...]:
        """Two-letter codes of the languages that the course's lectures are in, the most frequent first."""
        looked_at, languages = self._languages.get(course.id, (float("-inf"), ()))
        if time.monotonic() - looked_at > REMEMBER_LANGUAGES_S:
            async with self._pool.connection() as conn:
                languages = await lexicons.languages(conn, course.id)
            self._languages[course.id] = (time.monotonic(), languages)
        return languages

    async def _placed(self, asked: str) -> tuple[Generation, Vectors] | None:
        """Return where the question lies, and in which generation; None where no model can tell."""
        # Not its translations: a model that knows both languages places them where the question is (docs/retrieval.md).
        serving = await self._serving.current() if self._serving else None
        if serving is None:
            return None
        generation, embedder = serving
        try:
            return generation, await embedder.embed_query(asked)
        except Unavailable as error:
            log.warning("retrieve.lexical_only", extra={"reason": str(error)})
            return None

    async def _dense(
        self, course: Course, placed: tuple[Generation, Vectors], language: str, *, is_translated: bool
    ) -> Dense:
        generation, vector = placed
        return likeness.dense(
            generation,
            vector,
            language,
            means=await self._means_of(course, generation.id),
            weights=self._dense_weights or generation.dense_weights,
            is_translated=is_translated,
        )

    async def _means_of(self, course: Course, generation: GenerationId) -> Sequence[LanguageMean]:
        key = course.id, generation
        looked_at, means = self._means.get(key, (float("-inf"), ()))
        if time.monotonic() - looked_at > REMEMBER_LANGUAGES_S:
            async with self._pool.connection() as conn:
                means = await language_means.of_course(conn, course=course.id, generation=generation)
            self._means[key] = (time.monotonic(), means)
        return means

    async def _translations(self, asked: str, language: str, languages: Sequence[str]) -> dict[str, str]:
        """Return the question in those languages of the course that it can be translated into, by their codes."""
        if self._translator is None:
            return {}
        targets = [target for target in self.translates(language) if target in languages]
        texts = [await self._translator.translated(asked, language, target) for target in targets]
        return {target: text for target, text in zip(targets, texts, strict=True) if text}
