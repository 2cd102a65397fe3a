"""Made-up courses of any size: the same seed always gives the same courses, texts, vectors and questions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.transcripts import NewSegment
from services.words import terms as lexical
from services.words.stopwords import PORTUGUESE

COURSES = 40
DIMENSION = 512  # of the packaged model
PIECES = 4  # of about 128 tokens, in a segment of 340 words
SEGMENTS_PER_LECTURE = 40
VOCABULARY = 30_000
DISTINCT_TEXTS = 4_000
TOPICS = 10  # of a course
POOL = 8_192
WORDS = 280
FILLER_SHARE = 0.5  # articles, pronouns and the like, as in spoken Portuguese
FILLER = sorted(PORTUGUESE)
SYLLABLES = tuple(c + v for c in "bcdfglmnprstv" for v in ("a", "e", "i", "o", "u", "ão", "en"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpLecture:
    """One lecture, ready to be stored."""

    course: int  # 0 is the largest
    slug: str
    segments: tuple[NewSegment, ...]
    first: int  # the number of its first segment, counted over all courses
    vectors: NDArray[np.float32]  # (segments, pieces, dimension)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpQuestion:
    """A question to one course; *foreign* ones have nothing to do with what the course teaches."""

    course: int
    text: str
    vector: NDArray[np.float32]
    foreign: bool


class Corpus:
    """
    *size* segments in 40 courses whose sizes follow Zipf's law; each course teaches its own ten topics.

    A lecture's subject lies near a topic, its segments near the subject, a segment's pieces near it; how near, and how
    the variance falls off over the directions, is like that of the packaged model's vectors of real lectures.
    """

    def __init__(self, size: int, *, dimension: int = DIMENSION, seed: int = 7) -> None:
        self.size = size
        self.dimension = dimension
        self._random = np.random.default_rng(seed)
        shares = 1 / np.arange(1, COURSES + 1)
        self.course_sizes = np.maximum(1, (size * shares / shares.sum()).astype(int))
        self.words = self._vocabulary()
        self._word_shares = 1 / np.arange(1, VOCABULARY + 1)
        self._word_shares /= self._word_shares.sum()
        self._pool = self._coloured()
        self._subjects = [self._subjects_of(int(course_size)) for course_size in self.course_sizes]
        self._texts: list[NewSegment] = [self._segment() for _ in range(min(DISTINCT_TEXTS, size))]

    def lectures(self) -> Iterator[MadeUpLecture]:
        starts = np.cumsum(self.course_sizes) - self.course_sizes
        for course, course_size in enumerate(self.course_sizes):
            for first in range(0, int(course_size), SEGMENTS_PER_LECTURE):
                count = min(SEGMENTS_PER_LECTURE, int(course_size) - first)
                yield MadeUpLecture(
                    course=course,
                    slug=f"lecture-{first // SEGMENTS_PER_LECTURE:05}",
                    segments=tuple(
                        self._texts[int(i)] for i in self._random.integers(0, len(self._texts), count).tolist()
                    ),
                    first=int(starts[course]) + first,
                    vectors=self._pieces(self._subjects[course][first // SEGMENTS_PER_LECTURE], count),
                )

    def questions(self, count: int, *, evenly: bool) -> list[MadeUpQuestion]:
        """Questions to all courses *evenly*, or in proportion to their sizes; every fourth is foreign to its course."""
        shares = _normed(np.ones(COURSES) if evenly else self.course_sizes.astype(float))
        questions: list[MadeUpQuestion] = []
        for number, course in enumerate(self._random.choice(COURSES, count, p=shares)):
            foreign = number % 4 == 0
            other = (int(course) + 17) % COURSES if foreign else int(course)
            subjects = self._subjects[other]
            subject = subjects[int(self._random.integers(len(subjects)))]
            # Half of a question is everyday words, half is the field's.
            everyday = self._random.choice(2_000, 5, p=_normed(self._word_shares[:2_000]))
            field = self._random.integers(500, 15_000, 4)
            text = " ".join(self.words[int(i)] for i in (*everyday, *field))
            questions.append(
                MadeUpQuestion(course=int(course), text=text, vector=self._near(subject, 0.9), foreign=foreign)
            )
        return questions

    def _subjects_of(self, segments: int) -> NDArray[np.float32]:
        topics = _unit(self._noise(TOPICS))
        lectures = -(-segments // SEGMENTS_PER_LECTURE)
        return self._near(topics[self._random.integers(TOPICS, size=lectures)], 0.5)

    def _pieces(self, subject: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        """Return the vectors of a lecture's segments, shape (count, pieces, dimension)."""
        segments = self._near(np.broadcast_to(subject, (count, self.dimension)), 0.8)
        return self._near(np.repeat(segments[:, None], PIECES, axis=1), 0.6)

    def _near(self, vectors: NDArray[np.float32], distance: float) -> NDArray[np.float32]:
        return _unit(vectors + distance * self._noise(*vectors.shape[:-1]))

    def _noise(self, *shape: int) -> NDArray[np.float32]:
        """Return vectors of about unit length: sums of two of the pool, which are many and cheap."""
        first, second = (self._pool[self._random.integers(POOL, size=shape)] for _ in range(2))
        return (first + second) * np.float32(0.5**0.5)

    def _coloured(self) -> NDArray[np.float32]:
        """Return vectors whose variance falls off over the directions as the packaged model's does."""
        at = np.arange(self.dimension)
        spread = np.sqrt(np.exp(-at / 130) / (1 + at / 12))
        drawn = self._random.standard_normal((POOL, self.dimension), np.float32) * spread.astype(np.float32)
        # Turned at random, so that no single number of a vector carries much more than another.
        turned, _ = np.linalg.qr(self._random.standard_normal((self.dimension, self.dimension)))
        return _unit(drawn @ turned.astype(np.float32))

    def _vocabulary(self) -> list[str]:
        lengths = self._random.integers(1, 5, VOCABULARY)
        return ["".join(map(str, self._random.choice(SYLLABLES, int(length)))) for length in lengths]

    def _segment(self) -> NewSegment:
        subject = iter(self._random.choice(VOCABULARY, WORDS, p=self._word_shares))
        filler = iter(self._random.integers(0, len(FILLER), WORDS))
        is_filler = self._random.random(WORDS) < FILLER_SHARE
        spoken: list[str] = [
            FILLER[int(next(filler))] if fills else self.words[int(next(subject))] for fills in is_filler
        ]
        cues = [" ".join(spoken[at : at + 10]) for at in range(0, WORDS, 10)]
        offsets = np.cumsum([0, *(len(cue) + 1 for cue in cues)])[:-1]
        text = " ".join(cues)
        return NewSegment(
            start_s=0.0,
            end_s=120.0,
            text=text,
            cue_offsets=tuple(int(offset) for offset in offsets),
            cue_starts_s=tuple(4.0 * number for number in range(len(cues))),
            terms=lexical.saturated(lexical.terms(text, "pt"), {}),
        )


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def _normed(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return shares / shares.sum()
