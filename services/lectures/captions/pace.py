"""Measure how fast a lecture is spoken, over which span, and where nothing is said for minutes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from db.records import Cue

HOLE_S = 120.0
"""A silence of so many seconds is named. In 36 real lectures the longest is 30 s."""
SLOWEST, FASTEST = 10.0, 500.0
"""Words a minute that no lecture leaves: 36 real ones in six languages lie between 109 and 209 (docs/captions.md)."""
SLOWEST_WITHOUT_ENDS = 5.0
"""Where a file gives starts alone, its pauses count as speech."""
UNUSUAL = (60.0, 280.0)
"""Words a minute outside of which a person is asked to look."""
FEWEST_WORDS, FEWEST_CUES = 20, 5
SLOWEST_OF_FEW = 2.0
"""A file of fewer words or cues is judged by this alone: even one sentence does not take half an hour."""
WORDS_OF_A_LECTURE = 200
"""So many are not said within the shortest span either: some programs put a whole transcript at the beginning."""
SHORTEST_SPAN_S = 20.0
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that put no spaces between words, and Hangul, whose words are long: two characters count as a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the times of a lecture say about themselves."""

    start_s: float  # when the first word is said
    end_s: float
    words: int
    spoken_s: float  # the time under cues, each second once
    covered: float | None  # the share of the video under cues; None where its length is not known
    holes: tuple[tuple[float, float], ...]  # where nothing is said for minutes, within the video

    @property
    def words_per_minute(self) -> float:
        return per_minute(self.words, self.spoken_s)


def measured(cues: Sequence[Cue], duration_s: float | None = None) -> Pace:
    """Measure *cues*, of which there is at least one, in order of their starts."""
    stretches = list(_stretches(cues))
    spoken_s = sum(end_s - start_s for start_s, end_s in stretches)
    covered = None if duration_s is None else sum(_within(duration_s, *one) for one in stretches) / duration_s
    return Pace(
        start_s=cues[0].start_s,
        end_s=stretches[-1][1],
        words=sum(words_in(cue.text) for cue in cues),
        spoken_s=spoken_s,
        covered=covered,
        holes=tuple(_holes(stretches, duration_s)),
    )


def words_in(text: str) -> int:
    """
    Count the words of *text*, in scripts without spaces half of the characters.

    >>> words_in("o gradiente some"), words_in("勾配が消える")
    (3, 3)
    """
    unspaced = len(UNSPACED.findall(text))
    return len(UNSPACED.sub(" ", text).split()) + (unspaced + 1) // 2 if unspaced else len(text.split())


def per_minute(words: int, seconds: float) -> float:
    return 60 * words / max(seconds, 0.001)


def too_slow(cues: Sequence[Cue], *, with_ends: bool = True) -> bool:
    """
    Tell whether *cues* are spoken so slowly that their times must be wrong.

    A few cues that stand for minutes slow a whole lecture down; where the unit is wrong, every cue is slow.
    """
    each = [per_minute(words_in(cue.text), cue.end_s - cue.start_s) for cue in cues]
    pace = measured(cues)
    is_judged = pace.words >= FEWEST_WORDS and len(cues) >= FEWEST_CUES
    limit = (SLOWEST if with_ends else SLOWEST_WITHOUT_ENDS) if is_judged else SLOWEST_OF_FEW
    return max(pace.words_per_minute, median(each)) < limit


def too_fast(cues: Sequence[Cue]) -> bool:
    """Tell whether nobody can say *cues* in their time, nor in the time from the first to the last of them."""
    pace = measured(cues)
    span_s = pace.end_s - pace.start_s
    if pace.words < FEWEST_WORDS or len(cues) < FEWEST_CUES:
        return False
    if span_s < SHORTEST_SPAN_S and pace.words < WORDS_OF_A_LECTURE:
        return False
    return min(pace.words_per_minute, per_minute(pace.words, span_s)) > FASTEST


def _stretches(cues: Sequence[Cue]) -> Iterator[tuple[float, float]]:
    """Yield the times under cues, those that touch or overlap as one."""
    start_s, end_s = cues[0].start_s, cues[0].end_s
    for cue in cues[1:]:
        if cue.start_s > end_s:
            yield start_s, end_s
            start_s = cue.start_s
        end_s = max(end_s, cue.end_s)
    yield start_s, end_s


def _within(duration_s: float, start_s: float, end_s: float) -> float:
    return max(0.0, min(end_s, duration_s) - start_s)


def _holes(stretches: Sequence[tuple[float, float]], duration_s: float | None) -> Iterator[tuple[float, float]]:
    over_s = [0.0, *(end_s for _, end_s in stretches)]
    next_s = [*(start_s for start_s, _ in stretches), duration_s or 0.0]
    for before_s, after_s in zip(over_s, next_s, strict=True):
        if after_s - before_s >= HOLE_S:
            yield before_s, after_s
