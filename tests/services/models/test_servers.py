"""Servers that speak `chat.completions` with an accent are understood; the sources are public reports."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from services.models.chat import ChatModel, Message
from services.models.completions import Completion
from services.models.llm import LlmConfig
from services.models.troubles import ModelUnavailable
from tests.fake_model import (
    Behaviour,
    FakeModel,
    Request,
    ends_each,
    fake_model,
    has_system,
    refuses,
    says,
    says_parts,
    sends_events,
    sends_json,
    streams,
)

ASKED = [Message(role="system", content="Seja breve."), Message(role="user", content="O que é dropout?")]
SAID = "O dropout desliga neurônios [1]."


@asynccontextmanager
async def model_that(*behaviours: Behaviour) -> AsyncGenerator[tuple[ChatModel, FakeModel], None]:
    async with fake_model(*behaviours) as server, ChatModel(LlmConfig(base_url=server.base_url, model="m")) as model:
        yield model, server


async def streamed(model: ChatModel, *, time_limit_s: float = 8.0) -> tuple[list[str], Completion]:
    drafts: list[str] = []
    async with aclosing(model.stream(ASKED, time_limit_s=time_limit_s)) as parts:
        async for part in parts:
            if isinstance(part, Completion):
                return drafts, part
            if part.text not in {"", *drafts[-1:]}:
                drafts.append(part.text)
    raise AssertionError("no completion")


def error(status: int, message: str, **more: object) -> Behaviour:
    return sends_json({"error": {"message": message, **more}}, status=status)


TEXT = {"type": "text", "text": SAID}
PARTS = {
    "Magistral, NousResearch/hermes-agent PR#4748": (
        {"type": "thinking", "thinking": [{"type": "text", "text": "segredo"}]},
        TEXT,
    ),
    "Magistral, closed, infiniflow/ragflow PR#14805": (
        {"type": "thinking", "thinking": [{"type": "text", "text": "segredo"}], "closed": True},
        TEXT,
    ),
    "thinking as a text, epam/ai-dial-adapter-openai PR#397": ({"type": "thinking", "thinking": "segredo"}, TEXT),
    "text in two parts, vercel/ai PR#4821": (
        {"type": "text", "text": SAID[:10]},
        {"type": "text", "text": SAID[10:]},
    ),
    "references between the texts": (TEXT, {"type": "reference", "reference_ids": [1]}),
    "a signature of thoughts": ({"type": "redacted_thinking", "data": "segredo"}, TEXT),
    "output_text": ({"type": "output_text", "text": SAID},),
    "plain texts in a list": (SAID,),
    "reasoning with a text": ({"type": "reasoning", "text": "segredo"}, TEXT),
}


@pytest.mark.parametrize("form", PARTS)
async def test_the_text_parts_are_the_answer(form: str) -> None:
    async with model_that(says_parts(*PARTS[form])) as (model, _):
        drafts, completion = await streamed(model)
        whole = await model.complete(ASKED, time_limit_s=30.0)

    assert completion.text == whole.text == SAID
    assert "segredo" not in "".join(drafts) + completion.raw


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking", "thought", "reasoning_details"])
async def test_thoughts_in_fields_of_their_own_are_not_read(name: str) -> None:
    events = (
        {"choices": [{"delta": {name: "segredo", "content": None}, "finish_reason": None}]},
        {"choices": [{"delta": {"content": SAID}, "finish_reason": "stop"}]},
    )
    async with model_that(sends_events(*events)) as (model, _):
        assert (await streamed(model))[1].raw == SAID


WHOLE = {
    "OpenAI": "stop",
    "Gemini's gateways, QwenLM/qwen-code#9882": "STOP",
    "Gemini's gateways, higress-group/higress PR#2408": "Stop",
    "Gemini's library": "FinishReason.STOP",
    "Gemini over gRPC": "FINISH_REASON_STOP",
    "Together, openai/openai-dotnet PR#267": "eos",
    "TGI, avante-corp/avante.nvim PR#706": "eos_token",
    "TGI, spring-projects/spring-ai PR#4900": "EOS_TOKEN",
    "TGI, dstackai/dstack PR#2229": "stop_sequence",
    "Anthropic": "end_turn",
    "Cohere": "COMPLETE",
    "Together's tokens, vespa-engine/vespa PR#33327": "<|eot_id|>",
    "DeepSeek's token, vespa-engine/vespa PR#33327": "<｜end▁of▁sentence｜>",
}


@pytest.mark.parametrize("reason", WHOLE.values(), ids=WHOLE.keys())
async def test_a_text_is_whole_in_whatever_letters(reason: str) -> None:
    async with model_that(says(SAID, finish=reason)) as (model, _):
        assert (await streamed(model))[1].text == SAID
        assert (await model.complete(ASKED, time_limit_s=30.0)).text == SAID


STOPPED = {
    "length": "truncated",
    "MAX_TOKENS": "truncated",
    "model_length": "truncated",
    "FINISH_REASON_MAX_TOKENS": "truncated",
    "something new": "truncated",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "content_filter: PROHIBITED_CONTENT": "content_filter",
    "sensitive": "content_filter",
    "guardrail_intervened": "content_filter",
}


@pytest.mark.parametrize("reason", STOPPED)
async def test_a_text_that_was_stopped_says_by_what(reason: str) -> None:
    async with model_that(says(SAID, finish=reason)) as (model, _):
        with pytest.raises(ModelUnavailable) as refusal:
            await streamed(model)

    assert refusal.value.trouble == STOPPED[reason]


async def test_a_reason_on_every_event_ends_nothing() -> None:
    """BerriAI/litellm#2195, songquanpeng/one-api PR#1477."""
    text = f"{SAID} Com isso a rede não decora os exemplos [1]."

    async with model_that(ends_each(text, finish="STOP", pause_s=2.6)) as (model, _):
        assert (await streamed(model))[1].text == text


