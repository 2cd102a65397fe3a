"""Measure whether references open the video at the right second, for quotations and for answers of a model."""

import statistics
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from db.records import Course, Reference
from services.answering.ask import Asker
from services.research.evaluate import EvalQuestion, Moment, groups_of, in_order

BEFORE_S = 15.0
"""A reference may start this long before the relevant moment: who is led there early still hears it begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedAnswer:
    """What a student saw as the answer to one question."""

    question: EvalQuestion
    references: tuple[Reference, ...]  # in the order shown; none where the question was turned away


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Where the references for one group of answerable questions start."""

    questions: int
    kept: float  # share of questions that were answered with a reference
    first_inside: float  # share of all the questions whose first reference starts inside a relevant moment
    any_inside: float  # the same of any reference
    references: float  # mean number a question
    precision: float  # share of the references that start inside


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """How well references do on a question set."""

    questions: int  # answerable ones
    cited: int  # those with a reference in a lecture that answers
    median_s: float | None  # between the nearest of these and where a moment starts, lead-in included
    within_15_s: float  # share of all answerable questions
    unanswerable: int
    turned_away: int  # of the unanswerable ones
    groups: dict[str, Landed]


async def quotations(asker: Asker, course: Course, questions: Sequence[EvalQuestion]) -> AsyncIterator[CitedAnswer]:
    """Ask each question of an *asker* without a model, as a student would, and store nothing."""
    for question in questions:
        written = await asker.rehearse(course, question.question)
        yield CitedAnswer(question=question, references=written.references)


def seconds(shown: Sequence[CitedAnswer]) -> Seconds:
    """
    Measure the references of *shown*.

    Retrieval is measured by whole windows; a student opens the video where the reference says.
    """
    answerable = [one for one in shown if one.question.relevant]
    others = [one for one in shown if not one.question.relevant]
    distances = sorted(distance for one in answerable if (distance := _distance_s(one)) is not None)
    return Seconds(
        questions=len(answerable),
        cited=len(distances),
        median_s=statistics.median(distances) if distances else None,
        within_15_s=sum(distance <= BEFORE_S for distance in distances) / max(1, len(answerable)),
        unanswerable=len(others),
        turned_away=sum(not one.references for one in others),
        groups=_by_group(answerable),
    )


def is_inside(reference: Reference, relevant: Iterable[Moment]) -> bool:
    """Tell whether *reference* starts in one of the *relevant* moments, or at most `BEFORE_S` before it."""
    return any(
        reference.lecture == moment.lecture_id and moment.start - BEFORE_S <= reference.start_s <= moment.end
        for moment in relevant
    )


def _by_group(answerable: Sequence[CitedAnswer]) -> dict[str, Landed]:
    groups: defaultdict[str, list[CitedAnswer]] = defaultdict(list)
    for one in answerable:
        for group in groups_of(one.question):
            groups[group].append(one)
    return {group: _landed(groups[group]) for group in in_order(groups)}


def _landed(group: Sequence[CitedAnswer]) -> Landed:
    """Return the figures of *group*, which is not empty."""
    hits = [[is_inside(reference, one.question.relevant) for reference in one.references] for one in group]
    count = sum(map(len, hits))
    return Landed(
        questions=len(group),
        kept=sum(map(bool, hits)) / len(group),
        first_inside=sum(row[:1] == [True] for row in hits) / len(group),
        any_inside=sum(map(any, hits)) / len(group),
        references=count / len(group),
        precision=sum(map(sum, hits)) / max(1, count),
    )


def _distance_s(one: CitedAnswer) -> float | None:
    """Return the seconds between the nearest reference and the start of a relevant moment, in one lecture."""
    return min(
        (
            abs(reference.start_s - moment.start)
            for reference in one.references
            for moment in one.question.relevant
            if reference.lecture == moment.lecture_id
        ),
        default=None,
    )
