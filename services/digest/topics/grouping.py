"""
Group questions that mean the same, by their words and by the vectors of an embedding model.

Two questions are as alike as the cosine of their words' letters (tf-idf of runs of 3 to 5 letters of the words that
carry the subject) and, where both have a vector, that of their vectors, weighed. Groups grow by average linkage up to a
threshold. How weights and thresholds were chosen, and what this misses: docs/digest-topics.md.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.digest.topics.wording import plain, subject
from services.models.embedder.protocol import Vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

ALONE = -1

FRAME_DIRECTIONS = 16
"""Of the questions without a subject, how many directions are taken out of every vector."""

EXACT = 3_000
"""Texts whose similarities are held at once: 36 MB, and about 200 MB while they are grouped."""
MOST_ROUNDS = 8
"""Of so many texts each. What is left after them has found no group, and counts as alone."""
BLOCK = 4_096

LETTERS = (3, 5)
PLACES = 1 << 18
"""Runs of letters are hashed into so many; a dictionary of them would grow with the week."""

Similarities = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When texts are alike enough."""

    vector_weight: float = 0.4  # of the vectors' cosine; the rest is the words'
    fused_threshold: float = 0.28  # mean similarity from which on two groups are one, where there are vectors
    words_threshold: float = 0.22  # and where there are none


SHIPPED = Rule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct:
    """Texts that differ by more than greetings, accents, shorthand and punctuation."""

    keys: tuple[str, ...]  # ascending
    texts: tuple[str, ...]  # for each key the commonest way to write it
    languages: tuple[str, ...]
    counts: tuple[int, ...]
    of: tuple[int, ...]  # for each text that was given, which of the distinct ones it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Which group each text is in, and how typical it is of it."""

    labels: tuple[int, ...]  # ALONE, or 0, 1, 2, …
    centrality: tuple[float, ...]  # mean similarity to its group, itself included; 0 of one that is alone


def distinct(texts: Sequence[str], languages: Sequence[str]) -> Distinct:
    """Put equal questions together; the order of *texts* makes no difference to the result."""
    keys = [plain(text) or text for text in texts]
    ways: dict[str, Counter[tuple[str, str]]] = {}
    for key, text, language in zip(keys, texts, languages, strict=True):
        ways.setdefault(key, Counter())[text, language] += 1
    ordered = sorted(ways)
    shown = [min(ways[key].items(), key=lambda way: (-way[1], way[0]))[0] for key in ordered]
    index = {key: number for number, key in enumerate(ordered)}
    return Distinct(
        keys=tuple(ordered),
        texts=tuple(text for text, _ in shown),
        languages=tuple(language for _, language in shown),
        counts=tuple(ways[key].total() for key in ordered),
        of=tuple(index[key] for key in keys),
    )


def group(texts: Sequence[str], vectors: Vectors | None, languages: Sequence[str], rule: Rule = SHIPPED) -> Groups:
    """
    Group *texts* by meaning; the same texts, in any order and on any number of threads, give the same groups.

    *vectors*, shape (n, dimension), unit length, are as `without_frames` gives them; a row of zeros stands for a text
    that has none and goes by its words. Equal texts are looked at once. *languages* are two-letter codes.
    """
    apart = distinct(texts, languages)
    row_of = {text: row for row, text in enumerate(texts)}
    rows = [row_of[text] for text in apart.texts]
    return spread(apart, group_distinct(apart, None if vectors is None else vectors[rows], rule))


def spread(apart: Distinct, found: Groups) -> Groups:
    """Return the groups of all texts from those of the distinct ones; who is the only member of a group is alone."""
    sizes = Counter(found.labels[number] for number in apart.of)
    single = [label == ALONE or sizes[label] < 2 for label in found.labels]
    labels = [ALONE if single[number] else found.labels[number] for number in apart.of]
    numbers = {label: number for number, label in enumerate(dict.fromkeys(one for one in labels if one != ALONE))}
    return Groups(
        labels=tuple(numbers.get(label, ALONE) for label in labels),
        centrality=tuple(0.0 if single[number] else found.centrality[number] for number in apart.of),
    )


def group_distinct(apart: Distinct, vectors: Vectors | None, rule: Rule = SHIPPED) -> Groups:
    """
    Group texts that differ; each is in a group, if only its own, but for those that no round came to.

    The most asked are grouped exactly, by average linkage. Every other text then joins the group with which its mean
    similarity is greatest, if it reaches the threshold; what is left over goes the same way, round by round.
    """
    count = len(apart.keys)
    if not count:
        return Groups(labels=(), centrality=())
    features = _Features(apart, vectors, rule)
    labels = np.full(count, ALONE, np.int64)
    centrality = np.zeros(count, np.float64)
    # Those with a vector first: a round is of one kind, because their similarities are of two kinds.
    waiting = np.array(
        sorted(range(count), key=lambda row: (not features.has_vector[row], -apart.counts[row], apart.keys[row])),
        np.int64,
    )
    groups = 0
    for _ in range(MOST_ROUNDS):
        if not len(waiting):
            break
        same_kind = int(np.count_nonzero(features.has_vector[waiting] == features.has_vector[waiting[0]]))
        seeds, rest = waiting[: min(EXACT, same_kind)], waiting[min(EXACT, same_kind) :]
        labels[seeds] = groups + _linked(features, seeds)
        centres = features.centres(seeds, labels[seeds] - groups, apart.counts)
        centrality[seeds] = _to_own(features, seeds, labels[seeds] - groups, centres)
        nearest, similarity = _nearest(features, rest, centres)
        joins = similarity >= features.thresholds(rest, centres)
        labels[rest[joins]] = groups + nearest[joins]
        centrality[rest[joins]] = similarity[joins]
        groups += centres.count
        waiting = rest[~joins]
    return Groups(labels=tuple(labels.tolist()), centrality=tuple(centrality.tolist()))


