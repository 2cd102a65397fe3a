"""Write a formula's tree as MathML, which says how it is to be drawn."""

from collections.abc import Iterator
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, tostring

from services.notation import symbols
from services.notation.grammar import tree
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

THIN = "0.17em"
CAPITALS = frozenset("ΓΔΘΛΞΠΣΥΦΨΩ")
"""Upright in LaTeX, unlike other letters."""


def mathml(latex: str) -> str:
    """
    Return a formula as MathML, to be displayed.

    Raises:
        NotUnderstood: it is not known how to draw it.

    """
    root = Element("math", display="block")
    root.append(_element(tree(latex)))
    return tostring(root, encoding="unicode")


def _element(node: Node) -> Element:
    match node:
        case Row():
            return _row(node.items)
        case Symbol():
            return _symbol(node)
        case Word():
            return _with_text("mi" if node.is_function else "mtext", node.text, mathvariant="normal")
        case Space():
            return Element("mspace", width=f"{node.width}em")
        case Script():
            return _script(node)
        case Fraction():
            return _fraction(node)
        case Root():
            degree = [] if node.degree is None else [node.degree]
            return _around("mroot" if degree else "msqrt", node.inside, *degree)
        case Accent():
            return _accent(node)
        case Fenced():
            return _fenced(node)
        case Table():
            return _table(node)
        case Boxed():
            return _around("menclose", node.inside, notation="box")


def _with_text(tag: str, text: str, **attributes: str) -> Element:
    element = Element(tag, attributes)
    element.text = text
    return element


def _around(tag: str, *nodes: Node, **attributes: str) -> Element:
    element = Element(tag, attributes)
    element.extend(map(_element, nodes))
    return element


def _row(items: tuple[Node, ...]) -> Element:
    row = Element("mrow")
    for is_number, run in groupby(items, key=_is_digit):
        if is_number:
            row.append(_with_text("mn", "".join(item.sign for item in run if isinstance(item, Symbol))))
        else:
            row.extend(_spaced(list(run), items))
    return row


def _is_digit(item: Node) -> bool:
    return isinstance(item, Symbol) and item.kind == "number" and not item.is_upright


def _spaced(run: list[Node], whole: tuple[Node, ...]) -> Iterator[Element]:
    """Yield what stands side by side, with thin gaps around the names of functions."""
    for item in run:
        at = next(number for number, one in enumerate(whole) if one is item)
        before = whole[at - 1] if at else None
        after = whole[at + 1] if at + 1 < len(whole) else None
        is_name = _is_name(item)
        if is_name and before is not None and not _is_name(before) and _is_thing(before):
            yield Element("mspace", width=THIN)
        yield _element(item)
        if is_name and after is not None and _is_thing(after, opens=False):
            yield Element("mspace", width=THIN)


def _is_name(node: Node) -> bool:
    core = node.base if isinstance(node, Script) else node
    return isinstance(core, Word) and core.is_function


def _is_thing(node: Node, *, opens: bool = True) -> bool:
    """Tell what a name of a function would run into; not where a bracket *opens* after it."""
    core = node.base if isinstance(node, Script) else node
    if isinstance(core, Symbol):
        return core.kind in (
            {"letter", "number", "ordinary", "close"} if opens else {"letter", "number", "ordinary", "big"}
        )
    return not isinstance(core, Space) and (opens or not isinstance(core, Fenced))


def _symbol(node: Symbol) -> Element:
    match node.kind:
        case "letter":
            is_upright = node.is_upright or node.sign in CAPITALS
            return _with_text("mi", node.sign, **({"mathvariant": "normal"} if is_upright else {}))
        case "number":
            return _with_text("mn", node.sign)
        case "open" | "close":
            return _with_text(
                "mo", node.sign, stretchy="false", fence="true", form="prefix" if node.kind == "open" else "postfix"
            )
        case "ordinary" if node.sign not in "|‖":
            return _with_text("mi", node.sign, mathvariant="normal")
        case "ordinary":
            return _with_text("mo", node.sign, stretchy="false", lspace="0", rspace="0")
        case "point":
            return _with_text("mo", node.sign.strip(), separator="true")
        case "binary" | "relation" | "big":
            return _with_text("mo", node.sign)


def _script(node: Script) -> Element:
    base = Element("mrow") if node.base is None else _element(node.base)
    names = ("munder", "mover", "munderover") if node.is_stacked else ("msub", "msup", "msubsup")
    scripts = [one for one in (node.low, node.high) if one is not None]
    script = Element(names[2] if len(scripts) > 1 else names[0] if node.low is not None else names[1])
    script.append(base)
    script.extend(map(_element, scripts))
    return script


def _fraction(node: Fraction) -> Element:
    if node.has_line:
        return _around("mfrac", node.above, node.below)
    inside = _around("mfrac", node.above, node.below, linethickness="0")
    return _bracketed("(", inside, ")")


def _fenced(node: Fenced) -> Element:
    return _bracketed(node.opening, _element(node.inside), node.closing)


def _bracketed(opening: str, inside: Element, closing: str) -> Element:
    row = Element("mrow")
    if opening:
        row.append(_with_text("mo", opening, fence="true", stretchy="true", form="prefix"))
    row.append(inside)
    if closing:
        row.append(_with_text("mo", closing, fence="true", stretchy="true", form="postfix"))
    return row


def _accent(node: Accent) -> Element:
    if node.name in {"overline", "underline"}:
        return _around("menclose", node.inside, notation="top" if node.name == "overline" else "bottom")
    accent = Element("munder" if node.name == "underbrace" else "mover", accent="true")
    accent.append(_element(node.inside))
    stretch = {} if node.name in symbols.WIDE else {"stretchy": "false"}
    accent.append(_with_text("mo", symbols.ABOVE[node.name], **stretch))
    return accent


def _table(node: Table) -> Element:
    table = Element("mtable", _layout(node))
    for cells in node.rows:
        row = SubElement(table, "mtr")
        for cell in cells:
            SubElement(row, "mtd").append(_element(cell))
    return table


def _layout(node: Table) -> dict[str, str]:
    width = max(map(len, node.rows))
    match node.environment:
        case "aligned":
            return {
                "columnalign": " ".join(("right", "left")[number % 2] for number in range(width)),
                "columnspacing": " ".join(("0.2em", "1.5em")[number % 2] for number in range(width)),
                "displaystyle": "true",
                "rowspacing": "0.5em",
            }
        case "cases" | "dcases":
            return {"columnalign": "left", "columnspacing": "1em"}
        case _:
            sides = {"l": "left", "c": "center", "r": "right"}
            return {"columnalign": " ".join(sides[one] for one in node.columns)} if node.columns else {}
