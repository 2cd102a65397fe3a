"""Ask an embeddings endpoint that speaks OpenAI's protocol."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import openai
from openai import AsyncOpenAI
from pydantic import BaseModel, ValidationError

from services.embedder.protocol import EmbedderUnavailable, Identity, Vectors, checked, e5_prefixes
from services.embedder.queue import EncodingQueue

PIECE_CHARACTERS = 1_500
"""The endpoint's tokenizer is unknown: this is about 430 tokens of Portuguese, under the usual limit of 512."""

LIMIT_S = 30.0
"""For a whole call; `openai` limits single reads only."""


class EndpointEmbedder:
    """A model behind an address; implements `Embedder`."""

    max_tokens = None

    def __init__(self, client: AsyncOpenAI, identity: Identity) -> None:
        self._client = client
        self._identity = identity
        self._queue = EncodingQueue(
            lambda texts: self._embed(identity.query_prefix, texts),
            lambda texts: self._embed(identity.passage_prefix, texts),
        )

    @property
    def identity(self) -> Identity:
        return self._identity

    async def embed_query(self, text: str) -> Vectors:
        return await self._queue.question(text)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self._identity.dimension), np.float32)
        return await self._queue.passages(texts)

    def pieces(self, text: str) -> tuple[str, ...]:
        count = -(-len(text) // PIECE_CHARACTERS)
        words = text.split()
        if count < 2 or len(words) < count:
            return (text,)
        return tuple(
            " ".join(words[number * len(words) // count : (number + 1) * len(words) // count])
            for number in range(count)
        )

    async def close(self) -> None:
        await self._queue.close()

    async def _embed(self, prefix: str, texts: Sequence[str]) -> Vectors:
        vectors = await _asked(self._client, self._identity.model, [prefix + text for text in texts])
        return checked(vectors, count=len(texts), dimension=self._identity.dimension, model=self._identity.model)


@asynccontextmanager
async def endpoint_embedder(
    model: str, *, base_url: str | None, api_key: str | None
) -> AsyncGenerator[EndpointEmbedder, None]:
    """
    Reach *model* at *base_url*; its dimension is learned by embedding one word.

    Raises:
        EmbedderUnavailable: it does not answer as it should.

    """
    async with AsyncOpenAI(base_url=base_url, api_key=api_key or "none", max_retries=0, timeout=LIMIT_S) as client:
        query_prefix, passage_prefix = e5_prefixes(model)
        probe = checked(await _asked(client, model, [query_prefix + "vetor"]), count=1, dimension=None, model=model)
        embedder = EndpointEmbedder(
            client,
            Identity(
                backend="openai",
                model=model,
                revision="",
                dimension=probe.shape[1],
                query_prefix=query_prefix,
                passage_prefix=passage_prefix,
            ),
        )
        try:
            yield embedder
        finally:
            await embedder.close()


class _Row(BaseModel):
    index: int
    embedding: list[float]


class _Embeddings(BaseModel):
    data: list[_Row]


async def _asked(client: AsyncOpenAI, model: str, inputs: list[str]) -> Vectors:
    """Return the endpoint's vectors in the order of *inputs*, not yet checked beyond their order."""
    where = f"The embedding model {model!r} at {client.base_url.host}"
    try:
        async with asyncio.timeout(LIMIT_S):
            response = await client.embeddings.with_raw_response.create(
                model=model, input=inputs, encoding_format="float"
            )
        rows = sorted(_Embeddings.model_validate_json(response.content).data, key=lambda row: row.index)
        vectors = np.array([row.embedding for row in rows], np.float32)
    except TimeoutError:
        raise EmbedderUnavailable(f"{where} did not answer within {LIMIT_S:.0f} s; see its server's log.") from None
    except openai.APIStatusError as error:
        raise EmbedderUnavailable(f"{where} {_refusal(error.status_code)}.") from None
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


def _refusal(status: int) -> str:
    match status:
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
