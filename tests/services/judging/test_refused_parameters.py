"""A server that refuses a role, a shape or a temperature is asked without it, and that is remembered."""

import pytest

from tests.fake_model import has_system, refuses, says, sends, sends_json
from tests.services.judging.scripted import CASE, fails, judge_of, unlimited, verdict


async def test_a_judge_without_a_system_role_keeps_its_schema() -> None:
    refusal = sends_json({"error": {"message": "System role not supported"}}, status=400)
    async with judge_of(refuses(has_system, refusal, says(verdict()))) as (judge, server):
        opinions = [await judge.judge("relevance", CASE, unlimited) for _ in range(2)]

    assert [opinion.status for opinion in opinions] == ["ok", "ok"]
    assert [has_system(request) for request in server.requests] == [True, False, False]
    assert all("response_format" in request for request in server.requests)


async def test_a_server_that_refuses_the_shape_gets_a_simpler_one_and_it_is_remembered() -> None:
    template = "Criteria: a\nSupporting Evidence: b\nScore: 2"
    async with judge_of(fails(400), fails(422), says(template)) as (judge, server):
        first = await judge.judge("relevance", CASE, unlimited)
        second = await judge.judge("relevance", CASE, unlimited)

    assert (first.status, first.verdict.score, second.verdict.score) == ("ok", 2, 2)
    kinds = [request.get("response_format", {}).get("type") for request in server.requests]
    assert kinds == ["json_schema", "json_object", None, None]
    assert [call.parameters["shape"] for call in first.calls] == ["json_schema", "json_object", "template"]


TEMPERATURES = {
    "OpenAI, of the value": fails(
        400,
        message="Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
        "supported.",
        type="invalid_request_error",
        param="temperature",
        code="unsupported_value",
    ),
    "OpenAI, of the parameter": fails(
        400,
        message="Unsupported parameter: 'temperature' is not supported with this model.",
        param="temperature",
        code="unsupported_parameter",
    ),
    "Moonshot, without a parameter": fails(400, message="invalid temperature: only 1 is allowed for this model"),
    "LiteLLM, with a parameter that is none": fails(
        400,
        message="litellm.UnsupportedParamsError: gpt-5 models don't support temperature=0. Only temperature=1 is "
        "supported. To drop unsupported params set `litellm.drop_params = True`",
        param="None",
    ),
    "vLLM, of a field": sends_json(
        {
            "object": "error",
            "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'temperature'), 'input': 0}]",
            "param": None,
        },
        status=400,
    ),
    "FastAPI, of a field": sends_json(
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "input": 0}]}, status=422
    ),
    "of its parameter, in words that name the shape too": fails(
        400, message="0 does not go together with this response_format", param="temperature"
    ),
    "a plain text": sends(b"Model incompatible request argument supplied: temperature", status=400, kind="text/plain"),
}


@pytest.mark.parametrize("wording", TEMPERATURES)
async def test_a_model_that_refuses_a_temperature_is_asked_without_and_it_is_remembered(wording: str) -> None:
    async with judge_of(TEMPERATURES[wording], says(verdict(2))) as (judge, server):
        first = await judge.judge("relevance", CASE, unlimited)
        second = await judge.judge("relevance", CASE, unlimited)

    assert (first.status, first.verdict.score, second.verdict.score) == ("ok", 2, 2)
    assert [request.get("temperature", "none") for request in server.requests] == [0, "none", "none"]
    assert {request["response_format"]["type"] for request in server.requests} == {"json_schema"}
    assert [call.parameters for call in (*first.calls, *second.calls)] == [
        {"temperature": 0, "shape": "json_schema", "turns": 2},
        {"shape": "json_schema", "turns": 2},
        {"shape": "json_schema", "turns": 2},
    ]
    assert (first.calls[0].detail or "").endswith(
        "refuses the temperature that it was asked with "
        + ("(HTTP 422)." if wording.startswith("FastAPI") else "(HTTP 400).")
    )


SHAPES = {
    "of its parameter": fails(
        400, message="temperature is fine, this is not", param="response_format.type", code="unsupported_value"
    ),
    "in words that list what is taken": fails(
        400, message="response_format is not supported by this model; it takes temperature and top_p"
    ),
    "with a quotation of the whole request": sends_json(
        {
            "detail": [
                {
                    "loc": ["body"],
                    "msg": "Value error",
                    "input": {"temperature": 0, "response_format": {"type": "json_schema"}},
                }
            ]
        },
        status=422,
    ),
}


@pytest.mark.parametrize("wording", SHAPES)
async def test_a_refused_shape_is_not_taken_for_a_refused_temperature(wording: str) -> None:
    async with judge_of(SHAPES[wording], says(verdict())) as (judge, server):
        opinion = await judge.judge("relevance", CASE, unlimited)

    assert opinion.status == "ok"
    asked = [(request.get("temperature", "none"), request["response_format"]["type"]) for request in server.requests]
    assert asked == [(0, "json_schema"), (0, "json_object")]


async def test_a_server_that_refuses_both_the_temperature_and_the_shape_gets_neither() -> None:
    template = "Criteria: a\nSupporting Evidence: b\nScore: 2"
    both = fails(400, message="openai does not support parameters: ['temperature', 'response_format']")
    alone = fails(400, message="openai does not support parameters: ['temperature']")
    async with judge_of(both, both, alone, says(template)) as (judge, server):
        first = await judge.judge("relevance", CASE, unlimited)
        second = await judge.judge("relevance", CASE, unlimited)

    assert (first.status, first.verdict.score, second.verdict.score) == ("ok", 2, 2)
    asked = [(request.get("temperature", "none"), "response_format" in request) for request in server.requests]
    assert asked == [(0, True), (0, True), (0, False), ("none", False), ("none", False)]


async def test_a_server_that_refuses_the_temperature_whatever_is_sent_is_left_alone_after_four_calls() -> None:
    async with judge_of(TEMPERATURES["OpenAI, of the value"]) as (judge, server):
        opinion = await judge.judge("relevance", CASE, unlimited)

    assert (opinion.status, opinion.verdict.score) == ("transport_error", None)
    asked = [
        (request.get("temperature", "none"), request.get("response_format", {}).get("type"))
        for request in server.requests
    ]
    assert asked == [(0, "json_schema"), ("none", "json_schema"), ("none", "json_object"), ("none", None)]


async def test_a_fault_that_speaks_of_temperature_is_no_refusal_of_one() -> None:
    async with judge_of(fails(500, message="the temperature sensor is on fire")) as (judge, server):
        opinion = await judge.judge("relevance", CASE, unlimited)

    assert (opinion.status, opinion.trouble, len(server.requests)) == ("transport_error", "fault", 1)


async def test_a_second_question_after_a_refused_temperature_is_asked_without_too() -> None:
    refusal = TEMPERATURES["OpenAI, of the value"]
    async with judge_of(refusal, says("Nota 3!"), says(verdict(1))) as (judge, server):
        opinion = await judge.judge("relevance", CASE, unlimited)

    assert (opinion.status, opinion.verdict.score) == ("recovered", 1)
    assert [request.get("temperature", "none") for request in server.requests] == [0, "none", "none"]


async def test_each_call_of_a_refused_temperature_is_reserved_in_the_budget() -> None:
    reserved: list[int] = []

    async def once(tokens: int) -> bool:
        reserved.append(tokens)
        return len(reserved) < 2

    async with judge_of(TEMPERATURES["OpenAI, of the value"], says(verdict())) as (judge, server):
        opinion = await judge.judge("relevance", CASE, once)

    assert (opinion.status, len(reserved), len(server.requests)) == ("budget_skipped", 2, 1)
