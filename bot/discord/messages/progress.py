"""Show how far an ingest is, and at its end what became of each file, in the message of the command."""

import time
from typing import Any

import discord

from bot.discord.messages import render
from bot.discord.messages.defang import shortened
from db.records import Language
from services.lectures.ingest import Progress, Report, Taken

BETWEEN_S = 2.0


class Progressing:
    """The response to a deferred command, edited now and then."""

    def __init__(self, interaction: discord.Interaction[Any], language: Language) -> None:
        self._interaction = interaction
        self._language: Language = language
        self._last = float("-inf")
        self._lines: list[str] = []

    async def event(self, event: Progress | Taken | Report) -> None:
        """Show what happened: progress when some time has passed, the end of a file always."""
        match event:
            case Progress():
                if time.monotonic() - self._last >= BETWEEN_S:
                    await self.say(render.progress(event, self._language))
            case Taken():
                self._lines += render.taken(event, self._language)
            case Report():
                await self.say("\n".join(self._lines))

    async def say(self, text: str) -> None:
        self._last = time.monotonic()
        await self._interaction.edit_original_response(content=shortened(text, 1_900))
