"""A lecture's captions as they were said, cue after cue, each with the passage that holds it."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from db.records import Hit
from services.citing.support import cue_ends_s, cue_texts
from services.words.terms import words

MOVED_MS = 2_000
"""By how much the length of a stretch may differ after its captions were moved."""

NO_VECTORS: NDArray[np.float32] = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenCue:
    """One cue, and where it stands."""

    start_ms: int
    end_ms: int
    text: str
    passage: int  # in which of the lecture's passages, counted from 0
    at: int  # its middle, in characters of that passage


@dataclass(frozen=True, kw_only=True)
class Speech:
    """All that is said in a lecture."""

    passages: tuple[Hit, ...]  # in order, overlapping
    language: str  # two-letter code
    vectors: tuple[NDArray[np.float32], ...]  # of each passage's pieces, (pieces, dimension); none: (0, 0)
    # Of cues by their starts, where captions tell it better than the start of the next one.
    cue_ends_s: Mapping[float, float] = field(default_factory=dict[float, float])

    @cached_property
    def cues(self) -> tuple[SpokenCue, ...]:
        """Each cue once, though passages overlap."""
        return tuple(_cues(self.passages, self.cue_ends_s))

    @property
    def start_ms(self) -> int:
        return self.cues[0].start_ms

    @property
    def end_ms(self) -> int:
        return max(cue.end_ms for cue in self.cues)

    def between(self, start_ms: int, end_ms: int) -> tuple[SpokenCue, ...]:
        """The cues that begin in a stretch of the lecture."""
        return self.cues[slice(*self._places(start_ms, end_ms))]

    def passages_of(self, start_ms: int, end_ms: int) -> list[Hit]:
        """The passages, each without what is said outside a stretch of the lecture."""
        cut = (_trimmed(passage, start_ms, end_ms) for passage in self.passages)
        return [passage for passage in cut if passage is not None]

    def fingerprint(self, start_ms: int, end_ms: int) -> str:
        """Hash the words that are said in a stretch: it stays when captions only move, or change their punctuation."""
        first, last = self._places(start_ms, end_ms)
        return hashlib.sha256(" ".join(filter(None, self._words[first:last])).encode()).hexdigest()

    def found(self, fingerprint: str, start_ms: int, end_ms: int) -> tuple[int, int] | None:
        """Return when the words of a fingerprint, once said from *start_ms* to *end_ms*, are said now; None: never."""
        if self.fingerprint(start_ms, end_ms) == fingerprint:
            return start_ms, end_ms
        starts = [*self._starts, self.end_ms]
        for first in self._starts:
            wanted = first + end_ms - start_ms
            for end in starts[bisect_left(starts, wanted - MOVED_MS) : bisect_left(starts, wanted + MOVED_MS)]:
                if end > first and self.fingerprint(first, end) == fingerprint:
                    return first, end
        return None

    def _places(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        return bisect_left(self._starts, start_ms), bisect_left(self._starts, end_ms)

    @cached_property
    def _starts(self) -> list[int]:
        return [cue.start_ms for cue in self.cues]

    @cached_property
    def _words(self) -> list[str]:
        return [" ".join(words(cue.text)) for cue in self.cues]

    def vector_of(self, cue: SpokenCue) -> NDArray[np.float32] | None:
        """The vector of the piece that *cue* stands in: pieces of a passage are about equally long."""
        pieces = self.vectors[cue.passage] if self.vectors else NO_VECTORS
        if not len(pieces):
            return None
        share = cue.at / max(len(self.passages[cue.passage].text), 1)
        return pieces[min(len(pieces) - 1, int(len(pieces) * share))]


def _cues(passages: Sequence[Hit], known_s: Mapping[float, float]) -> Iterator[SpokenCue]:
    before: list[tuple[float, str]] = []
    for number, passage in enumerate(passages):
        texts = cue_texts(passage)
        here = list(zip(passage.cue_starts_s, texts, strict=True))
        ends_s = cue_ends_s(passage)
        offsets = [*passage.cue_offsets, len(passage.text)]
        for index in range(_shared(before, here), len(here)):
            start_s, text = here[index]
            start_ms = round(start_s * 1000)
            end_s = min(ends_s[index], known_s.get(start_s, ends_s[index]))
            yield SpokenCue(
                start_ms=start_ms,
                end_ms=max(round(end_s * 1000), start_ms + 1),
                text=text,
                passage=number,
                at=(offsets[index] + offsets[index + 1]) // 2,
            )
        before = here


def _shared(before: Sequence[tuple[float, str]], here: Sequence[tuple[float, str]]) -> int:
    """Return how many cues at the end of one passage are those at the beginning of the next."""
    longest = min(len(before), len(here))
    return next((many for many in range(longest, 0, -1) if before[-many:] == here[:many]), 0)


def _trimmed(passage: Hit, start_ms: int, end_ms: int) -> Hit | None:
    inside = [at for at, start_s in enumerate(passage.cue_starts_s) if start_ms <= round(start_s * 1000) < end_ms]
    if not inside:
        return None
    first, last = inside[0], inside[-1] + 1
    offset = passage.cue_offsets[first]
    is_whole = last == len(passage.cue_offsets)
    return replace(
        passage,
        start_s=passage.cue_starts_s[first],
        end_s=passage.end_s if is_whole else passage.cue_starts_s[last],
        text=passage.text[offset:] if is_whole else passage.text[offset : passage.cue_offsets[last]].rstrip(),
        cue_offsets=tuple(begin - offset for begin in passage.cue_offsets[first:last]),
        cue_starts_s=passage.cue_starts_s[first:last],
    )
