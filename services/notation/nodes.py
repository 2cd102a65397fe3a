"""What a formula is made of, whatever writes it out."""

from dataclasses import dataclass
from typing import TypeAlias

from services.notation.symbols import SymbolKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One sign."""

    sign: str  # ", " is a comma that is none of a number
    kind: SymbolKind
    is_upright: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Letters that belong together: the name of a function, or a piece of text."""

    text: str
    is_function: bool = False
    has_limits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """A gap, in widths of an m."""

    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Things side by side."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What stands low and high after a thing, or below and above it."""

    base: "Node | None"
    low: "Node | None"
    high: "Node | None"
    is_stacked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fraction:
    """One thing above another, with a line between them or, for a binomial, none."""

    above: "Node"
    below: "Node"
    has_line: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A root."""

    inside: "Node"
    degree: "Node | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accent:
    """A hat, a bar and the like, by LaTeX's name."""

    inside: "Node"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fenced:
    """Brackets as high as what they hold; none where a sign is empty."""

    opening: str
    inside: "Node"
    closing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells in rows."""

    rows: tuple[tuple["Node", ...], ...]
    environment: str
    columns: str = ""  # l, c and r of an array


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxed:
    """A thing in a frame."""

    inside: "Node"


Node: TypeAlias = Symbol | Word | Space | Row | Script | Fraction | Root | Accent | Fenced | Table | Boxed
