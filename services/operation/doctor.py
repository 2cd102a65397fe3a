"""Look at what is configured and what is reachable, and say what to do about the rest."""

import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Literal

from db import connect, generations, migrate, vectors, versions
from db.errors import describe
from db.records import Course
from db.records.operation import QueueState
from services import wiring
from services.errors import MonitoriaError
from services.mapping.queue import MapQueue
from services.models.chat import ChatModel, Message
from services.models.embedder import NONE
from services.models.llm import LlmConfig
from services.operation import model_checks
from services.operation.model_checks import Finding
from services.search.generations import matches
from services.search.weights import is_unproven
from services.wiring import Services, Setup

State = Literal["ok", "note", "failed"]
PING_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at."""

    name: str
    state: State  # "note": it works, but not as it could
    detail: str
    advice: str = ""  # what to do, where there is something to do


async def examine(setup: Setup) -> AsyncIterator[Check]:
    """Yield checks as they are done; a failed one does not keep the others from being tried."""
    yield _python()
    yield _home(setup)
    is_seconded = False
    try:
        async with wiring.database(setup) as url:
            yield await _server(setup, url)
            yield await _schema(url)
        # Without the models, which are asked for themselves below: the address of one may be none.
        async with wiring.services(replace(setup, answer=None, judge=None, second_judge=None)) as opened:
            yield _embedder(opened)
            yield await _vectors(setup, opened)
            yield await _translation(setup, opened)
            async for check in _courses(opened):
                yield check
            yield await _judgements(opened)
            yield await _maps(setup, opened)
            is_seconded = await _is_seconded(opened)
    except MonitoriaError as error:
        yield Check(name="database", state="failed", detail=str(error))
    yield await _answers(setup)
    yield await _judge(setup)
    if setup.judge and (is_seconded or setup.has_another_judge):
        yield await _second_judge(setup)


async def examine_models(setup: Setup) -> AsyncIterator[Check]:
    """Yield what real questions to the configured models show; each costs what a student's question costs."""
    if setup.answer:
        async for found in model_checks.answering(setup.answer):
            yield _asked("answers", found)
    if setup.judge:
        yield _asked("judge", await model_checks.judging(setup.judge))


def _asked(model: str, found: Finding) -> Check:
    return Check(name=f"{model}: {found.name}", state=found.state, detail=found.detail, advice=found.advice)


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(name="python", state="ok", detail=f"{version} on {sys.platform}")


def _home(setup: Setup) -> Check:
    home = setup.home
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        return Check(
            name="home",
            state="failed",
            detail=f"{home} cannot be written to." if nearest.is_dir() else f"{nearest} is no folder.",
            advice="Set MONITORIA_HOME to a folder of yours, or change the rights of this one.",
        )
    return Check(name="home", state="ok", detail=str(home))


async def _server(setup: Setup, url: str) -> Check:
    async with await connect.connected(url) as conn:
        found = await versions.versions(conn)
        user = conn.info.user
    which = describe(setup.database_url) if setup.database_url else "embedded database"
    if found.vector and not found.vector_in_path:
        return Check(name="database", state="failed", detail=f"The {which} {migrate.off_the_path(found, user)}.")
    # A new database is filled by the checks that follow.
    vector = found.vector or found.vector_available or "missing"
    return Check(
        name="database",
        state="ok" if found.vector or found.vector_available else "failed",
        detail=f"{which}: PostgreSQL {found.server}, pgvector {vector}",
        advice="" if found.vector or found.vector_available else "Install pgvector for this PostgreSQL.",
    )


async def _schema(url: str) -> Check:
    waiting = await migrate.pending(url)
    if len(waiting) == len(migrate.migrations_in(migrate.MIGRATIONS)):
        return Check(name="schema", state="ok", detail="new: this command makes it")
    if waiting:
        count = "1 migration" if len(waiting) == 1 else f"{len(waiting)} migrations"
        return Check(
            name="schema",
            state="note",
            detail=f"{count} had not been applied yet: {', '.join(waiting)}.",
            advice="This command has it done now, as any other would; nothing is left to do.",
        )
    return Check(name="schema", state="ok", detail="up to date")


