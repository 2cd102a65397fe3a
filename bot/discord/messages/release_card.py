"""The card that says that lectures are there: their videos, and what one of them is about."""

from collections.abc import Sequence

import discord

from bot.discord.messages.defang import plain, shortened
from bot.discord.messages.layout import GREEN, LONGEST_EMBED, LONGEST_TITLE, Page, day, linked
from bot.discord.messages.lecture_map import lines, video
from db.records import Language, Lecture
from services import i18n
from services.lectures.links import moment
from services.lectures.releases import ReleaseCard

MARK_LENGTH = 8
"""Characters of a card's nonce that tell its message from every other one."""

LONGEST_SENTENCE = 110
"""In a channel, where nobody asked for a whole map."""


def page(card: ReleaseCard, nonce: str) -> Page:
    """Return the message of *card*; it is found again by its *nonce*."""
    language = card.course.language
    embed = discord.Embed(description=_told(card, language), colour=GREEN)
    footer = i18n.text("release.footer", language)
    embed.set_footer(text=f"{footer} · {nonce[:MARK_LENGTH]}")
    lecture, *others = card.lectures
    if others:
        return Page(content=i18n.text("release.many", language, count=len(card.lectures)), embed=embed)
    title = shortened(plain(lecture.title), LONGEST_TITLE)
    return Page(content=i18n.text("release.one", language, title=title), embed=embed, view=video(lecture, language))


def is_of(embed: discord.Embed, nonce: str) -> bool:
    """Tell whether *embed* is of the card with this *nonce*."""
    return (embed.footer.text or "").endswith(f" · {nonce[:MARK_LENGTH]}")


def _told(card: ReleaseCard, language: Language) -> str:
    listed = _listed(card.lectures, language)
    if card.map is None:
        return listed
    return "\n".join([listed, "", *lines(card.map, LONGEST_EMBED - len(listed) - 2, language, most=LONGEST_SENTENCE)])


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
