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
    transcript_id: TranscriptId | None