async def test_a_reason_with_the_last_word_is_an_end() -> None:
    """envoyproxy/ai-gateway PR#2107: the last words and the reason come together."""
    last = {"choices": [{"delta": {"content": "neurônios."}, "finish_reason": "STOP"}]}
    async with model_that(sends_events({"choices": [{"delta": {"content": "Desliga "}}]}, last)) as (model, _):
        assert (await streamed(model))[1].text == "Desliga neurônios."


NO_SYSTEM = {
    "Gemma 2, abetlen/llama-cpp-python#1580": error(400, "System role not supported"),
    "Gemma 2 in TGI, huggingface/chat-ui#1386": error(
        422, "Template error: invalid operation: System role not supported"
    ),
    "FastMLX, arcee-ai/fastmlx#22": error(500, "System role not supported"),
    "Mistral 7B, EricLBuehler/mistral.rs#45": error(
        400, "Conversation roles must alternate user/assistant/user/assistant/..."
    ),
    "Mistral 7B, vllm-project/vllm#6862": error(
        400, "After the optional system message, conversation roles must alternate"
    ),
    "llama.cpp, mistralai/mistral-vibe#255": error(500, "Jinja Exception: roles must alternate user and assistant"),
    "o1-mini, tailcallhq/forgecode#1177": error(
        400,
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        param="messages[0].role",
    ),
    "MiniMax, codexu/note-gen#918": error(400, "invalid params, chat content has invalid message role: system (2013)"),
    "Gemma by Gemini's API": error(400, "Developer instruction is not enabled for models/gemma-3-27b-it"),
    "nanochat, karpathy/nanochat PR#414": error(400, "Message 0 has invalid role. Must be 'user' or 'assistant'"),
    "Copilot, ericc-ch/copilot-api PR#179": error(400, "bad request: system messages"),
    "Palm, GoogleCloudPlatform/generative-ai PR#304": error(400, "Please use a valid role: user, model."),
}


@pytest.mark.parametrize("refusal", NO_SYSTEM.values(), ids=NO_SYSTEM.keys())
async def test_a_server_without_a_system_is_told_in_the_users_turn_and_remembered(refusal: Behaviour) -> None:
    async with model_that(refuses(has_system, refusal, says(SAID))) as (model, server):
        assert (await streamed(model))[1].text == SAID
        assert (await model.complete(ASKED, time_limit_s=30.0)).text == SAID

    assert [has_system(request) for request in server.requests] == [True, False, False]
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "Seja breve.\n\nO que é dropout?"}]


def _counts(request: Request) -> bool:
    return "stream_options" in request


def _has_no_limit(request: Request) -> bool:
    return not {"max_tokens", "max_completion_tokens"} & request.keys()


def _has_the_new_limit(request: Request) -> bool:
    return "max_tokens" not in request


LESS: dict[str, tuple[Callable[[Request], bool], Behaviour, str]] = {
    "Mistral, avante-corp/avante.nvim#2347": (
        _counts,
        sends_json(
            {"message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options", "include_usage"]}]}},
            status=422,
        ),
        "model",
    ),
    "Mistral, cline/cline#582": (_counts, error(422, "extra_forbidden stream_options"), "model"),
    "a gateway that wants a limit": (_has_no_limit, error(400, "max_tokens: Field required"), "max_completion_tokens"),
    "the old name, Gitlawb/openclaude#739": (
        _has_the_new_limit,
        error(422, "extra_forbidden: max_completion_tokens; max_tokens is required"),
        "max_tokens",
    ),
}


