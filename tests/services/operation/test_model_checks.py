"""`monitoria doctor --models`: a good server is all well, and each fault of a server is named."""

import json
from collections.abc import Callable

import pytest

from services.models.completions import Completion
from services.models.llm import LlmConfig
from services.operation import model_checks
from services.operation.model_checks import FOLLOW_UP, UNANSWERED, Finding, first_words, speed
from tests.fake_model import (
    Behaviour,
    ends_each,
    fake_model,
    has_system,
    refuses,
    replies,
    says,
    says_parts,
    sends_json,
)

SAID = "O dropout desliga neurônios sorteados a cada passo do treino [1]."
REWRITTEN = "E quando a taxa de aprendizado é grande demais?"
VERDICT = json.dumps({"criteria": "o que desliga", "supporting_evidence": "neurônios", "score": 3})
TEMPLATE = "Criteria: a\nSupporting Evidence: b\nScore: 3/3"

Reply = Callable[[str], str]


def good(
    *, answered: str = SAID, unanswered: str = "NO_MATERIAL", rewritten: str = REWRITTEN, judged: str = VERDICT
) -> Reply:
    def reply(prompt: str) -> str:
        if FOLLOW_UP in prompt:
            return rewritten
        if UNANSWERED in prompt:
            return unanswered
        return judged if "<answer " in prompt or "could not be read" in prompt else answered

    return reply


async def found(behaviour: Behaviour) -> dict[str, Finding]:
    async with fake_model(behaviour) as server:
        config = LlmConfig(base_url=server.base_url, model="m")
        findings = [finding async for finding in model_checks.answering(config)]
        return {finding.name: finding for finding in [*findings, await model_checks.judging(config)]}


async def test_a_good_server_is_all_well() -> None:
    findings = await found(replies(good()))

    assert list(findings) == ["marks", "abstention", "thoughts", "rewriting", "speed", "requests", "judging"]
    assert {finding.state for finding in findings.values()} == {"ok"}
    assert not any(finding.advice for finding in findings.values())


THOUGHT = "Será que copiou?"
FAULTS: dict[str, tuple[Behaviour, dict[str, str]]] = {
    "thoughts in tags": (
        replies(lambda prompt: f"[THINK]{THOUGHT}[/THINK]{good()(prompt)}"),
        {"thoughts": "note"},
    ),
    "thoughts that nothing ends": (
        replies(good(answered=f"Okay, the user is asking about dropout. {SAID}")),
        {"marks": "failed"},
    ),
    "marks of its own form": (replies(good(answered=SAID.replace("[1]", "[citation:1]"))), {"marks": "note"}),
    "a fence": (replies(good(answered=f"```markdown\n{SAID}\n```")), {"marks": "note"}),
    "no marks": (replies(good(answered=SAID.replace(" [1]", ""))), {"marks": "note"}),
    "words that no passage says": (replies(good(answered="Depende do caso, como tudo.")), {"marks": "failed"}),
    "marks that point at nothing": (replies(good(answered="Depende do caso [9].")), {"marks": "failed"}),
    "abstention always": (replies(good(answered="NO_MATERIAL")), {"marks": "failed"}),
    "abstention never": (replies(good(unanswered="Foi em 1974 [1].")), {"abstention": "failed"}),
    "the wrong verdict": (replies(good(unanswered="NEEDS_STAFF")), {"abstention": "failed"}),
    "follow-ups as they are": (replies(good(rewritten=FOLLOW_UP)), {"rewriting": "note"}),
    "an explanation in place of a question": (
        replies(good(rewritten="Claro!\nAqui está a taxa.")),
        {"rewriting": "note"},
    ),
    "a judge in prose": (replies(good(judged="A resposta é boa.")), {"judging": "failed"}),
    "a judge that is too strict": (replies(good(judged=VERDICT.replace("3", "0"))), {"judging": "failed"}),
    "no schema": (
        refuses(
            lambda request: "response_format" in request,
            sends_json({"error": {"message": "response_format is not supported"}}, status=400),
            replies(good(judged=TEMPLATE)),
        ),
        {"judging": "note"},
    ),
    "no system": (
        refuses(
            has_system,
            sends_json({"error": {"message": "System role not supported"}}, status=400),
            replies(good()),
        ),
        {"requests": "note"},
    ),
    "no counting of tokens": (
        refuses(
            lambda request: "stream_options" in request,
            sends_json({"error": {"message": "stream_options: extra inputs are not permitted"}}, status=422),
            replies(good()),
        ),
        {"requests": "note"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_is_named_and_nothing_else(fault: str) -> None:
    behaviour, expected = FAULTS[fault]

    findings = await found(behaviour)

    faulty = {name: finding for name, finding in findings.items() if finding.state != "ok"}
    assert {name: finding.state for name, finding in faulty.items()} == expected
    assert all(finding.detail for finding in faulty.values())
    assert THOUGHT not in str(findings)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (sends_json({"error": {"code": "content_filter", "message": "no"}}, status=400), "content filter"),
        (says(SAID, finish="MAX_TOKENS"), "token limit"),
        (
            sends_json({"error": {"message": "maximum context length is 2048 tokens"}}, status=400),
            "too short a context",
        ),
        (sends_json({}, status=401), "refuses the key"),
        (says("<think>sem fim"), "only its thoughts"),
        (sends_json({"error": {"message": "overloaded"}}, status=500), "fault of its own"),
    ],
)
async def test_a_model_that_gives_no_text_is_told_by_its_cause(behaviour: Behaviour, said: str) -> None:
    findings = await found(behaviour)

    assert findings["marks"].state == findings["judging"].state == "failed"
    assert said in findings["marks"].detail


@pytest.mark.parametrize(
    "behaviour", [ends_each(SAID, finish="STOP"), says_parts({"type": "thinking"}, {"type": "text", "text": SAID})]
)
async def test_an_accent_that_is_understood_is_no_fault(behaviour: Behaviour) -> None:
    assert (await found(behaviour))["marks"].state == "ok"


@pytest.mark.parametrize(("first_s", "last_s", "state"), [(1, 4, "ok"), (8, 9, "note"), (2, 40, "note")])
def test_a_slow_model_is_told(first_s: float, last_s: float, state: str) -> None:
    assert speed(first_s, last_s).state == state


@pytest.mark.parametrize(
    ("raw", "first_s"),
    [(f"<think>{THOUGHT * 20}</think>{SAID}", 9.0), (SAID, 1.0), (f"{SAID[:30]}</think>{SAID}", 2.0)],
    ids=["thoughts first", "none", "the same words thought before"],
)
def test_a_student_waits_until_the_thoughts_are_over(raw: str, first_s: float) -> None:
    grown = [(float(number + 1), length) for number, length in enumerate((10, 60, 100, 150, 200, 250, 300, 330, 400))]

    assert first_words(grown, Completion(text=SAID, raw=raw, model="m", tokens_in=None, tokens_out=None)) == first_s
