"""Earn an embedding model its weights beside the lexical search, on questions whose answers are known."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from db import generations, lectures
from db.records import Course, GenerationId
from services.research.evaluate import EvalQuestion, Outcome, RetrievalFigures, figures, outcomes
from services.search.likeness import OTHER
from services.search.retrieve import Retriever
from services.words.language import code

GRID = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.7, 2.5)
"""Weights of segments in the question's own language; in this first round others weigh the same."""

TIMES = (1.15, 1.3, 1.5, 2.0, 3.0)
"""How much more segments in other languages may weigh, tried in a second round."""

OWN_AT_LEAST = 0.4
"""What these are times of where likeness is worth less in the question's own language: it may still find others."""

TRIES = len(GRID) + len(TIMES)

ENOUGH_QUESTIONS = 40
"""A language gets a weight of its own from this many answerable questions on; below, chance decides."""

Weights = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Weights that were tried, and what they gave for each answerable question."""

    weights: Weights
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The questions that a lecture in their own language answers, by their ids, and the others."""

    own: frozenset[str]
    other: frozenset[str]


async def sides(pool: AsyncConnectionPool, course: Course, questions: Sequence[EvalQuestion]) -> Sides:
    """Tell questions that a lecture in their own language answers from those that only others answer."""
    async with pool.connection() as conn:
        spoken = {lecture.slug: code(lecture.language) for lecture in await lectures.of_course(conn, course.id)}
    answerable = [question for question in questions if question.relevant]
    own = frozenset(
        question.id
        for question in answerable
        if any(spoken.get(moment.lecture_id, question.lang) == question.lang for moment in question.relevant)
    )
    return Sides(own=own, other=frozenset(question.id for question in answerable) - own)


async def tries(
    retriever: Retriever, course: Course, questions: Sequence[EvalQuestion], apart: Sides
) -> AsyncIterator[Tried]:
    """Ask all answerable questions once with each of the weights, through the path of production."""
    first: list[Tried] = []
    for weight in GRID:
        first.append(await _tried(retriever, course, questions, {"*": weight}))
        yield first[-1]
    for weights in others(_own(first, apart)):
        yield await _tried(retriever, course, questions, weights)


def others(own: Weights) -> list[Weights]:
    """
    Return what the second round tries, given the best weights of the first.

    >>> [weights["other"] for weights in others({"*": 0.0})]
    [0.46, 0.52, 0.6, 0.8, 1.2]
    """
    return [{**own, OTHER: round(max(own["*"], OWN_AT_LEAST) * times, 3)} for times in TIMES]


async def _tried(retriever: Retriever, course: Course, questions: Sequence[EvalQuestion], weights: Weights) -> Tried:
    answerable = [question for question in questions if question.relevant]
    results = [outcome async for outcome in outcomes(retriever.weighing(weights), course, answerable)]
    return Tried(weights=weights, outcomes=tuple(results))


def choose(tried: Sequence[Tried], apart: Sides) -> Weights:
    """
    Return the best weight ("*"), that of each language with enough questions, and that of other languages ("other").

    *tried* is as `tries` gives it and begins with 0, the lexical leg alone. The best weight of the first round is the
    one whose mean of recall@1, @5, @10 and MRR@10 over questions that lectures in their own language answer, averaged
    with its neighbours' so that no lucky point wins, is highest among those where none of the four falls below the
    lexical leg's. Zero always qualifies. The second round looks at all questions, and neither those answered in their
    own language nor the others may fall below the lexical leg.
    """
    first, second = tried[: len(GRID)], tried[len(GRID) :]
    own = _own(first, apart)
    same = min(first, key=lambda trial: abs(trial.weights["*"] - own["*"]))
    best, chosen = _mean(same.outcomes), own["*"]
    for trial in second:
        if _harmless(trial, tried[0], apart.own) and _harmless(trial, tried[0], apart.other):
            reached = _mean(trial.outcomes)
            if reached > best:
                best, chosen = reached, trial.weights[OTHER]
    return {**own, OTHER: chosen}


async def keep(pool: AsyncConnectionPool, generation: GenerationId, weights: Mapping[str, float]) -> None:
    """Let searches in *generation* use *weights* from now on."""
    async with pool.connection() as conn:
        await generations.weigh(conn, generation, dict(weights))


def _own(first: Sequence[Tried], apart: Sides) -> Weights:
    # Where every question is answered in another language, these are all there is to go by.
    asked = [one for one in first[0].outcomes if one.question.id in apart.own] or list(first[0].outcomes)
    weights = {"*": _best(first, frozenset(one.question.id for one in asked))}
    for language in sorted({one.question.lang for one in asked if one.question.lang}):
        ids = frozenset(one.question.id for one in asked if one.question.lang == language)
        if len(ids) >= ENOUGH_QUESTIONS:
            weights[language] = _best(first, ids)
    return weights


def _best(first: Sequence[Tried], ids: frozenset[str]) -> float:
    means = [_mean(_among(trial, ids)) for trial in first]
    best = 0
    for place, trial in enumerate(first):
        if _harmless(trial, first[0], ids) and _smooth(means, place) > _smooth(means, best):
            best = place
    return first[best].weights["*"]


def _harmless(trial: Tried, lexical: Tried, ids: frozenset[str]) -> bool:
    """Tell whether none of the four figures is below the lexical leg's."""
    if not ids:
        return True
    reached, alone = (_four(figures(_among(one, ids))) for one in (trial, lexical))
    return all(figure >= least for figure, least in zip(reached, alone, strict=True))


def _among(trial: Tried, ids: frozenset[str]) -> list[Outcome]:
    return [one for one in trial.outcomes if one.question.id in ids]


def _mean(results: Sequence[Outcome]) -> float:
    return sum(_four(figures(results))) / 4


def _four(reached: RetrievalFigures) -> tuple[float, ...]:
    return (reached.recall_at_1, reached.recall_at_5, reached.recall_at_10, reached.mrr_at_10)


def _smooth(means: Sequence[float], place: int) -> float:
    around = means[max(0, place - 1) : place + 2]
    return sum(around) / len(around)
