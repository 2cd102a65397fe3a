"""
Which words of a question may be shown: those that cannot tell who wrote it.

Lists and patterns find the names that people usually have and the ways in which they usually say them
(`anonymous`). What they miss is rare by nature, so a word is shown only if the lectures use it, enough
students do, or any question could.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.digest.topics.anonymous import GAP, capitalised
from services.digest.topics.frames import FRAMES
from services.words.fillers import COURTESIES, FILLERS, SHORTHAND
from services.words.terms import fold, terms

LEAST_ASKERS = 3
"""Even where a course shows topics of fewer people, a word that only they use is not shown."""

LONGEST_SMALL = 2
"""Letters of a word that is too small to be a name."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ANYBODYS = FILLERS | COURTESIES | SHORTHAND.keys() | {fold(word) for frame in FRAMES for word in _WORD.findall(frame)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """The words of a course's lectures."""

    terms: frozenset[int]  # as services.words.terms makes them
    languages: tuple[str, ...]  # of the lectures, two-letter codes


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWords:
    """The words that may be shown."""

    asked: frozenset[str]  # folded, that enough people use
    capitals: frozenset[str]  # folded, that enough people write with a capital inside a sentence
    taught: Taught | None = None  # None: nobody knows, and only words with a capital are doubted

    def shown(self, text: str) -> str:
        """
        Return *text* with a gap for each word that may be somebody's name.

        >>> KnownWords(asked=frozenset(), capitals=frozenset()).shown("por que o Zuleido usa LSTM?")
        'por que o … usa LSTM?'
        """
        doubted = {word for word in capitalised(text) if word not in self.capitals}
        return _WORD.sub(lambda found: found[0] if self._may_be_shown(found[0], doubted) else GAP, text)

    def _may_be_shown(self, word: str, doubted: Iterable[str]) -> bool:
        folded = fold(word)
        if folded in doubted:
            return False
        return (
            self.taught is None or len(word) <= LONGEST_SMALL or folded in self.asked or self._is_common(word, folded)
        )

    def _is_common(self, word: str, folded: str) -> bool:
        assert self.taught is not None  # noqa: S101 - its caller has looked
        if folded in _ANYBODYS:
            return True
        # A word without terms carries no subject in any of the languages.
        of_languages = [terms(word, language) for language in (*self.taught.languages, "pt", "en")]
        return any(not found or not self.taught.terms.isdisjoint(found) for found in of_languages)


def known(said: Iterable[tuple[str, str | None]], *, least_askers: int, taught: Taught | None) -> KnownWords:
    """
    Return the words that may be shown of what was *said*: texts, and who said each.

    A person is counted once, and nobody where it is not known who it is.
    """
    least = max(least_askers, LEAST_ASKERS)
    asked, capitals = _Askers(least), _Askers(least)
    for text, asker in said:
        if asker is not None:
            asked.add((fold(word) for word in set(_WORD.findall(text))), asker)
            capitals.add(capitalised(text), asker)
    return KnownWords(asked=asked.enough(), capitals=capitals.enough(), taught=taught)


class _Askers:
    """Counts who uses a word, up to the number that is enough."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._askers = defaultdict[str, set[str]](set)

    def add(self, words: Iterable[str], asker: str) -> None:
        for word in words:
            if len(self._askers[word]) < self._least:
                self._askers[word].add(asker)

    def enough(self) -> frozenset[str]:
        return frozenset(word for word, askers in self._askers.items() if len(askers) >= self._least)
