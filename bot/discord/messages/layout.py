"""What the messages share: their colour, a page, and how a moment of a lecture is named and linked."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import discord

from bot.discord.messages.defang import harmless, plain, shortened
from db.records import Language, Reference
from services.ground.timestamps import clock
from services.notation.drawing_process import Picture

GREEN = discord.Colour(0x2E7D5B)
PICTURE_NAME = "formulas.png"
LONGEST_TITLE = 90
LONGEST_EMBED = 4_000
"""Discord takes 4096 characters of text in an embed."""
LONGEST_FIELD = 1_000
"""Discord takes 1024 characters in a field."""
ROUND = str.maketrans("[]", "()")
IN_LINK = str.maketrans("[]*`", "()∗‘")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message: text, and on the last of several the references and the buttons."""

    content: str
    embed: discord.Embed | None = None
    view: discord.ui.View | None = None
    picture: Picture | None = None

    def files(self) -> list[discord.File]:
        """Return what is attached, anew for each time that it is sent."""
        if self.picture is None:
            return []
        png, description = self.picture.png, self.picture.description
        return [discord.File(io.BytesIO(png), filename=PICTURE_NAME, description=description)]


def numbered(reference: Reference) -> str:
    return f"`[{reference.number}]` {place(reference.title, reference.url, reference.start_s)}"


def place(title: str, url: str | None, start_s: float) -> str:
    """Return a moment, its time and the lecture's title: together a link to the second where there is a video."""
    time = clock(start_s)
    return linked(title, url, before=f"{time} ") if url else f"{time} {linked(title, None)}"


def linked(title: str, url: str | None, *, before: str = "") -> str:
    """Return *before* and *title* as a link to *url*, or the title in bold."""
    if url is None:
        return f"**{shortened(plain(title.translate(ROUND)), LONGEST_TITLE) or '…'}**"
    name = shortened(link_words(title), LONGEST_TITLE) or "…"
    return f"[{before}{name}]({url.replace('(', '%28').replace(')', '%29')})"


def link_words(text: str) -> str:
    r"""
    Return *text* as the words of a link, in which Discord shows a backslash as it is.

    A bracket, even escaped, would end the link too soon; what still looks like emphasis does no harm.

    >>> link_words("Aula [3]: o `*p`")
    'Aula (3): o ‘∗p‘'
    """
    return harmless(" ".join(text.translate(IN_LINK).split()))


def whole(parts: Sequence[str], *, separator: str = "\n", most: int = LONGEST_EMBED) -> str:
    """Join as many of *parts* as fit whole: half a link would lead elsewhere."""
    joined = ""
    for part in parts:
        longer = f"{joined}{separator}{part}" if joined else part
        if len(longer) > most:
            return f"{joined}{separator}…" if joined else "…"
        joined = longer
    return joined


def day(day: date, language: Language) -> str:
    return f"{day:%d/%m/%Y}" if language == "pt-BR" else f"{day:%Y-%m-%d}"
