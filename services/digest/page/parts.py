"""The parts of a digest in words, as page, mail, picture and message lay them out."""

from dataclasses import dataclass
from typing import Literal

from db.records import Language

TOP_CHAPTERS = 3

Tone = Literal["score_0", "score_1", "score_2", "score_3", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One figure: what it is now, what it was before, and how many it rests on."""

    name: str
    now: str
    before: str
    change: str
    n: str  # empty where it counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One part of a whole."""

    name: str
    count: int
    count_in_words: str
    share: str
    width: float  # 0 to 100, of the largest bar
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A moment of a lecture to look at."""

    lecture: str
    time: str
    url: str | None
    citations: str
    chapter: str = ""  # in which it lies, where that is known


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicWords:
    """A group of questions."""

    title: str
    people: str  # how many asked how much
    details: tuple[str, ...]
    examples: tuple[str, ...]
    spots: tuple[Spot, ...]
    again: str | None = None  # which chapter to explain again


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One minute of a lecture."""

    minute: int
    step: int  # 1 to 5, the colour
    is_voted_down: bool
    words: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StripChapter:
    """One chapter of a lecture, where it lies on its strip."""

    title: str
    time: str
    start_min: float
    cited: int
    citations: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The minutes of one lecture."""

    title: str
    minutes: int
    counts: str
    top: tuple[Spot, ...]
    cells: tuple[Cell, ...]
    chapters: tuple[StripChapter, ...] = ()  # all of them, in order

    @property
    def top_chapters(self) -> tuple[StripChapter, ...]:
        """The chapters to look at, most cited first."""
        cited = [chapter for chapter in self.chapters if chapter.cited]
        return tuple(sorted(cited, key=lambda chapter: (-chapter.cited, chapter.start_min))[:TOP_CHAPTERS])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that is said of one period."""

    language: Language
    course: str
    span: str
    heading: str
    week: str | None  # its name, where it is one
    outage: str | None  # why it tells of more than one week
    summary: str
    caution: str | None
    subject: str
    is_empty: bool
    topics: tuple[TopicWords, ...]
    no_topics: str | None
    gaps: tuple[TopicWords, ...]
    no_gaps: str | None
    for_staff: tuple[TopicWords, ...]
    small: str | None  # how many questions are only counted
    tries: str | None  # how often an answer was wanted in another way
    questions: tuple[FigureRow, ...]
    quality: tuple[FigureRow, ...]
    scores: tuple[Bar, ...]
    scores_caption: str
    scores_notes: tuple[str, ...]
    labels: str
    agreement: str
    faults: str | None  # whether weak answers are the search's fault or their own
    alerts: tuple[str, ...]  # that the judge has changed
    warning: str | None
    staff: tuple[FigureRow, ...]
    staff_notes: tuple[str, ...]
    cost: str
    strips: tuple[Strip, ...]
    now_name: str
    before_note: str
    time_zone: str
