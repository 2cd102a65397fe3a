"""What a judge may be shown of staff's labels beside the answer that it judges."""

import re

from services.words.terms import fold

WORD = re.compile(r"\w+")


def identity(question: str) -> str:
    """
    Return what two askings of one question share: its words, whatever accents, case and signs they are written with.

    >>> identity("O que é um tensor?") == identity("o que e um  TENSOR")
    True
    """
    return " ".join(WORD.findall(fold(question))) or question.strip()
