"""Read plain text or Markdown that says with `[hh:mm:ss]` marks when each block begins."""

import re
from collections.abc import Iterator

from services.lectures.captions.records import Aside, Caption, Item, Refusal, malformed
from services.lectures.captions.times import FRAMED, BadTimeError, milliseconds

SHORT = rf"(?:{FRAMED}|[0-9]{{1,3}}:[0-9]{{2}}(?::[0-9]{{2}})?(?:[.,][0-9]{{1,3}})?(?![:;.,]?[0-9]))"
LONG = rf"(?:{FRAMED}|[0-9]{{1,3}}:[0-9]{{2}}:[0-9]{{2}}(?:[.,][0-9]{{1,3}})?(?![:;.,]?[0-9]))"
RANGE = r"(?: {{0,3}}(?:--?>|[-–—]| , ?|,(?=[0-9])) {{0,3}}({clock}))?"
AT_LINE_START = re.compile(rf"[ \t>*_#-]{{0,12}}\[ ?({SHORT}){RANGE.format(clock=SHORT)} ?\][*_]{{0,3}}")
INSIDE_LINE = re.compile(rf"\[({LONG}){RANGE.format(clock=LONG)}\]")
LABEL = r"(?=[^:;\[\]]{0,60}[^\W\d_])[^:;\[\]]{1,60}(?::|[ \t]{2}|[ \t](?=\())"
"""Who speaks, on the mark's own line: it holds a letter, so that the hour of a time code is none."""
OWN_LINE = re.compile(rf"(?:{LABEL})?[*_ \t]{{0,12}}\(?({SHORT}){RANGE.format(clock=SHORT)}\)?:?[*_]{{0,3}}\s*$")
BEFORE_WORDS = re.compile(
    rf"[ \t]{{0,8}}({LONG}){RANGE.format(clock=LONG)}(?:[ \t]{{1,8}}[-–—|,]?|[ \t]?[-–—|,])[ \t]{{0,8}}(?=\S)"
)
"""A clock without brackets that begins a line of words; it counts only where most lines begin so."""
FEWEST_BEFORE_WORDS = 3
NUMBERED_SPEAKER = re.compile(
    r"\s*(?:speaker|falante|orador|locutor|palestrante|interlocutor|participante?|sprecher|locuteur|hablante|orateur)"
    r"\s+[0-9A-Z]{1,3}\s*:?\s*$",
    re.IGNORECASE,
)
"""`Speaker 1` alone under a mark, as video editors write it."""
HEADING = re.compile(r"#{1,6}\s")
FRONT_MATTER_LINES = 200


def is_marked(text: str) -> bool:
    """One bracketed mark is enough; of clocks on lines of their own there must be two."""
    lines = text.split("\n")
    if any(AT_LINE_START.match(line) for line in lines if "[" in line[:13]):
        return True
    return sum(1 for line in lines if len(line) < 100 and OWN_LINE.match(line)) > 1 or _begins_lines(lines)


def _begins_lines(lines: list[str]) -> bool:
    """Tell whether a clock without brackets begins most lines, so that it is no time that somebody mentions."""
    filled = [line for line in lines if line.strip()]
    clocked = sum(1 for line in filled if BEFORE_WORDS.match(line))
    return clocked >= FEWEST_BEFORE_WORDS and 2 * clocked > len(filled)


def marks(text: str) -> Iterator[Item]:
    """
    Yield one cue per mark, with everything up to the next mark as its text.

    Front matter and headings are not speech: they are counted as left out. A speaker's name that stands on
    the mark's own line (`Ann: 00:01:46`) goes too.
    """
    lines = text.split("\n")
    begins_lines = _begins_lines(lines)
    first = _after_front_matter(lines)
    if first:
        yield Aside(what="front matter block")
    mark: tuple[int, str, str | None] = (0, "", None)
    words: list[str] = []
    for number, line in enumerate(lines[first:], start=first + 1):
        if HEADING.match(line) and not AT_LINE_START.match(line):
            yield Aside(what="heading")
            continue
        if not any(word.strip() for word in words) and NUMBERED_SPEAKER.match(line):
            continue
        for piece, start, end in _pieces(line, begins_lines=begins_lines):
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


def _pieces(line: str, *, begins_lines: bool) -> Iterator[tuple[str, str | None, str | None]]:
    """Cut *line* into (words, start, end): words before any mark have neither."""
    if len(line) < 100 and (own := OWN_LINE.match(line)):
        yield "", own[1], own[2]
        return
    if begins_lines and (clock := BEFORE_WORDS.match(line)):
        yield line[clock.end() :], clock[1], clock[2]
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
