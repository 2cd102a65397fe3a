"""Read a formula's LaTeX into a tree; what is unknown, broken or too large is not understood."""

import re

from services.notation import symbols
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
from services.notation.symbols import SymbolKind

LONGEST = 600
"""Characters. What a lecture writes on a board in one formula has fewer than 300."""
DEEPEST = 14
"""Groups within groups."""
MOST_PIECES = 400
MOST_CELLS = 64

TEXT = "|".join(sorted(symbols.TEXTS, key=len, reverse=True))
PIECE = re.compile(
    rf"\\(?:{TEXT})\s*\{{[^{{}}]*\}}|\\(?:begin|end)\{{[A-Za-z]+\*?\}}|\\operatorname\*|\\[A-Za-z]+"
    r"|\\\\(?:\s*\[-?[0-9.]+\s*(?:pt|em|ex|mm|cm)\])?|\\.|'+|,\s+|\s+|.",
    re.DOTALL,
)
TEXT_SIGNS = frozenset(" .,;:!?()[]/+-–—=<>%'’\"“”«»&#~|*")


class NotUnderstood(ValueError):
    """A formula that we do not know how to show: it stays as it was written."""


def tree(latex: str) -> Node:
    """
    Return what *latex* means.

    Raises:
        NotUnderstood: it has a command that we do not know, is broken, or is too long or deep to be drawn in time.

    """
    if len(latex) > LONGEST:
        raise NotUnderstood("too long")
    found = [piece for piece in PIECE.findall(latex) if not piece.isspace()]
    if len(found) > MOST_PIECES:
        raise NotUnderstood("too many signs")
    reader = _Reader(found)
    return reader.whole()


