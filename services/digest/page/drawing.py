"""
Paint the charts of a digest: JSON comes in, a PNG goes out, the same bytes for the same digest.

Everything lies on one grid of pixels, so that nothing moves or overlaps with other texts.
"""

import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from services.digest.page.colours import DOWN, INK, LINE, PAPER, QUIET, STEPS, TONES, TRACK

DPI = 200
WIDTH, MARGIN, GAP = 1_600, 60, 80
HALF = (WIDTH - 2 * MARGIN - GAP) / 2
LARGE, TITLE, HEADING, BODY, SMALL = 26.0, 17.0, 13.0, 11.0, 9.5
"""Sizes of type in points; 11 are 31 pixels, which a phone shows in 8 of its own."""
BAR_ROW, STRIP_ROW, CHAPTER_ROW = 92, 112, 42
LEAST_LABEL = 480
"""Pixels that a chapter's title has at least; where its neighbours leave less, the less cited one goes unnamed."""
UNITS = (5, 10, 15, 20, 30, 60)
"""Minutes between two marks under the strips."""

FONT = "DejaVu Sans"
LEFT_OUT = "…"
JOINERS = "\u200d\ufe0e\ufe0f\u20e3"
"""Between and behind the parts of an emoji; alone they are boxes or nothing."""


@cache
def _has_glyph(character: str, *, bold: bool) -> bool:
    manager: Any = font_manager  # its types are too wide to check
    path = manager.findfont(FontProperties(family=FONT, weight=_weight(bold=bold)), fallback_to_default=False)
    return bool(manager.get_font(path).get_char_index(ord(character)))


def drawable(said: str, *, bold: bool = False) -> str:
    """
    Return *said* without what the font has no glyphs for, which would be boxes: signs go, words become `…`.

    >>> drawable("Redes 🤖 neurais 神经网络")
    'Redes neurais …'
    """
    kept = ""
    for character in said:
        if character in JOINERS:
            continue
        if character.isspace() or _has_glyph(character, bold=bold):
            kept += character
        elif character.isalnum():
            kept += LEFT_OUT
    kept = " ".join(re.sub(rf"{LEFT_OUT}[{LEFT_OUT}\s]*{LEFT_OUT}", LEFT_OUT, kept).split())
    return kept or LEFT_OUT * bool(said.strip())


class Canvas:
    """A page of paper on which a point is a pixel, counted from the top left."""

    def __init__(self, height: int) -> None:
        self._figure: Any = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=PAPER)
        self._canvas = FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set_xlim(0, WIDTH)
        self._axes.set_ylim(height, 0)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        patch = Rectangle((x, y), width, height, facecolor=colour, edgecolor="none", linewidth=0)
        self._axes.add_artist(patch)

    def text(
        self, x: float, y: float, said: str, size: float, *, within: float, colour: str = INK, bold: bool = False,
        side: str = "left",
    ) -> float:  # fmt: skip
        """Write on one line whose middle is at *y*, cut to fit *within*, and return its width."""
        fitted, width = self._fitted(drawable(said, bold=bold), size, within, bold=bold)
        self._axes.text(
            x, y, fitted, fontsize=size, color=colour, ha=side, va="center_baseline", weight=_weight(bold=bold)
        )
        return width

    def png(self) -> bytes:
        file = io.BytesIO()
        self._figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
        return file.getvalue()

    def _fitted(self, said: str, size: float, within: float, *, bold: bool) -> tuple[str, float]:
        font = FontProperties(family=mpl.rcParams["font.family"], size=size, weight=_weight(bold=bold))
        renderer: Any = self._canvas.get_renderer()

        def width(text: str) -> float:
            return float(renderer.get_text_width_height_descent(text, font, ismath=False)[0])

        if (whole := width(said)) <= within:
            return said, whole
        while said and width(f"{said}…") > within:
            said = said[: min(len(said) - 1, int(len(said) * 0.97))]
        cut = f"{said.rstrip()}…"
        return cut, width(cut)


