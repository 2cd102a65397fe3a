"""Read the text that a language model writes, whole or in pieces, and take none that is not finished and fit."""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from services.ground.lazily import lazily
from services.ground.text import LONE_SURROGATE, UNSEEN
from services.models.thoughts import SoFar, Unclear, spoken
from services.models.troubles import Trouble, reported

if TYPE_CHECKING:
    import openai
    from openai import AsyncStream
else:
    openai = lazily("openai")

LONGEST_TEXT = 20_000
"""Characters. An answer is read on a phone, so a longer one is a model that repeats itself."""
LONGEST_THOUGHT = 400_000
"""Characters, thoughts included: what a reasoning model may write before we stop reading."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A whole text: finished by the model, without its thoughts, fit to be stored."""

    text: str
    raw: str  # with its thoughts, as it came
    model: str  # as the server names it, which may be more exact than what was asked for
    tokens_in: int | None
    tokens_out: int | None


class Unusable(Exception):
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


def whole(body: bytes) -> _Whole:
    sent = _Chunk.model_validate_json(body)
    if sent.error and not sent.choices:
        trouble, reason = reported(str(sent.error))
        raise Unusable(reason, trouble)
    return _Whole.model_validate_json(body)


class Gathered:
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
            raise Unusable(f"wrote more than {LONGEST_THOUGHT:,} characters; take another model", "too_long")
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
            raise Unusable("refuses to answer this", "refusal", storable(refusal))
        if self.finish_reason not in FINISHED:
            # Without any choice there is nothing that could have been cut.
            trouble = _cut(self.finish_reason) if self._is_begun else "empty"
            raise Unusable(_unfinished(self.finish_reason), trouble, raw)
        try:
            text = _short_enough(spoken(raw))
        except Unclear:
            rest = (
                "writes its thoughts into its text and not where they end; turn its reasoning off, or on in its server"
            )
            raise Unusable(rest, "empty", raw) from None
        if not text:
            rest = "wrote nothing, or only its thoughts; take another model, or see its server's log"
            raise Unusable(rest, "empty", raw)
        return Completion(
            text=text,
            raw=raw,
            model=storable(self._model or asked_for),
            tokens_in=self._usage.prompt_tokens,
            tokens_out=self._usage.completion_tokens,
        )


async def next_chunk(chunks: "AsyncStream[object]", deadline: float, gathered: Gathered) -> _Chunk | None:
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


def _short_enough(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise Unusable(f"wrote more than {LONGEST_TEXT:,} characters; take another model", "too_long", text)
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
