"""Show how far an ingest is, and at its end what became of each file, in the message of the command."""

import time
from collections import Counter
from typing import Any

import discord

from bot.defang import plain, shortened
from db.records import Language
from services import i18n
from services.ingest import Progress, Report, Taken

BETWEEN_S = 2.0
MOST_REASONS = 5


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
                    await self.say(
                        i18n.text(
                            "ingest.embedding",
                            self._language,
                            name=plain(event.what),
                            done=event.done,
                            total=event.total,
                        )
                    )
            case Taken():
                self._lines += _told(event, self._language)
            case Report():
                await self.say("\n".join(self._lines))

    async def say(self, text: str) -> None:
        self._last = time.monotonic()
        await self._interaction.edit_original_response(content=shortened(text, 1_900))


def _told(taken: Taken, language: Language) -> list[str]:
    name = plain(taken.slug)
    if taken.status == "refused":
        return [i18n.text("ingest.refused", language, name=name, reason=plain(taken.reason or ""))]
    match taken.status:
        case "new":
            status = i18n.text("ingest.status_new", language)
        case "changed":
            status = i18n.text("ingest.status_changed", language)
        case "unchanged":
            status = i18n.text("ingest.status_unchanged", language)
    lines = [
        i18n.text(
            "ingest.done",
            language,
            name=name,
            status=status,
            kept=taken.kept,
            found=taken.found,
            segments=taken.segments,
        )
    ]
    if taken.refusals:
        counted = Counter(refusal.kind for refusal in taken.refusals).most_common(MOST_REASONS)
        reasons = "; ".join(f"{count} × {plain(reason)}" for reason, count in counted)
        lines.append(i18n.text("ingest.left_out", language, count=len(taken.refusals), reasons=reasons))
    return lines
