"""A lecture's map: its chapters, and what proves each line of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from db.records import CourseId, LectureId, SegmentId, TranscriptId

TitleOrigin = Literal["published", "written", "quoted", "staff"]
"""Who named a chapter: who published the video, a model, the lecturer's own words, or staff."""

MapState = Literal["waiting", "done", "dead"]
"""Whether something is still to be done to a map, such as a model's writing; it may be shown all the same."""

MapStage = Literal["cut", "write"]
"""What is to be done next: cut the lecture into chapters that are quoted, or let a model write of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One line of a map, with the words of the lecturer that prove it."""

    ordinal: int  # 1, 2, 3, … in order of time
    start_ms: int
    end_ms: int  # the next one may begin later: staff have dropped what lay between
    title: str
    origin: TitleOrigin  # of the title
    sentence: str  # supported by the quote, or the quote itself
    segment_id: SegmentId  # the passage that holds the quote
    quote: str  # verbatim, in whole cues
    quote_start_ms: int  # when the cue begins in which it is said, inside the chapter
    quote_end_ms: int
    fingerprint: str  # of the words that are said in the chapter

    @property
    def is_quoted(self) -> bool:
        """Whether the sentence is the lecturer's own."""
        return self.sentence == self.quote


@dataclass(frozen=True, slots=True, kw_only=True)
class LectureMap:
    """What a lecture is about, chapter by chapter."""

    lecture_id: LectureId
    course_id: CourseId
    lecture: str  # the lecture's slug
    title: str
    language: str  # two-letter code
    video_url: str | None
    held_on: date | None
    duration_s: float | None
    released_at: datetime | None
    transcript_id: TranscriptId
    version: int  # grows with each change
    state: MapState
    model: str | None  # that wrote some of it
    chapters: tuple[Chapter, ...]  # at least one

    def chapter_at(self, moment_ms: float) -> Chapter | None:
        """The chapter in which *moment_ms* lies."""
        return next((one for one in self.chapters if one.start_ms <= moment_ms < one.end_ms), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedChapter:
    """A chapter as it was published with the video."""

    start_ms: int
    end_ms: int | None  # None: until the next one begins, or the video ends
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterEdit:
    """What staff have said of a stretch of a lecture; it holds while the same words are said there."""

    id: int
    lecture_id: LectureId
    start_ms: int
    end_ms: int
    fingerprint: str
    title: str | None  # None: as it would be called anyway
    is_dropped: bool
    lost_at: datetime | None  # since when other words are said there, so that staff are asked


@dataclass(frozen=True, slots=True, kw_only=True)
class MapJob:
    """Work on the map of one lecture, held by the worker that has its *token*."""

    course_id: CourseId
    lecture_id: LectureId
    stage: MapStage
    attempts: int  # this one included
    token: int
