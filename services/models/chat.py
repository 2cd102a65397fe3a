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
from services.ground.lazily import lazily
from services.ground.text import LONE_SURROGATE, UNSEEN
from services.models.thoughts import SoFar, Unclear, opens_unseen, spoken

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

FINISHED = frozenset(
    {"stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed", "end", "finished", "stop_token"}
    | {"<|eot_id|>", "<|im_end|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>", "</s>"}
)
"""How servers say that a text is whole: OpenAI "stop", then Hugging Face, Anthropic, Cohere; some name the token."""
CUT = frozenset({"length", "max_tokens", "model_length", "max_output_tokens", "max_length", "error_limit"})
FILTERED = frozenset(
    {
        "content_filter",
        "content_filtered",
        "safety",
        "recitation",
        "prohibited_content",
        "blocklist",
        "spii",
        "sensitive",
    }
    | {"guardrail_intervened", "image_safety", "error_toxic"}
)
"""How they say that a filter has stopped it: OpenAI, Azure, Gemini, Zhipu, Bedrock, Cohere."""
ANSWER_TOKENS = 4_096
"""Asked for only where a server takes no request without a limit."""
FILTER_WORDS = re.compile(
    r"content[_ ]?filter|content[_ ]management[_ ]policy|responsibleaipolicyviolation|content[_ ]?policy[_ ]?violation"
    r"|data_?inspection_?failed|content exists risk|prohibited_content|violating our usage policy|requires moderation"
    r"|prompt_blocked|inappropriate content|敏感",
    re.IGNORECASE,
)
"""What filters write that refuse a prompt: of Azure, LiteLLM, DashScope, DeepSeek, Gemini, OpenRouter, Zhipu."""
ROLE_WORDS = re.compile(
    r"system|\broles?\b|developer instruction|chat template|jinja|raise_exception|template ?error", re.IGNORECASE
)
LIMIT_WORDS = re.compile(r"\bmax_(?:completion_)?tokens\b", re.IGNORECASE)
CONTEXT_WORDS = re.compile(
    r"context[_ ](?:length|size|window)|exceed_context|maximum context|too many tokens|prompt is too long|n_ctx"
    r"|input (?:length|tokens?) exceed|max_model_len|requested tokens exceed",
    re.IGNORECASE,
)

CHUNKS_IN_A_ROW = 16
"""Of one stream that has much to give, before others have their turn: thousands would hold up Discord's heartbeat."""

Part = Literal["system", "counting", "limit"]
"""What a server may refuse: the system's role, to count tokens, a request without a limit or with its newer name."""

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
    is_proven: bool = field(default=True, compare=False)  # to mark where its thoughts begin, if it writes any


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
        gathered = _Gathered(opens_unseen=self._opens_unseen)
        with self._explained(time_limit_s):
            async with asyncio.timeout_at(deadline):
                chunks = await self._patiently(deadline, lambda: self._open(messages))
            async with self._plain(chunks) as events:
                while (chunk := await _next(events, deadline, gathered)) is not None:
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
        gathered = _Gathered(opens_unseen=self._opens_unseen)

        async def put(refused: tuple[Part, ...]) -> bytes:
            response = await self._client.chat.completions.with_raw_response.create(
                model=self.name,
                messages=_parameters(messages, refused),
                temperature=openai.omit if temperature is None else temperature,
                response_format=cast("Any", response_format or openai.omit),
                extra_body=_limit(refused),
            )
            return response.content

        async def ask() -> bytes:
            return await self._accepted(put)

        with self._explained(time_limit_s):
            async with asyncio.timeout_at(deadline):
                body = await self._patiently(deadline, ask)
            gathered.take(_whole(body))
            return self._learned(gathered.completed(self.name))

    async def _open(self, messages: Sequence[Message]) -> "AsyncStream[ChatCompletionChunk]":
        async def put(refused: tuple[Part, ...]) -> "AsyncStream[ChatCompletionChunk]":
            return await self._client.chat.completions.create(
                model=self.name,
                messages=_parameters(messages, refused),
                stream=True,
                stream_options=openai.omit if "counting" in refused else {"include_usage": True},
                extra_body=_limit(refused),
            )

        return await self._accepted(put)

    async def _accepted(self, put: Callable[[tuple[Part, ...]], Awaitable[T]]) -> T:
        """Put the request without what the server has refused, and once more without what it refuses now."""
        refused = self._refused
        while True:
            try:
                accepted = await put(refused)
            except openai.APIStatusError as refusal:
                part = _refused_part(refusal, refused)
                if part is None:
                    raise
                refused = (*refused, part)
            else:
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
            trouble = _trouble(error)
            reason = _status(error, trouble, self._config)
            retry_after_s = _retry_after_s(error)
        except openai.APIConnectionError as error:
            trouble = "unreachable" if isinstance(error.__cause__, httpx2.ConnectError) else "fault"
            reason = (
                f"cannot be reached or broke the connection; start its server, or correct {self._config.address_from}"
            )
        except openai.OpenAIError as error:
            trouble, reason = _reported(str(getattr(error, "body", "")))
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


