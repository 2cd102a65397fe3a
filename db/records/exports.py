"""What an export keeps of an answer's passages and moments, as they were when it was given."""

from dataclasses import dataclass

from db.records import AnswerId, SegmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedHit:
    """One passage that an answer was made from."""

    answer_id: AnswerId
    rank: int
    segment_id: SegmentId
    lecture: str
    title: str
    video_url: str | None
    duration_s: float | None
    start_s: float
    end_s: float
    score: float | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedReference:
    """One moment that an answer cites."""

    answer_id: AnswerId
    number: int
    segment_id: SegmentId
    lecture: str
    title: str
    start_s: float
    end_s: float
    url: str | None
    quote: str
