"""Show the main job on the sample course, in an embedded database, with a model that is at hand."""

import asyncio
from pathlib import Path

import bot
from bot.terminal import commands
from bot.terminal import console as terminal
from services.answering.asked import Asked
from services.answering.replies import Reply
from services.errors import Broken
from services.lectures import manifest as manifests
from services.wiring import Services, Setup

COURSE = "demo"
TITLE = "Redes Neurais Profundas"


async def run(setup: Setup, question: str) -> None:
    """Take the sample course in (a second time costs nothing), ask, and say what answered."""
    folder = samples() / "course"
    plan = await asyncio.to_thread(
        manifests.plan, [folder], manifest=folder / "manifest.json", language="pt-BR", video_url=None
    )
    async with commands.opened(setup) as services:
        known = {course.slug: course for course in await services.courses.every()}
        course = known.get(COURSE) or await services.courses.create(slug=COURSE, title=TITLE, language="pt-BR")
        report = await commands.ingested(services, course, plan)
        await commands.mapped(services, course)
        changed = sum(one.status in {"new", "changed"} for one in report.taken)
        terminal.tell(
            f"Sample course {COURSE!r}: {len(report.taken)} lectures, "
            f"{sum(one.segments for one in report.taken)} segments, {changed} taken in just now.",
            style="dim",
        )
        reply = await commands.answered(services, Asked(course=course, text=question, source="demo"))
        terminal.show(terminal.answer(reply, course.language))
        terminal.show(_made_by(services, reply))
    terminal.tell(f'Ask more: monitoria chat --course {COURSE}   or: monitoria ask "…" --course {COURSE}', style="dim")


def samples() -> Path:
    """Return the folder of sample material: inside an installed package, or beside it in a checkout."""
    package = Path(bot.__file__).parent
    for folder in (package / "samples", package.parent / "samples"):
        if (folder / "course" / "manifest.json").is_file():
            return folder
    raise Broken("The sample course is missing from this installation; install Monitoria again.")


def _made_by(services: Services, reply: Reply) -> str:
    embedder = (
        f"{services.embedder.identity.model} ({services.embedder.identity.dimension} dimensions)"
        if services.embedder and reply.answer.retrieval == "hybrid"
        else "none, so the search went by words only"
    )
    model = services.answer_model or "none (no key, no server), so the answer consists of quotations"
    return f"Embedding model: {embedder}. Answering model: {model}."
