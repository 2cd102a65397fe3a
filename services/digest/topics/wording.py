"""Read a question for what it asks: without greeting, accents, shorthand, and words that are in any question."""

import re

from services.words.fillers import COMPANY, FILLERS, GRATITUDE, GREETINGS, TOPICAL, said_as, written_out
from services.words.stopwords import BY_LANGUAGE, ENGLISH, PORTUGUESE
from services.words.terms import fold

OPENING = re.compile(
    rf"^(?:(?:{said_as(*GREETINGS, *COMPANY, *GRATITUDE)}"
    r"|(?:tudo (?:bem|bom|certo)|td bem|(?:eu )?(?:tenho|fiquei com|to com|estou com) (?:uma )?duvida"
    r"|uma duvida(?: rapida)?|alguem (?:sabe|pode|consegue)(?: me)?(?: dizer| explicar)?|me ajud(?:a|em))\b)"
    r"[\s,.!?:;…-]*)+"
)
"""What students write before they ask, in whole words, at the beginning of a folded text."""

_SAY_NOTHING = PORTUGUESE | ENGLISH | (FILLERS - TOPICAL)
_TOKENS = re.compile(r"\w+")


def plain(text: str) -> str:
    """
    Return what two texts have in common that differ in greeting, accents, shorthand and punctuation only.

    >>> plain("Oi gente! pq o gradiente some??")
    'por que o gradiente some'
    """
    asked = OPENING.sub("", " ".join(fold(text).split())).strip()
    return written_out(" ".join(_TOKENS.findall(asked)))


def subject(key: str, language: str) -> str:
    """
    Return the words of a plain question that say what it is about, or all of them where none does.

    >>> subject("por que o gradiente some", "pt")
    'gradiente some'
    """
    words = key.split()
    empty = BY_LANGUAGE.get(language, frozenset())
    kept = (word for word in words if word not in _SAY_NOTHING and word not in empty)
    return " ".join(kept) or key
