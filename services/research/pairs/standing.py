"""Hold what the judge says of kept pairs against what staff chose."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from db import pairs
from db.records import Course
from db.records.pairs import Better, KeptPair, PairSet
from services.ground.statistics import Interval, Matrix, ac1, ac1_interval, agreed, total, wilson
from services.research.pairs.comparing import (
    BothOrders,
    OrderFigures,
    PairOutcome,
    Preference,
    by_judge,
    by_people,
    order,
    preference,
)

WORDS: tuple[Better, ...] = ("first", "second", "tie")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsAgreement:
    """How often the judge says what staff say: pairs that staff chose on = n + split + missing."""

    n: int
    split: int  # staff say two things equally often, so that there is nothing to compare with
    missing: int  # the judge gave no verdict
    matrix: tuple[tuple[int, ...], ...]  # the judge's word (row) and staff's (column), as in WORDS
    agreement: float | None
    interval: Interval | None  # 95 %, Wilson
    ac1: float | None
    ac1_interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSet:
    """What the judge and staff prefer of what one run compared."""

    compared: PairSet
    judge: Preference
    order: OrderFigures
    staff: Preference
    choices: int  # of staff, all persons together
    skipped: int
    agreement: PairsAgreement
    each_other: PairsAgreement  # the first of staff on a pair beside the second: what a judge could reach


async def standing(pool: AsyncConnectionPool, course: Course) -> list[ComparedSet]:
    """All that was compared, the oldest first, on the pairs that are still there."""
    async with pool.connection() as conn:
        compared = await pairs.sets(conn, course.id)
        every = await pairs.of_course(conn, course.id)
    return [compare(one, [pair for pair in every if pair.run_id == one.run_id]) for one in compared]


def compare(compared: PairSet, kept: Sequence[KeptPair]) -> ComparedSet:
    verdicts: list[BothOrders] = [(pair.when_first, pair.when_second) for pair in kept]
    judged: list[PairOutcome | None] = [by_judge(*both) for both in verdicts]
    chosen: list[PairOutcome | None] = [by_people(pair.choices) for pair in kept]
    return ComparedSet(
        compared=compared,
        judge=preference(judged),
        order=order(verdicts),
        staff=preference(chosen),
        choices=sum(len(pair.choices) for pair in kept),
        skipped=sum(pair.skipped for pair in kept),
        agreement=agreement(judged, chosen),
        each_other=_each_other(kept),
    )


def agreement(judged: Sequence[PairOutcome | None], chosen: Sequence[PairOutcome | None]) -> PairsAgreement:
    """Compare pair by pair; where the order decided, the judge has no preference, which is what a tie says."""
    said: list[tuple[PairOutcome | None, PairOutcome]] = [
        (judge, staff) for judge, staff in zip(judged, chosen, strict=True) if staff
    ]
    decided = [one for one in said if one[1] != "split"]
    counts = Counter((_without_order(judge), staff) for judge, staff in decided if judge)
    matrix: Matrix = tuple(tuple(counts[judge, staff] for staff in WORDS) for judge in WORDS)
    n = total(matrix)
    return PairsAgreement(
        n=n,
        split=len(said) - len(decided),
        missing=len(decided) - n,
        matrix=tuple(map(tuple, matrix)),
        agreement=agreed(matrix) / n if n else None,
        interval=wilson(agreed(matrix), n),
        ac1=ac1(matrix),
        ac1_interval=ac1_interval(matrix),
    )


def _each_other(kept: Sequence[KeptPair]) -> PairsAgreement:
    twice = [pair.choices[:2] for pair in kept if len(pair.choices) > 1]
    return agreement([one for one, _ in twice], [other for _, other in twice])


def _without_order(outcome: PairOutcome) -> PairOutcome:
    return "tie" if outcome == "order" else outcome
