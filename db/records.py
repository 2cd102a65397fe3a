"""The rows Monitoria keeps, as frozen records."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NewType

CourseId = NewType("CourseId", int)
LectureId = NewType("LectureId", int)
TranscriptId = NewType("TranscriptId", int)
SegmentId = NewType("SegmentId", int)
GenerationId = NewType("GenerationId", int)
QuestionId = NewType("QuestionId", int)
AnswerId = NewType("AnswerId", int)

Language = Literal["pt-BR", "en"]
"""A language that Monitoria speaks; lectures may be in any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One course, the wall that every question and every row of content stays behind."""

    id: CourseId
    slug: str
    title: str
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One caption: what is said between two moments of the video."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lecture:
    """One recorded lecture, known outside by its *slug* (the manifest's `id`)."""

    id: LectureId
    course_id: CourseId
    slug: str
    title: str
    language: str  # BCP 47 as the manifest gave it: "pt", "pt-BR", "en", "ko", …
    video_url: str | None
    held_on: date | None
    duration_s: float | None
    released_at: datetime | None  # None: released from the start
    source: str  # the file it was read from
    transcript_id: TranscriptId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """All vectors that one model made in one way; exactly one generation serves at a time."""

    id: GenerationId
    backend: str
    model: str
    revision: str
    dimension: int
    query_prefix: str
    passage_prefix: str
    state: Literal["building", "serving", "retired"]
    dense_weights: dict[str, float]  # language of the question, or "*", to the weight of the dense leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One segment that a search found, with all that is needed to cite a moment inside it."""

    rank: int  # 1, 2, 3, …
    segment_id: SegmentId
    lecture_id: LectureId
    lecture: str  # the lecture's slug
    title: str
    language: str
    video_url: str | None
    duration_s: float | None
    start_s: float
    end_s: float
    score: float | None  # cosine in [-1, 1]; None where the segment or the search has no vector
    text: str
    cue_offsets: tuple[int, ...]  # where each cue begins in the text, in characters, ascending from 0
    cue_starts_s: tuple[float, ...]  # when each of those cues begins in the video


Outcome = Literal["answered", "no_material", "needs_staff", "failed"]
RetrievalMode = Literal["hybrid", "lexical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One moment of one lecture, numbered as the answer's text numbers it."""

    number: int  # 1, 2, 3, … in order of first mention, at most 5
    segment_id: SegmentId
    lecture: str
    title: str
    start_s: float
    end_s: float
    url: str | None  # opens the video at start_s, where the host allows it; None: the lecture has no video
    quote: str  # words of the lecture that support the citing sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered to one question, and from what."""

    id: AnswerId
    question_id: QuestionId
    course_id: CourseId
    outcome: Outcome
    text: str
    failure: str | None
    retrieval: RetrievalMode
    generation_id: GenerationId | None
    model: str
    prompt_id: str | None
    prompt_sha256: str | None
    tokens_in: int | None
    tokens_out: int | None
    latency_ms: int


AnswersWhen = Literal["mention", "every", "forum", "off"]
"""When a bound channel is answered: on mention, at every question, at each forum post, never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSettings:
    """What a course decides for itself."""

    course_id: CourseId
    guild_id: int | None  # the Discord server that the course belongs to
    staff_channel_id: int | None
    staff_role_ids: tuple[int, ...]
    person_hourly: int  # questions that one person may ask in any 60 minutes
    course_daily: int  # questions that the whole course may ask in any 24 hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A channel, forum or category of Discord, and the course that it belongs to."""

    channel_id: int
    guild_id: int
    course: Course
    answers: AnswersWhen


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where the answer to a question goes: under a message, or to the command that asked."""

    guild_id: int | None  # None in direct messages
    channel_id: int
    message_id: int | None  # the message that asked; None for a command
    token: str | None  # of the command, good for 15 minutes
    is_private: bool
    language: Language  # of the words around the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A question's way back to its asker."""

    question_id: QuestionId
    answer_id: AnswerId | None  # None while it is being written
    course: Course
    question: str
    source_id: str
    asker_key: str | None
    lecture_id: LectureId | None
    follows: QuestionId | None
    age_s: float
    destination: Destination  # its token is None once expired
    answer_message_ids: tuple[int, ...]
    is_delivered: bool


Label = Literal["C", "P", "I"]
"""Correct, partly, incorrect."""

Complaint = Literal["wrong", "incomplete", "unclear", "wrong_moment", "other"]
"""What a student finds wrong with an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What one person says of one answer."""

    answer_id: AnswerId
    role: Literal["student", "staff"]
    label: Label
    reason: str | None
    comment: str | None
