"""Simulate staff and judges whose faults are known, and count what `judge learn` ships: `python -m bench learning`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from db.records import AnswerId, CourseId, JudgeSettings, Label
from db.records.learning import KeptCandidate
from services import prompts
from services.ground.statistics import wilson
from services.judging.canaries.choosing import MOST, spread
from services.judging.canaries.comparing import FIRST_RUNS, Past, watched
from services.judging.canaries.watching import FIRST_TIMES, TIMES
from services.judging.examples import MOST_CHARACTERS, PROMPT
from services.judging.tasks import CONTEXT, STRETCHES
from services.research.learning.halves import DEVELOPMENT_SHARE, Halves
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


def canary_rounds(judge: MadeUpJudge, random: Generator, rounds: int, *, drifted: bool) -> list[bool]:
    """Freeze twenty answers, judge them in so many weeks, and return for each but the first whether it alarms."""
    answers: list[Label] = [TRUTHS[int(random.choice(3, p=SHARES))] for _ in range(LABELS)]
    candidates = [
        KeptCandidate(answer_id=AnswerId(place), question="?", text=f"{place}", score=score, is_labelled=True)
        for place, truth in enumerate(answers)
        if (score := judge.score(truth, random)) is not None
    ]
    frozen = [int(one.answer) for one in spread(candidates, set(), MOST)]
    first, alarms = list[dict[int, float]](), list[bool]()
    for week in range(rounds):
        is_last = week == rounds - 1
        times = TIMES if first else FIRST_TIMES
        asked = {at: _asked(judge, answers[at], random, times, drifted=drifted and is_last) for at in frozen}
        scores = {at: mean for at, mean in asked.items() if mean is not None}
        if first:
            past = Past(first=first[:FIRST_RUNS], is_same=True, missed=frozenset(), shift=None)
            alarms.append(watched(scores, {}, missing=0, past=past).is_shift_news)
        if len(first) < FIRST_RUNS and not (alarms and alarms[-1]):
            first.append(scores)
    return alarms


def _asked(judge: MadeUpJudge, truth: Label, random: Generator, times: int, *, drifted: bool) -> float | None:
    scores = [judge.score(truth, random, drifted=drifted) for _ in range(times)]
    there = [score for score in scores if score is not None]
    return sum(there) / len(there) if there else None


def found(judge: MadeUpJudge, drift: float, runs: int, *, weeks: int) -> tuple[int, int, int]:
    """In how many runs a drift is found in its week, and how many weeks without one alarm, of how many."""
    random = np.random.default_rng([SEED, weeks])
    drifted = [canary_rounds(replace(judge, drift=drift), random, weeks, drifted=True) for _ in range(runs)]
    calm = [alarm for one in drifted for alarm in one[:-1]]
    return sum(one[-1] for one in drifted), sum(calm), len(calm)


def drifts(runs: int = RUNS) -> Table:
    shown = Table(
        "judge", "drift, points of 3", "found within the week", "alarms in a week without drift", "target",
        title=f"Twenty frozen answers, six weeks, {runs} runs each",
    )  # fmt: skip
    judges = {
        "at temperature 0": MadeUpJudge(bias=0.1, noise=0.2),
        "noisy": MadeUpJudge(bias=0.1, noise=0.45),
        "noisy and generous": MadeUpJudge(bias=0.7, noise=0.45),
    }
    for name, judge in judges.items():
        for drift in (-0.5, 0.5, -0.25, -1.0):
            caught, false, weeks = found(judge, drift, runs, weeks=6)
            target = "≥ 95 %" if drift == -0.5 else ""
            shown.add_row(name, f"{drift:+.2f}", _share(caught, runs), _share(false, weeks), target)
    return shown


WEEKLY = 2_000
"""Answers a week, all judged for relevance, most for support too."""
QUESTION, ANSWER, PASSAGE, REFERENCES, SUPPORTED = 120, 700, 2_100, 2.7, 0.8
"""Usual lengths in characters, references an answer (docs/references.md), and the share of answers that have any."""
REPLY = 150
"""Tokens that a judge writes."""
CHARACTERS_A_TOKEN = 3.5


def added() -> tuple[float, dict[str, float]]:
    """Return the judge's tokens a week as they were, and by kind what learning and canaries add at the defaults."""
    relevance = _tokens("judge/2", question=QUESTION, answer=ANSWER)
    taught = _tokens(PROMPT, question=QUESTION, answer=ANSWER, examples=MOST_CHARACTERS)
    support = _tokens("support/3", references=round(REFERENCES * (PASSAGE + ANSWER / 3)), numbers=7)
    context = _tokens(CONTEXT, question=QUESTION, passages=sum(STRETCHES))
    wanting = LABELS * sum(SHARES[1:]) / 4  # a month's labels, by the week
    drawn = WEEKLY * JudgeSettings().context_share
    development, test = LABELS * DEVELOPMENT_SHARE, LABELS * (1 - DEVELOPMENT_SHARE)
    return WEEKLY * (relevance + SUPPORTED * support), {
        "examples in each judgement, once shipped": WEEKLY * (taught - relevance),
        f"canaries, {MOST} of each kind": MOST * (TIMES * taught + support),
        f"passages of {drawn:.0f} answers drawn, {wanting:.0f} labelled P or I": (drawn + wanting) * context,
        f"learning from {LABELS} labels, once a month": (test * (relevance + taught) + development * taught) / 4,
    }


def costs() -> Table:
    before, more = added()
    shown = Table("kind", "tokens a week", "of before", title=f"The judge's tokens, {WEEKLY:,} answers a week")
    shown.add_row("relevance and support, as before", f"{before:,.0f}", "100.0%")
    for name, tokens in more.items():
        shown.add_row(name, f"{tokens:,.0f}", f"+{tokens / before:.1%}")
    new = sum(more.values())
    shown.add_row("all that is new", f"{new:,.0f}", f"+{new / before:.1%} (target ≤ 30 %)")
    return shown


def _tokens(prompt: str, **lengths: int) -> float:
    messages = prompts.load(prompt).fill(**{name: "x" * length for name, length in lengths.items()})
    return sum(len(message.content) for message in messages) / CHARACTERS_A_TOKEN + REPLY


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
    console = Console(width=160)
    console.print(table(runs))
    console.print(drifts(runs))
    console.print(costs())