def without_frames(vectors: Vectors, frames: Vectors) -> Vectors:
    """
    Return *vectors* without what questions have in common that ask nothing in particular, at unit length.

    *frames*, shape (m, dimension), are the vectors of `FRAMES`. A model puts "o que é isso?" near "o que é dropout?",
    and questions of one language near each other; of any two vectors, that is most of the cosine.
    """
    _, strengths, directions = np.linalg.svd(frames.astype(np.float64), full_matrices=False)
    basis = directions[strengths > 1e-3 * strengths[0]][:FRAME_DIRECTIONS].astype(np.float32)
    left = vectors - (vectors @ basis.T) @ basis
    lengths = np.linalg.norm(left, axis=1, keepdims=True)
    return (left / np.maximum(lengths, 1e-6)).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Centres:
    """The mean of each group's features, so that a product with one is the mean similarity to the group."""

    count: int
    words: "csr_matrix"
    vectors: NDArray[np.float32] | None  # None: the groups go by words


class _Features:
    """What similarities are computed from."""

    def __init__(self, apart: Distinct, vectors: Vectors | None, rule: Rule) -> None:
        self._rule = rule
        subjects = [subject(key, language) for key, language in zip(apart.keys, apart.languages, strict=True)]
        self.words = letters(subjects)
        self.vectors = vectors
        count = len(apart.keys)
        self.has_vector = np.zeros(count, np.bool_) if vectors is None else np.any(vectors != 0, axis=1)

    def similarities(self, rows: NDArray[np.int64]) -> Similarities:
        """Return how alike *rows*, all of one kind, are among themselves."""
        words = self.words[rows]
        among = (words @ words.T).toarray()
        if self.vectors is not None and self.has_vector[rows[0]]:
            own = self.vectors[rows]
            among *= 1 - self._rule.vector_weight
            among += self._rule.vector_weight * (own @ own.T)
        return among

    def centres(self, rows: NDArray[np.int64], labels: NDArray[np.int64], counts: Sequence[int]) -> _Centres:
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - see `letters`

        number = int(labels.max()) + 1
        weights = np.array([counts[row] for row in rows], np.float32)
        totals = np.bincount(labels, weights, number).astype(np.float32)
        members = csr_matrix((weights / totals[labels], (labels, np.arange(len(rows)))), (number, len(rows)))
        with_vectors = self.vectors is not None and bool(self.has_vector[rows[0]])
        return _Centres(
            count=number,
            words=members @ self.words[rows],
            vectors=members @ self.vectors[rows] if with_vectors and self.vectors is not None else None,
        )

    def to_centres(self, rows: NDArray[np.int64], centres: _Centres) -> Similarities:
        among = (self.words[rows] @ centres.words.T).toarray()
        if self.vectors is not None and centres.vectors is not None:
            both = self.has_vector[rows]
            among[both] *= 1 - self._rule.vector_weight
            among[both] += self._rule.vector_weight * (self.vectors[rows[both]] @ centres.vectors.T)
        return among

    def threshold(self, row: int) -> float:
        return self._rule.fused_threshold if self.has_vector[row] else self._rule.words_threshold

    def thresholds(self, rows: NDArray[np.int64], centres: _Centres) -> NDArray[np.float64]:
        """Return the similarity that each of *rows* must have with a group to join it."""
        fused = self.has_vector[rows] & (centres.vectors is not None)
        return np.where(fused, self._rule.fused_threshold, self._rule.words_threshold)


def letters(subjects: Sequence[str]) -> "csr_matrix":
    """Return tf-idf weights of the runs of letters within words, shape (n, PLACES), rows of unit length."""
    # scikit-learn and scipy take longer to import than all else together, and only the digest needs them.
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer  # noqa: PLC0415

    hashed = HashingVectorizer(
        analyzer="char_wb", ngram_range=LETTERS, n_features=PLACES, alternate_sign=False, norm=None, dtype=np.float32
    ).transform(subjects)
    return TfidfTransformer(sublinear_tf=True).fit_transform(hashed)


def _linked(features: _Features, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Group *rows*, all of one kind, by average linkage; return labels from 0 on, in order of first appearance."""
    from sklearn.cluster import AgglomerativeClustering  # noqa: PLC0415 - see `letters`

    if len(rows) == 1:
        return np.zeros(1, np.int64)
    threshold = features.threshold(rows[0])
    distances = 1 - features.similarities(rows)
    linked = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - threshold
    ).fit(distances)
    _, first, labels = np.unique(linked.labels_, return_index=True, return_inverse=True)
    ranks = np.empty(len(first), np.int64)
    ranks[np.argsort(first)] = np.arange(len(first))
    return ranks[labels]


def _nearest(
    features: _Features, rows: NDArray[np.int64], centres: _Centres
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each of *rows* the group that is most like it, and how much it is."""
    nearest, similarity = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.float64)
    for at in range(0, len(rows), BLOCK):
        among = features.to_centres(rows[at : at + BLOCK], centres)
        nearest[at : at + BLOCK] = among.argmax(axis=1)
        similarity[at : at + BLOCK] = among.max(axis=1)
    return nearest, similarity


def _to_own(
    features: _Features, rows: NDArray[np.int64], labels: NDArray[np.int64], centres: _Centres
) -> NDArray[np.float32]:
    return features.to_centres(rows, centres)[np.arange(len(rows)), labels]
