"""Show what waits, runs or is dead in all queues, and put dead jobs back."""

from collections.abc import Mapping

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from bot.terminal import console as terminal
from db.records import Course, JobId
from db.records.operation import QueuedJob, QueueState
from services import wiring
from services.errors import Refused
from services.wiring import Judging, Setup

STATE_STYLES = {"waiting": "yellow", "running": "cyan", "dead": "red"}
MOST_DIGITS = 18
"""Of a job's number: more than the database counts."""


async def queue(setup: Setup, *, slug: str | None, job: str | None, every: bool) -> None:
    """Show the queues, after putting dead jobs back into them if that is asked for."""
    if job is not None and every:
        raise typer.BadParameter("--requeue and --requeue-all exclude each other")
    async with wiring.judging(setup) as opened:
        course = await opened.courses.find(slug) if slug else None
        if job is not None or every:
            terminal.show(f"{await _put_back(opened, course, job)} put back into the queue.")
        states = {
            "Judgements": await opened.queue.state(course),
            "Second opinions": await opened.queue.second_state(course),
            "Maps of lectures": await opened.map_queue.state(course),
        }
    terminal.show(view(states))


async def _put_back(opened: Judging, course: Course | None, job: str | None) -> int:
    """Give new attempts to the dead job that is called *job*, or to all."""
    if job is None:
        return await opened.queue.requeue(course, None) + await opened.map_queue.requeue(course, None)
    if job.isdecimal() and len(job) <= MOST_DIGITS:
        revived = await opened.queue.requeue(course, JobId(int(job)))
    else:
        revived = await opened.map_queue.requeue(course, job)
    if not revived:
        raise Refused(f"There is no dead job {job!r}; `monitoria queue` shows those that there are.")
    return revived


def view(states: Mapping[str, QueueState]) -> RenderableType:
    """Show by queue how many jobs wait, whether all are held up, and those that have not ended well."""
    parts: list[RenderableType] = []
    for index, (what, state) in enumerate(states.items()):
        if index == 0 or state.counts or (state.breaker and state.breaker.is_open):
            parts += _queue(what, state)
    if any(state.counts.get("dead") for state in states.values()):
        parts.append(Text("Once the cause is gone: monitoria queue --requeue JOB, or --requeue-all.", style="dim"))
    return Group(*parts)


def _queue(what: str, state: QueueState) -> list[RenderableType]:
    counts = ", ".join(f"{state.counts.get(name, 0)} {name}" for name in ("waiting", "running", "dead"))
    parts: list[RenderableType] = [Text(f"{what}: {counts}.")]
    if (breaker := state.breaker) and breaker.is_open:
        tried_in = f"the next try in {max(breaker.opens_in_s, 0):.0f} s"
        parts.append(Text(f"{what} are held up, {tried_in}: {_in_a_line(breaker.reason)}", style="yellow"))
    for job in state.jobs:
        parts += _job(job)
    return parts


def _job(job: QueuedJob) -> list[RenderableType]:
    """Show a job on lines that are never wrapped: its name is for copying."""
    of = f" of answer {job.answer_id} in {job.course}" if job.answer_id else ""
    head = Text("  ", no_wrap=True, overflow="ignore").append(job.name, style="bold").append(f"  {job.kind}{of}: ")
    head.append(" ".join(filter(None, (job.state, _when(job)))), style=STATE_STYLES[job.state])
    head.append(f", {job.attempts} {'try' if job.attempts == 1 else 'tries'}")
    if not job.reason:
        return [head]
    return [head, Text(f"      {_in_a_line(job.reason)}", style="dim", no_wrap=True, overflow="ignore")]


def _when(job: QueuedJob) -> str:
    """Say when a job is due, since when it is, or since when it is dead; nobody knows when it will have run."""
    if job.state == "running":
        return ""
    if job.since_s < 0:
        return f"in {_span(-job.since_s)}"
    return f"for {_span(job.since_s)}" if job.state == "dead" or job.since_s >= 1 else "now"


def _span(seconds: float) -> str:
    """
    Write how long something lasts, as roughly as one asks.

    >>> _span(59.6), _span(3_700), _span(200_000)
    ('60 s', '61 min', '55 h')
    """
    for most_s, unit_s, unit in ((120, 1, "s"), (7_200, 60, "min"), (259_200, 3_600, "h")):
        if seconds < most_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def _in_a_line(reason: str) -> str:
    return " ".join(reason.split())
