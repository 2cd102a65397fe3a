"""Ask and follow up from the terminal."""

import asyncio
import sys
import threading
from contextlib import suppress

from bot import commands, terminal
from db.records import Course
from services.ask import Asked, Turn
from services.errors import Refused, Unavailable
from services.wiring import Services, Setup

HELP = "Ask a question; /new starts over, /lectures lists the lectures, /quit or Ctrl-D ends."
REMEMBERED_TURNS = 4


async def run(setup: Setup, slug: str) -> None:
    """Converse about one course until the person has enough."""
    async with commands.opened(setup) as services:
        course = await services.courses.find(slug)
        terminal.tell(f"{course.title}. {HELP}", style="dim")
        history: list[Turn] = []
        while (line := await _line()) is not None:
            match line:
                case "":
                    continue
                case "/quit":
                    return
                case "/new":
                    history.clear()
                    terminal.tell("A new conversation.", style="dim")
                case "/lectures":
                    terminal.show(terminal.lectures(await services.courses.lectures(course)))
                case _ if line.startswith("/"):
                    terminal.tell(HELP)
                case _:
                    try:
                        history.append(await _turn(services, course, line, history))
                    except (Refused, Unavailable) as error:
                        terminal.tell(str(error))  # the conversation goes on


async def _turn(services: Services, course: Course, question: str, history: list[Turn]) -> Turn:
    asked = Asked(course=course, text=question, source="cli", history=tuple(history[-REMEMBERED_TURNS:]))
    reply = await commands.answered(services, asked)
    terminal.show(terminal.answer(reply))
    return Turn(question=question, answer=reply.answer.text)


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
