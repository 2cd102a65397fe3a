"""Find the passages that support the sentences of an answer without marks, and leave out the other sentences."""

import re
from collections.abc import Sequence

from db.records import Hit
from services.citing.citations import FEWEST_WORDS
from services.citing.support import Rarity, cue_texts, rarity, supporting
from services.notation.parts import masked, without_formulas
from services.words.terms import fold, terms

LEAST_SUPPORT = 0.65
"""Chosen on labelled pairs of sentences and passages (docs/judge.md, tests/services/test_attribution.py)."""
SENTENCE = re.compile(r"[^\n]*?(?:(?<![.!?…])[.!?…]+[\"'»”)]*(?=\s)|(?=\n)|\Z)\s*")
LAST = re.compile(r"(?<![.!?…])[.!?…]+[\"'»”)]*\s*\Z|(?<!\s)\s*\Z")
NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
NEGATION = re.compile(r"\b(?:nao|nunca|jamais|nem|nenhum[ao]?|sem|not|never|no|none|nor|without|cannot|\w+n't)\b")


def attributed(text: str, hits: Sequence[Hit]) -> str:
    """
    Return the sentences of *text* that a passage supports, each with the mark of the passage that supports it best.

    >>> attributed("Heat flattens it. Cold sharpens it.", [])
    ''
    """
    rare = rarity(hits)
    kept = [_marked(sentence, hits, rare) for sentence in _sentences(text) if sentence.strip()]
    return "".join(kept).strip()


def support(sentence: str, hit: Hit, rare: Rarity) -> float:
    """
    Return how far *hit* says what *sentence* says, from 0 to 1: the share of its words, by rarity, near each other.

    A number that is not there, or a "not" on one side only, is no support. Formulas say nothing here: a lecturer says
    them in words.
    """
    sentence = without_formulas(sentence)
    if sum(bool(terms(word, "en")) for word in sentence.split()) < FEWEST_WORDS:
        return 0.0
    run = supporting(sentence, hit, rare)
    said = " ".join(cue_texts(hit)[run.first : run.last + 1])
    if set(NUMBER.findall(sentence)) - set(NUMBER.findall(hit.text)):
        return 0.0
    if bool(NEGATION.search(fold(sentence))) != bool(NEGATION.search(fold(said))):
        return run.support / 2
    return run.support


def _sentences(text: str) -> list[str]:
    """Return the sentences of *text*, each with the formulas and blocks of code that stand alone after it."""
    words = without_formulas(text)
    sentences: list[str] = []
    for found in SENTENCE.finditer(masked(text)):
        start, end = found.span()
        if sentences and not words[start:end].strip():
            sentences[-1] += text[start:end]
        else:
            sentences.append(text[start:end])
    return sentences


def _marked(sentence: str, hits: Sequence[Hit], rare: Rarity) -> str:
    worth, number = max(((support(sentence, hit, rare), -number) for number, hit in enumerate(hits, 1)), default=(0, 0))
    if worth < LEAST_SUPPORT:
        return ""
    end = LAST.search(masked(sentence))
    at = end.start() if end else len(sentence)
    return f"{sentence[:at]} [{-number}]{sentence[at:]}"
