"""Open what Monitoria needs, hand it out, and close it in reverse: the one place where things are put together."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import connect, embedded
from db.errors import DatabaseBroken, DatabaseRefused, DatabaseUnavailable, describe
from db.migrate import migrate
from db.records import Generation
from services import language
from services.annotate import Annotate
from services.ask import Asker
from services.courses import Courses
from services.deliveries import Deliveries
from services.digest.figures import Figures
from services.digest.mail import Mailer, mail_server, sender_named
from services.digests import Digests
from services.embedder import NONE, Embedder, EmbedderConfig, open_embedder
from services.errors import Broken, Refused, Unavailable
from services.generations import Serving
from services.ingest import Ingest
from services.judge.asking import Judge
from services.judge.rules import Rules
from services.llm import ChatModel, LlmConfig
from services.people import People
from services.privacy import Privacy
from services.queue import Queue
from services.retrieve import Retriever
from services.review import Review
from services.spaces import Spaces
from services.verified import Finder, VerifiedAnswers
from services.worker import Worker

log = logging.getLogger(__name__)

JUDGE_LIMIT_S = 60.0
"""For one judgement, all its calls together; nobody waits for it, but it holds its job's lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the environment decided."""

    home: Path
    database_url: str | None  # None: the embedded database of home
    embedder: EmbedderConfig
    answer: LlmConfig | None  # None: answers are quotations
    judge: LlmConfig | None = None  # None: answers are not judged
    mail: tuple[str, str] | None = None  # the mail server's address and the sender; None: digests are not mailed
    time_limit: timedelta = timedelta(seconds=60)  # for one answer, from question to last word


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The database, migrated, and what needs nothing else."""

    pool: AsyncConnectionPool
    courses: Courses


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What judges answers, without what answers questions."""

    courses: Courses
    queue: Queue
    rules: Rules
    worker: Worker | None  # None: there is no judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that Monitoria does, ready to be asked."""

    pool: AsyncConnectionPool
    courses: Courses
    embedder: Embedder | None  # the one that is configured; None: not wanted, or it cannot be reached
    embedder_trouble: str | None  # one sentence, where it cannot be reached
    serving: Serving
    retriever: Retriever
    ingest: Ingest
    asker: Asker
    people: People
    spaces: Spaces
    deliveries: Deliveries
    annotate: Annotate
    privacy: Privacy
    answer_model: str | None  # None: answers are quotations
    queue: Queue
    rules: Rules
    worker: Worker | None  # None: there is no judge
    review: Review
    verified: VerifiedAnswers
    digests: Digests
    mailer: Mailer | None  # None: digests are not mailed


@asynccontextmanager
async def database(setup: Setup) -> AsyncGenerator[str, None]:
    """Yield the URL of the database, as it is; an embedded one runs until the end."""
    async with _translated(setup):
        if setup.database_url:
            yield setup.database_url
            return
        async with embedded.running(setup.home) as url:
            yield url


async def migrate_now(setup: Setup) -> tuple[str, ...]:
    """Bring the schema up to date; return the names of the migrations applied now."""
    async with database(setup) as url:
        return await migrate(url)


@asynccontextmanager
async def store(setup: Setup) -> AsyncGenerator[Store, None]:
    """Open the database and bring its schema up to date."""
    async with database(setup) as url:
        await migrate(url)
        async with connect.pool(url) as pool:
            yield Store(pool=pool, courses=Courses(pool))


@asynccontextmanager
async def judging(setup: Setup) -> AsyncGenerator[Judging, None]:
    """Open the judge and its queue; the model of the vectors, which takes long, is not needed for them."""
    async with store(setup) as opened, AsyncExitStack() as stack:
        worker = await _worker(stack, opened.pool, setup.judge) if setup.judge else None
        yield Judging(courses=opened.courses, queue=Queue(opened.pool), rules=Rules(opened.pool), worker=worker)


@asynccontextmanager
async def services(setup: Setup) -> AsyncGenerator[Services, None]:
    """Open everything. An embedding model that cannot be reached is no reason to fail: words find a lot."""
    async with store(setup) as opened, AsyncExitStack() as stack:
        (embedder, trouble), _ = await asyncio.gather(
            _embedder(stack, setup.embedder), asyncio.to_thread(language.warm)
        )
        serving = await stack.enter_async_context(
            Serving(opened.pool, embedder, reopen=lambda generation: _reopen(setup.embedder, generation))
        )
        model = await stack.enter_async_context(ChatModel(setup.answer)) if setup.answer else None
        retriever = Retriever(opened.pool, serving)
        worker = await _worker(stack, opened.pool, setup.judge) if setup.judge else None
        people = People(opened.pool)
        asker = Asker(
            opened.pool,
            retriever,
            model,
            finder=Finder(opened.pool, serving),
            is_judged=worker is not None,
            time_limit=setup.time_limit,
        )
        yield Services(
            pool=opened.pool,
            courses=opened.courses,
            embedder=embedder,
            embedder_trouble=trouble,
            serving=serving,
            retriever=retriever,
            ingest=Ingest(opened.pool, serving, embedder),
            asker=asker,
            people=people,
            spaces=Spaces(opened.pool),
            deliveries=Deliveries(opened.pool),
            annotate=Annotate(opened.pool),
            privacy=Privacy(opened.pool, people),
            answer_model=model.name if model else None,
            queue=Queue(opened.pool),
            rules=Rules(opened.pool),
            worker=worker,
            review=Review(opened.pool, asker),
            verified=VerifiedAnswers(opened.pool),
            digests=Digests(opened.pool, Figures(opened.pool, serving)),
            mailer=_mailer(setup),
        )


def _mailer(setup: Setup) -> Mailer | None:
    if setup.mail is None:
        return None
    url, sender = setup.mail
    return Mailer(server=mail_server(url), sender=sender_named(sender))


async def _worker(stack: AsyncExitStack, pool: AsyncConnectionPool, config: LlmConfig) -> Worker:
    # A server that asks for patience is answered by the queue, which has more of it.
    model = await stack.enter_async_context(ChatModel(config, longest_wait_s=0.0))
    return Worker(pool, Judge(model, time_limit_s=JUDGE_LIMIT_S))


async def _embedder(stack: AsyncExitStack, config: EmbedderConfig) -> tuple[Embedder | None, str | None]:
    """Return the configured embedder, or why it cannot be had."""
    try:
        return await stack.enter_async_context(open_embedder(config)), None
    except Unavailable as error:
        return None, str(error)


def _reopen(configured: EmbedderConfig, generation: Generation) -> AbstractAsyncContextManager[Embedder | None]:
    """Open the model of a generation that was built under another configuration, unless none is wanted at all."""
    if configured.model == NONE:
        return open_embedder(configured)
    name = "bundled" if generation.model == "all-MiniLM-L6-v2" else generation.model
    backend = "openai" if generation.backend == "openai" else "torch"
    return open_embedder(replace(configured, model=name, backend=backend))


@asynccontextmanager
async def _translated(setup: Setup) -> AsyncGenerator[None, None]:
    """Turn what the database can say, here or later while it is used, into errors that say what to do."""
    try:
        yield
    except DatabaseRefused as error:
        raise Refused(str(error)) from error
    except DatabaseUnavailable as error:
        raise Unavailable(str(error)) from error
    except DatabaseBroken as error:
        raise Broken(str(error)) from error
    except (psycopg.OperationalError, PoolTimeout) as error:
        which = describe(setup.database_url) if setup.database_url else "embedded database"
        raise Unavailable(f"The {which} went away in the middle of the work; start it and try again.") from error
