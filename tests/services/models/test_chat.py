import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from services.errors import Refused
from services.models import completions
from services.models.chat import ChatModel, Message
from services.models.completions import Completion
from services.models.llm import LlmConfig
from services.models.troubles import ModelUnavailable
from tests.fake_model import (
    USAGE,
    Behaviour,
    FakeModel,
    drips,
    fake_model,
    hangs,
    says,
    sends,
    sends_events,
    sends_json,
    streams,
)

KEY = "sk-very-secret"
ASKED = [Message(role="system", content="Seja breve."), Message(role="user", content="pergunta-secreta")]


@asynccontextmanager
async def model_that(*behaviours: Behaviour) -> AsyncGenerator[tuple[ChatModel, FakeModel], None]:
    async with (
        fake_model(*behaviours) as server,
        ChatModel(LlmConfig(base_url=server.base_url, api_key=KEY, model="fake")) as model,
    ):
        yield model, server


async def streamed(
    model: ChatModel, time_limit_s: float = 30.0, reader_pause_s: float = 0.0
) -> tuple[list[str], Completion]:
    drafts: list[str] = []
    async with aclosing(model.stream(ASKED, time_limit_s=time_limit_s)) as parts:
        async for part in parts:
            if isinstance(part, Completion):
                return drafts, part
            if part.text not in {"", *drafts[-1:]}:
                drafts.append(part.text)
            await asyncio.sleep(reader_pause_s)
    raise AssertionError("the stream ended without a completion")


async def test_a_stream_grows_and_ends_with_the_completion() -> None:
    async with model_that(says("O gradiente some [1].")) as (model, server):
        drafts, completion = await streamed(model)

    assert drafts == ["O", "O gradiente", "O gradiente some", "O gradiente some [1]."]
    assert completion == Completion(
        text="O gradiente some [1].", raw="O gradiente some [1].", model="fake-1", tokens_in=11, tokens_out=7
    )
    assert server.requests[0]["headers"]["authorization"] == f"bearer {KEY}"
    assert [message["content"] for message in server.requests[0]["messages"]] == ["Seja breve.", "pergunta-secreta"]


async def test_a_text_can_be_asked_for_at_once() -> None:
    async with model_that(says("Pronto.")) as (model, server):
        completion = await model.complete(ASKED, time_limit_s=30.0, temperature=0)

    assert completion == Completion(text="Pronto.", raw="Pronto.", model="fake-1", tokens_in=11, tokens_out=7)
    assert server.requests[0]["temperature"] == 0
    assert "stream" not in server.requests[0]


async def test_a_server_that_refuses_to_count_tokens_is_asked_without() -> None:
    refusal = sends_json({"error": {"message": "unknown field stream_options"}}, status=422)

    async with model_that(refusal, streams("Oi.")) as (model, server):
        _, completion = await streamed(model)

    assert completion.text == "Oi."
    assert [request.get("stream_options") for request in server.requests] == [{"include_usage": True}, None]


WRONG_BODIES = {
    "html": sends(b"<html>Welcome to nginx</html>", kind="text/html"),
    "empty": sends(b""),
    "not json": sends(b'{"choices": [', kind="application/json"),
    "a number": sends(b"5"),
    "no choices": sends_json({"choices": []}),
    "null choices": sends_json({"choices": None}),
    "null content": sends_json({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}),
    "number as content": sends_json({"choices": [{"message": {"content": 7}, "finish_reason": "stop"}]}),
    "blank content": sends_json({"choices": [{"message": {"content": " \n"}, "finish_reason": "stop"}]}),
    "no finish": sends_json({"choices": [{"message": {"content": "Oi."}}]}),
    "another protocol": sends_json({"result": "Oi."}),
}


@pytest.mark.parametrize("body", WRONG_BODIES.values(), ids=WRONG_BODIES.keys())
async def test_a_body_that_is_no_whole_text_is_refused(body: Behaviour) -> None:
    async with model_that(body) as (model, _):
        with pytest.raises(ModelUnavailable):
            await model.complete(ASKED, time_limit_s=30.0)


def event(content: object, finish: object = None) -> object:
    return {"choices": [{"delta": {"content": content}, "finish_reason": finish}]}


WRONG_STREAMS = {
    "html": sends(b"<html>Welcome to nginx</html>", kind="text/html"),
    "nothing": sends_events(),
    "cut off": streams("O gradiente", " some", finish=None, then=b""),
    "cut off but done": streams("O gradiente", " some", finish=None),
    "no choices": sends_events({"choices": []}),
    "only thoughts": streams("<think>hm", finish="stop"),
    "number as content": sends_events(event(7), event(None, "stop")),
    "text as finish": sends_events(event("Oi."), event(None, ["stop"])),
    "a number": sends_events(5),
    "an error": sends_events(event("O gradiente"), {"error": {"message": f"failed on pergunta-secreta {KEY}"}}),
    "broken json": sends(b'data: {"choices": [\n\n', kind="text/event-stream"),
}


