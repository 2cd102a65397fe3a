"""Which sentences of a text ask something, letter by letter where they stand in it."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`|https?://\S+", re.DOTALL)
BREAK = re.compile(
    r"(?<=[!?])\s+|(?<=[^\W\d]\.)(?<!\bn\.)(?<!\bno\.)(?<!\bprof\.)\s+|(?<=\d\.)\s+(?=[A-ZÀ-Ý])|\n+|(?<=[;…])\s+"
)
ABOUT = re.compile(
    r"\W*(?:tenho |fiquei com |i have |i had )?(?:(?:uma|umas|algumas|a|some) )?"
    r"(?:duvidas?|perguntas?|questao|questoes|sobre|questions?|doubts?|about|re)\b"
)
"""How a line begins that says what the question after it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One sentence of a text, folded; its characters are those of the text from *start* on, one for one."""

    start: int
    text: str


def folded(text: str) -> str:
    """
    Return *text* in lower case without accents, and exactly as long.

    >>> folded("5ª aula, Terça…")
    '5a aula, terca…'
    """
    return "".join(map(_folded, text))


def _folded(character: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", character.lower()) if not unicodedata.combining(c))
    return plain if len(plain) == 1 else character


def asking(text: str) -> tuple[Clause, ...]:
    """
    Return the sentences of *text* that ask; all of them, where none ends in a question mark.

    What else is said before a question is no part of it: "Ontem o professor falou da prova. O que é dropout?"
    """
    clauses = tuple(_clauses(CODE.sub(lambda code: " " * len(code[0]), text)))
    marked = [clause for clause in clauses if "?" in clause.text or ABOUT.match(clause.text)]
    return tuple(marked) if any("?" in clause.text for clause in marked) else clauses


def _clauses(text: str) -> Iterator[Clause]:
    start = 0
    for end in (*BREAK.finditer(text), None):
        until = end.start() if end else len(text)
        if text[start:until].strip():
            yield Clause(start=start, text=folded(text[start:until]))
        start = end.end() if end else until
