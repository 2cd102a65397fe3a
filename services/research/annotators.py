"""Say how far staff agree among themselves, and whether the judge may stand in for one of them."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from db.records import AnswerId, Label

FEWEST_PEOPLE = 3
FEWEST_ANSWERS = 30
"""Of one person, with a label of another beside it: below, the t-test does not hold."""
EPSILON = 0.2
"""What a judge is given ahead for being cheaper than people, as the authors advise where these are experts."""
LEVEL = 0.05
WINNING = 0.5

Labelled = Mapping[int, Label]
"""The labels of one answer by person, who is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideOne:
    """The judge in the place of one person, beside the others."""

    n: int  # answers that this person and another one labelled, and the judge scored
    judge_as_good: float  # share on which the judge agrees with the others at least as often as the person does
    person_as_good: float  # share the other way round
    p: float  # of the judge being no better than the person, less EPSILON
    is_won: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Whether the judge may stand in for one of staff."""

    people: tuple[BesideOne, ...]  # those with enough answers; empty: too few to tell
    missing: int  # answers of several people without a score of the judge
    winning_rate: float | None  # share of people that it may stand in for
    advantage: float | None  # mean of `judge_as_good`
    may: bool | None
    reason: str | None  # why it cannot be told


def stand_in(judged: Mapping[AnswerId, Label | None], said: Mapping[AnswerId, Labelled]) -> StandIn:
    """
    Put the judge in the place of each person in turn, and see who agrees better with the others.

    *said* are the answers that two people or more labelled. One person's labels are held against the others', the
    judge's against the same; by a paired t-test on whether the judge is as good, less EPSILON; over all persons with
    the false discoveries of Benjamini and Yekutieli (Annals of Statistics 29(4), 2001) held below LEVEL. Source:
    Calderon, Reichart and Dror, "The alternative annotator test for LLM-as-a-judge", ACL 2025, arXiv 2501.10970.
    """
    several = {answer: labels for answer, labels in said.items() if len(labels) > 1}
    missing = sum(judged.get(answer) is None for answer in several)
    differences = _differences(judged, several)
    enough = {person: rows for person, rows in differences.items() if len(rows) >= FEWEST_ANSWERS}
    if len(enough) < FEWEST_PEOPLE:
        reason = (
            f"{len(enough)} of staff have {FEWEST_ANSWERS} labels on answers that another one labelled too; it takes "
            f"{FEWEST_PEOPLE}"
        )
        return StandIn(people=(), missing=missing, winning_rate=None, advantage=None, may=None, reason=reason)
    p_values = {person: _p(rows) for person, rows in enough.items()}
    won = _rejected(p_values)
    people = tuple(
        BesideOne(
            n=len(rows),
            judge_as_good=fmean(float(judge >= own) for judge, own in rows),
            person_as_good=fmean(float(own >= judge) for judge, own in rows),
            p=p_values[person],
            is_won=person in won,
        )
        for person, rows in sorted(enough.items())
    )
    rate = len(won) / len(enough)
    return StandIn(
        people=people,
        missing=missing,
        winning_rate=rate,
        advantage=fmean(one.judge_as_good for one in people),
        may=rate >= WINNING,
        reason=None,
    )


def _differences(
    judged: Mapping[AnswerId, Label | None], several: Mapping[AnswerId, Labelled]
) -> dict[int, list[tuple[float, float]]]:
    """By person: how often the judge, and how often this person, agrees with the others on each answer."""
    found: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for answer, labels in several.items():
        judge = judged.get(answer)
        if judge is None:
            continue
        for person, own in labels.items():
            others = [label for other, label in labels.items() if other != person]
            found[person].append((fmean(label == judge for label in others), fmean(label == own for label in others)))
    return dict(found)


def _p(rows: Sequence[tuple[float, float]]) -> float:
    """One-sided p of the mean of "the person is as good" minus "the judge is as good" being EPSILON or more."""
    from scipy.stats import t  # noqa: PLC0415 - takes half a second, which no other command should wait for

    differences = [float(own >= judge) - float(judge >= own) for judge, own in rows]
    mean, spread = fmean(differences), stdev(differences)
    if not spread:
        return 0.0 if mean < EPSILON else 1.0
    return t.cdf((mean - EPSILON) / (spread / math.sqrt(len(differences))), len(differences) - 1)


def _rejected(p_values: Mapping[int, float]) -> set[int]:
    """The persons for whom the judge wins, by the procedure of Benjamini and Yekutieli."""
    many = len(p_values)
    harmonic = sum(1 / place for place in range(1, many + 1))
    ordered = sorted(p_values, key=lambda person: (p_values[person], person))
    passed = [
        place for place, person in enumerate(ordered, start=1) if p_values[person] <= place * LEVEL / (many * harmonic)
    ]
    return set(ordered[: max(passed, default=0)])
