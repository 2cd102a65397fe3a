"""What each command of the command line does: open what it needs, ask a service, show what came back."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

from bot.terminal import agreement_table as views_agreement
from bot.terminal import console as terminal
from bot.terminal import documents as shapes
from db.records import Course, Language
from db.records.operation import BackupStep
from services import wiring
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.drafts import Draft
from services.answering.replies import Reply
from services.errors import Refused
from services.ground import files
from services.ground.text import clean
from services.lectures import ingest as ingesting
from services.lectures import manifest as manifests
from services.models.embedder import NONE
from services.operation import backup as saving
from services.operation import doctor as doctoring
from services.research import agreement as agreeing
from services.research import calibrate as calibration
from services.research import export as exporting
from services.research import importing
from services.research.evaluate import EvalQuestion, Outcome, by_group, outcomes, read_set
from services.research.learning import runs
from services.research.pairs import exporting as pair_exporting
from services.research.seconds import CitedAnswer, Seconds, quotations, seconds
from services.search.generations import reindex as reindexing
from services.search.retrieve import Retriever
from services.search.weights import is_unproven
from services.wiring import Services, Setup

T = TypeVar("T", saving.Saved, saving.Restored)

OPENING_PATIENCE_S = 120.0
"""How long a command waits for the model of the vectors that serve: it asks once, and wants the best answer."""
DRAWN_EVERY_S = 0.1
"""Between two looks at an answer that grows on the terminal."""

BEYOND_MEASURE = 1e9
"""A weight that leaves the order of the dense leg alone to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOrder:
    """What `monitoria ingest` was told."""

    paths: Sequence[Path]
    course: str
    manifest: Path | None
    video_url: str | None
    language: Language
    prune: bool
    dry_run: bool
    every_line: bool
    keep_names: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOrder:
    """What `monitoria export` was told."""

    course: str
    form: exporting.Format | Literal["pairs"]
    since: str | None
    out: Path | None
    language: Language | None


async def create_course(setup: Setup, *, slug: str, title: str, language: Language) -> None:
    async with wiring.store(setup) as store:
        course = await store.courses.create(slug=slug, title=title, language=language)
    terminal.show(f"Created the course {course.slug!r} ({course.title}).")
    terminal.show(f"Next: monitoria ingest PATH --course {course.slug}")


async def list_courses(setup: Setup) -> None:
    async with wiring.store(setup) as store:
        known = await store.courses.every()
    terminal.show(terminal.courses(known) if known else "No course yet; create one with `monitoria course create`.")


async def show_course(setup: Setup, slug: str) -> None:
    async with wiring.store(setup) as store:
        course = await store.courses.find(slug)
        terminal.show(terminal.lectures(await store.courses.lectures(course)))


async def ingest(setup: Setup, order: IngestOrder) -> None:
    plan = await asyncio.to_thread(
        manifests.plan,
        order.paths,
        manifest=order.manifest,
        language=order.language,
        video_url=order.video_url,
        keep_names=order.keep_names,
    )
    async with opened(_unmodelled(setup) if order.dry_run else setup) as services:
        find = services.courses.find_or_plan if order.dry_run else services.courses.find_or_create
        course, is_new = await find(order.course, language=order.language)
        if is_new:
            done = "would be" if order.dry_run else "was"
            terminal.tell(f"There was no course {course.slug!r}, so it {done} created ({course.language}).")
        report = await ingested(services, course, plan, prune=order.prune, dry_run=order.dry_run)
        if not order.dry_run:
            await mapped(services, course)
    terminal.show(terminal.ingest(report, dry_run=order.dry_run))
    if order.every_line:
        terminal.show(terminal.every_refusal(report.taken))
    if not report.complete:
        refused = sum(one.status == "refused" for one in report.taken)
        raise Refused(f"{refused} of {len(report.taken)} files could not be taken in; the reasons stand above.")


def _unmodelled(setup: Setup) -> Setup:
    """Return *setup* for work that asks no model, so that none is opened."""
    return replace(setup, embedder=replace(setup.embedder, model=NONE), answer=None, judge=None)


