"""Share one model among all who ask: questions first and together, passages in the gaps, nothing computed twice."""

import asyncio
import unicodedata
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.models.embedder.protocol import EmbedderUnavailable, Vectors, read_only, writable

QUESTIONS_AT_ONCE = 32
PASSAGES_AT_ONCE = 8
"""Few, because a question waits for the batch that is running: 8 passages of 256 tokens take about 0.3 s."""

REMEMBERED_QUESTIONS = 4_096

MOST_QUESTIONS_WAITING = 1_000
"""Beyond, a question would wait for longer than anybody does; refused, it is still searched for by its words."""

CLOSED = "The embedding model is closed; Monitoria is shutting down."

Encode = Callable[[Sequence[str]], Awaitable[Vectors]]
"""Returns shape (n, dimension), unit length; one call runs at a time."""


@dataclass(slots=True)
class _Job:
    texts: Sequence[str]
    done: asyncio.Future[Vectors] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class EncodingQueue:
    """
    Feeds one model, one batch at a time.

    Questions that wait are encoded together and before any passage; a question asked before is remembered, and
    one that is being encoded for somebody else is awaited, not encoded again.
    """

    def __init__(
        self, encode_questions: Encode, encode_passages: Encode, *, passages_at_once: int = PASSAGES_AT_ONCE
    ) -> None:
        self._encode_questions = encode_questions
        self._encode_passages = encode_passages
        self._passages_at_once = passages_at_once
        self._questions: OrderedDict[str, asyncio.Future[Vectors]] = OrderedDict()
        self._passages: OrderedDict[int, _Job] = OrderedDict()
        self._remembered: OrderedDict[str, Vectors] = OrderedDict()
        self._running: dict[str, asyncio.Future[Vectors]] = {}
        self._work = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._closed = False
        self._next = 0

    async def question(self, text: str) -> Vectors:
        """Return the vector of one question, shape (dimension,)."""
        self._refuse_when_closed()
        key = " ".join(unicodedata.normalize("NFC", writable(text)).split())
        if (known := self._remembered.get(key)) is not None:
            self._remembered.move_to_end(key)
            return known
        waiting = self._running.get(key) or self._questions.get(key)
        if waiting is None:
            if len(self._questions) >= MOST_QUESTIONS_WAITING:
                raise EmbedderUnavailable(
                    f"The embedding model is busy, {MOST_QUESTIONS_WAITING:,} questions wait for it; ask again later."
                )
            waiting = self._questions[key] = asyncio.get_running_loop().create_future()
            self._start()
        # Somebody who gives up must not take the vector from others who wait for the same question.
        return await asyncio.shield(waiting)

    async def passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of passages in their order, shape (n, dimension), read-only."""
        # Of like length together: the longest of a batch pads the others, or a server waits for it.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        parts: list[Vectors] = []
        for at in range(0, len(texts), self._passages_at_once):
            self._refuse_when_closed()
            chosen = [writable(texts[place]) for place in order[at : at + self._passages_at_once]]
            number, job = self._next, _Job(chosen)
            self._next += 1
            self._passages[number] = job
            self._start()
            try:
                parts.append(await job.done)
            finally:
                self._passages.pop(number, None)
        if not parts:
            return read_only(np.zeros((0, 0), np.float32))
        sorted_ = np.concatenate(parts)
        vectors = np.empty_like(sorted_)
        vectors[order] = sorted_
        return read_only(vectors)

    async def close(self) -> None:
        """Wait for the batch that is running; who still waits after that is told so."""
        self._closed = True
        self._work.set()
        try:
            if self._worker:
                await self._worker
        finally:
            for future in (*self._questions.values(), *(job.done for job in self._passages.values())):
                _fail(future, EmbedderUnavailable(CLOSED))

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise EmbedderUnavailable(CLOSED)

    def _start(self) -> None:
        self._work.set()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._serve())

    async def _serve(self) -> None:
        while not self._closed:
            if self._questions:
                await self._serve_questions()
            elif self._passages:
                _, job = self._passages.popitem(last=False)
                await _settle(job.done, len(job.texts), self._encode_passages(job.texts))
            else:
                self._work.clear()
                await self._work.wait()

    async def _serve_questions(self) -> None:
        keys = list(self._questions)[:QUESTIONS_AT_ONCE]
        self._running = {key: self._questions.pop(key) for key in keys}
        together: asyncio.Future[Vectors] = asyncio.get_running_loop().create_future()
        try:
            await _settle(together, len(keys), self._encode_questions(keys))
        finally:
            self._hand_out(together)

    def _hand_out(self, together: asyncio.Future[Vectors]) -> None:
        for row, (key, future) in enumerate(self._running.items()):
            if error := together.exception():
                _fail(future, error)
            else:
                self._remember(key, together.result()[row])
                if not future.done():
                    future.set_result(self._remembered[key])
        self._running = {}

    def _remember(self, key: str, vector: Vectors) -> None:
        self._remembered[key] = read_only(vector.copy())  # a row alone would keep its whole batch in memory
        if len(self._remembered) > REMEMBERED_QUESTIONS:
            self._remembered.popitem(last=False)


async def _settle(future: asyncio.Future[Vectors], count: int, work: Awaitable[Vectors]) -> None:
    """Give *future* what *work* gives; whoever waits gets the error, and the queue goes on."""
    try:
        vectors = await work
    except asyncio.CancelledError:
        _fail(future, EmbedderUnavailable(CLOSED))
        if (task := asyncio.current_task()) and task.cancelling():  # else only the work was, as by a closed thread
            raise
    except Exception as error:  # noqa: BLE001 - it is handed on to whoever asked
        _fail(future, error)
    else:
        if len(vectors) != count:
            _fail(future, EmbedderUnavailable(f"The embedding model gave {len(vectors)} vectors for {count} texts."))
        elif not future.done():
            future.set_result(vectors)


def _fail(future: asyncio.Future[Vectors], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # whoever waited may have gone; that is no news for the log
