"""Hold answers of an evaluation against what staff wrote to the same questions, which no answer's model is shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from psycopg_pool import AsyncConnectionPool

from db import verified
from db.records import Course, JudgementStatus, VerifiedId
from services.answering.asked import language_of
from services.answering.asked_before import Finder, Known
from services.answering.writing import Written
from services.judging.judge import Judge, unlimited
from services.judging.swaying import without_swaying
from services.judging.verdicts import Case, Finding, Statement
from services.research.evaluate import EvalQuestion
from services.search.retrieve import Retriever

BEST_SCORE = 3

Standing = Literal["scored", "missing", "served", "silent"]
"""Of an answer: the judge gave a score, or none; it is staff's own words; or it does not answer at all."""

Truths = Mapping[str, Known]
"""What staff wrote, by the questions of a set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideStaff:
    """How one answer stands beside what staff wrote to the same question."""

    verified: VerifiedId
    standing: Standing
    score: int | None = None  # 0 to 3
    status: JudgementStatus | None = None  # of the judgement; None: nothing was asked
    statements: tuple[Statement, ...] = ()  # of what staff wrote

    @property
    def correctness(self) -> float | None:
        """From 0 to 1; None where there is no score."""
        return None if self.score is None else self.score / BEST_SCORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Correctness:
    """
    How near one configuration's answers are to what staff wrote.

    Nothing is dropped: references = n + missing + served + silent.
    """

    references: int  # questions that staff have answered
    n: int  # answers with a score
    missing: int  # the judge gave none
    served: int  # they are staff's own words, and nothing is compared
    silent: int  # no answer: what it leaves unsaid is counted as silence, not here
    mean: float | None  # 0 to 1; None of nothing
    findings: dict[Finding, int]  # statements of staff, of the answers with a score
    failures: dict[str, int]  # statuses of judgements without a score


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCorrectness:
    """On how many questions two configurations can be compared with what staff wrote."""

    references: int
    pairs: int  # both have a score
    missing: int  # one of them has none
    gone: int  # what staff wrote was retired, changed or outdated meanwhile


async def truths(
    finder: Finder, retriever: Retriever, course: Course, questions: Sequence[EvalQuestion]
) -> dict[str, Known]:
    """
    Return what staff wrote and still stand by, for each question that is the same as one that they have answered.

    Read once for all configurations, so that all are held against the same words. Words that are nothing but an attempt
    to sway a judge are no reference.
    """
    languages = await retriever.languages(course)
    found = dict[str, Known]()
    for question in (one.question for one in questions):
        known = await finder.find(course, question, language_of(question, (), languages))
        if isinstance(known, Known) and without_swaying(known.text):
            found[question] = known
    return found


async def gone(pool: AsyncConnectionPool, course: Course, read: Truths) -> frozenset[VerifiedId]:
    """Return those that staff stand by no more, in the words in which they were read."""
    async with pool.connection() as conn:
        now = {one.id: one.text for one in await verified.holding(conn, course=course.id)}
    return frozenset(one.id for one in read.values() if now.get(one.id) != one.text)


async def beside(
    judge: Judge | None, question: EvalQuestion, written: Written, known: Known | None
) -> BesideStaff | None:
    """Have an answer held against what staff wrote; None where they wrote nothing, or nobody judges."""
    if judge is None or known is None:
        return None
    if written.verified:
        return BesideStaff(verified=known.id, standing="served")
    if written.outcome != "answered":
        return BesideStaff(verified=known.id, standing="silent")
    case = Case(
        question=written.standalone or question.question,
        text=written.text,
        references=(),
        hits=(),
        reference=known.text,
    )
    opinion = await judge.judge("correctness", case, unlimited)
    score = opinion.verdict.score
    return BesideStaff(
        verified=known.id,
        standing="missing" if score is None else "scored",
        score=score,
        status=opinion.status,
        statements=opinion.verdict.statements,
    )


def correctness(every: Sequence[BesideStaff | None]) -> Correctness:
    there = [one for one in every if one]
    scores = [one.correctness for one in there if one.correctness is not None]
    standings = Counter(one.standing for one in there)
    return Correctness(
        references=len(there),
        n=len(scores),
        missing=standings["missing"],
        served=standings["served"],
        silent=standings["silent"],
        mean=fmean(scores) if scores else None,
        findings=dict(
            Counter(one.finding for stands in there for one in stands.statements if stands.score is not None)
        ),
        failures=dict(Counter(one.status for one in there if one.status and one.standing == "missing")),
    )


def comparable(
    first: Sequence[BesideStaff | None], second: Sequence[BesideStaff | None], *, gone: int
) -> ComparedCorrectness:
    """Count the questions, in the same order, on which both have a score; what is *gone* is in neither."""
    there = [(one, other) for one, other in zip(first, second, strict=True) if one and other]
    pairs = sum(one.score is not None and other.score is not None for one, other in there)
    return ComparedCorrectness(references=len(there), pairs=pairs, missing=len(there) - pairs, gone=gone)
