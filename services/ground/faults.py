"""Tell a bad answer from a bad search, by whether the passages of a weak one were about the question."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from db.records.learning import WeakAnswer
from services.ground.statistics import Interval, wilson

ABOUT_IT = 2
"""From this score of the passages on, 0 to 3, the search had found what was asked for."""

Fault = Literal["search", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """
    Whose fault it was that a group of answers is weak.

    Nothing is dropped: weak = n + missing + undrawn.
    """

    weak: int
    n: int  # whose passages have a verdict
    missing: int  # whose passages should have one: it failed, or is not there yet
    undrawn: int  # whose passages nobody asked about
    search: int  # of n: the passages were not about the question
    answer: int  # of n: they were, and the answer was weak nevertheless
    search_share: float | None  # None of nothing
    interval: Interval | None  # of that share, 95 %, Wilson
    weighted_share: float | None  # by inverse probability of being drawn; None: all had the same


def fault(weak: WeakAnswer) -> Fault | None:
    """Return whose fault it was, None where that is not known; whoever kept silent is judged by the same passages."""
    if weak.abstention is not None:
        return "answer" if weak.abstention == "wrong" else "search"
    if weak.context is None:
        return None
    return "answer" if weak.context >= ABOUT_IT else "search"


def faults(weak: Sequence[WeakAnswer]) -> Faults:
    told: list[tuple[Fault, float]] = [(said, _probability(one)) for one in weak if (said := fault(one))]
    search, n = sum(said == "search" for said, _ in told), len(told)
    missing = sum(one.is_promised and fault(one) is None for one in weak)
    return Faults(
        weak=len(weak),
        n=n,
        missing=missing,
        undrawn=len(weak) - n - missing,
        search=search,
        answer=n - search,
        search_share=search / n if n else None,
        interval=wilson(search, n),
        weighted_share=_weighted(told),
    )


def groups(weak: Sequence[WeakAnswer]) -> dict[str, Faults]:
    """
    Return the figures of all, of what staff label P or I, and of what the judge scores low.

    Of the last only those that chance has drawn have a fault: what staff had found wanting is no fair draw of them.
    """
    return {
        "all": faults(weak),
        "staff": faults([one for one in weak if one.by_staff]),
        "judge": faults([_as_drawn(one) for one in weak if one.by_judge]),
    }


def _as_drawn(one: WeakAnswer) -> WeakAnswer:
    """Return an answer as if staff had said nothing of it, and so nobody but chance had asked about its passages."""
    if one.probability is None:
        return replace(one, by_staff=False, context=None, is_promised=False)
    return replace(one, by_staff=False)


def _probability(one: WeakAnswer) -> float:
    """Return how probable it was that its passages are judged: of what staff find wanting, they always are."""
    return 1.0 if one.by_staff or one.probability is None else one.probability


def _weighted(told: Sequence[tuple[Fault, float]]) -> float | None:
    """Let each stand for 1 / its probability of being drawn (Horvitz and Thompson 1952), the weights' sum below."""
    weights = [1 / probability for _, probability in told]
    if len(set(weights)) < 2:
        return None
    return sum(weight for (said, _), weight in zip(told, weights, strict=True) if said == "search") / sum(weights)
