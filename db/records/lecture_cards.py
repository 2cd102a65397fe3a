"""What cards about lectures show."""

from dataclasses import dataclass
from typing import Literal

LectureCardKind = Literal["release", "question"]
"""That a lecture is there, for all; or what is to become of words of staff that have lost their place, for staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWords:
    """What staff have said of a stretch of a lecture in which other words are said by now."""

    id: int
    lecture: str  # slug
    lecture_title: str
    start_ms: int  # as it was
    end_ms: int
    title: str | None  # None: staff gave none
    is_dropped: bool
