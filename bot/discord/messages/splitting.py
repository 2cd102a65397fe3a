"""Split a long answer into messages that Discord takes, at paragraphs, with every code block whole."""

import re

LONGEST = 2_000
MOST = 3
FENCE = re.compile(r"```(?:([\w+-]*)(?=\n))?")
"""Discord begins and ends a code block anywhere in a line."""
ROOM = 16
"""Characters kept free on each page for the fences that a split adds."""


def split(text: str, *, longest: int = LONGEST, most: int = MOST) -> list[str]:
    """
    Return *text* as one to *most* pages of at most *longest* characters; what does not fit ends in an ellipsis.

    A code block that a page ends in is closed there and opened again on the next.

    >>> split("um dois", longest=24)
    ['um dois']
    """
    pages: list[str] = []
    language: str | None = None
    left = text.strip()
    while left and len(pages) < most:
        opening = f"```{language}\n" if language is not None else ""
        room = longest - len(opening) - ROOM
        is_rest = len(opening) + len(left) + 4 <= longest
        here = left if is_rest else left[: _cut(left, room)]
        language = _open_block(opening + here)
        left = "" if is_rest else left[len(here) :].lstrip("\n" if language is not None else None)
        page = (opening + here).rstrip()
        if left and len(pages) == most - 1:
            page += " …"
        pages.append(page + ("\n```" if language is not None else ""))
    return pages


def _cut(text: str, room: int) -> int:
    """Return where to cut: after the last paragraph that fits, else line, sentence, word."""
    for separator in ("\n\n", "\n", ". ", " "):
        at = text.rfind(separator, room // 3, room)
        if at >= 0:
            return at + (1 if separator == ". " else 0)
    return room


def _open_block(page: str) -> str | None:
    """Return the language of the code block that *page* ends in, or None where all are closed."""
    language: str | None = None
    for fence in FENCE.finditer(page):
        language = (fence[1] or "") if language is None else None
    return language
