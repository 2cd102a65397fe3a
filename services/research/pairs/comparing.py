"""Say how often the second of two configurations is preferred to the first, with intervals."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from db.records.pairs import Better
from services.ground.statistics import Interval, paired, wilson

Undecided = Literal["order", "split"]
"""The judge said one thing in one order and another in the other; staff say two things equally often."""
PairOutcome = Better | Undecided
BothOrders = tuple[Better | None, Better | None]
"""The judge's verdicts, with the first answer in the first place and with the second one there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """How often the second configuration is preferred; pairs = n + missing, n = wins + losses + ties + undecided."""

    pairs: int
    n: int
    missing: int  # nobody said, or what was said could not be read
    wins: int  # of the second
    losses: int
    ties: int
    undecided: int
    preference: float | None  # (wins + half of what is neither) / n; None of nothing
    interval: Interval | None  # 95 %


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFigures:
    """How far the order in which the judge was shown two answers decided."""

    n: int  # pairs with a verdict in both orders
    decided: int
    share: float | None
    interval: Interval | None  # 95 %, Wilson
    by_first_place: int  # of those decided, leaning towards what stood first
    first_place: float | None  # its share; one half where the order decides by chance
    first_place_interval: Interval | None  # 95 %, Wilson


def by_judge(when_first: Better | None, when_second: Better | None) -> PairOutcome | None:
    """
    Return what a judge says of a pair by its verdicts in both orders, or None where one is missing.

    Only what it says twice counts (Zheng et al. 2023, arXiv 2306.05685, 3.4).

    >>> by_judge("second", "second"), by_judge("first", "second"), by_judge("tie", None)
    ('second', 'order', None)
    """
    if when_first is None or when_second is None:
        return None
    return when_first if when_first == when_second else "order"


def by_people(choices: Sequence[Better]) -> PairOutcome | None:
    """
    Return what most say of a pair; `split` where two things are said equally often, None where nobody says anything.

    >>> by_people(["first", "tie", "tie"]), by_people(["first", "second"]), by_people([])
    ('tie', 'split', None)
    """
    counted = Counter(choices).most_common(2)
    if len(counted) > 1 and counted[0][1] == counted[1][1]:
        return "split"
    return counted[0][0] if counted else None


def preference(outcomes: Sequence[PairOutcome | None]) -> Preference:
    """
    Count *outcomes*; what is neither a win nor a loss is half of each.

    wins - losses is a difference of two shares on the same questions, so its interval is that of Bonett and Price
    (`statistics.paired`), moved from -1 … 1 to 0 … 1. It does not collapse where all pairs say the same.
    """
    counted = Counter(one for one in outcomes if one is not None)
    n, wins, losses = counted.total(), counted["second"], counted["first"]
    between = paired(wins, losses, n)
    return Preference(
        pairs=len(outcomes),
        n=n,
        missing=len(outcomes) - n,
        wins=wins,
        losses=losses,
        ties=counted["tie"],
        undecided=counted["order"] + counted["split"],
        preference=(1 + (wins - losses) / n) / 2 if n else None,
        interval=((1 + between[0]) / 2, (1 + between[1]) / 2) if between else None,
    )


def order(verdicts: Sequence[BothOrders]) -> OrderFigures:
    """
    Say how often the order decided, and for which place.

    Each pair counts once, so that Wilson's interval holds: where both verdicts are alike, no place had a say.
    """
    both: list[tuple[Better, Better]] = [
        (one, other) for one, other in verdicts if one is not None and other is not None
    ]
    leans = [_lean(one, "first") + _lean(other, "second") for one, other in both]
    decided, first = sum(lean != 0 for lean in leans), sum(lean > 0 for lean in leans)
    return OrderFigures(
        n=len(both),
        decided=decided,
        share=decided / len(both) if both else None,
        interval=wilson(decided, len(both)),
        by_first_place=first,
        first_place=first / decided if decided else None,
        first_place_interval=wilson(first, decided),
    )


def _lean(better: Better, shown_first: Better) -> int:
    """Return 1 for the first place, -1 for the second, 0 for neither."""
    return 0 if better == "tie" else 1 if better == shown_first else -1