@pytest.mark.parametrize("wrong", WRONG_STREAMS.values(), ids=WRONG_STREAMS.keys())
async def test_a_stream_that_is_no_whole_text_is_refused(wrong: Behaviour) -> None:
    async with model_that(wrong) as (model, _):
        with pytest.raises(ModelUnavailable) as refusal:
            await streamed(model)

    assert KEY not in str(refusal.value)
    assert "secreta" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(("finish", "said"), [("length", "token limit"), ("content_filter", "content_filter")])
async def test_a_text_that_the_server_did_not_finish_is_refused(finish: str, said: str) -> None:
    async with model_that(says("O gradiente some [1].", finish=finish)) as (model, _):
        with pytest.raises(ModelUnavailable, match=said):
            await streamed(model)
        with pytest.raises(ModelUnavailable, match=said):
            await model.complete(ASKED, time_limit_s=30.0)


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "key"), (404, "MONITORIA_ANSWER_MODEL"), (400, "context"), (429, "quota"), (500, "log"), (418, "418")],
)
async def test_a_refusal_says_what_to_do_and_quotes_nobody(status: int, said: str) -> None:
    body = {"error": {"message": f"Incorrect API key provided: {KEY}; you sent pergunta-secreta"}}

    async with model_that(sends_json(body, status=status)) as (model, server):
        with pytest.raises(ModelUnavailable, match=said) as refusal:
            await streamed(model)

    assert len(server.requests) == 1
    assert str(refusal.value).startswith(f"The model 'fake' at '{server.base_url.split('/')[2]}' ")
    assert KEY not in str(refusal.value)
    assert "secreta" not in str(refusal.value)
    assert refusal.value.__suppress_context__


async def test_nobody_listening_is_said_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        async with ChatModel(LlmConfig(base_url=f"http://127.0.0.1:{port}/v1", model="fake")) as model:
            with pytest.raises(ModelUnavailable, match="cannot be reached"):
                await model.complete(ASKED, time_limit_s=30.0)


async def test_a_busy_server_is_asked_once_more_when_it_says_soon() -> None:
    busy = sends_json({}, status=429, headers="Retry-After: 0\r\n")

    async with model_that(busy, says("Oi.")) as (model, server):
        _, completion = await streamed(model)

    assert completion.text == "Oi."
    assert len(server.requests) == 2


@pytest.mark.parametrize("retry_after", ["120", "4", "Wed, 21 Oct 2099 07:28:00 GMT"])
async def test_a_busy_server_that_says_late_is_not_waited_for(retry_after: str) -> None:
    busy = sends_json({}, status=503, headers=f"Retry-After: {retry_after}\r\n")

    async with model_that(busy, says("Oi.")) as (model, server):
        with pytest.raises(ModelUnavailable) as refused:
            await streamed(model, time_limit_s=2)

    assert refused.value.trouble != "timeout"
    assert len(server.requests) == 1


