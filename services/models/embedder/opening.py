"""Open the embedder that is configured."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from services.errors import Unavailable
from services.models.embedder.bundled import BUNDLED
from services.models.embedder.endpoint import endpoint_embedder
from services.models.embedder.loading import MINILM, MINILM_NAME
from services.models.embedder.local import local_embedder
from services.models.embedder.protocol import Backend, Embedder, Identity

log = logging.getLogger(__name__)

NONE = "none"
FIRST_PAUSE_S = 15.0
LONGEST_PAUSE_S = 600.0
"""Between two tries to open a model: a hub or a server that is down for a night is no reason for a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderConfig:
    """Which model, and where it runs."""

    model: str  # a hub id, a folder, "bundled", "bundled-minilm", or "none"
    backend: Backend = "torch"  # for the packaged ones this says nothing
    base_url: str | None = None  # for the backend "openai"; None: OpenAI's own
    api_key: str | None = field(default=None, repr=False)
    query_prefix: str | None = None  # what the model at an endpoint wants before questions; None: as its name tells
    passage_prefix: str | None = None
    query_fields: str = ""  # what an endpoint's request for questions holds besides, such as "input_type=query"
    passage_fields: str = ""


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
        async with endpoint_embedder(
            config.model,
            base_url=config.base_url,
            api_key=config.api_key,
            query_prefix=config.query_prefix,
            passage_prefix=config.passage_prefix,
            query_fields=config.query_fields,
            passage_fields=config.passage_fields,
        ) as embedder:
            yield embedder
    else:
        async with local_embedder(config.model) as embedder:
            yield embedder


def configured_name(identity: Identity) -> str:
    """Return how `EmbedderConfig` calls the model of *identity*."""
    match identity.backend, identity.model:
        case "numpy", _:
            return BUNDLED
        case "torch", name if name == MINILM_NAME:
            return MINILM
        case _, name:
            return name


class Configured:
    """
    The configured model: opened when it is first asked for, or as soon after that as it can be had.

    While it cannot, `embedder` is None and `trouble` says why; the log says so once, and once when it is there.
    """

    def __init__(self, config: EmbedderConfig, *, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self.embedder: Embedder | None = None  # also where none is wanted
        self.trouble: str | None = None
        self._config = config
        self._first_pause_s = first_pause_s
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._retrying: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._retrying:
            self._retrying.cancel()
            await asyncio.gather(self._retrying, return_exceptions=True)
        await self._stack.aclose()

    async def open(self) -> Embedder | None:
        """Return the model; None where none is wanted, or while it cannot be had and is tried in the background."""
        async with self._opening:
            if self.embedder is None and self._retrying is None and not await self._tried():
                self._retrying = asyncio.create_task(self._retry())
        return self.embedder

    async def _tried(self) -> bool:
        try:
            self.embedder = await self._stack.enter_async_context(open_embedder(self._config))
        except Unavailable as error:
            self.trouble = str(error)
            return False
        self.trouble = None
        return True

    async def _retry(self) -> None:
        pause_s, has_said = self._first_pause_s, False
        while True:
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            try:
                if await self._tried():
                    break
            except Exception:
                log.exception("embedder.failed")
            if not has_said:  # not before: a command that ends soon has told of it in its own words
                log.warning("embedder.unavailable", extra={"reason": self.trouble})
            has_said = True
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        if has_said:
            log.warning("embedder.back", extra={"model": self._config.model})
