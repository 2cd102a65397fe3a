"""Ask and follow up from the terminal."""

import asyncio

from bot import commands, terminal
from db.records import Course
from services.ask import Asked, Turn
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
                    history.append(await _turn(services, course, line, history))


async def _turn(services: Services, course: Course, question: str, history: list[Turn]) -> Turn:
    asked = Asked(course=course, text=question, source="cli", history=tuple(history[-REMEMBERED_TURNS:]))
    reply = await commands.answered(services, asked)
    terminal.show(terminal.answer(reply))
    return Turn(question=question, answer=reply.answer.text)


async def _line() -> str | None:
    """Return what the person types, without blocking the loop; None at the end of input."""
    try:
        return (await asyncio.to_thread(input, "› ")).strip()
    except EOFError:
        return None
