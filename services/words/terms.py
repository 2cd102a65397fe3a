"""
Turn text into weighted terms, so that an inner product of two sparse vectors is a BM25 score.

A word gives its stem in the lecture's language, the stem of its accent-less form where that differs (students
leave accents out), and, if it is long, its first six letters: these find inflections that the stemmer misses and
cognates across languages. How the constants were chosen: docs/retrieval.md.
"""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from threading import get_ident

import Stemmer

from services.words.stopwords import BY_LANGUAGE, ENGLISH, PORTUGUESE

VERSION = "1"
"""Part of a transcript's fingerprint: raise it when the same words would give other terms or weights."""

TERM_SPACE = 1 << 29
"""Terms are hashed into this many places; below pgvector's limit of 10^9, and far above any vocabulary."""

K1 = 1.2
B = 0.75
USUAL_LENGTH = 250
"""Terms in a usual window. A constant instead of the course's mean keeps stored weights valid as a course grows."""

TITLE_WEIGHT = 0.5
OTHER_LANGUAGE_WEIGHT = 0.5
TRANSLATED_WEIGHT = 0.5
PREFIX_WEIGHT = 0.7
PREFIX_LENGTH = 6

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


def fold(text: str) -> str:
    """
    Return *text* in lower case without accents.

    >>> fold("Regressão")
    'regressao'
    """
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words(text: str) -> Iterator[str]:
    """Yield the words of *text* in lower case, accents kept, numbers included."""
    for match in _WORD.finditer(unicodedata.normalize("NFC", text)):
        yield match[0].lower().replace("’", "'")


def terms(text: str, language: str) -> Counter[int]:
    """Count the terms of a passage written in *language* (two-letter code)."""
    counts: Counter[int] = Counter()
    for word in words(text):
        counts.update(_passage_terms(word, language))
    return counts


def question_terms(text: str, language: str, others: Collection[str]) -> dict[int, float]:
    """
    Weigh the terms of a question in *language*, asked of lectures that are also in the languages *others*.

    Stems of the other languages count less: they find the cognates that make up most of a field's vocabulary.
    """
    weights: dict[int, float] = {}
    for word in words(text):
        for term, weight in _question_terms(word, language, tuple(sorted(set(others) - {language}))):
            weights[term] = max(weight, weights.get(term, 0.0))
    return weights


def translated_terms(translations: Iterable[tuple[str, str]], languages: Collection[str]) -> dict[int, float]:
    """
    Weigh the terms of a question's *translations*, each the code of its language and its text.

    They join the question's own in one sum, where a merge of rankings would put the best passage of a wrong language
    beside the best of the right one.
    """
    weights: dict[int, float] = {}
    for language, text in translations:
        for term, weight in question_terms(text, language, languages).items():
            weights[term] = max(TRANSLATED_WEIGHT * weight, weights.get(term, 0.0))
    return weights


def saturated(counts: Mapping[int, int], title: Mapping[int, int]) -> dict[int, float]:
    """
    Return the document's side of BM25 for each term: `tf (k1 + 1) / (tf + k1 (1 - b + b dl / avgdl))`.

    The question's side is the idf, known only when it is asked. Source: Robertson and Zaragoza, "The Probabilistic
    Relevance Framework: BM25 and Beyond" (2009), section 3. Words of the lecture's title count as half a mention.
    """
    frequencies: dict[int, float] = dict(counts)
    for term, count in title.items():
        frequencies[term] = frequencies.get(term, 0.0) + TITLE_WEIGHT * count
    length = sum(frequencies.values())
    norm = K1 * (1 - B + B * length / USUAL_LENGTH)
    return {term: tf * (K1 + 1) / (tf + norm) for term, tf in frequencies.items()}


@lru_cache(maxsize=200_000)
def _passage_terms(word: str, language: str) -> tuple[int, ...]:
    folded = fold(word)
    if _carries_no_subject(folded, language):
        return ()
    return (*{_hash(stem) for stem in _stems(word, folded, language)}, *_prefix(folded))


@lru_cache(maxsize=20_000)
def _question_terms(word: str, language: str, others: tuple[str, ...]) -> tuple[tuple[int, float], ...]:
    folded = fold(word)
    if _carries_no_subject(folded, language):
        return ()
    foreign = {stem for other in others for stem in _stems(word, folded, other)}
    weights = {_hash(stem): OTHER_LANGUAGE_WEIGHT for stem in foreign}
    weights |= {_hash(stem): 1.0 for stem in _stems(word, folded, language)}
    weights |= dict.fromkeys(_prefix(folded), PREFIX_WEIGHT)
    return tuple(weights.items())


def _carries_no_subject(folded: str, language: str) -> bool:
    # Lectures in one language quote the other all the time, so the two that Monitoria speaks always apply.
    return folded in PORTUGUESE or folded in ENGLISH or folded in BY_LANGUAGE.get(language, ())


def _stems(word: str, folded: str, language: str) -> set[str]:
    stemmer = _stemmer(language, get_ident())
    if stemmer is None:
        return {folded}
    return {fold(stemmer.stemWord(word)), stemmer.stemWord(folded)}


def _prefix(folded: str) -> tuple[int, ...]:
    return (_hash("^" + folded[:PREFIX_LENGTH]),) if len(folded) > PREFIX_LENGTH else ()


def _hash(term: str) -> int:
    return zlib.crc32(term.encode()) % TERM_SPACE


@lru_cache(maxsize=256)
def _stemmer(language: str, _thread: int) -> Stemmer.Stemmer | None:
    # PyStemmer's stemmers are not for sharing between threads, so each thread gets its own.
    algorithm = _ALGORITHMS.get(language)
    return Stemmer.Stemmer(algorithm) if algorithm else None
