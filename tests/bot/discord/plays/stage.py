"""Where plays are played: a Discord that remembers all it ever showed, a database, bots that start, stop and die."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

import psycopg
import psycopg_pool
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bot import running
from bot.discord.client import Monitoria
from services import wiring
from services.models.embedder import EmbedderConfig
from services.models.llm import LlmConfig
from services.wiring import Services, Setup
from tests.bot.discord.launched import Launched, launch
from tests.bot.discord.plays.jury import FIRST, SECOND, Jury, workers
from tests.bot.discord.plays.remembering import Line, Remembering

LIFE: ContextVar[int] = ContextVar("life", default=0)
"""Which bot a task belongs to: all that it starts inherits it, so that a kill reaches everything."""
NEVER_S = 3600.0
QUIET_LIMIT_S = 30.0
REST_LIMIT_S = 3.0
HEARING_LIMIT_S = 15.0
"""For what is being done when a bot is told to stop; in earnest it is 14 s."""
LEASES = r"(leased|claimed)_until|due_at"


@dataclass
class Life:
    """One bot, from its start to its end."""

    number: int
    line: Line
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: "WeakSet[asyncio.Task[Any]]" = field(default_factory=WeakSet["asyncio.Task[Any]"])
    task: "asyncio.Task[None] | None" = None
    client: Monitoria | None = None
    is_dead: bool = False

    @property
    def services(self) -> Services:
        assert self.client
        return self.client.services


class Listening(logging.Handler):
    """Keeps what bots log that nobody should have to read."""

    def __init__(self, stage: "Stage") -> None:
        super().__init__(logging.WARNING)
        self.stage = stage
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        life = self.stage.lives.get(LIFE.get())
        if life is None or life.is_dead or not record.exc_info:
            return
        error = record.exc_info[1] if record.exc_info else None
        if self.stage.was_cut_off and isinstance(error, (psycopg.OperationalError, psycopg_pool.PoolTimeout)):
            return
        self.heard.append(f"{record.name} {record.getMessage()} {getattr(record, 'reason', '')} {error!r}")
        if error:
            self.heard[-1] += " at " + _where(error)


def _where(error: BaseException) -> str:
    trace, places = error.__traceback__, list[str]()
    while trace:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-5:]))


class Stage:
    """One evening's server, database and bots."""

    def __init__(self, server: Remembering, url: str, home: Path, answer: LlmConfig | None, jury: Jury) -> None:
        self.server = server
        self.jury = jury
        self.url = url
        self.home = home
        self.answer = answer
        self.lives: dict[int, Life] = {}
        self.kills: list[float] = []  # by the clock on the wall
        self.was_cut_off = False
        self.troubles = 0  # that may end a judgement in the middle
        self.process: Launched | None = None  # a bot in a process of its own
        self.logs = Listening(self)
        self._eye: psycopg.AsyncConnection | None = None
        self._reading = asyncio.Lock()
        self._leases: list[tuple[str, str]] = []
        self.outside: Any = None  # the services of a program of the operator's

    async def breathe(self) -> None:
        """Let others go on."""
        await asyncio.sleep(0.003)

    def is_busy(self, source_id: str) -> bool:
        return any(life.client and source_id in life.client.answering.in_flight for life in self.awake)

    # --- bots ---

    @property
    def awake(self) -> list[Life]:
        return [life for life in self.lives.values() if life.ready.is_set() and not life.is_dead]

    @property
    def hears(self) -> bool:
        """Whether what people do reaches a bot at once."""
        return self.process is not None or any(life.client and life.client.is_connected for life in self.awake)

    @property
    def is_deserted(self) -> bool:
        return not self.awake and self.process is None

    async def begin(self) -> Life:
        """Start a bot, and wait until it hears."""
        life = Life(len(self.lives) + 1, Line(limit=0))
        self.lives[life.number] = life
        life.task = asyncio.create_task(self._live(life))
        waiting = asyncio.create_task(life.ready.wait())
        await asyncio.wait([waiting, life.task], return_when=asyncio.FIRST_COMPLETED, timeout=20)
        waiting.cancel()
        assert life.ready.is_set(), f"a bot did not start: {life.task}"
        return life

    async def _live(self, life: Life) -> None:
        LIFE.set(life.number)
        setup = Setup(
            home=self.home,
            database_url=self.url,
            embedder=EmbedderConfig(model="none"),
            answer=self.answer,
            judge=self.jury.config(FIRST),
            second_judge=self.jury.config(SECOND),
        )
        async with wiring.services(setup) as services:
            life.client = await running.opened(services, guild_ready_timeout=0.02, connector=life.line)
            async with life.client as client:
                for name in ("Asking", "Reviewing"):
                    ticking: Any = client.get_cog(name)
                    ticking._tick.change_interval(seconds=NEVER_S)
                listening = asyncio.create_task(client.start(self.server.token))
                judging = [asyncio.create_task(worker.run()) for worker in workers(services)]
                await client.wait_until_ready()
                life.ready.set()
                await life.leaving.wait()
                # As `Gateway` does it.
                client.begin_nothing()
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                if client.ws:
                    await client.ws.close(code=1000)
                await self.at_rest(life)
                for task in judging:
                    task.cancel()
                await asyncio.gather(*judging, return_exceptions=True)
        life.is_dead = True

    async def stop(self, life: Life) -> None:
        """Stop a bot in order."""
        life.leaving.set()
        self.troubles += 1
        assert life.task
        await asyncio.wait_for(life.task, 20)

    async def kill(self, life: Life) -> None:
        """End a bot in the middle of whatever it does; nothing of what it does on the way out takes effect."""
        life.is_dead = True
        self.troubles += 1
        self.kills.append(time.time())
        life.line.cut()
        await self._terminate(life)
        for _ in range(20):
            left = [task for task in (life.task, *life.tasks) if task and not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=0.2)
        await self._hang_up(life)

    async def _hang_up(self, life: Life) -> None:
        """Close what the system closes with a process: pytest would find it open, and fail a run that passed."""
        session: Any = getattr(life.client.http, "_HTTPClient__session", None) if life.client else None
        if session and not session.closed:
            await session.close()

    async def _terminate(self, life: Life) -> None:
        pool: Any = life.client.services.pool if life.client else None
        if pool is None:
            return
        pool._closed = True  # asked for a connection, it refuses; closed by its own way, it would wait for those lent
        for conn in pool._pool:
            conn.pgconn.finish()

    async def end(self) -> None:
        for life in self.awake:
            await self.stop(life)
        if self._eye:
            await self._eye.close()

    async def launch(self) -> None:
        """Let a process of its own be the bot, as in earnest."""
        for life in self.awake:
            await self.kill(life)
        await self.kill_process()
        model = {} if self.answer is None else {"OPENAI_BASE_URL": self.answer.base_url or ""}
        self.process = await launch(
            self.home,
            len(self.lives),
            base=self.server.base,
            gateway=self.server.gateway,
            DATABASE_URL=self.url,
            DISCORD_TOKEN=self.server.token,
            MONITORIA_ANSWER_MODEL="fake",
            MONITORIA_JUDGE_MODEL=FIRST,
            MONITORIA_JUDGE_BASE_URL=self.jury.base_url,
            MONITORIA_SECOND_JUDGE_MODEL=SECOND,
            **model,
        )
        await self.process.ready()

    async def kill_process(self) -> None:
        """Kill the bot that has a process of its own, by a signal that it does not hear."""
        if self.process:
            self.troubles += 1
            self.kills.append(time.time())
            await self.process.kill()
            self.logs.heard += [line for line in self.process.said.splitlines() if "Traceback" in line]
            self.process = None

    # --- the database ---

    async def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        async with self._reading:
            if self._eye is None or self._eye.closed:
                self._eye = await psycopg.AsyncConnection.connect(
                    self.url, autocommit=True, options="-c timezone=UTC", application_name="eye"
                )
            return await (await self._eye.execute(query.encode(), values or None)).fetchall()

    @asynccontextmanager
    async def cut_off(self) -> AsyncGenerator[None, None]:
        """Let nobody reach the database meanwhile."""
        self.was_cut_off = True
        self.troubles += 1
        name = conninfo_to_dict(self.url)["dbname"]
        async with await psycopg.AsyncConnection.connect(
            make_conninfo(self.url, dbname="postgres"), autocommit=True
        ) as conn:
            closing = sql.SQL("alter database {} allow_connections {}")
            await conn.execute(closing.format(sql.Identifier(str(name)), sql.Literal(False)))
            await conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = %s and application_name <> 'eye'",
                [name],
            )
            try:
                yield
            finally:
                await conn.execute(closing.format(sql.Identifier(str(name)), sql.Literal(True)))

    # --- until all is done ---

    async def tick(self) -> None:
        """Do what the clock does."""
        for life in self.awake:
            for name in ("Asking", "Reviewing"):
                cog: Any = life.client.get_cog(name) if life.client else None
                await self.within(life, lambda cog=cog: cog._tick())

    async def within(self, life: Life, work: Callable[[], Awaitable[Any]]) -> None:
        """Do *work* as one of a bot's own tasks."""

        async def working() -> None:
            LIFE.set(life.number)
            await work()

        with suppress(asyncio.CancelledError):
            await asyncio.create_task(working())

    async def quiet(self) -> list[str]:
        """Let everything come to rest; return what does not."""
        deadline = time.monotonic() + QUIET_LIMIT_S
        calm = 0
        await self.listening()
        # Once, as nobody dies any more: a judgement would be given up after five times.
        await self.rows(
            "update jobs set run_at = now() where state = 'waiting' and leased_until is not null returning 1"
        )
        while calm < 2:
            await self.let_leases_run_out()
            await self.let_judges_be_asked()
            if calm or time.monotonic() > deadline - QUIET_LIMIT_S / 2:
                await self.let_minutes_pass()
            await self.tick()
            for life in self.awake:
                await self.at_rest(life)
            due = await self.due()
            calm = 0 if due else calm + 1
            if time.monotonic() > deadline:
                return due
        return []

    async def listening(self) -> None:
        """Wait until every bot hears events: one whose session was forgotten asks for another after five seconds."""
        end = time.monotonic() + HEARING_LIMIT_S
        while time.monotonic() < end and self._hearing() < len(self.awake):  # noqa: ASYNC110 - Discord does not tell
            await asyncio.sleep(0.02)

    def _hearing(self) -> int:
        return sum(session.queue is not None for session in self.server.sessions)

    async def at_rest(self, life: Life) -> None:
        """Wait until a bot does nothing, or as long as a stop would."""
        end = time.monotonic() + REST_LIMIT_S
        while time.monotonic() < end and is_working(life):  # noqa: ASYNC110 - it may be anything that is awaited
            await asyncio.sleep(0.005)

    async def let_leases_run_out(self) -> None:
        """Do what some minutes do."""
        if not self._leases:
            found = await self.rows(
                "select table_name, column_name from information_schema.columns "
                "where table_schema = 'public' and column_name ~ %(leases)s",
                leases=LEASES,
            )
            self._leases = [(table, column) for table, column in found]
        changes = [
            f"changed{number} as (update {table} set {column} = now() where {column} > now())"  # noqa: S608
            for number, (table, column) in enumerate(self._leases)
        ]
        await self.rows(f"with {', '.join(changes)} select 1")

    async def let_judges_be_asked(self) -> None:
        """Let the pauses be over that follow a failure."""
        await self.rows("update jobs set run_at = now() where state = 'waiting' and leased_until is null returning 1")
        await self.rows("update breakers set open_until = now() where open_until > now() returning 1")

    async def let_minutes_pass(self) -> None:
        """Let Discord forget what it was sent, and let nobody wait any more for what is on its way."""
        self.server.forgets_nonces = True
        await self.rows("update orphan_messages set orphaned_at = orphaned_at - interval '5 minutes' returning 1")
        await self.rows("update answer_messages set claimed_at = claimed_at - interval '5 minutes' returning 1")

    async def due(self) -> list[str]:
        """What is still to be done; who judges and is ill holds up nobody else."""
        well = [queue for model, queue in QUEUES.items() if model not in self.jury.ails]
        found = await self.rows(DUE, queues=well)
        return [" ".join(map(str, row)) for row in found]


