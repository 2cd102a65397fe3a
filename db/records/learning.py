"""What is kept of how the judge itself was measured, and of what it learned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from db.records import AnswerId, ConfigurationId, CourseId, Label, RunId

RunKind = Literal["agreement", "learning", "canary"]
RunHalf = Literal["all", "development", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRun:
    """One time that a judge was measured, never changed."""

    id: RunId
    course_id: CourseId
    kind: RunKind
    made_at: datetime
    model: str | None  # as it was asked for; None: nothing was judged
    model_served: str | None  # as its server named it
    prompt_id: str | None
    configuration_id: ConfigurationId | None  # None: the prompt alone, without examples
    labels: str  # of the scores 0 to 3: "IIPC"
    half: RunHalf
    n: int  # compared
    missing: int  # that might have been
    figures: dict[str, Any]  # by name: {"value", "low", "high"}, or None where it is not defined
    tokens: int
    outcome: str | None
    reason: str
    parent_id: RunId | None  # the run of its kind before it


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleInUse:
    """One answer with what staff say of it, as a judge may be shown it."""

    configuration_id: ConfigurationId
    sha256: str  # of the whole configuration, as it was tested
    answer_id: AnswerId
    question: str  # standing alone
    root: str  # what was first asked
    text: str
    label: Label
    comment: str | None  # of staff, on the label
    correction: str | None  # what staff wrote instead


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedConfiguration:
    """A prompt with examples, and what was decided of it."""

    id: ConfigurationId
    model: str
    prompt_id: str
    sha256: str
    flag_below: int | None  # proposed for it
    made_at: datetime
    shipped_at: datetime | None
    reason: str
    retired_at: datetime | None
    stale_since: datetime | None
    stale_reason: str | None
    answers: list[AnswerId]  # of its examples that are left, in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledAnswer:
    """One answer with all that staff say of it; who said what is not told."""

    answer_id: AnswerId
    question: str  # standing alone
    root: str  # what was first asked
    text: str
    language: str  # two-letter code of the question
    labels: list[Label]  # one for each of staff, the oldest first
    comments: list[str]  # beside the labels; empty where there is none
    correction: str | None  # what staff wrote instead
    score: int | None  # of the judge's last judgement
