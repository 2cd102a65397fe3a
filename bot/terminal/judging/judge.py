"""The commands around the judge: work through its queue, judge now, and show by which rules."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bot.process.supervision import ProcessPart, Stop, exit_status, supervised
from bot.terminal import console as terminal
from db.records import AnswerId, Judgement, JudgeSettings
from db.records.operation import QueueState
from services import wiring
from services.courses.judge_settings import labels
from services.errors import Refused
from services.judging.canaries.comparing import Watched
from services.judging.queue import Opinions
from services.judging.worker import Worker
from services.wiring import Judging, Setup

LOOK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOrder:
    """What `monitoria course judge` was told to change."""

    flag_below: int | None
    judge_share: float | None
    audit_share: float | None
    context_share: float | None
    daily_tokens: str | None
    labels: str | None
    second_opinion: bool | None
    second_opinion_share: float | None
    second_share: float | None

    def changes(self) -> dict[str, Any]:
        """
        Return the fields of the rules that change.

        Raises:
            Refused: the labels or the budget cannot be read.

        """
        named = {
            "flag_below": self.flag_below,
            "judge_share": self.judge_share,
            "audit_share": self.audit_share,
            "second_opinion": self.second_opinion,
            "second_opinion_share": self.second_opinion_share,
            "context_share": self.context_share,
            "second_share": self.second_share,
        }
        found: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        if self.labels is not None:
            found["labels"] = labels(self.labels)
        if self.daily_tokens is not None:
            found["daily_tokens"] = _tokens(self.daily_tokens)
        return found


async def settings(setup: Setup, slug: str, order: JudgeOrder) -> None:
    """Show a course's rules, after changing what the order names."""
    async with wiring.judging(setup) as opened:
        course = await opened.courses.find(slug)
        changes = order.changes()
        now = await (opened.judge_settings.change(course, changes) if changes else opened.judge_settings.of(course))
    terminal.show(settings_view(now))


def settings_view(now: JudgeSettings) -> RenderableType:
    budget = "no limit" if now.daily_tokens is None else f"{now.daily_tokens:,} tokens a day (UTC)"
    table = Table(box=None, show_header=False, padding=(0, 1))
    for name, value in (
        ("version", str(now.version) if now.version else "as shipped"),
        ("labels of the scores 0 to 3", " ".join(now.labels)),
        ("flagged", f"scores below {now.flag_below}"),
        ("judged", f"{now.judge_share:.0%} of answers"),
        ("good answers that staff look at too", f"{now.audit_share:.0%}"),
        ("judged for their passages too", _of_passages(now)),
        ("labelled answers that a second person labels blind", f"{now.second_share:.0%}"),
        ("the judge's budget", budget),
        ("second opinions", _second_opinions(now)),
    ):
        table.add_row(name, Text(value, style="bold"))
    return table


def _second_opinions(now: JudgeSettings) -> str:
    if not now.second_opinion:
        return "none"
    drawn = f"{now.second_opinion_share:.0%} of the others"
    return f"on scores at the threshold, on votes that contradict the judge, and on {drawn}"


def _of_passages(now: JudgeSettings) -> str:
    if not now.context_share:
        return "none"
    return f"{now.context_share:.0%}, and all labelled P/I"


def _tokens(written: str) -> int | None:
    if written == "none":
        return None
    if not written.isdecimal():
        raise Refused(f"The budget {written!r} is no number of tokens; write one such as 200000, or `none`.")
    return int(written)


async def work(setup: Setup) -> int:
    """Judge what is due, fill in vectors and make maps, until a signal says to stop; return the exit status."""
    stop = Stop()
    with stop.listening():
        async with wiring.judging(setup) as opened:
            parts = [
                ProcessPart(name="worker", run=_worker(opened).run),
                ProcessPart(name="filling", run=opened.filling.run),
                ProcessPart(name="maps", run=opened.mapper.run),
            ]
            if opened.second_worker:
                parts.append(ProcessPart(name="second opinions", run=opened.second_worker.run))
            parts += [ProcessPart(name="canaries", run=opened.canaries.run)] if opened.canaries else []
            await supervised(parts, stop)
    return exit_status(stop.by)


