"""Say what each score of the judge is worth to staff, and how judge and staff agree week by week."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from services.ground.statistics import Interval, wilson
from services.research.agreement import ComparedAnswer, by_staff

SCORES = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOfMany:
    """A share with what it was counted on."""

    part: int
    n: int

    @property
    def value(self) -> float | None:
        """None of nothing, never 0."""
        return self.part / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """95 %, Wilson."""
        return wilson(self.part, self.n)


def by_score(cases: Sequence[ComparedAnswer]) -> tuple[ShareOfMany, ...]:
    """For each score from 0 to 3: the share of answers with it that staff find correct."""
    pairs = [(case.judgement.score, said) for case, said in _labelled(cases) if case.judgement]
    return tuple(
        ShareOfMany(
            part=sum(said == "C" for score, said in pairs if score == of),
            n=sum(score == of for score, _ in pairs),
        )
        for of in SCORES
    )


def by_week(cases: Sequence[ComparedAnswer]) -> dict[str, ShareOfMany]:
    """For each week ("2026-W47", of the answer, UTC) with a label to compare: the share of equal labels."""
    weeks: defaultdict[str, list[bool]] = defaultdict(list)
    for case, said in _labelled(cases):
        if case.judgement and case.judgement.label:
            year, week, _ = case.answer.answered_at.isocalendar()
            weeks[f"{year}-W{week:02}"].append(case.judgement.label == said)
    return {week: ShareOfMany(part=sum(weeks[week]), n=len(weeks[week])) for week in sorted(weeks)}


def _labelled(cases: Sequence[ComparedAnswer]) -> list[tuple[ComparedAnswer, str]]:
    """Answers with a score and one label of staff; ties and failures of the judge are no pairs."""
    return [
        (case, said)
        for case in cases
        if (said := by_staff(case)) and said != "tied" and case.judgement and case.judgement.score is not None
    ]
