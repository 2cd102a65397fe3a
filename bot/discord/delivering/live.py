"""Let an answer grow before the reader's eyes, no faster than Discord likes."""

import asyncio
import logging
from contextlib import suppress
from types import TracebackType
from typing import Self

from bot.discord.delivering.outlets import TROUBLE, Outlet
from bot.discord.messages.answers import draft
from db.records import Language
from services.answering.drafts import Draft

log = logging.getLogger(__name__)

FEWEST_CHARACTERS = 40
BETWEEN_S = 1.5
"""Between two edits of one message; Discord takes about five in five seconds from a channel."""
LOOK_AGAIN_S = 0.25
"""After a draft that has too few characters yet to be shown."""
MOST_WRITTEN = 4_000
"""Characters of which a draft is made; it shows half as many at most."""


class Live:
    """Shows the latest draft, edit by edit, until it is closed; drafts that come too fast are skipped."""

    def __init__(self, outlet: Outlet, *, language: Language = "en", between_s: float = BETWEEN_S) -> None:
        self._outlet = outlet
        self._language: Language = language  # of the words around the answer
        self._between_s = between_s
        self._latest: Draft | None = None
        self._shown = ""
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def offer(self, part: Draft) -> None:
        """Take note of how far the answer is; it is cleaned when it is shown."""
        if part.written.length >= FEWEST_CHARACTERS:
            self._latest = part
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
            # Before it is read: what comes while this is being shown calls for another look.
            self._news.clear()
            text = self._latest.beginning(MOST_WRITTEN) if self._latest else ""
            if len(text) < FEWEST_CHARACTERS:
                await self._pause(min(LOOK_AGAIN_S, self._between_s))
                continue
            try:
                within = self._latest.within if self._latest else ()
                await self._show_once(draft(text, within, self._language))
            except TROUBLE as error:
                # The final text is sent all the same, and fails by its own reason.
                log.info("live.stopped", extra={"reason": repr(error)})
                return
            await self._pause(self._between_s)

    async def _show_once(self, text: str) -> None:
        if text != self._shown:  # else what grows now lies beyond the end of what a draft holds
            await self._outlet.draft(text)
            self._shown = text

    async def _pause(self, seconds: float) -> None:
        """Wait, unless it is closed; also where nothing was shown, for to look costs time too."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
