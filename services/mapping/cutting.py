"""
Find where the chapters of a lecture begin, from what is said alone.

Short runs of cues are compared each with each, by their words and by the vectors of their passages. Of all ways to
cut the lecture into so many chapters, dynamic programming finds the one whose chapters hold together best (the sum of
squares of Harchaoui and Cappé's kernel change-point detection, 2007), with some worth for even lengths and for words
that open something. How the constants were chosen: docs/maps.md.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from services.mapping.openings import opening
from services.mapping.speech import Speech, SpokenCue
from services.words.terms import terms

RUN_WORDS = 25
MOST_RUNS = 600
"""A lecture of four hours has runs of more words instead of more runs: memory stays below some 30 MB."""
LEAST_RUNS = 3
"""In a chapter."""
MEANING = 0.5
"""What likeness of vectors counts beside that of words."""
EVENNESS = 0.02
"""What a chapter pays for the square of how far its length is from the mean, on a scale of logarithms."""
OPENING = 0.03
PAUSE = 0.003
"""What a second of silence before a chapter is worth: little, for many captions show none."""
LONGEST_PAUSE_S = 4.0

FEWEST, MOST = 1, 12
SHORTEST_S = 120.0
LEAST_WANTED = 5
MINUTES_A_CHAPTER = 18.0

Matrix = NDArray[np.float64]


def many(length_s: float) -> int:
    """
    Return into how many chapters a lecture is cut.

    >>> [many(60 * minutes) for minutes in (1, 3, 10, 50, 90, 240)]
    [1, 1, 5, 8, 10, 12]
    """
    wanted = round(LEAST_WANTED + length_s / 60 / MINUTES_A_CHAPTER)
    return max(FEWEST, min(wanted, MOST, int(length_s / SHORTEST_S)))


def cut(speech: Speech) -> list[int]:
    """
    Return when the chapters of *speech* begin, in milliseconds, the first one where its first cue does.

    It takes up to a second, and is to be called from a thread.
    """
    runs = grouped(speech.cues)
    length_s = (speech.end_ms - speech.start_ms) / 1000
    wanted = min(many(length_s), max(1, len(runs) // LEAST_RUNS))
    if wanted == 1:
        return [speech.start_ms]
    likeness = _by_words(runs, speech.language) + MEANING * _by_meaning(runs, speech)
    chosen = _best(_worth(likeness, runs, wanted), wanted)
    return [speech.start_ms, *sorted({_opened(runs, at).start_ms for at in chosen} - {speech.start_ms})]


def grouped(cues: Sequence[SpokenCue]) -> list[tuple[SpokenCue, ...]]:
    """Group cues that follow each other until they have enough words."""
    lengths = [len(cue.text.split()) for cue in cues]
    least = max(RUN_WORDS, sum(lengths) // MOST_RUNS + 1)
    runs: list[tuple[SpokenCue, ...]] = []
    first, count = 0, 0
    for at, length in enumerate(lengths, 1):
        count += length
        if count >= least or at == len(cues):
            runs.append(tuple(cues[first:at]))
            first, count = at, 0
    return runs


def _by_words(runs: Sequence[Sequence[SpokenCue]], language: str) -> Matrix:
    """Return the cosines of the runs by their terms: each by the logarithm of its count, and by its rarity."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - it takes a while to load, and few processes make maps

    counts = [terms(" ".join(cue.text for cue in run), language) for run in runs]
    containing = Counter(term for found in counts for term in found)
    places = {term: place for place, term in enumerate(sorted(t for t, in_runs in containing.items() if in_runs > 1))}
    rows, columns, values = list[int](), list[int](), list[float]()
    for row, found in enumerate(counts):
        weights = {
            places[term]: (1 + log(count)) * log((len(runs) + 1) / containing[term])
            for term, count in found.items()
            if term in places
        }
        length = sum(weight * weight for weight in weights.values()) ** 0.5 or 1.0
        rows += [row] * len(weights)
        columns += weights.keys()
        values += [weight / length for weight in weights.values()]
    at = (np.array(rows, np.int64), np.array(columns, np.int64))
    matrix = csr_matrix((np.array(values, np.float64), at), shape=(len(runs), max(len(places), 1)))
    return np.asarray((matrix @ matrix.T).toarray(), np.float64)


