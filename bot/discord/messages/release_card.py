"""The card that says that lectures are there: their videos, and what one of them is about."""

from collections.abc import Sequence

import discord

from bot.discord.messages.defang import plain, shortened
from bot.discord.messages.layout import GREEN, LONGEST_EMBED, LONGEST_TITLE, Page, day, linked
from bot.discord.messages.moments import LONGEST_ADDRESS
from db.records import Language, Lecture
from services import i18n
from services.lectures.links import moment
from services.lectures.releases import ReleaseCard

MARK_LENGTH = 8
"""Characters of a card's nonce that tell its message from every other one."""


def page(card: ReleaseCard, nonce: str) -> Page:
    """Return the message of *card*; it is found again by its *nonce*."""
    language = card.course.language
    embed = discord.Embed(description=_listed(card.lectures, language), colour=GREEN)
    footer = i18n.text("release.footer", language)
    embed.set_footer(text=f"{footer} · {nonce[:MARK_LENGTH]}")
    if len(card.lectures) > 1:
        return Page(content=i18n.text("release.many", language, count=len(card.lectures)), embed=embed)
    lecture = card.lectures[0]
    title = shortened(plain(lecture.title), LONGEST_TITLE)
    return Page(content=i18n.text("release.one", language, title=title), embed=embed, view=_video(lecture, language))


def is_of(embed: discord.Embed, nonce: str) -> bool:
    """Tell whether *embed* is of the card with this *nonce*."""
    return (embed.footer.text or "").endswith(f" · {nonce[:MARK_LENGTH]}")


def _listed(lectures: Sequence[Lecture], language: Language) -> str:
    lines = list[str]()
    for number, lecture in enumerate(lectures):
        line = _line(lecture, language)
        if sum(map(len, lines)) + len(lines) + len(line) > LONGEST_EMBED - 100:
            lines.append(i18n.text("release.more", language, count=len(lectures) - number))
            break
        lines.append(line)
    return "\n".join(lines)


def _line(lecture: Lecture, language: Language) -> str:
    held = f" · {day(lecture.held_on, language)}" if lecture.held_on else ""
    return linked(lecture.title, moment(lecture.video_url, 0.0, None)) + held


def _video(lecture: Lecture, language: Language) -> discord.ui.View:
    """Return the button that opens the video, where Discord takes its address: none, where it does not."""
    view = discord.ui.View(timeout=None)
    url = moment(lecture.video_url, 0.0, None)
    if url and url.startswith("https://") and len(url) <= LONGEST_ADDRESS:
        view.add_item(discord.ui.Button(label=i18n.text("release.watch", language), url=url))
    return view
