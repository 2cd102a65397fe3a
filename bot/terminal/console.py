"""How things look in a terminal."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status
from rich.table import Table
from rich.text import Text

from db.records import Course, Hit, Language, Lecture, Outcome, Reference
from db.records.operation import BackupContents
from services import i18n
from services.answering.released import instead
from services.answering.replies import Reply
from services.ground.timestamps import clock
from services.lectures.ingest import Report, Taken
from services.lectures.links import moment
from services.notation.shown import plainly
from services.operation.backup import Restored, Saved
from services.operation.doctor import Check
from services.research.evaluate import RetrievalFigures
from services.research.seconds import Landed, Seconds
from services.search.scope.saying import named

SHOWN_REFUSALS = 5
STATUS_STYLES = {"new": "green", "changed": "yellow", "unchanged": "dim", "refused": "red"}
OUTCOME_STYLES: Mapping[Outcome, str] = {
    "answered": "green",
    "no_material": "yellow",
    "needs_staff": "cyan",
    "failed": "red",
}


def answer(replied: Reply, language: Language) -> RenderableType:
    """
    Show an answer with its references, or with the passages where there is nothing to cite.

    What stands around its text is in the course's *language*, as in its channels.
    """
    style = OUTCOME_STYLES[replied.answer.outcome]
    parts: list[RenderableType] = [
        Panel(
            Text(plainly(replied.answer.text) if replied.may_be_seen else instead(replied.mark, language)),
            title=Text(replied.question),
            title_align="left",
            border_style=style,
        )
    ]
    if replied.scope and replied.scope.kind == "within":
        lectures = named(replied.scope.lectures, language)
        parts.append(Text(i18n.text("scope.within", language, lectures=lectures), style="dim"))
    if replied.references:
        parts.append(references(replied.references))
    elif replied.answer.outcome == "failed":
        parts.append(hits(replied.hits[:3]))
    return Group(*parts)


def references(cited: Sequence[Reference]) -> RenderableType:
    lines: list[RenderableType] = []
    for one in cited:
        head = Text(f"[{one.number}] {clock(one.start_s)}  ", style="bold")
        head.append(one.title, style="cyan")
        lines.append(head)
        if one.url:
            # Links are printed whole, never wrapped in a cell: they are for clicking and copying.
            lines.append(Text(f"    {one.url}", style="blue", no_wrap=True, overflow="ignore"))
        lines.append(Text(f"    “{one.quote}”", style="dim"))
    return Group(*lines)


def hits(found: Sequence[Hit]) -> RenderableType:
    if not found:
        return Text("Nothing found.", style="yellow")
    lines: list[RenderableType] = []
    for hit in found:
        score = "by words" if hit.score is None else f"cosine {hit.score:.3f}"
        head = Text(f"{hit.rank:>2}. {clock(hit.start_s)}–{clock(hit.end_s)}  ", style="bold")
        head.append(hit.title, style="cyan").append(f"  ({hit.lecture}, {score})", style="dim")
        lines.append(head)
        if url := moment(hit.video_url, hit.start_s, hit.duration_s):
            lines.append(Text(f"    {url}", style="blue", no_wrap=True, overflow="ignore"))
        lines.append(Text("    " + _shortened(hit.text), style="dim"))
    return Group(*lines)


def ingest(report: Report, *, dry_run: bool) -> RenderableType:
    """Show what became of each file, with totals that add up."""
    table = Table(
        title="Dry run: nothing is stored" if dry_run else None,
        box=SIMPLE_HEAD,
        show_footer=True,
        footer_style="bold",
        padding=(0, 1),
        collapse_padding=True,
    )
    taken = report.taken
    table.add_column("lecture", counted(len(taken), "file"), overflow="fold")
    table.add_column("", ", ".join(f"{n} {status}" for status, n in Counter(one.status for one in taken).items()))
    table.add_column("format")
    for name, total in (
        ("cues", sum(one.found for one in taken)),
        ("kept", sum(one.kept for one in taken)),
        ("left out", sum(len(one.refusals) for one in taken)),
        ("segments", sum(one.segments for one in taken)),
    ):
        table.add_column(name, f"{total:,}", justify="right")
    for one in taken:
        table.add_row(
            escape(one.slug),
            f"[{STATUS_STYLES[one.status]}]{one.status}[/]",
            one.format or "",
            f"{one.found:,}",
            f"{one.kept:,}",
            f"{len(one.refusals):,}",
            f"{one.segments:,}",
        )
    return Group(table, *_paces(taken), *_remarks(report, dry_run=dry_run))


def _paces(taken: Sequence[Taken]) -> list[RenderableType]:
    """Show at a glance whether a lecture's times are off; what is covered is the share of the video under cues."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True)
    table.add_column("lecture", overflow="fold")
    for name in ("from", "to", "words/min", "covered"):
        table.add_column(name, justify="right")
    for one in taken:
        if pace := one.pace:
            covered = "?" if pace.covered is None else f"{pace.covered:.0%}"
            table.add_row(
                escape(one.slug), clock(pace.start_s), clock(pace.end_s), f"{pace.words_per_minute:,.0f}", covered
            )
    return [table] if table.row_count else []


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _remarks(report: Report, *, dry_run: bool) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for one in report.taken:
        if one.reason:
            lines.append(Text(f"Refused: {one.reason}", style="red"))
        lines += [Text(f"{one.slug}: {repair}", style="dim") for repair in one.repairs]
        lines += [Text(f"{one.slug}: {remark}.", style="yellow") for remark in one.remarks]
        lines += _left_out(one)
    lines += [Text(f"{remark}.", style="yellow") for remark in report.remarks]
    if report.overlooked:
        names = ", ".join(path.name for path in report.overlooked)
        lines.append(Text(f"Not in the manifest, so not taken in: {names}", style="yellow"))
    if report.vanished:
        lines.append(Text(f"No longer in the folder: {', '.join(report.vanished)}", style="yellow"))
    if not dry_run:
        new, changed = (sum(one.status == status for one in report.taken) for status in ("new", "changed"))
        lines.append(Text(f"{new} new, {changed} changed, {counted(report.embedded, 'segment')} embedded."))
    if report.without_vector and report.wants_vectors:
        once = "once an embedding model can be reached, the same command gives"
        lines.append(
            Text(
                f"1 segment has no vector and is found by words only; {once} it one."
                if report.without_vector == 1
                else f"{report.without_vector} segments have no vector and are found by words only; {once} them one.",
                style="yellow",
            )
        )
    elif report.without_vector:
        lines.append(Text("Lectures are found by words alone, as MONITORIA_EMBEDDING_MODEL=none asks.", style="dim"))
    return lines


