"""Simulate staff and judges whose faults are known, and count what `judge learn` ships: `python -m bench learning`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from db.records import CourseId, Label
from services.ground.statistics import wilson
from services.research.learning.halves import Halves
from services.research.learning.shipping import Decision, TriedPair, decide

RUNS = 500
LABELS = 150
SEED = 20261130
SHIPPED: tuple[Label, Label, Label, Label] = ("I", "I", "P", "C")
FLAG_BELOW = 2
TRUTHS: Sequence[Label] = ("C", "P", "I")
SHARES = (0.50, 0.25, 0.25)
"""Of answers that are correct, partly correct, incorrect: staff label mostly what was flagged."""
MEANT = {"C": 3.0, "P": 2.0, "I": 0.5}
"""The score that a judge without faults would give."""

Generator = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """People who label; *slips* is the share of labels that are a neighbour of the right one."""

    slips: float = 0.12

    def label(self, truth: Label, random: Generator) -> Label:
        if random.random() >= self.slips:
            return truth
        neighbours: dict[Label, Sequence[Label]] = {"C": ("P",), "P": ("C", "I"), "I": ("P",)}
        return neighbours[truth][int(random.integers(len(neighbours[truth])))]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpJudge:
    """
    A judge with faults that are known.

    It scores *bias* too high, give or take *noise*, and in a share *follows* of answers it gives the grade of the last
    example that it was shown, its preference of position. Where it *fails*, it gives no score.
    """

    bias: float = 0.0
    noise: float = 0.45
    follows: float = 0.0
    fails: float = 0.02
    drift: float = 0.0  # added to its bias from a day on

    def score(self, truth: Label, random: Generator, *, last: int = 3, drifted: bool = False) -> int | None:
        if random.random() < self.fails:
            return None
        if random.random() < self.follows:
            return last
        meant = MEANT[truth] + self.bias + (self.drift if drifted else 0.0)
        return int(np.clip(np.rint(meant + random.normal(0, self.noise)), 0, 3))


NOW = MadeUpJudge(bias=1.0, noise=0.5)
"""The judge in use: generous, by a whole point of three."""

OTHERS: dict[str, MadeUpJudge] = {
    "much worse": replace(NOW, bias=1.4, noise=0.8),
    "worse": replace(NOW, bias=1.15, noise=0.6),
    "worse, for it follows the last example": replace(NOW, follows=0.15),
    "a little worse": replace(NOW, bias=1.05),
    "the same": NOW,
    "a little better": replace(NOW, bias=0.85),
    "better": replace(NOW, bias=0.6),
    "clearly better": replace(NOW, bias=0.0, noise=0.35),
    "clearly better, but it follows the last example": replace(NOW, bias=0.0, noise=0.35, follows=0.15),
    "clearly better, but it fails on a fifth": replace(NOW, bias=0.0, noise=0.35, fails=0.2),
}
WORSE = ("much worse", "worse", "worse, for it follows the last example", "a little worse", "the same")


def run(after: MadeUpJudge, labels: int, random: Generator, *, staff: Staff | None = None) -> Decision:
    """Label so many answers, part them as a course does, and decide on the test half."""
    parted, people = Halves(course=CourseId(1), key=random.bytes(32)), staff or Staff()
    pairs = list[TriedPair]()
    for number in range(labels):
        truth = TRUTHS[int(random.choice(3, p=SHARES))]
        if parted.of(f"pergunta {number}") == "development":
            continue
        pairs.append(
            TriedPair(
                label=people.label(truth, random), before=NOW.score(truth, random), after=after.score(truth, random)
            )
        )
    return decide(pairs, SHIPPED, FLAG_BELOW)


def agreement(judge: MadeUpJudge, random: Generator, answers: int = 20_000) -> float:
    """The share of equal labels that a judge has in the long run."""
    staff, equal, scored = Staff(), 0, 0
    for _ in range(answers):
        truth = TRUTHS[int(random.choice(3, p=SHARES))]
        score = judge.score(truth, random)
        if score is not None:
            scored += 1
            equal += SHIPPED[score] == staff.label(truth, random)
    return equal / scored


def shipped(after: MadeUpJudge, labels: int, runs: int) -> int:
    random = np.random.default_rng([SEED, labels])
    return sum(run(after, labels, random).ships for _ in range(runs))


def table(runs: int = RUNS, sizes: Sequence[int] = (100, LABELS, 300)) -> Table:
    random = np.random.default_rng(SEED)
    shown = Table(
        "new configuration",
        "agreement, in the long run",
        *(f"shipped, {size} labels" for size in sizes),
        "target at 150",
        title=f"{runs} runs each; the judge in use agrees in {agreement(NOW, random):.0%}",
    )
    for name, judge in OTHERS.items():
        target = "≤ 5 %" if name in WORSE else "≥ 80 %" if name == "clearly better" else ""
        counts = (shipped(judge, size, runs) for size in sizes)
        shown.add_row(name, f"{agreement(judge, random):.0%}", *(_share(count, runs) for count in counts), target)
    return shown


def _share(count: int, runs: int) -> str:
    low, high = wilson(count, runs) or (0.0, 1.0)
    return f"{count / runs:.1%} ({low:.1%}–{high:.1%})"


async def main(arguments: Sequence[str]) -> None:
    runs = int(arguments[0]) if arguments else RUNS
    Console(width=160).print(table(runs))
