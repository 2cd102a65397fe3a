"""Ask a language model that speaks `chat.completions`, and never wait for it longer than allowed."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast
from urllib.parse import urlparse

from pydantic import BaseModel

from services.errors import Refused, Unavailable
from services.lazily import lazily
from services.text import LONE_SURROGATE, UNSEEN

if TYPE_CHECKING:
    import httpx2
    import openai
    from openai import AsyncStream
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam
else:
    httpx2, openai = lazily("httpx2"), lazily("openai")

OPENAI = "https://api.openai.com/v1"
LONGEST_TEXT = 20_000
"""Characters. An answer is read on a phone, so a longer one is a model that repeats itself."""
LONGEST_THOUGHT = 400_000
"""Characters, thoughts included: what a reasoning model may write before we stop reading."""
LONGEST_WAIT_S = 5.0
"""A server that asks for more patience than this gets none: the student is told instead."""
USAGE_WAIT_S = 2.0
"""How long a text that is already whole waits for the count of its tokens."""

FINISHED = frozenset({"stop", "eos", "eos_token", "end_turn", "stop_sequence"})
"""How servers say that a text is whole; OpenAI says "stop", the others are Hugging Face's and Anthropic's."""

THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
LATE_THOUGHT = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
THOUGHT_TAG = re.compile(r"<(?P<end>/?)think(?:ing)?>", re.IGNORECASE)
UNFINISHED_TAG = re.compile(r"</?t?h?i?n?k?i?n?g?\Z", re.IGNORECASE)
LONGEST_TAG = len("</thinking>")
CHUNKS_IN_A_ROW = 16
"""Of one stream that has much to give, before others have their turn: thousands would hold up Discord's heartbeat."""

Trouble = Literal[
    "timeout",
    "unreachable",
    "key",
    "unknown_model",
    "quota",
    "busy",
    "fault",
    "request",
    "temperature",
    "not_completion",
    "empty",
    "truncated",
    "content_filter",
    "refusal",
    "too_long",
]
"""
What was wrong: `busy` is "too many requests", `fault` the server's own, `request` that it refuses what was sent, and
`temperature` that it says which part.
"""

T = TypeVar("T")


