"""Two configurations compared by their answers, two by two: within `monitoria eval`, and `monitoria judge pairs`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bot.terminal import console as terminal
from db.records import Course
from services import wiring
from services.ground.statistics import Interval
from services.judging.judge import Judge
from services.research.pairs import asking, keeping
from services.research.pairs import standing as held
from services.research.pairs.asking import PairsCompared, PlayedPair
from services.research.pairs.comparing import OrderFigures, Preference
from services.research.pairs.keeping import ComparedNames, KeptPairs
from services.research.pairs.standing import ComparedSet, PairsAgreement
from services.research.replay import Played
from services.wiring import Services, Setup

READING = (
    "Preferred: how often the second configuration is preferred to the first, where 50 % is no difference; what is "
    "neither is half of each. Each with its 95 % interval. What is missing is in no share. All of it: --json."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedPairs:
    """What came of the pairs of one evaluation."""

    names: ComparedNames
    found: PairsCompared
    kept: KeptPairs | None  # None: they are not kept


async def compared(
    services: Services, judge: Judge | None, course: Course, runs: Mapping[str, Sequence[Played]], *, keep: bool
) -> ReplayedPairs:
    """Have the judge compare what the two *runs*, by name, made of each question."""
    (first, one), (second, other) = runs.items()
    names = ComparedNames.of(first, second)
    pairs = asking.pairs_of(one, other)
    played = list[PlayedPair]()
    with terminal.progress() as bar:
        shown = bar.add_task("pairs", total=len(pairs))
        async for pair in asking.asked(services.pool, judge, course, pairs):
            played.append(pair)
            bar.advance(shown)
    kept = await keeping.keep(services.pool, course, names, played, judge and judge.name) if keep else None
    return ReplayedPairs(names=names, found=asking.summed(played), kept=kept)


def replay_document(done: ReplayedPairs | None) -> dict[str, Any]:
    """The part of `eval --json` that tells of pairs: none where they were not asked for."""
    if done is None:
        return {}
    return {
        "pairs": {
            "first": done.names.first,
            "second": done.names.second,
            "judge": asdict(done.found.judge),
            "order": asdict(done.found.order),
            "same": done.found.same,
            "failures": done.found.failures,
            "tokens": done.found.tokens,
            "kept": done.kept and asdict(done.kept),
        }
    }


def replay_view(slug: str, done: ReplayedPairs | None) -> list[RenderableType]:
    if done is None:
        return []
    found = done.found
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_row("pairs", _counted(found.judge) + f", {found.same} with the same words from both, not asked about")
    table.add_row("preferred", _preferred(found.judge))
    table.add_row("decided by the order", _ordered(found.order))
    if found.failures:
        table.add_row("missing", ", ".join(f"{why} {count}" for why, count in sorted(found.failures.items())))
    table.add_row("tokens", f"{found.tokens:,}")
    parts: list[RenderableType] = [Text(f"\nAnswers two by two: {done.names.told}", style="bold"), table]
    parts.append(Text(READING, style="dim"))
    if done.kept:
        parts.append(
            Text(
                f"Kept as run {done.kept.run}: {done.kept.count} pairs for staff to choose in /review pairs; "
                f"`monitoria judge pairs --course {slug}` shows what they say.",
                style="green",
            )
        )
    return parts


async def standing(setup: Setup, slug: str, *, as_json: bool) -> None:
    async with wiring.store(setup) as store:
        course = await store.courses.find(slug)
        found = await held.standing(store.pool, course)
    if as_json:
        terminal.print_json({"course": course.slug, "comparisons": [document(one) for one in found]})
    else:
        terminal.show(view(course.slug, found))


def document(one: ComparedSet) -> dict[str, Any]:
    return {
        "run": one.compared.run_id,
        "made_at": one.compared.made_at.isoformat(),
        "first": one.compared.first,
        "second": one.compared.second,
        "model": one.compared.model,
        "prompt_id": one.compared.prompt_id,
        "judge": asdict(one.judge),
        "order": asdict(one.order),
        "staff": asdict(one.staff) | {"choices": one.choices, "skipped": one.skipped},
        "agreement": asdict(one.agreement),
        "staff_each_other": asdict(one.each_other),
    }


def view(course: str, found: Sequence[ComparedSet]) -> RenderableType:
    if not found:
        return Text(
            f"No pair of {course!r} is kept; `monitoria eval SET.jsonl --course {course} --answers --against KEY=VALUE "
            "--pairs --keep` keeps some.",
            style="yellow",
        )
    parts: list[RenderableType] = []
    for one in found:
        compared = one.compared
        title = f"Run {compared.run_id}, {compared.made_at:%Y-%m-%d} (UTC): {compared.second} against {compared.first}"
        parts += [Text(title, style="bold"), _table(one), Text("")]
    return Group(*parts, Text(READING, style="dim"))


def _table(one: ComparedSet) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_header=False)
    table.add_row(escape(f"judge ({one.compared.model or 'none'})"), _counted(one.judge), _preferred(one.judge))
    said = f"{one.choices} choices, {one.skipped} skipped"
    table.add_row("staff", f"{_counted(one.staff)}; {said}", _preferred(one.staff))
    agreed = one.agreement
    table.add_row(
        "judge says what staff say",
        f"{agreed.n} compared, {agreed.missing} missing, {agreed.split} with staff split",
        _agreed(agreed),
    )
    table.add_row("staff, each other", f"{one.each_other.n} that two chose on", _agreed(one.each_other))
    table.add_row("decided by the order", f"{one.order.n} asked in both", _ordered(one.order))
    return table


def _counted(found: Preference) -> str:
    return f"{found.n} compared, {found.missing} missing"


def _preferred(found: Preference) -> str:
    wins = f"{found.wins} won, {found.losses} lost, {found.ties} alike, {found.undecided} undecided"
    return f"{_share(found.preference, found.interval)}: {wins}"


def _agreed(found: PairsAgreement) -> str:
    return f"{_share(found.agreement, found.interval)}, AC1 {_number(found.ac1, found.ac1_interval)}"


def _ordered(found: OrderFigures) -> str:
    if not found.decided:
        return _share(found.share, found.interval)
    first = _share(found.first_place, found.first_place_interval)
    return f"{_share(found.share, found.interval)}; of these for the first place {first}"


def _share(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return "–"
    return f"{value:.0%} ({interval[0]:.0%} to {interval[1]:.0%})"


def _number(value: float | None, interval: Interval | None) -> str:
    between = f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
    return "–" if value is None else f"{value:.2f}{between}"