@pytest.mark.parametrize("form", LESS)
async def test_a_server_is_asked_again_as_it_wants_and_remembered(form: str) -> None:
    when, refusal, key = LESS[form]

    async with model_that(refuses(when, refusal, says(SAID))) as (model, server):
        assert (await streamed(model))[1].text == SAID
        asked = len(server.requests)
        assert (await streamed(model))[1].text == SAID

    assert len(server.requests) == asked + 1
    assert key in server.requests[-1]
    assert has_system(server.requests[-1])


async def test_a_refusal_that_nothing_mends_is_told_after_few_tries() -> None:
    async with model_that(error(400, "system role, max_tokens, stream_options")) as (model, server):
        with pytest.raises(ModelUnavailable):
            await streamed(model)

    assert len(server.requests) <= 5


FILTERED = {
    "Azure, vibrantlabsai/ragas#649": error(
        400, "The response was filtered", code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}
    ),
    "LiteLLM before Azure, BerriAI/litellm PR#16231": error(
        400, "litellm.ContentPolicyViolationError: AzureException", code="400"
    ),
    "a proxy that drops the code, Oaklight/argo-proxy#91": error(400, "triggering Azure's content management policy"),
    "OpenAI's reasoning models": error(400, "flagged as potentially violating our usage policy", code="invalid_prompt"),
    "DashScope": error(400, "Input data may contain inappropriate content.", code="data_inspection_failed"),
    "DeepSeek": error(400, "Content Exists Risk"),
    "OpenRouter": error(403, "Model requires moderation; your input was flagged"),
    "Zhipu": error(400, "系统检测到输入或生成内容可能包含不安全或敏感内容", code="1301"),
    "in a body with status 200": sends_json({"error": {"code": "content_filter", "message": "no"}}),
    "in the middle of a stream": streams("O ", finish=None, then=b'data: {"error": {"code": "content_filter"}}\n\n'),
}


@pytest.mark.parametrize("refusal", FILTERED.values(), ids=FILTERED.keys())
async def test_a_filtered_prompt_is_told_as_that(refusal: Behaviour) -> None:
    async with model_that(refusal) as (model, server):
        asking = streamed(model) if "streams" in refusal.__qualname__ else model.complete(ASKED, time_limit_s=30.0)
        with pytest.raises(ModelUnavailable, match="filter") as told:
            await asking

    assert told.value.trouble == "content_filter"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens",
        "the request exceeds the available context size (4096 tokens), exceed_context_size_error",
        "prompt is too long: 9000 tokens > 8192 maximum; reduce max_tokens",
    ],
)
async def test_a_context_that_is_too_short_is_told_as_that(message: str) -> None:
    async with model_that(error(400, message)) as (model, server):
        with pytest.raises(ModelUnavailable, match="too short a context"):
            await streamed(model)

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "is_asked_again"),
    [
        ("retry-after-ms: 20\r\n", True),
        ("x-ms-retry-after-ms: 20\r\n", True),
        ("retry-after-ms: 59000\r\n", False),
        ("Retry-After: 0\r\nretry-after-ms: 59000\r\n", False),
        ("Retry-After: 60\r\nretry-after-ms: 20\r\n", False),
    ],
)
async def test_thousandths_of_seconds_are_read(headers: str, is_asked_again: bool) -> None:
    """simonkurtz-MSFT/python-openai-loadbalancer#14, microsoft/kernel-memory PR#795."""
    async with model_that(sends_json({}, status=429, headers=headers), says(SAID)) as (model, server):
        if is_asked_again:
            assert (await streamed(model))[1].text == SAID
        else:
            with pytest.raises(ModelUnavailable):
                await streamed(model)

    assert len(server.requests) == 1 + is_asked_again


async def test_a_model_that_is_not_proven_shows_nothing_before_its_first_whole_text() -> None:
    blind = streams("O aluno ", "copiou [1].", "</think>", "O dropout ", "desliga [1].")
    async with (
        fake_model(blind) as server,
        ChatModel(LlmConfig(base_url=server.base_url, model="m", is_proven=False)) as model,
    ):
        first, again = await streamed(model), await streamed(model)

    for drafts, completion in (first, again):
        assert drafts[-1] == completion.text == "O dropout desliga [1]."
        assert not any("aluno" in draft for draft in drafts)


async def test_a_model_that_proved_to_think_in_silence_is_shown_as_it_writes() -> None:
    async with (
        fake_model(says(SAID)) as server,
        ChatModel(LlmConfig(base_url=server.base_url, model="m", is_proven=False)) as model,
    ):
        first, again = await streamed(model), await streamed(model)

    assert [draft for draft in first[0] if draft] == []
    assert again[0][-1] == SAID
