"""Simulate two judges whose faults are known, and count what second opinions find and what they cost staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.judge_learning import (
    ANSWER,
    FLAG_BELOW,
    QUESTION,
    SEED,
    TRUTHS,
    WEEKLY,
    Generator,
    MadeUpJudge,
    added,
    tokens_of,
)
from db.records import JudgeSettings, Label
from services.judging.seconding import at_threshold, is_split
from services.judging.tasks import BARE, OTHERWISE

ANSWERS = 20_000
SHARES = (0.80, 0.13, 0.07)
"""Of all answers of a course that are correct, partly correct, incorrect; those that staff label are worse."""
DRAWN = JudgeSettings().second_opinion_share

NOISY = MadeUpJudge()
USUAL = "noisy and generous by half a point"
PAIRS: Mapping[str, tuple[MadeUpJudge, MadeUpJudge]] = {
    "steady": (MadeUpJudge(noise=0.2), NOISY),
    "noisy": (NOISY, NOISY),
    USUAL: (MadeUpJudge(bias=0.5), NOISY),
    "noisy and generous by a point": (MadeUpJudge(bias=1.0), NOISY),
    "noisy and severe by half a point": (MadeUpJudge(bias=-0.5), NOISY),
    "noisy; the second severe by half a point": (NOISY, MadeUpJudge(bias=-0.5)),
}
"""The first judge and the second, whose errors are independent: two models that err alike find less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of so many answers under one rule for what is split."""

    asked: float  # shares of all answers
    flagged: float  # by the first judge
    more: float  # flagged by the split alone
    rightly: float | None  # of these, the share that is not correct; None: there are none
    caught: float | None  # of those that are not correct and that the first let pass; None: as above


def _by_threshold(first: int, second: int) -> bool:
    return is_split(first, second, FLAG_BELOW)


def _by_two_points(first: int, second: int) -> bool:
    return abs(first - second) >= 2


def _by_any_point(first: int, second: int) -> bool:
    return first != second


RULES = {"two points": _by_two_points, "two points, or the threshold": _by_threshold, "any point": _by_any_point}


def heard(judges: tuple[MadeUpJudge, MadeUpJudge], rule: str, random: Generator, answers: int = ANSWERS) -> Found:
    """Judge so many answers, ask a second opinion where it is asked, and count."""
    first, other = judges
    asked = flagged = 0
    more, passed = list[Label](), list[Label]()
    for truth in _truths(random, answers):
        score = first.score(truth, random)
        if score is None:
            continue
        if score < FLAG_BELOW:
            flagged += 1
        elif truth != "C":
            passed.append(truth)
        if not at_threshold(score, FLAG_BELOW) and random.random() >= DRAWN:
            continue
        asked += 1
        second = other.score(truth, random)
        if second is not None and score >= FLAG_BELOW and RULES[rule](score, second):
            more.append(truth)
    rightly = sum(truth != "C" for truth in more)
    return Found(
        asked=asked / answers,
        flagged=flagged / answers,
        more=len(more) / answers,
        rightly=rightly / len(more) if more else None,
        caught=rightly / len(passed) if passed else None,
    )


def table(answers: int = ANSWERS) -> Table:
    shown = Table(
        "first judge", "split by", "asked", "flagged by it", "cards more", "of these not C", "of what it let pass",
        title=f"Second opinions on {answers:,} answers, {SHARES[0]:.0%} C, {SHARES[1]:.0%} P, {SHARES[2]:.0%} I",
    )  # fmt: skip
    for name, judges in PAIRS.items():
        for rule in RULES:
            found = heard(judges, rule, np.random.default_rng([SEED, 4]), answers)
            shares = (found.asked, found.flagged, found.more, found.rightly, found.caught)
            shown.add_row(name, rule, *("–" if share is None else f"{share:.1%}" for share in shares))
    return shown


def cost() -> tuple[float, float]:
    """
    Return the share of answers that get a second opinion, and the tokens that these take a week, beside a usual judge.

    Whether another model is asked or the same one otherwise: what is more.
    """
    each = max(tokens_of(prompt, question=QUESTION, answer=ANSWER) for prompt in (BARE, OTHERWISE))
    share = heard(PAIRS[USUAL], "two points", np.random.default_rng([SEED, 5])).asked
    return share, WEEKLY * share * each


def costs() -> Table:
    before, more = added()
    share, tokens = cost()
    shown = Table("kind", "tokens a week", "of before", title="The same where a course has second opinions on")
    shown.add_row(f"second opinions on {share:.0%} of answers", f"{tokens:,.0f}", f"+{tokens / before:.1%}")
    total = sum(more.values()) + tokens
    shown.add_row("all that is new, and these", f"{total:,.0f}", f"+{total / before:.1%} (target ≤ 30 %)")
    return shown


def _truths(random: Generator, answers: int) -> Sequence[Label]:
    return [TRUTHS[int(at)] for at in random.choice(3, p=SHARES, size=answers)]


async def main(arguments: Sequence[str]) -> None:
    console = Console(width=160)
    console.print(table(int(arguments[0]) if arguments else ANSWERS))
    console.print(costs())
