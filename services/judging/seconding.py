"""
Decide about which judgements of relevance a second opinion is asked, and what follows from it.

It stands beside the first and never in its place: threshold, labels, averages and learning go by the first alone.
"""

from dataclasses import dataclass
from random import SystemRandom

from psycopg import AsyncConnection

from db import judge_settings, judgements, second_opinions
from db.annotations import Votes
from db.records import AnswerId, AskedFor, CourseId, Job, Judgement, JudgeQueue, JudgeSettings

QUEUE: JudgeQueue = "second_judge"
CHANCE = SystemRandom()

BEST, WORST = 3, 0
WIDE = 2
"""From this difference on, two scores are split whatever the threshold is."""


def at_threshold(score: int, flag_below: int) -> bool:
    """
    Tell whether the answer is just not flagged: what one point less would flag. What is flagged has its card already.

    >>> [at_threshold(score, 2) for score in range(4)], at_threshold(0, 0), at_threshold(3, 4)
    ([False, False, True, False], False, False)
    """
    return score == flag_below > WORST


def contradicts(votes: Votes, score: int | None) -> bool:
    """Tell whether thumbs say the opposite of the best or the worst score."""
    return (score == BEST and votes.down > 0) or (score == WORST and votes.up > 0)


def is_split(first: int, second: int, flag_below: int) -> bool:
    """
    Tell whether two scores call for a person: they lie two points apart, or on both sides of the threshold.

    >>> is_split(2, 1, 2), is_split(3, 2, 2), is_split(3, 1, 0)
    (True, False, True)
    """
    return abs(first - second) >= WIDE or (first < flag_below) != (second < flag_below)


def wanted(first: Judgement, votes: Votes, settings: JudgeSettings, *, probability: float | None) -> AskedFor | None:
    """
    Return why a second opinion is to be asked beside *first*, or None.

    *probability*: with which it came to be promised. By 1 it was promised for the threshold of then: where that was
    moved since, nobody was drawn, unless everybody is.
    """
    is_drawn = probability is not None and (probability < 1 or settings.second_opinion_share == 1)
    if not settings.second_opinion or first.score is None:
        return None
    if at_threshold(first.score, settings.flag_below):
        return "threshold"
    # The draw before the votes, so that who was drawn stays a random share of all that are not at the threshold.
    if is_drawn:
        return "chance"
    return "votes" if contradicts(votes, first.score) else None


async def after_judgement(
    conn: AsyncConnection, job: Job, score: int | None, votes: Votes, settings: JudgeSettings
) -> None:
    """
    Promise a second opinion on the judgement of relevance that was just stored, or end what an older one had promised.

    `answers.lock` must be held.
    """
    probability = None
    if settings.second_opinion and score is not None:
        if at_threshold(score, settings.flag_below):
            probability = 1.0
        elif CHANCE.random() < settings.second_opinion_share:
            probability = settings.second_opinion_share
        if probability is not None or contradicts(votes, score):
            await second_opinions.promise(conn, course=job.course_id, answer=job.answer_id, probability=probability)
            return
    await second_opinions.withdraw(conn, course=job.course_id, answer=job.answer_id)


async def after_vote(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> None:
    """Promise a second opinion where a thumb contradicts the judge, once for each judgement; the lock must be held."""
    if not (await judge_settings.current(conn, course)).second_opinion:
        return
    first = await judgements.latest(conn, course=course, answer=answer, kind="relevance")
    if first:
        await second_opinions.promise_once(conn, course=course, answer=answer, first=first.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """How a second score stands beside the first."""

    spread: int  # 0 to 3
    is_split: bool  # they call for a person


def beside(first: Judgement | None, second: int | None, settings: JudgeSettings) -> Beside | None:
    """Hold a second score against the first; None: one of them is missing, and nothing is known."""
    if first is None or first.score is None or second is None:
        return None
    return Beside(spread=abs(first.score - second), is_split=is_split(first.score, second, settings.flag_below))
