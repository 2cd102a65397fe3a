"""Put a comparison of two configurations before staff, and among the judge's runs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import judge_runs, judge_settings, pairs
from db.records import Course, RunId
from db.records.pairs import PairAnswer, Side
from services.judging.pairing import PROMPT
from services.research.learning.runs import KeptFigure, figure
from services.research.pairs.asking import PairsCompared, PlayedPair, summed

USERINFO = re.compile(r"//[^/\s]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedNames:
    """What the two configurations are called."""

    first: str
    second: str

    @classmethod
    def of(cls, first: str, second: str) -> Self:
        """
        Return names that may be kept: an address in them loses its password.

        >>> ComparedNames.of("as configured", "base-url=http://ana:s3cret@localhost:8000/v1").second
        'base-url=http://localhost:8000/v1'
        """
        return cls(first=USERINFO.sub("//", first), second=USERINFO.sub("//", second))

    @property
    def told(self) -> str:
        return f"{self.second} against {self.first}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPairs:
    """What was kept of a comparison."""

    run: RunId
    count: int  # pairs that staff can choose on


async def keep(
    pool: AsyncConnectionPool, course: Course, names: ComparedNames, played: Sequence[PlayedPair], model: str | None
) -> KeptPairs:
    """Keep all of a comparison or nothing; what leaves nothing to choose is counted in its run alone."""
    found = summed(played)
    choices = [pair for pair in played if pair.is_choice]
    async with pool.connection() as conn:
        settings = await judge_settings.current(conn, course.id)
        run = await judge_runs.add(
            conn,
            course=course.id,
            kind="pairs",
            model=model,
            model_served=_served(played),
            prompt_id=PROMPT if model else None,
            labels="".join(settings.labels),
            half="all",
            n=found.judge.n,
            missing=found.judge.missing,
            figures=_figures(found),
            tokens=found.tokens,
            outcome=names.told,
            reason=_told(found),
        )
        await pairs.add_set(conn, course=course.id, run=run, first=names.first, second=names.second)
        await pairs.lock_asked(conn, course=course.id, questions=[pair.question for pair in choices])
        for pair in choices:
            await _keep_pair(conn, course, run, pair)
    return KeptPairs(run=run, count=len(choices))


async def _keep_pair(conn: AsyncConnection, course: Course, run: RunId, pair: PlayedPair) -> None:
    stored = await pairs.add(conn, course=course.id, run=run, question=pair.question)
    sides: tuple[tuple[Side, PairAnswer], ...] = (("first", pair.first), ("second", pair.second))
    for side, answer in sides:
        await pairs.add_answer(
            conn, course=course.id, pair=stored, side=side, text=answer.text, references=answer.references
        )
    for verdict in pair.verdicts:
        await pairs.add_judgement(
            conn,
            course=course.id,
            pair=stored,
            shown_first=verdict.shown_first,
            status=verdict.status,
            better=verdict.better,
            reason=verdict.reason,
            tokens=verdict.tokens,
        )


def _served(played: Sequence[PlayedPair]) -> str | None:
    """Return how the judge's server named its model last."""
    calls = [call for pair in played for verdict in pair.verdicts for call in verdict.calls]
    return next((call.model for call in reversed(calls) if call.model), None)


def _told(found: PairsCompared) -> str:
    preferred = found.judge.preference
    return "no verdict" if preferred is None else f"preferred {preferred:.0%}"


def _figures(found: PairsCompared) -> dict[str, KeptFigure | None]:
    return {
        "preference": figure(found.judge.preference, found.judge.interval),
        "order_decided": figure(found.order.share, found.order.interval),
        "first_place": figure(found.order.first_place, found.order.first_place_interval),
    }
