"""Rows that tests put down before they begin: a question, an answer, a generation, with whatever a test cares about."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection

from db import answers, generations, questions
from db.records import Answer, CourseId, Generation, QuestionId

QUESTION: Mapping[str, Any] = {
    "lecture": None,
    "text": "O que é um tensor?",
    "language": "pt",
    "follows": None,
    "source": "test",
    "source_id": None,
    "asker_key": None,
    "lease": timedelta(0),
}
ANSWER: Mapping[str, Any] = {
    "outcome": "answered",
    "text": "É isso.",
    "failure": None,
    "retrieval": "lexical",
    "generation": None,
    "model": "fake",
    "prompt_id": None,
    "prompt_sha256": None,
    "tokens_in": None,
    "tokens_out": None,
    "latency_ms": 3,
}
GENERATION: Mapping[str, Any] = {
    "backend": "torch",
    "model": "made up",
    "revision": "",
    "query_prefix": "",
    "passage_prefix": "",
    "piece_tokens": 128,
    "state": "serving",
    "dense_weights": {"*": 1.0},
}


async def question(conn: AsyncConnection, course: CourseId, **cared_for: Any) -> QuestionId:
    """Store a question; `cared_for` are arguments of `questions.insert`."""
    stored = await questions.insert(conn, course=course, **{**QUESTION, **cared_for})
    assert stored is not None
    return stored


async def answer(conn: AsyncConnection, course: CourseId, to: QuestionId, **cared_for: Any) -> Answer:
    """Store an answer; `cared_for` are arguments of `answers.insert`."""
    stored = await answers.insert(conn, course=course, question=to, **{**ANSWER, **cared_for})
    assert stored is not None
    return stored


async def generation(conn: AsyncConnection, dimension: int, **cared_for: Any) -> Generation:
    """Begin a generation of vectors; `cared_for` are arguments of `generations.insert`."""
    begun = await generations.insert(conn, dimension=dimension, **{**GENERATION, **cared_for})
    assert begun is not None
    return begun
