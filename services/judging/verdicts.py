"""What a judge is shown of an answer, and what it finds."""

from dataclasses import dataclass
from typing import Literal

from db.records import Abstention, Hit, Reference, ReferenceJudgement

BetterPlace = Literal["A", "B", "tie"]
"""Which of two answers is better, by the place in which it was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer, with all that a judge may need to see."""

    question: str  # standing alone
    text: str
    references: tuple[Reference, ...]
    hits: tuple[Hit, ...]
    root: str = ""  # what was first asked: of another try, the question that it is a try at


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge found; which parts are there depends on the kind."""

    score: int | None = None  # 0 to 3
    abstention: Abstention | None = None
    criteria: str | None = None
    evidence: str | None = None
    references: tuple[ReferenceJudgement, ...] = ()
    rules: tuple[str, ...] = ()  # how staff grade, where it was asked for that
    better: BetterPlace | None = None  # of two answers; its reason is the criteria
