"""Write a question as a row of a CSV file that no spreadsheet computes."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from db.records import Course
from services.ground.text import without_ids
from services.research.cases import ExportedAnswer
from services.research.json_lines import document

FORMULA = re.compile(r"(^|;)([\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n])")
"""Where a spreadsheet would begin to compute; `;` begins a cell for Excel in Brazil."""

COLUMNS = (
    "course",
    "question_id",
    "number",
    "source",
    "asked_at",
    "asker",
    "language",
    "lecture",
    "follows",
    "question",
    "standalone",
    "outcome",
    "answer",
    "model",
    "prompt_id",
    "prompt_sha256",
    "retrieval",
    "embedding_model",
    "latency_ms",
    "tokens_in",
    "tokens_out",
    "passages",
    "top_score",
    "references",
    "reference_urls",
    "manual_label",
    "students_c",
    "students_i",
    "staff_c",
    "staff_p",
    "staff_i",
    "judge_status",
    "score",
    "relevance",
    "automated_label",
    "criteria",
    "evidence",
    "judge_model",
    "judge_prompt_id",
    "support_full",
    "support_partial",
    "support_none",
    "abstention",
    "review_reasons",
)
TRIED = "again"
"""A column at the end, where a further try at an answer is among the questions: "simpler", "example" or "other"."""
LOOKED = ("second_look", "second_look_probability")
"""Columns at the end, where it was asked whether to have a second look at an answer."""
SECONDED = ("second_status", "second_score", "second_model", "second_asked_for", "spread")
"""Columns at the end, where a second opinion was asked on one of the answers."""

CONTEXT = "context"
"""A column at the end, where passages were judged: their last score, 0 to 3."""
KINDS = ("intent", "further")
"""Columns at the end, where a question asked for more than an answer: "comparison", "list", "overview" or "missed"."""
SCOPED = ("scope", "scope_lectures", "everywhere", "words_of")
"""Columns at the end, where a question named lectures: how that was read, which they are, and who asked again."""


def harmless(cell: object) -> object:
    """
    Return a cell that no spreadsheet computes: texts get an apostrophe before what begins a formula.

    >>> harmless("=1+1"), harmless("a; @b"), harmless(-0.5)
    ("'=1+1", "a;' @b", -0.5)
    """
    return FORMULA.sub(r"\1'\2", cell) if isinstance(cell, str) else cell


def row(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def cells(
    case: ExportedAnswer, course: Course, pseudonym: Callable[[str], str], more: Sequence[str] = ()
) -> list[object]:
    """Return the cells of a row, in the order of `COLUMNS` and *more*; what is missing is an empty cell."""
    told = document(case, course, pseudonym)
    judged = case.latest("relevance")
    silence, context = case.latest("abstention"), case.latest("context")
    second = case.second
    scores = [passage["score"] for passage in told["passages"] if passage["score"] is not None]
    support = Counter(reference["support"] for reference in told["references"])
    votes = Counter((one.role, one.label) for one in case.annotations)
    derived: dict[str, object] = {
        "passages": len(told["passages"]),
        "top_score": max(scores, default=None),
        "references": len(told["references"]),
        "reference_urls": " ".join(reference["url"] for reference in told["references"] if reference["url"]),
        "students_c": votes["student", "C"],
        "students_i": votes["student", "I"],
        "staff_c": votes["staff", "C"],
        "staff_p": votes["staff", "P"],
        "staff_i": votes["staff", "I"],
        "judge_status": judged and judged.status,
        "criteria": judged and judged.criteria and without_ids(judged.criteria),
        "evidence": judged and judged.evidence and without_ids(judged.evidence),
        "judge_model": judged and judged.model,
        "judge_prompt_id": judged and judged.prompt_id,
        "support_full": support["full"],
        "support_partial": support["partial"],
        "support_none": support["none"],
        "abstention": silence and silence.abstention,
        TRIED: case.kept.again,
        "second_status": second and second.status,
        "second_score": second and second.score,
        "second_model": second and second.model,
        "second_asked_for": second and second.asked_for,
        "spread": second and second.spread,
        CONTEXT: context and context.score,
        **dict(zip(LOOKED, (case.kept.second_look, case.kept.second_look_probability), strict=True)),
        "intent": case.kept.intent,
        "further": case.kept.further if case.kept.intent else None,
        "scope": case.kept.scope,
        "scope_lectures": " ".join(case.kept.scope_lectures),
        "everywhere": int(case.kept.everywhere),
        "words_of": case.kept.words_of,
        "review_reasons": " ".join(dict.fromkeys(one.reason for one in case.reasons)),
    }
    return [derived[name] if name in derived else told[name] for name in (*COLUMNS, *more)]
