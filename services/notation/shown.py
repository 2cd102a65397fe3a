"""Write an answer for eyes that read no LaTeX: formulas in Unicode, by their number in the picture, or as code."""

from collections.abc import Callable, Sequence

from db.records import Language
from services import i18n
from services.notation.grammar import NotUnderstood, tree
from services.notation.lines import line
from services.notation.parts import FORMULAS, Part, read

MOST_DRAWN = 8
"""Formulas on one picture; what follows stays as code."""
MOST_READ = 200
"""Formulas of one text; whoever writes more repeats themselves, and those stay as code too."""
NO_BREAK = "\u00a0"
"""Between the signs of a formula: no page and no line ends there."""


def to_draw(text: str) -> tuple[str, ...]:
    r"""
    Return the formulas of *text* that belong on its picture, as LaTeX, each once and in order.

    Those are all that are displayed, and of those within a line all that lose something on it.

    >>> to_draw("O erro $E$ é $$E = mc^2$$ ou $\\binom{n}{k}$, mas $\\frac{1$ não.")
    ('E = mc^2', '\\binom{n}{k}')
    """
    wanted = dict[str, None]()
    for part in [part for part in read(text) if part.kind in FORMULAS][:MOST_READ]:
        is_wanted = part.kind == "display" or line(part.inside) is None
        if is_wanted and _is_understood(part.inside):
            wanted[part.inside] = None
    return tuple(wanted)[:MOST_DRAWN]


def undrawn(text: str) -> str:
    """Return *text* as Discord shows it without a picture."""
    return shown(text, (), "en")


def shown(text: str, drawn: Sequence[str], language: Language) -> str:
    r"""
    Return *text* as Discord shows it, with no LaTeX but in code; *drawn* are the formulas on the picture, by number.

    >>> shown("A taxa $\\eta$ multiplica $\\nabla L$: $$x$$", ["x"], "pt-BR")
    'A taxa η multiplica ∇L: (fórmula abaixo)'
    """

    def written(part: Part) -> str:
        if part.inside in drawn and (part.kind == "display" or line(part.inside) is None):
            return _place(drawn.index(part.inside) + 1, len(drawn), language)
        found = line(part.inside)
        if found:
            return found.text.replace(" ", NO_BREAK) if found.is_plain else _code(found.text)
        return _code(part.inside) if part.kind == "inline" else _block(part.inside)

    return _replaced(text, written)


def plainly(text: str) -> str:
    r"""
    Return *text* for a terminal: formulas in Unicode, and as they were written where that would lose something.

    >>> plainly("A taxa $\\eta$ e $\\binom{n}{k}$")
    'A taxa η e $\\binom{n}{k}$'
    """

    def written(part: Part) -> str:
        found = line(part.inside)
        return found.text if found else text[part.start : part.end]

    return _replaced(text, written)


def _replaced(text: str, written: Callable[[Part], str]) -> str:
    pieces, was_formula, count = [""], False, 0
    for part in read(text):
        is_formula = part.kind in FORMULAS
        count += is_formula
        piece = text[part.start : part.end]
        if is_formula:
            piece = written(part) if count <= MOST_READ else _code(part.inside)
        if (is_formula or was_formula) and pieces[-1].endswith("`") and piece.startswith("`"):
            pieces.append(" ")  # two pieces of code that touch would be one of another kind
        pieces.append(piece)
        was_formula = is_formula
    return "".join(pieces)


def _is_understood(latex: str) -> bool:
    try:
        tree(latex)
    except NotUnderstood:
        return False
    return True


def _place(number: int, count: int, language: Language) -> str:
    if count == 1:
        return i18n.text("formula.below", language)
    return i18n.text("formula.numbered", language, number=number)


def _code(text: str) -> str:
    return f"`{' '.join(text.replace('`', '‘').split())}`"


def _block(text: str) -> str:
    inside = "\n".join(row.strip() for row in text.replace("`", "‘").splitlines() if row.strip())
    return f"\n```tex\n{inside}\n```\n"
