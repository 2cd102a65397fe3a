"""
Workers that are killed and frozen, and a database that restarts: each answer is judged once, and none is lost.

`make chaos` runs it at full length (MONITORIA_CHAOS=full: 1,000 answers); otherwise it is a short one.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

from db.embedded import held
from db.migrate import migrate
from tests.fake_model import Request, fake_model, says, sends_json

FULL = os.environ.get("MONITORIA_CHAOS") == "full"
ANSWERS = 1_000 if FULL else 200
LIMIT_S = 540 if FULL else 300
WORKERS = 4
POISON = "VENENO"
SEED = 20261124
REPOSITORY = Path(__file__).parents[3]
VERDICT = json.dumps({"criteria": "por quê", "supporting_evidence": "encolhe", "score": 2})


@dataclass
class Crew:
    """Worker processes, of which some are always alive."""

    database_url: str
    model_url: str
    processes: list[asyncio.subprocess.Process] = field(default_factory=list[asyncio.subprocess.Process])
    killed: int = 0
    frozen: int = 0

    async def hire(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.services.judging.worker_process",
            self.database_url,
            self.model_url,
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self.processes.append(process)
        assert process.stdout is not None
        with suppress(TimeoutError):  # the database may be away just now
            await asyncio.wait_for(process.stdout.readline(), 60)

    async def kill_one(self, chance: random.Random) -> None:
        victim = self.processes.pop(chance.randrange(len(self.processes)))
        with suppress(ProcessLookupError):  # a restart of the database may just have ended it
            victim.kill()
            self.killed += 1
        await victim.wait()
        await self.hire()

    async def freeze_one(self, chance: random.Random, seconds: float) -> None:
        victim = chance.choice(self.processes)
        with suppress(ProcessLookupError):  # it has ended, before or meanwhile
            victim.send_signal(signal.SIGSTOP)
            self.frozen += 1
            await asyncio.sleep(seconds)
            victim.send_signal(signal.SIGCONT)

    async def keep_full(self) -> None:
        """Replace those that a restart of the database ended."""
        self.processes = [process for process in self.processes if process.returncode is None]
        while len(self.processes) < WORKERS:
            await self.hire()


@asynccontextmanager
async def crew(database_url: str, model_url: str) -> AsyncGenerator[Crew, None]:
    hired = Crew(database_url=database_url, model_url=model_url)
    try:
        for _ in range(WORKERS):
            await hired.hire()
        yield hired
    finally:
        for process in hired.processes:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            await process.wait()


@dataclass
class Server:
    """A database server of its own, which may be restarted."""

    home: Path
    url: str
    held: ExitStack

    async def restart(self, *, brutally: bool) -> None:
        lines = (self.home / "postgres" / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGKILL if brutally else signal.SIGINT)
        await asyncio.sleep(0.3)
        # Whoever joins next starts the server that has died.
        await asyncio.to_thread(self.held.enter_context, held(self.home))

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, connect_timeout=20) as conn:
            return conn.execute(query.encode()).fetchall()

    async def waiting(self) -> int:
        try:
            return len(await asyncio.to_thread(self.rows, "select from jobs where state = 'waiting'"))
        except psycopg.OperationalError:
            return 1  # it is restarting


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Server, None]:
    with ExitStack() as stack:
        url = await asyncio.to_thread(stack.enter_context, held(tmp_path))
        await migrate(url)
        yield Server(home=tmp_path, url=url, held=stack)


def fill(url: str) -> None:
    """Store answers with their jobs; one of them is poison."""
    with psycopg.connect(url) as conn:
        conn.execute("insert into courses (slug, title, language) values ('caos', 'Caos', 'pt-BR')")
        conn.execute(
            """
            insert into questions (course_id, text, language, source)
            select 1, 'Por que encolhe?', 'pt', 'test' from generate_series(1, %s)
            """,
            [ANSWERS],
        )
        conn.execute(
            """
            insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms)
            select id, 1, 'answered', case when id = 7 then %s else 'Porque encolhe.' end, 'lexical', 'fake', 1
            from questions
            """,
            [POISON],
        )
        conn.execute(
            "insert into jobs (kind, answer_id, course_id) select kind, answer_id, course_id from wanted_judgements"
        )


async def trouble(workers: Crew, server: Server, over: asyncio.Event) -> None:
    """Kill, freeze and restart at random, but the same at each run; what was begun is ended when it is *over*."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    async with asyncio.TaskGroup() as freezing:
        for round_ in count():
            if over.is_set():
                return
            await asyncio.sleep(chance.uniform(0.1, 0.5))
            if round_ in {3, 7}:
                await server.restart(brutally=round_ == 7)
            elif round_ % 3 == 0:
                # Longer than a lease, or shorter; the next trouble does not wait for it.
                freezing.create_task(workers.freeze_one(chance, chance.choice([0.5, 4.0])))
            else:
                await workers.kill_one(chance)
            await workers.keep_full()


@pytest.mark.long
async def test_each_answer_is_judged_once_whatever_dies(server: Server) -> None:
    chance, over = random.Random(SEED), asyncio.Event()  # noqa: S311 - no secret

    async def behave(writer: asyncio.StreamWriter, request: Request) -> None:
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        if POISON in str(request["messages"]):
            await sends_json({"error": {"message": "no"}}, status=500)(writer, request)
        else:
            await says(VERDICT)(writer, request)

    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(fake_model(behave))
        workers = await stack.enter_async_context(crew(server.url, model.base_url))
        await asyncio.to_thread(fill, server.url)
        troubling = asyncio.create_task(trouble(workers, server, over))
        try:
            async with asyncio.timeout(LIMIT_S):
                while await server.waiting():
                    assert not troubling.done() or troubling.result() is None
                    await asyncio.sleep(0.5)
        finally:
            over.set()
            await troubling  # not cancelled: the server would stay down where it is just being restarted

    judged = server.rows("select answer_id, status from judgements order by answer_id, id")
    others = [number for number in range(1, ANSWERS + 1) if number != 7]
    assert [answer for answer, status in judged if status == "ok"] == others
    # The poison leaves a status without a score, unless its worker was killed in its very last attempt.
    assert [one for one in judged if one[1] != "ok"] in ([], [(7, "transport_error")])
    assert server.rows("select answer_id from jobs where state = 'dead'") == [(7,)]
    assert server.rows("select count(*) from jobs where state = 'done'") == [(ANSWERS - 1,)]
    assert min(workers.killed, workers.frozen) >= 1  # or nothing was put to the test
    print(f"{ANSWERS} answers, {workers.killed} killed, {workers.frozen} frozen, 2 restarts")  # noqa: T201
