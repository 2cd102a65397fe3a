"""Make a true sentence wrong, in one place: another number, a "not", the other way round."""

import re
from typing import Literal

WrongKind = Literal["number", "negation", "order"]

MARK = re.compile(r"\s*\[\d+\]")
NUMBER = re.compile(r"(?<![\w.,\[])(\d{1,9})(?:([.,])(\d{1,6}))?(?![\w\]])")
DENIAL = re.compile(r"\b(não|not)\s+", re.IGNORECASE)
SAYS = re.compile(
    r"\b(é|são|era|eram|pode|podem|deve|devem|tem|têm|faz|fazem|serve|usa|permite|ajuda|some|encolhe|cresce|aprende)\b"
)
IS = re.compile(r"\b(is|are|was|were|can|will|does|do|should|must|has|have)\b")
OPPOSITES = (
    ("antes", "depois"), ("maior", "menor"), ("maiores", "menores"), ("mais", "menos"), ("aumenta", "diminui"),
    ("cresce", "encolhe"), ("primeiro", "último"), ("primeira", "última"), ("começo", "fim"), ("curto", "longo"),
    ("curtas", "longas"), ("alto", "baixo"), ("sempre", "nunca"), ("before", "after"), ("larger", "smaller"),
    ("greater", "less"), ("more", "fewer"), ("increases", "decreases"), ("grows", "shrinks"), ("first", "last"),
    ("high", "low"), ("short", "long"), ("always", "never"),
)  # fmt: skip
OTHER = {one: other for pair in OPPOSITES for one, other in (pair, pair[::-1])}
OPPOSITE = re.compile(rf"\b({'|'.join(sorted(OTHER, key=len, reverse=True))})\b", re.IGNORECASE)


def wrong(sentence: str, kind: WrongKind) -> str | None:
    """
    Return *sentence*, without its marks, saying something else; None where this way does not apply.

    >>> wrong("O LSTM tem 3 portas [1].", "number"), wrong("O gradiente some antes.", "order")
    ('O LSTM tem 7 portas.', 'O gradiente some depois.')
    """
    plain = " ".join(MARK.sub("", sentence).split())
    changed = _number(plain) if kind == "number" else _denied(plain) if kind == "negation" else _turned(plain)
    return changed if changed != plain else None


def _number(sentence: str) -> str:
    def other(found: re.Match[str]) -> str:
        more = f"{found[2]}{found[3]}" if found[2] else ""
        return f"{2 * int(found[1]) + 1}{more}"

    return NUMBER.sub(other, sentence, count=1)


def _denied(sentence: str) -> str:
    if DENIAL.search(sentence):
        return DENIAL.sub("", sentence, count=1)
    return IS.sub(r"\1 not", sentence, count=1) if IS.search(sentence) else SAYS.sub(r"não \1", sentence, count=1)


def _turned(sentence: str) -> str:
    def other(found: re.Match[str]) -> str:
        instead = OTHER[found[1].lower()]
        return instead.capitalize() if found[1][0].isupper() else instead

    return OPPOSITE.sub(other, sentence, count=1)