class _Piece(BaseModel, strict=True):
    """One part of a content that is sent as a list; thoughts are parts of a type of their own."""

    type: str = "text"
    text: str | None = None


class _Text(BaseModel, strict=True):
    content: str | list[str | _Piece] | None = None
    refusal: str | None = None

    @property
    def said(self) -> str:
        if not isinstance(self.content, list):
            return self.content or ""
        return "".join(
            piece if isinstance(piece, str) else piece.text or ""
            for piece in self.content
            if isinstance(piece, str) or piece.type in {"text", "output_text"}
        )


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
    error: Any = None  # some gateways send it with status 200


class _Whole(_Chunk, strict=True):
    choices: list[_Choice]  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


def _whole(body: bytes) -> _Whole:
    sent = _Chunk.model_validate_json(body)
    if sent.error and not sent.choices:
        trouble, reason = _reported(str(sent.error))
        raise _Unusable(reason, trouble)
    return _Whole.model_validate_json(body)


class _Gathered:
    """The pieces of one text as they arrive."""

    def __init__(self, *, opens_unseen: bool = False) -> None:
        self.finish_reason: str | None = None
        self.chunks = 0
        self._opens_unseen = opens_unseen
        self._is_ended = False
        self._ends_each = False  # the reason stands on every chunk, so it says nothing
        self._pieces: list[str] = []
        self._half = ""  # of a surrogate pair that two events tore apart
        self._length = 0
        self._looked_up_to = 0
        self._refusal: list[str] = []
        self._is_begun = False
        self._usage = _Usage()
        self._model: str | None = None

    def take(self, sent: _Chunk) -> bool:
        """Add what was *sent* and return whether the text has grown."""
        self.chunks += 1
        self._usage = sent.usage or self._usage
        self._model = sent.model or self._model
        choice = sent.choices[0] if sent.choices else _Choice()  # a stream's first and last event may have none
        self._is_begun = self._is_begun or bool(sent.choices)
        said = choice.delta or choice.message
        piece = said.said if said else ""
        refusal = (said and said.refusal) or ""
        self._note_end(choice.finish_reason, piece)
        self._refusal.append(refusal)
        self._pieces.append(self._with_whole_pairs(piece))
        self._length += len(piece) + len(refusal)
        if self._length > LONGEST_THOUGHT:
            raise _Unusable(f"wrote more than {LONGEST_THOUGHT:,} characters; take another model", "too_long")
        self._require_short()
        return bool(piece)

    @property
    def is_ended(self) -> bool:
        """Whether nothing but the numbers of tokens can follow."""
        return self._is_ended and not self._ends_each

    def _note_end(self, reason: str | None, piece: str) -> None:
        # Some gateways write the reason on every chunk. Only one without words, or after words without it, is the end.
        self._ends_each = self._ends_each or (self.finish_reason is not None and bool(piece))
        if reason:
            self.finish_reason = _plain(reason)
            self._is_ended = not piece or self._length > 0

    def so_far(self) -> SoFar:
        return SoFar(self._pieces, length=self._length, opens_unseen=self._opens_unseen)

    def _with_whole_pairs(self, piece: str) -> str:
        """Return *piece* as it can be stored; half a surrogate pair waits for the other half."""
        piece = self._half + piece
        self._half = piece[-1:] if "\ud800" <= piece[-1:] <= "\udbff" else ""
        return storable(piece.removesuffix(self._half))

    def _require_short(self) -> None:
        """Give a text up that goes on and on; to look each time that it has grown by as much again costs little."""
        if self._length > self._looked_up_to + LONGEST_TEXT:
            self._looked_up_to = self._length
            _short_enough(self.so_far().text)

    def completed(self, asked_for: str) -> Completion:
        raw = "".join(self._pieces) + storable(self._half)
        if refusal := "".join(self._refusal):
            raise _Unusable("refuses to answer this", "refusal", storable(refusal))
        if self.finish_reason not in FINISHED:
            # Without any choice there is nothing that could have been cut.
            trouble = _cut(self.finish_reason) if self._is_begun else "empty"
            raise _Unusable(_unfinished(self.finish_reason), trouble, raw)
        try:
            text = _short_enough(spoken(raw))
        except Unclear:
            rest = (
                "writes its thoughts into its text and not where they end; turn its reasoning off, or on in its server"
            )
            raise _Unusable(rest, "empty", raw) from None
        if not text:
            rest = "wrote nothing, or only its thoughts; take another model, or see its server's log"
            raise _Unusable(rest, "empty", raw)
        return Completion(
            text=text,
            raw=raw,
            model=storable(self._model or asked_for),
            tokens_in=self._usage.prompt_tokens,
            tokens_out=self._usage.completion_tokens,
        )


