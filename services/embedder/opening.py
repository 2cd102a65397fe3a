"""Open the embedder that is configured."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.embedder.endpoint import endpoint_embedder
from services.embedder.local import local_embedder
from services.embedder.protocol import Backend, Embedder

NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderConfig:
    """Which model, and where it runs."""

    model: str  # a hub id, a folder, "bundled", or "none"
    backend: Backend = "torch"
    base_url: str | None = None  # for the backend "openai"; None: OpenAI's own
    api_key: str | None = field(default=None, repr=False)


@asynccontextmanager
async def open_embedder(config: EmbedderConfig) -> AsyncGenerator[Embedder | None, None]:
    """
    Open the configured model; None where none is wanted.

    Raises:
        EmbedderUnavailable: it cannot be had now; one sentence says why and what to do.

    """
    if config.model == NONE:
        yield None
    elif config.backend == "openai":
        async with endpoint_embedder(config.model, base_url=config.base_url, api_key=config.api_key) as embedder:
            yield embedder
    else:
        async with local_embedder(config.model) as embedder:
            yield embedder
