"""Tell in which unit a file's bare numbers count time: by the pace at which its words would be spoken."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from services.lectures.captions.pace import per_minute, words_in

UNITS = {
    "seconds": 1000.0,
    "hundredths of a second": 10.0,
    "milliseconds": 1.0,
    "ticks of 100 nanoseconds": 0.0001,
}
"""How many milliseconds each is."""
SPOKEN = (45.0, 450.0)
"""Words a minute under cues that leave one unit alone, as the next is at least ten times as long."""
ACCEPTED = (10.0, 1_500.0)
"""What the usual unit of a format may give before another is looked for: ends that linger, or are cut short."""
FEWEST_CUES = 10
ALIKE = 0.8
"""So many cues must be spoken at a human pace in a unit. Titles of chapters, read as milliseconds, are not."""
SHORTEST_S = 0.8
"""Half of the cues last so long, unless each is one word."""
SHORTEST_SPAN_S = 30.0
"""A whole lecture in less is none: it is a list of chapters, whose seconds were taken for milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One cue as a file of bare numbers gives it."""

    start: float
    end: float | None
    text: str


def unit_of(cues: Sequence[Timed], usual: str) -> tuple[float, str | None]:
    """
    Return how many milliseconds *cues* count as one, and what to tell the operator where that is not *usual*.

    Another unit than the usual one is taken where all times are whole numbers, the usual one is out of the question,
    and one other alone fits. Whether the result can be true at all is not asked here.
    """
    lengths = _lengths(cues)
    words, length = sum(count for count, _ in lengths), sum(length for _, length in lengths)
    pace = per_minute(words, length * UNITS[usual] / 1000)
    is_usual = not length or not words or ACCEPTED[0] <= pace <= ACCEPTED[1]
    if is_usual or len(lengths) < FEWEST_CUES or any(cue.start != int(cue.start) for cue in cues):
        return UNITS[usual], None
    span = max(cue.start for cue in cues) - min(cue.start for cue in cues)
    possible = {unit: factor for unit, factor in UNITS.items() if span * factor / 1000 >= SHORTEST_SPAN_S}
    fitting = [unit for unit, factor in possible.items() if _fits(lengths, factor / 1000)]
    if len(fitting) != 1:
        return UNITS[usual], None
    found = per_minute(words, length * UNITS[fitting[0]] / 1000)
    note = f"times read as {fitting[0]}, which gives {found:.0f} words a minute; as {usual} they give {pace:,.1f}"
    return UNITS[fitting[0]], note


def _lengths(cues: Sequence[Timed]) -> list[tuple[int, float]]:
    """Return the words and the length of each cue that has both; one without an end lasts up to the next start."""
    following = [*(cue.start for cue in cues[1:]), None][: len(cues)]
    ends = [next_start if cue.end is None else cue.end for cue, next_start in zip(cues, following, strict=True)]
    both = zip(cues, ends, strict=True)
    found = [(words_in(cue.text), end - cue.start) for cue, end in both if end is not None and end > cue.start]
    return [(words, length) for words, length in found if words]


def _fits(lengths: Sequence[tuple[int, float]], seconds: float) -> bool:
    """Tell whether these are spoken words where a length of 1 lasts so many *seconds*."""
    pace = per_minute(sum(words for words, _ in lengths), sum(length for _, length in lengths) * seconds)
    alike = sum(SPOKEN[0] / 2 <= per_minute(words, length * seconds) <= 2 * SPOKEN[1] for words, length in lengths)
    is_long = median(length for _, length in lengths) * seconds >= SHORTEST_S
    is_by_word = median(words for words, _ in lengths) == 1
    return SPOKEN[0] <= pace <= SPOKEN[1] and alike >= ALIKE * len(lengths) and (is_long or is_by_word)
