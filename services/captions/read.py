"""Read one caption file from its bytes to clean cues in order, losing nothing in silence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from db.records import Cue
from services.captions.decoding import decoded
from services.captions.recognition import reader
from services.captions.records import (
    MAX_BYTES,
    MAX_CUES,
    Aside,
    Caption,
    Captions,
    Format,
    Item,
    NotCaptions,
    Refusal,
    Unreadable,
)
from services.captions.timeline import in_order, plausible, spoken, unrolled, with_ends
from services.captions.tracks import on_one_clock

WITHOUT_LINES: frozenset[Format] = frozenset({"json3", "srv3", "ttml", "whisper", "whisperx"})


def read(data: bytes, *, name: str) -> Captions:
    """
    Read the captions in *data*; *name* only names the file in messages.

    A file of captions whose every cue is refused comes back with no cues and all its refusals.

    Raises:
        NotCaptions: too large, not text, not captions, or without a single cue.
    """
    try:
        return _read(data)
    except Unreadable as problem:
        raise NotCaptions(f"{name!r} {problem}.") from problem


def _read(data: bytes) -> Captions:
    if len(data) > MAX_BYTES:
        raise Unreadable(f"is {len(data):,} bytes, over the {MAX_BYTES:,} of a caption file; split it by lecture")
    source = decoded(data)
    kind, items = reader(source.text)
    found, asides = _counted(items(source.text))
    if not found:
        raise Unreadable("has the frame of a caption file but no cue in it; export the captions again")
    cues, refused, repairs = _finished(found, "cue" if kind in WITHOUT_LINES else "line")
    if kind in WITHOUT_LINES:
        refused = [replace(refusal, reason=f"cue {refusal.line} {refusal.reason}") for refusal in refused]
    return Captions(
        format=kind,
        encoding=source.encoding,
        cues=tuple(cues),
        found=len(found),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.line)),
        repairs=(*source.repairs, *_left_out(asides), *repairs),
    )


def _counted(items: Iterable[Item]) -> tuple[list[Caption | Refusal], Counter[str]]:
    found, asides = list[Caption | Refusal](), Counter[str]()
    for item in items:
        if isinstance(item, Aside):
            asides[item.what] += 1
        elif len(found) == MAX_CUES:
            raise Unreadable(f"has more than {MAX_CUES:,} cues; split it by lecture")
        else:
            found.append(item)
    return found, asides


def _finished(found: Sequence[Caption | Refusal], place: str) -> tuple[list[Cue], list[Refusal], Iterator[str]]:
    """Every format goes through these steps, in this order: a step may rely on those before it."""
    refused = [item for item in found if isinstance(item, Refusal)]
    cues, implausible = plausible([item for item in found if isinstance(item, Caption)])
    clock = on_one_clock(cues, place)
    cues, rolled = unrolled(clock.cues)
    cues, wordless = spoken(cues)
    cues, late = in_order(cues)
    pointless = sum(cue.end_ms == cue.start_ms for cue in cues)
    endless = sum(cue.end_ms is None for cue in cues)
    repairs = _repairs(place, clock.restarts, late=late, pointless=pointless, endless=endless)
    return with_ends(cues), [*refused, *implausible, *clock.refused, *rolled, *wordless], repairs


def _left_out(asides: Counter[str]) -> Iterator[str]:
    for what, count in asides.items():
        yield f"left out, as nobody says them: {count} × {what}"


def _repairs(place: str, restarts: Sequence[int], *, late: int, pointless: int, endless: int) -> Iterator[str]:
    for line in restarts:
        yield f"{place} {line}: the clock starts again after an hour; one hour was added from here on"
    if late:
        yield f"cues out of order, now sorted by their start: {late}"
    if endless:
        yield f"cues without an end, given up to the next start: {endless}"
    if pointless:
        yield f"cues without length, given up to a second: {pointless}"
