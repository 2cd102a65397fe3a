"""Keep rounds of canaries as runs, read what earlier ones said, and hand out what staff are to be told."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import canaries, judge_runs
from db.records import ConfigurationId, CourseId, ModelCall, RunId
from db.records.learning import CanaryVerdict, DueAlert, JudgeAlert, JudgeRun
from services.judging.canaries.comparing import FIRST_RUNS, Past, Watched
from services.judging.judge import counted

Identity = tuple[str, str, ConfigurationId | None]
"""Of the judge: its model, the prompt for relevance, and the examples that it is shown."""

ALARMING = "alarming"
LEASE = timedelta(minutes=5)
"""How long a process may take to tell staff, before another one tries."""


class Alerts:
    """What staff are to be told of the judge, each once."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def due(self) -> list[DueAlert]:
        """Take what nobody was told of yet, for a few minutes."""
        async with self._pool.connection() as conn:
            return await canaries.claim_alerts(conn, lease=LEASE)

    async def told(self, alert: JudgeAlert) -> None:
        async with self._pool.connection() as conn:
            await canaries.told(conn, course=alert.course_id, alert=alert.id)


async def past(conn: AsyncConnection, course: CourseId, identity: Identity) -> Past:
    """Return what the first rounds of this configuration said, else the last one before the change."""
    every = [run for run in await judge_runs.of_course(conn, course) if run.kind == "canary"]
    same = [run for run in every if (run.model, run.prompt_id, run.configuration_id) == identity]
    # A round that found a shift is not what is usual, unless it is the first that this configuration had.
    usual = [run for place, run in enumerate(same) if not place or not run.figures.get("is_shifted")]
    first = usual[:FIRST_RUNS] or every[-1:]
    said = await canaries.verdicts(conn, course=course, runs=[run.id for run in _once(first, same)])
    last = same[-1] if same else None
    return Past(
        first=[
            {one.canary_id: one.score for one in said if one.run_id == run.id and one.score is not None}
            for run in first
        ],
        is_same=bool(same),
        missed=frozenset(one.canary_id for one in said if last and one.run_id == last.id and one.is_caught is False),
        shift=_told_shift(last),
    )


async def keep(
    conn: AsyncConnection,
    course: CourseId,
    identity: Identity,
    found: Watched,
    calls: Iterable[ModelCall],
    *,
    labels: str,
) -> RunId:
    """Store a round with its verdicts, and promise staff a word where it is alarming."""
    model, prompt, configuration = identity
    made = list(calls)
    served = [call.model for call in made if call.model]
    run = await judge_runs.add(
        conn,
        course=course,
        kind="canary",
        model=model,
        model_served=served[-1] if served else None,
        prompt_id=prompt,
        configuration=configuration,
        labels=labels,
        half="all",
        n=len(found.scores) + len(found.caught),
        missing=found.missing,
        figures=_figures(found),
        tokens=counted(made),
        outcome=ALARMING if found.is_alarming else "steady",
        reason=_reason(found),
    )
    verdicts = [
        CanaryVerdict(run_id=run, canary_id=one, score=score, is_caught=None) for one, score in found.scores.items()
    ]
    verdicts += [
        CanaryVerdict(run_id=run, canary_id=one, score=None, is_caught=is_) for one, is_ in found.caught.items()
    ]
    await canaries.add_verdicts(conn, course=course, run=run, verdicts=verdicts)
    name = served[-1] if served and served[-1] != model else None
    told = f"{model} ({name})" if name else model
    if found.is_shift_news and found.shift:
        await canaries.alert(conn, course=course, run=run, model=told, shift=found.shift.mean, part=0, n=found.shift.n)
    if found.missed_news:
        part, n = len(found.missed), len(found.caught)
        await canaries.alert(conn, course=course, run=run, model=told, shift=None, part=part, n=n)
    return run


def _once(first: Iterable[JudgeRun], same: list[JudgeRun]) -> list[JudgeRun]:
    known = {run.id: run for run in (*first, *same[-1:])}
    return list(known.values())


def _told_shift(last: JudgeRun | None) -> float | None:
    """The shift of the last round, if it was real: then staff know of it."""
    kept = last.figures.get("shift") if last else None
    return kept["value"] if kept and last and last.figures.get("is_shifted") else None


def _figures(found: Watched) -> dict[str, Any]:
    moved = found.shift
    low, high = (moved.interval if moved else None) or (None, None)
    return {
        "shift": {"value": moved.mean, "low": low, "high": high} if moved else None,
        "is_shifted": {"value": float(moved.is_real), "low": None, "high": None} if moved and moved.is_real else None,
        "missed": {"value": len(found.missed), "low": None, "high": None} if found.caught else None,
        "wrong": {"value": len(found.caught), "low": None, "high": None},
        "frozen": {"value": len(found.scores), "low": None, "high": None},
    }


def _reason(found: Watched) -> str:
    parts: list[str] = []
    if found.shift:
        since = "the first rounds" if found.is_same else "the round before the change"
        parts.append(f"{found.shift.mean:+.2f} points on {found.shift.n} frozen answers, compared with {since}")
    if found.caught:
        parts.append(f"{len(found.missed)} of {len(found.caught)} wrong sentences taken for right")
    return "; ".join(parts)
