"""Have formulas drawn by a process of its own, which may take no more time and memory than a picture needs."""

import asyncio
import json
import logging
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from services.notation import drawing
from services.notation.grammar import NotUnderstood
from services.notation.lines import spoken
from services.notation.mathml import mathml

log = logging.getLogger(__name__)

PATIENCE_S = 8.0
"""By the wall's clock, where the machine is busy; the process may use `drawing.CPU_S` of the processor."""
MOST_AT_A_TIME = 2
MOST_KEPT = 32
LARGEST = 2 * 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n"
LONGEST_DESCRIPTION = 1_000
"""Discord takes 1,024 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Formulas on one card; the first of *sources* has the number 1, and so on, where there are several."""

    png: bytes
    sources: tuple[str, ...]

    @property
    def description(self) -> str:
        """The formulas for who cannot see them."""
        lines = [spoken(source) for source in self.sources]
        if len(lines) > 1:
            lines = [f"({number}) {line}" for number, line in enumerate(lines, start=1)]
        text = "; ".join(lines)
        return text if len(text) <= LONGEST_DESCRIPTION else text[: LONGEST_DESCRIPTION - 1] + "…"


class Pictures:
    """Draws formulas; one for the whole process. The last pictures are kept, for an answer is shown more than once."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(MOST_AT_A_TIME)
        self._kept: OrderedDict[tuple[str, ...], Picture] = OrderedDict()

    async def drawn(self, sources: Sequence[str]) -> Picture | None:
        """Return the formulas, as LaTeX, on one picture; those that cannot be drawn are left out, None if all are."""
        wanted = tuple(sources)
        if not wanted:
            return None
        async with self._turns:
            picture = self._kept.pop(wanted, None) or await asyncio.to_thread(draw, wanted)
            if picture:  # what failed may have failed for want of time
                self._kept[wanted] = picture
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return picture


def draw(sources: Sequence[str]) -> Picture | None:
    """Return the formulas on one picture, in a process of its own; this waits for it."""
    known = [(source, written) for source in sources if (written := _mathml(source))]
    if not known:
        return None
    asked = json.dumps({"formulas": [written for _, written in known]}).encode()
    # Not as a module: the process needs neither our packages nor, in its environment, anybody's secrets.
    command = [sys.executable, "-I", "-P", drawing.__file__]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command, input=asked, capture_output=True, timeout=PATIENCE_S, env={}, cwd="/", check=False
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        log.warning("formulas.not_drawn", extra={"reason": type(error).__name__})
        return None
    line, _, png = done.stdout.partition(b"\n")
    places = _places(line, len(known))
    if done.returncode or not places or not png.startswith(PNG) or len(png) > LARGEST:
        log.warning("formulas.not_drawn", extra={"reason": f"exit status {done.returncode}", "formulas": len(known)})
        return None
    return Picture(png=png, sources=tuple(known[place][0] for place in places))


def _places(line: bytes, count: int) -> list[int]:
    """Return which of *count* formulas the process has drawn, by what it says; none where that is anything else."""
    try:
        drawn = json.loads(line)["drawn"]
        return [place for place in range(count) if place in drawn] if drawn == sorted(set(drawn)) else []
    except (ValueError, TypeError, LookupError, RecursionError):
        return []


def _mathml(source: str) -> str | None:
    try:
        return mathml(source)
    except NotUnderstood:
        return None
