from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, tzinfo

from apscheduler.events import JobSubmissionEvent
from apscheduler.triggers.interval import IntervalTrigger

class AsyncIOScheduler:
    def __init__(self, *, timezone: tzinfo) -> None: ...
    def add_job(
        self,
        func: Callable[..., Awaitable[None]],
        trigger: IntervalTrigger,
        *,
        args: Sequence[object],
        id: str,  # noqa: A002 - its name
        coalesce: bool,
        max_instances: int,
        misfire_grace_time: float | None,
        next_run_time: datetime,
    ) -> object: ...
    def add_listener(self, callback: Callable[[JobSubmissionEvent], None], mask: int) -> None: ...
    def start(self) -> None: ...
    def shutdown(self, wait: bool = True) -> None: ...
