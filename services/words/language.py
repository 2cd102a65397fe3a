"""Tell in which language a short text is written."""

from collections.abc import Collection, Sequence
from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

SPOKEN_BY_MONITORIA = ("pt", "en")


def code(tag: str) -> str:
    """
    Return the two-letter code of a BCP 47 tag.

    >>> code("pt-BR")
    'pt'
    """
    return tag.replace("_", "-").split("-")[0].lower()


def detect(text: str, among: Collection[str]) -> str:
    """
    Return the most likely of the two-letter codes in *among*, which is not empty.

    Short questions carry little evidence, so asking among a course's own languages is far safer than among all; one
    without a letter carries none, and is in the first of them. The first call loads the model (about 0.7 s); call
    `warm` off the event loop before.
    """
    if len(among) == 1 or not any(letter.isalpha() for letter in text):
        return next(iter(among))
    return next((label for label, _ in _identifier().rank(text) if label in among), next(iter(among)))


def of_question(text: str, taught: Sequence[str]) -> str:
    """
    Return the language of a question asked of lectures in the languages *taught*: one of theirs, or one of ours.

    Decided where a question comes in, and handed down from there.
    """
    return detect(text, tuple(dict.fromkeys((*taught, *SPOKEN_BY_MONITORIA))))


def warm() -> None:
    """Load the model of `detect`."""
    _identifier()


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE)
