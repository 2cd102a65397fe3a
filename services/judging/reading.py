"""
Read what a judge wrote, strictly: a score that is not beyond doubt is no score.

Two shapes are read, a JSON object (also as the whole of one code fence) and a text template. In both, every part must
be there once and nothing else beside it; a number somewhere in prose is never taken for a score.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from db.records import Support
from services.judging.verdicts import BetterPlace
from services.models.completions import storable

FENCE = re.compile(r"```(?:json)?[ \t]*\n(?P<inside>.*)\n[ \t]*```", re.DOTALL | re.IGNORECASE)
TEMPLATE = re.compile(
    r"Criteria:[ \t]*(?P<criteria>\S.*?)\s*\n\s*Supporting Evidence:[ \t]*(?P<evidence>\S.*?)\s*\n\s*"
    r"(?P<name>Score|Answerable):[ \t]*(?P<decision>[^\s.][^\n]{0,30}?)\.?",
    re.DOTALL,
)
LABEL = re.compile(r"^[ \t]*(?:Criteria|Supporting Evidence|Score|Answerable):", re.MULTILINE)
REFERENCE = re.compile(
    r"Reference:[ \t]*(?P<number>[0-9]{1,2})[ \t]*\n\s*Quote:[ \t]*(?P<quote>[^\n]*?)[ \t]*\n\s*"
    r"Support:[ \t]*(?P<support>\w+)[ \t]*(?:\n\s*|\Z)"
)
SCORE = re.compile(r"(?P<score>-?[0-9]{1,9})(?:\.0+)?(?:\s*(?:/|out of|of|de|em|sobre)\s*3(?:\.0+)?)?", re.IGNORECASE)
"""A whole number, or one out of three; out of anything else is another scale, and no score of ours."""
COMPARISON = re.compile(
    r"Reason:[ \t]*(?P<reason>\S.*?)\s*\n\s*Better:[ \t]*(?P<better>[^\s.][^\n]{0,30}?)\.?", re.DOTALL
)
PAIR_LABEL = re.compile(r"^[ \t]*(?:Reason|Better):", re.MULTILINE)
EMPHASIS = re.compile(r"\*\*(Criteria|Supporting Evidence|Score|Answerable|Reason|Better)(?::\*\*|\*\*:)")
BOLD = re.compile(r"\*\*(.+)\*\*|\[\[?(.+?)\]?\]")
RULE = re.compile(r"Rule:[ \t]*(\S.*)")
REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry|unable|not able)|i (?:can(?:no|'|’)t|cannot|won(?:'|’)t)|as an ai\b|"
    r"(?:n[ãa]o posso|n[ãa]o consigo|sinto muito|desculpe|lamento|me recuso))",
    re.IGNORECASE,
)
BEGINNING = 200
"""Characters; who refuses does it in the first sentences."""

Misread = Literal["parse_error", "out_of_range", "refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelevanceVerdict:
    score: int  # 0 to 3
    criteria: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerability:
    is_answerable: bool
    criteria: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """What the judge says of one reference."""

    number: int
    quote: str
    support: Support


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedAnswers:
    """Which of two answers is better, by its place."""

    better: BetterPlace
    reason: str


class NoVerdict(Exception):
    """The text holds no verdict; *status* says of which kind it is, the message what is wrong, for the model."""

    def __init__(self, status: Misread, problem: str) -> None:
        super().__init__(problem)
        self.status: Misread = status


def relevance(text: str) -> RelevanceVerdict:
    """
    Read a score from 0 to 3 with its reasons.

    >>> relevance('{"criteria": "a", "supporting_evidence": "b", "score": 2}').score
    2

    Raises:
        NoVerdict: there is none, or it is out of range.

    """
    parts = _parts(text, "score")
    score = parts["score"]
    if isinstance(score, str) and parts["is_template"] and (found := SCORE.fullmatch(_undecorated(score))):
        score = int(found["score"])
    if not isinstance(score, int) or isinstance(score, bool):
        raise NoVerdict("parse_error", "the score is not a whole number")
    if not 0 <= score <= 3:
        raise NoVerdict("out_of_range", "the score is not 0, 1, 2 or 3")
    return RelevanceVerdict(score=score, criteria=parts["criteria"], evidence=parts["supporting_evidence"])


def answerability(text: str) -> Answerability:
    """
    Read whether passages could have answered.

    Raises:
        NoVerdict: the text does not say it beyond doubt.

    """
    parts = _parts(text, "answerable")
    decision = parts["answerable"]
    if parts["is_template"]:
        decision = {"yes": True, "true": True, "no": False, "false": False}.get(_undecorated(str(decision)).lower())
    if not isinstance(decision, bool):
        raise NoVerdict("parse_error", '"answerable" is neither true nor false')
    return Answerability(is_answerable=decision, criteria=parts["criteria"], evidence=parts["supporting_evidence"])


def support(text: str, numbers: Sequence[int]) -> tuple[Sourced, ...]:
    """
    Read how far each of the references *numbers* is supported, in their order.

    Raises:
        NoVerdict: one is missing, there twice, or none that was asked for.

    """
    plain = _plain(text)
    rows = _template_rows(plain) if plain.lstrip().startswith("Reference:") else _json_rows(plain)
    if sorted(row.number for row in rows) != sorted(numbers):
        raise NoVerdict("parse_error", f"there must be each of the numbers {list(numbers)} once")
    by_number = {row.number: row for row in rows}
    return tuple(by_number[number] for number in numbers)


def rules(text: str, most: int) -> tuple[str, ...]:
    """
    Read a list of rules, *most* at most; it may be empty.

    >>> rules('{"rules": ["Definir o termo."]}', 5), rules("Rule: Definir o termo.", 5)
    (('Definir o termo.',), ('Definir o termo.',))

    Raises:
        NoVerdict: it is no list of texts, or too long.

    """
    plain = _plain(text)
    if plain.startswith("Rule:"):
        lines = [RULE.fullmatch(line.strip()) for line in plain.splitlines() if line.strip()]
        found = [line and line[1] for line in lines]
    else:
        said = _object(text, plain, {"rules"})["rules"]
        found = cast("list[object]", said) if isinstance(said, list) else [None]
    texts = tuple(storable(one) for one in found if isinstance(one, str))
    if len(texts) < len(found):
        raise NoVerdict("parse_error", '"rules" must be a list of texts')
    if len(texts) > most:
        raise NoVerdict("parse_error", f"there may be {most} rules at most")
    return texts


def comparison(text: str) -> ComparedAnswers:
    r"""
    Read which of two answers is better, with the reason.

    >>> comparison("Reason: B says why.\nBetter: **b**").better
    'B'

    Raises:
        NoVerdict: the text does not say it beyond doubt.

    """
    plain = _plain(text)
    if plain.startswith("Reason:"):
        found = COMPARISON.fullmatch(plain)
        if not found or len(PAIR_LABEL.findall(plain)) != 2:
            raise _unreadable(text, "there must be the two lines asked for, and nothing else")
        reason, said = found["reason"], _undecorated(found["better"])
    else:
        document = _object(text, plain, {"reason", "better"})
        reason, said = document["reason"], document["better"]
    if not isinstance(reason, str) or not reason.strip():
        raise NoVerdict("parse_error", "'reason' must be a text")
    for better in get_args(BetterPlace):
        if isinstance(said, str) and said.lower() == better.lower():
            return ComparedAnswers(better=better, reason=reason)
    raise NoVerdict("parse_error", '"better" must be "A", "B" or "tie"')


def _parts(text: str, decision: Literal["score", "answerable"]) -> Mapping[str, Any]:
    """Return criteria, supporting evidence and the decision, whichever shape they have."""
    plain = _plain(text)
    if plain.startswith("Criteria:"):
        found = TEMPLATE.fullmatch(plain)
        if not found or found["name"].lower() != decision or len(LABEL.findall(plain)) != 3:
            raise _unreadable(text, "there must be the three lines asked for, and nothing else")
        return {
            "criteria": found["criteria"],
            "supporting_evidence": found["evidence"],
            decision: found["decision"],
            "is_template": True,
        }
    document = _object(text, plain, {"criteria", "supporting_evidence", decision})
    for key in ("criteria", "supporting_evidence"):
        if not isinstance(document[key], str) or not document[key].strip():
            raise NoVerdict("parse_error", f"{key!r} must be a text")
    return {**document, "is_template": False}


def _json_rows(plain: str) -> list[Sourced]:
    rows = _object(plain, plain, {"references"})["references"]
    if not isinstance(rows, list):
        raise NoVerdict("parse_error", '"references" must be a list')
    return [_row(row) for row in cast("list[object]", rows)]


def _row(row: object) -> Sourced:
    document = cast("dict[str, object]", row) if isinstance(row, dict) else {}
    if document.keys() != {"number", "quote", "support"}:
        raise NoVerdict("parse_error", "each reference must have a number, a quote and a support, and nothing else")
    number, quote, degree = document["number"], document["quote"], document["support"]
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(quote, str):
        raise NoVerdict("parse_error", "a number must be whole, and a quote a text")
    return Sourced(number=number, quote=quote, support=_degree(degree))


def _template_rows(plain: str) -> list[Sourced]:
    rows, at = list[Sourced](), 0
    while found := REFERENCE.match(plain, at):
        rows.append(Sourced(number=int(found["number"]), quote=found["quote"], support=_degree(found["support"])))
        at = found.end()
    if at != len(plain):
        raise NoVerdict("parse_error", "there must be the three lines asked for of each reference, and nothing else")
    return rows


def _degree(said: object) -> Support:
    for degree in get_args(Support):
        if said == degree:
            return degree
    raise NoVerdict("parse_error", '"support" must be "full", "partial" or "none"')


def _undecorated(decision: str) -> str:
    """
    Return a decision without bold letters or brackets around it.

    >>> _undecorated("**3/3**"), _undecorated("[[2]]")
    ('3/3', '2')
    """
    found = BOLD.fullmatch(decision.strip())
    return (found[1] or found[2] if found else decision).strip()


def _plain(text: str) -> str:
    fenced = FENCE.fullmatch(text.strip())
    return EMPHASIS.sub(r"\1:", (fenced["inside"] if fenced else text).strip())


def _object(text: str, plain: str, keys: set[str]) -> dict[str, Any]:
    """Return the JSON object that *plain* is, with these very *keys*, each once."""
    try:
        document = json.loads(plain, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _unreadable(text, "it is not one JSON object with each key once") from None
    if not isinstance(document, dict):
        raise NoVerdict("parse_error", "it is not a JSON object")
    found = cast("dict[str, Any]", document)
    if found.keys() != keys:
        raise NoVerdict("parse_error", f"the keys must be {sorted(keys)}, and no others")
    return found


def _unreadable(text: str, problem: str) -> NoVerdict:
    """Tell who refused from who wrote the wrong shape."""
    return NoVerdict("refusal" if REFUSAL.search(text[:BEGINNING]) else "parse_error", problem)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key is there twice")
    # JSON can hide in its escapes what a database refuses: the text was clean before they were read.
    return {key: storable(value) if isinstance(value, str) else value for key, value in pairs}


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
