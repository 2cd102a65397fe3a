"""Run the translating program, ask it one thing at a time, and never wait long for it."""

import asyncio
import json
import logging
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from services.models.translator import child
from services.models.translator.plain import translatable
from services.models.translator.protocol import TranslatorUnavailable

log = logging.getLogger(__name__)

PROGRAM = Path(child.__file__)

DIRECTIONS = {("pt", "en"): "pt-en", ("en", "pt"): "en-pt"}

LIMIT_S = 0.3
"""A search waits no longer than this for a translation, and goes on without."""
FIRST_LIMIT_S = 2.0
"""The same while the program starts and its model is read in, which take 0.6 s."""
HUNG_S = 30.0
"""After which the program is ended: what it is given at most takes it 0.6 s."""
PAUSE_S = 60.0
"""Between two starts of a program that has died."""
CLOSING_S = 2.0

REMEMBERED = 1_024
MOST_WAITING = 32

Key = tuple[str, str]
"""A direction, and what is translated."""


class OfflineTranslator:
    """
    Translates in a process of its own, one question after the other; implements `Translator`.

    The process starts when it is first needed. A translation that comes too late is kept for who asks next.
    """

    def __init__(
        self,
        package: Path,
        *,
        program: Path = PROGRAM,
        limit_s: float = LIMIT_S,
        first_limit_s: float = FIRST_LIMIT_S,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._command = (sys.executable, "-P", str(program), str(package))
        self._limit_s = limit_s
        self._first_limit_s = first_limit_s
        self._pause_s = pause_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._loaded: set[str] = set()  # directions
        self._known: OrderedDict[Key, str] = OrderedDict()
        self._running: dict[Key, asyncio.Task[str]] = {}
        self._not_before = float("-inf")
        self._is_refused = False

    def targets(self, source: str) -> tuple[str, ...]:
        return tuple(target for known, target in DIRECTIONS if known == source)

    async def translated(self, text: str, source: str, target: str) -> str:
        direction, plain = DIRECTIONS.get((source, target)), translatable(text)
        if direction is None or not plain or self._is_refused:
            return ""
        key = (direction, plain)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        if key not in self._running and len(self._running) >= MOST_WAITING:
            log.info("translator.busy", extra={"waiting": MOST_WAITING})
            return ""
        limit_s = self._limit_s if direction in self._loaded else self._first_limit_s
        running = self._running.get(key) or self._begun(key)
        # Who gives up lets it go on: the next one to ask has it at once.
        if not (await asyncio.wait({running}, timeout=limit_s))[0]:
            log.info("translator.late", extra={"limit_s": limit_s})
        return self._known.get(key, "")

    async def require_working(self) -> None:
        """
        Translate a word in each direction, however long the first time takes.

        Raises:
            TranslatorUnavailable: one sentence says why it cannot be used.

        """
        for direction in child.MODELS:
            await self._asked(direction, "tensor")

    async def close(self) -> None:
        for running in self._running.values():
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._end()

    def _begun(self, key: Key) -> asyncio.Task[str]:
        running = self._running[key] = asyncio.create_task(self._asked(*key))
        running.add_done_callback(partial(self._settle, key))
        return running

    def _settle(self, key: Key, done: asyncio.Task[str]) -> None:
        self._running.pop(key, None)
        if done.cancelled():  # closed meanwhile
            return
        if error := done.exception():
            log.warning("translator.failed", extra={"reason": str(error)})
            return
        self._known[key] = done.result()
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def _asked(self, direction: str, text: str) -> str:
        async with self._turn:
            try:
                async with asyncio.timeout(HUNG_S):
                    said = await self._said(direction, text)
            except (OSError, TimeoutError, ValueError) as error:
                self._not_before = time.monotonic() + self._pause_s
                await self._end()
                reason = "it ended" if isinstance(error, ValueError) else str(error) or "it hangs"
                raise TranslatorUnavailable(f"The translator does not work ({reason}).") from error
            except asyncio.CancelledError:
                await self._end()  # else its reply would be read as that to the next question
                raise
        if "refused" in said:
            self._is_refused = True
            raise TranslatorUnavailable(f"The translator cannot be used ({said['refused']}); install it again.")
        if "error" in said:
            raise TranslatorUnavailable(f"The translator failed upon a question ({said['error']}).")
        self._loaded.add(direction)
        return said["text"]

    async def _said(self, direction: str, text: str) -> dict[str, str]:
        """Return the program's reply, as `child` describes it; ValueError where there is none."""
        if self._process is None:
            if time.monotonic() < self._not_before:
                raise OSError("it has died a moment ago")
            self._process = await _started(self._command)
        reading, writing = self._process.stdout, self._process.stdin
        assert reading is not None  # noqa: S101 - both are pipes
        assert writing is not None  # noqa: S101
        writing.write(json.dumps({"direction": direction, "text": text}).encode() + b"\n")
        await writing.drain()
        return json.loads(await reading.readline())

    async def _end(self) -> None:
        process, self._process = self._process, None
        self._loaded.clear()
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            async with asyncio.timeout(CLOSING_S):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def is_installed() -> bool:
    return child.folder() is not None


@asynccontextmanager
async def open_translator(*, is_wanted: bool) -> AsyncGenerator[OfflineTranslator | None, None]:
    """Open the translator; None where it is not wanted or not installed."""
    package = child.folder() if is_wanted else None
    if package is None:
        yield None
        return
    translator = OfflineTranslator(package)
    try:
        yield translator
    finally:
        await translator.close()


async def _started(command: Sequence[str]) -> Process:
    # By its path, without our variables: the package gets no token and no address of a database, and one thread.
    few = {"PYTHONIOENCODING": "utf-8", "RAYON_NUM_THREADS": "1"}
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=few)
