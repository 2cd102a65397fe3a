from typing import Literal
from xml.etree.ElementTree import Element

class _Config:
    svg2: bool

config: _Config

class _Box:
    xmin: float
    xmax: float
    ymin: float
    ymax: float

class _Node:
    bbox: _Box

class Math:
    node: _Node
    def __init__(self, mathml: str | Element, size: float | None = None) -> None: ...
    def getsize(self) -> tuple[float, float]: ...
    def drawon(
        self,
        svg: Element,
        x: float = 0,
        y: float = 0,
        halign: Literal["left", "center", "right"] = "left",
        valign: Literal["top", "center", "base", "axis", "bottom"] = "base",
    ) -> Element: ...