async def judge(setup: Setup, *, missing: bool, answer: int | None, slug: str | None) -> None:
    """Judge what is due now: what waits, what is missing, or one answer."""
    async with wiring.judging(setup) as opened:
        worker = _worker(opened)
        if answer is not None:
            await opened.queue.repeat(AnswerId(answer))
            taken = await worker.drain(answer=AnswerId(answer)) + await _second(opened).drain(answer=AnswerId(answer))
            told = [*opinions_view(await opened.queue.opinions(AnswerId(answer)))]
        else:
            if missing:
                await opened.queue.add_missing(await opened.courses.find(slug) if slug else None)
            taken = await _with_progress(opened, worker) + await _second(opened).drain()
            told = list[str]()
        left, unheard = await opened.queue.state(None), await opened.queue.second_state(None)
    terminal.show(f"{terminal.counted(taken, 'judgement')} made or tried.")
    for line in told:
        terminal.show(line)
    _tell_what_is_left(left, unheard)


async def canaries(setup: Setup, slug: str) -> None:
    """Judge a course's canaries now, and say what came of it."""
    async with wiring.judging(setup) as opened:
        _worker(opened)
        assert opened.canaries is not None  # noqa: S101 - as with the worker
        found = (await opened.canaries.watch(await opened.courses.find(slug))).watched
    terminal.show(canaries_view(found))


def canaries_view(found: Watched) -> RenderableType:
    moved, since = found.shift, "the first rounds" if found.is_same else "the round before the judge changed"
    frozen = terminal.counted(len(found.scores), "frozen answer")
    lines = [f"{frozen} scored, {terminal.counted(len(found.caught), 'sentence')} made wrong judged."]
    if found.missing:
        lines.append(f"No verdict on {found.missing} more; `monitoria doctor --models` says whether the judge is well.")
    if moved is None:
        lines.append("There is nothing to compare with yet; the next round will have this one.")
    else:
        low, high = moved.interval or (None, None)
        interval = f"95 %: {low:+.2f} to {high:+.2f}" if low is not None else "too few for an interval"
        lines.append(f"Beside {since}, on {moved.n} of them: {moved.mean:+.2f} points of 3 ({interval}).")
    if found.caught:
        lines.append(f"Taken for right: {len(found.missed)} of {len(found.caught)} sentences made wrong.")
    else:
        lines.append(
            "No sentence could be made wrong yet: that takes references which the judge found fully supported."
        )
    return Text("\n".join(lines), style="yellow" if found.is_alarming else "")


async def _with_progress(opened: Judging, worker: Worker) -> int:
    """Work through the queue under a bar, which looks at it now and then: others may work as well."""
    total = await opened.queue.due()
    with terminal.progress() as bar:
        shown = bar.add_task("judging", total=total)
        working = asyncio.create_task(worker.drain())
        try:
            while not (await asyncio.wait([working], timeout=LOOK_S))[0]:
                bar.update(shown, completed=total - await opened.queue.due())
        finally:
            working.cancel()
        return await working


def _worker(opened: Judging) -> Worker:
    if opened.worker is None:
        raise Refused(
            "There is no judge; set MONITORIA_JUDGE_MODEL, with OPENAI_API_KEY or MONITORIA_JUDGE_BASE_URL, in .env."
        )
    return opened.worker


def _second(opened: Judging) -> Worker:
    assert opened.second_worker is not None  # noqa: S101 - there is one as soon as there is a judge
    return opened.second_worker


def opinions_view(found: Opinions) -> Iterator[str]:
    """Say what the judge scored, and a second opinion beside it, where there is one."""
    first, second = found.first, found.second
    if first is None or second is None:
        return
    yield f"Relevance by {first.model}: {_scored(first)}."
    apart = "" if second.spread is None else f", {terminal.counted(second.spread, 'point')} apart"
    yield f"Second opinion by {second.model} ({second.asked_for}): {_scored(second)}{apart}."


def _scored(one: Judgement) -> str:
    return f"no score ({one.status})" if one.score is None else f"{one.score} of 3"


def _tell_what_is_left(judge: QueueState, second: QueueState) -> None:
    if judge.breaker and judge.breaker.is_open:
        terminal.tell(f"The queue is held up: {judge.breaker.reason}")
    if second.breaker and second.breaker.is_open:
        terminal.tell(f"Second opinions are held up: {second.breaker.reason}")
    waiting, dead = (judge.counts.get(name, 0) + second.counts.get(name, 0) for name in ("waiting", "dead"))
    if waiting or dead:
        terminal.tell(f"{waiting} judgements wait for another try and {dead} are dead; `monitoria queue` says why.")
