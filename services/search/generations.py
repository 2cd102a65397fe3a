"""Keep each model's vectors together, and change from one model to another without a moment of bad answers."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import generations, language_means, vectors
from db.records import CourseId, Generation
from services.errors import Broken, MonitoriaError
from services.models.embedder import Configured, Embedder, Identity
from services.models.embedder.opening import FIRST_PAUSE_S, LONGEST_PAUSE_S
from services.search.weights import first_weights

log = logging.getLogger(__name__)

NOTICE_AFTER_S = 5.0
PATIENCE_S = 1.0
BATCH = 64
LEAVE_RETIRED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """How far the filling in of missing vectors has come."""

    done: int
    total: int


def matches(generation: Generation, identity: Identity) -> bool:
    """Tell whether vectors of *generation* and of a model with *identity* can be compared."""
    return identity == identity_of(generation)


def identity_of(generation: Generation) -> Identity:
    """Return what the model of *generation* was."""
    return Identity(
        backend=generation.backend,  # pyright: ignore[reportArgumentType] - the column holds what Identity wrote
        model=generation.model,
        revision=generation.revision,
        dimension=generation.dimension,
        query_prefix=generation.query_prefix,
        passage_prefix=generation.passage_prefix,
        piece_tokens=generation.piece_tokens,
    )


def is_by(generation: Generation, identity: Identity) -> bool:
    """Tell whether a model with *identity* can ask *generation*, whichever way its passages were cut."""
    return identity.recut(generation.piece_tokens) == identity_of(generation)


class Serving:
    """
    Which generation serves now, and the model that can ask it.

    Another process may change the generation (`reindex`) at any time, so it is looked up again every few seconds;
    the model it needs is then opened beside the one configured. While that is not possible, searches are lexical.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        configured: Embedder | Configured | None,
        *,
        reopen: Callable[[Generation], AbstractAsyncContextManager[Embedder | None]],
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._pool = pool
        self._configured = configured
        self._reopen = reopen
        self._stack = AsyncExitStack()
        self._generation: Generation | None = None
        self._looked_at = float("-inf")
        self._opening: tuple[Generation, asyncio.Task[Embedder | None]] | None = None
        self._first_try = asyncio.Event()
        self._first_pause_s = first_pause_s

    @property
    def configured(self) -> Embedder | None:
        """The model that is configured; None: it is not wanted, or cannot be had now."""
        return self._configured.embedder if isinstance(self._configured, Configured) else self._configured

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opening and not self._opening[1].done():
            self._opening[1].cancel()
            await asyncio.gather(self._opening[1], return_exceptions=True)
        await self._stack.aclose()

    async def current(self, *, patience_s: float = PATIENCE_S) -> tuple[Generation, Embedder] | None:
        """Return the serving generation and its model; None while no model can ask it, or none was built yet."""
        generation = await self._look()
        if generation is None:
            return None
        configured = self.configured
        if configured and is_by(generation, configured.identity):
            return generation, configured.recut(generation.piece_tokens)
        embedder = await self._reopened(generation, patience_s)
        return (generation, embedder) if embedder else None

    def forget(self) -> None:
        """Look the generation up again at the next call: this process has just changed it."""
        self._looked_at = float("-inf")

    async def _look(self) -> Generation | None:
        if time.monotonic() - self._looked_at > NOTICE_AFTER_S:
            async with self._pool.connection() as conn:
                self._generation = await generations.serving(conn)
            self._looked_at = time.monotonic()
        return self._generation

    async def _reopened(self, generation: Generation, patience_s: float) -> Embedder | None:
        if self._opening is None or self._opening[0].id != generation.id:
            if self._opening:
                self._opening[1].cancel()
            self._first_try = asyncio.Event()
            self._opening = (generation, asyncio.create_task(self._open(generation, self._first_try)))
        task, tried = self._opening[1], asyncio.create_task(self._first_try.wait())
        # After a first try that failed, nobody waits: the next ones are made in the background.
        await asyncio.wait({task, tried}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        tried.cancel()
        return task.result() if task.done() and not task.cancelled() else None

    async def _open(self, generation: Generation, tried: asyncio.Event) -> Embedder | None:
        """Open the model of *generation*, however often that must be tried; None where it can never ask it."""
        pause_s = self._first_pause_s
        while True:
            try:
                embedder = await self._stack.enter_async_context(self._reopen(generation))
                break
            except MonitoriaError as error:
                if not tried.is_set():
                    log.warning("generation.unaskable", extra={"model": generation.model, "reason": str(error)})
            tried.set()
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        if embedder is None:
            return None  # none is wanted
        if not is_by(generation, embedder.identity):
            log.warning("generation.unaskable", extra={"model": generation.model, "reason": "the model has changed"})
            return None
        if tried.is_set():
            log.warning("generation.askable", extra={"model": generation.model})
        return embedder.recut(generation.piece_tokens)


async def begin(pool: AsyncConnectionPool, identity: Identity) -> Generation:
    """Return the serving generation; where there is none yet, one for *identity* begins and serves at once."""
    async with pool.connection() as conn:
        # Two processes may begin at once: the second insert does nothing, and both find the same row.
        found = (
            await generations.serving(conn)
            or await _insert(conn, identity, state="serving")
            or await generations.serving(conn)
        )
    if found is None:
        raise Broken("No model generation serves and none could begin; run `monitoria doctor`.")
    return found


async def fill(
    pool: AsyncConnectionPool, generation: Generation, embedder: Embedder, *, course: CourseId | None = None
) -> AsyncGenerator[Filled, None]:
    """
    Give each searched segment that has no vector in *generation* one, of one course or of all.

    Each batch is a transaction of its own, so that a killed process loses one batch at most and the next one goes
    on; several processes may do this at once.

    Raises:
        EmbedderUnavailable: the model cannot be reached; what is filled stays.

    """
    async with pool.connection() as conn:
        total = await vectors.count_missing(conn, generation=generation.id, course=course)
    done = 0
    while batch := await _missing(pool, generation, course):
        embedded = await embed(embedder, [segment.text for segment in batch])
        await _write(pool, generation, batch, embedded)
        done += len(batch)
        yield Filled(done=done, total=max(total, done))


async def embed(embedder: Embedder, texts: Sequence[str]) -> list[NDArray[np.float32]]:
    """Return for each text the vectors of its pieces, shape (pieces, dimension)."""
    # Counting tokens takes milliseconds a text: not on the event loop.
    pieces = await asyncio.to_thread(lambda: [embedder.pieces(text) for text in texts])
    flat = await embedder.embed_passages([piece for parts in pieces for piece in parts])
    ends = list(accumulate(len(parts) for parts in pieces))
    return [flat[end - len(parts) : end] for parts, end in zip(pieces, ends, strict=True)]


async def _missing(
    pool: AsyncConnectionPool, generation: Generation, course: CourseId | None
) -> list[vectors.Unembedded]:
    async with pool.connection() as conn:
        return await vectors.missing(conn, generation=generation.id, course=course, limit=BATCH)


async def _write(
    pool: AsyncConnectionPool,
    generation: Generation,
    batch: Sequence[vectors.Unembedded],
    embedded: Sequence[NDArray[np.float32]],
) -> None:
    async with pool.connection() as conn, conn.transaction():
        await vectors.lock_filling(conn, generation.id)
        wanted = await vectors.still_missing(conn, generation=generation.id, segments=batch)
        rows = [
            (segment.course_id, segment.lecture_id, segment.segment_id, pieces)
            for segment, pieces in zip(batch, embedded, strict=True)
            if segment.segment_id in wanted
        ]
        await vectors.copy(conn, generation=generation.id, rows=rows)
        # With every batch, so that a process killed after one leaves no means of other vectors behind.
        for course in sorted({segment.course_id for segment in batch}):
            await language_means.refresh(conn, course=course, generation=generation.id)


async def reindex(pool: AsyncConnectionPool, embedder: Embedder) -> AsyncGenerator[Filled, None]:
    """
    Build the generation of *embedder* beside the one that serves, and let it serve once it is whole.

    An interrupted run goes on where it was. Where *embedder*'s generation serves already, only what is missing is
    filled in.
    """
    async with pool.connection() as conn:
        await generations.sweep_retired(conn, unused_for=LEAVE_RETIRED)
    generation = await begin(pool, embedder.identity)
    if matches(generation, embedder.identity):
        async for filled in fill(pool, generation, embedder):
            yield filled
        return
    successor = await _successor(pool, embedder.identity)
    while True:
        async for filled in fill(pool, successor, embedder):
            yield filled
        if await _took_over(pool, successor):
            return


async def _successor(pool: AsyncConnectionPool, identity: Identity) -> Generation:
    """Go on with the generation that is being built if it is of this model; else give that one up for a new one."""
    async with pool.connection() as conn, conn.transaction():
        await generations.forbid_writers(conn)
        started = await generations.building(conn)
        if started and matches(started, identity):
            return started
        if started:
            await generations.retire(conn, started.id)
        successor = await _insert(conn, identity, state="building")
    if successor is None:
        raise Broken("Another process began to build a model generation just now; wait until it is done.")
    return successor


async def _insert(
    conn: AsyncConnection, identity: Identity, *, state: Literal["building", "serving"]
) -> Generation | None:
    return await generations.insert(
        conn,
        backend=identity.backend,
        model=identity.model,
        revision=identity.revision,
        dimension=identity.dimension,
        query_prefix=identity.query_prefix,
        passage_prefix=identity.passage_prefix,
        piece_tokens=identity.piece_tokens,
        state=state,
        dense_weights=first_weights(identity),
    )


async def _took_over(pool: AsyncConnectionPool, successor: Generation) -> bool:
    """Let *successor* serve if nothing is missing in it at this very moment; ingests wait for the answer."""
    async with pool.connection() as conn, conn.transaction():
        await generations.forbid_writers(conn)
        if await vectors.count_missing(conn, generation=successor.id, course=None):
            return False
        if predecessor := await generations.serving(conn):
            await generations.retire(conn, predecessor.id)
        await generations.serve(conn, successor.id)
    return True