async def ingested(
    services: Services, course: Course, plan: manifests.Plan, *, prune: bool = False, dry_run: bool = False
) -> ingesting.Report:
    """Take in what *plan* names, with a bar for the files and one for what the model does."""
    events: AsyncIterator[ingesting.Progress | ingesting.Taken | ingesting.Report] = (
        services.ingest.rehearse(course, plan) if dry_run else services.ingest.run(course, plan, prune=prune)
    )
    with terminal.progress() as bars:
        files = bars.add_task("lectures", total=len(plan.sources))
        embedding = bars.add_task("embedding", total=None, visible=False)
        async for event in events:
            match event:
                case ingesting.Progress():
                    bars.update(
                        embedding, description=event.what, completed=event.done, total=event.total, visible=True
                    )
                case ingesting.Taken():
                    bars.advance(files)
                case ingesting.Report():
                    return event
    raise AssertionError("an ingest ends with its report")


async def mapped(services: Services, course: Course) -> None:
    """Draw the maps of what was taken in; a model writes them later, off this path."""
    with terminal.progress() as bars:
        bar = bars.add_task("maps", total=None, visible=False)
        while await services.mapper.step(course.id, stages=("cut",)):
            bars.update(bar, advance=1, visible=True)


async def search(setup: Setup, *, query: str, slug: str, k: int, lecture: str | None, as_json: bool) -> None:
    query = clean(query)  # also of bytes of the command line that are no letters
    if not query:
        raise Refused("The query is empty; write what to look for.")
    async with opened(setup, quiet=as_json) as services:
        course = await services.courses.find(slug)
        scope = [(await services.courses.lecture(course, lecture)).id] if lecture else None
        found = await services.retriever.search(course=course, questions=[query], k=k, lectures=scope)
    if as_json:
        terminal.print_json(shapes.search(query, course.slug, found.hits))
    else:
        terminal.show(terminal.hits(found.hits))


async def ask(setup: Setup, *, question: str, slug: str, lecture: str | None, everywhere: bool, as_json: bool) -> None:
    async with opened(setup, quiet=as_json) as services:
        course = await services.courses.find(slug)
        scope = (await services.courses.lecture(course, lecture)).id if lecture else None
        asked = Asked(course=course, text=question, lecture=scope, everywhere=everywhere, source="cli")
        reply = await answered(services, asked)
    if as_json:
        terminal.print_json(shapes.reply(reply))
    else:
        terminal.show(terminal.answer(reply, course.language))
        if reply.answer.further:
            terminal.tell(f"For the others ask it in `monitoria chat --course {slug}`, then write /more.", style="dim")


async def answered(services: Services, asked: Asked) -> Reply:
    """Return the reply to *asked*; the text grows on the terminal meanwhile."""
    drawn_at = float("-inf")
    with terminal.status("searching …") as status:
        async for event in services.asker.ask(asked):
            match event:
                case Draft():
                    if time.monotonic() - drawn_at >= DRAWN_EVERY_S:
                        status.update(terminal.tail(event.text))
                        drawn_at = time.monotonic()
                case Reply():
                    return event
    raise AssertionError("an answer ends with its reply")


async def evaluate(setup: Setup, *, question_set: Path, slug: str, calibrate: bool, as_json: bool) -> None:
    questions = await asyncio.to_thread(read_set, question_set)
    async with opened(setup, quiet=as_json) as services:
        course = await services.courses.find(slug)
        if calibrate:
            await _calibrate(services, course, questions)
        results = {name: await _measured(one, course, questions, name) for name, one in (await _ways(services)).items()}
        references = await _quoted(services, course, questions)
    ways = {name: by_group(outcomes_) for name, outcomes_ in results.items()}
    if as_json:
        terminal.print_json(shapes.evaluation(course.slug, str(question_set), ways, references))
    else:
        terminal.show(terminal.evaluation(ways, references))


async def agreement(setup: Setup, *, slug: str, as_json: bool) -> None:
    async with wiring.store(setup) as store:
        course = await store.courses.find(slug)
        report = await agreeing.measure(store.pool, course)
        await runs.keep_agreement(store.pool, course, report)
    if as_json:
        terminal.print_json(shapes.agreement(course.slug, report))
    else:
        terminal.show(views_agreement.agreement(course.slug, report))


