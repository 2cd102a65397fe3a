"""
Have the judge compare two answers blindly, in both orders.

A judge may prefer whichever answer stands first, so each stands there once (Zheng et al. 2023, arXiv 2306.05685). It is
told nothing of who wrote them, and is shown neither without the sentences that speak to a judge.
"""

from dataclasses import dataclass

from db.records import JudgementStatus, ModelCall
from db.records.pairs import Better, Side
from services import prompts
from services.judging import reading
from services.judging.judge import Judge, Spend, counted
from services.judging.swaying import without_swaying
from services.judging.tasks import Task
from services.judging.verdicts import BetterPlace, Verdict

PROMPT = "pair/1"
NOTHING = "(nothing)"
"""Shown in place of a text of which nothing is left without what speaks to the judge."""
SIDES: tuple[Side, Side] = ("first", "second")
SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "better": {"type": "string", "enum": ["A", "B", "tie"]}},
    "required": ["reason", "better"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoAnswers:
    """A question, with two answers to it."""

    question: str
    first: str
    second: str

    @property
    def are_same(self) -> bool:
        """Whether the judge would be shown one and the same text twice."""
        return shown(self.first) == shown(self.second)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairVerdict:
    """What the judge said in one order."""

    shown_first: Side
    status: JudgementStatus
    better: Better | None  # None: no verdict, whatever the reason
    reason: str | None
    calls: tuple[ModelCall, ...]

    @property
    def tokens(self) -> int:
        """What it cost, as far as the server counted."""
        return counted(self.calls)


async def compared(judge: Judge, pair: TwoAnswers, shown_first: Side, spend: Spend) -> PairVerdict:
    """Ask which answer is better, with the one that *shown_first* names in the first place."""
    opinion = await judge.ask(task(pair, shown_first), spend)
    return PairVerdict(
        shown_first=shown_first,
        status=opinion.status,
        better=_side(opinion.verdict.better, shown_first),
        reason=opinion.verdict.criteria,
        calls=opinion.calls,
    )


def task(pair: TwoAnswers, shown_first: Side) -> Task:
    a, b = (pair.first, pair.second) if shown_first == "first" else (pair.second, pair.first)
    return Task(
        prompt_id=PROMPT,
        values={
            "question": prompts.as_data(shown(pair.question, is_answer=False)),
            "answer_a": prompts.as_data(shown(a)),
            "answer_b": prompts.as_data(shown(b)),
        },
        schema=SCHEMA,
        read=_read,
    )


def shown(text: str, *, is_answer: bool = True) -> str:
    return without_swaying(text, is_answer=is_answer) or NOTHING


def _read(text: str) -> Verdict:
    found = reading.comparison(text)
    return Verdict(better=found.better, criteria=found.reason)


def _side(better: BetterPlace | None, shown_first: Side) -> Better | None:
    """Say which answer a place means."""
    if better is None or better == "tie":
        return better
    return shown_first if better == "A" else _other(shown_first)


def _other(side: Side) -> Side:
    return "second" if side == "first" else "first"