def _embedder(opened: Services) -> Check:
    if opened.embedder_trouble:
        return Check(
            name="embedding",
            state="note",
            detail=opened.embedder_trouble,
            advice="How searches go until then, `vectors` tells.",
        )
    if opened.embedder is None:
        return Check(
            name="embedding",
            state="note",
            detail="none, as configured: searches go by words only.",
            advice="Set MONITORIA_EMBEDDING_MODEL to search by meaning as well.",
        )
    identity = opened.embedder.identity
    limit = f", {opened.embedder.max_tokens} tokens" if opened.embedder.max_tokens else ""
    return Check(
        name="embedding",
        state="ok",
        detail=f"{identity.model} by {identity.backend}, {identity.dimension} dimensions{limit}",
    )


async def _vectors(setup: Setup, opened: Services) -> Check:
    if setup.embedder.model == NONE:
        return Check(name="vectors", state="ok", detail="not searched, as configured")
    current = await opened.serving.current(patience_s=60)
    if current is None:
        return await _unserved(opened)
    generation, _ = current
    async with opened.pool.connection() as conn:
        missing = await vectors.count_missing(conn, generation=generation.id, course=None)
    if missing:
        return Check(
            name="vectors",
            state="note",
            detail=f"{missing} segments have none in the generation of {generation.model} that serves.",
            advice="`monitoria run` and `monitoria worker` fill them in by and by, `monitoria reindex` does it now.",
        )
    if opened.embedder and not matches(generation, opened.embedder.identity):
        return Check(
            name="vectors",
            state="note",
            detail=f"{generation.model} serves, not the model that is configured.",
            advice="Run `monitoria reindex` to change over.",
        )
    if is_unproven(generation):
        return Check(
            name="vectors",
            state="note",
            detail=f"whole, of {generation.model}, which counts little until it is measured.",
            advice="Run `monitoria eval SET.jsonl --course SLUG --calibrate`; docs/retrieval.md says with what.",
        )
    return Check(name="vectors", state="ok", detail=f"whole, of {generation.model}")


async def _unserved(opened: Services) -> Check:
    """Say why no search goes by meaning; where nothing can be searched, there is nothing to do."""
    async with opened.pool.connection() as conn:
        generation = await generations.serving(conn)
        missing = await vectors.count_missing(conn, generation=generation and generation.id, course=None)
    if generation:
        return Check(
            name="vectors",
            state="note",
            detail=f"those of {generation.model} serve, which cannot be asked now: searches go by words only.",
            advice="Make that model reachable again, or configure another one and run `monitoria reindex`.",
        )
    if missing:
        return Check(
            name="vectors",
            state="note",
            detail=f"{missing} segments have none, and are found by words only.",
            advice="Run `monitoria reindex`, once an embedding model can be reached.",
        )
    return Check(name="vectors", state="ok", detail="none needed yet: no lecture has been taken in")


async def _translation(setup: Setup, opened: Services) -> Check:
    if not setup.wants_translation:
        return Check(name="translation", state="ok", detail="none, as configured")
    if opened.translator is None:
        return Check(
            name="translation",
            state="note",
            detail="not installed: lectures in another language than the question's are found less often.",
            advice="Install the extra `translate`, for courses with lectures in Portuguese and in English.",
        )
    try:
        await opened.translator.require_working()
    except MonitoriaError as error:
        return Check(name="translation", state="note", detail=str(error), advice="Searches go on without.")
    return Check(name="translation", state="ok", detail="of questions, between Portuguese and English, on this machine")


async def _answers(setup: Setup) -> Check:
    if setup.answer is None:
        return Check(
            name="answers",
            state="note",
            detail="quotations from the lectures: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set.",
            advice="Set one of them, and MONITORIA_ANSWER_MODEL, for written answers.",
        )
    return await _model("answers", setup.answer)


