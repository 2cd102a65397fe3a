"""
Draw formulas as one picture, as a program of its own: what it is given may be hostile, and it may do nothing else.

It takes `{"formulas": [MathML, …]}` on its standard input and writes a line of JSON with the places of those that it
could draw, then the picture as PNG. It limits itself before it reads: memory, time, and no file may be written. Run as
a file and not as a module, it imports nothing of Monitoria.
"""

import json
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

MEMORY = 300 * 1024 * 1024
CPU_S = 5
"""Of the processor, for all of it: far more than is meant, since a busy host may count its own work as ours."""
EACH_S = 1.0
"""Of the processor, for one formula: a slow one must not take the others with it."""
OUTLINED_S = 2.0
"""Of the processor, after which no formula is begun or gone on with: slow ones must leave time for the picture."""

SIZE = 28.0
SMOOTHING = 3
"""How many times larger the picture is drawn than it will be, in each direction."""
PADDING = 22.0
GAP = 24.0
NUMBER_GAP = 18.0
MOST_WIDE = 1_600.0
MOST_HIGH = 2_400.0
"""In pixels."""
LEAST_SCALE = 0.55
"""A formula that would have to be made smaller than this to fit is not drawn."""
CURVE_STEPS = 6
PAPER = 247
INK = 27
PALE = 100
"""Shades of grey: dark on a light card, which stands on a dark ground and on a light one."""
CORNER = 10


class TooSlow(Exception):
    """A formula takes more time than one may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The outlines of one formula, with its upper left corner at 0, 0."""

    shapes: tuple["Shape", ...]
    width: float
    height: float
    baseline: float  # below the upper edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One glyph or bar: its contours, of which those that turn the other way are holes."""

    contours: tuple[tuple[tuple[float, float], ...], ...]
    stroke: float = 0.0  # the width of the line where only that is drawn


def main() -> None:
    """Limit this process, then draw what is asked for."""
    limited()
    asked = json.loads(sys.stdin.buffer.read())
    formulas = [str(formula) for formula in asked["formulas"]]
    places, drawn = list[int](), list[Drawn]()
    height = 2 * PADDING
    for place, formula in enumerate(formulas):
        left_s = OUTLINED_S - time.process_time()
        if left_s <= 0:
            break
        one = fitting(outlined(formula, min(EACH_S, left_s)))
        if one and height + one.height + GAP <= MOST_HIGH:
            places.append(place)
            drawn.append(one)
            height += one.height + GAP
    sys.stdout.buffer.write(json.dumps({"drawn": places}).encode() + b"\n")
    if drawn:
        sys.stdout.buffer.write(picture(drawn))


def limited() -> None:
    """Let this process have no more than it needs."""
    with suppress(ValueError):  # macOS knows no such limit; what the grammar lets through needs a fifth of it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, _too_slow)


def _too_slow(*_: Any) -> None:  # noqa: ANN401 - a signal's number and frame
    raise TooSlow


def outlined(mathml: str, limit_s: float = EACH_S) -> Drawn | None:
    """Return the outlines of a formula, or None where the library cannot draw it in *limit_s* of the processor."""
    import ziamath  # noqa: PLC0415 - after the limits are set

    ziamath.config.svg2 = False  # every glyph in its place, as a path
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        formula = ziamath.Math(mathml, size=SIZE)
        canvas = Element("svg")
        width, height = formula.getsize()
        formula.drawon(canvas, 0, 0, valign="base")
        box = formula.node.bbox
        shapes = tuple(_shapes(canvas))
        return Drawn(
            shapes=tuple(_moved(shape, -box.xmin, box.ymax) for shape in shapes),
            width=width,
            height=height,
            baseline=box.ymax,
        )
    except Exception:  # noqa: BLE001 - whatever the library stumbles over, the formula stays as it was written
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def fitting(formula: Drawn | None) -> Drawn | None:
    """Return a formula made as small as it must be, or None where that is too small to be read."""
    if formula is None or formula.height <= 0:
        return None
    scale = min(1.0, (MOST_WIDE - 2 * PADDING - 3 * SIZE) / max(formula.width, 1.0))
    if scale < LEAST_SCALE or formula.height * scale > MOST_HIGH / 2:
        return None
    return Drawn(
        shapes=tuple(_scaled(shape, scale) for shape in formula.shapes),
        width=formula.width * scale,
        height=formula.height * scale,
        baseline=formula.baseline * scale,
    )