class _Reader:
    """Reads one formula, from left to right."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._at = 0
        self._depth = 0
        self._cells = 0

    def whole(self) -> Node:
        rows = self._rows(until=None, environment="aligned")
        if all(cell == Row(items=()) for cells in rows for cell in cells):
            raise NotUnderstood("empty")
        return rows[0][0] if len(rows) == len(rows[0]) == 1 else Table(rows=rows, environment="aligned")

    def _peek(self) -> str | None:
        return self._pieces[self._at] if self._at < len(self._pieces) else None

    def _next(self) -> str:
        piece = self._peek()
        if piece is None:
            raise NotUnderstood("it ends too soon")
        self._at += 1
        return piece

    def _rows(self, *, until: str | None, environment: str) -> tuple[tuple[Node, ...], ...]:
        """Read cells up to *until*, which is taken too; a last row that is empty is none."""
        rows: list[tuple[Node, ...]] = []
        cells: list[Node] = []
        while True:
            cells.append(self._row())
            self._cells += 1
            if self._cells > MOST_CELLS:
                raise NotUnderstood("too many cells")
            piece = self._peek()
            self._at += 1
            if piece == "&":
                continue
            rows.append(tuple(cells))
            if piece == until:
                break
            if piece is None or not piece.startswith("\\\\"):
                raise NotUnderstood(f"{piece!r} has no place in {environment}")
            cells = []
        return tuple(rows[:-1]) if len(rows) > 1 and rows[-1] == (Row(items=()),) else tuple(rows)

    def _row(self) -> Node:
        """Read what stands side by side, up to what ends it."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotUnderstood("too deep")
        items: list[Node] = []
        while (piece := self._peek()) is not None and not _ends(piece):
            if piece[1:] in symbols.IGNORED and piece[0] == "\\":
                self._at += 1
            elif piece == "\\label":
                self._skip_label()
            elif piece in {"^", "_"} or piece[0] == "'":
                items.append(self._scripts(items.pop() if items else None))
            else:
                items.append(self._atom())
        self._depth -= 1
        return items[0] if len(items) == 1 else Row(items=tuple(items))

    def _scripts(self, base: Node | None) -> Script:
        if isinstance(base, Script | Space):
            raise NotUnderstood("a script of a script")
        low: Node | None = None
        high: Node | None = None
        while (piece := self._peek()) is not None and (piece in {"^", "_"} or piece[0] == "'"):
            self._at += 1
            if piece[0] == "'":
                primes = Symbol(sign="′" * len(piece), kind="ordinary")
                high = Row(items=(primes, high)) if high else primes
            elif piece == "^":
                if high is not None and not (isinstance(high, Symbol) and high.sign[0] == "′"):
                    raise NotUnderstood("two scripts above")
                more = self._argument()
                high = Row(items=(high, more)) if high else more
            elif low is not None:
                raise NotUnderstood("two scripts below")
            else:
                low = self._argument()
        return Script(base=base, low=low, high=high, is_stacked=_is_stacked(base))

    def _argument(self) -> Node:
        piece = self._peek()
        while piece is not None and piece[0] == "\\" and piece[1:] in symbols.IGNORED:
            self._at += 1
            piece = self._peek()
        if piece == "{":
            return self._group()
        if piece is None or _ends(piece) or piece in {"^", "_"} or piece[0] == "'":
            raise NotUnderstood("an argument is missing")
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotUnderstood("too deep")
        atom = self._atom()
        self._depth -= 1
        return atom

    def _group(self) -> Node:
        self._at += 1
        inside = self._row()
        if self._next() != "}":
            raise NotUnderstood("a brace is not closed")
        return inside

    def _atom(self) -> Node:
        piece = self._next()
        if piece == "{":
            self._at -= 1
            return self._group()
        if piece[0] != "\\":
            return _sign(piece)
        if piece.startswith("\\begin{"):
            return self._environment(piece[len("\\begin{") : -1])
        if piece[-1] == "}" and len(piece) > len("\\}"):
            return self._text(piece)
        return self._command(piece[1:])

    def _command(self, name: str) -> Node:  # noqa: C901 - one kind of command a line
        if known := _named(name):
            return known
        if name in symbols.SPACES:
            return Space(width=symbols.SPACES[name])
        if name in symbols.FUNCTIONS:
            return Word(text=name, is_function=True, has_limits=name in symbols.WITH_LIMITS)
        if name in symbols.STYLES:
            return self._styled(symbols.STYLES[name], has_limits=name.endswith("*"))
        if name in symbols.ACCENTS:
            return Accent(inside=self._argument(), name=name)
        if name in {"frac", "dfrac", "tfrac", "cfrac"}:
            return Fraction(above=self._argument(), below=self._argument())
        if name in {"binom", "dbinom", "tbinom"}:
            return Fraction(above=self._argument(), below=self._argument(), has_line=False)
        if name == "sqrt":
            degree = self._degree()
            return Root(inside=self._argument(), degree=degree)
        if name in {"overset", "stackrel", "underset"}:
            sign, base = self._argument(), self._argument()
            low, high = (sign, None) if name == "underset" else (None, sign)
            return Script(base=base, low=low, high=high, is_stacked=True)
        if name == "left":
            return self._fenced()
        if name == "middle":
            return Symbol(sign=_delimiter(self._next()), kind="relation")
        if name == "not":
            return self._negated()
        if name == "tag":
            return Row(items=(Space(width=2.0), Word(text=f"({_harmless(self._plain_argument())})")))
        if name == "boxed":
            return Boxed(inside=self._argument())
        if name == "substack":
            return self._substack()
        if name in {"pmod", "pod"}:
            inside = Row(items=(Word(text="mod", is_function=True), self._argument()))
            return Row(items=(Space(width=0.5), Fenced(opening="(", inside=inside, closing=")")))
        raise NotUnderstood(f"\\{name} is not known")

    def _degree(self) -> Node | None:
        if self._peek() != "[":
            return None
        self._at += 1
        items: list[Node] = []
        while (piece := self._peek()) != "]":
            if piece is None or _ends(piece) or piece in {"^", "_"}:
                raise NotUnderstood("the degree of a root is not closed")
            items.append(self._atom())
        self._at += 1
        return Row(items=tuple(items))

    def _fenced(self) -> Node:
        opening = _delimiter(self._next())
        inside = self._row()
        if self._next() != "\\right":
            raise NotUnderstood("\\left has no \\right")
        return Fenced(opening=opening, inside=inside, closing=_delimiter(self._next()))

    def _negated(self) -> Node:
        negated = self._atom()
        if isinstance(negated, Symbol) and negated.sign in symbols.NEGATED:
            return Symbol(sign=symbols.NEGATED[negated.sign], kind="relation")
        raise NotUnderstood("what \\not negates is not known")

    def _substack(self) -> Node:
        if self._next() != "{":
            raise NotUnderstood("\\substack has no argument")
        return Table(rows=self._rows(until="}", environment="substack"), environment="substack")

    def _styled(self, style: str, *, has_limits: bool) -> Node:
        inside = self._argument()
        if style in {"normal", "function"}:
            word = _letters(inside)
            if word is None:
                raise NotUnderstood("an upright formula")
            is_function = style == "function"
            if len(word) == 1 and not is_function:
                return Symbol(sign=word, kind="letter", is_upright=True)
            # "W_{\mathrm{out}}" is a name, "\mathrm{softmax}(x)" a function: both are upright words.
            return Word(text=word, is_function=True, has_limits=has_limits)
        return _in_style(inside, style)

    def _skip_label(self) -> None:
        self._at += 1
        self._plain_argument()

    def _plain_argument(self) -> str:
        """Return an argument that is no formula: a number, or a name."""
        if self._next() != "{":
            raise NotUnderstood("an argument is missing")
        letters = list[str]()
        while (piece := self._next()) != "}":
            if piece == "{":
                raise NotUnderstood("a group in a name")
            letters.append(piece)
        return "".join(letters)

    def _text(self, piece: str) -> Node:
        text = piece[piece.index("{") + 1 : -1]
        return Word(text=_harmless(text.replace("~", " ")))

    def _environment(self, name: str) -> Node:
        plain = name.rstrip("*")
        if plain not in symbols.TABLES and plain not in symbols.ALIGNED:
            raise NotUnderstood(f"the environment {name} is not known")
        columns = self._columns() if plain in {"array", "alignat", "alignedat"} else ""
        self._depth += 1
        rows = self._rows(until=f"\\end{{{name}}}", environment=name)
        self._depth -= 1
        if plain in symbols.ALIGNED and len(rows) == len(rows[0]) == 1:
            return rows[0][0]
        table = Table(rows=rows, environment="aligned" if plain in symbols.ALIGNED else plain, columns=columns)
        opening, closing = symbols.TABLES.get(plain, ("", ""))
        return Fenced(opening=opening, inside=table, closing=closing) if opening or closing else table

    def _columns(self) -> str:
        if self._next() != "{":
            raise NotUnderstood("an array has no columns")
        columns = ""
        while (piece := self._next()) != "}":
            if piece not in set("lcr|0123456789"):
                raise NotUnderstood(f"a column {piece!r}")
            columns += piece if piece in "lcr" else ""
        return columns