async def _judge(setup: Setup) -> Check:
    if setup.judge is None:
        return Check(
            name="judge",
            state="note",
            detail="none: answers are not scored.",
            advice="Set MONITORIA_JUDGE_MODEL, with a key or an address, to have them scored.",
        )
    if setup.judge == setup.answer:
        return Check(name="judge", state="ok", detail="the model that answers")
    return await _model("judge", setup.judge)


async def _is_seconded(opened: Services) -> bool:
    """Tell whether any course has second opinions."""
    settings = [await opened.judge_settings.of(course) for course in await opened.courses.every()]
    return any(one.second_opinion for one in settings)


async def _second_judge(setup: Setup) -> Check:
    """Say who gives second opinions, in the courses that have them."""
    if setup.second_judge is None or not setup.has_another_judge:
        return Check(
            name="second opinions",
            state="note",
            detail="from the model that judges, asked the other way round: two opinions of one model err alike.",
            advice="Set MONITORIA_SECOND_JUDGE_MODEL to another one to hear more than that.",
        )
    return await _model("second opinions", setup.second_judge)


async def _model(name: str, config: LlmConfig) -> Check:
    try:
        async with ChatModel(config) as model:
            said = await model.complete(
                [Message(role="user", content="Reply with the single word OK.")], time_limit_s=PING_LIMIT_S
            )
    except MonitoriaError as error:
        return Check(name=name, state="failed", detail=str(error))
    return Check(name=name, state="ok", detail=f"{said.model} at {config.base_url}")


async def _judgements(opened: Services) -> Check:
    judge, second = await opened.queue.state(None), await opened.queue.second_state(None)
    if judge.breaker and judge.breaker.is_open:
        return Check(name="judgements", state="failed", detail=f"held up: {judge.breaker.reason}")
    if second.breaker and second.breaker.is_open:
        detail = f"second opinions are held up: {second.breaker.reason}"
        return Check(name="judgements", state="note", detail=detail, advice="Nothing else waits for them.")
    return _worked_off("judgements", judge, second)


async def _maps(setup: Setup, opened: Services) -> Check:
    state = await MapQueue(opened.pool, is_written=setup.answer is not None).state(None)
    if state.breaker and state.breaker.is_open:
        detail = f"their writing is held up: {state.breaker.reason}"
        return Check(name="maps", state="note", detail=detail, advice="Until then lines are the lecturer's own words.")
    return _worked_off("maps", state)


def _worked_off(name: str, *states: QueueState) -> Check:
    waiting, dead = (sum(state.counts.get(what, 0) for state in states) for what in ("waiting", "dead"))
    if dead:
        return Check(
            name=name,
            state="note",
            detail=f"{dead} were given up, {waiting} wait." if dead > 1 else f"1 was given up, {waiting} wait.",
            advice="`monitoria queue` says why; once the cause is gone, `monitoria queue --requeue-all` has them tried "
            "again.",
        )
    return Check(name=name, state="ok", detail=f"{waiting} wait")


async def _courses(opened: Services) -> AsyncIterator[Check]:
    known = await opened.courses.every()
    if not known:
        yield Check(
            name="courses",
            state="note",
            detail="none yet.",
            advice="Try `monitoria demo` first, or create one: monitoria course create SLUG --title TITLE",
        )
    for course in known:
        yield await _course(opened, course)


async def _course(opened: Services, course: Course) -> Check:
    lectures = await opened.courses.lectures(course)
    if not lectures:
        return Check(
            name=f"course {course.slug}",
            state="note",
            detail="no lectures yet.",
            advice=f"Take some in: monitoria ingest PATH --course {course.slug}",
        )
    without_video = [lecture.slug for lecture in lectures if lecture.video_url is None]
    return Check(
        name=f"course {course.slug}",
        state="note" if without_video else "ok",
        detail=("1 lecture" if len(lectures) == 1 else f"{len(lectures)} lectures")
        + (f", {len(without_video)} without a video address ({', '.join(without_video[:3])})" if without_video else ""),
        advice="Without an address a reference shows its time but opens nothing." if without_video else "",
    )
