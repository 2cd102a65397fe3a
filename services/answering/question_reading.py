"""Take a question apart: its kind, its subject word by word, its numbers, its negation."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import get_ident
from typing import Literal

import Stemmer

from services.words import fillers
from services.words import terms as lexical
from services.words.kinds import (
    CHOICES,
    HOLLOW,
    KINDS,
    MAY_OR_MUST,
    MAYBE_ONE,
    MULTIPLES,
    NEGATIONS,
    NUMBERS,
    OPPOSITES,
    SYNONYMS,
    WRITTEN_OUT,
    Kind,
)
from services.words.stopwords import ENGLISH, PORTUGUESE

_CODE = re.compile(
    r"(?<=\w\.)[a-z_]\w*|\b[a-z_]\w*(?=\()|\b(?:for|if|while|with)(?= (?:loop|statement|block|clause)\b)"
)
_TOKEN = re.compile(r"\d+(?:[.,]\d+)?(?:e-?\d+)?(?:x\d+)*\w*|c\+\+|[a-z]#|@?[^\W\d]\w*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?(?:e-?\d+)?")
DOUBLED = re.compile(r"(.)\1")
_NAMED = re.compile(r"[\d_+#]")
_SIDES = {
    word: (row, side) for row, sides in enumerate(OPPOSITES) for side, words in enumerate(sides) for word in words
}
_SAY_NOTHING = PORTUGUESE | fillers.PORTUGUESE | NEGATIONS
_SAY_NOTHING_IN_ENGLISH = ENGLISH | fillers.ENGLISH
_ENGLISH_ALONE = ENGLISH - _SAY_NOTHING - _SIDES.keys()
_STANDS_FOR = {word: min(words) for words in SYNONYMS for word in words}


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectWord:
    """One word of a question's subject; two that have a form in common are the same."""

    text: str
    forms: frozenset[str]  # its stems in the languages Monitoria speaks, or what it stands for
    sort: Literal["plain", "name", "synonym", "side"] = "plain"  # a name is code or has digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a question says, taken apart."""

    plain: tuple[str, ...]  # all its words, folded and written out
    kind: Kind | None  # None: to be answered with yes or no
    subject: tuple[SubjectWord, ...]  # in order, each once
    numbers: tuple[str, ...]  # in order
    may_say_one: bool  # "um" and "one" are numbers at times
    is_negated: bool
    offers_choice: bool
    sides: tuple[tuple[int, int], ...]  # of which opposites it names, in order: row and side
    may_or_must: tuple[bool, bool]

    @property
    def has_subject(self) -> bool:
        """Tell whether it says what it is about: "e no teste?" does not."""
        return any(word.sort != "side" for word in self.subject)


@lru_cache(maxsize=20_000)
def read(text: str, language: str) -> Reading:
    hollow = HOLLOW.get(language, frozenset())
    plain = tuple(word for word in _plain(text) if word not in hollow)
    numbers, rest = _numbers(plain)
    kind, around = _kind(" ".join(rest))
    return Reading(
        plain=plain,
        kind=kind,
        subject=tuple(dict.fromkeys(_subject(around.split(), language))),
        numbers=numbers,
        may_say_one=not MAYBE_ONE.isdisjoint(plain),
        is_negated=not NEGATIONS.isdisjoint(plain),
        offers_choice=not CHOICES.isdisjoint(plain),
        sides=tuple(dict.fromkeys(_SIDES[word] for word in around.split() if word in _SIDES)),
        may_or_must=(not MAY_OR_MUST[0].isdisjoint(plain), not MAY_OR_MUST[1].isdisjoint(plain)),
    )


def _plain(text: str) -> Iterator[str]:
    folded = lexical.fold(text)
    for written, meant in WRITTEN_OUT:
        folded = written.sub(meant, folded)
    for token in _TOKEN.finditer(_CODE.sub(r"@\g<0>", folded)):
        yield from fillers.SHORTHAND.get(token[0], token[0]).split()


def _numbers(words: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Part the numbers from the other words; "50 mil" and "cinquenta mil" are 50000."""
    numbers: list[str] = []
    rest: list[str] = []
    follows = False  # whether the word before was a number
    for word in words:
        if follows and word in MULTIPLES:
            numbers[-1] = f"{float(numbers[-1]) * MULTIPLES[word]:g}"
            continue
        value = _value(word)
        follows = value is not None and "x" not in value
        if value is None:
            rest.append(word)
        else:
            numbers.append(value)
    return tuple(numbers), rest


def _value(word: str) -> str | None:
    if word in NUMBERS:
        return str(NUMBERS[word])
    if _NUMBER.fullmatch(word):
        return f"{float(word.replace(',', '.')):g}"
    return word if word[0].isdigit() else None


def _kind(text: str) -> tuple[Kind | None, str]:
    """Return what kind of question it is, and the words that do not say so."""
    for kind, pattern in KINDS:
        if found := pattern.search(text):
            spans = sorted(found.span(group) for group in range(1, pattern.groups + 1) if found[group])
            around = text
            for start, end in reversed(spans):
                around = f"{around[:start]} {around[end:]}"
            return kind, around
    return None, text


def _subject(words: Iterable[str], language: str) -> Iterator[SubjectWord]:
    for word in words:
        if word.startswith("@") or (language == "pt" and word in _ENGLISH_ALONE):
            # `x.mean()` is no way to ask what something means, and "o laço for" names a keyword.
            yield SubjectWord(text=word.lstrip("@"), forms=frozenset({word.lstrip("@")}), sort="name")
        elif word in _SIDES:
            name = "{}:{}".format(*_SIDES[word])
            yield SubjectWord(text=name, forms=frozenset({name}), sort="side")
        elif word in _STANDS_FOR:
            yield SubjectWord(text=_STANDS_FOR[word], forms=frozenset({_STANDS_FOR[word]}), sort="synonym")
        elif not (word in _SAY_NOTHING or (language != "pt" and word in _SAY_NOTHING_IN_ENGLISH)):
            yield SubjectWord(text=word, forms=_forms(word), sort="name" if _NAMED.search(word) else "plain")


def _forms(word: str) -> frozenset[str]:
    if _NAMED.search(word):
        return frozenset({word})
    return frozenset({word, *(stemmer.stemWord(word) for stemmer in _stemmers(get_ident()))})


@lru_cache(maxsize=256)
def _stemmers(_thread: int) -> tuple[Stemmer.Stemmer, ...]:
    # PyStemmer's stemmers are not for sharing between threads, so each thread gets its own.
    return tuple(Stemmer.Stemmer(algorithm) for algorithm in ("portuguese", "english"))
