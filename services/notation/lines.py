"""Write a formula on one line of Unicode, where that loses nothing."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from services.notation import symbols
from services.notation.grammar import NotUnderstood, tree
from services.notation.nodes import (
    Accent,
    Boxed,
    Fenced,
    Fraction,
    Node,
    Root,
    Row,
    Script,
    Space,
    Symbol,
    Table,
    Word,
)

LONGEST = 80
LONGEST_SPELT = 16
"""Of a line in which a script is written as `W_Q`: a longer one is better seen as a picture."""
ALONE = frozenset({"letter", "number", "ordinary"})
MEANT_OTHERWISE = re.compile(r"[*_~`\\#^]|<(?! )|\|\||\[[^\]]*[0-9]|\]\(|\A>|//|@")
"""What Discord, or whoever looks for marks, might read as something else."""
APPLIED = frozenset("PpqfghFGL")
"""Letters that, before a bracket, are functions rather than factors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A formula in Unicode; *is_plain*: nobody can take it for marks or Markdown."""

    text: str
    is_plain: bool


def line(latex: str) -> Line | None:
    r"""
    Return a formula on one line, or None where something would be lost, or hard to read.

    >>> line(r"\frac{\partial L}{\partial w}").text, line(r"W_Q").text, line(r"\begin{matrix} a \end{matrix}")
    ('∂L/∂w', 'W_Q', None)
    """
    try:
        node = tree(latex)
        try:
            text = _Writer(spells=False).whole(node)
        except NotUnderstood:
            text = _Writer(spells=True).whole(node)
            if len(text) > LONGEST_SPELT:
                return None
    except NotUnderstood:
        return None
    return Line(text=text, is_plain=not MEANT_OTHERWISE.search(text)) if 0 < len(text) <= LONGEST else None


def spoken(latex: str) -> str:
    r"""
    Return a formula for who cannot see it: on one line where it can be written so at all, else as LaTeX.

    >>> spoken(r"e^{x_i}"), spoken(r"\begin{matrix} a \end{matrix}")
    ('e^(xᵢ)', '\\begin{matrix} a \\end{matrix}')
    """
    try:
        return _Writer(spells=True).whole(tree(latex))
    except NotUnderstood:
        return " ".join(latex.split())


class _Writer:
    """
    Writes a tree.

    *spells*: a script that Unicode lacks is written as `_Q` or `^(x + 1)`, and fractions may hold fractions.
    """

    def __init__(self, *, spells: bool) -> None:
        self._spells = spells

    def whole(self, node: Node) -> str:
        text = " ".join(self._written(node).split())
        return unicodedata.normalize("NFC", text)

    def _written(self, node: Node) -> str:
        match node:
            case Row():
                return self._row(node.items)
            case Symbol():
                return node.sign
            case Word():
                return node.text
            case Space():
                return " " if node.width > 0 else ""
            case Script():
                return self._script(node)
            case Fraction():
                return self._fraction(node)
            case Root():
                return self._root(node)
            case Accent():
                return self._accent(node)
            case Fenced() if not (node.opening and node.closing):
                raise NotUnderstood("a bracket on one side")
            case Fenced():
                return f"{node.opening}{self._written(node.inside).strip()}{node.closing}"
            case Table() | Boxed():
                raise NotUnderstood("it has more than one line")

    def _row(self, items: tuple[Node, ...]) -> str:
        text = ""
        for number, item in enumerate(items):
            before = items[number - 1] if number else None
            after = items[number + 1] if number + 1 < len(items) else None
            text += self._beside(item, before, after)
        return text

    def _beside(self, item: Node, before: Node | None, after: Node | None) -> str:
        """Return *item* with the spaces that its neighbours call for."""
        written = self._written(item)
        core = _core(item)
        if isinstance(core, Word) and core.is_function:
            return f"{' ' if _touches(before) else ''}{written}{' ' if _begins(after) else ''}"
        if isinstance(item, Root) and _follows(after) and written[-1] != ")":
            return f"({written})"
        if isinstance(item, Fraction) and _line_is_ambiguous(written, before, after):
            return f"({written})"
        if not isinstance(core, Symbol):
            return written
        match core.kind:
            case "relation":
                return f" {written} "
            case "binary":
                return f" {written} " if _touches(before) else written
            case "big":
                return f" {written} "
            case "point" if written != ", " and not (_is_number(before) and _is_number(after)):
                return f"{written} "
            case _:
                return written

    def _script(self, node: Script) -> str:
        if isinstance(node.base, Row | Fraction | Root | Table | Boxed):
            raise NotUnderstood("what the script belongs to needs brackets")
        if node.is_stacked and isinstance(node.base, Symbol) and node.base.kind != "big":
            raise NotUnderstood("a sign with something above it")
        base = "" if node.base is None else self._written(node.base)
        low = "" if node.low is None else self._small(node.low, symbols.SUBSCRIPTS, "_")
        high = "" if node.high is None else self._small(node.high, symbols.SUPERSCRIPTS, "^")
        return base + low + high

    def _small(self, node: Node, alphabet: Mapping[str, str], sign: str) -> str:
        """Return a script in small letters, or after its sign."""
        if isinstance(node, Symbol) and node.sign == "∘" and sign == "^":
            return "°"
        try:
            plain = _Writer(spells=False).whole(node).replace(" ", "")
        except NotUnderstood:
            plain = "?"
        if plain and all(letter in alphabet for letter in plain):
            return "".join(alphabet[letter] for letter in plain)
        if not self._spells:
            raise NotUnderstood("Unicode has no such small letters")
        spelt = self.whole(node)
        return f"{sign}{spelt}" if (spelt.isascii() and spelt.isalnum()) or len(spelt) == 1 else f"{sign}({spelt})"

    def _fraction(self, node: Fraction) -> str:
        if not node.has_line:
            raise NotUnderstood("a binomial")
        above, below = self.whole(node.above), self.whole(node.below)
        if not self._spells and "/" in above + below:
            raise NotUnderstood("a fraction of fractions")
        if f"{above}/{below}" in symbols.HALVES:
            return symbols.HALVES[f"{above}/{below}"]
        return f"{_factor(node.above, above)}/{_unit(node.below, below)}"

    def _root(self, node: Root) -> str:
        inside = self.whole(node.inside)
        degree = "" if node.degree is None else self._small(node.degree, symbols.SUPERSCRIPTS, "^")
        sign = {"": "√", "³": "∛", "⁴": "∜"}.get(degree, f"{degree}√")
        return sign + (inside if _is_single(node.inside) else f"({inside})")

    def _accent(self, node: Accent) -> str:
        inside = self._written(node.inside)
        if len(inside) != 1 or not inside.isalpha() or ord(inside) > 0xFFFF or ord(symbols.ACCENTS[node.name]) > 0x2300:
            raise NotUnderstood("an accent above more than a letter")
        return {"ı": "i", "ȷ": "j"}.get(inside, inside) + symbols.ACCENTS[node.name]


def _core(node: Node) -> Node | None:
    return node.base if isinstance(node, Script) else node


def _touches(before: Node | None) -> bool:
    """Tell whether a thing ends before: a sign after it stands between two, and is none of a number."""
    core = None if before is None else _core(before)
    if core is None or isinstance(core, Space):
        return before is not None and core is None
    if isinstance(core, Symbol):
        return core.kind in {"letter", "number", "ordinary", "close"}
    return not (isinstance(core, Word) and not core.is_function)


def _begins(after: Node | None) -> bool:
    """Tell whether what comes after a function's name would run into it."""
    core = None if after is None else _core(after)
    if core is None or isinstance(core, Fenced | Space):
        return False
    return not (isinstance(core, Symbol) and core.kind in {"open", "close", "point", "relation", "binary"})