DUE = """
select 'delivery', question_id::text from deliveries where state = 'waiting'
union all select 'showing', id::text || ' ' || nonce from showings
    where over_at is null and not is_private and (shown is null or shown < wanted)
union all select 'card', i.id::text from review_items i join course_settings s on s.course_id = i.course_id
    where card_shown < card_version and staff_channel_id is not null
        and (settled_at is null or card_message_id is not null)
union all select 'orphan', coalesce(message_id::text, nonce) from orphan_messages
union all select 'judgement', kind || ' of ' || answer_id from jobs where state = 'waiting' and queue = any(%(queues)s)
"""
QUEUES = {FIRST: "judge", SECOND: "second_judge"}


def is_working(life: Life) -> bool:
    """Say whether a bot does anything at this moment, but for its clock, which never ends."""
    client: Any = life.client
    if client is None:
        return False
    tasks: set[asyncio.Task[None]] = client._background
    return bool(client.answering.in_flight) or any("Clock.run" not in repr(task.get_coro()) for task in tasks)


def kept_by_life(stage: Stage) -> Callable[..., "asyncio.Task[Any]"]:
    """A task factory that notes which bot each task belongs to."""

    def made(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> "asyncio.Task[Any]":
        context = options.get("context")
        task = asyncio.Task(coro, loop=loop, **options)
        life = stage.lives.get(context[LIFE] if context and LIFE in context else LIFE.get())
        if life:
            life.tasks.add(task)
        return task

    return made


class Evening:
    """A stage that is set up and taken down."""

    def __init__(self, url: str, home: Path, answer: LlmConfig | None, jury: Jury) -> None:
        self._url, self._home, self._answer, self._jury = url, home, answer, jury

    async def __aenter__(self) -> Stage:
        self._server = await Remembering().__aenter__()
        self.stage = Stage(self._server, self._url, self._home, self._answer, self._jury)
        asyncio.get_running_loop().set_task_factory(kept_by_life(self.stage))
        logging.getLogger().addHandler(self.stage.logs)
        setup = Setup(home=self._home, database_url=self._url, embedder=EmbedderConfig(model="none"), answer=None)
        self._operator = wiring.services(setup)
        self.stage.outside = await self._operator.__aenter__()
        return self.stage

    async def __aexit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        try:
            await self._operator.__aexit__(None, None, None)
            await self.stage.kill_process()
            for life in self.stage.awake:
                await self.stage.kill(life)
        finally:
            logging.getLogger().removeHandler(self.stage.logs)
            asyncio.get_running_loop().set_task_factory(None)
            await self._server.__aexit__(kind, *raised)
