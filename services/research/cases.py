"""One question with all that is kept of it, as every shape of an export begins with."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from psycopg import AsyncConnection

from db import dossiers, exports
from db.exports import (
    ExportedAnnotation,
    ExportedHit,
    ExportedJudgement,
    ExportedQuestion,
    ExportedReason,
    ExportedReference,
    ExportedSupport,
)
from db.records import Course, JudgedFor
from services.research import dossier
from services.research.dossier import MISSING, Entry

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedAnswer:
    """One question with all that is kept of it."""

    kept: ExportedQuestion
    hits: Sequence[ExportedHit]
    references: Sequence[ExportedReference]
    judgements: Sequence[ExportedJudgement]  # the oldest first
    supports: Mapping[int, Sequence[ExportedSupport]]  # by judgement
    annotations: Sequence[ExportedAnnotation]
    reasons: Sequence[ExportedReason]

    @property
    def imported(self) -> Entry | None:
        """The block of the dossier that the question came in."""
        return None if self.kept.entry is None else dossier.from_json(self.kept.entry)

    def latest(self, kind: JudgedFor) -> ExportedJudgement | None:
        return next((one for one in reversed(self.judgements) if one.kind == kind), None)

    @property
    def second(self) -> ExportedJudgement | None:
        """The second opinion on the judgement of relevance that counts."""
        first = self.latest("relevance")
        return next((one for one in reversed(self.judgements) if first and one.first_id == first.id), None)


def manual_label(annotations: Iterable[ExportedAnnotation]) -> str:
    """Return the label most staff give, or most students where no staff does; a tie has all its labels: "C/I"."""
    given = list(annotations)
    for role in ("staff", "student"):
        votes = Counter(one.label for one in given if one.role == role)
        if votes:
            return "/".join(label for label in ("C", "P", "I") if votes[label] == max(votes.values()))
    return MISSING


def label_of(case: ExportedAnswer, imported: Entry | None) -> str:
    """Return what people say of the answer; staff here outrank a dossier's label, which outranks students."""
    staff = [one for one in case.annotations if one.role == "staff" and one.annotator_key != dossiers.SOURCE]
    if imported and not staff:
        return imported.label
    return manual_label(staff or case.annotations)


async def cases_of(conn: AsyncConnection, course: Course, page: Sequence[ExportedQuestion]) -> list[ExportedAnswer]:
    """Fetch what belongs to a page of questions, and put it together."""
    ids = [kept.answer_id for kept in page if kept.answer_id is not None]
    judged = await exports.judgements(conn, course=course.id, answers=ids)
    supports = _grouped(
        await exports.supports(conn, course=course.id, judgements=[one.id for one in judged if one.kind == "support"]),
        lambda one: one.judgement_id,
    )
    hits = _grouped(await exports.hits(conn, course=course.id, answers=ids), lambda one: one.answer_id)
    references = _grouped(await exports.references(conn, course=course.id, answers=ids), lambda one: one.answer_id)
    judgements = _grouped(judged, lambda one: one.answer_id)
    annotations = _grouped(await exports.annotations(conn, course=course.id, answers=ids), lambda one: one.answer_id)
    reasons = _grouped(await exports.reasons(conn, course=course.id, answers=ids), lambda one: one.answer_id)
    return [
        ExportedAnswer(
            kept=kept,
            hits=hits.get(kept.answer_id, ()),
            references=references.get(kept.answer_id, ()),
            judgements=judgements.get(kept.answer_id, ()),
            supports={one.id: supports.get(one.id, ()) for one in judgements.get(kept.answer_id, ())},
            annotations=annotations.get(kept.answer_id, ()),
            reasons=reasons.get(kept.answer_id, ()),
        )
        for kept in page
    ]


def _grouped(rows: Iterable[T], key: Callable[[T], int]) -> Mapping[int | None, Sequence[T]]:
    groups: dict[int | None, list[T]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
