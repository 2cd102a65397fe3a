"""The card that says that lectures are there, and the one that asks staff what is to become of their words."""

from collections.abc import Sequence
from typing import assert_never

import discord

from bot.discord.messages import map_forms
from bot.discord.messages.defang import plain, shortened
from bot.discord.messages.layout import GREEN, LONGEST_EMBED, LONGEST_TITLE, Page, day, linked
from bot.discord.messages.lecture_map import lines, video
from bot.discord.messages.map_buttons import MapButton, MapPress
from db.records import Language, Lecture
from services import i18n
from services.lectures.cards import LectureCard
from services.lectures.links import moment

MARK_LENGTH = 8
"""Characters of a card's nonce that tell its message from every other one."""

LONGEST_SENTENCE = 110
"""In a channel, where nobody asked for a whole map."""


def page(card: LectureCard, nonce: str) -> Page:
    """Return the message of *card*; it is found again by its *nonce*."""
    match card.kind:
        case "release":
            return _release(card, nonce)
        case "question":
            return _question(card, nonce)
        case _:
            assert_never(card.kind)


def _release(card: LectureCard, nonce: str) -> Page:
    language = card.course.language
    embed = discord.Embed(description=_told(card, language), colour=GREEN)
    _sign(embed, i18n.text("release.footer", language), nonce)
    lecture, *others = card.lectures
    if others:
        return Page(content=i18n.text("release.many", language, count=len(card.lectures)), embed=embed)
    title = shortened(plain(lecture.title), LONGEST_TITLE)
    return Page(content=i18n.text("release.one", language, title=title), embed=embed, view=video(lecture, language))


def _question(card: LectureCard, nonce: str) -> Page:
    language = card.course.language
    embed = discord.Embed(description=map_forms.listed(card.asked, language), colour=GREEN)
    _sign(embed, i18n.text("map.question.count", language, count=len(card.asked)), nonce)
    view = discord.ui.View(timeout=None)
    view.add_item(MapButton(MapPress(verb="ask", course=card.course.id, id=0), language))
    return Page(content=i18n.text("map.question.card", language), embed=embed, view=view)


def _sign(embed: discord.Embed, words: str, nonce: str) -> None:
    embed.set_footer(text=f"{words} · {nonce[:MARK_LENGTH]}")


def is_of(embed: discord.Embed, nonce: str) -> bool:
    """Tell whether *embed* is of the card with this *nonce*."""
    return (embed.footer.text or "").endswith(f" · {nonce[:MARK_LENGTH]}")


def _told(card: LectureCard, language: Language) -> str:
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
