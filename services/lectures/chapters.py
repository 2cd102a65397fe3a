"""Read the chapters that were published with a video, and keep those that can be meant."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from db.records.maps import PublishedChapter
from services.ground.text import clean
from services.ground.timestamps import clock

MOST = 100
LONGEST_TITLE = 120
LONGEST_S = 86_400.0 * 4
SHORTEST_MS = 5_000
ROUNDING_MS = 1_000
LEAST = 2
"""One chapter alone says nothing of how a lecture is made up."""
UNTITLED = re.compile(r"<untitled chapter [0-9]+>", re.IGNORECASE)
"""What yt-dlp writes before the first chapter where that does not begin with the video."""
CLOCK = re.compile(r"(?:([0-9]{1,2}):)?([0-9]{1,2}):([0-9]{2}(?:\.[0-9]{1,3})?)")


def listed(given: object) -> tuple[PublishedChapter, ...]:
    """
    Read a list of chapters, of `start_time`, `end_time` and `title` as yt-dlp has it, or of `start`, `end` and `title`.

    Starts and ends are seconds or clocks such as 1:02:30. A chapter may lack its end; its title may be empty here.

    Raises:
        ValueError: it is no such list; the message says which entry is none, and goes on a sentence.

    """
    if not isinstance(given, list):
        raise ValueError(f"{str(given)[:40]!r} is no list")  # noqa: TRY004 - of what a file holds
    entries = cast("list[object]", given)
    if len(entries) > MOST:
        raise ValueError(f"there are {len(entries)}, and no video has more than {MOST}")
    return tuple(_entry(number, entry) for number, entry in enumerate(entries, 1))


def _entry(number: int, entry: object) -> PublishedChapter:
    fields = _fields(entry)
    start_s = _seconds(fields.get("start_time", fields.get("start")))
    end = fields.get("end_time", fields.get("end"))
    end_s = None if end is None else _seconds(end)
    title = fields.get("title")
    if start_s is None or (end is not None and end_s is None) or not isinstance(title, str | None):
        raise ValueError(f"number {number} is {str(entry)[:60]!r}")
    return PublishedChapter(
        start_ms=round(start_s * 1000), end_ms=None if end_s is None else round(end_s * 1000), title=clean(title or "")
    )


def _fields(entry: object) -> Mapping[str, Any]:
    return cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}


def _seconds(value: object) -> float | None:
    if isinstance(value, str) and (parts := CLOCK.fullmatch(value.strip())):
        value = int(parts[1] or 0) * 3600 + int(parts[2]) * 60 + float(parts[3])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # JSON may hold a whole number that no float does: compared before it becomes one. NaN is not less either.
    return float(value) if abs(value) <= LONGEST_S else None


def held(given: Iterable[PublishedChapter], *, end_s: float) -> tuple[tuple[PublishedChapter, ...], tuple[str, ...]]:
    """
    Return those of the chapters that can be meant of a video that ends at *end_s*, and a sentence on each other one.

    Left out are those without a title, before the beginning or beyond the end, without length, or inside another one.
    """
    kept, remarks = list[PublishedChapter](), list[str]()
    for one in sorted(given, key=lambda one: one.start_ms):
        problem = _problem(one, kept[-1] if kept else None, end_s)
        if problem:
            remarks.append(f"the published chapter {_named(one)} {problem}, so it is left out")
            continue
        if len(one.title) > LONGEST_TITLE:
            remarks.append(f"the title of the published chapter {_named(one)} is cut after {LONGEST_TITLE} characters")
        kept.append(_fitting(one, end_s))
    if 0 < len(kept) < LEAST:
        remarks.append("a single published chapter says nothing of the others, so the lecture is cut by its words")
    return (tuple(_closed(kept)), tuple(remarks)) if len(kept) >= LEAST else ((), tuple(remarks))


def _problem(one: PublishedChapter, before: PublishedChapter | None, end_s: float) -> str | None:
    if not one.title or UNTITLED.fullmatch(one.title):
        return "has no title"
    if one.start_ms < 0:
        return "begins before the video"
    if one.start_ms >= end_s * 1000:
        return f"begins beyond the end at {clock(end_s)}"
    if one.end_ms is not None and one.end_ms - one.start_ms < SHORTEST_MS:
        return "has no length"
    if before and (one.start_ms < (before.end_ms or 0) - ROUNDING_MS or one.start_ms - before.start_ms < SHORTEST_MS):
        return f"begins inside {_named(before)}"
    return None


def _fitting(one: PublishedChapter, end_s: float) -> PublishedChapter:
    title = one.title if len(one.title) <= LONGEST_TITLE else one.title[: LONGEST_TITLE - 1].rstrip() + "…"
    end_ms = None if one.end_ms is None else min(one.end_ms, round(end_s * 1000))
    return replace(one, title=title, end_ms=end_ms)


def _closed(kept: Sequence[PublishedChapter]) -> list[PublishedChapter]:
    """Let each chapter last until the next one, where its own end is not told or later by a rounding."""
    following = [*(one.start_ms for one in kept[1:]), None]
    return [
        replace(one, end_ms=min(one.end_ms or until, until) if until else one.end_ms)
        for one, until in zip(kept, following, strict=True)
    ]


def _named(one: PublishedChapter) -> str:
    return f"{one.title[:40]!r} at {clock(max(one.start_ms, 0) / 1000)}" if one.title else "without a title"