async def export(setup: Setup, order: ExportOrder) -> None:
    since = exporting.day(order.since) if order.since is not None else None
    what = "pair" if order.form == "pairs" else "question"
    out = files.replacing(order.out, what="export") if order.out else nullcontext(sys.stdout.buffer)
    with out as file:
        async with wiring.store(setup) as store:
            course = await store.courses.find(order.course)
            if order.form == "pairs":
                written = pair_exporting.chunks(store.pool, course, since=since)
            else:
                written = exporting.chunks(store.pool, course, form=order.form, since=since, language=order.language)
            done = await _exported(written, file, of=f"{what}s")
            twice = await exporting.numbers_met_twice(store.pool, course) if order.form == "dossier" else []
    if not done:
        was = "compared" if order.form == "pairs" else "asked"
        asked = f"that was {was} since {order.since}" if since else "yet"
        terminal.tell(f"The course {course.slug!r} has no {what} {asked}, so the export is empty.")
    elif order.out:
        terminal.tell(f"Wrote {done:,} {what}s to {str(order.out)!r}.", style="green")
    if twice:
        numbers = ", ".join(map(str, twice))
        terminal.tell(f"Questions asked here and imported ones share numbers ({numbers}); an import would refuse them.")


async def _exported(chunks: AsyncGenerator[exporting.Chunk, None], file: BinaryIO, *, of: str) -> int:
    """Write an export to *file*; return how many questions, or pairs, it has."""
    done = 0
    with terminal.progress() as bars:
        task = bars.add_task(of, total=None)
        async with aclosing(chunks):
            async for chunk in chunks:
                _write(file, chunk.data)
                done = chunk.done
                bars.update(task, completed=done, total=chunk.total)
    return done


def _write(file: BinaryIO, data: bytes) -> None:
    try:
        file.write(data)
        file.flush()
    except OSError as error:
        # What is still buffered would fail again when the file is closed: https://docs.python.org/3/library/signal.html
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())
        if isinstance(error, BrokenPipeError):
            raise Refused("The program that reads the export has ended, so the export is not whole.") from None
        raise Refused(f"The export cannot be written ({error.strerror}); make room, and write it again.") from None


async def import_dossier(setup: Setup, *, path: Path, slug: str) -> None:
    async with wiring.store(setup) as store:
        course = await store.courses.find(slug)
        report = await _imported(importing.imported(store.pool, course, path))
    if report.new:
        terminal.show(
            f"Imported {report.new:,} questions into {course.slug!r}: {report.labels:,} manual labels and "
            f"{report.judgements:,} judgements of relevance."
        )
    if report.unchanged:
        all_of_it = "" if report.new else " Nothing changed."
        terminal.show(f"{report.unchanged:,} questions were there already, with the same content.{all_of_it}")
    for count, what in ((report.unread_labels, "manual labels other than C, P, I"), (report.unread_relevances, "AR")):
        if count:
            terminal.tell(f"Kept as text only, as no label or score of Monitoria's: {count:,} {what}.")


async def _imported(
    events: AsyncGenerator[importing.ImportProgress | importing.ImportReport, None],
) -> importing.ImportReport:
    with terminal.progress() as bars:
        task = bars.add_task("bytes", total=None)
        async with aclosing(events):
            async for event in events:
                match event:
                    case importing.ImportProgress():
                        bars.update(task, completed=event.done, total=event.total)
                    case importing.ImportReport():
                        return event
    raise AssertionError("an import ends with its report")


async def backup(setup: Setup, *, path: Path, may_replace: bool) -> None:
    saved = await _carried_out(saving.save(setup, path, may_replace=may_replace))
    terminal.show(terminal.saved(saved, path))


async def restore(setup: Setup, path: Path) -> None:
    restored = await _carried_out(saving.restore(setup, path))
    terminal.show(terminal.restored(restored))


async def _carried_out(events: AsyncGenerator[BackupStep | T, None]) -> T:
    """Show how far *events* are, and return the last."""
    with terminal.progress() as bars:
        task = bars.add_task("tables", total=None)
        async with aclosing(events):
            async for event in events:
                if not isinstance(event, BackupStep):
                    return event
                what = f"{event.doing}, {terminal.size(event.size_bytes)}"
                bars.update(task, description=what, completed=event.done, total=event.total)
    raise AssertionError("a backup, and its restoring, end with what was in it")


