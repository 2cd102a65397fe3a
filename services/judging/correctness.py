"""Read how an answer stands beside what staff wrote to the same question: what it says, leaves out and contradicts."""

import re
from collections.abc import Collection
from typing import Any, cast, get_args

from services.judging.reading import NoVerdict, json_object, template_score, unfenced
from services.judging.verdicts import Finding, Statement, Verdict

PROMPT = "correctness/1"
MOST_STATEMENTS = 40
"""The prompt asks for twelve; who lists far more has not listed what it was asked for."""

ROW = re.compile(r"Statement:[ \t]*(?P<statement>\S[^\n]*?)[ \t]*\n\s*Finding:[ \t]*(?P<finding>\w+)[ \t]*(?:\n\s*|\Z)")
LAST = re.compile(r"Score:[ \t]*(?P<score>[^\s.][^\n]{0,30}?)\.?")


def held_against(text: str) -> Verdict:
    """
    Read the statements with their findings, and the score that follows from them.

    >>> held_against('{"statements": [{"statement": "it shrinks", "finding": "said"}], "score": 3}').score
    3

    Raises:
        NoVerdict: one of them is not there beyond doubt, or the score contradicts the findings.

    """
    bare = unfenced(text)
    rows, score = _template(bare) if bare.startswith("Statement:") else _json(text, bare)
    if not 1 <= len(rows) <= MOST_STATEMENTS:
        raise NoVerdict("parse_error", f"there must be statements, at most {MOST_STATEMENTS}")
    if not isinstance(score, int) or isinstance(score, bool):
        raise NoVerdict("parse_error", "the score is not a whole number")
    if not 0 <= score <= 3:
        raise NoVerdict("out_of_range", "the score is not 0, 1, 2 or 3")
    found, scores = _following({row.finding for row in rows})
    if score not in scores:
        raise NoVerdict("parse_error", f"with {found} the score is {' or '.join(map(str, scores))}")
    return Verdict(score=score, statements=tuple(rows))


def _following(findings: Collection[Finding]) -> tuple[str, tuple[int, ...]]:
    """Return which scores may follow from findings; one that is too low is as unbelievable as one that is too high."""
    if "said" not in findings:
        return "no statement said", (0,)
    if "contradicted" in findings:
        return "a statement contradicted", (0, 1)
    if "missing" in findings:
        return "a statement said and none contradicted", (1, 2, 3)
    return "every statement said", (3,)


def _json(text: str, bare: str) -> tuple[list[Statement], object]:
    document = json_object(text, bare, {"statements", "score"})
    rows = document["statements"]
    if not isinstance(rows, list):
        raise NoVerdict("parse_error", '"statements" must be a list')
    return [_row(row) for row in cast("list[object]", rows)], document["score"]


def _row(row: object) -> Statement:
    document = cast("dict[str, Any]", row) if isinstance(row, dict) else {}
    if document.keys() != {"statement", "finding"} or not isinstance(document["statement"], str):
        raise NoVerdict("parse_error", "each statement must have its words and a finding, and nothing else")
    return _statement(document["statement"], document["finding"])


def _template(bare: str) -> tuple[list[Statement], object]:
    rows, at = list[Statement](), 0
    while found := ROW.match(bare, at):
        rows.append(_statement(found["statement"], found["finding"]))
        at = found.end()
    last = LAST.fullmatch(bare, at)
    if not last:
        raise NoVerdict("parse_error", "there must be two lines for each statement, then the score, and nothing else")
    return rows, template_score(last["score"])


def _statement(text: str, said: object) -> Statement:
    for finding in get_args(Finding):
        if said == finding and text.strip():
            return Statement(text=text.strip(), finding=finding)
    raise NoVerdict("parse_error", 'each finding must be "said", "missing" or "contradicted", of a statement in words')