def _ends(piece: str) -> bool:
    """Tell what ends a row, whoever began it."""
    return piece in {"}", "&", "\\right"} or piece.startswith(("\\\\", "\\end{"))


def _is_stacked(base: Node | None) -> bool:
    """Tell whether scripts stand below and above *base* in a displayed formula."""
    if isinstance(base, Symbol):
        return base.kind == "big" and base.sign not in symbols.INTEGRALS
    if isinstance(base, Accent):
        return base.name in {"overbrace", "underbrace"}
    return isinstance(base, Word) and base.has_limits


def _named(name: str) -> Symbol | None:
    tables: tuple[tuple[dict[str, str], SymbolKind], ...] = (
        (symbols.LETTERS, "letter"),
        (symbols.ORDINARY, "ordinary"),
        (symbols.BINARY, "binary"),
        (symbols.RELATIONS, "relation"),
        (symbols.BIG, "big"),
        (symbols.OPENING, "open"),
        (symbols.CLOSING, "close"),
    )
    return next((Symbol(sign=table[name], kind=kind) for table, kind in tables if name in table), None)


SIGNS: dict[str, tuple[str, SymbolKind]] = {
    **{sign: (sign, "letter") for sign in symbols.LETTERS.values()},
    **{sign: (sign, "ordinary") for name, sign in symbols.ORDINARY.items() if name not in "%$#_&|\\"},
    **{sign: (sign, "binary") for sign in symbols.BINARY.values()},
    **{sign: (sign, "relation") for sign in symbols.RELATIONS.values()},
    **{sign: (sign, "big") for sign in symbols.BIG.values()},
    **{sign: (sign, "open") for sign in "([⟨⌊⌈"},
    **{sign: (sign, "close") for sign in ")]⟩⌋⌉"},
    **{sign: (sign, "point") for sign in symbols.POINTS},
    **{sign: (sign, "letter") for sign in "ϵεϕφ"},
    "+": ("+", "binary"),
    "-": ("−", "binary"),
    "−": ("−", "binary"),
    "*": ("∗", "binary"),
    "=": ("=", "relation"),
    "/": ("/", "ordinary"),
    "|": ("|", "ordinary"),
    "‖": ("‖", "ordinary"),
    "%": ("%", "ordinary"),
    "°": ("°", "ordinary"),
    ":": (":", "relation"),
    "!": ("!", "ordinary"),
}
"""Signs that stand for themselves, or nearly."""


