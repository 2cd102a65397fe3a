"""Make pairs of what two configurations answered, and have the judge compare each, inside the course's budget."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, replace

from psycopg_pool import AsyncConnectionPool

from db import judge_settings
from db.records import Course
from db.records.pairs import Better, PairAnswer, Side
from services.ground.text import clean
from services.judging.judge import Judge
from services.judging.pairing import SIDES, PairVerdict, TwoAnswers, compared
from services.judging.recording import Purse
from services.research.pairs.comparing import (
    BothOrders,
    OrderFigures,
    PairOutcome,
    Preference,
    by_judge,
    order,
    preference,
)
from services.research.replay import Played

NO_ANSWER = "no_answer"
NO_JUDGE = "no_judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedPair:
    """One question, as both configurations answered it, with what the judge said."""

    question: str
    first: PairAnswer
    second: PairAnswer
    has_failed: bool  # one of the two wrote no answer
    verdicts: tuple[PairVerdict, ...] = ()  # with each answer in the first place; none where it was not asked

    @property
    def texts(self) -> TwoAnswers:
        return TwoAnswers(question=self.question, first=self.first.text, second=self.second.text)

    @property
    def is_choice(self) -> bool:
        """Whether there are two different answers to choose between."""
        return not self.has_failed and not self.texts.are_same

    def verdict(self, shown_first: Side) -> Better | None:
        return next((one.better for one in self.verdicts if one.shown_first == shown_first), None)

    @property
    def failure(self) -> str | None:
        """Why the judge's word is missing; None: it is not."""
        if self.has_failed:
            return NO_ANSWER
        if not self.verdicts:
            return NO_JUDGE
        return next((one.status for one in self.verdicts if one.better is None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsCompared:
    """What the judge made of all questions."""

    judge: Preference
    order: OrderFigures
    same: int  # questions that both answered in the same words: there is nothing to choose between
    failures: dict[str, int]  # why the judge's word is missing
    tokens: int


def pairs_of(first: Sequence[Played], second: Sequence[Played]) -> list[PlayedPair]:
    """Put together what both made of each question; they are in the same order."""
    return [
        PlayedPair(
            question=clean(one.question.question),
            first=PairAnswer(text=one.text, references=one.references),
            second=PairAnswer(text=other.text, references=other.references),
            has_failed="failed" in {one.outcome, other.outcome} or not one.text or not other.text,
        )
        for one, other in zip(first, second, strict=True)
    ]


async def asked(
    pool: AsyncConnectionPool, judge: Judge | None, course: Course, pairs: Iterable[PlayedPair]
) -> AsyncGenerator[PlayedPair, None]:
    """
    Yield each pair with the judge's verdicts; where there is nothing to choose between, nobody is asked.

    Tokens are reserved in the course's budget of the day before each call. Once that is spent, verdicts are missing:
    what the answers have cost is not thrown away for it.
    """
    async with pool.connection() as conn:
        settings = await judge_settings.current(conn, course.id)
    for pair in pairs:
        if judge is None or not pair.is_choice:
            yield pair
            continue
        verdicts = list[PairVerdict]()
        for shown_first in SIDES:
            purse = Purse(pool, course.id, settings)
            verdict = await compared(judge, pair.texts, shown_first, purse.reserve)
            await purse.settle(verdict.calls)
            verdicts.append(verdict)
        yield replace(pair, verdicts=tuple(verdicts))


def summed(pairs: Sequence[PlayedPair]) -> PairsCompared:
    differing = [pair for pair in pairs if pair.has_failed or pair.is_choice]
    verdicts: list[BothOrders] = [(pair.verdict("first"), pair.verdict("second")) for pair in differing]
    outcomes: list[PairOutcome | None] = [by_judge(*both) for both in verdicts]
    return PairsCompared(
        judge=preference(outcomes),
        order=order(verdicts),
        same=len(pairs) - len(differing),
        failures=dict(Counter(pair.failure for pair in differing if pair.failure)),
        tokens=sum(verdict.tokens for pair in pairs for verdict in pair.verdicts),
    )
