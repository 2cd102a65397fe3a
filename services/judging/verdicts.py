"""What a judge is shown of an answer, and what it finds."""

from dataclasses import dataclass
from typing import Literal

from db.records import Abstention, Hit, JudgedFor, Reference, ReferenceJudgement

BetterPlace = Literal["A", "B", "tie"]
"""Which of two answers is better, by the place in which it was shown."""
OF_ANSWERS: frozenset[JudgedFor] = frozenset({"relevance", "second"})
"""What gives an answer itself a score, and so a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer, with all that a judge may need to see."""

    question: str  # standing alone
    text: str
    references: tuple[Reference, ...]
    hits: tuple[Hit, ...]
    root: str = ""  # what was first asked: of another try, the question that it is a try at
    reference: str = ""  # what staff wrote to the same question, where the answer is held against that


Finding = Literal["said", "missing", "contradicted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that staff wrote, and whether an answer says it."""

    text: str
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge found; which parts are there depends on the kind."""

    score: int | None = None  # 0 to 3
    abstention: Abstention | None = None
    criteria: str | None = None
    evidence: str | None = None
    references: tuple[ReferenceJudgement, ...] = ()
    statements: tuple[Statement, ...] = ()  # of the reference that the answer is held against
    rules: tuple[str, ...] = ()  # how staff grade, where it was asked for that
    better: BetterPlace | None = None  # of two answers; its reason is the criteria
