"""Answer a question set through the whole path, judge included, and compare two configurations side by side."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from types import MappingProxyType

from db.records import Abstention, Course, JudgementStatus, Outcome, Reference, Support, VerifiedId
from services.answering.ask import Asker
from services.answering.writing import Written
from services.judging.judge import Judge, Opinion, unlimited
from services.judging.verdicts import Case
from services.research.evaluate import EvalQuestion
from services.research.seconds import CitedAnswer, Seconds, seconds
from services.research.truths import BesideStaff, Correctness, Truths, beside, correctness

RESAMPLES = 5_000
SEED = 20240117
BEST_SCORE = 3
NOTHING_WRITTEN: Truths = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What one configuration made of one question."""

    question: EvalQuestion
    outcome: Outcome
    text: str
    references: tuple[Reference, ...]
    score: int | None  # 0 to 3
    statuses: tuple[JudgementStatus, ...]  # of the judgements made
    abstention: Abstention | None
    supports: tuple[Support, ...]  # of each reference; a quote that is not in its passage supports nothing
    latency_ms: float  # until the answer was whole, without the judge
    tokens: int | None  # of the answer; None: nobody counted
    beside: BesideStaff | None = None  # what staff wrote to the same question; None: nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one configuration reached; a share or a mean of nothing is None."""

    questions: int
    outcomes: dict[str, int]
    relevance: float | None  # mean AR, 0 to 1, of answers with a score
    scored: int
    failures: dict[str, int]  # statuses of judgements without a verdict
    silent_when_answerable: float | None  # share of questions with a relevant moment
    silent_when_not: float | None  # share of questions without one
    wrong_silences: int  # as the judge sees it
    full_support: float | None  # share of references
    no_support: float | None
    seconds: Seconds  # where the references start
    latency_p50_ms: float
    latency_p95_ms: float
    tokens: float | None  # mean an answer
    correctness: Correctness  # beside what staff wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much the second configuration is above the first, on the questions that both have a figure for."""

    pairs: int
    mean: float
    low: float  # of the 95 % interval
    high: float


async def play(
    asker: Asker,
    judge: Judge | None,
    course: Course,
    questions: Sequence[EvalQuestion],
    truths: Truths = NOTHING_WRITTEN,
) -> AsyncIterator[Played]:
    """Answer and judge each question, one after the other, and store nothing."""
    for question in questions:
        began = time.perf_counter()
        written = await asker.rehearse(course, question.question)
        latency_ms = (time.perf_counter() - began) * 1000
        played = _played(question, written, latency_ms, await _opinions(judge, question, written))
        yield replace(played, beside=await beside(judge, question, written, truths.get(question.question)))


def without(played: Sequence[Played], withdrawn: Collection[VerifiedId]) -> list[Played]:
    """Return *played* with nothing beside it that staff stand by no more."""
    return [replace(one, beside=None) if one.beside and one.beside.verified in withdrawn else one for one in played]


def summary(played: Sequence[Played]) -> Summary:
    latencies = sorted(one.latency_ms for one in played)
    scores = [one.score / BEST_SCORE for one in played if one.score is not None]
    supports = [support for one in played for support in one.supports]
    failed = Counter(status for one in played for status in one.statuses if status not in {"ok", "recovered"})
    return Summary(
        questions=len(played),
        outcomes=dict(Counter(one.outcome for one in played)),
        relevance=_mean(scores),
        scored=len(scores),
        failures=dict(failed),
        silent_when_answerable=_mean([_is_silent(one) for one in played if one.question.relevant]),
        silent_when_not=_mean([_is_silent(one) for one in played if not one.question.relevant]),
        wrong_silences=sum(one.abstention == "wrong" for one in played),
        full_support=_mean([float(support == "full") for support in supports]),
        no_support=_mean([float(support == "none") for support in supports]),
        seconds=seconds([CitedAnswer(question=one.question, references=one.references) for one in played]),
        latency_p50_ms=median(latencies) if latencies else 0.0,
        latency_p95_ms=latencies[int(0.95 * (len(latencies) - 1))] if latencies else 0.0,
        tokens=_mean([one.tokens for one in played if one.tokens is not None]),
        correctness=correctness([one.beside for one in played]),
    )


def _is_silent(one: Played) -> float:
    return float(one.outcome == "no_material")


FIGURES: dict[str, Callable[[Played], float | None]] = {
    "relevance": lambda one: None if one.score is None else one.score / BEST_SCORE,
    "correctness": lambda one: one.beside and one.beside.correctness,
    "silence": _is_silent,
    "full_support": lambda one: _mean([float(support == "full") for support in one.supports]),
    "latency_ms": lambda one: one.latency_ms,
    "tokens": lambda one: one.tokens,
}


def differences(first: Sequence[Played], second: Sequence[Played]) -> dict[str, Difference | None]:
    """
    Compare two runs of the same questions in the same order, figure by figure; None where there is no pair.

    Intervals are by the paired percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
    13.3): questions are drawn with replacement, each with what both made of it.
    """
    return {name: _difference(first, second, figure) for name, figure in FIGURES.items()}


def _difference(
    first: Sequence[Played], second: Sequence[Played], figure: Callable[[Played], float | None]
) -> Difference | None:
    pairs = [(figure(one), figure(other)) for one, other in zip(first, second, strict=True)]
    changes = [after - before for before, after in pairs if before is not None and after is not None]
    if not changes:
        return None
    low, high = _interval(changes)
    return Difference(pairs=len(changes), mean=fmean(changes), low=low, high=high)


def _interval(changes: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean; where all are alike, or there is one only, it is that point."""
    import numpy as np  # noqa: PLC0415 - only an evaluation waits for it

    values = np.asarray(changes, dtype=float)
    drawn = np.random.default_rng(SEED).integers(0, len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


async def _opinions(judge: Judge | None, question: EvalQuestion, written: Written) -> dict[str, Opinion]:
    if judge is None:
        return {}
    case = Case(
        question=written.standalone or question.question,
        text=written.text,
        references=written.references,
        hits=written.found.hits,
    )
    if written.outcome == "answered":
        return {kind: await judge.judge(kind, case, unlimited) for kind in ("relevance", "support")}
    if written.outcome == "no_material" and case.hits:
        return {"abstention": await judge.judge("abstention", case, unlimited)}
    return {}


def _played(question: EvalQuestion, written: Written, latency_ms: float, opinions: dict[str, Opinion]) -> Played:
    relevance, support, silence = (opinions.get(kind) for kind in ("relevance", "support", "abstention"))
    counted = None if written.tokens_in is None else written.tokens_in + (written.tokens_out or 0)
    return Played(
        question=question,
        outcome=written.outcome,
        text=written.text,
        references=written.references,
        score=relevance and relevance.verdict.score,
        statuses=tuple(opinion.status for opinion in opinions.values()),
        abstention=silence and silence.verdict.abstention,
        supports=tuple(one.support if one.is_found else "none" for one in support.verdict.references)
        if support
        else (),
        latency_ms=latency_ms,
        tokens=counted,
    )


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
