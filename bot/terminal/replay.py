"""`monitoria eval --answers`: a question set through the whole path, one configuration beside another."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.terminal import beside_staff
from bot.terminal import console as terminal
from bot.terminal.judging import pairs as pairing
from db.records import Course
from services import prompts, wiring
from services.answering.ask import PROMPT, Asker
from services.answering.asked_before import Finder
from services.errors import Refused
from services.judging.judge import Judge
from services.models.chat import ChatModel
from services.models.llm import OPENAI, LlmConfig
from services.research.evaluate import EvalQuestion, read_set
from services.research.replay import Difference, Played, Summary, differences, play, summary, without
from services.research.truths import ComparedCorrectness, Truths, comparable, gone, truths
from services.search.retrieve import Retriever
from services.wiring import JUDGE_LIMIT_S, Services, Setup

CONFIGURED = "as configured"
CHANGEABLE = ("model", "base-url", "prompt", "retrieval")
ROWS = (
    ("answers judged", "scored", "{:.0f}"),
    ("answer relevance (AR)", "relevance", "{:.3f}"),
    ("silent, though answerable", "silent_when_answerable", "{:.1%}"),
    ("silent, where nothing answers", "silent_when_not", "{:.1%}"),
    ("silences the judge calls wrong", "wrong_silences", "{:.0f}"),
    ("references fully supported", "full_support", "{:.1%}"),
    ("references without support", "no_support", "{:.1%}"),
    ("latency, median", "latency_p50_ms", "{:.0f} ms"),
    ("latency, 95 % within", "latency_p95_ms", "{:.0f} ms"),
    ("tokens an answer", "tokens", "{:.0f}"),
)
CHANGES = {
    "relevance": ("AR", "{:+.3f}"),
    "correctness": ("correctness", "{:+.3f}"),
    "silence": ("share of silence", "{:+.3f}"),
    "full_support": ("full support", "{:+.3f}"),
    "latency_ms": ("latency", "{:+.0f} ms"),
    "tokens": ("tokens", "{:+.0f}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOrder:
    """What `monitoria eval --answers` was told."""

    question_set: Path
    course: str
    against: Sequence[str]
    first: int | None
    pairs: Literal["none", "asked", "kept"]  # whether the judge also compares answers two by two; kept: for staff too
    as_json: bool
    unaided: bool = False  # without the answers that staff have verified


async def replay(setup: Setup, order: ReplayOrder) -> None:
    """Answer the set, once as configured and once more where there is something to compare with; store nothing."""
    changes = changed(order.against)
    questions = read_set(order.question_set)[: order.first]
    async with wiring.services(setup) as services, _judge(setup) as judge:
        course = await services.courses.find(order.course)
        finder = Finder(services.pool, services.serving)
        written = await truths(finder, services.retriever, course, questions) if judge else {}
        given = None if order.unaided else finder
        runs = dict[str, list[Played]]()
        async with _configured(services, setup, given) as asker:
            runs[CONFIGURED] = await _played(asker, judge, course, questions, CONFIGURED, written)
        if changes:
            name = ", ".join(f"{key}={value}" for key, value in changes.items())
            async with _other(services, setup, changes, given) as asker:
                runs[name] = await _played(asker, judge, course, questions, name, written)
        compared = None
        if order.pairs != "none":
            keep = order.pairs == "kept"
            compared = await pairing.compared(services, judge, course, runs, keep=keep)
        withdrawn = await gone(services.pool, course, written)
    runs = {name: without(played, withdrawn) for name, played in runs.items()}
    summaries = {name: summary(played) for name, played in runs.items()}
    moved = differences(*runs.values()) if len(runs) == 2 else {}
    sides = [[one.beside for one in played] for played in runs.values()]
    beside = comparable(sides[0], sides[-1], gone=len(withdrawn))
    if order.as_json:
        document = shape(order.course, summaries, moved, beside)
        terminal.print_json(document | pairing.replay_document(compared))
    else:
        terminal.show(Group(view(summaries, moved, beside), *pairing.replay_view(order.course, compared)))


def changed(against: Sequence[str]) -> dict[str, str]:
    """
    Read `key=value` pairs.

    >>> changed(["model=qwen3:8b"])
    {'model': 'qwen3:8b'}

    Raises:
        Refused: a pair is none, or its key or value is not known.

    """
    changes = dict[str, str]()
    for pair in against:
        key, equals, value = pair.partition("=")
        if not equals or key not in CHANGEABLE or not value:
            raise Refused(f"{pair!r} changes nothing; write one of {', '.join(CHANGEABLE)}, then = and a value.")
        changes[key] = value
    if changes.get("retrieval", "lexical") not in {"lexical", "hybrid"}:
        raise Refused(f"The retrieval {changes['retrieval']!r} is not known; write lexical or hybrid.")
    if "prompt" in changes and changes["prompt"] not in prompts.ids("answer"):
        raise Refused(f"The prompt {changes['prompt']!r} is not known; there are {', '.join(prompts.ids('answer'))}.")
    return changes


def view(
    summaries: dict[str, Summary], moved: dict[str, Difference | None], beside: ComparedCorrectness
) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("")
    for name, reached in summaries.items():
        table.add_column(f"{name} (n = {reached.questions})", justify="right", overflow="fold")
    for title, field, form in ROWS:
        values = [getattr(reached, field) for reached in summaries.values()]
        table.add_row(title, *("–" if value is None else form.format(value) for value in values))
    parts: list[RenderableType] = [table]
    for name, reached in summaries.items():
        parts += [Text(f"{name}:", style="bold"), terminal.landed(reached.seconds)]
        outcomes = ", ".join(f"{outcome} {count}" for outcome, count in sorted(reached.outcomes.items()))
        failed = ", ".join(f"{status} {count}" for status, count in sorted(reached.failures.items())) or "none"
        parts.append(Text(f"{name}: {outcomes}. Judgements that failed: {failed}.", style="dim"))
    parts += beside_staff.view({name: reached.correctness for name, reached in summaries.items()}, beside)
    if moved:
        parts.append(Text("\nThe second against the first, question by question, with its 95 % interval:"))
        parts += [
            _change(*CHANGES[name], change)
            for name, change in moved.items()
            if name != "correctness" or beside.references
        ]
    return Group(*parts)


def shape(
    course: str,
    summaries: dict[str, Summary],
    moved: dict[str, Difference | None],
    beside: ComparedCorrectness,
) -> dict[str, Any]:
    """The JSON document; the second configuration's figures minus the first's are under `differences`."""
    return {
        "course": course,
        "configurations": [{"name": name, **_fields(reached)} for name, reached in summaries.items()],
        "differences": {name: change and _fields(change) for name, change in moved.items()},
        "beside_staff": beside_staff.shape(beside),
    }


def _fields(record: Summary | Difference) -> dict[str, Any]:
    return asdict(record)


def _change(name: str, form: str, change: Difference | None) -> Text:
    if change is None:
        return Text(f"  {name}: no question has a figure in both", style="dim")
    mean, low, high = (form.format(value) for value in (change.mean, change.low, change.high))
    is_clear = change.low > 0 or change.high < 0
    return Text(f"  {name}: {mean} ({low} to {high}, {change.pairs} questions)", style="bold" if is_clear else "")


async def _played(
    asker: Asker,
    judge: Judge | None,
    course: Course,
    questions: Sequence[EvalQuestion],
    name: str,
    written: Truths,
) -> list[Played]:
    played = list[Played]()
    with terminal.progress() as bar:
        shown = bar.add_task(name, total=len(questions))
        async for one in play(asker, judge, course, questions, written):
            played.append(one)
            bar.advance(shown)
    return played


@asynccontextmanager
async def _configured(services: Services, setup: Setup, finder: Finder | None) -> AsyncGenerator[Asker, None]:
    """Yield the one that answers students, for that is what they get; without *finder*, the model on its own."""
    if finder:
        yield services.asker
        return
    async with _other(services, setup, {}, finder) as asker:
        yield asker


@asynccontextmanager
async def _other(
    services: Services, setup: Setup, changes: dict[str, str], finder: Finder | None
) -> AsyncGenerator[Asker, None]:
    """Put together what answers with *changes*; all else is as configured."""
    retriever, near = services.retriever, services.nearness
    if changes.get("retrieval") == "lexical":
        retriever = Retriever(services.pool, None, translator=services.translator)
    config = setup.answer
    if "model" in changes or "base-url" in changes:
        before = config or LlmConfig(model="")
        config = replace(
            before,
            model=changes.get("model", before.model),
            base_url=changes.get("base-url", before.base_url or OPENAI),
            address_from="base-url",
        )
        if not config.model:
            raise Refused("There is no model to change the address of; name one with --against model=NAME.")
    async with ChatModel(config) if config else nullcontext() as model:
        yield Asker(
            services.pool,
            retriever,
            model,
            finder=finder,
            nearness=near,
            prompt=changes.get("prompt", PROMPT),
            time_limit=setup.time_limit,
        )


@asynccontextmanager
async def _judge(setup: Setup) -> AsyncGenerator[Judge | None, None]:
    if setup.judge is None:
        terminal.tell("There is no judge, so nothing is scored; set MONITORIA_JUDGE_MODEL.")
        yield None
        return
    async with ChatModel(setup.judge) as model:
        yield Judge(model, time_limit_s=JUDGE_LIMIT_S)
