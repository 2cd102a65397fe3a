"""Ask an embeddings endpoint that speaks OpenAI's protocol."""

import asyncio
import copy
import json
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from services.ground.lazily import lazily
from services.models.embedder.batching import EncodingQueue
from services.models.embedder.pieces import cut
from services.models.embedder.protocol import (
    EmbedderUnavailable,
    Identity,
    Vectors,
    checked,
    e5_prefixes,
    read_only,
    writable,
)
from services.models.http_client import http_client, is_address

if TYPE_CHECKING:
    import openai
else:
    openai = lazily("openai")

log = logging.getLogger(__name__)

OPENAI = "https://api.openai.com/v1"

LONGEST_BYTES = 1_500
"""
The endpoint's tokenizer is unknown. In UTF-8 this is about 1,450 characters or 430 tokens of Portuguese, and 500
characters of Korean or Chinese: under the usual limit of 512 tokens.
"""

BYTES_A_TOKEN = 3.5
"""By the same measure."""

INPUTS_AT_ONCE = 32
"""What Hugging Face's text-embeddings-inference takes in one request unless told otherwise; others take more."""

REQUESTS_AT_ONCE = 4

TOO_MUCH = {400, 413, 422}
"""Of HTTP: how servers refuse more texts than they take in one request, of which some take ten."""

LIMIT_S = 30.0
"""For a whole call; `openai` limits single reads only."""

BETWEEN = " | "
"""Stands between the fields of questions and those of passages in a generation's revision."""


class _TooMuch(EmbedderUnavailable):
    """It did not take so many texts at once, or not in time; fewer may do."""


class _NoFormat(EmbedderUnavailable):
    """It does not want to be told how to write numbers, as Voyage's and Gemini's: vectorize-io/hindsight PR#928."""


@dataclass(slots=True, kw_only=True)
class _Line:
    """How a model at an address is asked; what its server refused is left out from then on."""

    client: "openai.AsyncOpenAI"
    model: str
    limit_s: float
    takes_format: bool = True

    async def vectors(self, inputs: list[str], fields: str) -> NDArray[np.float64]:
        """Return the endpoint's vectors in the order of *inputs*, not yet checked beyond their order."""
        body = parsed(fields)
        try:
            return await _asked(self, inputs, body if self.takes_format else {"encoding_format": None, **body})
        except _NoFormat:
            if not self.takes_format:
                raise
            self.takes_format = False
            return await _asked(self, inputs, {"encoding_format": None, **body})


