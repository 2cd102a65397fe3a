"""What is kept of how the judge itself was measured, and of what it learned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from db.records import CourseId, RunId

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
    configuration_id: int | None  # None: the prompt alone, without examples
    labels: str  # of the scores 0 to 3: "IIPC"
    half: RunHalf
    n: int  # compared
    missing: int  # that might have been
    figures: dict[str, Any]  # by name: {"value", "low", "high"}, or None where it is not defined
    tokens: int
    outcome: str | None
    reason: str
    parent_id: RunId | None  # the run of its kind before it