def _is_number(node: Node | None) -> bool:
    return isinstance(node, Symbol) and node.kind == "number"


def _is_single(node: Node) -> bool:
    """Tell whether *node* is one letter or number, with its scripts."""
    if isinstance(node, Script):
        return node.base is not None and _is_single(node.base)
    if isinstance(node, Row):
        return all(_is_number(item) for item in node.items)
    return isinstance(node, Word | Accent) or (isinstance(node, Symbol) and node.kind in ALONE)


def _is_differential(node: Node) -> bool:
    """Tell `∂w`, `dx` and `∂²L`, which everybody reads as one thing, from a product."""
    if not isinstance(node, Row) or len(node.items) != 2:
        return False
    first, second = node.items
    sign = _core(first)
    return isinstance(sign, Symbol) and sign.sign in {"∂", "d", "Δ"} and _is_single(second)


def _is_bracketed(node: Node) -> bool:
    return isinstance(node, Fenced) and bool(node.opening and node.closing)


def _is_applied(node: Node) -> bool:
    """Tell `f(x)` from the product `n(n + 1)`."""
    if not isinstance(node, Row):
        return False
    first, *rest = node.items
    core = _core(first)
    in_brackets = len(rest) == 1 and isinstance(rest[0], Fenced)
    if not in_brackets:
        kinds = [item.kind for item in rest if isinstance(item, Symbol)]
        in_brackets = kinds[:1] == ["open"] and kinds[-1:] == ["close"] and kinds.count("open") == 1
    is_name = (isinstance(core, Word) and core.is_function) or (isinstance(core, Symbol) and core.sign in APPLIED)
    return is_name and in_brackets and rest[-1] is node.items[-1]


def _unit(node: Node, written: str) -> str:
    """Return what stands after a slash."""
    is_unit = _is_single(node) or _is_differential(node) or _is_bracketed(node) or _is_applied(node)
    return written if is_unit else f"({written})"


def _factor(node: Node, written: str) -> str:
    """Return what stands before a slash: a product needs no brackets there."""
    items = node.items if isinstance(node, Row) else (node,)
    depth = 0
    for item in items:
        core = _core(item)
        if isinstance(core, Symbol):
            depth += (core.kind == "open") - (core.kind == "close")
            is_sum = depth == 0 and core.kind in {"binary", "relation", "point"}
            if is_sum or core.kind == "big" or depth < 0:
                return f"({written})"
        elif isinstance(core, Fraction) or (isinstance(core, Word) and not _is_applied(node)):
            return written if len(items) == 1 else f"({written})"
    return written


def _line_is_ambiguous(written: str, before: Node | None, after: Node | None) -> bool:
    """Tell whether what stands beside a fraction would seem to belong to a half of it: `a/bc`."""
    if len(written) == 1:
        return False  # ½
    return _touches(before) or _follows(after)


def _follows(after: Node | None) -> bool:
    core = None if after is None else _core(after)
    if isinstance(core, Symbol):
        return core.kind in {"letter", "number", "ordinary", "open", "big"}
    return core is not None and not isinstance(core, Space)