def _left_out(one: Taken) -> list[RenderableType]:
    """Name the first cues left out by line, and count the rest by kind: a rolling caption repeats hundreds."""
    telling = [refusal for refusal in one.refusals if refusal.kind != "repeat"]
    lines: list[RenderableType] = [
        Text(f"{one.path.name}, line {refusal.line}: {refusal.reason}", style="dim")
        for refusal in telling[:SHOWN_REFUSALS]
    ]
    rest = Counter(refusal.kind for refusal in one.refusals)
    rest.subtract(refusal.kind for refusal in telling[:SHOWN_REFUSALS])
    if more := ", ".join(f"{count} {kind}" for kind, count in rest.items() if count):
        lines.append(Text(f"{one.path.name}: left out as well: {more} (--all names each)", style="dim"))
    return lines


def every_refusal(taken: Sequence[Taken]) -> RenderableType:
    return Group(
        *(
            Text(f"{one.path.name}, line {refusal.line}: {refusal.reason} ({refusal.kind})")
            for one in taken
            for refusal in one.refusals
        )
    )


def lectures(known: Sequence[Lecture]) -> RenderableType:
    lines: list[RenderableType] = []
    for lecture in known:
        about = ", ".join(filter(None, (lecture.language, lecture.held_on and lecture.held_on.isoformat())))
        # The id and the address are for copying, so they are never cut or wrapped.
        head = Text(lecture.slug, style="bold", no_wrap=True, overflow="ignore")
        lines += [head, Text(f"    {lecture.title} ({about})", style="cyan")]
        lines.append(
            Text(f"    {lecture.video_url or 'no video address'}", style="dim", no_wrap=True, overflow="ignore")
        )
    return Group(*lines) if lines else Text("No lecture yet; take some in with `monitoria ingest`.")


def evaluation(ways: Mapping[str, Mapping[str, RetrievalFigures]], references: Seconds) -> RenderableType:
    """Show recall at 1, 5 and 10, MRR@10, nDCG@10, width of the first hit and latency by group, then the references."""
    median = "none" if references.median_s is None else f"{references.median_s:.0f} s"
    nearness = Text(
        f"References of quotations, {references.cited} of {references.questions} questions in a lecture that answers: "
        f"median distance to where the moment begins {median}, within 15 s for {references.within_15_s:.0%} of all."
    )
    return Group(*(_figures(way, groups) for way, groups in ways.items()), landed(references), nearness)


