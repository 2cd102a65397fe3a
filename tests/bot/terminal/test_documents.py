"""The JSON that other programs read, from real processes."""

import asyncio
from types import NoneType
from typing import Any

import pytest

from tests.bot.console import SAMPLES, Console, Ran
from tests.fake_model import fake_model, says, sends

QUESTION = "O que acontece quando o gradiente some em uma rede recorrente?"
HIT = {
    "rank": int,
    "segment_id": int,
    "lecture": str,
    "title": str,
    "start": float,
    "end": float,
    "score": float | None,
    "url": str | None,
    "text": str,
}
REFERENCE = {
    "number": int,
    "lecture": str,
    "title": str,
    "start": float,
    "end": float,
    "url": str | None,
    "quote": str,
}
REPLY = {
    "question_id": int,
    "question": str,
    "outcome": str,
    "answer": str,
    "scope": (dict, NoneType),
    "intent": (str, NoneType),
    "further": int,
    "references": list,
    "hits": list,
}
FIGURES = {
    "questions",
    "recall_at_1",
    "recall_at_5",
    "recall_at_10",
    "mrr_at_10",
    "ndcg_at_10",
    "first_hit_width_s",
    "latency_p50_ms",
    "latency_p95_ms",
}


def has_shape(row: dict[str, Any], shape: dict[str, Any]) -> bool:
    return list(row) == list(shape) and all(isinstance(row[name], kind) for name, kind in shape.items())


def assert_reply(document: dict[str, Any]) -> None:
    assert has_shape(document, REPLY)
    assert document["outcome"] in {"answered", "no_material", "needs_staff", "failed"}
    assert all(has_shape(hit, HIT) for hit in document["hits"])
    assert all(has_shape(reference, REFERENCE) for reference in document["references"])
    assert [one["number"] for one in document["references"]] == list(range(1, len(document["references"]) + 1))


async def ask(there: Console, question: str = QUESTION, **variables: str) -> Ran:
    ran = await there.having(**variables).run("ask", question, "--course", "redes", "--json")
    assert ran.code == 0, ran.err
    assert_reply(ran.document)
    return ran


async def test_search_prints_one_document_of_the_promised_shape(sampled: Console) -> None:
    ran = await sampled.run("search", QUESTION, "--course", "redes", "-k", "3", "--json")

    assert (ran.code, ran.err) == (0, "")
    assert list(ran.document) == ["query", "course", "hits"]
    assert (ran.document["query"], ran.document["course"]) == (QUESTION, "redes")
    assert [hit["rank"] for hit in ran.document["hits"]] == [1, 2, 3]
    for hit in ran.document["hits"]:
        assert has_shape(hit, HIT)
        assert hit["url"].endswith(f"#t={int(hit['start'])}")


async def test_without_a_model_an_answer_consists_of_quotations(sampled: Console) -> None:
    document = (await ask(sampled)).document

    assert document["outcome"] == "answered"
    assert len(document["references"]) >= 2
    assert all(one["url"].endswith(f"#t={int(one['start'])}") for one in document["references"])


async def test_logs_go_to_standard_error_and_never_among_the_json(sampled: Console) -> None:
    """Also remarks: this embedding model cannot be had."""
    ran = await ask(sampled, MONITORIA_LOG_LEVEL="debug", MONITORIA_EMBEDDING_MODEL="/no/such/model")

    assert '"event": "answer.stored"' in ran.err


async def test_a_model_s_marks_become_references(sampled: Console) -> None:
    async with fake_model(says("O gradiente some com o tempo [1].")) as model:
        document = (await ask(sampled, OPENAI_BASE_URL=model.base_url)).document

    assert document["outcome"] == "answered"
    assert document["answer"] == "O gradiente some com o tempo [1]."
    [reference] = document["references"]
    assert reference["lecture"] == document["hits"][0]["lecture"]
    assert reference["url"].endswith(f"#t={int(reference['start'])}")


async def test_a_verdict_of_the_model_is_the_outcome(sampled: Console) -> None:
    async with fake_model(says("NO_MATERIAL")) as nothing, fake_model(says("NEEDS_STAFF")) as staff:
        replies = await asyncio.gather(
            ask(sampled, OPENAI_BASE_URL=nothing.base_url), ask(sampled, OPENAI_BASE_URL=staff.base_url)
        )

    assert [reply.document["outcome"] for reply in replies] == ["no_material", "needs_staff"]


async def test_a_model_that_fails_leaves_the_passages(sampled: Console) -> None:
    async with fake_model(sends(b"<html>login</html>", kind="text/html")) as page:
        replies = await asyncio.gather(
            ask(sampled, OPENAI_BASE_URL=page.base_url), ask(sampled, OPENAI_BASE_URL="http://127.0.0.1:1/v1")
        )

    for reply in replies:
        assert reply.document["outcome"] == "failed"
        assert len(reply.document["hits"]) == 10
        assert "answer.failed" in reply.err


async def test_the_figures_of_an_evaluation(sampled: Console) -> None:
    questions = str(SAMPLES / "questions.jsonl")

    ran = await sampled.run("eval", questions, "--course", "redes", "--json")

    assert ran.code == 0, ran.err
    assert {"course", "set", "references", "ways"} <= set(ran.document)
    words = ran.document["ways"]["by words"]
    assert {"all", "lang pt", "lang en", "tag typo"} <= set(words)
    assert all(set(figures) >= FIGURES for figures in words.values())
    assert words["all"]["recall_at_10"] == pytest.approx(0.95, abs=0.06)
    references = ran.document["references"]
    assert references["turned_away"] == references["unanswerable"]
    assert set(words) == set(references["groups"])
    assert 0 < references["groups"]["all"]["first_inside"] <= references["groups"]["all"]["any_inside"] <= 1
