"""How much of an answer's time is our own: everything but the model's, from the question to the stored answer."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.corpus import COURSES, Corpus, MadeUpQuestion
from bench.discord import ANSWER
from bench.retrieval import QUESTIONS, WARM_UP, filled, percentiles
from services import wiring
from services.answering.asked import Asked
from services.answering.replies import Reply
from services.models.embedder import EmbedderConfig, open_embedder
from services.models.llm import LlmConfig
from services.wiring import Services, Setup
from tests.fake_model import fake_model, says

MODEL_S = 0.2
BUNDLED = EmbedderConfig(model="bundled")
PARTS = {
    "embedding": "the question's vector",
    "search": "the search",
    "rest": "what else comes before the model",
    "storing": "from its first word on, all stored",
}


@dataclass(frozen=True, slots=True)
class Slow:
    """A model that thinks for *MODEL_S*, then writes all at once: to read and show what it writes counts as ours."""

    thoughts: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])  # when each began and ended

    async def __call__(self, writer: asyncio.StreamWriter, request: dict[str, Any]) -> None:
        began = time.perf_counter()
        await asyncio.sleep(MODEL_S)
        self.thoughts.append((began, time.perf_counter()))
        await says(ANSWER)(writer, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How our share of one answer divides, in milliseconds."""

    embedding: float
    search: float
    rest: float  # up to the model: the question stored, its language, what staff verified, the prompt
    storing: float  # from the model's first word

    @property
    def finding(self) -> float:
        """From the question to its ranked passages."""
        return self.embedding + self.search

    @property
    def whole(self) -> float:
        return self.embedding + self.search + self.rest + self.storing


async def table(size: int) -> Table:
    """
    Ask *QUESTIONS*, one after the other, of courses with *size* segments in all; return our share of each answer.

    As for `retrieval`, questions are drawn twice: to any course, and to courses in proportion to their sizes. Their
    made-up words are twice the tokens of real ones, which the embedder feels.
    """
    model = Slow()
    async with open_embedder(BUNDLED) as embedder:
        assert embedder
        identity = embedder.identity
    corpus = Corpus(size, dimension=identity.dimension)
    shown = Table("our share", "n", "p50 ms", "p95 ms", "target", title=f"An answer, {size:,} segments, bundled model")
    async with filled(corpus, identity) as full, fake_model(model) as server:
        llm = LlmConfig(model="fake", base_url=server.base_url)
        setup = Setup(home=Path(), database_url=full.url, embedder=BUNDLED, answer=llm, judge=llm)
        async with wiring.services(setup) as services:
            for draw, evenly in (("any course", True), ("by size", False)):
                asked = corpus.questions(WARM_UP + QUESTIONS, evenly=evenly)
                shares = (await _shares(services, model, asked))[WARM_UP:]
                whole = [one.whole for one in shares]
                shown.add_row(f"whole, {draw}", str(len(shares)), *percentiles(whole)[:2], "p50 ≤ 50")
                finding = percentiles([one.finding for one in shares])[:2]
                shown.add_row("  from the question to its passages", "", *finding, "p50 ≤ 20")
                for name, said in PARTS.items():
                    shown.add_row(f"  {said}", "", *percentiles([getattr(one, name) for one in shares])[:2], "")
            promised = await services.queue.due()
    shown.add_row("judge jobs written", str(promised), "", "", f"{2 * 2 * (WARM_UP + QUESTIONS)}")
    return shown


async def _shares(services: Services, model: Slow, asked: Sequence[MadeUpQuestion]) -> list[Share]:
    """Ask and take the time; the search and the vector within it are timed at their own doors."""
    embedding, search = _timed(services.embedder, "embed_query"), _timed(services.retriever, "search")
    courses = [await services.courses.find(f"course-{number}") for number in range(COURSES)]
    shares: list[Share] = []
    for question in asked:
        for taken in (embedding, search, model.thoughts):
            taken.clear()
        began = time.perf_counter()
        answering = services.asker.ask(Asked(course=courses[question.course], text=question.text, source="cli"))
        *_, reply = [part async for part in answering]
        ended = time.perf_counter()
        assert isinstance(reply, Reply)
        assert (reply.answer.outcome, reply.answer.retrieval) == ("answered", "hybrid"), reply.answer
        before = model.thoughts[-1][0] - began - sum(end - start for start, end in model.thoughts[:-1])
        shares.append(
            Share(
                embedding=1000 * sum(embedding),
                search=1000 * (sum(search) - sum(embedding)),
                rest=1000 * (before - sum(search)),
                storing=1000 * (ended - model.thoughts[-1][1]),
            )
        )
    return shares


def _timed(thing: object, method: str) -> list[float]:
    """Have each call of a coroutine *method* of *thing* write down its seconds."""
    taken: list[float] = []
    work = getattr(thing, method)

    async def timed(*args: object, **kwargs: object) -> object:
        began = time.perf_counter()
        try:
            return await work(*args, **kwargs)
        finally:
            taken.append(time.perf_counter() - began)

    setattr(thing, method, timed)
    return taken
