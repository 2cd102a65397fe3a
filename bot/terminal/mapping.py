"""Show the map of a lecture in the terminal, and let staff change it there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from bot.terminal import console as terminal
from db.records import Course
from db.records.maps import Chapter, LectureMap
from services import wiring
from services.errors import Refused
from services.ground.timestamps import clock
from services.mapping.maps import LostWords, Maps, opened_at, proven_at
from services.wiring import Setup

UNMADE = (
    "There is no map of {lecture!r} yet: an ingest makes one at its end, and so does `monitoria run`; "
    "`monitoria queue` says whether it was given up."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOrder:
    """What `monitoria map` was told."""

    lecture: str
    course: str
    rename: str | None
    merge: str | None
    drop: str | None
    title: str | None
    reset: bool
    keep: int | None
    forget: int | None
    as_json: bool


async def run(setup: Setup, order: MapOrder) -> None:
    """Change a map where the order says so, and show it as it is then."""
    _require_one(order)
    async with wiring.store(setup) as store:
        course = await store.courses.find(order.course)
        await _changed(store.maps, course, order)
        found = await store.maps.of(course, order.lecture, reader="staff")
        lost = await store.maps.lost(course, order.lecture)
    if found is None:
        raise Refused(UNMADE.format(lecture=order.lecture))
    if order.as_json:
        terminal.print_json(document(course.slug, found, lost))
    else:
        terminal.show(view(found, lost, is_written=setup.answer is not None))


def _require_one(order: MapOrder) -> None:
    changes = (order.rename, order.merge, order.drop, order.reset or None, order.keep, order.forget)
    if sum(change is not None for change in changes) > 1:
        raise typer.BadParameter("change one thing at a time: --rename, --merge, --drop, --reset, --keep or --forget")
    if order.rename is not None and order.title is None:
        raise typer.BadParameter("--rename goes with --title, which says what the chapter is to be called")
    if order.title is not None and order.rename is None and order.merge is None:
        raise typer.BadParameter("--title goes with --rename or --merge")


async def _changed(maps: Maps, course: Course, order: MapOrder) -> None:
    if order.rename is not None:
        await maps.rename(course, order.lecture, order.rename, order.title or "")
    elif order.merge is not None:
        await maps.merge(course, order.lecture, order.merge, order.title)
    elif order.drop is not None:
        await maps.drop(course, order.lecture, order.drop)
    elif order.reset:
        await maps.reset(course, order.lecture)
    elif order.keep is not None:
        await maps.keep(course, order.lecture, order.keep)
    elif order.forget is not None:
        await maps.forget(course, order.lecture, order.forget)


def view(found: LectureMap, lost: Sequence[LostWords], *, is_written: bool) -> RenderableType:
    """Show a map's chapters, and below what staff are to be asked; *is_written*: there is a model that writes them."""
    lines: list[RenderableType] = [Text(f"{found.lecture}  {found.title}", style="bold")]
    if found.state == "waiting" and is_written:
        lines.append(
            Text(
                "The language model is still to write titles and sentences, in `monitoria run` or `monitoria worker`.",
                style="dim",
            )
        )
    if found.state == "dead":
        lines.append(Text("The last work on it was given up; `monitoria queue` says why.", style="yellow"))
    for chapter in found.chapters:
        lines += _chapter(found, chapter)
    lines += [Text(_asked(one), style="yellow") for one in lost]
    return Group(*lines)


def _chapter(found: LectureMap, chapter: Chapter) -> list[RenderableType]:
    span = f"{clock(chapter.start_ms / 1000)} – {clock(chapter.end_ms / 1000)}"
    lines: list[RenderableType] = [Text(f"{chapter.ordinal:>3}. {span}  {chapter.title}", style="cyan")]
    lines.append(Text(f"     «{chapter.quote}»" if chapter.is_quoted else f"     {chapter.sentence}"))
    if url := opened_at(found, chapter):
        lines.append(Text(f"     {url}", style="dim", no_wrap=True, overflow="ignore"))
    return lines


def _asked(one: LostWords) -> str:
    what = "that it is no chapter" if one.is_dropped else f"{one.title!r}" if one.title else "that it is one chapter"
    span = f"{clock(one.start_ms / 1000)} – {clock(one.end_ms / 1000)}"
    return (
        f"Question {one.id}: staff had said {what} of {span}, where other words are said by now; answer with "
        f"--keep {one.id} (it still holds) or --forget {one.id}."
    )


def document(course: str, found: LectureMap, lost: Sequence[LostWords]) -> dict[str, Any]:
    return {
        "course": course,
        "lecture": found.lecture,
        "title": found.title,
        "date": found.held_on.isoformat() if found.held_on else None,
        "version": found.version,
        "state": found.state,
        "chapters": [
            {
                "number": chapter.ordinal,
                "title": chapter.title,
                "origin": chapter.origin,
                "start": chapter.start_ms / 1000,
                "end": chapter.end_ms / 1000,
                "url": opened_at(found, chapter),
                "sentence": chapter.sentence,
                "quote": chapter.quote,
                "quote_start": chapter.quote_start_ms / 1000,
                "quote_url": proven_at(found, chapter),
            }
            for chapter in found.chapters
        ],
        "questions": [
            {
                "number": one.id,
                "title": one.title,
                "dropped": one.is_dropped,
                "start": one.start_ms / 1000,
                "end": one.end_ms / 1000,
            }
            for one in lost
        ],
    }
