"""Split a long answer into messages that Discord takes, at paragraphs, with every code block whole."""

import re

from services.notation.parts import CODE, code_masked

LONGEST = 2_000
MOST = 3
WHOLE = re.compile(rf"{CODE.pattern}|\[?\[[0-9]+\](?:\]\(<[^\s<>]*>\))?|\\[\[<]", re.DOTALL)
"""What no cut may go through: code, a mark with the link that it may be, an escaped bracket."""
FENCE = re.compile(r"```(?:([\w+-]*)(?=\n))?")
"""Discord begins and ends a code block anywhere in a line."""
ROOM = 16
"""Characters kept free on each page for the fences that a split adds."""


def split(text: str, *, longest: int = LONGEST, most: int = MOST) -> list[str]:
    """
    Return *text* as one to *most* pages of at most *longest* characters; what does not fit ends in an ellipsis.

    Code is whole where a page can hold it. A block that is longer is closed at the end of a line, and opened again on
    the next page.

    >>> split("um dois", longest=24)
    ['um dois']
    """
    pages: list[str] = []
    language: str | None = None
    left = text.strip()
    while left and len(pages) < most:
        opening = f"```{language}\n" if language is not None else ""
        rest = opening + left
        is_rest = len(rest) + 4 <= longest
        here = rest if is_rest else rest[: _cut(rest, longest - ROOM, len(opening))]
        language = _open_block(here)
        left = "" if is_rest else rest[len(here) :].lstrip("\n" if language is not None else None)
        page = here.rstrip()
        if left and len(pages) == most - 1:
            page += " …"
        pages.append(page + ("\n```" if language is not None else ""))
    return pages


def _cut(text: str, room: int, least: int) -> int:
    """Return where to cut, after *least*: at the last paragraph that fits, else line, sentence, word, outside code."""
    start, end = next((one.span() for one in WHOLE.finditer(text) if one.start() < room < one.end()), (room, room))
    if end - start > room:
        return _cut_within(text, max(start, least), room)
    prose, floor = code_masked(text), max(room // 3, least)
    for separator in ("\n\n", "\n", ". ", " "):
        at = prose.rfind(separator, floor, start)
        if at >= 0:
            return at + (1 if separator == ". " else 0)
    return start if start > least else _cut_within(text, least, room)


def _cut_within(text: str, start: int, room: int) -> int:
    """Return where to cut a block of code that no page holds: after a line, if one ends there."""
    at = text.rfind("\n", max(start + 1, room // 3), room)
    return at if at >= 0 else room


def _open_block(page: str) -> str | None:
    """Return the language of the code block that *page* ends in, or None where all are closed."""
    language: str | None = None
    for fence in FENCE.finditer(page):
        language = (fence[1] or "") if language is None else None
    return language
