"""A flagged answer as staff meet it: who they are, its card, what the judge said, and how the review stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Course, Judgement, ReferenceJudgement
from db.records.reviews import ReviewItem, ReviewStats, Verified
from services.answering.replies import Examined


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of staff: *id* names them while they hold an item, *key* is what is kept."""

    id: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A flagged answer, with all that staff need to settle it."""

    item: ReviewItem
    course: Course
    reply: Examined
    comments: Sequence[tuple[str | None, str | None]]  # reason and words of those who voted it down
    link: tuple[int, int, int] | None  # server, channel and message where the student sees it; None: staff cannot
    verified: Verified | None  # what staff have written in its place


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOpinion:
    """What the judge said of an answer."""

    relevance: Judgement | None
    support: tuple[ReferenceJudgement, ...]
    abstention: Judgement | None
    second: Judgement | None = None  # another opinion on the relevance, where one was asked
    context: Judgement | None = None  # of the passages


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a course's review stands, and by reason how many are open and were settled lately."""

    whole: ReviewStats
    by_reason: dict[str, tuple[int, int]]


def state(item: ReviewItem, written: Verified | None) -> str:
    """
    Return how far an item has come, in a word that fits a form's custom id.

    It changes when the item is settled and when the words of staff change.
    """
    return f"{'s' if item.settled_at else 'o'}{written.version if written else 0}"
