"""`monitoria judge runs`: each time that the judge was measured, beside the time before."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bot.terminal import console as terminal
from services import wiring
from services.ground import files
from services.research import agreement
from services.research.learning import picture
from services.research.learning import runs as keeping
from services.research.learning.runs import Change, ComparedRun
from services.wiring import Setup

SHOWN = {"agreement": "agree", "ac1": "AC1", "kappa": "κ"}
"""The figures of the table, called as `monitoria agreement` calls them."""
READING = (
    "Each figure with its 95 % interval; below it, how far it is above the run before of its kind, as if the two "
    "shared no answer. A dash is a figure that is not defined; what cannot be compared is empty. All of it: --json."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsOrder:
    """What `monitoria judge runs` was told."""

    course: str
    most: int
    png: Path | None
    as_json: bool


async def runs(setup: Setup, order: RunsOrder) -> None:
    async with wiring.store(setup) as store:
        course = await store.courses.find(order.course)
        found = (await keeping.listed(store.pool, course))[-order.most :]
        report = await agreement.measure(store.pool, course) if order.png else None
    if order.png and report:
        with files.replacing(order.png, what="picture") as file:
            file.write(picture.png(course.slug, report.in_use))
        terminal.tell(f"Drew {str(order.png)!r}.", style="green")
    if order.as_json:
        terminal.print_json({"course": course.slug, "runs": [document(one) for one in found]})
    else:
        terminal.show(table(course.slug, found))


def document(one: ComparedRun) -> dict[str, Any]:
    return {
        "id": one.run.id,
        "parent": one.run.parent_id,
        "kind": one.run.kind,
        "made_at": one.run.made_at.isoformat(),
        "model": one.run.model,
        "model_served": one.run.model_served,
        "prompt_id": one.run.prompt_id,
        "configuration": one.run.configuration_id,
        "rules": one.run.rules,
        "in_use": one.run.is_in_use,
        "stale": one.run.stale_reason,
        "labels": one.run.labels,
        "half": one.run.half,
        "n": one.run.n,
        "missing": one.run.missing,
        "figures": one.run.figures,
        "changes": {name: change and asdict(change) for name, change in one.changes.items()},
        "incomparable": one.incomparable,
        "tokens": one.run.tokens,
        "outcome": one.run.outcome,
        "reason": one.run.reason,
    }


def table(course: str, found: Sequence[ComparedRun]) -> RenderableType:
    if not found:
        said = f"No run of {course!r} is kept yet; `monitoria agreement --course {course}` makes the first."
        return Text(said, style="yellow")
    shown = Table(box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True)
    for name in ("run", "day (UTC)", "what", "n", *SHOWN.values()):
        shown.add_column(name, justify="left" if name in {"day (UTC)", "what"} else "right", overflow="fold")
    for one in found:
        shown.add_row(
            str(one.run.id),
            f"{one.run.made_at:%Y-%m-%d}",
            escape(_what(one)),
            str(one.run.n) + (f"\n{one.run.missing} missing" if one.run.missing else ""),
            *(_figure(one, name) for name in SHOWN),
        )
    return Group(shown, Text(READING, style="dim"))


def _what(one: ComparedRun) -> str:
    named = f"{one.run.kind}, {one.run.model or 'no judge'}, {one.run.prompt_id or 'no prompt'}"
    learned = f", configuration {one.run.configuration_id}{_rules(one)}" if one.run.configuration_id else ""
    outcome = "\n" + ": ".join(filter(None, (one.run.outcome, one.run.reason))) if one.run.outcome else ""
    why = f"\nnot compared: {one.incomparable}" if one.incomparable and one.run.parent_id else ""
    return named + learned + outcome + _state(one) + why


def _rules(one: ComparedRun) -> str:
    if one.run.rules is None:
        return ""
    return f" with {terminal.counted(len(one.run.rules), 'rule')}" if one.run.rules else " with rules that are gone"


def _state(one: ComparedRun) -> str:
    """Say of what was shipped whether the judge goes by it now."""
    if one.run.outcome != "shipped":
        return ""
    if one.run.stale_reason:
        return f"\nnot used any more: {one.run.stale_reason}"
    return (
        "\nin use now" if one.run.is_in_use else "\nnot used any more: something else was shipped, or it was forgotten"
    )


def _figure(one: ComparedRun, name: str) -> str:
    if name not in one.run.figures:
        return ""
    kept = one.run.figures[name]
    if kept is None:
        return "–"
    between = "" if kept["low"] is None else f"\n{kept['low']:.2f}–{kept['high']:.2f}"
    return f"{kept['value']:.2f}{between}{_changed(one.changes.get(name))}"


def _changed(change: Change | None) -> str:
    return f"\n{change.value:+.2f}" if change else ""
