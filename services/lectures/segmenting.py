"""Cut a lecture's cues into overlapping windows that can be searched, each knowing where its cues begin."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from db.records import Cue

WINDOW_WORDS = 340
OVERLAP_WORDS = 80
LONGEST_CUE_S = 240.0
"""A longer cue is split, so that no segment spans more speech than anybody would look through."""
PART_S = 60.0
WORDS_PER_S = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A run of whole cues, before it has an id."""

    start_s: float
    end_s: float
    text: str
    cue_offsets: tuple[int, ...]  # where each cue begins in the text, in characters, ascending from 0
    cue_starts_s: tuple[float, ...]


def version(cues: Sequence[Cue]) -> str:
    """
    Return how *cues* are cut, for a transcript's fingerprint: raise it where the same cues are cut differently.

    Lectures whose cues are cut as they always were keep their vectors.
    """
    return "2" if any(cue.end_s - cue.start_s > LONGEST_CUE_S for cue in cues) else "1"


def cut(cues: Sequence[Cue], *, words: int = WINDOW_WORDS, overlap: int = OVERLAP_WORDS) -> tuple[Window, ...]:
    """
    Cut *cues* (in order of their starts) into windows of at most *words* words that share about *overlap*.

    Windows of one lecture are made about equally long, so that no short rest is left at the end. A cue of more
    than *words* words, or of more than four minutes, is first split, its time shared out by words. Every cue is in
    at least one window.
    """
    pieces = [piece for cue in _released(cues) for piece in _within(cue, words)]
    if not pieces:
        return ()
    ends = list(accumulate(len(piece.text.split()) for piece in pieces))
    return tuple(_window(pieces[first:last]) for first, last in _spans(ends, words, overlap))


def _spans(ends: Sequence[int], words: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Yield `(first, last)` cue indexes, *last* excluded, of each window; *ends* are running word counts."""
    goal = _even_length(ends[-1], words, overlap)
    first = 0
    while True:
        start = ends[first - 1] if first else 0
        last = first + 1
        while last < len(ends) and ends[last] - start <= goal:
            last += 1
        yield first, last
        if last == len(ends):
            return
        # The next window reaches back over whole cues, but always moves on by at least one.
        following = last
        while following - 1 > first and ends[last - 1] - ends[following - 2] <= overlap:
            following -= 1
        first = following


def _even_length(total: int, words: int, overlap: int) -> int:
    """Return the longest window, up to *words*, that divides *total* words into windows of equal length."""
    if total <= words:
        return words
    count = math.ceil((total - overlap) / (words - overlap))
    return min(words, math.ceil((total - overlap) / count) + overlap)


def _released(cues: Sequence[Cue]) -> Iterator[Cue]:
    """
    Yield *cues* without an end that cannot be meant: of a cue of minutes over which others are spoken.

    It ends where the next one begins, or when its own words are said; so does the last one behind such a cue.
    """
    is_wrong = False
    for cue, following in zip(cues, [*cues[1:], None], strict=False):
        until_s = following.start_s if following else cue.start_s if is_wrong else cue.end_s
        is_wrong = cue.end_s - cue.start_s > LONGEST_CUE_S and until_s < cue.end_s
        if not is_wrong:
            yield cue
            continue
        said_s = cue.start_s + len(cue.text.split()) / WORDS_PER_S
        yield Cue(start_s=cue.start_s, end_s=min(cue.end_s, max(until_s, said_s)), text=cue.text)


def _within(cue: Cue, words: int) -> Iterator[Cue]:
    spoken = cue.text.split()
    length_s = cue.end_s - cue.start_s
    most = words if length_s <= LONGEST_CUE_S else min(words, max(1, int(len(spoken) * PART_S / length_s)))
    if len(spoken) <= most:
        yield cue
        return
    per_word = length_s / len(spoken)
    for at in range(0, len(spoken), most):
        part = spoken[at : at + most]
        start = cue.start_s + at * per_word
        yield Cue(start_s=start, end_s=start + len(part) * per_word, text=" ".join(part))


def _window(cues: Sequence[Cue]) -> Window:
    lengths = (len(cue.text) + 1 for cue in cues)
    offsets = (0, *accumulate(lengths))[: len(cues)]
    return Window(
        start_s=cues[0].start_s,
        end_s=max(cue.end_s for cue in cues),
        text=" ".join(cue.text for cue in cues),
        cue_offsets=tuple(offsets),
        cue_starts_s=tuple(cue.start_s for cue in cues),
    )
