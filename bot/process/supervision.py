"""Keep the long-lived parts of a process up side by side, and stop them in order when a signal says so."""

import asyncio
import logging
import os
import random
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from services.errors import MonitoriaError
from services.ground.cancelling import cancelled

log = logging.getLogger(__name__)

STOP_LIMIT_S = 19.0
"""From the first signal to the end of the process, whatever hangs; a container is given 30 s."""
HURRY_LIMIT_S = 3.0
CANCEL_LIMIT_S = 4.0
"""For one part that was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPart:
    """
    Something that runs as long as the process does.

    *run* goes on until it is cancelled; if it fails or ends, it is started again, unless its error is one of *fatal*.
    Where there is a *leave*, a stop calls it first, and *run* has *grace_s* to end by itself.
    """

    name: str
    run: Callable[[], Awaitable[None]]
    leave: Callable[[], None] | None = None
    grace_s: float = 0.0
    fatal: tuple[type[Exception], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """How long a part that failed stays down: twice as long each time, until it has run for *steady_s*."""

    first_s: float = 2.0
    most_s: float = 300.0
    steady_s: float = 120.0

    def before(self, failures: int) -> float:
        """Return the gap after so many *failures* in a row, half as long or half again, so that no two keep step."""
        gap_s = min(self.most_s, self.first_s * 2 ** min(failures - 1, 30))
        return gap_s * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


class Stop:
    """What SIGTERM and Ctrl-C ask for: the first to stop in order, a second one to stop at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()
        self.by: signal.Signals | None = None
        self._interrupted: asyncio.Task[object] | None = None

    @contextmanager
    def listening(self) -> Generator[None, None, None]:
        """Hear the signals of this process."""
        loop, heard = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
        for which in heard:
            loop.add_signal_handler(which, self.hear, which)
        try:
            yield
        finally:
            for which in heard:
                loop.remove_signal_handler(which)

    @contextmanager
    def interrupting(self) -> Generator[None, None, None]:
        """Within, a signal cancels the current task: there is nothing yet to stop in order."""
        self._interrupted = asyncio.current_task()
        try:
            yield
        finally:
            self._interrupted = None

    def hear(self, which: signal.Signals) -> None:
        if self.by is None:
            self.by = which
            log.info("run.stopping", extra={"signal": which.name})
            self.asked.set()
            self._end_within(STOP_LIMIT_S, which)
            if self._interrupted:
                self._interrupted.cancel()
        else:
            self.hurried.set()
            self._end_within(HURRY_LIMIT_S, self.by)

    @staticmethod
    def _end_within(limit_s: float, which: signal.Signals) -> None:
        """End the process by force if it is still there: a thread that hangs would hold it up for ever."""
        timer = threading.Timer(limit_s, _end_now, [which])
        timer.daemon = True
        timer.start()


def exit_status(by: signal.Signals | None) -> int:
    """Return 0 for a stop that was ordered, and what shells give for Ctrl-C."""
    return 128 + signal.SIGINT if by is signal.SIGINT else 0


async def supervised(parts: Sequence[ProcessPart], stop: Stop, gaps: Gaps | None = None) -> None:
    """
    Run *parts* side by side until *stop* is asked for; then stop them, the last one first.

    A part that fails never ends another one. Raises what is fatal to a part, once all have stopped.
    """
    tasks = [asyncio.create_task(_kept_up(part, stop, gaps or Gaps()), name=part.name) for part in parts]
    asked = asyncio.create_task(stop.asked.wait())
    try:
        await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
        stop.asked.set()
        for part, task in reversed(list(zip(parts, tasks, strict=True))):
            await _stopped(part, task, stop)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()


async def _kept_up(part: ProcessPart, stop: Stop, gaps: Gaps) -> None:
    failures = 0
    while True:
        began_s = time.monotonic()
        error: Exception | None = None
        try:
            await part.run()
        except part.fatal:
            raise
        except Exception as failed:  # noqa: BLE001 - whatever it is, the other parts go on
            error = failed
        if stop.asked.is_set():
            return
        failures = 1 if time.monotonic() - began_s > gaps.steady_s else failures + 1
        gap_s = gaps.before(failures)
        log.error(
            "part.failed",
            exc_info=None if error is None or isinstance(error, MonitoriaError) else error,
            extra={"part": part.name, "reason": _reason(error), "again_in_s": round(gap_s, 1)},
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(gap_s):
                await stop.asked.wait()
            return


def _reason(error: Exception | None) -> str:
    return "it ended by itself" if error is None else str(error) or type(error).__name__


async def _stopped(part: ProcessPart, task: asyncio.Task[None], stop: Stop) -> None:
    if part.leave and not task.done():
        part.leave()
        hurried = asyncio.create_task(stop.hurried.wait())
        await asyncio.wait([task, hurried], timeout=part.grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
    await cancelled([task], CANCEL_LIMIT_S)
    if not task.done():
        log.error("part.hangs", extra={"part": part.name})


def _end_now(which: signal.Signals) -> None:
    log.error("run.overdue", extra={"signal": which.name})
    os._exit(exit_status(which))
