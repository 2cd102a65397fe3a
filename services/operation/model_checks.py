"""Ask the configured models what answering, judging and rewriting need, and say what is not as it should be."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from db.records import Hit, LectureId, SegmentId
from services import prompts
from services.answering.ask import PROMPT
from services.answering.drafts import BEFORE_VERDICT, VERDICT
from services.answering.phrasing import Turn, standalone
from services.citing.attribution import attributed
from services.citing.citations import resolve
from services.citing.marks import has_marks, normalised
from services.ground.timestamps import clock
from services.judging.judge import Judge, Opinion
from services.judging.tasks import Case
from services.models.chat import ChatModel
from services.models.completions import Completion
from services.models.llm import LlmConfig
from services.models.refusals import Part
from services.models.troubles import ModelUnavailable

LIMIT_S = 60.0
"""As long as an answer may take at all."""
SLOW_S, LONG_S = 5.0, 20.0
"""Students wait this long for the first words, and for the last, without wondering."""

State = Literal["ok", "note", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one question to a model has shown."""

    name: str
    state: State
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a model wrote, and when."""

    completion: Completion
    first_s: float  # until its first word that is no thought
    last_s: float


def _hit(rank: int, title: str, *cues: str) -> Hit:
    text = " ".join(cues)
    return Hit(
        rank=rank,
        segment_id=SegmentId(rank),
        lecture_id=LectureId(rank),
        lecture=f"aula-{rank:02}",
        title=title,
        language="pt",
        video_url=None,
        duration_s=None,
        start_s=0.0,
        end_s=10.0 * len(cues),
        score=None,
        text=text,
        cue_offsets=tuple(text.index(cue) for cue in cues),
        cue_starts_s=tuple(10.0 * position for position in range(len(cues))),
    )


HITS = (
    _hit(
        1,
        "Aula 1: Regularização",
        "O dropout desliga neurônios sorteados a cada passo do treino.",
        "Com isso a rede não depende de nenhum neurônio sozinho e decora menos os exemplos.",
    ),
    _hit(
        2,
        "Aula 2: Otimização",
        "A taxa de aprendizado é o tamanho do passo contra o gradiente.",
        "Quando ela é grande demais, a perda oscila e pode divergir.",
    ),
)
ANSWERED = "O que o dropout faz durante o treino?"
UNANSWERED = "Em que ano foi construída a ponte Rio-Niterói?"
FOLLOW_UP = "e quando ela é grande demais?"
BEFORE = (Turn(question="O que é a taxa de aprendizado?", answer="É o tamanho do passo contra o gradiente [1]."),)
JUDGED = Case(
    question=ANSWERED, text="Ele desliga neurônios sorteados a cada passo do treino [1].", references=(), hits=()
)


async def answering(config: LlmConfig) -> AsyncIterator[Finding]:
    """Ask the model that answers: a question with its answer in the passages, one without, and a follow-up."""
    async with ChatModel(config) as model:
        try:
            said = await _asked(model, ANSWERED)
        except ModelUnavailable as error:
            yield _unavailable("marks", error)
            return
        yield marks(said.completion)
        try:
            without = await _asked(model, UNANSWERED)
        except ModelUnavailable as error:
            yield _unavailable("abstention", error)
        else:
            yield abstention(without.completion)
            said = max(said, without, key=lambda one: _leaks(one.completion))
        yield thoughts(said.completion)
        yield rewriting(await standalone(FOLLOW_UP, BEFORE, model, time_limit_s=LIMIT_S))
        yield speed(said.first_s, said.last_s)
        yield requests(model.refused)


async def judging(config: LlmConfig) -> Finding:
    """Ask the model that judges for one score."""

    async def spend(_: int) -> bool:
        return True

    async with ChatModel(config, longest_wait_s=0.0) as model:
        return judgement(await Judge(model, time_limit_s=LIMIT_S).judge("relevance", JUDGED, spend))


def marks(completion: Completion) -> Finding:
    text = normalised(completion.text)
    if VERDICT.match(completion.text.lstrip(BEFORE_VERDICT)):
        return Finding(
            name="marks",
            state="failed",
            detail="it abstains although the first passage answers the question.",
            advice="Take a model that reads Portuguese and follows instructions better.",
        )
    cited = resolve(text, HITS)
    if cited.references and text == completion.text:
        return Finding(name="marks", state="ok", detail="each claim carries its passage's number")
    if cited.references:
        return Finding(
            name="marks",
            state="note",
            detail="written in a form of its own, which is read all the same.",
            advice="Nothing must be done; a model that follows the form is the safer choice.",
        )
    if not has_marks(text) and attributed(text, HITS):
        return Finding(
            name="marks",
            state="note",
            detail="none are written: each answer is asked for twice, and only what a passage clearly says is shown.",
            advice="Take a model that follows instructions better, or turn its reasoning on.",
        )
    return Finding(
        name="marks",
        state="failed",
        detail="none that point at a passage, and no passage says what it wrote: such answers are withheld.",
        advice="Take a model that follows instructions better; smaller than about 7 billion parameters seldom do.",
    )


def abstention(completion: Completion) -> Finding:
    verdict = VERDICT.match(completion.text.lstrip(BEFORE_VERDICT))
    if verdict and verdict[1] == "NO":
        return Finding(name="abstention", state="ok", detail="it says so where the passages do not answer")
    return Finding(
        name="abstention",
        state="failed",
        detail="it answers, or sends on to staff, a question that the passages do not answer.",
        advice="Take a model that follows instructions better: students would read what no lecture says.",
    )


def thoughts(completion: Completion) -> Finding:
    if not _leaks(completion):
        return Finding(name="thoughts", state="ok", detail="none in its texts")
    return Finding(
        name="thoughts",
        state="note",
        detail="they stand in its texts, and are left out.",
        advice="Let its server part them, which is surer (vLLM: --reasoning-parser, llama.cpp: --reasoning-format), "
        "or turn its reasoning off.",
    )


def rewriting(rewritten: str) -> Finding:
    if rewritten != FOLLOW_UP and "taxa" in rewritten.lower():
        return Finding(name="rewriting", state="ok", detail="a follow-up is made to stand alone")
    return Finding(
        name="rewriting",
        state="note",
        detail=f"a follow-up is not made to stand alone within its time: {rewritten[:80]!r}.",
        advice="Follow-ups are then searched as they are; a faster model, or one with less reasoning, helps.",
    )


def speed(first_s: float, last_s: float) -> Finding:
    detail = f"first words after {first_s:.1f} s, whole after {last_s:.1f} s"
    if first_s <= SLOW_S and last_s <= LONG_S:
        return Finding(name="speed", state="ok", detail=detail)
    return Finding(
        name="speed",
        state="note",
        detail=f"{detail}; ten real passages take longer.",
        advice=f"An answer is given up after {LIMIT_S:g} s. Take a smaller model, a faster machine, or less reasoning.",
    )


def requests(refused: Sequence[Part]) -> Finding:
    words = {"system": "the system's role", "counting": "to count tokens", "limit": "a request without a limit"}
    if not refused:
        return Finding(name="requests", state="ok", detail="taken as they are")
    parts = ", ".join(dict.fromkeys(words[part] for part in refused))
    advice = "Nothing must be done: it is asked without, which is found out anew at each start."
    if "system" in refused:
        advice = "It works, but a model with a system role keeps to its instructions better."
    return Finding(name="requests", state="note", detail=f"its server refuses {parts}.", advice=advice)


def judgement(opinion: Opinion) -> Finding:
    shape = opinion.calls[-1].parameters["shape"] if opinion.calls else "json_schema"
    if opinion.verdict.score is None:
        return Finding(
            name="judging",
            state="failed",
            detail=opinion.detail or f"no score: {opinion.status}.",
            advice="Set MONITORIA_JUDGE_MODEL to a model that writes JSON, or to `none`.",
        )
    if opinion.verdict.score < 2:
        return Finding(
            name="judging",
            state="failed",
            detail=f"a whole answer gets {opinion.verdict.score} of 3.",
            advice="Set MONITORIA_JUDGE_MODEL to a stronger model: its flags would mislead staff.",
        )
    if opinion.status == "ok" and shape == "json_schema":
        return Finding(name="judging", state="ok", detail=f"JSON by a schema, {opinion.verdict.score} of 3")
    how = "in JSON, not by a schema" if shape == "json_object" else "in plain lines, not in JSON"
    detail = f"it writes {how}." if shape != "json_schema" else "its first text could not be read, its second could."
    return Finding(
        name="judging",
        state="note",
        detail=detail,
        advice="It works; a server that takes JSON schemas spares calls and failures.",
    )


async def _asked(model: ChatModel, question: str) -> Said:
    messages = prompts.load(PROMPT).fill(
        passages="\n\n".join(
            f"[{hit.rank}] {hit.title}, {clock(hit.start_s)} to {clock(hit.end_s)}\n{hit.text}" for hit in HITS
        ),
        question=question,
        language="pt",
    )
    now = asyncio.get_running_loop().time
    began_s, grown = now(), list[tuple[float, int]]()
    async with aclosing(model.stream(messages, time_limit_s=LIMIT_S)) as parts:
        async for part in parts:
            if isinstance(part, Completion):
                last_s = now() - began_s
                return Said(completion=part, first_s=first_words(grown, part) or last_s, last_s=last_s)
            grown.append((now() - began_s, part.length))
    raise AssertionError("a stream ends with its completion")


def first_words(grown: Sequence[tuple[float, int]], completion: Completion) -> float | None:
    """
    Return the second at which the first word that a student reads was written; thoughts come before it.

    *grown* has the seconds at which the text had grown, and its length then, thoughts included.
    """
    before = completion.raw.rfind(completion.text[:20])
    return next((at_s for at_s, length in grown if length > before), None)


def _leaks(completion: Completion) -> bool:
    return completion.raw.strip() != completion.text


def _unavailable(name: str, error: ModelUnavailable) -> Finding:
    return Finding(name=name, state="failed", detail=str(error))
