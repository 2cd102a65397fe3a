"""What is kept of how the judge itself was measured, and of what it learned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from db.records import AnswerId, ConfigurationId, Course, CourseId, Label, RulesId, RunId

RunKind = Literal["agreement", "learning", "canary", "pairs"]
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
    configuration_id: ConfigurationId | None  # None: the prompt alone, without examples and rules
    rules: list[str] | None  # of that configuration; None: it has none; empty: they went with what they came from
    is_in_use: bool  # that configuration, by the model that it learned with
    stale_reason: str | None  # why that configuration is no longer what was tested
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
class ConfigurationInUse:
    """What the judge of a course goes by now."""

    id: ConfigurationId
    sha256: str  # of the whole configuration, as it was tested
    rules: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleInUse:
    """One answer with what staff say of it, as a judge may be shown it."""

    answer_id: AnswerId
    question: str  # standing alone
    root: str  # what was first asked
    text: str
    label: Label
    comment: str | None  # of staff, on the label
    correction: str | None  # what staff wrote instead


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedConfiguration:
    """A prompt with examples, rules or both, and what was decided of it."""

    id: ConfigurationId
    model: str
    prompt_id: str
    sha256: str
    rules_id: RulesId | None  # None: examples alone
    flag_below: int | None  # proposed for it
    made_at: datetime
    shipped_at: datetime | None
    reason: str
    retired_at: datetime | None
    stale_since: datetime | None
    stale_reason: str | None
    answers: list[AnswerId]  # of its examples that are left, in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRules:
    """Rules for the judge, a model's draft or what a person made of one, with the answers that they came from."""

    id: RulesId
    rules: list[str]  # none: they went with an answer that they came from
    model: str | None  # that distilled them; None: a person wrote them
    stale_reason: str | None
    answers: list[AnswerId]
    labels: list[Label]  # of these answers, as staff gave them then


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
    labelled_at: datetime  # by the first of staff


CanaryKind = Literal["kept", "number", "negation", "order", "lecture"]
"""An answer as it was given, or how a sentence of one was made wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What the judge sees again each week."""

    id: int
    kind: CanaryKind
    answer_id: AnswerId
    text: str  # as it is shown: an answer, or a sentence made wrong
    against_answer_id: AnswerId  # whose passages it is held against
    against_number: int | None  # the reference among them


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCandidate:
    """An answer that may become a canary."""

    answer_id: AnswerId
    question: str
    text: str
    score: int  # of its last judgement
    is_labelled: bool  # by staff


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSentence:
    """A reference of an answer that the judge has found fully supported."""

    answer_id: AnswerId
    number: int
    text: str  # the whole answer
    lecture: str  # slug


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryVerdict:
    """What the judge said of a canary in one run."""

    run_id: RunId
    canary_id: int
    score: float | None  # the mean of several askings
    is_caught: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWatch:
    """When and how a course's canaries were judged last, and how the judge's server names its model now."""

    course_id: CourseId
    age_s: float | None  # None: never
    model: str | None
    prompt_id: str | None
    configuration_id: ConfigurationId | None
    model_served: str | None
    served_now: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeAlert:
    """That the judge has changed, or misses what is wrong on purpose."""

    id: int
    course_id: CourseId
    kind: Literal["shift", "missed"]
    model: str
    shift: float | None  # points of 0 to 3, up or down
    part: int  # missed
    n: int  # canaries compared
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueAlert:
    """An alert that nobody was told of, and where to."""

    alert: JudgeAlert
    course: Course
    staff_channel_id: int