class ModelUnavailable(Unavailable):
    """The language model gave no usable text."""

    def __init__(self, sentence: str, trouble: Trouble, *, retry_after_s: float | None = None, said: str = "") -> None:
        super().__init__(sentence)
        self.trouble: Trouble = trouble
        self.retry_after_s = retry_after_s  # as the server asks
        self.said = said  # what the model wrote nevertheless; of no use but as evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmConfig:
    """Which model to ask, and where."""

    model: str
    base_url: str = OPENAI
    api_key: str | None = field(default=None, repr=False)
    # The settings that an operator would correct; how they are called makes no other model.
    address_from: str = field(default="OPENAI_BASE_URL", compare=False)
    key_from: str = field(default="OPENAI_API_KEY", compare=False)
    model_from: str = field(default="MONITORIA_ANSWER_MODEL", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation with the model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A whole text: finished by the model, without its thoughts, fit to be stored."""

    text: str
    raw: str  # with its thoughts, as it came
    model: str  # as the server names it, which may be more exact than what was asked for
    tokens_in: int | None
    tokens_out: int | None


class ChatModel:
    """One model on one server; close it when done. A request for patience beyond *longest_wait_s* ends in an error."""

    def __init__(self, config: LlmConfig, *, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self.name = config.model
        self._config = config
        self._longest_wait_s = longest_wait_s
        try:
            self._server = _server(config.base_url)
            self._client = openai.AsyncOpenAI(
                base_url=config.base_url,
                api_key=config.api_key or "none",  # a server that needs no key ignores it; openai refuses ""
                max_retries=0,
                # Questions and passages go where the operator said, and nowhere that a server sends them on to.
                http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
            )
        except Exception:  # noqa: BLE001 - httpx2's InvalidURL is not even a ValueError
            raise Refused(
                f"{config.address_from} is {config.base_url!r}, which is no address; write one such as http://localhost:8000/v1."
            ) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.close()

    async def stream(
        self, messages: Sequence[Message], *, time_limit_s: float
    ) -> AsyncGenerator[str | Completion, None]:
        """
        Yield the text so far, each time that it has grown, and last the completion.

        A text so far shows no thought, and no tag that may open one. Only the completion has been checked.
        The limit is of wall-clock time, from the request to the last word (`openai` limits single reads only).

        Raises:
            ModelUnavailable: there is no whole text; the message tells an operator why.

        """
        deadline = asyncio.get_running_loop().time() + time_limit_s
        gathered = _Gathered()
        with self._explained(time_limit_s):
            async with asyncio.timeout_at(deadline):
                chunks = await self._patiently(deadline, lambda: self._open(messages))
            async with self._plain(chunks) as events:
                while (chunk := await _next(events, deadline, gathered)) is not None:
                    if gathered.take(chunk):
                        # No timeout may span this: it would interrupt what the reader is doing meanwhile.
                        yield gathered.text_so_far()
                    if gathered.chunks % CHUNKS_IN_A_ROW == 0:
                        await asyncio.sleep(0)
            yield gathered.completed(self.name)

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
        gathered = _Gathered()

        async def ask() -> bytes:
            response = await self._client.chat.completions.with_raw_response.create(
                model=self.name,
                messages=_parameters(messages),
                temperature=openai.omit if temperature is None else temperature,
                response_format=cast("Any", response_format or openai.omit),
            )
            return response.content

        with self._explained(time_limit_s):
            async with asyncio.timeout_at(deadline):
                body = await self._patiently(deadline, ask)
            gathered.take(_Whole.model_validate_json(body))
            return gathered.completed(self.name)

    async def _open(self, messages: Sequence[Message], *, counted: bool = True) -> "AsyncStream[ChatCompletionChunk]":
        """Start a stream; *counted* asks for the numbers of tokens, a request that some servers refuse."""
        try:
            return await self._client.chat.completions.create(
                model=self.name,
                messages=_parameters(messages),
                stream=True,
                stream_options={"include_usage": True} if counted else openai.omit,
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError) as refusal:
            if not counted or "stream_options" not in str(refusal.body):
                raise
        return await self._open(messages, counted=False)

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
            trouble = _trouble(error)
            reason = _status(error.status_code, trouble, self._config)
            retry_after_s = _retry_after_s(error)
        except openai.APIConnectionError as error:
            trouble = "unreachable" if isinstance(error.__cause__, httpx2.ConnectError) else "fault"
            reason = (
                f"cannot be reached or broke the connection; start its server, or correct {self._config.address_from}"
            )
        except openai.OpenAIError:
            trouble, reason = "fault", "reported an error in the middle of its text; see its server's log"
        except _Unusable as problem:
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
            wait_s = _retry_after_s(busy)
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


class _Unusable(Exception):
    """Why a text cannot be used: the rest of a sentence that begins with the model's name."""

    def __init__(self, rest: str, trouble: Trouble, said: str = "") -> None:
        super().__init__(rest)
        self.trouble: Trouble = trouble
        self.said = said


class _Text(BaseModel, strict=True):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel, strict=True):
    delta: _Text | None = None
    message: _Text | None = None
    finish_reason: str | None = None


class _Usage(BaseModel, strict=True):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Chunk(BaseModel, strict=True):
    """What we read of one event of a stream; some servers send `choices: null` beside the usage."""

    choices: list[_Choice] | None = None
    model: str | None = None
    usage: _Usage | None = None


class _Whole(_Chunk, strict=True):
    choices: list[_Choice]  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


