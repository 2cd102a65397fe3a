"""Write a question as one JSON document on a line."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from db.exports import ExportedAnnotation, ExportedJudgement, ExportedQuestion, ExportedReason, ExportedSupport
from db.records import Course
from db.records.exports import ExportedHit
from services.ground.text import without_ids
from services.research import dossier, moments
from services.research.cases import ExportedAnswer, label_of
from services.research.dossier import MISSING, Entry

LINE_ENDS_IN_JSON = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Legal in JSON, but many programs that read line by line would break there."""


def json_line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False).translate(LINE_ENDS_IN_JSON) + "\n"


def document(case: ExportedAnswer, course: Course, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """Return the object of a JSON line; docs/export.md explains each name, and names are promises."""
    kept, judged, read = case.kept, case.latest("relevance"), case.imported
    label = label_of(case, read)
    return {
        "course": course.slug,
        "question_id": kept.question_id,
        "number": read.number if read else kept.question_id,
        "source": kept.source,
        "asked_at": kept.asked_at.isoformat(),
        "asker": pseudonym(kept.asker_key) if kept.asker_key else None,
        "language": kept.language,
        "lecture": kept.lecture,
        "follows": kept.follows,
        "question": _told(kept.question, read),
        "standalone": kept.standalone and without_ids(kept.standalone),
        "answer_id": kept.answer_id,
        "outcome": kept.outcome,
        "answer": kept.answer and _told(kept.answer, read),
        "answered_at": kept.answered_at.isoformat() if kept.answered_at else None,
        "model": kept.model,
        "prompt_id": kept.prompt_id,
        "prompt_sha256": kept.prompt_sha256,
        "retrieval": kept.retrieval,
        "embedding_model": kept.embedding_model and _without_folder(kept.embedding_model),
        "latency_ms": kept.latency_ms,
        "tokens_in": kept.tokens_in,
        "tokens_out": kept.tokens_out,
        "passages": _passages_read(read) if read else [_passage_object(hit) for hit in case.hits],
        "references": _references_read(read) if read else _reference_objects(case),
        "manual_label": None if label == MISSING else label,
        "automated_label": judged.label if judged else None,
        "score": judged.score if judged else None,
        "relevance": _normalised(judged),
        "judgements": [_judgement_object(one, case.supports.get(one.id, ())) for one in case.judgements],
        "annotations": [_annotation_object(one, pseudonym) for one in case.annotations],
        "review": [_reason_object(one) for one in case.reasons],
        "dossier": _as_read(read) if read else None,
        # Only where there is something to tell: the lines of all others stay what they were.
        **({"again": kept.again} if kept.again else {}),
        **_second_look(kept),
        **_taken_for(kept),
    }


def _second_look(kept: ExportedQuestion) -> dict[str, Any]:
    if kept.second_look is None:
        return {}
    return {"second_look": {"state": kept.second_look, "probability": kept.second_look_probability}}


def _taken_for(kept: ExportedQuestion) -> dict[str, Any]:
    """Return what the question was taken for, where that is more than an answer from the whole course."""
    named = {"scope": {"kind": kept.scope, "lectures": kept.scope_lectures}}
    return {
        **({"intent": kept.intent, "further": kept.further} if kept.intent else {}),
        **(named if kept.scope else {}),
        **({"everywhere": True} if kept.everywhere else {}),
        **({"words_of": kept.words_of} if kept.words_of else {}),
    }


def _without_folder(model: str) -> str:
    """Return a model's name on its hub, or the last part of a path on this machine."""
    return Path(model).name if Path(model).is_absolute() else model


def _told(text: str, read: Entry | None) -> str:
    """A text from a dossier stays as it is; one that was typed in Discord loses its ids."""
    return text if read else without_ids(text)


def _passage_object(hit: ExportedHit) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "segment_id": hit.segment_id,
        "corpus_id": str(hit.segment_id),
        **moments.passage(hit),
    }