SLOW = {
    "hangs at once": hangs(),
    "hangs in the text": hangs(after=b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"),
    "drips": drips("abcdefghijklmnopqrstuvwxyz" * 4, every_s=0.02),
}


@pytest.mark.parametrize("slow", SLOW.values(), ids=SLOW.keys())
async def test_the_limit_is_of_the_whole_call(slow: Behaviour) -> None:
    async with model_that(slow) as (model, _):
        with pytest.raises(ModelUnavailable, match=r"within 0\.3 s"):
            await streamed(model, time_limit_s=0.3)


async def test_the_limit_holds_where_no_stream_is_asked_for() -> None:
    async with model_that(hangs(after=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")) as (model, _):
        with pytest.raises(ModelUnavailable, match="within"):
            await model.complete(ASKED, time_limit_s=0.3)


async def test_the_limit_never_interrupts_the_reader_of_the_text() -> None:
    async with model_that(says("um dois tres")) as (model, _):
        with pytest.raises(ModelUnavailable):
            await streamed(model, time_limit_s=0.2, reader_pause_s=0.3)  # a timeout around the yield would cancel this


async def test_a_whole_text_is_kept_when_the_server_hangs_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completions, "USAGE_WAIT_S", 0.1)

    async def hang_after_the_end(writer: asyncio.StreamWriter, request: dict[str, object]) -> None:
        await streams("Oi.", then=b"")(writer, request)
        await asyncio.Event().wait()

    async with model_that(hang_after_the_end) as (model, _):
        _, completion = await streamed(model)

    assert completion.text == "Oi."


async def test_thoughts_are_never_shown() -> None:
    pieces = ("<th", "ink>Preciso de um plano.", "</thi", "nk>", "\n\nO gradiente", " <", "0 some.")

    async with model_that(streams(*pieces)) as (model, _):
        drafts, completion = await streamed(model)

    assert completion.text == "O gradiente <0 some."
    assert not any("plano" in draft or "thi" in draft or draft.endswith("<") for draft in drafts)


async def test_a_thought_whose_beginning_the_server_ate_is_left_out() -> None:
    async with model_that(says("Preciso de um plano.</think> O gradiente some.")) as (model, _):
        completion = await model.complete(ASKED, time_limit_s=30.0)
        drafts, streamed_ = await streamed(model)

    assert completion.text == streamed_.text == "O gradiente some."
    assert drafts[-3:] == ["O", "O gradiente", "O gradiente some."]


async def test_nothing_is_said_while_a_model_thinks() -> None:
    thought = ["<think>", *["hm, "] * 500, "</think>"]

    async with model_that(streams(*thought, "O gradi", "ente.", "<think>", "mais", "</think>", " Fim.")) as (model, _):
        drafts, completion = await streamed(model)

    assert drafts == ["O gradi", "O gradiente.", "O gradiente. Fim."]
    assert completion.text == "O gradiente. Fim."


async def test_what_is_torn_apart_or_unseen_hides_no_thought() -> None:
    async with model_that(streams("<th\u200bink>plano</think>", "Oi \ud83d", "\ude00", "!")) as (model, _):
        drafts, completion = await streamed(model)

    assert drafts == ["Oi", "Oi \N{GRINNING FACE}", "Oi \N{GRINNING FACE}!"]
    assert completion.text == drafts[-1]


async def test_a_text_without_end_is_given_up() -> None:
    async with model_that(streams(*["blá " * 500] * 60)) as (model, _):
        with pytest.raises(ModelUnavailable, match="20,000"):
            await streamed(model)


async def test_long_thoughts_do_not_count_as_text_up_to_a_point() -> None:
    async with model_that(streams("<think>", *["hm " * 5000] * 3, "</think>Oi.")) as (model, _):
        assert (await streamed(model))[1].text == "Oi."
    async with model_that(streams("<think>", *["hm " * 50_000] * 3)) as (model, _):
        with pytest.raises(ModelUnavailable, match="400,000"):
            await streamed(model)


async def test_what_a_database_refuses_is_cleaned_away() -> None:
    async with model_that(streams("Oi\0 \ud83d", "\ude00 \udc00\u202e!")) as (model, _):
        _, completion = await streamed(model)

    assert completion.text == "Oi \N{GRINNING FACE} \N{REPLACEMENT CHARACTER}!"


async def test_tokens_that_a_server_does_not_count_are_unknown() -> None:
    async with model_that(sends_events(event("Oi."), event(None, "stop"))) as (model, _):
        _, completion = await streamed(model)

    assert completion == Completion(text="Oi.", raw="Oi.", model="fake", tokens_in=None, tokens_out=None)
    assert USAGE["prompt_tokens"] == 11


def test_a_key_is_not_in_the_representation() -> None:
    assert KEY not in repr(LlmConfig(model="fake", api_key=KEY))


@pytest.mark.parametrize("status", [302, 307, 308])
async def test_questions_are_not_sent_on_to_another_address(status: int) -> None:
    async with model_that(says("Um texto qualquer.")) as (_, elsewhere):
        location = f"Location: {elsewhere.base_url}/chat/completions\r\n"
        async with model_that(sends_json({}, status=status, headers=location)) as (model, _):
            with pytest.raises(ModelUnavailable, match="OPENAI_BASE_URL"):
                await streamed(model)

    assert elsewhere.requests == []


@pytest.mark.parametrize("address", ["http://[", "http://\x01/"])
async def test_an_address_that_is_none_is_refused_by_name(address: str) -> None:
    with pytest.raises(Refused, match="OPENAI_BASE_URL"):
        ChatModel(LlmConfig(base_url=address, model="fake"))


JUDGES = LlmConfig(
    model="juiz",
    address_from="MONITORIA_JUDGE_BASE_URL",
    key_from="MONITORIA_JUDGE_API_KEY",
    model_from="MONITORIA_JUDGE_MODEL",
)


@pytest.mark.parametrize(
    ("trouble", "setting"),
    [
        (sends_json({}, status=307, headers="Location: http://127.0.0.1:1/\r\n"), "MONITORIA_JUDGE_BASE_URL"),
        (sends_json({}, status=401), "MONITORIA_JUDGE_API_KEY"),
        (sends_json({}, status=403), "MONITORIA_JUDGE_API_KEY"),
        (sends_json({}, status=404), "MONITORIA_JUDGE_MODEL, or MONITORIA_JUDGE_BASE_URL"),
        (sends(b"<html>"), "MONITORIA_JUDGE_BASE_URL"),
        (sends(b"", status=200), "MONITORIA_JUDGE_BASE_URL"),
    ],
)
async def test_trouble_names_the_settings_of_the_model_that_was_asked(trouble: Behaviour, setting: str) -> None:
    async with fake_model(trouble) as server, ChatModel(replace(JUDGES, base_url=server.base_url)) as model:
        with pytest.raises(ModelUnavailable, match=setting) as refusal:
            await model.complete(ASKED, time_limit_s=30.0)

    assert "OPENAI" not in str(refusal.value)
    assert "ANSWER" not in str(refusal.value)
    assert server.base_url.split("/")[2] in str(refusal.value)


def test_what_the_settings_are_called_makes_no_other_model() -> None:
    assert LlmConfig(model="m", address_from="MONITORIA_JUDGE_BASE_URL") == LlmConfig(model="m")
