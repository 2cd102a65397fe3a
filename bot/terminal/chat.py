"""Ask, follow up and vote from the terminal."""

import asyncio
import os
import re
import sys
import threading
from contextlib import suppress
from dataclasses import replace

from bot.terminal import commands
from bot.terminal import console as terminal
from db.records import Course
from services import i18n
from services.answering.again import offered
from services.answering.asked import Asked
from services.answering.replies import Reply
from services.errors import Refused, Unavailable
from services.reviewing.annotate import Thumb
from services.wiring import Services, Setup

VOTE = re.compile(r"\+|-(?:\s+(?P<wrong>.+))?")
"""Words after a + would be lost, so such a line is a question: "+ examples"."""
AGAIN = re.compile(r"/(?:all|(?P<place>[1-3]))")
"""The last question once more: in all lectures, or in one of those that were asked back. `/more` pages its reply."""


async def run(setup: Setup, slug: str) -> None:
    """Converse about one course until the person has enough."""
    async with commands.opened(setup) as services:
        course = await services.courses.find(slug)
        guide = i18n.text("chat.help", course.language)
        terminal.tell(f"{course.title}. {guide}", style="dim")
        asked: Asked | None = None
        last: Reply | None = None  # what a vote is about: nothing, where the last question has no answer
        before: Reply | None = None  # what a question follows
        while (line := await _line()) is not None:
            anew = _again(line, course, asked, last)
            match line:
                case "":
                    continue
                case "/quit":
                    return
                case "/new":
                    asked = last = before = None
                    terminal.tell(i18n.text("chat.new", course.language), style="dim")
                case "/lectures":
                    terminal.show(terminal.lectures(await services.courses.lectures(course)))
                case _ if line.startswith("/") and anew is None:
                    terminal.tell(guide)
                case _ if vote := VOTE.fullmatch(line):
                    terminal.tell(await _voted(services, course, last, vote), style="dim")
                case _:
                    follows = before.answer.question_id if before else None
                    now = anew or Asked(course=course, text=line, source="cli", follows=follows)
                    asked, last = asked if now.again else now, None
                    try:
                        last = before = await _replied(services, now)
                    except (Refused, Unavailable) as error:
                        terminal.tell(str(error))  # the conversation goes on


def _again(line: str, course: Course, asked: Asked | None, last: Reply | None) -> Asked | None:
    """Return the last question as *line* wants it asked again; None where it says no such thing."""
    if line == "/more":
        return _more(course, last)
    wanted = AGAIN.fullmatch(line)
    if wanted is None or asked is None:
        return None
    if wanted["place"] is None:
        return replace(asked, everywhere=True, lecture=None)
    chosen = last.scope.listed.get(int(wanted["place"])) if last and last.scope else None
    return replace(asked, lecture=chosen.id) if chosen else None


def _more(course: Course, last: Reply | None) -> Asked | None:
    """Return what asks for the moments that *last* had no room for, or has not shown; None: it offers none."""
    if last is None or "other" not in offered(last):
        return None
    return Asked(
        course=course,
        text=last.question,
        source="cli",
        follows=last.answer.question_id,
        again="other",
    )


async def _replied(services: Services, asked: Asked) -> Reply:
    reply = await commands.answered(services, asked)
    terminal.show(terminal.answer(reply))
    return reply


async def _voted(services: Services, course: Course, reply: Reply | None, vote: re.Match[str]) -> str:
    """Do with a vote what the buttons in Discord do, and return the sentence that says what counts now."""
    if reply is None:
        return i18n.text("chat.no_answer", course.language)
    if reply.answer.outcome == "failed":
        return i18n.text("chat.failed", course.language)
    answer = reply.answer.id
    key = await services.people.terminal_key(course, os.getuid())
    if vote["wrong"]:
        await services.annotate.explain(course, answer, key, reason="other", comment=vote["wrong"])
        return i18n.text("vote.explained", course.language)
    thumb: Thumb = "up" if vote[0] == "+" else "down"
    if not await services.annotate.toggle(course, answer, key, thumb):
        return i18n.text("vote.withdrawn", course.language)
    return i18n.text("chat.up" if thumb == "up" else "chat.down", course.language)


async def _line() -> str | None:
    """Return what the person types, without blocking the loop; None at the end of input."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return await asyncio.to_thread(_typed)
    # A thread of its own that nobody waits for: Ctrl-C must not take effect only after Enter.
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def hand_over() -> None:
        typed = _typed()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: line.done() or line.set_result(typed))

    threading.Thread(target=hand_over, daemon=True).start()
    return await line


def _typed() -> str | None:
    try:
        return input("› ").strip()
    except EOFError:
        return None
