"""Read one caption file from its bytes to clean cues in order, losing nothing in silence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from db.records import Cue
from services.lectures.captions.decoding import decoded
from services.lectures.captions.formats import reader
from services.lectures.captions.names import without_names
from services.lectures.captions.pieces import joined
from services.lectures.captions.records import (
    MAX_BYTES,
    MAX_CUES,
    Aside,
    Caption,
    Captions,
    Format,
    Item,
    NotCaptions,
    Refusal,
    Repair,
    Unreadable,
)
from services.lectures.captions.showings import said_once
from services.lectures.captions.timeline import (
    MAX_CHARS,
    in_order,
    plausible,
    spoken,
    unrolled,
    with_ends,
    within_length,
)
from services.lectures.captions.tracks import on_one_clock

WITHOUT_LINES: frozenset[Format] = frozenset(
    {"json3", "srv3", "srv1", "ttml", "whisper", "whisperx", "whispercpp", "json"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    cues: list[Cue]
    refused: list[Refusal]
    repairs: list[str]
    endless: int  # cues kept whose file does not say when they end


def read(data: bytes, *, name: str, keep_names: bool = False) -> Captions:
    """
    Read the captions in *data*; *name* only names the file in messages.

    Names of speakers are left out unless *keep_names*. A file of captions whose every cue is refused comes back with
    no cues and all its refusals.

    Raises:
        NotCaptions: too large, not text, not captions, or without a single cue.
    """
    try:
        return _read(data, keep_names=keep_names)
    except Unreadable as problem:
        raise NotCaptions(f"{name!r} {problem}.") from problem


def _read(data: bytes, *, keep_names: bool) -> Captions:
    if len(data) > MAX_BYTES:
        raise Unreadable(f"is {len(data):,} bytes, over the {MAX_BYTES:,} of a caption file; split it by lecture")
    source = decoded(data)
    kind, items = reader(source.text)
    found, asides, put_right = _counted(items(source.text))
    if not found:
        raise Unreadable("has the frame of a caption file but no cue in it; export the captions again")
    finished = _finished(found, "cue" if kind in WITHOUT_LINES else "line", keep_names=keep_names)
    refused = finished.refused
    if kind in WITHOUT_LINES:
        refused = [replace(refusal, reason=f"cue {refusal.line} {refusal.reason}") for refusal in refused]
    return Captions(
        format=kind,
        encoding=source.encoding,
        cues=tuple(finished.cues),
        found=len(finished.cues) + len(refused),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.line)),
        repairs=(*source.repairs, *_left_out(asides), *put_right, *finished.repairs),
        says_ends=2 * finished.endless <= len(finished.cues),
    )


def _counted(items: Iterable[Item]) -> tuple[list[Caption | Refusal], Counter[str], list[str]]:
    found, asides, put_right = list[Caption | Refusal](), Counter[str](), list[str]()
    for item in items:
        if isinstance(item, Aside):
            asides[item.what] += 1
        elif isinstance(item, Repair):
            put_right.append(item.what)
        elif len(found) == MAX_CUES:
            raise Unreadable(f"has more than {MAX_CUES:,} cues; split it by lecture")
        else:
            found.append(item)
    return found, asides, put_right


def _finished(found: Sequence[Caption | Refusal], place: str, *, keep_names: bool) -> _Finished:
    """Every format goes through these steps, in this order: a step may rely on those before it."""
    unread = [item for item in found if isinstance(item, Refusal)]
    cues, implausible = plausible([item for item in found if isinstance(item, Caption)])
    cues, over_borders, placed = joined(cues)
    clock = on_one_clock(cues, place)
    cues, rolled = unrolled(clock.cues)
    cues, shown_again = said_once(cues)
    cues, named = (cues, []) if keep_names else without_names(cues)
    cues, wordless = spoken(cues)
    cues, late = in_order(cues)
    pointless = sum(cue.end_ms == cue.start_ms for cue in cues)
    endless = sum(cue.end_ms is None for cue in cues)
    unplaced = {refusal.line for refusal in (*unread, *implausible)}
    closed, split = within_length(with_ends(cues, found=clock.cues, unplaced=unplaced))
    repairs = _repairs(place, clock.restarts, late=late, pointless=pointless, endless=endless, split=split)
    return _Finished(
        cues=closed,
        refused=[*unread, *implausible, *over_borders, *clock.refused, *rolled, *shown_again, *wordless],
        repairs=[*placed, *repairs, *named],
        endless=endless,
    )


def _left_out(asides: Counter[str]) -> Iterator[str]:
    for what, count in asides.items():
        yield f"left out, as nobody says them: {count} × {what}"


def _repairs(
    place: str, restarts: Sequence[int], *, late: int, pointless: int, endless: int, split: int
) -> Iterator[str]:
    for line in restarts:
        yield f"{place} {line}: the clock starts again after an hour; one hour was added from here on"
    if late:
        yield f"cues out of order, now sorted by their start: {late}"
    if endless:
        yield f"cues without an end, given up to the next start: {endless}"
    if pointless:
        yield f"cues without length, given up to a second: {pointless}"
    if split:
        yield f"cues of over {MAX_CHARS:,} characters, split, their time shared out by words: {split}"
