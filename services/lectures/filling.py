"""Give segments that have no vector one, in the background, so that nobody has to remember `reindex`."""

import asyncio
import logging

from psycopg_pool import AsyncConnectionPool

from db import fillings, vectors
from db.records import Generation, GenerationId
from services.errors import Unavailable
from services.lectures.staleness import flag_stale_everywhere
from services.models.embedder import Configured, Embedder
from services.search.generations import Serving, begin, fill

log = logging.getLogger(__name__)

LOOK_S = 30.0
"""Between two looks; one that finds nothing new costs a query of a few rows."""
LONGEST_PAUSE_S = 600.0
LOOKS_UNTIL_SURE = 120
"""After so many looks in which nothing seemed to have changed, everything is counted all the same."""
OPENING_PATIENCE_S = 120.0


class Filling:
    """
    Fills in missing vectors, wherever a process runs for long; any number of them may, and one works.

    The model is opened when something is missing, not before: a worker that only judges has no use for it.
    """

    def __init__(
        self, pool: AsyncConnectionPool, configured: Configured, serving: Serving, *, look_s: float = LOOK_S
    ) -> None:
        self._pool = pool
        self._configured = configured
        self._serving = serving
        self._look_s = look_s
        self._settled: tuple[fillings.Signs, bool] | None = None  # when there was nothing left that could be done
        self._looks = 0
        self.missing: int | None = None  # segments without a vector, as of the last look; None: nobody has looked yet

    async def run(self) -> None:
        """Look and fill in until cancelled; while the model fails, with growing pauses."""
        await flag_stale_everywhere(self._pool)  # once: what programs before this one left behind
        pause_s = self._look_s
        while True:
            try:
                await self.step()
                pause_s = self._look_s
            except Unavailable as error:
                if pause_s == self._look_s:
                    log.warning("filling.paused", extra={"missing": self.missing, "reason": str(error)})
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def step(self) -> int:
        """
        Look once, fill in what is missing, and return how many segments still are without a vector.

        Raises:
            EmbedderUnavailable: the model failed in the middle; what is filled stays.

        """
        signs = await self._signs()
        if (signs, self._has_model()) == self._settled and self._looks < LOOKS_UNTIL_SURE:
            self._looks += 1
            return self.missing or 0
        self._looks, could = 0, False
        self.missing = await self._count(signs.generation)
        if self.missing:
            async with fillings.alone(self._pool) as is_alone:
                could = not is_alone or await self._filled()
            # Before the count, so that what comes in between is found by the next look.
            signs = await self._signs()
            self.missing = await self._count(signs.generation)
        self._settled = None if self.missing and could else (signs, self._has_model())
        return self.missing

    def _has_model(self) -> bool:
        return self._serving.configured is not None

    async def _filled(self) -> bool:
        """Fill in what is missing; return False where no model can be asked."""
        current = await self._model()
        if current is None:
            return False
        generation, embedder = current
        done = 0
        async for filled in fill(self._pool, generation, embedder):
            done = filled.done
            if (now := await self._serving.current()) is None or now[0].id != generation.id:
                break  # another one serves by now: the next look sees to that
        log.info("filling.done", extra={"segments": done, "model": generation.model})
        return True

    async def _model(self) -> tuple[Generation, Embedder] | None:
        """Return what serves; where nothing ever did, because no model could be had, the configured one begins."""
        await self._configured.open()
        if embedder := self._serving.configured:
            await begin(self._pool, embedder.identity)
        self._serving.forget()
        return await self._serving.current(patience_s=OPENING_PATIENCE_S)

    async def _signs(self) -> fillings.Signs:
        async with self._pool.connection() as conn:
            return await fillings.signs(conn)

    async def _count(self, generation: GenerationId | None) -> int:
        async with self._pool.connection() as conn:
            if generation is None:
                return await fillings.searched(conn)
            return await vectors.count_missing(conn, generation=generation, course=None)
