"""The JSON that other programs read; its names are promised in the README."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from db.records import Hit, Reference
from services.ask import Reply
from services.doctor import Check
from services.evaluate import Figures, Precision
from services.links import moment

Json = dict[str, Any]


def search(query: str, course: str, hits: Sequence[Hit]) -> Json:
    return {"query": query, "course": course, "hits": [hit_(hit) for hit in hits]}


def reply(answered: Reply) -> Json:
    return {
        "question_id": answered.answer.question_id,
        "question": answered.question,
        "outcome": answered.answer.outcome,
        "answer": answered.answer.text,
        "references": [reference(one) for one in answered.references],
        "hits": [hit_(hit) for hit in answered.hits],
    }


def hit_(hit: Hit) -> Json:
    return {
        "rank": hit.rank,
        "segment_id": hit.segment_id,
        "lecture": hit.lecture,
        "title": hit.title,
        "start": hit.start_s,
        "end": hit.end_s,
        "score": hit.score,
        "url": moment(hit.video_url, hit.start_s, hit.duration_s),
        "text": hit.text,
    }


def reference(one: Reference) -> Json:
    return {
        "number": one.number,
        "lecture": one.lecture,
        "title": one.title,
        "start": one.start_s,
        "end": one.end_s,
        "url": one.url,
        "quote": one.quote,
    }


def evaluation(course: str, set_name: str, ways: Mapping[str, Mapping[str, Figures]], references: Precision) -> Json:
    return {
        "course": course,
        "set": set_name,
        "references": asdict(references),
        "ways": {way: {group: asdict(reached) for group, reached in groups.items()} for way, groups in ways.items()},
    }


def doctor(checks: Sequence[Check]) -> Json:
    return {"checks": [asdict(check) for check in checks]}
