"""
The exact payload of each kind of message, in both languages, held in `golden/` and read by eye when it changes.

`WRITE_GOLDEN=1` with this test writes the files anew.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import discord
import pytest

from bot import buttons, render
from db.records import Answer, AnswerId, CourseId, Hit, Language, LectureId, Outcome, QuestionId, Reference, SegmentId
from services.ask import Reply

GOLDEN = Path(__file__).parent / "golden"
TEXTS: dict[Outcome, str] = {
    "answered": "O **gradiente** encolhe a cada passo [1], e a LSTM soma em vez de multiplicar [2]. @everyone",
    "no_material": "Não encontrei isso nas aulas.",
    "needs_staff": "Isso quem resolve é a equipe da disciplina.",
    "failed": "Não consegui escrever a resposta agora.",
}
HIT = Hit(
    rank=1,
    segment_id=SegmentId(7),
    lecture_id=LectureId(3),
    lecture="aula-5",
    title="Aula 5: redes [recorrentes]",
    language="pt",
    video_url="https://youtu.be/abc",
    duration_s=600.0,
    start_s=200.0,
    end_s=320.0,
    score=0.84,
    text="O gradiente encolhe até sumir. A LSTM soma em vez de multiplicar. Veja https://evil.example/x",
    cue_offsets=(0, 31, 66),
    cue_starts_s=(210.0, 230.0, 250.0),
)
REFERENCES = (
    Reference(
        number=1, segment_id=SegmentId(7), lecture="aula-5", title="Aula 5: redes [recorrentes]", start_s=208.0,
        end_s=230.0, url="https://youtu.be/abc?t=208", quote="O gradiente encolhe até sumir.",
    ),
    Reference(
        number=2, segment_id=SegmentId(7), lecture="aula-5", title="Aula 5: redes [recorrentes]", start_s=228.0,
        end_s=250.0, url=None, quote="A LSTM soma em vez de multiplicar.",
    ),
)  # fmt: skip


def reply(outcome: Outcome) -> Reply:
    answer = Answer(
        id=AnswerId(11),
        question_id=QuestionId(10),
        course_id=CourseId(2),
        outcome=outcome,
        text=TEXTS[outcome],
        failure=None,
        retrieval="hybrid",
        generation_id=None,
        model="fake",
        prompt_id=None,
        prompt_sha256=None,
        tokens_in=None,
        tokens_out=None,
        latency_ms=5,
    )
    cited = outcome == "answered"
    return Reply(
        question="Por que o gradiente some?", answer=answer, references=REFERENCES if cited else (), hits=(HIT,)
    )


def payload(pages: tuple[render.Page, ...]) -> list[Any]:
    return [
        {
            "content": page.content,
            "embed": page.embed.to_dict() if page.embed else None,
            "components": page.view.to_components() if page.view else [],
        }
        for page in pages
    ]


def embed(shown: discord.Embed | None) -> Any:
    return shown.to_dict() if shown else None


KINDS: dict[str, Callable[[Language], Any]] = {
    "answered": lambda language: payload(render.answer(reply("answered"), language)),
    "private": lambda language: payload(render.answer(reply("answered"), language, can_share=True)),
    "shared": lambda language: payload(render.answer(reply("answered"), language, with_question=True)),
    "no_material": lambda language: payload(render.answer(reply("no_material"), language)),
    "needs_staff": lambda language: payload(render.answer(reply("needs_staff"), language)),
    "failed": lambda language: payload(render.answer(reply("failed"), language)),
    "excerpts": lambda language: embed(render.excerpts(reply("answered"), language)),
    "search": lambda language: embed(render.found("gradiente", [HIT], language)),
    "search_nothing": lambda language: embed(render.found("gradiente", [], language)),
    "lectures_none": lambda language: embed(render.lectures("Redes", [], language)),
    "why_form": lambda language: buttons.why_form(CourseId(2), AnswerId(11), language).to_dict(),
}


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_payload_is_the_one_that_was_read(kind: str, language: Language) -> None:
    file = GOLDEN / f"{kind}.{language}.json"
    shown = json.dumps(KINDS[kind](language), ensure_ascii=False, indent=2, default=str) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")

    assert shown == file.read_text(encoding="utf-8")