def painted(picture: Mapping[str, Any]) -> bytes:
    """Return the PNG of a `services.digest.page.charts.Picture` as a dictionary."""
    bars = max(len(picture["outcomes"]) + 2, len(picture["scores"]))
    strips = sum(map(_height, picture["strips"]))
    bars_top, heat_top = 360, 360 + 90 + bars * BAR_ROW + 50
    height = heat_top + (150 + strips + 60 + 56 * bool(picture["more"]) if strips else 130) + 20
    settings: Any = mpl  # its types are too wide to check
    with settings.rc_context():
        settings.rcdefaults()  # whatever a file of settings in this folder or at home says
        settings.rcParams.update({"font.family": [FONT], "text.parse_math": False})
        canvas = Canvas(height)
        _head(canvas, picture)
        _bars(canvas, MARGIN, bars_top, picture["outcomes_title"], picture["outcomes"], picture["before"])
        _votes(canvas, heat_top - 165, picture)
        _bars(canvas, MARGIN + HALF + GAP, bars_top, picture["scores_title"], picture["scores"], None)
        _heat(canvas, heat_top, picture)
        return canvas.png()


def _head(canvas: Canvas, picture: Mapping[str, Any]) -> None:
    room = WIDTH - 2 * MARGIN
    canvas.text(MARGIN, 65, picture["title"], TITLE, within=room, bold=True)
    canvas.text(MARGIN, 122, picture["subtitle"], BODY, within=room, colour=QUIET)
    step = room / len(picture["numbers"])
    for column, (number, name) in enumerate(picture["numbers"]):
        x = MARGIN + column * step
        canvas.text(x, 215, number, LARGE, within=step - 20, bold=True)
        canvas.text(x, 283, name, SMALL, within=step - 20, colour=QUIET)
    canvas.box(MARGIN, 325, room, 2, LINE)


def _bars(
    canvas: Canvas, x: float, y: float, title: str, bars: Sequence[Mapping[str, Any]], before: str | None
) -> None:
    used = canvas.text(x, y + 20, title, HEADING, within=HALF, bold=True)
    if before and any(bar["before"] is not None for bar in bars):
        canvas.text(x + HALF, y + 22, before, SMALL, within=HALF - used - 20, colour=QUIET, side="right")
    if not bars:
        canvas.text(x, y + 100, "–", BODY, within=HALF, colour=QUIET)
        return
    largest = max((value for bar in bars for value in (bar["value"], bar["before"]) if value), default=1)
    for row, bar in enumerate(bars):
        top = y + 70 + row * BAR_ROW
        canvas.text(x, top + 20, bar["name"], BODY, within=HALF - 110)
        canvas.text(x + HALF, top + 20, bar["in_words"], BODY, within=110, bold=True, side="right")
        canvas.box(x, top + 46, HALF, 22, TRACK)
        if bar["value"]:
            canvas.box(x, top + 46, max(4, HALF * bar["value"] / largest), 22, TONES[bar["tone"]])
        if bar["before"] is not None:
            canvas.box(x + min(HALF - 5, HALF * bar["before"] / largest), top + 40, 5, 34, INK)


def _votes(canvas: Canvas, y: float, picture: Mapping[str, Any]) -> None:
    canvas.text(MARGIN, y, picture["votes_title"], HEADING, within=HALF, bold=True)
    canvas.text(MARGIN, y + 52, picture["votes"], BODY, within=HALF)


def _heat(canvas: Canvas, y: float, picture: Mapping[str, Any]) -> None:
    room = WIDTH - 2 * MARGIN
    canvas.box(MARGIN, y, room, 2, LINE)
    canvas.text(MARGIN, y + 50, picture["heat_title"], HEADING, within=room, bold=True)
    if not picture["strips"]:
        canvas.text(MARGIN, y + 105, picture["no_lectures"], BODY, within=room, colour=QUIET)
        return
    _legend(canvas, y + 105, picture)
    longest = max(strip["minutes"] for strip in picture["strips"])
    below = y + 150
    for strip in picture["strips"]:
        _strip(canvas, below, strip, room / longest)
        below += _height(strip)
    _axis(canvas, below, longest, picture["minutes"])
    if picture["more"]:
        canvas.text(MARGIN, below + 80, picture["more"], BODY, within=room, colour=QUIET)


