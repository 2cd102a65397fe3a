"""Keep each time that a course's judge was measured, and compare a run with the one before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from psycopg_pool import AsyncConnectionPool

from db import judge_runs, judge_settings
from db.records import Course, RunId
from db.records.learning import JudgeRun
from services.ground.statistics import Interval, difference
from services.research.agreement import AgreementReport, Comparison


class KeptFigure(TypedDict):
    """One figure as a run keeps it; without an interval it can be read, and not compared."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How far a figure is above that of the run before."""

    value: float
    low: float  # of the 95 % interval, as if the two runs shared no answer: it is rather wide
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One run, beside its parent."""

    run: JudgeRun
    incomparable: str | None  # why it cannot be compared with its parent; None: it can
    changes: Mapping[str, Change | None]  # by figure; None: not both runs have it with an interval


def figure(value: float | None, interval: Interval | None) -> KeptFigure | None:
    """Return a figure as a run keeps it; what is not defined is None, never 0."""
    if value is None:
        return None
    low, high = interval or (None, None)
    return {"value": value, "low": low, "high": high}


async def keep_agreement(pool: AsyncConnectionPool, course: Course, report: AgreementReport) -> RunId:
    """Keep how far the configuration in use agrees with people, on the answers that it judged."""
    in_use = report.in_use
    found = in_use.figures if in_use else report.groups["all"]
    async with pool.connection() as conn:
        settings = await judge_settings.current(conn, course.id)
        return await judge_runs.add(
            conn,
            course=course.id,
            kind="agreement",
            model=in_use and in_use.model,
            prompt_id=in_use and in_use.prompt_id,
            configuration=in_use and in_use.learned,
            labels="".join(settings.labels),
            half="all",
            n=found.n,
            missing=found.labelled - found.n,
            figures=_compared(found),
        )


async def listed(pool: AsyncConnectionPool, course: Course) -> list[ComparedRun]:
    """All runs of *course*, the oldest first, each beside the one before it of its kind."""
    async with pool.connection() as conn:
        runs = await judge_runs.of_course(conn, course.id)
    known = {run.id: run for run in runs}
    return [_beside(run, known[run.parent_id] if run.parent_id else None) for run in runs]


def incomparable(run: JudgeRun, parent: JudgeRun | None) -> str | None:
    """Say why two runs cannot be compared, or None where they can; another model or prompt is no reason."""
    if parent is None:
        return "there is none before it"
    if run.labels != parent.labels:
        return f"the scores had other labels ({parent.labels})"
    if run.kind == "pairs" and run.outcome != parent.outcome:
        return f"it compared something else ({parent.outcome})"
    if run.half != parent.half:
        return f"it was measured on other questions ({parent.half})"
    empty = next((which for which, one in (("it", run), ("the one before", parent)) if not one.n), None)
    return f"{empty} compared nothing" if empty else None


def _beside(run: JudgeRun, parent: JudgeRun | None) -> ComparedRun:
    why = incomparable(run, parent)
    before = {} if why or parent is None else parent.figures
    changes = {name: _change(before.get(name), now) for name, now in run.figures.items()}
    return ComparedRun(run=run, incomparable=why, changes=changes)


def _change(before: KeptFigure | None, now: KeptFigure | None) -> Change | None:
    was, is_ = _measured(before), _measured(now)
    if was is None or is_ is None:
        return None
    low, high = difference(was, is_)
    return Change(value=is_[0] - was[0], low=low, high=high)


def _measured(one: KeptFigure | None) -> tuple[float, Interval] | None:
    if one is None or one["low"] is None or one["high"] is None:
        return None
    return one["value"], (one["low"], one["high"])


def _compared(found: Comparison) -> dict[str, KeptFigure | None]:
    return {
        "agreement": figure(found.agreement, found.interval),
        "ac1": figure(found.ac1, found.ac1_interval),
        "kappa": figure(found.kappa, found.kappa_interval),
        "weighted_kappa": figure(found.weighted_kappa, None),
    }
