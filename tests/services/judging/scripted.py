"""A judge on a scripted server, and an answer to judge."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from db.records import Hit, LectureId, Reference, SegmentId
from services.judging.judge import Judge, Opinion
from services.judging.verdicts import Case
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from tests.fake_model import Behaviour, FakeModel, fake_model, sends_json

HIT = Hit(
    rank=1,
    segment_id=SegmentId(7),
    lecture_id=LectureId(1),
    lecture="aula-1",
    title="Aula 1",
    language="pt",
    video_url="https://youtu.be/x",
    duration_s=None,
    start_s=0,
    end_s=60,
    score=0.9,
    text="Por isso o gradiente encolhe até sumir nas redes longas.",
    cue_offsets=(0,),
    cue_starts_s=(0.0,),
)
REFERENCE = Reference(
    number=1,
    segment_id=SegmentId(7),
    lecture="aula-1",
    title="Aula 1",
    start_s=3,
    end_s=10,
    url="https://youtu.be/x?t=3",
    quote="o gradiente encolhe",
)
CASE = Case(
    question="Por que o gradiente some?",
    text="O gradiente encolhe até sumir [1].",
    references=(REFERENCE,),
    hits=(HIT,),
)


def verdict(score: object = 3, **more: object) -> str:
    return json.dumps({"criteria": "por quê", "supporting_evidence": "encolhe", "score": score, **more})


async def unlimited(_: int) -> bool:
    return True


def chat(server: FakeModel, model: str = "juiz") -> ChatModel:
    """A model on a scripted server; a request for patience ends in an error at once."""
    return ChatModel(LlmConfig(model=model, base_url=server.base_url), longest_wait_s=0.0)


@asynccontextmanager
async def judge_of(*behaviours: Behaviour, limit_s: float = 60.0) -> AsyncGenerator[tuple[Judge, FakeModel], None]:
    async with fake_model(*behaviours) as server, chat(server) as model:
        yield Judge(model, time_limit_s=limit_s), server


async def judged(*behaviours: Behaviour, case: Case = CASE, limit_s: float = 60.0) -> Opinion:
    async with judge_of(*behaviours, limit_s=limit_s) as (judge, _):
        return await judge.judge("relevance", case, unlimited)


def fails(status: int = 503, headers: str = "", **body: Any) -> Behaviour:
    return sends_json({"error": {"message": "no", **body}}, status=status, headers=headers)