def _legend(canvas: Canvas, y: float, picture: Mapping[str, Any]) -> None:
    x = MARGIN + canvas.text(MARGIN, y, f"{picture['legend']}:", SMALL, within=500, colour=QUIET) + 20
    for colour, said in zip(STEPS, picture["steps"], strict=True):
        canvas.box(x, y - 12, 24, 24, colour)
        x += 34 + canvas.text(x + 34, y, said, SMALL, within=200, colour=QUIET) + 22
    canvas.box(x, y - 4, 24, 8, DOWN)
    canvas.text(x + 34, y, picture["down"], SMALL, within=WIDTH - MARGIN - x - 34, colour=QUIET)


def _strip(canvas: Canvas, y: float, strip: Mapping[str, Any], minute: float) -> None:
    room = WIDTH - 2 * MARGIN
    counted = canvas.text(WIDTH - MARGIN, y + 22, strip["counts"], SMALL, within=620, colour=QUIET, side="right")
    canvas.text(MARGIN, y + 22, strip["title"], BODY, within=room - counted - 30)
    canvas.box(MARGIN, y + 48, strip["minutes"] * minute, 34, TRACK)
    cells: Sequence[tuple[int, int, bool]] = strip["cells"]
    for number, step, is_down in cells:
        x = MARGIN + number * minute
        canvas.box(x, y + 48, max(minute, 4), 34, STEPS[step - 1])
        if is_down:
            canvas.box(x, y + 85, max(minute, 6), 9, DOWN)
    for edge in strip["edges"]:
        canvas.box(MARGIN + edge * minute - 1.5, y + 48, 3, 34, PAPER)
    for at, x, within, title in _labels(strip["chapters"], minute):
        canvas.box(at, y + 82, 2, 30, QUIET)
        canvas.text(x, y + 116, title, SMALL, within=within)


def _height(strip: Mapping[str, Any]) -> int:
    return STRIP_ROW + CHAPTER_ROW * bool(strip["chapters"])


def _labels(chapters: Sequence[tuple[float, str]], minute: float) -> list[tuple[float, float, float, str]]:
    """
    Return where each of *chapters*, the most cited first, is named: its beginning, the title's, its room, the title.

    A title stands where its chapter begins, or further left where that is near the right margin.
    """
    named = list[tuple[float, float, str]]()
    for start, title in chapters:
        at = MARGIN + start * minute
        x = min(at, WIDTH - MARGIN - LEAST_LABEL)
        if all(abs(x - other) >= LEAST_LABEL for _, other, _ in named):
            named.append((at, x, title))
    named.sort()
    ends = [*(x - 24 for _, x, _ in named[1:]), WIDTH - MARGIN]
    return [(at, x + 8 * (at == x), end - x - 8, title) for (at, x, title), end in zip(named, ends, strict=False)]


def _axis(canvas: Canvas, y: float, longest: int, name: str) -> None:
    room = WIDTH - 2 * MARGIN
    unit = next((unit for unit in UNITS if longest / unit <= 8), UNITS[-1] * (longest // 480 + 1))
    for minute in range(0, longest + 1, unit):
        x = MARGIN + room * minute / longest
        canvas.box(min(x, WIDTH - MARGIN - 2), y - 4, 2, 14, QUIET)
        said = f"{minute} {name}" if minute == 0 else str(minute)
        side = "left" if minute == 0 else "right" if x > WIDTH - MARGIN - 20 else "center"
        canvas.text(x, y + 30, said, SMALL, within=300, colour=QUIET, side=side)


def _weight(*, bold: bool) -> str:
    return "bold" if bold else "normal"


if __name__ == "__main__":
    sys.stdout.buffer.write(painted(json.loads(sys.stdin.buffer.read())))
