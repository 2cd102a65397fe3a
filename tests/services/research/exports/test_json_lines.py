"""A line of JSON holds all that is kept of a question."""

import json
from datetime import datetime

from db import reviews
from tests.services.research.exports.office import SAMPLE, TITLE, VIDEO, Office

OF_EACH: dict[str, object] = {
    "status": "ok",
    "abstention": None,
    "criteria": "Diz o que\né.",
    "evidence": "«um arranjo», @…",
    "settings_version": 0,
    "swayed": False,
    "probability": 0.5,
    "model": "judge",
    "prompt_id": "judge/1",
    "prompt_sha256": "cd",
}
FOUND = {"number": 1, "support": "partial", "quote": "um arranjo", "is_found": True}
JUDGEMENTS: list[dict[str, object]] = [
    OF_EACH | {"kind": "relevance", "score": 3, "relevance": 1.0, "label": "C", "references": []},
    OF_EACH | {"kind": "support", "score": None, "relevance": None, "label": None, "references": [FOUND]},
]


def passages(office: Office) -> list[dict[str, object]]:
    return [
        {
            "rank": 1,
            "segment_id": office.hits[0].segment_id,
            "corpus_id": str(office.hits[0].segment_id),
            "lecture": "aula-03",
            "title": TITLE,
            "start": 0.0,
            "end": 30.0,
            "score": 0.8412345051765442,
            "url": f"{VIDEO}&t=0",
            "text": "bom dia hoje o assunto é outro um tensor é um arranjo",
        }
    ]


def references(office: Office) -> list[dict[str, object]]:
    return [
        {
            "number": 1,
            "segment_id": office.hits[0].segment_id,
            "lecture": "aula-03",
            "title": TITLE,
            "start": 75.0,
            "end": 80.0,
            "url": f"{VIDEO}&t=75",
            "quote": "um tensor é um arranjo",
            "support": "partial",
        }
    ]


async def test_a_json_line_holds_all_that_is_kept(office: Office) -> None:
    question, answer = await office.asked("veja\u2028<#42>", asker="key of ana")
    await office.judged(answer)
    await office.judged(answer, kind="support", score=None, label=None, support="um arranjo")
    await office.labelled(answer, "student", "I", "key of ana", "fala com <@!7>")
    async with office.desk.pool.connection() as conn:
        await reviews.flag(conn, course=office.course.id, answer=answer, reason="called")

    written = await office.export("jsonl")
    [told] = [json.loads(line) for line in written.decode().splitlines()]

    ana = told["asker"]
    assert told["annotations"][0].pop("created_at") == told["annotations"][0].pop("changed_at")
    for moment in (told, told["judgements"][0], told["judgements"][1], told["review"][0]):
        name = next(name for name in ("asked_at", "judged_at", "given_at") if name in moment)
        assert datetime.fromisoformat(moment.pop(name)).tzinfo
    assert datetime.fromisoformat(told.pop("answered_at"))
    assert told["judgements"][0].pop("judgement_id") < told["judgements"][1].pop("judgement_id")
    assert told == {
        "course": "redes",
        "question_id": question,
        "number": question,
        "source": "discord",
        "asker": ana,
        "language": "pt",
        "lecture": None,
        "follows": None,
        "question": "veja\u2028#…",
        "standalone": None,
        "answer_id": answer,
        "outcome": "answered",
        "answer": "Um tensor é\num arranjo [1].",
        "model": "fake",
        "prompt_id": "answer/1",
        "prompt_sha256": "ab",
        "retrieval": "hybrid",
        "embedding_model": "words",
        "latency_ms": 1234,
        "tokens_in": 100,
        "tokens_out": 20,
        "passages": passages(office),
        "references": references(office),
        "manual_label": "I",
        "automated_label": "C",
        "score": 3,
        "relevance": 1.0,
        "judgements": JUDGEMENTS,
        "annotations": [
            {
                "annotator": ana,
                "role": "student",
                "label": "I",
                "reason": None,
                "comment": "fala com @…",
                "judge_visible": False,
            }
        ],
        "review": [{"reason": "called", "settled_at": None}],
        "dossier": None,
    }


async def test_a_json_line_of_an_import_says_what_was_read(office: Office) -> None:
    await office.imported(SAMPLE.read_bytes())

    first, second, _ = await office.documents()

    assert (first["number"], first["question"]) == (7, "O que é um tensor?")
    assert first["passages"][0] == {
        "rank": 1,
        "segment_id": None,
        "corpus_id": "884",
        "lecture": None,
        "title": None,
        "start": 75.0,
        "end": 200.0,
        "score": 0.8342345051765442,
        "url": "https://aulas.example.org/redes-neurais/aula-02.mp4#t=75",
        "text": "um tensor é só um arranjo de números e o que muda é quantos eixos ele tem",
    }
    assert [(one["title"], one["url"]) for one in first["references"]] == [
        ("Aula 2: Tensores (00:01:15)", "https://aulas.example.org/redes-neurais/aula-02.mp4#t=75"),
        ("Aula 2: Tensores [parte 2] (00:06:40)", None),
    ]
    assert {one["url"] for one in second["passages"]} == {None}
    assert first["annotations"][0]["annotator"] == "dossier"
    assert second["manual_label"] == "?"
    assert second["dossier"] == {
        "retriever": "E5",
        "label": "?",
        "relevance": "0.67",
        "automated": "P",
        "reasoning": "Criteria: A resposta diz o que o dropout faz, mas pouco sobre para que serve. "
        'Supporting Evidence: "nenhum neurônio pode depender demais de outro" Score: 2',
    }
