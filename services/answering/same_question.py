"""
Decide whether two questions ask the same, so that the answer to one may be shown for the other.

What an unfit answer costs is far more than what silence costs, so two questions are the same only where nothing
speaks against it: the same kind of question, the same words for its subject in the same order, the same numbers,
the same negation. How the rule was chosen and what it misses: docs/same-question.md.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from services.answering.question_reading import DOUBLED, Reading, SubjectWord, read
from services.models.embedder.protocol import Vectors
from services.words.kinds import KINDS_ALIKE

Verdict = Literal["same", "related", "different"]
Guard = Literal["negation", "choice", "numbers", "opposites", "kind", "order", "no subject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on likeness counts."""

    same_overlap: float  # of the subjects' words, 0 to 1; "same" takes besides that nothing speaks against it
    related_overlap: float
    related_cosine: float = inf  # what a cosine means depends on the embedder


WORDS_ALONE = Thresholds(same_overlap=1.0, related_overlap=0.6)
MEASURED: Mapping[str, Thresholds] = {
    "all-MiniLM-L6-v2": Thresholds(same_overlap=1.0, related_overlap=0.6, related_cosine=0.7),
    "universal-sentence-encoder-multilingual-3": Thresholds(same_overlap=1.0, related_overlap=0.6, related_cosine=0.66),
}
"""
By the name of the embedding model, as `Identity.model` has it. One that is not here was not measured, and its cosines
mean something else: with it, words alone decide. `python -m bench same-question` measures a model and prints its row.
"""

MARGIN = 0.05
"""Two verified answers whose scores are nearer than this leave open which of them is meant."""

SHORTLIST = 24
"""How many of the nearest candidates are looked at closely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """A question, ready to be compared; `asked` makes it."""

    reading: Reading
    vector: Vectors | None  # of unit length
    model: str | None  # that made the vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How near two questions are, and what speaks against their being the same."""

    overlap: float  # share of the subjects' words that both have, 0 to 1
    cosine: float | None  # None: without vectors of one model
    against: frozenset[Guard]
    is_identical: bool = False

    @property
    def score(self) -> float:
        """The mean of what is known; it only ranks."""
        return self.overlap if self.cosine is None else (self.overlap + self.cosine) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The candidate that fits best."""

    place: int  # in the candidates
    verdict: Literal["same", "related"]
    score: float
    runner_up: float | None  # the score of the next that is the same or related


def asked(text: str, language: str, *, vector: Vectors | None = None, model: str | None = None) -> Comparable:
    """
    Prepare a question in *language* (two-letter code) to be compared.

    It must be understood without what was said before it. *vector* is what `embed_query` of *model* gave for it.
    """
    return Comparable(reading=read(text, language), vector=vector, model=model)


def compare(a: Comparable, b: Comparable) -> Verdict:
    """
    Say whether the answer to one question answers the other ("same"), helps with it ("related"), or neither.

    >>> compare(asked("pq usar dropout?", "pt"), asked("por que a gente usa o dropout", "pt"))
    'same'
    >>> compare(asked("pq usar dropout?", "pt"), asked("por que não usar dropout?", "pt"))
    'related'
    """
    return judge(likeness(a, b), thresholds(a, b))


def thresholds(a: Comparable, b: Comparable) -> Thresholds:
    """Return what the two questions' likeness is held against."""
    return MEASURED.get(a.model or "", WORDS_ALONE) if a.model == b.model else WORDS_ALONE


def likeness(a: Comparable, b: Comparable) -> Likeness:
    """Compare two questions feature by feature; the order of the two does not matter."""
    if b.reading.plain < a.reading.plain:
        a, b = b, a  # words are paired greedily, which need not give the same both ways
    pairs = _aligned(a.reading.subject, b.reading.subject)
    return Likeness(
        overlap=2 * len(pairs) / max(len(a.reading.subject) + len(b.reading.subject), 1),
        cosine=_cosine(a, b),
        against=frozenset(_against(a.reading, b.reading, pairs)),
        is_identical=a.reading.plain == b.reading.plain,
    )


