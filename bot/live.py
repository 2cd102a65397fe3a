"""Let an answer grow before the reader's eyes, no faster than Discord likes."""

import asyncio
import logging
from contextlib import suppress
from types import TracebackType
from typing import Self

from bot.outlets import TROUBLE, Outlet
from bot.render import draft

log = logging.getLogger(__name__)

FEWEST_CHARACTERS = 40
BETWEEN_S = 1.5
"""Between two edits of one message; Discord takes about five in five seconds from a channel."""


class Live:
    """Shows the latest draft, edit by edit, until it is closed; drafts that come too fast are skipped."""

    def __init__(self, outlet: Outlet, *, between_s: float = BETWEEN_S) -> None:
        self._outlet = outlet
        self._between_s = between_s
        self._latest = ""
        self._shown = ""
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def offer(self, text: str) -> None:
        """Take note of how far the answer is."""
        if len(text) >= FEWEST_CHARACTERS:
            self._latest = text
            self._news.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._show())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A send that is under way must end: if it were cut off, nobody would know of the message that it made.
        self._closing.set()
        self._news.set()
        if self._task:
            await self._task

    async def _show(self) -> None:
        while True:
            await self._news.wait()
            if self._closing.is_set():
                return
            self._news.clear()
            text = draft(self._latest)
            if text == self._shown:
                continue  # what grows now lies beyond the end of what a draft holds
            try:
                await self._outlet.draft(text)
                self._shown = text
            except TROUBLE as error:
                # The final text is sent all the same, and fails by its own reason.
                log.info("live.stopped", extra={"reason": repr(error)})
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(self._between_s):
                    await self._closing.wait()
