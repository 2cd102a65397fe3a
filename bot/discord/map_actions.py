"""Act on what staff do with a lecture's map: show it, change its chapters, answer what they are asked about it."""

import re
from typing import Any, get_args

import discord

from bot.discord import permissions
from bot.discord.languages import reader
from bot.discord.messages import forms, map_forms
from bot.discord.messages.layout import Page
from bot.discord.messages.map_buttons import MapPress, OnMap
from db.records import Course, CourseId, Language, Lecture, LectureId
from db.records.lecture_cards import AskedWords
from db.records.maps import LectureMap
from services import i18n
from services.errors import Refused
from services.wiring import Services


class MapActions:
    """What the buttons and forms of a map do; it knows nothing that a restart would lose."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def show(self, interaction: discord.Interaction[Any], course: Course, lecture: Lecture) -> None:
        """Show a lecture's map to a member of staff alone, with what changes it."""
        language = reader(interaction)
        shown = await self._services.lookup.map(course, lecture.id, "staff")
        await _answered(interaction, map_forms.page(lecture, shown, language))

    async def pressed(self, interaction: discord.Interaction[Any], press: MapPress) -> None:
        """
        Do what a button says.

        Raises:
            Refused: who pressed is no staff of the course (any more), or the lecture or its map is gone.

        """
        language = reader(interaction)
        course = await self._staffs(interaction, press.course)
        match press.verb:
            case "rename" | "merge" | "drop":
                _, shown = await self._map(course, LectureId(press.id), language)
                await interaction.response.send_modal(map_forms.form(press.verb, shown, language))
            case "ask":
                page = await self._asked(course, press.id, language)
                # A card is everybody's: what it asks is shown beside it, and then in the place of each answered one.
                await _answered(interaction, page, replaces=_is_private(interaction))
            case "keep" | "forget":
                await interaction.response.defer()  # a map may take longer to be drawn than Discord waits
                await self._settle(course, press, language)
                await _answered(interaction, await self._asked(course, press.id, language), replaces=True)

    async def submitted(self, interaction: discord.Interaction[Any], form: re.Match[str]) -> None:
        """
        Change the map as a form says; *form* is what its custom id says of it, and of the map that it was opened on.

        Raises:
            Refused: who sent it is no staff (any more), the map has changed since, or it cannot be changed so.

        """
        language = reader(interaction)
        verb: OnMap = next(one for one in get_args(OnMap) if one == form["verb"])
        of = await self._staffs(interaction, CourseId(int(form["course"])))
        found, shown = await self._map(of, LectureId(int(form["lecture"])), language)
        if shown.version != int(form["version"]):
            raise Refused(i18n.text("map.changed", language))
        first, last = _chapters(interaction, verb, shown, language)
        await interaction.response.defer()  # a map may take longer to be drawn than Discord waits
        title = forms.submitted(interaction.data).get("title", "").strip()
        changed = await self._changed(of, shown, verb, f"{first}-{last}", title, language)
        await _answered(interaction, map_forms.page(found, changed, language), replaces=True)

    async def _changed(
        self, course: Course, on: LectureMap, verb: OnMap, chapters: str, title: str, language: Language
    ) -> LectureMap:
        maps = self._services.maps
        try:
            match verb:
                case "rename":
                    return await maps.rename(course, on.lecture, chapters, title, version=on.version)
                case "merge":
                    return await maps.merge(course, on.lecture, chapters, title or None, version=on.version)
                case "drop":
                    return await maps.drop(course, on.lecture, chapters, version=on.version)
        except Refused as error:
            # All that its words, which are for a terminal, could say otherwise was looked at before.
            raise Refused(i18n.text("map.changed", language)) from error

    async def _settle(self, course: Course, press: MapPress, language: Language) -> None:
        one = next((one for one in await self._services.lecture_cards.asked(course) if one.id == press.id), None)
        if one is None:
            return  # somebody has answered it meanwhile: the next one is shown
        try:
            if press.verb == "keep":
                await self._services.maps.keep(course, one.lecture, one.id)
            else:
                await self._services.maps.forget(course, one.lecture, one.id)
        except Refused as error:
            raise Refused(i18n.text("map.changed", language)) from error

    async def _asked(self, course: Course, after: int, language: Language) -> Page:
        """Return the question after the one with this number, round and round, or say that there is none."""
        asked = await self._services.lecture_cards.asked(course)
        if not asked:
            return Page(content=i18n.text("map.question.done", language))
        one = _next(asked, after)
        lectures = await self._services.lookup.lectures(course, "staff")
        of = next((lecture for lecture in lectures if lecture.slug == one.lecture), None)
        now = await self._services.lookup.map(course, of.id, "staff") if of else None
        return map_forms.question(course.id, one, now, language, left=len(asked))

    async def _map(self, course: Course, lecture: LectureId, language: Language) -> tuple[Lecture, LectureMap]:
        known = await self._services.lookup.lectures(course, "staff")
        found = next((one for one in known if one.id == lecture), None)
        if found is None:
            raise Refused(i18n.text("map.lecture_gone", language))
        shown = await self._services.lookup.map(course, lecture, "staff")
        if shown is None:
            raise Refused(i18n.text("map.none", language))
        return found, shown

    async def _staffs(self, interaction: discord.Interaction[Any], course: CourseId) -> Course:
        """Look at who acts at this very moment: a role may have been taken away since the message was sent."""
        language = reader(interaction)
        settings = await self._services.spaces.settings_of(course)
        permissions.require(interaction, allowed=permissions.is_staff(interaction, settings), reader=language)
        return await self._services.courses.by_id(course)


def _chapters(
    interaction: discord.Interaction[Any], verb: OnMap, shown: LectureMap, language: Language
) -> map_forms.Chapters:
    """Return which chapters a form means, if they are there and as many as *verb* takes."""
    found = map_forms.chosen(interaction.data)
    count = len(shown.chapters)
    if found is None or not 1 <= found[0] <= found[1] <= count:
        typed = "?" if found is None else str(found[1] if found[0] >= 1 else found[0])
        raise Refused(i18n.text("map.no_chapter", language, typed=typed, count=count))
    first, last = found
    if verb == "rename" and first != last:
        raise Refused(i18n.text("map.one", language))
    if verb == "merge" and first == last:
        raise Refused(i18n.text("map.several", language))
    if verb == "drop" and last - first + 1 == count:
        raise Refused(i18n.text("map.last", language))
    return found


def _next(asked: list[AskedWords], after: int) -> AskedWords:
    places = [place for place, one in enumerate(asked) if one.id == after]
    return asked[(places[0] + 1) % len(asked)] if places else asked[0]


def _is_private(interaction: discord.Interaction[Any]) -> bool:
    return interaction.message is not None and interaction.message.flags.ephemeral


async def _answered(interaction: discord.Interaction[Any], page: Page, *, replaces: bool = False) -> None:
    """Show a page to who acted alone, in place of the one under which they did where it *replaces* that."""
    if interaction.response.is_done():
        await interaction.edit_original_response(content=page.content, embed=page.embed, view=page.view)
        return
    if replaces:
        await interaction.response.edit_message(content=page.content, embed=page.embed, view=page.view)
        return
    await interaction.response.send_message(
        page.content or None,
        embed=page.embed or discord.utils.MISSING,
        view=page.view or discord.utils.MISSING,
        ephemeral=True,
    )
