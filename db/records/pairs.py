"""Two answers to one question, what was said of which is better, and how they are shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType

from db.records import CourseId, Reference, RunId

PairId = NewType("PairId", int)
PairAnswerId = NewType("PairAnswerId", int)

Side = Literal["first", "second"]
"""Of the two configurations that were compared: the one in use, and the other."""
Better = Literal["first", "second", "tie"]
Chosen = Literal["first", "second", "tie", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAnswer:
    """One of the two answers."""

    text: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPair:
    """A pair as one member of staff sees it: nothing in it tells who wrote which."""

    id: PairId
    course_id: CourseId
    question: str
    a: PairAnswer
    b: PairAnswer
    left: int  # pairs that this person has not chosen on, this one among them


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPair:
    """What the judge and staff said of a pair; who of staff said what is not told."""

    id: PairId
    run_id: RunId
    when_first: Better | None  # the judge's verdict with the first answer in the first place
    when_second: Better | None  # and with the second one there
    choices: list[Better]  # of staff, the oldest first
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSet:
    """What one run compared, and by which judge."""

    run_id: RunId
    first: str
    second: str
    made_at: datetime
    model: str | None  # None: there was no judge
    prompt_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPair:
    """A pair with all that belongs to it alone."""

    id: PairId
    run_id: RunId
    question_id: int | None
    question: str
    first: str
    second: str
    first_answer: PairAnswerId
    first_text: str
    second_answer: PairAnswerId
    second_text: str
    made_at: datetime
    model: str | None
    prompt_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPairJudgement:
    """What the judge said of a pair in one order."""

    pair_id: PairId
    shown_first: Side
    status: str
    better: Better | None
    reason: str | None
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedChoice:
    """What one of staff chose."""

    pair_id: PairId
    chooser_key: str
    shown_first: Side
    better: Chosen
    shown_at: datetime
    chosen_at: datetime