class _Gathered:
    """The pieces of one text as they arrive."""

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self.chunks = 0
        self._pieces: list[str] = []
        self._seen = Seen()
        self._length = 0
        self._refusal: list[str] = []
        self._is_begun = False
        self._usage = _Usage()
        self._model: str | None = None

    def take(self, sent: _Chunk) -> bool:
        """Add what was *sent* and return whether what may be shown has changed."""
        self.chunks += 1
        self._usage = sent.usage or self._usage
        self._model = sent.model or self._model
        choice = sent.choices[0] if sent.choices else _Choice()  # a stream's first and last event may have none
        self._is_begun = self._is_begun or bool(sent.choices)
        self.finish_reason = choice.finish_reason or self.finish_reason
        said = choice.delta or choice.message
        piece = (said and said.content) or ""
        refusal = (said and said.refusal) or ""
        self._refusal.append(refusal)
        self._pieces.append(piece)
        self._length += len(piece) + len(refusal)
        if self._length > LONGEST_THOUGHT:
            raise _Unusable(f"wrote more than {LONGEST_THOUGHT:,} characters; take another model", "too_long")
        return self._seen.take(piece)

    def text_so_far(self) -> str:
        return _short_enough(self._seen.text())

    def completed(self, asked_for: str) -> Completion:
        raw = _storable("".join(self._pieces))
        if refusal := "".join(self._refusal):
            raise _Unusable("refuses to answer this", "refusal", _storable(refusal))
        if self.finish_reason not in FINISHED:
            # Without any choice there is nothing that could have been cut.
            trouble = _cut(self.finish_reason) if self._is_begun else "empty"
            raise _Unusable(_unfinished(self.finish_reason), trouble, raw)
        # Some chat templates open the thought themselves, so that only its end is in the text.
        text = _short_enough(LATE_THOUGHT.sub("", THOUGHT.sub("", raw)).strip())
        if not text:
            rest = "wrote nothing, or only its thoughts; take another model, or see its server's log"
            raise _Unusable(rest, "empty", raw)
        return Completion(
            text=text,
            raw=raw,
            model=_storable(self._model or asked_for),
            tokens_in=self._usage.prompt_tokens,
            tokens_out=self._usage.completion_tokens,
        )


class Seen:
    """
    What may be shown of a text that comes in pieces: no thought, and no tag that may open one.

    Each piece is looked at once, so that a text costs time in proportion to its length, however it is cut.
    """

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._rest = ""  # may still become a tag; never longer than one
        self._half = ""  # of a surrogate pair that two events tore apart
        self._is_thinking = False
        self._has_changed = False

    def take(self, piece: str) -> bool:
        """Add *piece*, and return whether `text` may be another one now."""
        whole = self._half + piece
        self._half = whole[-1:] if "\ud800" <= whole[-1:] <= "\udbff" else ""
        self._rest += _storable(whole.removesuffix(self._half))
        self._has_changed = False
        while tag := THOUGHT_TAG.search(self._rest):
            self._pass(tag)
        kept = self._rest[-LONGEST_TAG:] if self._is_thinking else _unfinished_tag(self._rest)
        self._show(self._rest[: len(self._rest) - len(kept)])
        self._rest = kept
        return self._has_changed

    def text(self) -> str:
        return "".join(self._shown).strip()

    def _pass(self, tag: re.Match[str]) -> None:
        """Show what stands before *tag*, unless it is a thought."""
        if tag["end"] and not self._is_thinking:
            self._shown.clear()  # a thought that the server's template had opened
            self._has_changed = True
        elif not tag["end"]:
            self._show(self._rest[: tag.start()])
        self._is_thinking = not tag["end"]
        self._rest = self._rest[tag.end() :]

    def _show(self, text: str) -> None:
        if text and not self._is_thinking:
            self._shown.append(text)
            self._has_changed = True


def _unfinished_tag(text: str) -> str:
    found = UNFINISHED_TAG.search(text)
    return found[0] if found else ""


async def _next(chunks: "AsyncStream[object]", deadline: float, gathered: _Gathered) -> _Chunk | None:
    """Return the next event, or None at the end of the stream or, once the text is whole, at any trouble."""
    is_whole = gathered.finish_reason is not None
    soon = asyncio.get_running_loop().time() + USAGE_WAIT_S
    try:
        async with asyncio.timeout_at(min(deadline, soon) if is_whole else deadline):
            return _event(await anext(chunks, None))
    except (TimeoutError, openai.OpenAIError, ValueError, RecursionError):
        if is_whole:
            return None
        raise


def _event(sent: object) -> _Chunk | None:
    if sent is None:
        return None
    return _Chunk.model_validate(sent)


