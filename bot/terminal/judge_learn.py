"""`monitoria judge learn`: what the judge learns from staff, and whether that is shipped."""

import textwrap
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.terminal import console as terminal
from bot.terminal import judge_rules
from services import wiring
from services.errors import Refused
from services.ground.text import clean
from services.judging.examples import Example
from services.judging.judge import Judge
from services.research.learning import learn as learning
from services.research.learning.learn import Learned, LearnMaterial, LearnOrder, LearnStep
from services.research.learning.shipping import Decision
from services.wiring import Judging, Setup

QUOTED = 110
"""Characters of a text that are shown; `--json` has all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningOrder:
    """What `monitoria judge learn` was told."""

    course: str
    examples: int
    tested: int
    rules: str | None  # the number of a draft, or a file
    dry_run: bool
    as_json: bool

    def wanted(self) -> LearnOrder:
        """
        Return how much is learned from, by which rules.

        Raises:
            Refused: the rules cannot be read.

        """
        return LearnOrder(examples=self.examples, tested=self.tested, rules=judge_rules.wanted(self.rules))


async def learn(setup: Setup, order: LearningOrder) -> None:
    wanted = order.wanted()
    async with wiring.judging(setup) as opened:
        course = await opened.courses.find(order.course)
        if order.dry_run:
            found = await learning.material(opened.pool, course, wanted)
            show(order, material_document(found), material_view(found))
            return
        done = await _with_progress(learning.learn(opened.pool, _judge(opened), course, wanted))
    show(order, document(done), view(order.course, done))


async def forget(setup: Setup, slug: str) -> None:
    async with wiring.store(setup) as store:
        was = await learning.forget(store.pool, await store.courses.find(slug))
    terminal.show("The judge goes by its prompt alone again." if was else "The judge went by its prompt alone already.")


def show(order: LearningOrder, document: dict[str, Any], view: RenderableType) -> None:
    if order.as_json:
        terminal.print_json({"course": order.course, **document})
    else:
        terminal.show(view)


def document(done: Learned) -> dict[str, Any]:
    return {
        "run": done.run,
        "configuration": done.configuration,
        **asdict(done.decision),
        "threshold": asdict(done.threshold),
        "tokens": done.tokens,
        "rules": list(done.rules),
        "examples": [_example(one) for one in done.examples],
    }


def material_document(found: LearnMaterial) -> dict[str, Any]:
    return {
        "development": found.count("development"),
        "test": found.count("test"),
        "tied": found.tied,
        "swaying": found.chosen.swaying,
        "too_long": found.chosen.too_long,
        "tries": found.tries,
        "calls": found.calls,
        "estimated_tokens": found.tokens,
        "rules": list(found.lesson.rules),
        "examples": [_example(one) for one in found.chosen.examples],
    }


def view(course: str, done: Learned) -> RenderableType:
    decision, below = done.decision, done.threshold.proposed
    parts: list[RenderableType] = [
        Text("Shipped." if decision.ships else "Not shipped.", style="bold green" if decision.ships else "bold yellow"),
        Text(f"Because {decision.reason}."),
        Text(""),
        _figures(done),
        *_learned(done.rules, done.examples),
    ]
    if decision.ships and below is not None:
        parts.append(Text(f"\nNow set the threshold for it: monitoria course judge {course} --flag-below {below}"))
    elif decision.ships:
        parts.append(Text(f"\nNo threshold is proposed for it: {done.threshold.reason}.", style="dim"))
    return Group(*parts)


def material_view(found: LearnMaterial) -> RenderableType:
    return Group(
        Text(
            f"{found.count('development')} labelled answers to choose from and {found.count('test')} to test on"
            + (f"; {found.tied} left out, for staff contradict each other evenly." if found.tied else ".")
        ),
        *_cost(found),
        *_learned(found.lesson.rules, found.chosen.examples),
        *_left_out(found),
    )


def _cost(found: LearnMaterial) -> list[RenderableType]:
    budget, tokens = found.settings.daily_tokens, max(1_000, round(found.tokens, -3))
    parts: list[RenderableType] = [
        Text(f"The judge would be asked {found.calls} times or a few more, for some {tokens:,} tokens.")
    ]
    if found.tries > 1:
        parts.append(
            Text(
                f"It would be try {found.tries} on mostly the same answers, so it must gain more to ship; new labels "
                "make a new test.",
            )
        )
    if budget is not None and found.tokens > budget:
        parts.append(
            Text(
                f"That is more than the judge's budget of a day, {budget:,}: raise it by `course judge`, or take fewer "
                "answers by --tested.",
                style="yellow",
            )
        )
    return parts


def _figures(done: Learned) -> Table:
    decision = done.decision
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_row("test half", f"{decision.n} answers compared, {decision.missing} missing")
    table.add_row("agreement with staff", f"{_share(decision.before)} before, {_share(decision.after)} after")
    if decision.difference is not None and decision.difference_interval is not None:
        low, high = decision.difference_interval
        of = f", for {decision.tries} tries on these answers" if decision.tries > 1 else ""
        said = f"{decision.difference:+.2f}, 95 % between {low:+.2f} and {high:+.2f} (paired{of})"
        table.add_row("difference", said)
    table.add_row("flags", _flags(decision))
    table.add_row("tokens", f"{done.tokens:,}")
    table.add_row("kept as", f"configuration {done.configuration}, run {done.run}")
    return table


def _flags(decision: Decision) -> str:
    if not decision.found:
        return "none is flagged now that needs repair, so none has to be found again"
    return (
        f"{decision.cards_before} now, {decision.found} of them in need of repair; {decision.cards_after:.1f} after, "
        "to find as many"
    )


def _learned(rules: tuple[str, ...], examples: Sequence[Example]) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if rules:
        parts += [Text("\nRules", style="bold"), *judge_rules.listed(rules)]
    return [*parts, *_examples(examples)] if examples else parts


def _examples(examples: Sequence[Example]) -> list[RenderableType]:
    parts: list[RenderableType] = [Text("\nExamples, from the development half", style="bold")]
    for number, one in enumerate(examples, start=1):
        parts.append(Text(f"{number}. staff: {one.label}  {_short(one.question)}"))
        parts.append(Text(f"   {_short(one.text)}", style="dim"))
        if one.why:
            parts.append(Text(f"   why: {_short(one.why)}", style="dim"))
    return parts


def _left_out(found: LearnMaterial) -> list[RenderableType]:
    counts = ((found.chosen.swaying, "speak to the judge"), (found.chosen.too_long, "are too long to be shown"))
    return [Text(f"{count} could be no example: they {why}.", style="dim") for count, why in counts if count]


def _example(one: Example) -> dict[str, Any]:
    return {"answer_id": one.answer, "question": one.question, "answer": one.text, "label": one.label, "why": one.why}


async def _with_progress(run: AsyncGenerator[LearnStep | Learned, None]) -> Learned:
    with terminal.progress() as bars:
        task = bars.add_task("judging", total=None)
        async with aclosing(run):
            async for step in run:
                if isinstance(step, Learned):
                    return step
                bars.update(task, completed=step.done, total=step.total)
    raise AssertionError  # a run ends with what came of it, or with an error


def _judge(opened: Judging) -> Judge:
    if opened.judge is None:
        raise Refused(judge_rules.NO_JUDGE)
    return opened.judge


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _short(text: str) -> str:
    return textwrap.shorten(clean(text), QUOTED, placeholder=" …")
