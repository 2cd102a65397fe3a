"""Simulate staff and judges whose faults are known, and count what `judge learn` ships: `python -m bench learning`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from db.records import AnswerId, CourseId, Label
from db.records.learning import KeptCandidate
from services import prompts
from services.ground.statistics import wilson
from services.judging.canaries.choosing import MOST, spread
from services.judging.canaries.comparing import FIRST_RUNS, Past, watched
from services.judging.canaries.watching import FIRST_TIMES, TIMES
from services.judging.examples import MOST_CHARACTERS, PROMPT, RULES_PROMPT
from services.research.learning.choosing import FEWEST_TWICE, LEAST_AGREED
from services.research.learning.distilling import LONGEST_SHOWN, MOST_DISPUTES
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
    """
    People who label, with faults that are known.

    *slips* is the share of labels that are a neighbour of the right one. A second person labels in place of the first a
    share *second* of answers, and takes a share *harsh* of labels one lower; a share *twice* of answers has labels of
    both, and where they differ the answer is tied.
    """

    slips: float = 0.12
    second: float = 0.0
    harsh: float = 0.0
    twice: float = 0.0

    def labels(self, truth: Label, random: Generator) -> tuple[Label, ...]:
        first = self._label(truth, random)
        if not (self.second or self.twice):
            return (first,)
        other = self._lower(self._label(truth, random), random)
        if random.random() < self.twice:
            return first, other
        return (other,) if random.random() < self.second else (first,)

    def label(self, truth: Label, random: Generator) -> Label:
        return self.labels(truth, random)[0]

    def _lower(self, label: Label, random: Generator) -> Label:
        lower: dict[Label, Label] = {"C": "P", "P": "I", "I": "I"}
        return lower[label] if random.random() < self.harsh else label

    def _label(self, truth: Label, random: Generator) -> Label:
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


STAFF: dict[str, Staff] = {
    "one person, who never slips": Staff(slips=0.0),
    "one person, who slips in 12 %": Staff(),
    "one person, who slips in 25 %": Staff(slips=0.25),
    "two, of whom one is harsher in a third": Staff(second=0.5, harsh=1 / 3, twice=0.1),
    "two who agree in a half, a tenth of answers by both": Staff(slips=0.35, second=0.5, harsh=0.35, twice=0.1),
}

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


def run(
    after: MadeUpJudge, labels: int, random: Generator, *, staff: Staff | None = None, tries: int = 1
) -> Decision | None:
    """Label so many answers, part them as a course does, and decide on the test half; None: staff are told to talk."""
    parted, people = Halves(course=CourseId(1), key=random.bytes(32)), staff or Staff()
    pairs, twice = list[TriedPair](), list[bool]()
    for number in range(labels):
        truth = TRUTHS[int(random.choice(3, p=SHARES))]
        is_tested = parted.of(f"pergunta {number}") == "test"
        said = people.labels(truth, random) if is_tested or people.twice else ()
        different = set(said)
        twice += [len(different) == 1] if len(said) > 1 else []
        if is_tested and len(different) == 1:
            pairs.append(
                TriedPair(label=different.pop(), before=NOW.score(truth, random), after=after.score(truth, random)),
            )
    if len(twice) >= FEWEST_TWICE and sum(twice) <= LEAST_AGREED * len(twice):
        return None
    return decide(pairs, SHIPPED, FLAG_BELOW, tries)


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


def shipped(after: MadeUpJudge, labels: int, runs: int, *, staff: Staff | None = None) -> int:
    random = np.random.default_rng([SEED, labels])
    decisions = (run(after, labels, random, staff=staff) for _ in range(runs))
    return sum(one is not None and one.ships for one in decisions)


def agreed(staff: Staff, random: Generator, answers: int = 20_000) -> float:
    """The share of answers on which two of staff would give the same label."""
    both = replace(staff, twice=1.0)
    truths = random.choice(3, p=SHARES, size=answers)
    return sum(len(set(both.labels(TRUTHS[int(truth)], random))) == 1 for truth in truths) / answers


def by_staff(runs: int = RUNS) -> Table:
    """What ships where staff are less, or more, of one mind."""
    random = np.random.default_rng(SEED)
    names = ("worse", "the same", "clearly better")
    shown = Table("staff", "two of them agree", *names, title=f"Shipped at {LABELS} labels, {runs} runs each")
    for name, staff in STAFF.items():
        counts = (shipped(OTHERS[other], LABELS, runs, staff=staff) for other in names)
        shown.add_row(name, f"{agreed(staff, random):.0%}", *(_share(count, runs) for count in counts))
    return shown


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
    ruled = _tokens(RULES_PROMPT, question=QUESTION, answer=ANSWER, examples=MOST_CHARACTERS, rules=0)
    draft = _tokens("rules/1", disagreements=MOST_DISPUTES * (QUESTION + LONGEST_SHOWN), language=2)
    support = _tokens("support/3", references=round(REFERENCES * (PASSAGE + ANSWER / 3)), numbers=7)
    development, test = LABELS * DEVELOPMENT_SHARE, LABELS * (1 - DEVELOPMENT_SHARE)
    return WEEKLY * (relevance + SUPPORTED * support), {
        "examples in each judgement, once shipped": WEEKLY * (taught - relevance),
        "rules beside them, where a person wants them": WEEKLY * (ruled - taught) + draft / 4,
        f"canaries, {MOST} of each kind": MOST * (TIMES * ruled + support),
        f"learning from {LABELS} labels, once a month": (test * (taught + ruled) + development * ruled) / 4,
    }


def tried(after: MadeUpJudge, tries: int, random: Generator, *, counted: bool) -> bool:
    """Try so many configurations on the same labels, and return whether one of them ships; *counted*: as it is done."""
    parted = Halves(course=CourseId(1), key=random.bytes(32))
    tested = [number for number in range(LABELS) if parted.of(f"pergunta {number}") == "test"]
    truths: list[Label] = [TRUTHS[int(random.choice(3, p=SHARES))] for _ in tested]
    known: list[tuple[Label, int | None]] = [
        (Staff().label(truth, random), NOW.score(truth, random)) for truth in truths
    ]
    for number in range(1, tries + 1):
        pairs = [
            TriedPair(label=label, before=before, after=after.score(truth, random))
            for truth, (label, before) in zip(truths, known, strict=True)
        ]
        if decide(pairs, SHIPPED, FLAG_BELOW, number if counted else 1).ships:
            return True
    return False


def by_tries(runs: int = RUNS) -> Table:
    """What ships where somebody tries again and again on the same labels."""
    shown = Table(
        "configurations tried", "one of them ships, all the same as now", "if tries were not counted",
        "a clearly better one, tried last, ships", title=f"Again and again, {LABELS} labels, {runs} runs each",
    )  # fmt: skip
    for tries in (1, 3, 10):
        random = np.random.default_rng([SEED, tries])
        same = sum(tried(OTHERS["the same"], tries, random, counted=True) for _ in range(runs))
        loose = sum(tried(OTHERS["the same"], tries, random, counted=False) for _ in range(runs))
        last = (run(OTHERS["clearly better"], LABELS, random, tries=tries) for _ in range(runs))
        better = sum(one is not None and one.ships for one in last)
        shown.add_row(str(tries), _share(same, runs), _share(loose, runs), _share(better, runs))
    return shown


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
    console.print(by_staff(runs))
    console.print(by_tries(runs))
    console.print(drifts(runs))
    console.print(costs())