def _retry_after_s(error: "openai.APIStatusError") -> float | None:
    """In how many seconds the server wants to be asked again: it names them, or a date by its own clock."""
    headers = error.response.headers
    return _wait_s(headers.get("retry-after", ""), headers.get("date", ""))


def _wait_s(retry_after: str, date: str) -> float | None:
    """
    Read a Retry-After header (RFC 9110, 10.2.3): seconds, or a date, which is compared with the server's *date*.

    >>> _wait_s("3", "")
    3.0
    >>> _wait_s("Wed, 21 Oct 2026 07:28:30 GMT", "Wed, 21 Oct 2026 07:28:00 GMT")
    30.0
    """
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]+)?", retry_after):
        return float(retry_after)
    until, now = _instant(retry_after), _instant(date)
    if until is None:
        return None
    return max((until - (now or datetime.fromtimestamp(time.time(), UTC))).total_seconds(), 0.0)


def _instant(header: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(header)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _trouble(error: "openai.APIStatusError") -> Trouble:
    """Tell whose trouble an HTTP status is."""
    status = error.status_code
    if status == 402 or (status == 429 and "insufficient_quota" in f"{error.code} {error.body}"):
        return "quota"
    named: dict[int, Trouble] = {401: "key", 403: "key", 404: "unknown_model", 429: "busy"}
    if status in named:
        return named[status]
    if status in {400, 422} and _is_about_temperature(error):
        return "temperature"
    # A redirect leads to another address: everything asked there would meet the same.
    return "fault" if status >= 500 else "unknown_model" if status < 400 else "request"


def _is_about_temperature(refusal: "openai.APIStatusError") -> bool:
    """
    Tell whether a server refuses the temperature: by the parameter that it names, else by its words.

    Words that name `response_format` too may list all that was sent, so they say nothing of the temperature. Some
    proxies write a parameter "None" (https://github.com/BerriAI/litellm).
    """
    is_named = isinstance(refusal.param, str) and refusal.param not in {"", "None"}
    about = str(refusal.param if is_named else refusal.response.text).lower()
    return "temperature" in about and "response_format" not in about


def _short_enough(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise _Unusable(f"wrote more than {LONGEST_TEXT:,} characters; take another model", "too_long", text)
    return text


def _storable(text: str) -> str:
    """Join surrogates that two events tore apart, and drop what a database refuses or nobody sees."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if LONE_SURROGATE.search(text) else text
    return joined.translate(UNSEEN)


def _cut(reason: str | None) -> Trouble:
    return "content_filter" if reason == "content_filter" else "truncated"


def _unfinished(reason: str | None) -> str:
    if reason is None:
        return "stopped in the middle of its text or sent none; see its server's log"
    if reason == "length":
        return "reached its token limit in the middle of its text; raise the limit or the context length"
    return f"did not finish its text ({reason[:40]!r}); take another model, or see its server's settings"


def _status(status: int, trouble: Trouble, config: LlmConfig) -> str:
    if trouble == "temperature":
        return f"refuses the temperature that it was asked with (HTTP {status})"
    if 300 <= status < 400:
        return f"sends the request on to another address; if that one is right, write it in {config.address_from}"
    reasons = {
        400: "refuses the request; perhaps its context is too short for ten passages",
        401: f"refuses the key; correct {config.key_from}",
        403: f"refuses the key for this model; correct {config.key_from}, or its rights",
        404: f"is not known there; correct {config.model_from}, or {config.address_from} (most end in /v1)",
        413: "refuses the request as too long; take a model or a server with a longer context",
        422: "refuses the request; see its server's log",
        429: "gets too many requests or has no credit left; wait, or raise the quota",
    }
    fault = "has a fault of its own; see its server's log" if status >= 500 else "refuses the request"
    return f"{reasons.get(status, fault)} (HTTP {status})"


def _parameters(messages: Sequence[Message]) -> "list[ChatCompletionMessageParam]":
    return [
        cast("ChatCompletionMessageParam", {"role": message.role, "content": message.content}) for message in messages
    ]
