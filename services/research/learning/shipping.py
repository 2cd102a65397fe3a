"""Decide, on the test half alone, whether a configuration takes the place of the one in use."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Label
from services.errors import Refused
from services.ground.statistics import Interval, paired, wilson

FEWEST_PAIRS = 40
FEWEST_OF_A_CLASS = 5
MOST_MISSING = 0.1
"""Share of the test half: what one of the two could not judge is not like the rest."""
SPARE_CARDS = 1.0
"""One slip of staff on one answer moves the count by one, so that much more is no cost."""
THRESHOLDS = range(5)

Labels = tuple[Label, Label, Label, Label]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedPair:
    """One answer of the test half, as staff, the configuration in use and the new one see it."""

    label: Label
    before: int | None  # score; None: no score, whatever the reason
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a configuration ships, why, and what that rests on."""

    ships: bool
    reason: str
    n: int
    missing: int
    before: float | None  # share of equal labels, of the configuration in use
    before_interval: Interval | None
    after: float | None
    after_interval: Interval | None
    difference: float | None
    difference_interval: Interval | None  # 95 %, paired; wider for more tries
    tries: int  # on these answers, this one among them
    cards_before: int  # answers that are flagged now
    cards_after: float  # that the new one would flag to find as many that need repair
    found: int  # answers that need repair and are flagged now


def decide(pairs: Sequence[TriedPair], labels: Labels, flag_below: int, tries: int = 1) -> Decision:
    """
    Compare two configurations on the same answers; what one of them could not judge is missing, and never 0.

    The new one costs more tokens, so it ships only where the whole interval of what it gains in agreement is 0 or
    above: of configurations that are no better at most one in forty does. Each of several *tries* on the same answers
    is a chance, so the interval is wider for the later ones. And to find as many answers that need repair as are found
    now, it must flag no more, give or take one.
    """
    both: list[tuple[Label, int, int]] = [
        (one.label, one.before, one.after) for one in pairs if one.before is not None and one.after is not None
    ]
    n, missing = len(both), len(pairs) - len(both)
    right_before = [labels[before] == label for label, before, _ in both]
    right_after = [labels[after] == label for label, _, after in both]
    better = sum(after > before for before, after in zip(right_before, right_after, strict=True))
    worse = sum(after < before for before, after in zip(right_before, right_after, strict=True))
    cards_before, found = _flagged([(label, score) for label, score, _ in both], flag_below)
    cards_after = cards_for(found, [(label, score) for label, _, score in both])
    interval = paired(better, worse, n, tries=tries)
    reason = _not_enough(both, missing) or _no_gain(interval) or _more_cards(cards_before, cards_after, found)
    return Decision(
        ships=reason is None,
        reason=reason or "it agrees with staff more often on the test half, and its flags cost no more",
        n=n,
        missing=missing,
        before=sum(right_before) / n if n else None,
        before_interval=wilson(sum(right_before), n),
        after=sum(right_after) / n if n else None,
        after_interval=wilson(sum(right_after), n),
        difference=(better - worse) / n if n else None,
        difference_interval=interval,
        tries=tries,
        cards_before=cards_before,
        cards_after=cards_after,
        found=found,
    )


def require_testable(labels: Sequence[Label]) -> None:
    """
    Refuse to try anything on too few *labels* of the test half, before anything is asked.

    Raises:
        Refused: nothing could ship.

    """
    repair = sum(label != "C" for label in labels)
    if len(labels) < FEWEST_PAIRS or min(repair, len(labels) - repair) < FEWEST_OF_A_CLASS:
        raise Refused(
            f"There are too few labels of staff to test on (n = {len(labels)}, {repair} of them P or I); it takes "
            f"{FEWEST_PAIRS} on the test half, and {FEWEST_OF_A_CLASS} on either side."
        )


def cards_for(found: int, scored: Sequence[tuple[Label, int]]) -> float:
    """
    Return how many answers must be flagged, the lowest scores first, to find *found* that need repair.

    Scores take four values, so between two thresholds some of the answers with one score are flagged, drawn by chance
    (Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27(8), 2006). *found* are at most as many
    as need repair.
    """
    before = (0, 0)
    for below in THRESHOLDS:
        now = _flagged(scored, below)
        if now[1] >= found:
            share = (found - before[1]) / (now[1] - before[1]) if now[1] > before[1] else 0.0
            return before[0] + share * (now[0] - before[0])
        before = now
    return float(before[0])


def _flagged(scored: Sequence[tuple[Label, int]], below: int) -> tuple[int, int]:
    """Count the answers with a score under *below*, and those of them that need repair."""
    flagged = [label for label, score in scored if score < below]
    return len(flagged), sum(label != "C" for label in flagged)


def _not_enough(both: Sequence[tuple[Label, int, int]], missing: int) -> str | None:
    repair = sum(label != "C" for label, _, _ in both)
    if missing > MOST_MISSING * (len(both) + missing):
        return f"{missing} of {len(both) + missing} answers of the test half got no score by one of the two"
    if len(both) < FEWEST_PAIRS or min(repair, len(both) - repair) < FEWEST_OF_A_CLASS:
        return (
            f"too few labels on the test half (n = {len(both)}, {repair} of them P or I); "
            f"it takes {FEWEST_PAIRS}, and {FEWEST_OF_A_CLASS} on either side"
        )
    return None


def _no_gain(interval: Interval | None) -> str | None:
    if interval and interval[0] >= 0:
        return None
    low, high = interval or (-1.0, 1.0)
    return f"on the test half, agreement with staff may have fallen ({low:+.2f} to {high:+.2f})"


def _more_cards(before: int, after: float, found: int) -> str | None:
    if after <= before + SPARE_CARDS:
        return None
    return f"to find the {found} answers in need of repair that are found now, it would flag {after:.1f}, not {before}"
