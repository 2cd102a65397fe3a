"""What a digest says: figures with their n and the week before, topics, gaps, and where in which lecture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from db.records import Again, Course, Label, Outcome
from db.records.learning import JudgeAlert
from services.ground.faults import Faults

FEW_SCORES = 10
"""A mean of fewer scores is not compared with another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole local weeks, Monday to Sunday; more than one after an outage."""

    week: str  # the last one, ISO 8601: "2026-W47"
    first_day: date
    last_day: date
    starts_at: datetime  # the instant, in UTC
    ends_at: datetime  # the first instant that no longer belongs to it
    time_zone: str  # IANA
    weeks: int = 1  # how many it tells of; more than one: those before were never posted


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number with what it was in the period before; None: unknown, which is not 0."""

    value: float | None
    before: float | None = None
    n: int | None = None  # how many it is a mean, a median or a share of


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """How the judge scored the answers of the period."""

    scores: tuple[int, int, int, int]  # how many got 0, 1, 2, 3
    mean: Figure  # AR, 0 to 1
    failed: Mapping[str, int]  # judgements without a score, by status
    without_reason: int  # scores whose reasoning is empty
    unjudged: int  # answers that nobody judged (yet)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinions:
    """How the judge and a second opinion stand to each other, on the answers of the period that had one."""

    asked: int
    scored: int  # the others gave no score
    split: int
    low: float | None  # of the 95 % interval of the share of split ones
    high: float | None
    tokens: int
    uncounted: int  # calls whose server did not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far judge and staff agree on the labels of the period."""

    n: int
    share: float | None
    low: float | None  # of the 95 % interval
    high: float | None
    kappa: float | None  # None: undefined
    warning: str | None  # 'few' or 'low': why the scores are not to be trusted; None: they are


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFigures:
    """What was flagged for staff, and how quickly they settled it."""

    opened: Figure
    settled: Figure
    median_settle_s: Figure
    open_now: int
    oldest_open_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the models took; money only where the course has prices."""

    tokens_in: int
    tokens_out: int
    uncounted: int  # calls whose server did not count
    money: float | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A moment of a lecture that a topic points to."""

    lecture_id: int
    lecture: str  # its title, which another lecture of the course may have too
    start_s: float
    url: str | None
    citations: int
    chapter: str | None = None  # in which it lies; None: the lecture has no map, or one of other captions


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Questions that mean the same, asked by enough students to be shown."""

    title: str
    examples: tuple[str, ...]  # at most 3, without names
    questions: int
    askers: int
    outcomes: Mapping[Outcome, int]
    relevance: float | None  # mean AR, 0 to 1
    voted_down: int
    places: tuple[Place, ...]
    tries: Mapping[Again, int] = field(default_factory=dict[Again, int])  # further ones at its answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often an answer was wanted in one other way, and what most of these tries are about, if they have that."""

    count: int
    topic: str | None = None  # the title of one that the digest shows
    lecture: str | None = None  # that their answers cite, where they have no topic in common


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """One minute of a lecture."""

    minute: int  # 0 is the first
    cited: int
    voted_down: int  # of those citations, in answers with a thumb down
    url: str | None  # opens the video there


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterHeat:
    """How often one chapter of a lecture was cited, in the captions that its map is made of."""

    title: str
    start_s: float
    end_s: float
    cited: int
    url: str | None  # opens the video where the chapter begins


@dataclass(frozen=True, slots=True, kw_only=True)
class LectureHeat:
    """Which minutes of a lecture were cited."""

    title: str
    duration_s: float  # as far as is known: at least to the end of its captions
    minutes: tuple[Minute, ...]  # those with a citation, in order
    chapters: tuple[ChapterHeat, ...] = ()  # of its map, in order; none, where it has no map


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One course, one period."""

    course: Course
    period: Period
    questions: Figure
    askers: Figure  # distinct
    outcomes: Mapping[Outcome, Figure]
    answered_share: Figure
    seconds_median: Figure
    seconds_p95: Figure
    relevance: Relevance
    thumbs_up: Figure
    thumbs_down: Figure
    staff_labels: Mapping[Label, int]
    agreement: Agreement
    review: ReviewFigures
    verified_written: Figure  # new or revised
    verified_used: Figure
    cost: Cost
    topics: tuple[Topic, ...]  # by distinct askers, then questions
    gaps: tuple[Topic, ...]  # those without material
    for_staff: tuple[Topic, ...]  # those that no lecture can answer: deadlines, exams, grades
    small_topics: int  # groups too few students asked about to be shown
    small_questions: int  # the questions in them
    least_askers: int  # from how many students on a group is shown
    lectures: tuple[LectureHeat, ...]  # most cited first
    faults: Faults | None = None  # whether weak answers are the search's fault or their own; None: there is none
    alerts: tuple[JudgeAlert, ...] = ()  # that the judge has changed, or misses what is wrong
    tries: Mapping[Again, Tries] = field(default_factory=dict[Again, Tries])
    second_opinions: SecondOpinions | None = None  # None: nobody was asked
    untold_labels: int = 0  # of staff, on answers that somebody else is still to label blind
    asked_back: int = 0  # questions that were answered by asking which lecture is meant

    @property
    def is_empty(self) -> bool:
        return not self.questions.value
