"""Cut a passage into what can be quoted: its sentences, short ones with what follows, long ones in pieces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from db.records import Hit
from services.citing.citations import LEAD_IN_S, NEIGHBOURS_S, without_marks
from services.citing.support import cue_ends_s
from services.citing.without_links import without_links

LONGEST_QUOTE = 40
SHORTEST_QUOTE = 12
"""In words. A shorter sentence takes the one after it along; a longer one is cut at cues, or at words."""

TURN = re.compile(r"(?:(?:>{1,3}|[-–—])\s+)+")
"""What captions write before the words of another person; no quotation begins with it."""
ENDS = re.compile(r"(?<=[.!?…])\s+(?=[^a-zà-ÿ])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence, or a few cues, of one hit."""

    hit: Hit
    start: int  # in characters of the hit's text
    end: int

    @property
    def text(self) -> str:
        return self.hit.text[self.start : self.end]

    @property
    def span_s(self) -> tuple[float, float]:
        """The moment that its reference will have."""
        cues = [i for i, offset in enumerate(self.hit.cue_offsets) if offset < self.end]
        first = max(i for i, offset in enumerate(self.hit.cue_offsets) if offset <= self.start)
        return self.hit.cue_starts_s[first] - LEAD_IN_S, cue_ends_s(self.hit)[cues[-1]]

    def can_be_quoted(self) -> bool:
        """Tell whether it can stand as it is: `[2, 1]` in a lecturer's words would be read as marks."""
        return without_marks(without_links(self.text)) == self.text

    def would_merge(self, other: "Sentence") -> bool:
        """Tell whether the two would end up as one reference."""
        (start, end), (other_start, other_end) = self.span_s, other.span_s
        near = start - other_end < NEIGHBOURS_S and other_start - end < NEIGHBOURS_S
        return self.hit.lecture == other.hit.lecture and near


def sentences(hit: Hit) -> list[Sentence]:
    """Return the sentences of *hit* in order; where short ones took others along, they overlap."""
    return [Sentence(hit=hit, start=start, end=end) for start, end in _spans(hit)]


def _spans(hit: Hit) -> Iterator[tuple[int, int]]:
    spans = [span for sentence in _between(ENDS, hit.text) for span in _pieces(hit, *sentence)]
    for position, (start, end) in enumerate(spans):
        for _, later in spans[position + 1 :]:
            if _length(hit.text[start:end]) >= SHORTEST_QUOTE or _length(hit.text[start:later]) > LONGEST_QUOTE:
                break
            end = later  # noqa: PLW2901 - the span grows
        turn = TURN.match(hit.text, start, end)
        yield turn.end() if turn else start, end


def _between(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in pattern.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _pieces(hit: Hit, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a sentence that is too long, as all of them are in captions without punctuation, where cues begin."""
    cuts = [offset for offset in hit.cue_offsets if start < offset < end]
    at = start
    for cut, following in zip(cuts, [*cuts, end][1:], strict=True):
        if _length(hit.text[at:following]) > LONGEST_QUOTE:
            yield at, len(hit.text[:cut].rstrip())
            at = cut
    yield at, len(hit.text[:end].rstrip())


def _length(text: str) -> int:
    return len(text.split())
