"""Read the three formats made of time lines and text blocks: WebVTT, SRT and SBV."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from services.lectures.captions.pieces import map_ms
from services.lectures.captions.records import Aside, Caption, Item, Refusal, malformed
from services.lectures.captions.times import CLOCK, BadTimeError, milliseconds

DOT_CLOCK = CLOCK.replace("[.,]", r"\.")
ARROW = re.compile(rf"\s*(-?{CLOCK})\s*-{{1,2}}>\s*(-?{CLOCK})(.*)")
COMMA = re.compile(rf"\s*(-?{DOT_CLOCK})\s*,\s*(-?{DOT_CLOCK})()\s*")
MEANT_AS_ARROW = re.compile(r"(?=[^>]{0,60}[0-9]:)[^>]{0,60}--?>|\s*-?[0-9:.,]*[0-9]:[0-9:.,]+[\s>-]*$")
MEANT_AS_COMMA = re.compile(r"\s*-?[0-9]{1,3}:[^\s,]*,\s*-?[0-9]*:?[^\s,]*\s*$")
MAX_TIME_LINE = 200  # longer lines are text; the patterns for broken ones are slow on them
SETTING = re.compile(r"[A-Za-z][A-Za-z0-9]*:\S+$")
NUMBER = re.compile(r"[0-9]{1,9}$")
HEADER = re.compile(r"WEBVTT(?:\s|$)")
COMMENT = re.compile(r"NOTE(?:\s|$)|(?:STYLE|REGION)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What sets one of the three formats apart from the others."""

    times: re.Pattern[str]
    meant_as_times: re.Pattern[str]  # a time line that somebody or something broke
    has_blocks: bool  # WebVTT: headers, comments, and names above time lines


WEBVTT = Dialect(times=ARROW, meant_as_times=MEANT_AS_ARROW, has_blocks=True)
SRT = Dialect(times=ARROW, meant_as_times=MEANT_AS_ARROW, has_blocks=False)
SBV = Dialect(times=COMMA, meant_as_times=MEANT_AS_COMMA, has_blocks=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time line and every line after it, up to the next time line."""

    line: int
    times: str
    body: Sequence[str]


def webvtt(text: str) -> Iterator[Item]:
    return _items(text, WEBVTT)


def srt(text: str) -> Iterator[Item]:
    return _items(text, SRT)


def sbv(text: str) -> Iterator[Item]:
    return _items(text.replace("[br]", " "), SBV)


def _items(text: str, dialect: Dialect) -> Iterator[Item]:
    """
    Yield the cues of *text*; lines after a blank line still belong to the cue above them.

    Nothing else could own such lines, and to drop them would lose speech.
    """
    above, part, added_ms, first_ms = None, 0, None, None
    for stretch in _stretches(text, dialect):
        body, number_below = _without_number(stretch, above, dialect)
        words, asides, headers = _apart(body, dialect, is_top=stretch.line == 0)
        yield from asides
        if stretch.line:
            yield _cue(stretch, "\n".join(words), dialect, number=above, part=part, added_ms=added_ms)
        elif any(line.strip() for line in words):
            yield malformed(1, "stands before the first time line, so that nobody knows when it is said")
        above, part = number_below, part + len(headers)
        for header in headers:
            mapped = map_ms("\n".join(header))
            first_ms = mapped if first_ms is None else first_ms
            added_ms = None if mapped is None else mapped - (first_ms or 0)


def _stretches(text: str, dialect: Dialect) -> Iterator[Stretch]:
    """The first stretch, with line 0, is what stands above the first time line."""
    start, times, body = 0, "", list[str]()
    for number, line in enumerate(text.split("\n"), start=1):
        if _is_time_line(line, dialect, starts_block=not body or _closes_block(body[-1])):
            yield Stretch(line=start, times=times, body=body)
            start, times, body = number, line, []
        else:
            body.append(line)
    yield Stretch(line=start, times=times, body=body)


def _is_time_line(line: str, dialect: Dialect, *, starts_block: bool) -> bool:
    if ":" not in line and ";" not in line:
        return False
    if dialect.times.match(line):
        return dialect is not SBV or dialect.times.fullmatch(line) is not None
    if len(line) > MAX_TIME_LINE:
        return False
    return ("-->" in line or starts_block) and dialect.meant_as_times.match(line) is not None


def _closes_block(line: str) -> bool:
    return not line.strip() or NUMBER.match(_bare(line)) is not None


def _bare(line: str) -> str:
    return line.strip(" \t\ufeff\x00")


def _without_number(stretch: Stretch, above: int | None, dialect: Dialect) -> tuple[Sequence[str], int | None]:
    """
    Part a stretch from the counter or name that belongs to the time line below it.

    A number that stands alone under a time line is text: somebody says "42". A number with blank lines
    under it counts only where it goes on from *above*, as in files whose every line got doubled.
    """
    body = stretch.body
    last = next((at for at in reversed(range(len(body))) if body[at].strip()), None)
    if last is None:
        return body, None
    touches, alone = last == len(body) - 1, last == 0 and stretch.line > 0
    if NUMBER.match(_bare(body[last])) and not alone:
        number = int(_bare(body[last]))
        if touches or number == (above or 0) + 1:
            return body[:last], number
    is_name = dialect.has_blocks and touches and last > 0 and not body[last - 1].strip()
    return (body[:last] if is_name else body), None


def _apart(
    body: Sequence[str], dialect: Dialect, *, is_top: bool
) -> tuple[Sequence[str], Sequence[Aside], Sequence[Sequence[str]]]:
    """
    Part words from comment blocks and headers; the last value holds each header's lines.

    Only a blank line lets one of them begin: right under a time line, "NOTE" is a word that somebody says.
    """
    if not dialect.has_blocks:
        return body, (), ()
    words, asides, headers = list[str](), list[Aside](), list[Sequence[str]]()
    for block in _parted_by_blanks(body, starts_fresh=is_top):
        if block and HEADER.match(_bare(block[0])):
            headers.append(block)
        elif block and COMMENT.match(block[0]):
            asides.append(Aside(what="comment or style block"))
        else:
            words.extend(block)
    return words, asides, headers


def _parted_by_blanks(body: Sequence[str], *, starts_fresh: bool) -> Iterator[Sequence[str]]:
    """With *starts_fresh* false, the first block opens with an empty line, which keeps it text."""
    block = list[str]() if starts_fresh else [""]
    for line in body:
        if line.strip():
            block.append(line)
        else:
            yield block
            block = []
    yield block


def _cue(
    stretch: Stretch, text: str, dialect: Dialect, *, number: int | None, part: int, added_ms: int | None
) -> Caption | Refusal:
    times = dialect.times.match(stretch.times)
    if times is None:
        return malformed(stretch.line, f"has the unreadable time line {stretch.times.strip()[:60]!r}")
    start, end, tail = times.groups()
    beside = " ".join(dropwhile(SETTING.match, tail.split()))
    try:
        return Caption(
            line=stretch.line,
            start_ms=milliseconds(start),
            end_ms=milliseconds(end),
            text=f"{beside}\n{text}",
            number=number,
            part=part,
            map_ms=added_ms,
        )
    except BadTimeError as problem:
        return malformed(stretch.line, str(problem))
