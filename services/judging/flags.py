"""Decide which answers staff should look at, and why, in the transaction that learns it."""

from collections.abc import Collection, Mapping

from psycopg import AsyncConnection

from db import annotations, reviews
from db.annotations import Votes
from db.records import AnswerId, CourseId, JudgedFor, JudgeSettings
from services.judging import seconding
from services.judging.verdicts import Verdict

BY_JUDGE: dict[JudgedFor, tuple[str, ...]] = {
    "relevance": ("low_relevance", "sway"),
    "support": ("unsupported_citation",),
    "abstention": ("wrong_abstention",),
    "second": ("split_opinion",),
    "context": (),  # it says why an answer may be weak, not that it is
}
"""The reasons that each kind of judgement gives, and takes back where a later judgement no longer does."""


def given_by(kind: JudgedFor, verdict: Verdict, settings: JudgeSettings, *, swayed: bool) -> frozenset[str]:
    """Return the reasons that a judgement gives for a look at its answer."""
    reasons = set[str]()
    if verdict.score is not None and verdict.score < settings.flag_below:
        reasons.add("low_relevance")
    if swayed:
        reasons.add("sway")
    # Words that the passage does not hold support nothing, whatever the judge calls them.
    if any(one.support == "none" or not one.is_found for one in verdict.references):
        reasons.add("unsupported_citation")
    if verdict.abstention == "wrong":
        reasons.add("wrong_abstention")
    return frozenset(reasons & set(BY_JUDGE[kind]))


async def by_judge(
    conn: AsyncConnection, *, course: CourseId, answer: AnswerId, kind: JudgedFor, reasons: Collection[str]
) -> None:
    """Flag the answer for *reasons*, and no longer for others that a judgement of this kind gave before."""
    await _sync(conn, course, answer, {reason: reason in reasons for reason in BY_JUDGE[kind]})


async def by_votes(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> Votes:
    """
    Flag the answer for thumbs down, and for thumbs that contradict the judge, for as long as they stand; return them.

    Votes and judgement may arrive at the same moment: `answers.lock` must be held, or neither sees the other.
    """
    votes = await annotations.votes(conn, course=course, answer=answer)
    contradicts = seconding.contradicts(votes, votes.score)
    await _sync(conn, course, answer, {"voted_down": votes.down > 0, "vote_against_judge": contradicts})
    return votes


async def _sync(conn: AsyncConnection, course: CourseId, answer: AnswerId, holds: Mapping[str, bool]) -> None:
    """Flag the answer for each reason that *holds*, and no longer for the others."""
    for reason in (reason for reason, does_hold in holds.items() if does_hold):
        await reviews.flag(conn, course=course, answer=answer, reason=reason)
    await reviews.withdraw(
        conn, course=course, answer=answer, reasons=[reason for reason, does_hold in holds.items() if not does_hold]
    )
