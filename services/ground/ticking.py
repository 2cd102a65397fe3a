"""Call now and again what finds out by itself whether there is something to do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from services.errors import MonitoriaError

log = logging.getLogger(__name__)

Call = Callable[[], Awaitable[None]]


class Clock:
    """
    Makes each of its named *calls* at once and then every *every_s* seconds, side by side.

    A call that is still at work is not made again beside itself. One that fails is made again at the next tick, and
    its error is logged once for as long as it stays the same.
    """

    def __init__(self, calls: Mapping[str, Call], *, every_s: float = 60.0) -> None:
        self._calls = dict(calls)
        self._every_s = every_s
        self._at_work: set[asyncio.Task[None]] = set()
        self._troubles: dict[str, str] = {}  # by name: the error that was logged last
        self._running: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Tick in the background until `end`; begun twice, it is one clock all the same."""
        if self._running is None:
            self._running = asyncio.create_task(self.run())

    async def end(self) -> None:
        """Tick no more, and wait for the calls at work to be cancelled."""
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def run(self) -> None:
        """Tick until cancelled; the calls at work are then cancelled too, and waited for."""
        # It writes two lines a call at INFO, and warns of what `_skipped` tells in our words.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.add_listener(_skipped, EVENT_JOB_MAX_INSTANCES)
        for name in self._calls:
            scheduler.add_job(
                self._called,
                IntervalTrigger(seconds=self._every_s, timezone=UTC),
                args=[name],
                id=name,
                coalesce=True,  # after a pause of the machine, once, …
                misfire_grace_time=None,  # … however late
                max_instances=1,
                next_run_time=datetime.now(UTC),
            )
        scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)  # at its turn in the event loop it cancels the calls at work
            if self._at_work:
                await asyncio.wait(self._at_work)

    async def _called(self, name: str) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._at_work.add(task)
        try:
            await self._calls[name]()
        except asyncio.CancelledError:
            return  # by `run`; the scheduler would log it as an error
        except Exception as error:  # noqa: BLE001 - whatever it is, the other calls and the next tick go on
            self._failed(name, error)
        else:
            self._worked(name)
        finally:
            self._at_work.discard(task)

    def _failed(self, name: str, error: Exception) -> None:
        trouble = f"{type(error).__name__}: {error}"
        if self._troubles.get(name) != trouble:
            exc_info = None if isinstance(error, MonitoriaError) else error
            log.error("clock.failed", exc_info=exc_info, extra={"call": name, "reason": trouble})
        self._troubles[name] = trouble

    def _worked(self, name: str) -> None:
        if self._troubles.pop(name, None):
            log.info("clock.recovered", extra={"call": name})


def _skipped(event: JobSubmissionEvent) -> None:
    log.warning("clock.still_at_work", extra={"call": event.job_id})
