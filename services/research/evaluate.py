"""Measure retrieval on a fixed set of questions, through the path that students' questions take."""

import math
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from db.records import Course, Hit
from services.errors import Refused
from services.search.retrieve import Retriever

DEPTH = 10
_KINDS = {"all": 0, "same-language": 0, "lang": 1, "tag": 3}

CROSS_LINGUAL = "cross-lingual"
"""The tag of a question in a language that no relevant lecture is in."""

OVERLAP_S = 15.0
"""A hit counts when it overlaps a relevant moment by this much, or covers half of it."""


class Moment(BaseModel):
    """A stretch of a lecture that answers a question; seconds."""

    model_config = ConfigDict(frozen=True)

    lecture_id: str
    start: float = Field(ge=0)
    end: float

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"the end {self.end} is not after the start {self.start}")
        return self


class EvalQuestion(BaseModel):
    """One line of a question set; a question without relevant moments has no answer in the course."""

    model_config = ConfigDict(frozen=True)

    id: str
    lang: str = ""
    question: str = Field(min_length=1)
    relevant: tuple[Moment, ...]
    origin: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalFigures:
    """What one way of searching reached on a group of answerable questions."""

    questions: int
    recall_at_1: float  # share of questions with a relevant hit among the first 1
    recall_at_5: float
    recall_at_10: float
    mrr_at_10: float  # mean of 1 / rank of the first relevant hit, 0 beyond rank 10
    ndcg_at_10: float  # gain 1 for each relevant moment reached for the first time
    first_hit_width_s: float  # mean; a wide hit is relevant easily
    latency_p50_ms: float
    latency_p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a search gave for one question."""

    question: EvalQuestion
    hits: tuple[Hit, ...]
    latency_ms: float


def read_set(path: Path) -> tuple[EvalQuestion, ...]:
    """
    Read a question set, one JSON object a line.

    Raises:
        Refused: names the file, the line and what is wrong there.

    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise Refused(f"The question set {str(path)!r} cannot be read ({error.strerror}); check the path.") from None
    except UnicodeDecodeError:
        raise Refused(f"The question set {str(path)!r} is not UTF-8 text; save it as UTF-8.") from None
    questions = tuple(_question(line, path, number) for number, line in enumerate(lines, start=1) if line.strip())
    if not any(question.relevant for question in questions):
        raise Refused(
            f"The question set {str(path)!r} has no question with a relevant moment; nothing can be measured."
        )
    return questions


async def outcomes(retriever: Retriever, course: Course, questions: Sequence[EvalQuestion]) -> AsyncIterator[Outcome]:
    """Ask each question, one after the other, so that the latencies are those of one asker."""
    for question in questions:
        began = time.perf_counter()
        found = await retriever.search(course=course, questions=[question.question], k=DEPTH)
        yield Outcome(question=question, hits=found.hits, latency_ms=(time.perf_counter() - began) * 1000)


def by_group(results: Sequence[Outcome]) -> dict[str, RetrievalFigures]:
    """Figures over all, by language of the question, and by tag; groups without answerable questions are left out."""
    groups: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in results:
        if outcome.question.relevant:
            for group in groups_of(outcome.question):
                groups[group].append(outcome)
    return {group: figures(groups[group]) for group in in_order(groups)}


def figures(results: Sequence[Outcome]) -> RetrievalFigures:
    """Return the figures of answerable questions; *results* is not empty."""
    ranks = [first_relevant(outcome) for outcome in results]
    widths = [outcome.hits[0].end_s - outcome.hits[0].start_s for outcome in results if outcome.hits]
    latencies = sorted(outcome.latency_ms for outcome in results)
    return RetrievalFigures(
        questions=len(results),
        recall_at_1=_recall(ranks, 1),
        recall_at_5=_recall(ranks, 5),
        recall_at_10=_recall(ranks, 10),
        mrr_at_10=statistics.fmean(1 / rank if rank else 0.0 for rank in ranks),
        ndcg_at_10=statistics.fmean(map(ndcg, results)),
        first_hit_width_s=statistics.fmean(widths) if widths else 0.0,
        latency_p50_ms=statistics.median(latencies),
        latency_p95_ms=latencies[math.ceil(0.95 * len(latencies)) - 1],
    )


def first_relevant(outcome: Outcome) -> int | None:
    """Return the rank of the first relevant hit among the first ten, or None."""
    moments = outcome.question.relevant
    return next((hit.rank for hit in outcome.hits[:DEPTH] if any(covers(hit, moment) for moment in moments)), None)


def ndcg(outcome: Outcome) -> float:
    """
    Return nDCG@10 with gain 1 for each relevant moment that a hit is the first to reach.

    Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.
    """
    left = list(outcome.question.relevant)
    gained = 0.0
    for hit in outcome.hits[:DEPTH]:
        reached = [moment for moment in left if covers(hit, moment)]
        left = [moment for moment in left if moment not in reached]
        gained += bool(reached) / math.log2(hit.rank + 1)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(DEPTH, len(outcome.question.relevant)) + 1))
    return gained / ideal


def covers(hit: Hit, moment: Moment) -> bool:
    """Tell whether *hit* counts as showing *moment*."""
    if hit.lecture != moment.lecture_id:
        return False
    overlap = min(hit.end_s, moment.end) - max(hit.start_s, moment.start)
    return overlap >= min(OVERLAP_S, (moment.end - moment.start) / 2) and overlap > 0


def _question(line: str, path: Path, number: int) -> EvalQuestion:
    try:
        return EvalQuestion.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        what = f"{where}: {first['msg']}" if where else first["msg"]
        raise Refused(f"The question set {str(path)!r}, line {number}, cannot be used ({what}).") from None


def _recall(ranks: Sequence[int | None], k: int) -> float:
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def groups_of(question: EvalQuestion) -> Iterator[str]:
    """Name the groups that *question* counts in: all, same-language, its language, with its origin, its tags."""
    yield "all"
    if CROSS_LINGUAL not in question.tags:
        yield "same-language"
    if question.lang:
        yield f"lang {question.lang}"
        # A language's questions of one origin, without those that no lecture in that language answers.
        if question.origin and CROSS_LINGUAL not in question.tags:
            yield f"{question.lang} {question.origin}"
    for tag in question.tags:
        yield f"tag {tag}"


def in_order(groups: Iterable[str]) -> list[str]:
    """Sort the names of groups: all, languages, languages and origins, tags."""
    return sorted(groups, key=_group_order)


def _group_order(group: str) -> tuple[int, str]:
    return (_KINDS.get(group.split(maxsplit=1)[0], 2), group)
