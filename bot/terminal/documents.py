"""The JSON that other programs read; its names are promised in the README."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from db.records import AnswerScope, Hit, Reference
from services.answering.replies import Reply
from services.operation.doctor import Check
from services.research import moments
from services.research.agreement import LABELS, AgreementReport, Comparison, Disagreement, JudgeConfiguration
from services.research.evaluate import RetrievalFigures
from services.research.seconds import Seconds

Json = dict[str, Any]


def search(query: str, course: str, hits: Sequence[Hit]) -> Json:
    return {"query": query, "course": course, "hits": [hit_(hit) for hit in hits]}


def reply(answered: Reply) -> Json:
    return {
        "question_id": answered.answer.question_id,
        "question": answered.question,
        "outcome": answered.answer.outcome,
        "answer": answered.answer.text,
        "scope": scope(answered.scope) if answered.scope else None,
        "intent": answered.answer.intent,
        "further": answered.answer.further,
        "references": [reference(one) for one in answered.references],
        "hits": [hit_(hit) for hit in answered.hits],
    }


def scope(named: AnswerScope) -> Json:
    return {
        "kind": named.kind,
        "lectures": [
            {
                "lecture": lecture.slug,
                "title": lecture.title,
                "date": lecture.held_on.isoformat() if lecture.held_on else None,
            }
            for lecture in named.lectures
        ],
    }


def hit_(hit: Hit) -> Json:
    return {"rank": hit.rank, "segment_id": hit.segment_id, **moments.passage(hit)}


def reference(one: Reference) -> Json:
    return {"number": one.number, **moments.cited(one)}


def evaluation(
    course: str, set_name: str, ways: Mapping[str, Mapping[str, RetrievalFigures]], references: Seconds
) -> Json:
    return {
        "course": course,
        "set": set_name,
        "references": asdict(references),
        "ways": {way: {group: asdict(reached) for group, reached in groups.items()} for way, groups in ways.items()},
    }


def agreement(course: str, report: AgreementReport) -> Json:
    in_use = report.in_use
    return {
        "course": course,
        "n": report.groups["all"].n,
        "groups": {name: _compared(one) for name, one in report.groups.items()},
        "failures": dict(report.failures),
        "judged_unlabelled": report.judged_unlabelled,
        "labelled_unjudged": dict(report.labelled_unjudged),
        "flag_below": report.flag_below,
        "threshold": _threshold(in_use) if in_use else None,
        "configurations": [
            {
                "settings_versions": list(one.settings_versions),
                "figures": _compared(one.figures),
                "failures": dict(one.failures),
                "threshold": _threshold(one),
            }
            for one in report.configurations
        ],
        "disagreements": [_disagreement(one) for one in report.disagreements],
        "stand_in": asdict(report.stand_in),
        "faults": {name: asdict(one) for name, one in report.faults.items()},
        "untold": report.untold,
    }


def _compared(one: Comparison) -> Json:
    """The matrix by the judge's label, then people's."""
    rows = {judge: dict(zip(LABELS, row, strict=True)) for judge, row in zip(LABELS, one.matrix, strict=True)}
    return asdict(one) | {"matrix": rows}


def _threshold(one: JudgeConfiguration) -> Json:
    return {"model": one.model, "prompt_id": one.prompt_id, "configuration": one.learned, **asdict(one.threshold)}


def _disagreement(one: Disagreement) -> Json:
    """Texts whole; of people, what they are to the course and nothing more."""
    return {
        "question_id": one.case.answer.question_id,
        "answer_id": one.case.answer.answer_id,
        "language": one.case.answer.language,
        "imported": one.case.is_imported,
        "question": one.case.answer.question,
        "answer": one.case.answer.text,
        "gap": one.gap,
        "people": {"by": one.people, "label": one.verdict},
        "judge": {
            "label": one.judgement.label,
            "score": one.judgement.score,
            "criteria": one.judgement.criteria,
            "evidence": one.judgement.evidence,
            "model": one.judgement.model,
            "prompt_id": one.judgement.prompt_id,
        },
        "labels": [
            {
                "role": opinion.role,
                "label": opinion.label,
                "reason": opinion.reason,
                "comment": opinion.comment,
                "judge_visible": opinion.judge_visible,
            }
            for opinion in one.case.opinions
        ],
    }


def doctor(checks: Sequence[Check]) -> Json:
    return {"checks": [asdict(check) for check in checks]}
