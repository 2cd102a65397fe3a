"""A course's lectures in a list, and the passages that a search found in them."""

from collections.abc import Sequence

import discord

from bot.discord.messages.defang import plain, shortened
from bot.discord.messages.layout import GREEN, LONGEST_EMBED, day, linked, place, whole
from db.records import Hit, Language, Lecture
from services import i18n
from services.lectures.links import moment


def found(query: str, hits: Sequence[Hit], language: Language) -> discord.Embed:
    """Return the passages that a search found."""
    if not hits:
        nothing = i18n.text("search.none", language, query=shortened(plain(query), 200))
        return discord.Embed(description=nothing)
    lines = [
        f"`{hit.rank}` {place(hit.title, moment(hit.video_url, hit.start_s, hit.duration_s), hit.start_s)}\n"
        f"{shortened(plain(hit.text), 220)}"
        for hit in hits
    ]
    return discord.Embed(
        title=i18n.text("search.title", language, query=shortened(plain(query), 180)),
        description=whole(lines, separator="\n\n"),
        colour=GREEN,
    )


def lectures(title: str, listed: Sequence[Lecture], language: Language) -> discord.Embed:
    """Return a course's lectures, by date, as many as an embed holds."""
    if not listed:
        return discord.Embed(description=i18n.text("lectures.none", language))
    lines: list[str] = []
    for number, lecture in enumerate(listed):
        line = _lecture(lecture, language)
        if sum(map(len, lines)) + len(lines) + len(line) > LONGEST_EMBED - 100:
            lines.append(i18n.text("lectures.more", language, count=len(listed) - number))
            break
        lines.append(line)
    heading = i18n.text("lectures.title", language, title=shortened(plain(title), 200))
    return discord.Embed(title=heading, description="\n".join(lines), colour=GREEN)


def _lecture(lecture: Lecture, language: Language) -> str:
    if lecture.released_at and lecture.released_at > discord.utils.utcnow():
        when = i18n.text("lectures.later", language, date=discord.utils.format_dt(lecture.released_at, "d"))
        return f"• {linked(lecture.title, None)} ({when})"
    url = moment(lecture.video_url, 0.0, None)
    return f"• {linked(lecture.title, url)}" + (f" · {day(lecture.held_on, language)}" if lecture.held_on else "")
