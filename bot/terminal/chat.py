"""Ask, follow up and vote from the terminal."""

import asyncio
import os
import re
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.terminal import commands
from bot.terminal import console as terminal
from db.records import Again, Course
from services import i18n
from services.answering.again import offered
from services.answering.asked import Asked, courtesy_returned
from services.answering.receiving import TriedBefore
from services.answering.replies import Reply
from services.errors import Refused, Unavailable
from services.reviewing.annotate import Thumb
from services.wiring import Services, Setup

VOTE = re.compile(r"\+|-(?:\s+(?P<wrong>.+))?")
"""Words after a + would be lost, so such a line is a question: "+ examples"."""
AGAIN = re.compile(r"/(?:all|(?P<place>[1-3]))")
"""The last question once more: in all lectures, or in one of those that were asked back."""
TRIES: dict[str, Again] = {
    "/simpler": "simpler", "/simples": "simpler", "/example": "example", "/exemplo": "example",
    "/other": "other", "/outro": "other", "/more": "other", "/mais": "other",
}  # fmt: skip
"""In both languages at once: who reads an English course may well type Portuguese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How far a conversation is."""

    asked: Asked | None = None  # the last question in words
    last: Reply | None = None  # what a vote is about: nothing, where the last question has no answer
    before: Reply | None = None  # what a question follows
    to_try: Reply | None = None  # the last answer that may be tried another way


async def run(setup: Setup, slug: str) -> None:
    """Converse about one course until the person has enough."""
    async with commands.opened(setup) as services:
        course = await services.courses.find(slug)
        guide = i18n.text("chat.help", course.language)
        terminal.tell(f"{course.title}. {guide}", style="dim")
        talk = Talk()
        while (line := await _line()) is not None:
            anew = _again(line, talk)
            match line:
                case "":
                    continue
                case "/quit":
                    return
                case "/new":
                    talk = Talk()
                    terminal.tell(i18n.text("chat.new", course.language), style="dim")
                case "/lectures":
                    terminal.show(terminal.lectures(await services.courses.lectures(course)))
                case _ if again := TRIES.get(line):
                    talk = await _tried(services, course, talk, again)
                case _ if line.startswith("/") and anew is None:
                    terminal.tell(guide)
                case _ if vote := VOTE.fullmatch(line):
                    terminal.tell(await _voted(services, course, talk.last, vote), style="dim")
                case _ if said := courtesy_returned(line, course.language, follows=talk.before is not None):
                    terminal.tell(said, style="dim")  # the answer before it may still be voted on
                case _:
                    follows = talk.before.answer.question_id if talk.before else None
                    asked = anew or Asked(course=course, text=line, source="cli", follows=follows)
                    talk = await _asked(services, replace(talk, asked=asked, last=None, to_try=None), asked)


def _again(line: str, talk: Talk) -> Asked | None:
    """Return the last question as *line* wants it asked again; None where it says no such thing."""
    wanted = AGAIN.fullmatch(line)
    if wanted is None or talk.asked is None:
        return None
    if wanted["place"] is None:
        return replace(talk.asked, everywhere=True, lecture=None)
    chosen = talk.last.scope.numbered(int(wanted["place"])) if talk.last and talk.last.scope else None
    return replace(talk.asked, lecture=chosen.id) if chosen else None


async def _tried(services: Services, course: Course, talk: Talk, again: Again) -> Talk:
    """Have the last answer tried another way, as the buttons under it do in Discord."""
    if talk.to_try is None or again not in offered(talk.to_try):
        key = "chat.nothing_to_try" if talk.to_try is None else "again.not_offered"
        terminal.tell(i18n.text(key, course.language))
        return talk
    answer, text = talk.to_try.answer, talk.to_try.question
    return await _asked(
        services, talk, Asked(course=course, text=text, source="cli", follows=answer.question_id, again=again)
    )


async def _asked(services: Services, talk: Talk, asked: Asked) -> Talk:
    """Answer *asked*; what is refused is said, and the conversation goes on."""
    try:
        reply = await _replied(services, asked)
    except TriedBefore:
        terminal.tell(i18n.text("chat.tried", asked.course.language))
        return talk
    except (Refused, Unavailable) as error:
        terminal.tell(str(error))
        return talk
    # A try that came to nothing leaves what it was made at; that may be tried again.
    to_try = reply if offered(reply) else talk.to_try
    return replace(talk, last=reply, before=reply, to_try=to_try)


async def _replied(services: Services, asked: Asked) -> Reply:
    reply = await commands.answered(services, asked)
    terminal.show(terminal.answer(reply, asked.course.language))
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
