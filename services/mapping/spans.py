"""Decide which stretches of a lecture are its chapters: as staff say, else as they were published, else as we cut."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from db.records.maps import Chapter, ChapterEdit, PublishedChapter, TitleOrigin
from services.mapping import cutting
from services.mapping.speech import Speech

SHORTEST_REST_MS = 45_000
"""What staff leave of a chapter beside theirs goes to a neighbour where it is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterSpan:
    """A stretch of a lecture that is one chapter, and what it is called, where somebody has said it."""

    start_ms: int
    end_ms: int
    title: str | None = None  # None: it is still to be named
    origin: TitleOrigin = "quoted"
    is_held: bool = False  # staff have said that it is one
    is_dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffWords:
    """What staff have said, as far as it still holds."""

    held: tuple[ChapterSpan, ...]
    moved: tuple[ChapterEdit, ...]  # whose words are said at another time by now, which is noted in them
    lost: tuple[ChapterEdit, ...]  # whose words are not said any more


def followed(speech: Speech, edits: Iterable[ChapterEdit]) -> StaffWords:
    """Find the words that *edits* are about; those that were lost before are looked for as well."""
    held, moved, lost = list[ChapterSpan](), list[ChapterEdit](), list[ChapterEdit]()
    for edit in edits:
        place = speech.found(edit.fingerprint, edit.start_ms, edit.end_ms)
        if place is None or any(place[0] < other.end_ms and other.start_ms < place[1] for other in held):
            lost.append(edit)
            continue
        if place != (edit.start_ms, edit.end_ms) or edit.lost_at:
            moved.append(replace(edit, start_ms=place[0], end_ms=place[1]))
        held.append(_of_staff(edit, *place))
    return StaffWords(held=tuple(held), moved=tuple(moved), lost=tuple(lost))


def _of_staff(edit: ChapterEdit, start_ms: int, end_ms: int) -> ChapterSpan:
    return ChapterSpan(
        start_ms=start_ms,
        end_ms=end_ms,
        title=edit.title,
        origin="staff" if edit.title else "quoted",
        is_held=True,
        is_dropped=edit.is_dropped,
    )


def found(speech: Speech, published: Sequence[PublishedChapter]) -> list[ChapterSpan]:
    """Return the chapters of a lecture as they were published, or else as its words cut it."""
    if not published:
        starts = cutting.cut(speech)
        return [ChapterSpan(start_ms=start, end_ms=end) for start, end in cutting.ends(starts, speech.end_ms)]
    following = [*(one.start_ms for one in published[1:]), max(speech.end_ms, published[-1].start_ms + 1)]
    return [
        ChapterSpan(start_ms=one.start_ms, end_ms=one.end_ms or following[at], title=one.title, origin="published")
        for at, one in enumerate(published)
    ]


def as_they_are(chapters: Iterable[Chapter]) -> list[ChapterSpan]:
    """Return the stretches of *chapters*, to be told anew where staff have changed them."""
    return [
        ChapterSpan(
            start_ms=one.start_ms,
            end_ms=one.end_ms,
            title=one.title if one.origin == "published" else None,
            origin="published" if one.origin == "published" else "quoted",
        )
        for one in chapters
    ]


def overlaid(stretches: Sequence[ChapterSpan], held: Sequence[ChapterSpan]) -> list[ChapterSpan]:
    """
    Return *stretches* with what staff *held* in place of what lay there, in order of time.

    What is left of a stretch beside it stays one, or goes to a neighbour that is not held where it is short.
    """
    rest = [left for one in stretches for left in _beside(one, held)]
    kept = sorted([*rest, *held], key=lambda one: one.start_ms)
    return _joined(kept)


def _beside(one: ChapterSpan, held: Sequence[ChapterSpan]) -> Iterator[ChapterSpan]:
    """Yield what is left of a stretch, which keeps its title where that is most of it."""
    start_ms = one.start_ms
    for other in sorted(held, key=lambda other: other.start_ms):
        if other.end_ms <= start_ms or other.start_ms >= one.end_ms:
            continue
        if other.start_ms > start_ms:
            yield replace(one, start_ms=start_ms, end_ms=other.start_ms)
        start_ms = other.end_ms
    if start_ms < one.end_ms:
        yield replace(one, start_ms=start_ms)


def _joined(stretches: Sequence[ChapterSpan]) -> list[ChapterSpan]:
    joined: list[ChapterSpan] = []
    for at, one in enumerate(stretches):
        is_rest = not one.is_held and one.end_ms - one.start_ms < SHORTEST_REST_MS
        beside_held = any(near.is_held for near in (*joined[-1:], *stretches[at + 1 : at + 2]))
        if not (is_rest and beside_held):
            joined.append(one)
        elif joined and not joined[-1].is_held and joined[-1].end_ms == one.start_ms:
            joined[-1] = replace(joined[-1], end_ms=one.end_ms)
        # Else it lies between two that staff hold: so short a rest is no chapter.
    return joined
