"""`monitoria digest`: a week of a course on the screen or as files; nothing is posted."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from bot.terminal import console as terminal
from db.records import Language
from services import wiring
from services.digest.page import charts, pages
from services.digest.posting.weeks import period, week_of, zone_named
from services.errors import Refused
from services.wiring import Setup

OPENING_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestOrder:
    """What `monitoria digest` was told."""

    course: str
    week: str | None  # None: the last one that is over
    out: Path | None  # None: the screen
    language: Language | None  # None: the course's


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesOrder:
    """What `monitoria course prices` was told to change."""

    read: float | None  # of a million tokens
    written: float | None
    currency: str | None
    forget: bool

    def changes(self) -> dict[str, Any]:
        if self.forget:
            return {"price_in": None, "price_out": None, "currency": None}
        currency = self.currency and self.currency.upper()
        named = {"price_in": self.read, "price_out": self.written, "currency": currency}
        return {name: value for name, value in named.items() if value is not None}


async def prices(setup: Setup, slug: str, order: PricesOrder) -> None:
    """
    Show a course's prices, after changing what the order names.

    Raises:
        Refused: there is no such course, or the prices are not whole.

    """
    async with wiring.services(setup) as services:
        course = await services.courses.find(slug)
        changes = order.changes()
        now = await (services.digests.price(course, changes) if changes else services.digests.schedule(course))
    if now.currency is None:
        terminal.show("No prices; the digest counts tokens alone.")
    else:
        terminal.show(
            f"A million tokens: {now.price_in:g} {now.currency} read, {now.price_out:g} {now.currency} written."
        )


async def digest(setup: Setup, order: DigestOrder) -> None:
    """
    Tell a week of a course.

    Raises:
        Refused: there is no such week or course, or the folder cannot be written.

    """
    async with wiring.services(setup) as services:
        course = await services.courses.find(order.course)
        zone = zone_named(await services.digests.time_zone(course))
        last = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 7 * 86_400, zone).date()
        told = period(order.week or week_of(last), zone)
        with terminal.status("Counting and grouping the week's questions"):
            await services.serving.current(patience_s=OPENING_PATIENCE_S)
            found = await services.digests.tell(course, told)
    language = order.language or course.language
    if order.out is None:
        terminal.show(Text(pages.text(found, language)))
        return
    png = await charts.drawn(found, language)
    files = {"html": pages.html(found, language).encode(), "txt": pages.text(found, language).encode(), "png": png}
    written = await asyncio.to_thread(_write, order.out, f"{course.slug}-{told.week}-{language}", files)
    for path in written:
        terminal.show(f"Wrote {str(path)!r}.")


def _write(folder: Path, stem: str, files: dict[str, bytes | None]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = list[Path]()
        for suffix, content in files.items():
            if content is not None:
                path = folder / f"{stem}.{suffix}"
                path.write_bytes(content)
                written.append(path)
    except OSError as error:
        raise Refused(
            f"The digest cannot be written to {str(folder)!r} ({error.strerror}); name a folder of yours with --out."
        ) from error
    return written
