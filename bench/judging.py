"""How fast the queue of judgements drains, and whether a dead judge delays anybody's answer."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

import psycopg
from rich.table import Table

from bench.samples import sample_course
from db import connect, embedded
from db.migrate import migrate
from services import wiring
from services.answering.asked import Asked
from services.answering.replies import Reply
from services.judging.judge import Judge
from services.judging.worker import Worker
from services.models.completions import Completion
from services.models.embedder import EmbedderConfig
from services.models.llm import LlmConfig
from services.wiring import Services, Setup
from tests.fake_model import FakeModel, fake_model, hangs, says

ANSWERS = 6_000
WORKERS = 4
VERDICT = json.dumps({"criteria": "a", "supporting_evidence": "b", "score": 3})
QUESTION = "O que acontece quando o gradiente some em uma rede recorrente?"
EVERY_S = 0.5


class Trivial:
    """A judge's model that costs nothing, so that the queue alone is measured."""

    name = "trivial"

    async def complete(self, *_: object, **__: object) -> Completion:
        return Completion(text=VERDICT, raw=VERDICT, model="trivial", tokens_in=1, tokens_out=1)


async def throughput() -> Table:
    """Drain a queue with four worker processes; return the figures beside their target."""
    with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as home:
        async with embedded.running(Path(home)) as url:
            await migrate(url)
            _fill(url)
            workers = [await _worker(url) for _ in range(WORKERS)]
            began = time.perf_counter()
            taken = [int(said) for said, _ in await asyncio.gather(*(worker.communicate(b"") for worker in workers))]
            took_s = time.perf_counter() - began
            with psycopg.connect(url) as conn:
                row = conn.execute("select count(*), count(distinct answer_id) from judgements").fetchone()
    shown = Table(
        "work", "figure", "target", title=f"{ANSWERS:,} judgements by {WORKERS} worker processes, a trivial judge"
    )
    shown.add_row("judgements", f"{ANSWERS / took_s:.0f}/s", "≥ 300/s")
    shown.add_row("rows, answers judged", f"{row}", f"{(ANSWERS, ANSWERS)}")
    shown.add_row("taken by each", ", ".join(map(str, taken)), "")
    return shown


async def _worker(url: str) -> asyncio.subprocess.Process:
    """Start a worker process, and return once it is ready; it begins when its input is closed."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "bench.judging", url)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def drain(url: str) -> None:
    """Be one of the worker processes: say that it is ready, wait for the start, and tell how many were taken."""
    async with connect.pool(url) as pool:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        judge = Judge(Trivial(), time_limit_s=10.0)  # pyright: ignore[reportArgumentType] - all that a judge asks of it
        print(await Worker(pool, judge).drain(), flush=True)


async def with_a_dead_judge(dead_s: float) -> Table:
    """
    Ask twice a second while the judge lives, is dead for *dead_s*, and lives again; return how long answers took.

    Then the same while only the model of second opinions is dead, which every answer is to have.
    """
    with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as home:
        async with (
            embedded.running(Path(home)) as url,
            fake_model(says(VERDICT)) as model,
            fake_model(says(VERDICT)) as second,
        ):
            return await _latencies(Path(home), url, model, second, dead_s)


async def _latencies(home: Path, url: str, model: FakeModel, second: FakeModel, dead_s: float) -> Table:
    setup = Setup(
        home=home,
        database_url=url,
        embedder=EmbedderConfig(model="bundled"),
        answer=None,
        judge=LlmConfig(model="juiz", base_url=model.base_url),
        second_judge=LlmConfig(model="revisor", base_url=second.base_url),
    )
    async with wiring.services(setup) as services:
        await sample_course(services)
        assert services.worker is not None
        assert services.second_worker is not None
        working = asyncio.gather(services.worker.run(), services.second_worker.run())
        await _asked(services, 5)
        alive = await _asked(services, min(dead_s, 60.0))
        model.behaviours = [hangs()]
        dead = await _asked(services, dead_s)
        waiting = await services.queue.due()
        model.behaviours = [says(VERDICT)]
        began = time.perf_counter()
        while await services.queue.due():  # noqa: ASYNC110 - rows send no event
            await asyncio.sleep(0.2)
        drained_s = time.perf_counter() - began
        course = await services.courses.find("bench")
        await services.judge_settings.change(course, {"second_opinion": True, "second_opinion_share": 1.0})
        second.behaviours = [hangs()]
        second_dead = await _asked(services, dead_s)
        unheard, unsaid = await services.queue.state(None), await services.queue.second_state(None)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    shown = Table("work", "answers", "p50", "p95", title=f"An answer's way, with a judge that hangs for {dead_s:.0f} s")
    for name, taken in (("judge alive", alive), ("judge dead", dead), ("second model dead", second_dead)):
        ordered = sorted(taken)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        shown.add_row(name, str(len(taken)), f"{statistics.median(ordered) * 1000:.1f} ms", f"{p95 * 1000:.1f} ms")
    shown.add_row("backlog of the judge", f"{waiting} jobs", f"drained in {drained_s:.1f} s", "")
    left = f"the judge's: {unheard.counts or 'none'}", f"second: {unsaid.counts or 'none'}"
    shown.add_row("left with the second model dead", "", *left)
    return shown


async def _asked(services: Services, seconds: float) -> list[float]:
    """Ask twice a second, and return how long each answer took, in seconds."""
    course = await services.courses.find("bench")
    taken = list[float]()
    for _ in range(int(seconds / EVERY_S)):
        began = time.perf_counter()
        async with aclosing(services.asker.ask(Asked(course=course, text=QUESTION, source="bench"))) as parts:
            async for part in parts:
                assert isinstance(part, Reply)
        taken.append(time.perf_counter() - began)
        await asyncio.sleep(max(EVERY_S - taken[-1], 0.0))
    return taken


def _fill(url: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("insert into courses (slug, title, language) values ('bench', 'Bench', 'pt-BR')")
        conn.execute(
            """
            insert into questions (course_id, text, language, source)
            select 1, 'Por que encolhe?', 'pt', 'bench' from generate_series(1, %s)
            """,
            [ANSWERS],
        )
        conn.execute(
            """
            insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms)
            select id, 1, 'answered', 'Porque encolhe.', 'lexical', 'fake', 1 from questions
            """
        )
        conn.execute(
            "insert into jobs (kind, answer_id, course_id) select kind, answer_id, course_id from wanted_judgements"
        )
        conn.execute("analyze")


if __name__ == "__main__":
    asyncio.run(drain(sys.argv[1]))
