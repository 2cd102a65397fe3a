"""Put the pieces of a stream's captions, joined one below the other, onto one clock and join what a border cut."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from services.lectures.captions.records import Caption, Refusal
from services.lectures.captions.text import cleaned
from services.lectures.captions.times import BadTimeError, milliseconds

MAP = re.compile(r"X-TIMESTAMP-MAP\s*=\s*(?=.*MPEGTS:([0-9]{1,15}))(?=.*LOCAL:([0-9:.]{4,20}))", re.IGNORECASE)
TICKS_PER_MS = 90
WRAP_TICKS = 1 << 33  # a transport stream's clock starts again after 26.5 hours
SURE_PIECES = 3
BORDER_MS = 100
REACH = 4
"""How many cues on each side of a border may be the same ones; a window of captions overlaps by no more."""


def map_ms(header: str) -> int | None:
    """
    Return what a piece's header adds to its cues, from an origin that all pieces of a stream share.

    >>> map_ms("X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000")
    10000
    """
    found = MAP.search(header)
    if found is None:
        return None
    try:
        return int(found[1]) // TICKS_PER_MS - milliseconds(found[2])
    except BadTimeError:
        return None


def joined(cues: Sequence[Caption]) -> tuple[list[Caption], list[Refusal], list[str]]:
    """
    Return *cues* with each piece where its header puts it, a cue that a border cut in two joined, and what was done.

    The first piece, though no cue be in it, stays where it is: what a stream's own clock begins at, mostly 10 s, is
    no part of the video.
    """
    placed, notes = _placed(cues)
    kept, refused = _joined_at_borders(placed)
    return kept, refused, notes


def _placed(cues: Sequence[Caption]) -> tuple[list[Caption], list[str]]:
    parts = [list(group) for _, group in groupby(cues, key=lambda cue: cue.part)]
    shifts = _shifts([part[0].map_ms for part in parts])
    if not any(shifts) or _go_on_already(parts, shifts):
        return list(cues), []
    moved = [_later(cue, shift) for part, shift in zip(parts, shifts, strict=True) for cue in part]
    return moved, [f"pieces of a stream, placed by their X-TIMESTAMP-MAP: {len(parts)}"]


def _shifts(maps: Sequence[int | None]) -> list[int]:
    shifts, above, wraps = list[int](), 0, 0
    for found in maps:
        if found is None:
            shifts.append(0)
            continue
        if above - found > WRAP_TICKS // TICKS_PER_MS // 2:
            wraps += 1
        above = found
        shifts.append(found + wraps * (WRAP_TICKS // TICKS_PER_MS))
    return shifts


def _go_on_already(parts: Sequence[Sequence[Caption]], shifts: Sequence[int]) -> bool:
    """Tell whether the times count from the stream's beginning although the headers shift them once more."""
    went_ms = parts[-1][0].start_ms - parts[0][0].start_ms
    return len(parts) >= SURE_PIECES and shifts[-1] > 0 and abs(went_ms - shifts[-1]) <= shifts[-1] / 4


def _later(cue: Caption, shift_ms: int) -> Caption:
    return replace(cue, start_ms=cue.start_ms + shift_ms, end_ms=None if cue.end_ms is None else cue.end_ms + shift_ms)


def _joined_at_borders(cues: Sequence[Caption]) -> tuple[list[Caption], list[Refusal]]:
    kept, refused = list[Caption](), list[Refusal]()
    since_border, part = REACH, None
    for cue in cues:
        since_border = since_border + 1 if part in {None, cue.part} else 0
        part = cue.part
        back = _twin(kept, cue) if since_border < REACH else None
        if back is None:
            kept.append(cue)
            continue
        kept[-back] = replace(kept[-back], end_ms=_later_end(kept[-back], cue))
        refused.append(Refusal(line=cue.line, kind="repeat", reason="goes on over the border of two pieces"))
    return kept, refused


def _twin(above: Sequence[Caption], cue: Caption) -> int | None:
    """Return how far back stands the cue of another piece that *cue* is again: whole, or its rest after the border."""
    for back in range(1, min(REACH, len(above)) + 1):
        other = above[-back]
        if other.part == cue.part or other.end_ms is None:
            continue
        is_whole = (other.start_ms, other.end_ms) == (cue.start_ms, cue.end_ms)
        goes_on = other.start_ms < cue.start_ms and abs(cue.start_ms - other.end_ms) <= BORDER_MS
        if (is_whole or goes_on) and cleaned(other.text).words == cleaned(cue.text).words:
            return back
    return None


def _later_end(cue: Caption, other: Caption) -> int | None:
    return None if cue.end_ms is None or other.end_ms is None else max(cue.end_ms, other.end_ms)
