"""Propose under which score an answer should be flagged, from what staff said of answers with that score."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.records import Label
from services.ground.statistics import Interval, wilson

FEWEST_LABELS = 30
FEWEST_OF_A_CLASS = 5
RESAMPLES = 2000
SEED = 20260
"""Of the resampling, so that the same labels give the same report."""

CANDIDATES = (1, 2, 3)
"""Flagging below 0 flags nothing and below 4 everything, so neither needs labels."""

SCORES = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedThreshold:
    """What flagging every score under *below* would have found among the labelled answers."""

    below: int
    sensitivity: float  # share of answers that need repair and would be flagged
    sensitivity_interval: Interval  # 95 %, Wilson
    specificity: float  # share of correct answers that would be left alone
    specificity_interval: Interval
    youden: float  # sensitivity + specificity - 1: 0 is what tossing a coin reaches
    chosen: float  # share of resamples in which this one is the best


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The flag threshold that staff's labels speak for, in one configuration of the judge."""

    labels: int  # answers with a score and a label of staff
    need_repair: int  # of them labelled P or I
    tried: tuple[TriedThreshold, ...]  # empty where there are too few labels
    proposed: int | None  # flag scores under it
    reason: str | None  # why there is no proposal


def propose(scored: Sequence[tuple[int, Label]]) -> Threshold:
    """
    Choose below which score to flag, from pairs of the judge's score and staff's label.

    An answer needs repair where staff say P or I, for both mean work for them. The best threshold has the greatest
    J = sensitivity + specificity - 1 (Youden, "Index for rating diagnostic tests", Cancer 3(1), 1950). Unlike F1 it
    does not depend on how many of the labelled answers are bad; staff label mostly what was flagged, so that share is
    not the course's. Of equals the lower one is chosen: it sends staff fewer cards.
    """
    repair = Counter(score for score, label in scored if label != "C")
    fine = Counter(score for score, label in scored if label == "C")
    labels, need_repair = len(scored), repair.total()
    if labels < FEWEST_LABELS or min(need_repair, fine.total()) < FEWEST_OF_A_CLASS:
        reason = (
            f"too few labels (n = {labels}, {need_repair} of them P or I); "
            f"it takes {FEWEST_LABELS}, and {FEWEST_OF_A_CLASS} on either side"
        )
        return Threshold(labels=labels, need_repair=need_repair, tried=(), proposed=None, reason=reason)
    tried = _tried(repair, fine)
    best = max(tried, key=lambda one: (one.youden, -one.below))
    useful = best.youden > 0
    return Threshold(
        labels=labels,
        need_repair=need_repair,
        tried=tried,
        proposed=best.below if useful else None,
        reason=None if useful else "no threshold does better than chance on these labels",
    )


def _tried(repair: Counter[int], fine: Counter[int]) -> tuple[TriedThreshold, ...]:
    """Measure each candidate; how many answers of either kind there are is taken as given by staff's labels."""
    n_repair, n_fine = repair.total(), fine.total()
    chosen = _chosen(repair, fine)
    tried: list[TriedThreshold] = []
    for below in CANDIDATES:
        flagged, spared = _flagged(repair, below), n_fine - _flagged(fine, below)
        tried.append(
            TriedThreshold(
                below=below,
                sensitivity=flagged / n_repair,
                sensitivity_interval=wilson(flagged, n_repair) or (0.0, 1.0),
                specificity=spared / n_fine,
                specificity_interval=wilson(spared, n_fine) or (0.0, 1.0),
                youden=(flagged * n_fine + spared * n_repair - n_repair * n_fine) / (n_repair * n_fine),
                chosen=chosen[below] / RESAMPLES,
            )
        )
    return tuple(tried)


def _chosen(repair: Counter[int], fine: Counter[int]) -> Counter[int]:
    """
    Count in how many resamples each candidate is the best.

    The bootstrap draws among the answers that need repair and among the correct ones apart. As scores take four values,
    drawing answers with replacement is drawing how many of them have each score.
    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 8.
    """
    random = np.random.default_rng(SEED)
    n_repair, n_fine = repair.total(), fine.total()
    repairs = random.multinomial(n_repair, [repair[score] / n_repair for score in SCORES], size=RESAMPLES)
    fines = random.multinomial(n_fine, [fine[score] / n_fine for score in SCORES], size=RESAMPLES)
    # J times both numbers, in whole numbers so that equals are equal; argmax takes the first of them, the lowest.
    gains = np.cumsum(repairs, axis=1)[:, :3] * n_fine - np.cumsum(fines, axis=1)[:, :3] * n_repair
    best: list[int] = gains.argmax(axis=1).tolist()
    return Counter(CANDIDATES[at] for at in best)


def _flagged(scores: Counter[int], below: int) -> int:
    return sum(count for score, count in scores.items() if score < below)