def _by_meaning(runs: Sequence[Sequence[SpokenCue]], speech: Speech) -> Matrix | float:
    """Return the cosines of the runs' vectors, without what they all share; 0 where some have none."""
    rows: list[NDArray[np.float32]] = []
    for run in runs:
        found = [vector for cue in run if (vector := speech.vector_of(cue)) is not None]
        if not found:
            return 0.0
        rows.append(np.mean(found, axis=0))
    vectors = np.array(rows, np.float64)
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    return vectors @ vectors.T


def _worth(likeness: Matrix, runs: Sequence[Sequence[SpokenCue]], wanted: int) -> Matrix:
    """Return what a chapter from run i up to run j is worth, shape (n + 1, n + 1); impossible ones almost nothing."""
    sums = np.zeros((len(runs) + 1, len(runs) + 1))
    sums[1:, 1:] = likeness.cumsum(0).cumsum(1)
    own = np.diag(sums)
    at = np.arange(len(runs) + 1)
    length = (at[None, :] - at[:, None]).astype(float)
    possible = length >= LEAST_RUNS
    held = own[None, :] + own[:, None] - sums - sums.T
    worth = held / np.where(possible, length, 1.0) * wanted / len(runs)
    starts = np.array([*(run[0].start_ms for run in runs), runs[-1][-1].end_ms], float)
    mean = (starts[-1] - starts[0]) / wanted
    spans = np.maximum(starts[None, :] - starts[:, None], 1.0)
    worth -= EVENNESS * np.log(spans / mean) ** 2
    worth += np.array([*beginnings(runs), 0.0])[:, None]
    return np.where(possible, worth, -1e9)


def beginnings(runs: Sequence[Sequence[SpokenCue]]) -> list[float]:
    """Return what is worth in a chapter that begins with each run: words that open something, a pause."""
    worth = [0.0]
    for before, run in pairwise(runs):
        said = [opening(cue.text) for cue in run]
        pause_s = (run[0].start_ms - before[-1].end_ms) / 1000
        worth.append(OPENING * max(said[0], 0.7 * max(said)) + PAUSE * min(max(pause_s, 0.0), LONGEST_PAUSE_S))
    return worth


def _best(worth: Matrix, wanted: int) -> list[int]:
    """Return the runs at which chapters begin, but the first, of the way to cut that is worth most."""
    size = len(worth)
    best = np.full(size, -1e18)
    best[0] = 0.0
    chosen: list[NDArray[np.int64]] = []
    for _ in range(wanted):
        reached = best[:, None] + worth
        chosen.append(reached.argmax(axis=0))
        best = reached.max(axis=0)
    at, cuts = size - 1, list[int]()
    for step in reversed(chosen):
        at = int(step[at])
        cuts.append(at)
    return sorted(cut for cut in cuts if cut > 0)


def _opened(runs: Sequence[Sequence[SpokenCue]], at: int) -> SpokenCue:
    """Return the cue near the beginning of a run that sounds most like the beginning of a chapter."""
    first = runs[at][0]
    near = [*runs[at - 1][1:], *runs[at]] if at > 1 else list(runs[at])
    return max(near, key=lambda cue: (opening(cue.text) - abs(cue.start_ms - first.start_ms) / 15_000, cue is first))


def ends(starts: Sequence[int], end_ms: int) -> list[tuple[int, int]]:
    """
    Return the chapters that begin at *starts*, each with its end.

    >>> ends([0, 60], 90)
    [(0, 60), (60, 90)]
    """
    return list(zip(starts, [*starts[1:], end_ms], strict=True))
