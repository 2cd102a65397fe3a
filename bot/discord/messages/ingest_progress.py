"""Show how far an ingest is, and at its end what became of each file, in the message of the command."""

import time
from collections import Counter
from typing import Any, Literal, assert_never

import discord

from bot.discord.messages.defang import plain, shortened
from bot.discord.messages.layout import LONGEST_TITLE
from db.records import Language
from services import i18n
from services.lectures.captions import RefusalKind
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
                    await self.say(progress(event, self._language))
            case Taken():
                self._lines += taken(event, self._language)
            case Report():
                await self.say("\n".join(self._lines))

    async def say(self, text: str) -> None:
        self._last = time.monotonic()
        await self._interaction.edit_original_response(content=shortened(text, 1_900))


def progress(event: Progress, language: Language) -> str:
    """Return how far an ingest is."""
    return i18n.text("ingest.embedding", language, done=event.done, total=event.total)


def taken(event: Taken, language: Language) -> list[str]:
    """Return what became of a caption file, in lines."""
    name = shortened(plain(event.slug), LONGEST_TITLE)
    if event.fault == "clock":
        return [i18n.text("ingest.wrong_clock", language, name=name)]
    if event.status == "refused" and not event.found:
        return [i18n.text("ingest.not_captions", language, name=name)]
    if event.status == "refused" and not event.kept:
        lines = [i18n.text("ingest.none_kept", language, name=name, found=event.found)]
    elif event.status == "refused":
        return [i18n.text("ingest.namesake", language, name=name)]
    else:
        status = _status(event.status, language)
        lines = [i18n.text("ingest.done", language, name=name, status=status, kept=event.kept, found=event.found)]
    if event.refusals:
        kinds: Counter[RefusalKind] = Counter(refusal.kind for refusal in event.refusals)
        reasons = "; ".join(f"{count} × {_why(kind, language)}" for kind, count in kinds.most_common())
        lines.append(i18n.text("ingest.left_out", language, count=len(event.refusals), reasons=reasons))
    return lines


def _status(status: Literal["new", "changed", "unchanged"], language: Language) -> str:
    match status:
        case "new":
            return i18n.text("ingest.status_new", language)
        case "changed":
            return i18n.text("ingest.status_changed", language)
        case "unchanged":
            return i18n.text("ingest.status_unchanged", language)
        case _:
            assert_never(status)


def _why(kind: RefusalKind, language: Language) -> str:
    match kind:
        case "malformed":
            return i18n.text("ingest.kind_malformed", language)
        case "empty":
            return i18n.text("ingest.kind_empty", language)
        case "repeat":
            return i18n.text("ingest.kind_repeat", language)
        case "track":
            return i18n.text("ingest.kind_track", language)
        case "backward":
            return i18n.text("ingest.kind_backward", language)
        case _:
            assert_never(kind)