def _sign(sign: str) -> Node:
    if sign == "~":
        return Space(width=0.25)
    if sign[0] == "," and len(sign) > 1:
        return Symbol(sign=", ", kind="point")
    if sign in SIGNS:
        shown, kind = SIGNS[sign]
        return Symbol(sign=shown, kind=kind)
    if "0" <= sign <= "9":
        return Symbol(sign=sign, kind="number")
    if sign.isalpha() and ord(sign) < 0x250:
        return Symbol(sign=sign, kind="letter")
    raise NotUnderstood(f"{sign!r} is not known")


def _delimiter(piece: str) -> str:
    """Return the sign of a bracket that grows; nothing for a dot."""
    name = piece.removeprefix("\\")
    if piece == ".":
        return ""
    if piece in {"(", ")", "[", "]", "|", "/"} or piece in {"<", ">"}:
        return {"<": "⟨", ">": "⟩"}.get(piece, piece)
    for table in (symbols.OPENING, symbols.CLOSING):
        if piece[0] == "\\" and name in table:
            return table[name]
    if piece[0] == "\\" and name in {"|", "vert", "lvert", "rvert", "Vert", "lVert", "rVert"}:
        return symbols.ORDINARY[name]
    raise NotUnderstood(f"{piece!r} is no bracket")


def _letters(node: Node) -> str | None:
    """Return the letters of a name such as `softmax`, or None where there is anything else."""
    items = node.items if isinstance(node, Row) else (node,)
    word = ""
    for item in items:
        if isinstance(item, Symbol) and (item.kind in {"letter", "number"} or item.sign in {"−", "/", "."}):
            word += "-" if item.sign == "−" else item.sign
        elif isinstance(item, Space):
            word += " " if item.width > 0 else ""
        elif isinstance(item, Word):
            word += item.text
        else:
            return None
    return word or None


def _in_style(node: Node, style: str) -> Node:
    """Return *node* with its letters in another alphabet."""
    if isinstance(node, Symbol) and node.kind in {"letter", "number"}:
        sign = symbols.styled(node.sign, style)
        if sign is None:
            raise NotUnderstood(f"{node.sign!r} is not in the alphabet {style}")
        return Symbol(sign=sign, kind=node.kind, is_upright=True)
    if isinstance(node, Row):
        return Row(items=tuple(_in_style(item, style) for item in node.items))
    if isinstance(node, Symbol | Space | Word):
        return node
    if isinstance(node, Script):
        return Script(
            base=None if node.base is None else _in_style(node.base, style),
            low=None if node.low is None else _in_style(node.low, style),
            high=None if node.high is None else _in_style(node.high, style),
            is_stacked=node.is_stacked,
        )
    if isinstance(node, Accent):
        return Accent(inside=_in_style(node.inside, style), name=node.name)
    raise NotUnderstood(f"the alphabet {style} around something else than letters")


def _harmless(text: str) -> str:
    """Return words within a formula, of signs that every font of ours has."""
    if not text or any(
        not (one.isalpha() and ord(one) < 0x250) and not one.isdigit() and one not in TEXT_SIGNS for one in text
    ):
        raise NotUnderstood("words within a formula")
    return text
