"""Bring a reader to the second with one tap: buttons that open the video, and marks that are links to it."""

import re
from collections.abc import Iterator, Sequence

import discord

from bot.discord.messages.defang import harmless, shortened
from db.records import Reference
from services.ground.timestamps import clock
from services.notation.parts import code_masked, replaced

LONGEST_LABEL = 80
LONGEST_ADDRESS = 512
"""What Discord takes on a button."""
MOST_BUTTONS = 10
IN_A_ROW = 5

LONGEST_LINKED = 200
"""A longer address would cost a page more than its mark is worth; the button has it."""
LINKABLE = re.compile(r"(?!.*(?:__|_(?!\w)|~~))https://(?:[A-Za-z0-9._~:/?#&=+,;-]|%20|%[89A-F][0-9A-F])+")
"""
Addresses that are read as a link by every version of Discord, whatever stands around them.

It has refused links with an escaped bracket or asterisk, and emphasis that begins before a link may end inside it.
"""
MARKS = re.compile(r"\\.|(?<![\w)\](=])(?P<marks>(?:\[[1-9][0-9]?\])+)|\[|<(?=[^\s:<>]*\[[1-9])", re.DOTALL)
"""Also what stands before a mark and would make another link of it: a bracket that stays open, `a<b[1]`."""
MARK = re.compile(r"\[(?P<number>[0-9]+)\]")
BRACKET = re.compile(r"[\[\]]")


def button(reference: Reference, row: int) -> discord.ui.Button[discord.ui.View]:
    """Return the button that opens *reference*; it must be `is_tappable`."""
    title = harmless(" ".join(reference.title.split())) or reference.lecture
    label = f"▶ {reference.number} · {clock(reference.start_s).removeprefix('00:')} · {title}"
    return discord.ui.Button(label=shortened(label, LONGEST_LABEL), url=reference.url, row=row)


def is_tappable(reference: Reference) -> bool:
    """Tell whether a button can open *reference*."""
    return reference.url is not None and reference.url.startswith("https://") and len(reference.url) <= LONGEST_ADDRESS


def buttons(references: Sequence[Reference]) -> list[discord.ui.Button[discord.ui.View]]:
    """Return a button for each of *references* that one can open, in rows from the first."""
    opened = [reference for reference in references if is_tappable(reference)][:MOST_BUTTONS]
    return [button(reference, at // IN_A_ROW) for at, reference in enumerate(opened)]


def rows(count: int) -> int:
    """Return how many rows *count* buttons take."""
    return -(-count // IN_A_ROW)


def with_links(text: str, references: Sequence[Reference]) -> Iterator[str]:
    """
    Yield *text*, which is harmless already, with its marks as links: all of them, then the first of each number alone.

    Code has no marks. Of a text in which nothing can be linked, or in which Discord may see code where we see none,
    nothing is yielded.
    """
    if "`" in code_masked(text) or "\\`" in text:
        return
    urls = {
        reference.number: reference.url
        for reference in references
        if reference.url and len(reference.url) <= LONGEST_LINKED and LINKABLE.fullmatch(reference.url)
    }
    linked = _linked(text, urls, once=False)
    if linked != text:
        yield linked
        yield _linked(text, urls, once=True)


def _linked(text: str, urls: dict[int, str], *, once: bool) -> str:
    left = dict(urls)

    def link(mark: re.Match[str]) -> str:
        number = int(mark["number"])
        url = left.pop(number, None) if once else left.get(number)
        return f"[{mark[0]}](<{url}>)" if url else mark[0]

    def written(found: re.Match[str]) -> str:
        if found["marks"]:
            return MARK.sub(link, found["marks"])
        if found[0] == "<":
            return "\\<"
        # Looked for after a bracket alone: after each of many escapes it would be far, and far again.
        following = BRACKET.search(text, found.end()) if found[0] == "[" else None
        return "\\[" if following and following[0] == "[" else found[0]

    return replaced(text, MARKS, written, code_masked)
