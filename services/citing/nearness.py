"""Say how near the sentences of the passages found are to a question in meaning."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from psycopg_pool import AsyncConnectionPool

from db import vectors
from db.records import CourseId, GenerationId, Hit, SegmentId
from services.citing.citations import Claim
from services.citing.quoting import Candidate, candidates
from services.errors import Unavailable
from services.models.embedder import Embedder
from services.search.generations import Serving

log = logging.getLogger(__name__)

SCALES = {"universal-sentence-encoder-multilingual-3": 1.0}
"""What a cosine of a model is multiplied with, so that it means what it does here: chosen on data (docs/references.md).
A model that nobody measured is not asked, for its cosines may lie anywhere: words alone then decide."""
MOST_SENTENCES = 48
"""How many are looked at for one question, those of the nearest pieces first: 80 ms for the packaged model, where none
is remembered. With all 150, no other references are chosen (docs/references.md)."""
MOST_OF_CLAIMS = 96
"""The same for the claims of one answer that words do not place, claims and sentences together; most have none."""
REMEMBERED_SENTENCES = 10_000
"""In half precision, some ten megabytes."""
TIME_LIMIT_S = 2.0
"""Beyond, words alone decide: an ingest may keep the model busy, or it may be far away and slow."""


class Nearness:
    """
    Compares sentences with a question by the model of the vectors that serve; one for the whole process.

    The sentences of a course's passages come again with other questions, so their vectors are remembered.
    """

    def __init__(self, pool: AsyncConnectionPool, serving: Serving) -> None:
        self._pool = pool
        self._serving = serving
        self._remembered: OrderedDict[tuple[GenerationId, str], NDArray[np.float16]] = OrderedDict()

    async def of(
        self, course: CourseId, question: str, generation: GenerationId | None, among: Sequence[Candidate]
    ) -> Mapping[str, float]:
        """
        Return the cosine with *question* of the texts of the most promising of its candidates *among* them all.

        Empty where passages were found by other vectors than those of the *generation* that serves now, nobody has
        measured its model, or that does not answer in time.
        """
        served = await self._serving.current()
        if served is None or served[0].id != generation or served[0].model not in SCALES or not among:
            return {}
        serving, embedder = served
        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                asked = await embedder.embed_query(question)
                pieces = await self._pieces(course, serving.id, among, asked)
                texts = _leading(among, pieces)
                found = await self._vectors(serving.id, embedder, texts)
        except (Unavailable, TimeoutError) as error:
            log.warning("nearness.skipped", extra={"reason": str(error) or f"not within {TIME_LIMIT_S:g} s"})
            return {}
        return dict(zip(texts, (SCALES[serving.model] * found @ asked).tolist(), strict=True))

    async def spoken(
        self, claims: Sequence[Claim], generation: GenerationId | None, language: str
    ) -> Mapping[Claim, str]:
        """
        Return the sentence of its passage that says most likely what each claim says, for as many as the bound lets.

        *language* is the claims'. Empty where `of` would be, or nothing of their passages can be quoted.
        """
        served = await self._serving.current()
        if served is None or served[0].id != generation or served[0].model not in SCALES:
            return {}
        among = await asyncio.to_thread(_of_claims, claims, language)
        if not among:
            return {}
        texts = list(dict.fromkeys(text for claim, ones in among.items() for text in _texts(claim, ones)))
        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                found = dict(zip(texts, await self._vectors(served[0].id, served[1], texts), strict=True))
        except (Unavailable, TimeoutError) as error:
            log.warning("nearness.skipped", extra={"reason": str(error) or f"not within {TIME_LIMIT_S:g} s"})
            return {}
        scale = SCALES[served[0].model]
        return {
            claim: max(
                ones, key=lambda one: one.worth(scale * float(found[one.sentence.text] @ found[claim[0]]))
            ).sentence.text
            for claim, ones in among.items()
        }

    async def _pieces(
        self, course: CourseId, generation: GenerationId, among: Sequence[Candidate], asked: NDArray[np.float32]
    ) -> Mapping[SegmentId, Sequence[float]]:
        hits = {one.sentence.hit.segment_id: one.sentence.hit for one in among}
        async with self._pool.connection() as conn:
            return await vectors.nearness(
                conn,
                generation=generation,
                course=course,
                lectures=list({hit.lecture_id for hit in hits.values()}),
                segments=list(hits),
                vector=asked,
            )

    async def _vectors(self, generation: GenerationId, embedder: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of *texts*, shape (n, dimension)."""
        known = {text: row for text in texts if (row := self._remembered.get((generation, text))) is not None}
        if new := sorted((text for text in texts if text not in known), key=len):  # of like length, for the batches
            for text, row in zip(new, await embedder.embed_passages(new), strict=True):
                known[text] = row.astype(np.float16)
        for text in texts:
            self._remember((generation, text), known[text])
        return np.stack([known[text] for text in texts]).astype(np.float32)

    def _remember(self, key: tuple[GenerationId, str], row: NDArray[np.float16]) -> None:
        self._remembered[key] = row
        self._remembered.move_to_end(key)
        if len(self._remembered) > REMEMBERED_SENTENCES:
            self._remembered.popitem(last=False)


def _of_claims(claims: Sequence[Claim], language: str) -> dict[Claim, list[Candidate]]:
    """Return what may be meant by each claim, for as many of them as `MOST_OF_CLAIMS` lets."""
    among: dict[Claim, list[Candidate]] = {}
    left = MOST_OF_CLAIMS
    for text, hit in claims:
        found = candidates(text, [hit], language)
        left -= 1 + len(found)
        if found and left >= 0:
            among[text, hit] = found
    return among


def _texts(claim: Claim, among: Sequence[Candidate]) -> list[str]:
    return [claim[0], *(one.sentence.text for one in among)]


def _leading(among: Sequence[Candidate], pieces: Mapping[SegmentId, Sequence[float]]) -> list[str]:
    """Return the texts of the candidates that are worth most if each is as near as the piece that it stands in."""

    def worth(one: Candidate) -> float:
        return one.worth(_nearness_at(one.sentence.hit, (one.sentence.start + one.sentence.end) / 2, pieces))

    ranked = sorted(among, key=worth, reverse=True)
    return list(dict.fromkeys(one.sentence.text for one in ranked))[:MOST_SENTENCES]


def _nearness_at(hit: Hit, middle: float, pieces: Mapping[SegmentId, Sequence[float]]) -> float:
    """Return the cosine of the piece that the letter at *middle* is in; pieces are about equally long."""
    found = pieces.get(hit.segment_id, ())
    return found[min(len(found) - 1, int(len(found) * middle / len(hit.text)))] if found else 0.0
