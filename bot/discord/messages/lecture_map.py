"""The map of a lecture: a line for each chapter, one tap from its second, with the words that prove it."""

from collections.abc import Iterator, Sequence

import discord

from bot.discord.messages.defang import plain, shortened
from bot.discord.messages.layout import GREEN, LONGEST_EMBED, Page, day, linked
from bot.discord.messages.moments import LONGEST_ADDRESS, LONGEST_LINKED
from db.records import Language, Lecture
from db.records.maps import Chapter, LectureMap
from services import i18n
from services.ground.timestamps import clock
from services.lectures.links import moment
from services.lectures.lookup import name

MOST_CHOICES = 25
SENTENCES = (240, 160, 110, 70, 0)
"""How long sentences may be, where longer ones would make the map longer than an embed: then all are cut alike."""
LONGEST_NAMED = 80
"""Characters of a lecture's title, where it only says which lecture is meant."""
FAR_S = 10.0
"""Words that prove a chapter later than this after its beginning have a link of their own."""


def page(lecture: Lecture, shown: LectureMap | None, language: Language) -> Page:
    """Return a lecture's map, or say that it has none; one that is not released yet is marked as such."""
    about = [line for line in (_held(lecture, language), _unreleased(lecture, language)) if line]
    room = LONGEST_EMBED - sum(len(line) + 2 for line in about)
    told = "\n".join(lines(shown, room, language)) if shown else i18n.text("lecture.no_map", language)
    embed = discord.Embed(
        title=shortened(plain(lecture.title), 200),
        description="\n\n".join([*about, told]),
        colour=GREEN,
    )
    return Page(content="", embed=embed, view=video(lecture, language))


def video(lecture: Lecture, language: Language) -> discord.ui.View:
    """Return the button that opens the video, where Discord takes its address; none, where it does not."""
    view = discord.ui.View(timeout=None)
    url = moment(lecture.video_url, 0.0, None)
    if url and url.startswith("https://") and len(url) <= LONGEST_ADDRESS:
        view.add_item(discord.ui.Button(label=i18n.text("release.watch", language), url=url))
    return view


def lines(shown: LectureMap, room: int, language: Language, *, most: int = SENTENCES[0]) -> list[str]:
    """
    Return as many lines as fit into *room* characters, with sentences as long as lets all chapters be there.

    No sentence has more than *most* characters.
    """
    for longest in SENTENCES:
        found = [_line(shown, chapter, longest, language) for chapter in shown.chapters]
        if longest <= most and _length(found) <= room:
            return found
    bare = [_line(shown, chapter, 0, language) for chapter in shown.chapters]
    return list(_fitting(bare, room, language))


def _fitting(found: Sequence[str], room: int, language: Language) -> Iterator[str]:
    left = room - 60  # for the line that counts the rest
    for number, line in enumerate(found):
        left -= len(line) + 1
        if left < 0:
            yield i18n.text("lecture.more", language, count=len(found) - number)
            return
        yield line


def _line(shown: LectureMap, chapter: Chapter, longest: int, language: Language) -> str:
    start_s = chapter.start_ms / 1000
    time = _time(start_s)
    url = _moment(shown, start_s)
    title = linked(chapter.title, url, before=f"{time} ") if url else f"{time} {linked(chapter.title, None)}"
    return f"{title}\n{_sentence(shown, chapter, longest, language)}" if longest else title


def _sentence(shown: LectureMap, chapter: Chapter, longest: int, language: Language) -> str:
    """Return what is said in a chapter; the lecturer's own words in quotation marks."""
    said = shortened(plain(chapter.sentence), longest)
    said = f"“{said}”" if chapter.is_quoted else said
    proof_s = chapter.quote_start_ms / 1000
    url = _moment(shown, proof_s)
    is_far = proof_s - chapter.start_ms / 1000 > FAR_S
    if url is None or not is_far:
        return said
    told = i18n.text("lecture.said_at", language, time=_time(proof_s))
    return f"{said} [{told}]({url})"


def _moment(shown: LectureMap, start_s: float) -> str | None:
    url = moment(shown.video_url, start_s, shown.duration_s)
    if url is None or len(url) > LONGEST_LINKED:
        return None
    return url.replace("(", "%28").replace(")", "%29")


def _time(seconds: float) -> str:
    return clock(seconds).removeprefix("00:")


def _length(found: Sequence[str]) -> int:
    return sum(map(len, found)) + len(found) - 1


def _held(lecture: Lecture, language: Language) -> str:
    return day(lecture.held_on, language) if lecture.held_on else ""


def _unreleased(lecture: Lecture, language: Language) -> str:
    if lecture.released_at is None or lecture.released_at <= discord.utils.utcnow():
        return ""
    return i18n.text("lecture.unreleased", language, date=discord.utils.format_dt(lecture.released_at, "f"))


def choices(found: Sequence[Lecture], language: Language) -> list[discord.app_commands.Choice[str]]:
    """Return the first of *found* as they are offered while somebody types."""
    return [discord.app_commands.Choice(name=choice(one, language), value=name(one)) for one in found[:MOST_CHOICES]]


def choice(lecture: Lecture, language: Language) -> str:
    """Return a lecture as it is offered while somebody types: 100 characters at most."""
    is_later = lecture.released_at is not None and lecture.released_at > discord.utils.utcnow()
    held = f" · {day(lecture.held_on, language)}" if lecture.held_on else ""
    later = i18n.text("lecture.not_released", language)
    mark = f" ({later})" if is_later else ""
    return shortened(" ".join(lecture.title.split()), 100 - len(held) - len(mark)) + held + mark
