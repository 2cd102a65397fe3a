"""
What likeness between a question and a passage is worth, by the languages of both.

A model places what is said in one language together, whatever it says: with E5 the first passages are those in the
question's own language. So each language's mean is taken out of both sides: of the question q its language's m_q, of
a piece v its language's m. With u = (q - m_q) / |q - m_q| the likeness is

    <u, v - m> / sqrt(1 - |m|²)  =  (<u, v> - <u, m>) / sqrt(1 - |m|²)

where the root is about the usual length of v - m, for |v| = 1. Three quarters of each mean are taken out, not all: the
rest goes on preferring the question's own language, which mostly is right. Stored vectors stay as they are: one number
a language is subtracted, and one multiplied with.
"""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from db.language_means import LanguageMean
from db.records import Generation
from db.search import Dense, LanguageLikeness

Vector = NDArray[np.float32]

OTHER = "other"
"""Among weights: for segments in another language than the question's. Words hardly find these, so it is larger."""

TAKEN_OUT = 0.75
"""Of each mean. Chosen on data, with two models of very different means: docs/retrieval.md."""

FEW_PIECES = 20
"""A mean of so many is trusted by half; the rest is the mean of the whole course."""

LEAST_LENGTH = 0.05
"""A language whose pieces all lie in one place has no usual length to speak of."""


def dense(
    generation: Generation,
    vector: Vector,
    language: str,
    *,
    means: Sequence[LanguageMean],
    weights: Mapping[str, float],
    is_translated: bool = False,
) -> Dense:
    """
    Return the dense leg for a question in *language*, given the *means* of the course's languages, if any.

    Where the question *is_translated*, words find what is said in the other language, so likeness counts there as in
    the question's own: more, and the best passage of a wrong language would stand before the right one.
    """
    middles = _middles(means)
    # While its first lectures come in, a language has no mean yet, and is the question's all the same.
    middles.setdefault(language, (TAKEN_OUT * _whole(means, len(vector))).astype(np.float32))
    towards = _unit(vector - middles[language])
    own = own_weight(weights, language)
    other = own if is_translated else other_weight(weights, language)
    return Dense(
        generation=generation.id,
        vector=vector,
        towards=towards,
        spoken=tuple(
            LanguageLikeness(
                language=spoken,
                middle=float(towards @ middle),
                gain=(own if spoken == language else other) / max(LEAST_LENGTH, sqrt(max(0.0, 1 - middle @ middle))),
            )
            for spoken, middle in middles.items()
        ),
        gain=other,
    )


def own_weight(weights: Mapping[str, float], language: str) -> float:
    """Return how much likeness counts in segments of the question's *language*, beside 1 for all its words."""
    return weights.get(language, weights.get("*", 0.0))


def other_weight(weights: Mapping[str, float], language: str) -> float:
    return weights.get(OTHER, own_weight(weights, language))


def _middles(means: Sequence[LanguageMean]) -> dict[str, Vector]:
    """Return what to take out of each language; where there are few pieces, more of what the course shares."""
    if not means:
        return {}
    whole = _whole(means, len(means[0].mean))
    return {one.language: (TAKEN_OUT * _blended(one, whole)).astype(np.float32) for one in means}


def _blended(one: LanguageMean, whole: Vector) -> Vector:
    trust = one.pieces / (one.pieces + FEW_PIECES)
    return (trust * one.mean + (1 - trust) * whole).astype(np.float32)


def _whole(means: Sequence[LanguageMean], dimension: int) -> Vector:
    if not means:
        return np.zeros(dimension, np.float32)
    return np.average([one.mean for one in means], axis=0, weights=[one.pieces for one in means]).astype(np.float32)


def _unit(vector: NDArray[np.floating]) -> Vector:
    length = float(np.linalg.norm(vector))  # none: a question that is its language's mean asks for nothing
    return (vector / length if length > 1e-6 else vector).astype(np.float32)
