"""Ask a language model that speaks `chat.completions`, and never wait for it longer than allowed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast
from urllib.parse import urlparse

from services.errors import Refused
from services.ground.lazily import lazily
from services.models.completions import Completion, Gathered, Unusable, next_chunk, whole
from services.models.http_client import http_client, is_address
from services.models.llm import LlmConfig
from services.models.refusals import Part, limit_for, refused_part, wait_asked_s
from services.models.thoughts import SoFar, opens_unseen
from services.models.troubles import ModelUnavailable, Trouble, reason_of, reported, trouble_of

if TYPE_CHECKING:
    import httpx2
    import openai
    from openai import AsyncStream
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
else:
    httpx2, openai = lazily("httpx2"), lazily("openai")
LONGEST_WAIT_S = 5.0
"""A server that asks for more patience than this gets none: the student is told instead."""

CHUNKS_IN_A_ROW = 16
"""Of one stream that has much to give, before others have their turn: thousands would hold up Discord's heartbeat."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation with the model."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel:
    """
    One model on one server, which remembers what it refuses; close it when done.

    A request for patience beyond *longest_wait_s* ends in an error. A model that is not proven may begin its thoughts
    without a tag: nothing of a text is shown while it is written until a first whole one has told.
    """

    def __init__(self, config: LlmConfig, *, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self.name = config.model
        self._config = config
        self._refused: tuple[Part, ...] = ()  # what its server has refused, and has answered without
        self._opens_unseen = not config.is_proven
        self._longest_wait_s = longest_wait_s
        if not is_address(config.base_url):
            raise Refused(
                f"{config.address_from} is no address of a server; write one such as http://localhost:8000/v1."
            )
        self._server = _server(config.base_url)
        self._client = openai.AsyncOpenAI(
            base_url=config.base_url,
            api_key=config.api_key or "none",  # a server that needs no key ignores it; openai refuses ""
            # `openai` would try again by itself, and knows nothing of how long a student still waits.
            max_retries=0,
            http_client=http_client(),
        )

    @property
    def refused(self) -> tuple[Part, ...]:
        """What its server has refused so far, and is no longer asked for."""
        return self._refused

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.close()

    async def stream(
        self, messages: Sequence[Message], *, time_limit_s: float
    ) -> AsyncGenerator[SoFar | Completion, None]:
        """
        Yield how far the text is, each time that it has grown, and last the completion, which alone has been checked.

        The limit is of wall-clock time, from the request to the last word (`openai` limits single reads only).

        Raises:
            ModelUnavailable: there is no whole text; the message tells an operator why.

        """
        deadline = asyncio.get_running_loop().time() + time_limit_s
        gathered = Gathered(opens_unseen=self._opens_unseen)
        with self._explained(time_limit_s):
            async with asyncio.timeout_at(deadline):
                chunks = await self._patiently(deadline, lambda: self._open(messages))
            async with self._plain(chunks) as events:
                while (chunk := await next_chunk(events, deadline, gathered)) is not None:
                    if gathered.take(chunk):
                        # No timeout may span this: it would interrupt what the reader is doing meanwhile.
                        yield gathered.so_far()
                    if gathered.chunks % CHUNKS_IN_A_ROW == 0:
                        await asyncio.sleep(0)
            yield self._learned(gathered.completed(self.name))

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        time_limit_s: float,
        temperature: float | None = None,
        response_format: dict[str, Any] | None = None,
    ) -> Completion:
        """
        Return the whole text at once, within *time_limit_s* of wall-clock time.

        *response_format* is as `chat.completions` takes it; a server that does not know it may refuse the request.

        Raises:
            ModelUnavailable: there is no whole text; the message tells an operator why.

        """
        deadline = asyncio.get_running_loop().time() + time_limit_s
        gathered = Gathered(opens_unseen=self._opens_unseen)

        async def put(refused: tuple[Part, ...]) -> bytes:
            response = await self._client.chat.completions.with_raw_response.create(
                model=self.name,
                messages=_parameters(messages, refused),
                temperature=openai.omit if temperature is None else temperature,
                response_format=cast("Any", response_format or openai.omit),
                extra_body=limit_for(refused),
            )
            return response.content

        async def ask() -> bytes:
            return await self._accepted(put)

        with self._explained(time_limit_s):
            async with asyncio.timeout_at(deadline):
                body = await self._patiently(deadline, ask)
            gathered.take(whole(body))
            return self._learned(gathered.completed(self.name))

    async def _open(self, messages: Sequence[Message]) -> "AsyncStream[ChatCompletionChunk]":
        async def put(refused: tuple[Part, ...]) -> "AsyncStream[ChatCompletionChunk]":
            return await self._client.chat.completions.create(
                model=self.name,
                messages=_parameters(messages, refused),
                stream=True,
                stream_options=openai.omit if "counting" in refused else {"include_usage": True},
                extra_body=limit_for(refused),
            )

        return await self._accepted(put)

    async def _accepted(self, put: Callable[[tuple[Part, ...]], Awaitable[T]]) -> T:
        """Put the request without what the server has refused, and once more without what it refuses now."""
        refused = self._refused
        # It ends: each round gives up another part, and there are few.
        while True:
            try:
                accepted = await put(refused)
            except openai.APIStatusError as refusal:
                part = refused_part(refusal, refused)
                if part is None:
                    raise
                refused = (*refused, part)
            else:
                # Remembered once the server has answered without it: its refusal may have meant something else.
                self._refused = refused
                return accepted

    def _learned(self, completion: Completion) -> Completion:
        """Note whether the model's thoughts begin without a tag, as where its server's template writes it."""
        self._opens_unseen = opens_unseen(completion.raw)
        return completion

    def _plain(self, chunks: "AsyncStream[ChatCompletionChunk]") -> "AsyncStream[object]":
        """Return the events of a stream as the JSON that they are: to make `openai`'s objects costs four times more."""
        return openai.AsyncStream(cast_to=object, response=chunks.response, client=self._client)

    @contextmanager
    def _explained(self, time_limit_s: float) -> Generator[None, None, None]:
        """Translate what can go wrong with a server into one sentence for its operator."""
        trouble: Trouble
        retry_after_s, said = None, ""
        try:
            yield
        except TimeoutError:
            trouble = "timeout"
            reason = f"did not finish within {round(time_limit_s, 1):g} s; take a faster model, or allow more time"
        except openai.APIStatusError as error:
            trouble = trouble_of(error)
            reason = reason_of(error, trouble, self._config)
            retry_after_s = wait_asked_s(error)
        except openai.APIConnectionError as error:
            trouble = "unreachable" if isinstance(error.__cause__, httpx2.ConnectError) else "fault"
            reason = (
                f"cannot be reached or broke the connection; start its server, or correct {self._config.address_from}"
            )
        except openai.OpenAIError as error:
            trouble, reason = reported(str(getattr(error, "body", "")))
        except Unusable as problem:
            trouble, reason, said = problem.trouble, str(problem), problem.said
        except (ValueError, RecursionError):
            trouble = "not_completion"
            reason = f"sent something that is no chat completion; correct {self._config.address_from} (most end in /v1)"
        else:
            return
        # The cause stays behind: it quotes the server, which may quote the key or what a student wrote.
        sentence = f"The model {self.name!r} at {self._server!r} {reason}."
        raise ModelUnavailable(sentence, trouble, retry_after_s=retry_after_s, said=said) from None

    async def _patiently(self, deadline: float, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask, and once more where the server is busy and says that it will soon not be."""
        try:
            return await ask()
        except (openai.RateLimitError, openai.InternalServerError) as busy:
            wait_s = wait_asked_s(busy)
            left_s = deadline - asyncio.get_running_loop().time()
            if wait_s is None or busy.status_code not in {429, 503} or wait_s > min(self._longest_wait_s, left_s):
                raise
        await asyncio.sleep(wait_s)
        return await ask()


def _server(address: str) -> str:
    """
    Return where an address leads, without a key or a password that it may hold.

    >>> _server("http://ana:s3cret@localhost:8000/v1")
    'localhost:8000'
    """
    parts = urlparse(address)
    return f"{parts.hostname or 'its server'}{f':{parts.port}' if parts.port else ''}"


def _parameters(messages: Sequence[Message], refused: tuple[Part, ...]) -> "list[ChatCompletionMessageParam]":
    put = _without_system(messages) if "system" in refused else messages
    return [cast("ChatCompletionMessageParam", {"role": message.role, "content": message.content}) for message in put]


def _without_system(messages: Sequence[Message]) -> Sequence[Message]:
    """Return *messages* with what the system says at the head of the first turn of the user."""
    rules = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    return [Message(role="user", content="\n\n".join([*rules, turns[0].content])), *turns[1:]]
