"""The judge against a scripted server: each trouble ends in its status, and never in a wrong score."""

import json

import pytest

from services.judging.judge import Judge
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from tests.fake_model import drips, hangs, says, sends, sends_json
from tests.services.judging.scripted import CASE, fails, judge_of, judged, unlimited, verdict


async def test_a_plain_verdict_is_ok() -> None:
    opinion = await judged(says(verdict(2)))

    assert (opinion.status, opinion.verdict.score) == ("ok", 2)
    assert (opinion.verdict.criteria, opinion.verdict.evidence) == ("por quê", "encolhe")
    [call] = opinion.calls
    assert (call.model_asked, call.model, call.prompt_id, call.output) == ("juiz", "fake-1", "judge/2", verdict(2))
    assert (call.tokens_in, call.tokens_out, call.status) == (11, 7, "ok")


async def test_the_judge_is_asked_coldly_for_json_by_schema() -> None:
    async with judge_of(says(verdict())) as (judge, server):
        await judge.judge("relevance", CASE, unlimited)

    [request] = server.requests
    assert request["temperature"] == 0
    assert request["response_format"]["json_schema"]["schema"]["properties"]["score"]["enum"] == [0, 1, 2, 3]


TROUBLES = {
    "no score in the text": (says("A resposta é boa."), "parse_error"),
    "a score out of range": (says(verdict(4)), "out_of_range"),
    "JSON cut in half": (says(verdict()[:40]), "parse_error"),
    "cut by its token limit": (says(verdict()[:40], finish="length"), "truncated"),
    "a refusal with a number in it": (says("Sinto muito, não posso dar 3 a isso."), "refusal"),
    "a refusal beside the text": (
        sends_json({"choices": [{"message": {"content": None, "refusal": "No 3."}, "finish_reason": "stop"}]}),
        "refusal",
    ),
    "a number with its scale": (says("Score: 3 na escala de 0 a 3"), "parse_error"),
    "duplicate keys": (says('{"criteria": "a", "supporting_evidence": "b", "score": 0, "score": 3}'), "parse_error"),
    "no choices": (sends_json({"choices": []}), "empty"),
    "an empty text": (says(""), "empty"),
    "only thoughts": (says("<think>talvez 3</think>"), "empty"),
    "a content filter": (says(verdict(), finish="content_filter"), "content_filter"),
    "a prompt that is filtered": (fails(400, code="content_filter"), "content_filter"),
    "429 with seconds": (fails(429, "Retry-After: 7\r\n"), "transport_error"),
    "a storm of 5xx": (fails(503), "transport_error"),
    "HTML with status 200": (sends(b"<html>3</html>", kind="text/html"), "transport_error"),
    "a wrong key": (fails(401), "auth_error"),
    "a key without rights": (fails(403), "auth_error"),
    "an unknown model": (fails(404), "transport_error"),
    "no quota": (fails(429, code="insufficient_quota"), "transport_error"),
    "a server that never answers": (hangs(), "timeout"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_ends_in_its_status_and_without_a_score(trouble: str) -> None:
    behaviour, status = TROUBLES[trouble]

    opinion = await judged(behaviour, limit_s=1.0 if status == "timeout" else 60.0)

    assert opinion.status == status
    assert opinion.verdict.score is None
    assert opinion.calls


async def test_a_filtered_prompt_is_asked_about_once() -> None:
    """Azure: tatsu-lab/alpaca_eval#227, vibrantlabsai/ragas#649."""
    async with judge_of(fails(400, code="content_filter", param="prompt")) as (judge, server):
        opinion = await judge.judge("relevance", CASE, unlimited)

    assert opinion.status == "content_filter"
    assert "content filter" in (opinion.detail or "")
    assert len(server.requests) == len(opinion.calls) == 1


async def test_fenced_json_is_read() -> None:
    assert (await judged(says(f"```json\n{verdict(1)}\n```"))).verdict.score == 1


async def test_a_body_that_drips_is_cut_off_by_the_clock() -> None:
    body = json.dumps({"choices": [{"message": {"content": verdict()}, "finish_reason": "stop"}]})
    opinion = await judged(drips(body, every_s=0.05), limit_s=0.5)

    assert (opinion.status, opinion.verdict.score) == ("timeout", None)


async def test_what_could_not_be_read_is_asked_for_once_more() -> None:
    async with judge_of(says("Nota 3!"), says(verdict(1))) as (judge, server):
        opinion = await judge.judge("relevance", CASE, unlimited)

    assert (opinion.status, opinion.verdict.score) == ("recovered", 1)
    assert [call.status for call in opinion.calls] == ["parse_error", "ok"]
    assert [message["role"] for message in server.requests[1]["messages"]] == ["system", "user", "assistant", "user"]


async def test_it_is_asked_for_only_once_more() -> None:
    async with judge_of(says("Nota 3!")) as (judge, server):
        opinion = await judge.judge("relevance", CASE, unlimited)

    assert opinion.status == "parse_error"
    assert len(server.requests) == 2


async def test_trouble_with_the_second_question_does_not_hide_the_first_text() -> None:
    assert (await judged(says("Nota 3!"), fails(503))).status == "parse_error"


async def test_how_long_a_busy_server_wants_to_be_left_alone_is_kept() -> None:
    in_seconds = await judged(fails(429, "Retry-After: 7\r\n"))
    headers = "Retry-After: Tue, 24 Nov 2026 12:00:30 GMT\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\n"
    by_date = await judged(fails(429, headers))

    assert (in_seconds.trouble, in_seconds.retry_after_s) == ("busy", 7.0)
    assert (by_date.trouble, by_date.retry_after_s) == ("busy", 30.0)


async def test_a_server_that_is_not_there_is_told_from_one_that_fails() -> None:
    async with ChatModel(LlmConfig(model="juiz", base_url="http://127.0.0.1:9/v1")) as model:
        opinion = await Judge(model, time_limit_s=30.0).judge("relevance", CASE, unlimited)

    assert (opinion.status, opinion.trouble) == ("transport_error", "unreachable")


async def test_without_a_budget_nothing_is_asked() -> None:
    async def spent(_: int) -> bool:
        return False

    async with judge_of(says(verdict())) as (judge, server):
        opinion = await judge.judge("relevance", CASE, spent)

    assert (opinion.status, opinion.verdict.score, opinion.calls) == ("budget_skipped", None, ())
    assert server.requests == []