def judge(like: Likeness, limits: Thresholds) -> Verdict:
    """
    Hold a likeness against *limits*.

    Vectors have no say in "same": they place "no treino" beside "no teste", nearer than other words for one question.
    """
    if not like.against and (like.is_identical or like.overlap >= limits.same_overlap):
        return "same"
    is_near = like.cosine is not None and like.cosine >= limits.related_cosine
    return "related" if is_near or like.overlap >= limits.related_overlap else "different"


class Candidates:
    """The verified questions of a course, arranged so that a new one finds its like; keep it until they change."""

    def __init__(self, questions: Sequence[Comparable]) -> None:
        self.questions = tuple(questions)
        self._lengths = np.array([len(question.reading.subject) for question in self.questions])
        self._places = _places(self.questions)
        models = {question.model for question in self.questions if question.vector is not None}
        self._vectors = {model: _stacked(self.questions, model) for model in models}

    def nearest(self, question: Comparable, count: int) -> list[int]:
        """Return the places of the *count* that look most like *question*, roughly and fast."""
        near = self._overlaps(question)
        vectors = self._vectors.get(question.model)
        if vectors is not None and question.vector is not None:
            near = near + vectors @ question.vector
        count = min(count, len(near))
        return np.argpartition(-near, count - 1)[:count].tolist() if count else []

    def _overlaps(self, question: Comparable) -> NDArray[np.float64]:
        shared = np.zeros(len(self.questions))
        for word in question.reading.subject:
            found = [self._places[form] for form in word.forms if form in self._places]
            if found:
                shared[np.unique(np.concatenate(found))] += 1
        return 2 * shared / np.maximum(self._lengths + len(question.reading.subject), 1)


def best(question: Comparable, candidates: Candidates) -> Match | None:
    """
    Return the candidate that *question* asks again or is related to; None where there is neither.

    Where two candidates that ask different things both seem the same as *question*, and about equally so, the
    better one counts as related only.
    """
    looked_at = [
        (place, likeness(question, candidates.questions[place])) for place in candidates.nearest(question, SHORTLIST)
    ]
    judged = [
        (judge(like, thresholds(question, candidates.questions[place])), like.score, place) for place, like in looked_at
    ]
    ranked = sorted((one for one in judged if one[0] != "different"), key=lambda one: (one[0] != "same", -one[1]))
    if not ranked:
        return None
    verdict, score, place = ranked[0]
    is_clear = verdict == "same" and not any(
        other == "same" and score - near < MARGIN and _are_apart(candidates, place, rival)
        for other, near, rival in ranked[1:]
    )
    return Match(
        place=place,
        verdict="same" if is_clear else "related",
        score=score,
        runner_up=ranked[1][1] if len(ranked) > 1 else None,
    )


def _are_apart(candidates: Candidates, place: int, rival: int) -> bool:
    return compare(candidates.questions[place], candidates.questions[rival]) != "same"


