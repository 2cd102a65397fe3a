"""What operators and people see of the work itself: backups, pauses, digests, what is left over, what is held."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from db.records import AnswerId, Course, JudgedFor
from db.records.maps import MapStage


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupContents:
    """What is inside, in numbers that people know."""

    courses: int
    lectures: int
    questions: int
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStep:
    """How far the work is: *done* tables of *total*, and what is done now."""

    doing: str
    done: int
    total: int
    size_bytes: int  # of the archive as it is written, or of the SQL as it runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What stops a queue, and for how long still."""

    is_open: bool
    opens_in_s: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDigest:
    """What became of the last digest of a course."""

    week: str
    has_failed: bool  # it could not be posted, and may still be
    mail_has_failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """One message that should no longer be there."""

    id: int
    guild_id: int | None
    channel_id: int
    message_id: int | None  # None: to be looked for, by what follows
    nonce: str | None
    reply_to: int | None
    since: datetime  # it is not older
    age_s: float  # since its row went


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldInCourse:
    """How much is kept about a person in one course."""

    course: Course
    questions: int
    votes: int
    comments: int  # of the votes
    choices: int  # between two answers, as staff; a pair that was only shown is none
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """One job as an operator sees it."""

    name: str  # as `monitoria queue --requeue` takes it: a judge's number, or COURSE/LECTURE of a map
    kind: JudgedFor | MapStage
    answer_id: AnswerId | None  # that is judged; None: the work is a map
    course: str  # slug
    state: Literal["waiting", "running", "done", "dead"]
    attempts: int
    since_s: float  # when it became due or, of a dead one, was given up; negative: it will be due then
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """What waits in a queue, what will not be done, and whether all of it is held up."""

    counts: dict[str, int]  # 'waiting', 'running' and 'dead' to how many, over all courses
    jobs: list[QueuedJob]
    breaker: Breaker | None