def _passages_read(read: Entry) -> list[dict[str, Any]]:
    return [
        {
            "rank": rank,
            "segment_id": None,
            "corpus_id": passage.corpus_id,
            "lecture": None,
            "title": None,
            "start": _seconds(passage.start),
            "end": _seconds(passage.end),
            "score": _number(passage.score),
            "url": _address(passage.url),
            "text": passage.transcript,
        }
        for rank, passage in enumerate(read.passages, start=1)
    ]


def _reference_objects(case: ExportedAnswer) -> list[dict[str, Any]]:
    judged = case.latest("support")
    supports = {one.number: one for one in case.supports.get(judged.id, ())} if judged else {}
    return [
        {
            "number": one.number,
            "segment_id": one.segment_id,
            **moments.cited(one),
            "support": supports[one.number].support if one.number in supports else None,
        }
        for one in case.references
    ]


def _references_read(read: Entry) -> list[dict[str, Any]]:
    links = [dossier.read_link(written) or (written, MISSING) for written in read.references]
    return [
        {
            "number": number,
            "segment_id": None,
            "lecture": None,
            "title": title,
            "start": None,
            "end": None,
            "url": _address(url),
            "quote": None,
            "support": None,
        }
        for number, (title, url) in enumerate(links, start=1)
    ]


def _judgement_object(one: ExportedJudgement, supports: Iterable[ExportedSupport]) -> dict[str, Any]:
    return {
        "judgement_id": one.id,
        "kind": one.kind,
        "status": one.status,
        "score": one.score,
        "relevance": _normalised(one),
        "label": one.label,
        "abstention": one.abstention,
        "criteria": one.criteria and without_ids(one.criteria),
        "evidence": one.evidence and without_ids(one.evidence),
        "references": [
            {"number": judged.number, "support": judged.support, "quote": judged.quote, "is_found": judged.is_found}
            for judged in supports
        ],
        "settings_version": one.settings_version,
        "swayed": one.swayed,
        "probability": one.probability,
        "model": one.model,
        "prompt_id": one.prompt_id,
        "prompt_sha256": one.prompt_sha256,
        **({"configuration": one.configuration_id} if one.configuration_id else {}),
        **_beside(one),
        "judged_at": one.judged_at.isoformat(),
    }


def _beside(one: ExportedJudgement) -> dict[str, Any]:
    """Return how a second opinion stands beside the judgement that it was asked about; nothing of other kinds."""
    if one.first_id is None:
        return {}
    return {
        "beside": one.first_id,
        "asked_for": one.asked_for,
        "spread": one.spread,
        "is_split": one.is_split,
    }


def _annotation_object(one: ExportedAnnotation, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    return {
        "annotator": pseudonym(one.annotator_key),
        "role": one.role,
        "label": one.label,
        "reason": one.reason,
        "comment": one.comment and without_ids(one.comment),
        "judge_visible": one.judge_visible,
        "created_at": one.created_at.isoformat(),
        "changed_at": one.changed_at.isoformat(),
    }


def _reason_object(one: ExportedReason) -> dict[str, Any]:
    return {
        "reason": one.reason,
        "given_at": one.given_at.isoformat(),
        "settled_at": one.settled_at.isoformat() if one.settled_at else None,
    }


def _as_read(read: Entry) -> dict[str, Any]:
    return {
        "retriever": read.retriever,
        "label": read.label,
        "relevance": read.relevance,
        "automated": read.automated,
        "reasoning": read.reasoning,
    }


def _normalised(judged: ExportedJudgement | None) -> float | None:
    """Return AR as a number with two digits; the score of passages is none."""
    if judged is None or judged.score is None or judged.kind != "relevance":
        return None
    return float(dossier.RELEVANCES[judged.score])


def _seconds(written: str) -> float | None:
    """Read a moment as a dossier writes it, "01:01:15"."""
    parts = re.fullmatch(r"\s*([0-9]{1,4}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,9})?)\s*", written)
    return int(parts[1]) * 3600.0 + int(parts[2]) * 60 + float(parts[3]) if parts else None


def _number(written: str) -> float | None:
    try:
        number = float(written)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _address(written: str) -> str | None:
    text = written.strip()
    return text if text.startswith(("https://", "http://")) else None
