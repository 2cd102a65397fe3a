"""Leave of a question what can be translated at a bounded cost."""

import re
import unicodedata

LONGEST = 400
"""
Letters of a question that are translated, at whole words. A usual question takes 5 to 12 ms, one of this length 60,
and the worst that 400 letters can be, 0.6 s; 5,000 letters without a space take a minute.
"""

LONGEST_WORD = 30

_UNTRANSLATED = re.compile(r"[^0-9A-Za-zÀ-ÖØ-öø-ÿ\s'’.,;:?!()%-]+")
"""Other scripts, and all that the package reads as code, formulas or placeholders of its own, upon which it fails."""

_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")


def translatable(text: str) -> str:
    r"""
    Return what of a question is translated: words in Latin script, without formulas and code, not too many.

    >>> translatable("o que é   `softmax(x)` em $\alpha$?")
    'o que é softmax(x) em alpha ?'
    """
    plain = _UNTRANSLATED.sub(" ", unicodedata.normalize("NFC", text))
    words = " ".join(_LONG_WORD.sub(" ", plain).split())
    cut = words if len(words) <= LONGEST else words[: LONGEST + 1].rpartition(" ")[0]
    return cut if any(letter.isalpha() for letter in cut) else ""