def picture(formulas: Sequence[Drawn]) -> bytes:
    """Return formulas below one another on a card, numbered where there are several, as PNG."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - after the limits are set

    numbers = _numbers(len(formulas))
    margin = max((number.width + NUMBER_GAP for number in numbers), default=0.0)
    width = round(2 * PADDING + margin + max(one.width for one in formulas))
    height = round(2 * PADDING + sum(one.height for one in formulas) + GAP * (len(formulas) - 1))
    ink = Image.new("L", (width * SMOOTHING, height * SMOOTHING), PAPER)
    pen = ImageDraw.Draw(ink)
    y = PADDING
    for place, formula in enumerate(formulas):
        _draw(pen, formula, PADDING + margin, y, INK)
        if numbers:
            _draw(pen, numbers[place], PADDING, y + formula.baseline - numbers[place].baseline, PALE)
        y += formula.height + GAP
    return _card(ink.reduce(SMOOTHING), width, height)


def _card(ink: Any, width: int, height: int) -> bytes:  # noqa: ANN401 - an image of Pillow's
    from PIL import Image, ImageDraw  # noqa: PLC0415 - after the limits are set

    corners = Image.new("L", (width * SMOOTHING, height * SMOOTHING), 0)
    edge = (0, 0, width * SMOOTHING - 1, height * SMOOTHING - 1)
    ImageDraw.Draw(corners).rounded_rectangle(edge, CORNER * SMOOTHING, fill=255)
    card = Image.merge("LA", (ink, corners.reduce(SMOOTHING)))
    written = BytesIO()
    card.save(written, "PNG", optimize=True)
    return written.getvalue()


def _numbers(count: int) -> list[Drawn]:
    """Return `(1)`, `(2)` and so on; nothing for a single formula."""
    texts = [f"<math><mtext>({number})</mtext></math>" for number in range(1, count + 1)] if count > 1 else []
    return [drawn for text in texts if (drawn := outlined(text))]


def _draw(pen: Any, formula: Drawn, x: float, y: float, shade: int) -> None:  # noqa: ANN401 - Pillow's
    for shape in formula.shapes:
        contours = [
            [((x + px) * SMOOTHING, (y + py) * SMOOTHING) for px, py in contour]
            for contour in shape.contours
            if len(contour) > 1
        ]
        if shape.stroke:
            for contour in contours:
                pen.line([*contour, contour[0]], fill=shade, width=max(round(shape.stroke * SMOOTHING), 1))
            continue
        # A hole lies within what it is cut from, and an island within its hole: the larger one comes first.
        ordered = sorted(((_area(contour), contour) for contour in contours), key=lambda one: -abs(one[0]))
        outside = ordered[0][0] > 0 if ordered else True
        for area, contour in ordered:
            pen.polygon(contour, fill=shade if (area > 0) == outside else PAPER)


def _area(contour: Sequence[tuple[float, float]]) -> float:
    """Return twice the area, negative where the contour turns the other way."""
    pairs = zip(contour, [*contour[1:], contour[0]], strict=True)
    return sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairs)


def _shapes(canvas: Element) -> Iterator[Shape]:
    for element in canvas.iter():
        if element.tag == "path" and element.get("d"):
            yield Shape(contours=tuple(_contours(element.get("d", ""))))
        elif element.tag == "rect":
            x, y, width, height = (float(element.get(name, "0")) for name in ("x", "y", "width", "height"))
            stroke = float(element.get("stroke-width", "0")) if element.get("stroke") else 0.0
            if not width or not height:
                continue  # the line of a binomial
            corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
            yield Shape(contours=(corners,), stroke=stroke)


def _contours(path: str) -> Iterator[tuple[tuple[float, float], ...]]:
    """Yield the closed lines of an SVG path in absolute coordinates, its curves cut into short pieces."""
    words = path.replace(",", " ").split()
    contour: list[tuple[float, float]] = []
    at = 0
    while at < len(words):
        command = words[at]
        if command == "Z":
            at += 1
            continue
        points = [(float(words[at + i]), float(words[at + i + 1])) for i in range(1, 2 * COORDINATES[command], 2)]
        at += 1 + 2 * COORDINATES[command]
        if command == "M":
            yield tuple(contour)
            contour = points
        else:
            contour += _curve([contour[-1], *points])
    yield tuple(contour)


COORDINATES = {"M": 1, "L": 1, "Q": 2, "C": 3}
"""Points after each command."""


def _curve(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return points on a Bézier curve of any degree, the first left out."""
    if len(points) == 2:
        return [points[1]]
    return [_on_curve(points, step / CURVE_STEPS) for step in range(1, CURVE_STEPS + 1)]


def _on_curve(points: Sequence[tuple[float, float]], share: float) -> tuple[float, float]:
    """Go *share* of the way along, by de Casteljau."""
    level: list[tuple[float, float]] = list(points)
    while len(level) > 1:
        level = [(x + (next_x - x) * share, y + (next_y - y) * share) for (x, y), (next_x, next_y) in pairwise(level)]
    return level[0]


def _moved(shape: Shape, right: float, down: float) -> Shape:
    contours = tuple(tuple((x + right, y + down) for x, y in contour) for contour in shape.contours)
    return Shape(contours=contours, stroke=shape.stroke)


def _scaled(shape: Shape, scale: float) -> Shape:
    contours = tuple(tuple((x * scale, y * scale) for x, y in contour) for contour in shape.contours)
    return Shape(contours=contours, stroke=shape.stroke * scale)


if __name__ == "__main__":
    main()
