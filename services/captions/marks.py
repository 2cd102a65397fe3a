"""Read plain text or Markdown that says with `[hh:mm:ss]` marks when each block begins."""

import re
from collections.abc import Iterator

from services.captions.clock import BadTimeError, milliseconds
from services.captions.records import Aside, Caption, Item, Refusal, malformed

SHORT = r"[0-9]{1,3}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]{1,3})?"
LONG = r"[0-9]{1,3}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,3})?"
RANGE = r"(?: {{0,3}}(?:--?>|[-–—]) {{0,3}}({clock}))?"
AT_LINE_START = re.compile(rf"[ \t>*_#-]{{0,12}}\[ ?({SHORT}){RANGE.format(clock=SHORT)} ?\][*_]{{0,3}}")
INSIDE_LINE = re.compile(rf"\[({LONG}){RANGE.format(clock=LONG)}\]")
OWN_LINE = re.compile(rf"(?:[^:\[\]]{{1,60}}(?::|[ \t]{{2}}))?[*_ \t]{{0,12}}\(?({SHORT})\)?:?[*_]{{0,3}}\s*$")
HEADING = re.compile(r"#{1,6}\s")
FRONT_MATTER_LINES = 200


def is_marked(text: str) -> bool:
    """One bracketed mark is enough; of clocks on lines of their own there must be two."""
    lines = text.split("\n")
    if any(AT_LINE_START.match(line) for line in lines if "[" in line[:13]):
        return True
    return sum(1 for line in lines if len(line) < 100 and OWN_LINE.match(line)) > 1


def marks(text: str) -> Iterator[Item]:
    """
    Yield one cue per mark, with everything up to the next mark as its text.

    Front matter and headings are not speech: they are counted as left out. A speaker's name that stands on
    the mark's own line (`Ann: 00:01:46`) goes too.
    """
    lines = text.split("\n")
    first = _after_front_matter(lines)
    if first:
        yield Aside(what="front matter block")
    mark: tuple[int, str, str | None] = (0, "", None)
    words: list[str] = []
    for number, line in enumerate(lines[first:], start=first + 1):
        if HEADING.match(line) and not AT_LINE_START.match(line):
            yield Aside(what="heading")
            continue
        for piece, start, end in _pieces(line):
            if start is not None:
                yield from _block(mark, words)
                mark, words = (number, start, end), []
            words.append(piece)
    yield from _block(mark, words)


def _after_front_matter(lines: list[str]) -> int:
    """Return the index of the first line under YAML front matter, 0 when there is none."""
    if lines[0].strip() != "---":
        return 0
    fence = (at for at, line in enumerate(lines[1:FRONT_MATTER_LINES], start=1) if line.strip() == "---")
    return next(fence, -1) + 1


def _pieces(line: str) -> Iterator[tuple[str, str | None, str | None]]:
    """Cut *line* into (words, start, end): words before any mark have neither."""
    if len(line) < 100 and (own := OWN_LINE.match(line)):
        yield "", own[1], None
        return
    start, end, at = None, None, 0
    for mark in _marks_in(line):
        if mark.start() > at:
            yield line[at : mark.start()], start, end
        elif start is not None:
            yield "", start, end
        start, end, at = mark[1], mark[2], mark.end()
    yield line[at:], start, end


def _marks_in(line: str) -> Iterator[re.Match[str]]:
    """`[mm:ss]` counts at a line's start alone: inside one, `x[1:10]` is a slice."""
    at = 0
    if first := AT_LINE_START.match(line):
        yield first
        at = first.end()
    yield from INSIDE_LINE.finditer(line, at)


def _block(mark: tuple[int, str, str | None], words: list[str]) -> Iterator[Caption | Refusal]:
    line, start, end = mark
    text = "\n".join(words)
    if line == 0:
        if text.strip():
            yield malformed(1, "stands before the first time mark, so that nobody knows when it is said")
        return
    try:
        end_ms = None if end is None else milliseconds(end)
        yield Caption(line=line, start_ms=milliseconds(start), end_ms=end_ms, text=text)
    except BadTimeError as problem:
        yield malformed(line, str(problem))