def landed(references: Seconds) -> Table:
    """Show by group whether references start inside the relevant moments, and what was turned away."""
    title = f"references ({references.turned_away} of {references.unanswerable} unanswerable questions turned away)"
    table = _by_group(title, ("n", "kept", "first", "any", "each", "number"))
    for group, reached in references.groups.items():
        table.add_row(escape(group), *_landed(reached))
    return table


def _landed(reached: Landed) -> tuple[str, ...]:
    shares = (reached.kept, reached.first_inside, reached.any_inside, reached.precision)
    return (str(reached.questions), *(f"{share:.3f}" for share in shares), f"{reached.references:.1f}")


def _by_group(title: str, columns: Sequence[str]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True
    )
    table.add_column("group", overflow="fold")
    for name in columns:
        table.add_column(name, justify="right", min_width=5)
    return table


def _figures(way: str, groups: Mapping[str, RetrievalFigures]) -> Table:
    everything = groups["all"]
    title = f"{way} ({everything.latency_p50_ms:.1f} ms a question, 95 % within {everything.latency_p95_ms:.1f} ms)"
    table = _by_group(title, ("n", "R@1", "R@5", "R@10", "MRR", "nDCG", "width"))
    for group, reached in groups.items():
        table.add_row(
            escape(group),
            str(reached.questions),
            f"{reached.recall_at_1:.3f}",
            f"{reached.recall_at_5:.3f}",
            f"{reached.recall_at_10:.3f}",
            f"{reached.mrr_at_10:.3f}",
            f"{reached.ndcg_at_10:.3f}",
            f"{reached.first_hit_width_s:.0f} s",
        )
    return table


def doctor(checks: Sequence[Check]) -> RenderableType:
    marks = {"ok": "[green]✔[/]", "note": "[yellow]•[/]", "failed": "[red]✘[/]"}
    table = Table(show_header=False, box=None, padding=(0, 1))
    for _ in range(3):
        table.add_column(overflow="fold")  # paths and settings are for copying, and stay whole
    for check in checks:
        advice = f"\n[dim]{escape(check.advice)}[/]" if check.advice else ""
        table.add_row(marks[check.state], f"[bold]{escape(check.name)}[/]", escape(check.detail) + advice)
    return table


def _shortened(text: str, length: int = 160) -> str:
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0] + "…"


def saved(backup: Saved, path: Path) -> RenderableType:
    inside = _inside(backup.contents)
    return _unbroken(f"Saved {inside}, with all that belongs to them, in {str(path)!r} ({size(backup.size_bytes)}).")


def restored(backup: Restored) -> RenderableType:
    return _unbroken(
        f"Restored {_inside(backup.contents)}, with all that belongs to them, as they were at {backup.made_at}."
    )


def _inside(contents: BackupContents) -> str:
    counted = (
        (contents.courses, "course"),
        (contents.lectures, "lecture"),
        (contents.questions, "question"),
        (contents.answers, "answer"),
    )
    *first, last = (f"{count:,} {name}{'s' * (count != 1)}" for count, name in counted)
    return f"{', '.join(first)} and {last}"


def _unbroken(sentence: str) -> RenderableType:
    # A text that is printed by itself forgets that it is not to be wrapped.
    return Group(Text(sentence, no_wrap=True, overflow="ignore"))


def size(count: int) -> str:
    """Write a number of bytes as people read it."""
    return decimal(count)


def courses(known: Sequence[Course]) -> RenderableType:
    table = Table("course", "title", "language")
    for course in known:
        table.add_row(course.slug, escape(course.title), course.language)
    return table


def show(what: RenderableType) -> None:
    """Print to standard output; what must stay whole, as an address, runs over a narrow terminal's edge."""
    Console(highlight=False).print(Text(what) if isinstance(what, str) else what, crop=False)


def tell(sentence: str, *, style: str = "yellow") -> None:
    """Print a remark to standard error, on one line however narrow the terminal is."""
    Console(stderr=True, highlight=False).print(Text(sentence, style=style), soft_wrap=True)


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document to standard output, and nothing else; where that is not UTF-8, in escapes."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(document, ensure_ascii=not is_utf8, indent=2) + "\n")
    sys.stdout.flush()  # at the end of the process nobody could say any more why it fails


def status(sentence: str) -> Status:
    """Return a sign of life for a terminal; elsewhere it shows nothing."""
    return Console(stderr=True).status(sentence)


def progress() -> Progress:
    """Return bars for long work, on standard error; they go away when the work is done."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # it would leave an empty line among the logs
    )


def tail(text: str, length: int = 100) -> str:
    """Return the end of a growing text on one line, safe to show as markup."""
    return escape(" ".join(text.split())[-length:]) or "…"