class EndpointEmbedder:
    """A model behind an address; implements `Embedder`."""

    max_tokens = None

    def __init__(self, line: _Line, identity: Identity) -> None:
        self._line = line
        self._identity = identity
        self._query_fields, self._passage_fields = fields_of(identity.revision)
        self._at_once = INPUTS_AT_ONCE * REQUESTS_AT_ONCE
        # The server does more than one thing at a time: questions need not wait for the passages that are out.
        self._questions = EncodingQueue(self._embed_questions, self._embed_passages)
        self._passages = EncodingQueue(self._embed_questions, self._embed_passages, passages_at_once=self._at_once)

    @property
    def identity(self) -> Identity:
        return self._identity

    async def embed_query(self, text: str) -> Vectors:
        return await self._questions.question(text)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return read_only(np.zeros((0, self._identity.dimension), np.float32))
        return await self._passages.passages(texts)

    def pieces(self, text: str) -> tuple[str, ...]:
        tokens = self._identity.piece_tokens
        limit = LONGEST_BYTES if tokens is None else min(LONGEST_BYTES, round(tokens * BYTES_A_TOKEN))
        return cut(writable(text), size=_bytes, limit=limit)

    def recut(self, piece_tokens: int | None) -> Self:
        if piece_tokens == self._identity.piece_tokens:
            return self
        other = copy.copy(self)  # the queues and the client are shared
        other._identity = self._identity.recut(piece_tokens)  # noqa: SLF001 - a copy of ourselves
        return other

    async def close(self) -> None:
        await asyncio.gather(self._questions.close(), self._passages.close())

    async def _embed_questions(self, texts: Sequence[str]) -> Vectors:
        return await self._embed(self._identity.query_prefix, [_beginning(text) for text in texts], self._query_fields)

    async def _embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed as many at once as the server has been seen to manage; half as many from each time that it has not."""
        parts: list[Vectors] = []
        done = 0
        while done < len(texts):
            batch = texts[done : done + self._at_once]
            try:
                parts.append(await self._embed_at_once(batch))
            except _TooMuch as error:
                if len(batch) == 1:
                    raise
                self._at_once = len(batch) // 2
                log.warning("embedder.slowed", extra={"texts_at_once": self._at_once, "reason": str(error)})
            else:
                done += len(batch)
        return np.concatenate(parts)

    async def _embed_at_once(self, texts: Sequence[str]) -> Vectors:
        requests = [texts[at : at + INPUTS_AT_ONCE] for at in range(0, len(texts), INPUTS_AT_ONCE)]
        try:
            async with asyncio.TaskGroup() as group:
                asked = [
                    group.create_task(self._embed(self._identity.passage_prefix, request, self._passage_fields))
                    for request in requests
                ]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None  # who asked expects the one sentence, not a group of them
        return np.concatenate([task.result() for task in asked])

    async def _embed(self, prefix: str, texts: Sequence[str], fields: str) -> Vectors:
        vectors = await self._line.vectors([prefix + text for text in texts], fields)
        return checked(vectors, count=len(texts), dimension=self._identity.dimension, model=self._identity.model)


@asynccontextmanager
async def endpoint_embedder(
    model: str,
    *,
    base_url: str | None,
    api_key: str | None,
    query_prefix: str | None = None,
    passage_prefix: str | None = None,
    query_fields: str = "",
    passage_fields: str = "",
    limit_s: float = LIMIT_S,
) -> AsyncGenerator[EndpointEmbedder, None]:
    """
    Reach *model* at *base_url*; its dimension is learned by embedding one word.

    Prefixes that are None are those that the model's name tells of. *query_fields* and *passage_fields* are what its
    requests hold besides, such as `input_type=query`.

    Raises:
        EmbedderUnavailable: it does not answer as it should.

    """
    async with _client(base_url or OPENAI, api_key or "none", limit_s) as client:
        by_name = e5_prefixes(model)
        query_prefix = by_name[0] if query_prefix is None else query_prefix
        passage_prefix = by_name[1] if passage_prefix is None else passage_prefix
        line = _Line(client=client, model=model, limit_s=limit_s)
        probe = await line.vectors([query_prefix + "vetor"], query_fields)
        identity = Identity(
            backend="openai",
            model=model,
            revision=f"{query_fields}{BETWEEN}{passage_fields}" if query_fields or passage_fields else "",
            dimension=checked(probe, count=1, dimension=None, model=model).shape[1],
            query_prefix=query_prefix,
            passage_prefix=passage_prefix,
        )
        embedder = EndpointEmbedder(line, identity)
        try:
            yield embedder
        finally:
            await embedder.close()


def fields_of(revision: str) -> tuple[str, str]:
    """
    Return the fields of questions and of passages that vectors of an endpoint's *revision* were made with.

    >>> fields_of("input_type=query | input_type=passage")
    ('input_type=query', 'input_type=passage')
    >>> fields_of("")
    ('', '')
    """
    query, _, passage = revision.partition(BETWEEN)
    return query, passage


def parsed(fields: str) -> dict[str, object]:
    """
    Return the JSON fields that *fields* names; a value is what JSON reads it as, else a text.

    >>> parsed("task=retrieval.query, dimensions=512")
    {'task': 'retrieval.query', 'dimensions': 512}
    """
    found = dict[str, object]()
    for field in filter(None, fields.split(",")):
        name, _, value = (part.strip() for part in field.partition("="))
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


class _Row(BaseModel):
    model_config = ConfigDict(strict=True)  # else true is 1 and "0.5" a number

    index: int
    embedding: list[float]


class _Embeddings(BaseModel):
    data: list[_Row]


def _client(base_url: str, api_key: str, limit_s: float) -> "openai.AsyncOpenAI":
    if not (api_key.isascii() and api_key.isprintable()):
        raise EmbedderUnavailable(
            "The key for the embedding endpoint holds characters that no key has; correct OPENAI_API_KEY."
        )
    if not is_address(base_url):
        raise EmbedderUnavailable(
            "The embedding endpoint's address is no address of a server; write one such as http://localhost:8000/v1 "
            "into MONITORIA_EMBEDDING_BASE_URL."
        )
    return openai.AsyncOpenAI(
        base_url=base_url, api_key=api_key, max_retries=0, timeout=limit_s, http_client=http_client()
    )


async def _asked(line: _Line, inputs: list[str], more: dict[str, object]) -> NDArray[np.float64]:
    where = f"The embedding model {line.model!r} at {line.client.base_url.host}"
    try:
        async with asyncio.timeout(line.limit_s):
            response = await line.client.embeddings.with_raw_response.create(
                model=line.model, input=inputs, encoding_format="float", extra_body=more
            )
        rows = sorted(_Embeddings.model_validate_json(response.content).data, key=lambda row: row.index)
        vectors = np.array([row.embedding for row in rows], np.float64)
    except (TimeoutError, openai.APITimeoutError):
        raise _TooMuch(f"{where} did not answer within {line.limit_s:g} s; see its server's log.") from None
    except openai.APIStatusError as error:
        raise _kind(error)(f"{where} {_refusal(error)}.") from None
    except openai.APIConnectionError:
        raise EmbedderUnavailable(
            f"{where} cannot be reached; start it, or correct MONITORIA_EMBEDDING_BASE_URL."
        ) from None
    except (ValidationError, ValueError):
        raise EmbedderUnavailable(
            f"{where} does not answer with embeddings; check that MONITORIA_EMBEDDING_BASE_URL ends in /v1."
        ) from None
    if [row.index for row in rows] != list(range(len(inputs))):
        raise EmbedderUnavailable(f"{where} gave {len(rows)} vectors for {len(inputs)} texts; see its server's log.")
    return vectors


def _kind(error: "openai.APIStatusError") -> type[EmbedderUnavailable]:
    if error.status_code in TOO_MUCH and "encoding_format" in error.response.text:
        return _NoFormat
    if error.status_code in TOO_MUCH and not _wants_a_type(error):
        return _TooMuch
    return EmbedderUnavailable


def _wants_a_type(error: "openai.APIStatusError") -> bool:
    """NVIDIA's models refuse a request without one: ogx-ai/ogx#2892."""
    return "input_type" in error.response.text


def _refusal(error: "openai.APIStatusError") -> str:
    match status := error.status_code:
        case 400 | 422 if _wants_a_type(error):
            return (
                f"wants an input_type, or another one (status {status}); set MONITORIA_EMBEDDING_QUERY_FIELDS and "
                "MONITORIA_EMBEDDING_PASSAGE_FIELDS, such as input_type=query and input_type=passage"
            )
        case 401 | 403:
            return f"refuses the key (status {status}); correct OPENAI_API_KEY"
        case 404:
            return "is not known there (status 404); correct MONITORIA_EMBEDDING_MODEL"
        case 413 | 422 | 400:
            return f"refuses the request (status {status}); see its server's log"
        case 429:
            return "has had too many requests (status 429); wait, or raise its limits"
        case _:
            return f"answers with status {status}; see its server's log"


def _bytes(text: str) -> int:
    return len(text.encode())


def _beginning(question: str) -> str:
    """Return what the model can read of a very long question; many servers refuse the rest, and all that is with it."""
    return question.encode()[:LONGEST_BYTES].decode(errors="ignore")
