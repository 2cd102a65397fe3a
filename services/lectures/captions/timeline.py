"""Bring a file's cues onto one timeline: refuse impossible times, collapse what rolls, order, close ends."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from db.records import Cue
from services.lectures.captions.records import Caption, Refusal, malformed
from services.lectures.captions.text import cleaned
from services.lectures.captions.times import DAY_MS, HOUR_MS, shown

WORD_TIME = re.compile("<[0-9]{1,2}:[0-9]")
WRAP_MS = 60_000  # the longest cue that may run over the hour on a clock that loses it
TOUCH_MS = 100
ROLLING_SHARE = 0.1
ROLLING_PAIRS = 2
MAX_RAW_CHARS = 200_000
MAX_CHARS = 10_000  # about ten minutes of speech: no reference could point into it, so it is split
PART_CHARS = 1_000
SHORTEST_MS = 1_000
WORDS_PER_S = 2.5  # a lecturer's pace, for a last block whose end nobody wrote

Parted = tuple[list[Caption], list[Refusal]]


def plausible(cues: Sequence[Caption]) -> Parted:
    """Refuse negative times, times over 24 hours, and ends before starts."""
    kept, refused = list[Caption](), list[Refusal]()
    for cue in map(_with_meant_end, cues):
        if reason := _implausible(cue):
            refused.append(malformed(cue.line, reason))
        else:
            kept.append(cue)
    return kept, refused


def _with_meant_end(cue: Caption) -> Caption:
    """An end of zero says nothing; an end just past the hour on a clock that loses it lies an hour later."""
    if cue.end_ms == 0 < cue.start_ms and cue.start_ms % HOUR_MS < HOUR_MS - WRAP_MS:
        return replace(cue, end_ms=None)
    if cue.end_ms is not None and 0 <= cue.end_ms + HOUR_MS - cue.start_ms <= WRAP_MS:
        return replace(cue, end_ms=cue.end_ms + HOUR_MS)
    return cue


def _implausible(cue: Caption) -> str:
    end_ms = cue.start_ms if cue.end_ms is None else cue.end_ms
    if cue.start_ms < 0:
        return "begins before the video does"
    if max(cue.start_ms, end_ms) > DAY_MS:
        return "lies more than 24 hours in"
    if end_ms < cue.start_ms:
        return f"ends at {shown(max(end_ms, 0))}, before it starts at {shown(cue.start_ms)}"
    return ""


def unrolled(cues: Sequence[Caption]) -> Parted:
    """
    Where a file rolls, as YouTube's automatic captions do, keep each line once, in the cue it first shows in.

    A line counts as rolled only when it stands last in the cue before and first in this one, and the two
    touch. In a file that does not roll, a speaker who says the same thing twice keeps both.
    """
    shown_lines = [_lines(cue.text) for cue in cues]
    carried = [
        0,
        *(_carried(*pair) for pair in zip(cues, cues[1:], shown_lines, shown_lines[1:], strict=False)),
    ]
    if not _rolls(cues, shown_lines, carried):
        return list(cues), []
    kept, refused = list[Caption](), list[Refusal]()
    for cue, lines, count in zip(cues, shown_lines, carried, strict=False):
        if lines and count == len(lines):
            refused.append(_repeat(cue, "shows again what the cue before it shows"))
        else:
            kept.append(replace(cue, text="\n".join(lines[count:])) if count else cue)
    return kept, refused


def _lines(text: str) -> list[str]:
    if len(text) > MAX_RAW_CHARS:
        return [text]
    return [words for line in text.split("\n") if (words := cleaned(line).words)]


def _carried(above: Caption, cue: Caption, above_lines: Sequence[str], lines: Sequence[str]) -> int:
    """Count the first lines of *cue* that are the last ones of the cue above, where the two touch."""
    if above.end_ms is None or not above.start_ms <= cue.start_ms <= above.end_ms + TOUCH_MS:
        return 0
    longest = min(len(above_lines), len(lines), 4)
    return next((n for n in range(longest, 0, -1) if above_lines[-n:] == lines[:n]), 0)


def _rolls(cues: Sequence[Caption], lines: Sequence[Sequence[str]], carried: Sequence[int]) -> bool:
    """Most pairs of a rolling file carry a line and add one; one pair is enough where words carry times."""
    pairs = sum(0 < count < len(shown) for count, shown in zip(carried, lines, strict=False))
    has_word_times = any(WORD_TIME.search(cue.text) for cue in cues)
    return pairs >= (1 if has_word_times else max(ROLLING_PAIRS, ROLLING_SHARE * len(cues)))


def spoken(cues: Sequence[Caption]) -> Parted:
    """Clean each text, and refuse what holds no words, far too many, or repeats a cue to the letter."""
    kept, refused = list[Caption](), list[Refusal]()
    seen = set[tuple[int, int | None, str]]()
    for cue in cues:
        words, problem = _words(cue)
        key = (cue.start_ms, cue.end_ms, words)
        if problem is not None:
            refused.append(problem)
        elif key in seen:
            refused.append(_repeat(cue, "repeats an earlier cue, times and words"))
        else:
            seen.add(key)
            kept.append(replace(cue, text=words))
    return kept, refused


def _words(cue: Caption) -> tuple[str, Refusal | None]:
    if len(cue.text) > MAX_RAW_CHARS:
        return "", malformed(cue.line, f"holds {len(cue.text.strip()):,} characters, too many for one cue")
    clean = cleaned(cue.text)
    if not clean.words:
        reason = "holds only a sound mark" if clean.had_sound else "holds no words"
        return "", Refusal(line=cue.line, kind="empty", reason=reason)
    return clean.words, None


def _repeat(cue: Caption, reason: str) -> Refusal:
    return Refusal(line=cue.line, kind="repeat", reason=reason)


def in_order(cues: Sequence[Caption]) -> tuple[list[Caption], int]:
    """Sort by start, cues of one start as the file has them; also count those that stood too late."""
    late, high_ms = 0, -1
    for cue in cues:
        late += cue.start_ms < high_ms
        high_ms = max(high_ms, cue.start_ms)
    return sorted(cues, key=lambda cue: cue.start_ms), late


def with_ends(cues: Sequence[Caption], *, found: Sequence[Caption], unplaced: Collection[int]) -> list[Cue]:
    """
    Close the cues that have no end or no length; *cues* are in order.

    A cue without an end runs to the next start *found*, whether that cue is kept or not, the last one for as long as
    its words take; so does one above a cue whose time cannot be read: *unplaced* are the lines of those, and the
    words there are not its own. A cue without length gets a second, or less where the next one starts sooner.
    """
    starts = sorted({cue.start_ms for cue in found} | {cue.start_ms for cue in cues})
    followed_by_unplaced = _above(found, unplaced)
    closed = list[Cue]()
    for cue in cues:
        at = bisect_right(starts, cue.start_ms)
        following_ms = starts[at] if at < len(starts) else None
        end_ms = _end(cue, following_ms, is_cut=cue.line in followed_by_unplaced)
        closed.append(Cue(start_s=cue.start_ms / 1000, end_s=end_ms / 1000, text=cue.text))
    return closed


def _above(found: Sequence[Caption], unplaced: Collection[int]) -> frozenset[int]:
    """Return the lines of cues right above one of the lines *unplaced*."""
    lines = sorted({cue.line for cue in found})
    return frozenset(lines[at - 1] for line in unplaced if (at := bisect_right(lines, line)))


def _end(cue: Caption, following_ms: int | None, *, is_cut: bool) -> int:
    if cue.end_ms is None:
        by_words_ms = cue.start_ms + max(SHORTEST_MS, round(len(cue.text.split()) / WORDS_PER_S * 1000))
        if following_ms is None:
            return by_words_ms
        return min(by_words_ms, following_ms) if is_cut else following_ms
    if cue.end_ms > cue.start_ms:
        return cue.end_ms
    second_ms = cue.start_ms + SHORTEST_MS
    return second_ms if following_ms is None else min(second_ms, following_ms)


def within_length(cues: Sequence[Cue]) -> tuple[list[Cue], int]:
    """Split the cues that are too long for one, sharing their time by words; also count those that were."""
    parts = [list(_parts(cue)) for cue in cues]
    return [part for each in parts for part in each], sum(len(each) > 1 for each in parts)


def _parts(cue: Cue) -> Iterator[Cue]:
    if len(cue.text) <= MAX_CHARS:
        yield cue
        return
    texts = list(_pieces(cue.text))
    counts = [max(len(text.split()), 1) for text in texts]
    per_word_s = (cue.end_s - cue.start_s) / sum(counts)
    start_s = cue.start_s
    for text, count in zip(texts, counts, strict=True):
        end_s = start_s + count * per_word_s
        yield Cue(start_s=round(start_s, 3), end_s=round(end_s, 3), text=text)
        start_s = end_s


def _pieces(text: str) -> Iterator[str]:
    """Cut *text* after a sentence where there is one, else between words, else anywhere."""
    at = 0
    while len(text) - at > PART_CHARS:
        within = text[at : at + PART_CHARS]
        stop = max((within.rfind(end) + 1 for end in (". ", "? ", "! ", "… ")), default=0)
        cut = stop if stop > PART_CHARS // 2 else within.rfind(" ")
        cut = cut if cut > 0 else PART_CHARS
        yield text[at : at + cut].strip()
        at += cut
    if rest := text[at:].strip():
        yield rest