def _places(questions: Sequence[Comparable]) -> dict[str, NDArray[np.int64]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(questions):
        for word in question.reading.subject:
            for form in word.forms:
                places[form].append(place)
    return {form: np.array(found, np.int64) for form, found in places.items()}


def _stacked(questions: Sequence[Comparable], model: str | None) -> NDArray[np.float32]:
    """Return the vectors of *model*, shape (n, dimension); zeros where a question has none."""
    made = [question.vector if question.model == model else None for question in questions]
    dimension = next((len(vector) for vector in made if vector is not None), 0)
    stacked = np.zeros((len(questions), dimension), np.float32)
    for place, vector in enumerate(made):
        if vector is not None:
            stacked[place] = vector
    return stacked


def _against(a: Reading, b: Reading, pairs: Sequence[tuple[int, int]]) -> Iterator[Guard]:
    if a.is_negated != b.is_negated:
        yield "negation"
    if a.offers_choice != b.offers_choice and "difference" not in {a.kind, b.kind}:
        yield "choice"
    if _numbers_differ(a, b):
        yield "numbers"
    if _sides_differ(a, b):
        yield "opposites"
    if a.kind != b.kind and frozenset({a.kind, b.kind}) not in KINDS_ALIKE:
        yield "kind"
    if a.kind != "difference" and _is_reordered(a, pairs):
        yield "order"
    if not (a.has_subject and b.has_subject):
        yield "no subject"


def _numbers_differ(a: Reading, b: Reading) -> bool:
    skip = "1" if a.may_say_one or b.may_say_one else ""
    return [n for n in a.numbers if n != skip] != [n for n in b.numbers if n != skip]


def _sides_differ(a: Reading, b: Reading) -> bool:
    rows = {row for row, _ in a.sides} & {row for row, _ in b.sides}
    if any(a.may_or_must) and any(b.may_or_must) and a.may_or_must != b.may_or_must:
        return True
    return any(
        [side for side in a.sides if side[0] == row] != [side for side in b.sides if side[0] == row] for row in rows
    )


def _is_reordered(a: Reading, pairs: Sequence[tuple[int, int]]) -> bool:
    """
    Tell whether the words in common are in another order, beyond a topic that moved from one end to the other.

    Of opposites the order among themselves counts, not where they stand ("vanishing gradient", "o gradiente some");
    beside one, as in "A é melhor que B", nothing else may move.
    """
    order = [place for mine, place in sorted(pairs) if a.subject[mine].sort != "side"]
    if len(order) == 2 or a.sides:
        return order != sorted(order)
    return sum(first > second for first, second in zip(order, order[1:] + order[:1], strict=True)) > 1


def _cosine(a: Comparable, b: Comparable) -> float | None:
    if a.vector is None or b.vector is None or a.model != b.model:
        return None
    return float(a.vector @ b.vector)


def _aligned(a: Sequence[SubjectWord], b: Sequence[SubjectWord]) -> list[tuple[int, int]]:
    """Pair the words of two subjects that are the same, each word once; forms in common go before likeness."""
    pairs: list[tuple[int, int]] = []
    free = set(range(len(b)))
    left: list[int] = []
    for mine, word in enumerate(a):
        found = next((theirs for theirs in sorted(free) if word.forms & b[theirs].forms), None)
        if found is None:
            left.append(mine)
        else:
            free.remove(found)
            pairs.append((mine, found))
    for mine in left:
        found = next((theirs for theirs in sorted(free) if _are_alike(a[mine], b[theirs])), None)
        if found is not None:
            free.remove(found)
            pairs.append((mine, found))
    return pairs


def _are_alike(a: SubjectWord, b: SubjectWord) -> bool:
    """Tell cognates and slips of the finger from other words; "previsão" and "precisão" are other words."""
    if not a.sort == b.sort == "plain":
        return False
    return _is_slip(a.text, b.text) or any(_have_one_root(one, other) for one in a.forms for other in b.forms)


def _have_one_root(a: str, b: str) -> bool:
    if a[:6] != b[:6] or min(len(a), len(b)) < 6:
        return False
    shared = next((at for at, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))
    return shared > 0.6 * max(len(a), len(b))


def _is_slip(a: str, b: str) -> bool:
    """Tell whether two letters changed places, or a letter was doubled."""
    if min(len(a), len(b)) < 5:
        return False
    if len(a) != len(b):
        return DOUBLED.sub(r"\1", a) == DOUBLED.sub(r"\1", b)
    off = [at for at in range(len(a)) if a[at] != b[at]]
    return len(off) == 2 and off[1] == off[0] + 1 and (a[off[0]], a[off[1]]) == (b[off[1]], b[off[0]])
