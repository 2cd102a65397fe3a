"""What the judge's model is asked, kind by kind: the prompt, the shape of the reply, and how it is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from db.records import Abstention, JudgedFor, Reference, ReferenceJudgement
from services import prompts
from services.citing.citations import claims
from services.citing.stretches import stretch
from services.ground.timestamps import clock
from services.judging import correctness, reading
from services.judging.examples import Lesson
from services.judging.fitting import MOST_RULES
from services.judging.swaying import sways, without_swaying
from services.judging.verdicts import Case, Finding, Verdict
from services.words.terms import fold

BARE = "judge/2"
"""The prompt for relevance without examples and rules."""
CONTEXT = "context/1"
NO_EXAMPLES = "(none)"
OTHERWISE = "second/1"
"""The prompt for relevance the other way round: first what an answer owes to its question."""
LONGEST_CLAIM = 1_000
STRETCHES = (*[900] * 4, *[400] * 6)
"""
Characters of each passage, best first, that the judge of passages is shown. Ten whole ones would cost three times as
much, and hold the moment that answers hardly more often: docs/judge.md has both.
"""
WORD = r"\w+"

Asking = JudgedFor | Literal["correctness"]
"""What a judge can be asked about an answer; whether it is correct is asked in evaluations, and not stored."""

ASKED = "question"
SWAYABLE: Mapping[Asking, tuple[str, ...]] = {
    "relevance": ("question", "text"),
    "second": ("question", "text"),
    "context": ("question",),
    "correctness": ("question", "text", "reference"),
}
"""The texts of a case by which each kind that gives a score could be swayed; passages are words of lecturers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to ask the model."""

    prompt_id: str
    values: dict[str, str]
    schema: dict[str, Any]
    read: Callable[[str], Verdict]  # raises reading.NoVerdict


def task(kind: Asking, case: Case, lesson: Lesson | None = None) -> Task:
    """Return what to ask about *case*, for relevance with what of *lesson* may stand beside it."""
    match kind:
        case "relevance":
            return _relevance(case, lesson)
        case "second":
            # No examples: what the first judge learned from them, right or wrong, a second opinion is to be free of.
            return _scored(OTHERWISE, _shown(case))
        case "support":
            return _support(case)
        case "abstention":
            return _abstention(case)
        case "context":
            return _context(case)
        case "correctness":
            return _correctness(case)


def distilling(disputes: str, language: str) -> Task:
    """Return what to ask so that answers which staff see otherwise than the judge become rules."""

    def read(text: str) -> Verdict:
        return Verdict(rules=reading.rules(text, MOST_RULES))

    return Task(
        prompt_id="rules/1",
        values={"disagreements": disputes, "language": language},
        schema=_object(rules={"type": "array", "items": _TEXT}),
        read=read,
    )


def tries_to_sway(kind: Asking, case: Case) -> bool:
    """Tell whether a text that is shown for a score of this *kind* speaks to the judge."""
    return any(sways(getattr(case, name), is_answer=name != ASKED) for name in SWAYABLE.get(kind, ()))


def without_sway(kind: Asking, case: Case) -> Case | None:
    """Return *case* without the sentences that speak to the judge; None where nothing is left of a text."""
    left = {name: without_swaying(getattr(case, name), is_answer=name != ASKED) for name in SWAYABLE.get(kind, ())}
    return replace(case, **left) if all(left.values()) else None


def _relevance(case: Case, lesson: Lesson | None) -> Task:
    # Here, where the prompt is made, so that no caller can show an answer's own label.
    beside = lesson.beside(case.question, case.root) if lesson else ""
    if lesson is None or not (beside or lesson.rules):
        return _scored(BARE, _shown(case))
    learned = {"examples": beside or NO_EXAMPLES, "rules": lesson.rules_shown}
    return _scored(lesson.prompt_id, _shown(case) | learned)


def _shown(case: Case) -> dict[str, str]:
    return {"question": prompts.as_data(case.question), "answer": prompts.as_data(case.text)}


def _scored(prompt_id: str, values: dict[str, str]) -> Task:
    return Task(
        prompt_id=prompt_id,
        values=values,
        schema=_object(criteria=_TEXT, supporting_evidence=_TEXT, score=_SCORE),
        read=_graded,
    )


def _context(case: Case) -> Task:
    shown = [
        f"Passage {number}\n{stretch(hit, case.question, most)}"
        for number, (hit, most) in enumerate(zip(case.hits, STRETCHES, strict=False), start=1)
    ]
    return Task(
        prompt_id=CONTEXT,
        values={"question": prompts.as_data(case.question), "passages": prompts.as_data("\n\n".join(shown))},
        schema=_object(criteria=_TEXT, supporting_evidence=_TEXT, score=_SCORE),
        read=_graded,
    )


def _graded(text: str) -> Verdict:
    found = reading.relevance(text)
    return Verdict(score=found.score, criteria=found.criteria, evidence=found.evidence)


def _correctness(case: Case) -> Task:
    finding = _object(statement=_TEXT, finding={"type": "string", "enum": list(get_args(Finding))})
    return Task(
        prompt_id=correctness.PROMPT,
        values={
            "question": prompts.as_data(case.question),
            "reference": prompts.as_data(case.reference),
            "answer": prompts.as_data(case.text),
        },
        schema=_object(statements={"type": "array", "items": finding}, score=_SCORE),
        read=correctness.held_against,
    )


def _support(case: Case) -> Task:
    said = claims(case.text)
    numbers = [reference.number for reference in case.references]
    passages = {reference.number: _passage(case, reference) for reference in case.references}
    # A reference that no sentence cites supports nothing less than the whole answer.
    shown = [(number, said.get(number, case.text)[:LONGEST_CLAIM], passages[number]) for number in numbers]

    def read(text: str) -> Verdict:
        rows = reading.support(text, numbers)
        return Verdict(
            references=tuple(
                ReferenceJudgement(
                    number=row.number,
                    support=row.support,
                    quote=row.quote,
                    is_found=occurs(row.quote, passages[row.number]),
                )
                for row in rows
            )
        )

    row = _object(
        number={"type": "integer"}, quote=_TEXT, support={"type": "string", "enum": ["full", "partial", "none"]}
    )
    return Task(
        prompt_id="support/3",
        values={
            "references": "\n\n".join(
                prompts.as_data(f"Reference {number}\nClaim: {claim}\nPassage: {passage}")
                for number, claim, passage in shown
            ),
            "numbers": ", ".join(map(str, numbers)),
        },
        schema=_object(references={"type": "array", "items": row}),
        read=read,
    )


def _abstention(case: Case) -> Task:
    def read(text: str) -> Verdict:
        found = reading.answerability(text)
        abstention: Abstention = "wrong" if found.is_answerable else "right"
        return Verdict(abstention=abstention, criteria=found.criteria, evidence=found.evidence)

    passages = "\n\n".join(f"{hit.title}, {clock(hit.start_s)} to {clock(hit.end_s)}\n{hit.text}" for hit in case.hits)
    return Task(
        prompt_id="abstention/2",
        values={"question": prompts.as_data(case.question), "passages": prompts.as_data(passages)},
        schema=_object(criteria=_TEXT, supporting_evidence=_TEXT, answerable={"type": "boolean"}),
        read=read,
    )


def occurs(quote: str, passage: str) -> bool:
    """
    Whether the words of *quote* stand in *passage* in this order; accents, case and punctuation do not count.

    >>> occurs("O gradiente, some!", "porque o gradiente some nas redes"), occurs("", "o gradiente")
    (True, False)
    """
    quoted = _words(quote)
    return quoted != _words("") and quoted in _words(passage)


def _words(text: str) -> str:
    return f" {' '.join(re.findall(WORD, fold(text)))} "


def _passage(case: Case, reference: Reference) -> str:
    """Return the passages that a reference points into, or at least what it quotes."""
    texts = [
        hit.text
        for hit in sorted(case.hits, key=lambda hit: hit.start_s)
        if hit.lecture == reference.lecture and hit.start_s < reference.end_s and reference.start_s < hit.end_s
    ]
    return "\n".join(texts) or reference.quote


_TEXT = {"type": "string"}
_SCORE = {"type": "integer", "enum": [0, 1, 2, 3]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
