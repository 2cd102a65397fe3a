"""What staff meet and write: flagged answers and their cards, verified answers, kept messages, labels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from db.records import AnswerId, CourseId, ItemId, Label, Outcome, QuestionId, Verdict, VerifiedId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One flag of one answer, open or settled."""

    id: ItemId
    answer_id: AnswerId
    course_id: CourseId
    opened_at: datetime
    settled_at: datetime | None
    verdict: Verdict | None
    settled_by: str | None  # the key of the member of staff
    taken_by: int | None  # the id of who holds it now; None: nobody does
    taken_for_s: float | None  # how long they still hold it
    card_channel_id: int | None
    card_message_id: int | None
    card_version: int
    reasons: list[str]  # in the order in which they came
    up: int
    down: int
    has_score: bool
    is_second_look: bool = False  # another one of staff is to label it, blind, and there is no other reason
    is_second_awaited: bool = False  # the answer waits for its second look: what the first one said is not shown
    are_labels_opposed: bool = False  # one of two who labelled it blind says correct, the other incorrect


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCard:
    """A card that does not show all there is, and where it belongs."""

    item_id: ItemId
    course_id: CourseId
    staff_channel_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCard:
    """What is known of a card of which no message is known."""

    since: datetime | None  # it may stand there since then; None: none was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedItem:
    """One item in a list."""

    id: ItemId
    answer_id: AnswerId
    question: str
    reasons: list[str]
    age_s: float
    taken_by: int | None
    card_channel_id: int | None
    card_message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStats:
    """How a course's review stands."""

    open: int
    oldest_s: float | None
    settled: int  # in the last 30 days
    median_settle_s: float | None  # of those


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One verified answer."""

    id: VerifiedId
    course_id: CourseId
    answer_id: AnswerId | None  # that it corrected; None once that was deleted
    question: str
    language: str  # two-letter code of the question
    text: str
    version: int
    verified_by: str
    verified_at: datetime
    retired_at: datetime | None
    stale_since: datetime | None
    doubted_since: datetime | None  # staff found it incorrect, and nobody has settled it since


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMessage:
    """The message that is kept, and what stands for who wrote it."""

    guild_id: int
    channel_id: int
    message_id: int
    text_sha256: str
    author_key: str  # "": somebody wrote it as staff, and what staff do is the course's


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """A verified answer that was kept from a message."""

    verified_id: VerifiedId
    course_id: CourseId
    answer_id: AnswerId | None
    guild_id: int
    channel_id: int
    message_id: int
    question: str
    language: str
    text: str
    text_sha256: str
    holds: bool  # it is not retired


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAnswer:
    """One answer that was judged or labelled, with its question."""

    answer_id: AnswerId
    question_id: QuestionId
    question: str
    text: str
    outcome: Outcome
    language: str  # two-letter code of the question
    source: str  # where the question came from; 'dossier': made elsewhere
    answered_at: datetime
    root: str = ""  # what was first asked: of another try, the question that it is a try at


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanLabel:
    """What one person, who is not named, says of one answer."""

    answer_id: AnswerId
    role: Literal["student", "staff"]
    label: Label
    reason: str | None
    comment: str | None
    judge_visible: bool  # the judge's score had been seen
    person: int = 0  # tells people apart within one reading, and says nothing of who they are