async def _next(chunks: "AsyncStream[object]", deadline: float, gathered: _Gathered) -> _Chunk | None:
    """Return the next event, or None at the end of the stream or, once the text is whole, at any trouble."""
    is_whole = gathered.is_ended
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
    """In how many seconds the server wants to be asked again: it names them, also in thousandths, or a date."""
    headers = error.response.headers
    waits = [_wait_s(headers.get("retry-after", ""), headers.get("date", ""))]
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):  # Azure's, where the seconds may be rounded to 0
        thousandths = _wait_s(headers.get(name, ""), "")
        waits.append(None if thousandths is None else thousandths / 1000)
    return max((wait for wait in waits if wait is not None), default=None)


def _refused_part(refusal: "openai.APIStatusError", before: tuple[Part, ...]) -> Part | None:
    """Tell without which part a server may answer that refuses a request, or None where it is not about one."""
    said = _said(refusal)
    if refusal.status_code not in {400, 422, 500} or _is_filtered(refusal) or _is_about_temperature(refusal):
        return None
    if "counting" not in before and "stream_options" in said:
        return "counting"
    if LIMIT_WORDS.search(said) and not CONTEXT_WORDS.search(said) and before.count("limit") < 2:
        return "limit"
    if "system" not in before and ROLE_WORDS.search(said) and "response_format" not in said:
        return "system"
    return None


def _limit(refused: tuple[Part, ...]) -> dict[str, int] | None:
    """Return what to send where a server wants a limit: by its new name, and by its old one where that is refused."""
    names = {0: None, 1: "max_completion_tokens", 2: "max_tokens"}
    name = names[refused.count("limit")]
    return {name: ANSWER_TOKENS} if name else None


def _is_filtered(refusal: "openai.APIStatusError") -> bool:
    return refusal.status_code in {400, 403, 422, 451} and bool(FILTER_WORDS.search(_said(refusal)))


def _said(refusal: "openai.APIStatusError") -> str:
    """Return what a refusal says, as it was sent and as it reads: JSON may hide its letters."""
    return f"{refusal.response.text} {refusal.body}"


def _reported(said: str) -> tuple[Trouble, str]:
    """Tell what is wrong where an error comes in place of a text that was accepted."""
    if FILTER_WORDS.search(said):
        return "content_filter", FILTER_SENTENCE
    return "fault", "reported an error in the middle of its text; see its server's log"


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
    if _is_filtered(error):
        return "content_filter"
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


def storable(text: str) -> str:
    """Join surrogates that two events tore apart, and drop what a database refuses or nobody sees."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if LONE_SURROGATE.search(text) else text
    return joined.translate(UNSEEN)


def _plain(reason: str) -> str:
    """
    Return a reason as OpenAI would write it.

    >>> _plain("STOP"), _plain("FinishReason.MAX_TOKENS"), _plain("content_filter: PROHIBITED_CONTENT")
    ('stop', 'max_tokens', 'content_filter')
    """
    plain = re.sub(r"^finish_?reason[._]", "", reason.strip().lower())
    return plain if plain.startswith("<") else re.split(r"[:\s]", plain, maxsplit=1)[0]


def _cut(reason: str | None) -> Trouble:
    return "content_filter" if reason in FILTERED else "truncated"


def _unfinished(reason: str | None) -> str:
    if reason is None:
        return "stopped in the middle of its text or sent none; see its server's log"
    if reason in FILTERED:
        return f"was stopped by a content filter ({reason[:40]}); relax the filter, or take another model"
    if reason in CUT:
        return "reached its token limit in the middle of its text; raise the limit or the context length"
    return f"did not finish its text ({reason[:40]!r}); take another model, or see its server's settings"


FILTER_SENTENCE = (
    "has a content filter that refused the prompt; relax the filter where it is set, or take another model"
)


def _status(error: "openai.APIStatusError", trouble: Trouble, config: LlmConfig) -> str:
    status = error.status_code
    if trouble == "content_filter":
        return f"{FILTER_SENTENCE} (HTTP {status})"
    if CONTEXT_WORDS.search(_said(error)) and status in {400, 413, 422, 500}:
        return f"has too short a context for ten passages, about 8,000 tokens; raise it in its server (HTTP {status})"
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


def _parameters(messages: Sequence[Message], refused: tuple[Part, ...]) -> "list[ChatCompletionMessageParam]":
    put = _without_system(messages) if "system" in refused else messages
    return [cast("ChatCompletionMessageParam", {"role": message.role, "content": message.content}) for message in put]


def _without_system(messages: Sequence[Message]) -> Sequence[Message]:
    """Return *messages* with what the system says at the head of the first turn of the user."""
    rules = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    return [Message(role="user", content="\n\n".join([*rules, turns[0].content])), *turns[1:]]
