"""Earn an embedding model its weight beside the lexical search, on questions whose answers are known."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg_pool import AsyncConnectionPool

from db import generations
from db.records import Course, GenerationId
from services.research.evaluate import EvalQuestion, Outcome, RetrievalFigures, figures, outcomes
from services.search.generations import Serving
from services.search.retrieve import Retriever

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.3, 1.7, 2.5, 4.0)
ENOUGH_QUESTIONS = 40
"""A language gets a weight of its own from this many answerable questions on; below, chance decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One weight, and what it gave for each answerable question."""

    weight: float
    outcomes: tuple[Outcome, ...]


async def tries(
    pool: AsyncConnectionPool, serving: Serving, course: Course, questions: Sequence[EvalQuestion]
) -> AsyncIterator[Tried]:
    """Ask all answerable questions once with each weight of the grid, through the path of production."""
    answerable = [question for question in questions if question.relevant]
    for weight in GRID:
        retriever = Retriever(pool, serving, dense_weights={"*": weight})
        results = [outcome async for outcome in outcomes(retriever, course, answerable)]
        yield Tried(weight=weight, outcomes=tuple(results))


def choose(tried: Sequence[Tried]) -> dict[str, float]:
    """
    Return the best weight over all questions ("*"), and for each language with enough of them.

    *tried* is in order of weight and begins with 0, the lexical leg alone. The best weight is the one whose mean of
    recall@1, @5, @10 and MRR@10, averaged with its neighbours' on the grid so that no lucky point wins, is highest
    among those where none of the four falls below the lexical leg's. Zero always qualifies.
    """
    languages = {outcome.question.lang for outcome in tried[0].outcomes if outcome.question.lang}
    weights = {"*": _best(tried, None)}
    for language in sorted(languages):
        if sum(outcome.question.lang == language for outcome in tried[0].outcomes) >= ENOUGH_QUESTIONS:
            weights[language] = _best(tried, language)
    return weights


async def keep(pool: AsyncConnectionPool, generation: GenerationId, weights: Mapping[str, float]) -> None:
    """Let searches in *generation* use *weights* from now on."""
    async with pool.connection() as conn:
        await generations.weigh(conn, generation, dict(weights))


def _best(tried: Sequence[Tried], language: str | None) -> float:
    reached = [
        _four(figures([one for one in trial.outcomes if language in {None, one.question.lang}])) for trial in tried
    ]
    means = [sum(four) / 4 for four in reached]
    best = 0
    for place, four in enumerate(reached):
        harmless = all(figure >= lexical for figure, lexical in zip(four, reached[0], strict=True))
        if harmless and _smooth(means, place) > _smooth(means, best):
            best = place
    return tried[best].weight


def _four(reached: RetrievalFigures) -> tuple[float, ...]:
    return (reached.recall_at_1, reached.recall_at_5, reached.recall_at_10, reached.mrr_at_10)


def _smooth(means: Sequence[float], place: int) -> float:
    around = means[max(0, place - 1) : place + 2]
    return sum(around) / len(around)