async def reindex(setup: Setup) -> None:
    async with opened(setup, quiet=True) as services:
        if services.embedder is None:
            raise Refused(
                services.embedder_trouble
                or "MONITORIA_EMBEDDING_MODEL is `none`, so there is nothing to build; name a model there."
            )
        with terminal.progress() as bars:
            task = bars.add_task("embedding", total=None)
            async for filled in reindexing(services.pool, services.embedder):
                bars.update(task, completed=filled.done, total=filled.total)
        terminal.show(f"{services.embedder.identity.model} serves, and no segment is without its vector.")
        services.serving.forget()
        current = await services.serving.current(patience_s=OPENING_PATIENCE_S)
        if current and is_unproven(current[0]):
            terminal.tell("It counts little until it is measured: monitoria eval SET.jsonl --course SLUG --calibrate")


async def migrate(setup: Setup) -> None:
    applied = await wiring.migrate_now(setup)
    terminal.show(f"Applied {', '.join(applied)}." if applied else "The schema is up to date.")


async def doctor(setup: Setup, *, as_json: bool, models: bool) -> bool:
    """Show what is configured and reachable, and how well the *models* answer; return whether nothing failed."""
    with terminal.status("looking …"):
        checks = [check async for check in doctoring.examine(setup)]
    if models:
        with terminal.status("asking the models …"):
            checks += [check async for check in doctoring.examine_models(setup)]
    if as_json:
        terminal.print_json(shapes.doctor(checks))
    else:
        terminal.show(terminal.doctor(checks))
    return all(check.state != "failed" for check in checks)


@asynccontextmanager
async def opened(setup: Setup, *, quiet: bool = False) -> AsyncGenerator[Services, None]:
    """Open everything for one command; unless *quiet*, say so where the search is not what it could be."""
    status = terminal.status("opening the database and the models …")
    status.start()
    try:
        async with wiring.services(setup) as services:
            serving = await services.serving.current(patience_s=OPENING_PATIENCE_S)
            status.stop()
            if services.embedder_trouble and not quiet:
                by = f"by {serving[0].model}, which serves" if serving else "by words only"
                terminal.tell(f"{services.embedder_trouble} Until then the search goes {by}.")
            yield services
    finally:
        status.stop()


async def _ways(services: Services) -> dict[str, Retriever]:
    ways = {"by words": Retriever(services.pool, None, translator=services.translator)}
    if await services.serving.current(patience_s=OPENING_PATIENCE_S):
        ways["by meaning"] = Retriever(services.pool, services.serving, dense_weights={"*": BEYOND_MEASURE})
        ways["hybrid"] = services.retriever
    return ways


async def _measured(
    retriever: Retriever, course: Course, questions: Sequence[EvalQuestion], name: str
) -> list[Outcome]:
    results: list[Outcome] = []
    with terminal.progress() as bars:
        task = bars.add_task(name, total=len(questions))
        async for outcome in outcomes(retriever, course, questions):
            results.append(outcome)
            bars.advance(task)
    return results


async def _quoted(services: Services, course: Course, questions: Sequence[EvalQuestion]) -> Seconds:
    """Measure where quotations send a student: what is answered without a language model, verified answers apart."""
    asker = Asker(services.pool, services.retriever, None, nearness=services.nearness)
    shown: list[CitedAnswer] = []
    with terminal.progress() as bars:
        task = bars.add_task("quotations", total=len(questions))
        async for one in quotations(asker, course, questions):
            shown.append(one)
            bars.advance(task)
    return seconds(shown)


async def _calibrate(services: Services, course: Course, questions: Sequence[EvalQuestion]) -> None:
    current = await services.serving.current(patience_s=OPENING_PATIENCE_S)
    if current is None:
        raise Refused("There is no embedding model to calibrate; `monitoria doctor` says why.")
    tried: list[calibration.Tried] = []
    apart = await calibration.sides(services.pool, course, questions)
    with terminal.progress() as bars:
        task = bars.add_task("weights", total=calibration.TRIES)
        async for trial in calibration.tries(services.retriever, course, questions, apart):
            tried.append(trial)
            bars.advance(task)
    weights = calibration.choose(tried, apart)
    await calibration.keep(services.pool, current[0].id, weights)
    services.serving.forget()
    listed = ", ".join(f"{language} {weight}" for language, weight in weights.items())
    terminal.tell(f"From now on {current[0].model} counts {listed}, beside 1 for the search by words.")
