"""Open what Monitoria needs, hand it out, and close it in reverse: the one place where things are put together."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import connect, embedded, poolers
from db.errors import DatabaseBroken, DatabaseRefused, DatabaseUnavailable, describe
from db.migrate import migrate, read_only
from db.records import Generation
from services.answering.ask import Asker
from services.answering.asked_before import Finder, VerifiedAnswers
from services.answering.deliveries import Deliveries
from services.answering.showings import Showings
from services.citing.nearness import Nearness
from services.courses.courses import Courses
from services.courses.interactions import Interactions
from services.courses.judge_settings import CourseJudging
from services.courses.people import People
from services.courses.places import Spaces
from services.courses.privacy import Privacy
from services.courses.staffed_threads import StaffFirst
from services.digest.digests import Digests
from services.digest.figures import Figures
from services.digest.page.mail import Mailer, mail_server, sender_named
from services.errors import Broken, Refused, Unavailable
from services.judging import seconding
from services.judging.canaries.keeping import Alerts
from services.judging.canaries.watching import Canaries
from services.judging.judge import Judge
from services.judging.queue import Queue
from services.judging.worker import Worker, WorkerPace
from services.lectures.cards import LectureCards
from services.lectures.filling import Filling
from services.lectures.ingest import Ingest
from services.lectures.lookup import Lookup
from services.mapping.mapper import Mapper
from services.mapping.maps import Maps
from services.mapping.queue import MapQueue
from services.models.chat import ChatModel
from services.models.embedder import (
    NONE,
    Configured,
    Embedder,
    EmbedderConfig,
    configured_name,
    fields_of,
    open_embedder,
)
from services.models.llm import LlmConfig
from services.models.translator import OfflineTranslator, open_translator
from services.notation.drawing_process import Pictures
from services.reviewing.annotate import Annotate
from services.reviewing.keeping import Keeping
from services.reviewing.pairs import Pairs
from services.reviewing.review import Review
from services.reviewing.second_looks import SecondLooks
from services.search.generations import Serving, identity_of
from services.search.retrieve import Retriever
from services.words import language

log = logging.getLogger(__name__)

JUDGE_LIMIT_S = 60.0
"""For one judgement, all its calls together; nobody waits for it, but it holds its job's lease."""
SECOND_PACE = WorkerPace(slots=2, poll_s=5.0)
"""Second opinions are few, and hurried by nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the environment decided."""

    home: Path
    database_url: str | None  # None: the embedded database of home
    embedder: EmbedderConfig
    answer: LlmConfig | None  # None: answers are quotations
    judge: LlmConfig | None = None  # None: answers are not judged
    second_judge: LlmConfig | None = None  # of second opinions; None: the judge, asked otherwise
    wants_translation: bool = True  # of questions, where the package for it is installed
    mail: tuple[str, str] | None = None  # the mail server's address and the sender; None: digests are not mailed
    time_limit: timedelta = timedelta(seconds=60)  # for one answer, from question to last word

    @property
    def has_another_judge(self) -> bool:
        """Tell whether second opinions come from another model than the judge's: one name on two servers is two."""
        first, second = self.judge, self.second_judge
        if first is None or second is None:
            return False
        return (second.model, second.base_url) != (first.model, first.base_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The database, migrated, and what needs nothing else."""

    pool: AsyncConnectionPool
    courses: Courses
    maps: Maps


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What judges answers, without what answers questions."""

    pool: AsyncConnectionPool
    courses: Courses
    queue: Queue
    judge_settings: CourseJudging
    worker: Worker | None  # None: there is no judge
    second_worker: Worker | None  # of second opinions; None: as above
    canaries: Canaries | None  # None: as above
    filling: Filling
    mapper: Mapper
    map_queue: MapQueue

    @property
    def judge(self) -> Judge | None:
        """What the worker judges with."""
        return self.worker and self.worker.judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that Monitoria does, ready to be asked."""

    pool: AsyncConnectionPool
    courses: Courses
    lookup: Lookup
    configured: Configured
    filling: Filling
    serving: Serving
    translator: OfflineTranslator | None  # None: not wanted, or not installed
    retriever: Retriever
    nearness: Nearness
    ingest: Ingest
    maps: Maps
    mapper: Mapper
    map_queue: MapQueue
    asker: Asker
    people: People
    spaces: Spaces
    deliveries: Deliveries
    staff_first: StaffFirst
    keeping: Keeping
    showings: Showings
    interactions: Interactions
    annotate: Annotate
    privacy: Privacy
    answer_model: str | None  # None: answers are quotations
    queue: Queue
    judge_settings: CourseJudging
    worker: Worker | None  # None: there is no judge
    second_worker: Worker | None  # of second opinions; None: as above
    canaries: Canaries | None  # None: as above
    alerts: Alerts
    review: Review
    second_looks: SecondLooks
    pairs: Pairs
    verified: VerifiedAnswers
    digests: Digests
    lecture_cards: LectureCards
    mailer: Mailer | None  # None: digests are not mailed
    pictures: Pictures

    @property
    def embedder(self) -> Embedder | None:
        """The model that is configured; None: not wanted, or it cannot be reached now."""
        return self.configured.embedder

    @property
    def embedder_trouble(self) -> str | None:
        """Why it cannot be reached now, in one sentence."""
        return self.configured.trouble


@asynccontextmanager
async def database(setup: Setup) -> AsyncGenerator[str, None]:
    """Yield the URL of the database, as it is; an embedded one runs until the end."""
    async with _translated(setup):
        if setup.database_url:
            await poolers.require_own_session(setup.database_url)
            yield setup.database_url
            return
        async with embedded.running(setup.home) as url:
            yield url


async def migrate_now(setup: Setup) -> tuple[str, ...]:
    """Bring the schema up to date; return the names of the migrations applied now."""
    async with database(setup) as url:
        return await migrate(url)


@asynccontextmanager
async def store(setup: Setup, *, lasts: bool = False) -> AsyncGenerator[Store, None]:
    """
    Open the database and bring its schema up to date.

    A command needs one connection, and opening one takes longer than most statements; what *lasts* has all ready.
    """
    async with database(setup) as url:
        await migrate(url)
        async with connect.pool(url, ready=connect.SIZE if lasts else 1) as pool:
            yield Store(pool=pool, courses=Courses(pool), maps=Maps(pool))


@asynccontextmanager
async def judging(setup: Setup) -> AsyncGenerator[Judging, None]:
    """Open the judge and its queue; the model of the vectors, which takes long, is not needed for them."""
    async with store(setup) as opened, AsyncExitStack() as stack:
        worker = await _worker(stack, opened.pool, setup.judge) if setup.judge else None
        configured = await stack.enter_async_context(Configured(setup.embedder))
        serving = await stack.enter_async_context(_serving(opened.pool, setup, configured))
        yield Judging(
            pool=opened.pool,
            courses=opened.courses,
            queue=Queue(opened.pool),
            judge_settings=CourseJudging(opened.pool),
            worker=worker,
            second_worker=await _second_worker(stack, opened.pool, setup),
            canaries=Canaries(opened.pool, worker.judge) if worker else None,
            filling=Filling(opened.pool, configured, serving),
            mapper=await _mapper(stack, opened.pool, setup.answer),
            map_queue=MapQueue(opened.pool, is_written=setup.answer is not None),
        )


@asynccontextmanager
async def services(setup: Setup, *, lasts: bool = False) -> AsyncGenerator[Services, None]:
    """Open everything. An embedding model that cannot be reached is no reason to fail: words find a lot."""
    async with store(setup, lasts=lasts) as opened, AsyncExitStack() as stack:
        configured = await stack.enter_async_context(Configured(setup.embedder))
        await asyncio.gather(configured.open(), asyncio.to_thread(language.warm))
        serving = await stack.enter_async_context(_serving(opened.pool, setup, configured))
        model = await stack.enter_async_context(ChatModel(setup.answer)) if setup.answer else None
        translator = await stack.enter_async_context(open_translator(is_wanted=setup.wants_translation))
        retriever = Retriever(opened.pool, serving, translator=translator)
        worker = await _worker(stack, opened.pool, setup.judge) if setup.judge else None
        people, nearness, finder = People(opened.pool), Nearness(opened.pool, serving), Finder(opened.pool, serving)
        judged, limit = worker is not None, setup.time_limit
        asker = Asker(
            opened.pool, retriever, model, finder=finder, nearness=nearness, is_judged=judged, time_limit=limit
        )
        yield Services(
            pool=opened.pool,
            courses=opened.courses,
            lookup=Lookup(opened.pool),
            configured=configured,
            filling=Filling(opened.pool, configured, serving),
            serving=serving,
            translator=translator,
            retriever=retriever,
            nearness=nearness,
            ingest=Ingest(opened.pool, serving, None, wants_vectors=setup.embedder.model != NONE),
            maps=opened.maps,
            mapper=await _mapper(stack, opened.pool, setup.answer),
            map_queue=MapQueue(opened.pool, is_written=setup.answer is not None),
            asker=asker,
            people=people,
            spaces=Spaces(opened.pool),
            deliveries=Deliveries(opened.pool),
            staff_first=StaffFirst(opened.pool),
            keeping=Keeping(opened.pool, retriever),
            showings=Showings(opened.pool),
            interactions=Interactions(opened.pool),
            annotate=Annotate(opened.pool),
            privacy=Privacy(opened.pool, people),
            answer_model=model.name if model else None,
            queue=Queue(opened.pool),
            judge_settings=CourseJudging(opened.pool),
            worker=worker,
            second_worker=await _second_worker(stack, opened.pool, setup),
            canaries=Canaries(opened.pool, worker.judge) if worker else None,
            alerts=Alerts(opened.pool),
            review=Review(opened.pool, asker),
            second_looks=SecondLooks(opened.pool),
            pairs=Pairs(opened.pool),
            verified=VerifiedAnswers(opened.pool),
            digests=Digests(opened.pool, Figures(opened.pool, serving)),
            lecture_cards=LectureCards(opened.pool),
            mailer=_mailer(setup),
            pictures=Pictures(),
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


async def _second_worker(stack: AsyncExitStack, pool: AsyncConnectionPool, setup: Setup) -> Worker | None:
    if setup.judge is None:
        return None
    config = setup.second_judge or setup.judge
    model = await stack.enter_async_context(ChatModel(config, longest_wait_s=0.0))
    judge = Judge(model, time_limit_s=JUDGE_LIMIT_S, is_another=setup.has_another_judge)
    return Worker(pool, judge, queue=seconding.QUEUE, pace=SECOND_PACE)


async def _mapper(stack: AsyncExitStack, pool: AsyncConnectionPool, config: LlmConfig | None) -> Mapper:
    model = await stack.enter_async_context(ChatModel(config, longest_wait_s=0.0)) if config else None
    return Mapper(pool, model)


def _serving(pool: AsyncConnectionPool, setup: Setup, configured: Configured) -> Serving:
    return Serving(pool, configured, reopen=lambda generation: _reopen(setup.embedder, configured, generation))


def _reopen(
    config: EmbedderConfig, configured: Configured, generation: Generation
) -> AbstractAsyncContextManager[Embedder | None]:
    """Open the model of a generation that was built under another configuration, unless none is wanted at all."""
    if config.model == NONE:
        return open_embedder(config)
    backend = "openai" if generation.backend == "openai" else "torch"
    wanted = replace(config, model=configured_name(identity_of(generation)), backend=backend)
    if wanted == config and configured.embedder is None:
        return nullcontext()  # it is the configured one, which is tried already; twice in memory it is no use
    query_fields, passage_fields = fields_of(generation.revision) if backend == "openai" else ("", "")
    return open_embedder(
        replace(
            wanted,
            query_prefix=generation.query_prefix,
            passage_prefix=generation.passage_prefix,
            query_fields=query_fields,
            passage_fields=passage_fields,
        )
    )


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
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise Refused(str(read_only(setup.database_url or ""))) from error
    except (psycopg.errors.DuplicatePreparedStatement, psycopg.errors.InvalidSqlStatementName) as error:
        # Only a pooler that escaped `require_own_session` loses what was prepared.
        raise Refused(str(poolers.transaction_pooler(setup.database_url or ""))) from error
