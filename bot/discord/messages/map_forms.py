"""What staff see of a map that they may change: its chapters by number, the forms, and what they are asked."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import discord

from bot.discord.messages import lecture_map
from bot.discord.messages.defang import harmless, plain, shortened
from bot.discord.messages.layout import GREEN, LONGEST_EMBED, Page, whole
from bot.discord.messages.map_buttons import MapButton, MapPress, OnMap
from db.records import CourseId, Language, Lecture
from db.records.lecture_cards import AskedWords
from db.records.maps import LectureMap
from services import i18n
from services.ground.timestamps import clock

MAP_FORM = re.compile(r"cf:(?P<verb>rename|merge|drop):(?P<course>\d+):(?P<lecture>\d+):(?P<version>\d+)")
"""The custom id of a form: which map it was opened on, in which version."""
LONGEST_TITLE = 100
MOST_OPTIONS = 25
"""What Discord takes in a list; of more chapters, the number is typed."""
NUMBERS = re.compile(r"\s*(?P<first>[0-9]{1,3})\s*(?:[-–—]\s*(?P<last>[0-9]{1,3})\s*)?")
TITLES: dict[OnMap, str] = {
    "rename": "map.rename_title",
    "merge": "map.merge_title",
    "drop": "map.drop_title",
}

Modal = discord.ui.Modal
Chapters = tuple[int, int]
"""The first and the last, by number."""


def page(lecture: Lecture, shown: LectureMap | None, language: Language) -> Page:
    """Return a lecture's map with its chapters' numbers, and the buttons that change it."""
    if shown is None:
        return lecture_map.page(lecture, None, language)
    numbered = tuple(replace(one, title=f"{one.ordinal}. {one.title}") for one in shown.chapters)
    drawn = lecture_map.page(lecture, replace(shown, chapters=numbered), language)
    view = discord.ui.View(timeout=None)
    for verb in get_args(OnMap):
        view.add_item(MapButton(MapPress(verb=verb, course=shown.course_id, id=shown.lecture_id), language))
    return replace(drawn, view=view)


def form(verb: OnMap, shown: LectureMap, language: Language) -> Modal:
    """Return the form that changes *shown*; what it sends is read by its custom id, after a restart too."""
    custom_id = f"cf:{verb}:{shown.course_id}:{shown.lecture_id}:{shown.version}"
    modal = Modal(title=i18n.text(TITLES[verb], language), custom_id=custom_id)
    modal.add_item(_choice(shown, language, several=verb == "merge"))
    if verb != "drop":
        modal.add_item(_name(language, is_needed=verb == "rename"))
    return modal


def _choice(shown: LectureMap, language: Language, *, several: bool) -> discord.ui.Label[Modal]:
    text = i18n.text("map.chapters" if several else "map.chapter", language)
    if not 2 <= len(shown.chapters) <= MOST_OPTIONS:
        typed = discord.ui.TextInput[Modal](custom_id="chapters", required=True, max_length=9)
        return discord.ui.Label(text=text, description=i18n.text("map.numbers_hint", language), component=typed)
    options = [
        discord.SelectOption(
            label=shortened(f"{one.ordinal} · {_time(one.start_ms)} · {harmless(one.title)}", 100),
            value=str(one.ordinal),
        )
        for one in shown.chapters
    ]
    most = len(options) if several else 1
    chosen = discord.ui.Select[Modal](
        custom_id="chapters", options=options, required=True, min_values=1 + several, max_values=most
    )
    hint = i18n.text("map.merge_hint", language) if several else None
    return discord.ui.Label(text=text, description=hint, component=chosen)


def _name(language: Language, *, is_needed: bool) -> discord.ui.Label[Modal]:
    name = discord.ui.TextInput[Modal](custom_id="title", required=is_needed, max_length=LONGEST_TITLE)
    hint = None if is_needed else i18n.text("map.name_hint", language)
    return discord.ui.Label(text=i18n.text("map.name", language), description=hint, component=name)


def chosen(data: Any) -> Chapters | None:  # noqa: ANN401 - JSON
    """Return which chapters a form names; None: what was typed is no number and no range."""
    for row in data.get("components", ()):
        for field in row.get("components", ()) or (row.get("component", row),):
            if field.get("custom_id") == "chapters":
                return _read(field.get("values") or [str(field.get("value", ""))])
    return None


def _read(values: Sequence[str]) -> Chapters | None:
    found = [NUMBERS.fullmatch(value) for value in values]
    numbers = [int(number) for one in found if one for number in (one["first"], one["last"]) if number]
    return (min(numbers), max(numbers)) if numbers and all(found) else None


# What staff are asked


def listed(asked: Sequence[AskedWords], language: Language, *, most: int = LONGEST_EMBED) -> str:
    """Return what staff had said, each with where it was."""
    return whole([f"• {said(one, language)}" for one in asked], most=most)


def said(one: AskedWords, language: Language) -> str:
    """Return what staff had said of a stretch, and where that was."""
    lecture = shortened(plain(one.lecture_title), lecture_map.LONGEST_NAMED)
    place = f"{lecture}, {_time(one.start_ms)}–{_time(one.end_ms)}"
    if one.is_dropped:
        return i18n.text("map.question.dropped", language, place=place)
    if one.title is None:
        return i18n.text("map.question.merged", language, place=place)
    return i18n.text("map.question.renamed", language, place=place, title=plain(one.title))


def question(course: CourseId, one: AskedWords, now: LectureMap | None, language: Language, *, left: int) -> Page:
    """Return one question, with what lies there *now*; *left* are how many there are, this one included."""
    lines = [said(one, language)]
    there = [
        chapter
        for chapter in (now.chapters if now else ())
        if chapter.start_ms < one.end_ms and chapter.end_ms > one.start_ms
    ]
    if now and there:
        room = LONGEST_EMBED - len(lines[0]) - 100
        shown = lecture_map.lines(replace(now, chapters=tuple(there)), room, language)
        lines += ["", i18n.text("map.question.now", language), *shown]
    embed = discord.Embed(description="\n".join(lines), colour=GREEN)
    embed.set_footer(text=i18n.text("map.question.count", language, count=left))
    view = discord.ui.View(timeout=None)
    if there:
        view.add_item(MapButton(MapPress(verb="keep", course=course, id=one.id), language))
    view.add_item(MapButton(MapPress(verb="forget", course=course, id=one.id), language))
    if left > 1:
        view.add_item(MapButton(MapPress(verb="ask", course=course, id=one.id), language, "map.question.later"))
    return Page(content="", embed=embed, view=view)


def _time(ms: int) -> str:
    return clock(ms / 1_000).removeprefix("00:")
