"""
Bring together groups that a course's own lectures say are one: their answers cite the same moments.

Words and vectors leave one subject in several groups where people name it differently; the search has already found
that the same minutes answer them. Moments alone would mix subjects that one passage treats, so the words must be a
little alike as well (docs/digest-topics.md has the figures).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.digest.report import Place
from services.digest.topics.grouping import ALONE, Groups, letters
from services.digest.topics.wording import plain, subject

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SLOT_S = 30.0
BESIDE = 0.5
"""What a citation counts in the slots next to its own, so that two near each other meet."""

LIKE_PLACES = 0.6
LIKE_WORDS = 0.03
"""Least cosines of the cited moments, and of the runs of letters, of two groups that are one."""

BLOCK = 256
"""Groups whose moments are compared with all others at once."""

FEWEST_CITED = 2
MOST_COMPARED = 50
"""Texts of a group whose words are compared."""

Slot = tuple[int, int]
"""A lecture's id, and which half minute of it."""


class Near(NamedTuple):
    """A row, and those before it that cite the same moments."""

    row: int
    others: NDArray[np.int64]  # in order
    like: NDArray[np.float64]  # how much, at most 1


class GroupMember(Protocol):
    """One question of a group."""

    @property
    def text(self) -> str: ...

    @property
    def language(self) -> str: ...  # two-letter code

    @property
    def places(self) -> Sequence[Place]: ...  # that its answer cites


def joined(groups: Groups, members: Sequence[GroupMember]) -> Groups:
    """
    Return *groups* of *members* with those joined that cite the same moments and use words that are alike.

    A smaller group joins the larger one it is most like, as long as that has not joined another itself. The centrality
    of its questions shrinks by how alike the two are, so that the larger group's words stand for both.
    """
    rows = _rows(groups)
    cited = {label: slots for label, of in rows.items() if (slots := _slots(members, of))}
    first_text = {label: min(members[row].text for row in rows[label]) for label in cited}
    order = sorted(cited, key=lambda label: (-len(rows[label]), first_text[label]))
    if len(order) < 2:
        return groups
    near = _near(_cited([cited[label] for label in order]))
    first = next(near, None)
    if first is None:
        return groups  # weighing words takes long, and would join none
    leads = _leads(chain([first], near), _said([_texts(members, rows[label]) for label in order]))
    into = {order[number]: (order[lead], like) for number, (lead, like) in leads.items()}
    return Groups(
        labels=tuple(into[label][0] if label in into else label for label in groups.labels),
        centrality=tuple(
            central * into[label][1] if label in into else central
            for label, central in zip(groups.labels, groups.centrality, strict=True)
        ),
    )


def _near(cited: "csr_matrix") -> Iterator[Near]:
    """Yield what is near to each row that has something near, in order."""
    count, across = cited.shape[0], cited.T
    for start in range(0, count, BLOCK):
        block = np.arange(start, min(start + BLOCK, count))
        for row, like in zip(block.tolist(), (cited[block] @ across).toarray(), strict=True):
            others = np.flatnonzero(like[:row] >= LIKE_PLACES)
            if others.size:
                yield Near(row, others, like[others])


def _leads(near: Iterable[Near], said: "csr_matrix") -> dict[int, tuple[int, float]]:
    """Return for each row that joins another, the larger first, which one, and how alike the two are."""
    leads = dict[int, tuple[int, float]]()
    for number, others, places in near:
        is_free = np.array([other not in leads for other in others.tolist()])
        if is_free.any():
            free = others[is_free]
            words = said[free] @ said[np.array([number])].toarray()[0]
            like = np.where(words >= LIKE_WORDS, places[is_free] * words, 0.0)
            best = int(like.argmax())  # of equals the first, which is the larger group
            if like[best] > 0:
                leads[number] = (int(free[best]), float(like[best]))
    return leads


def _rows(groups: Groups) -> Mapping[int, list[int]]:
    rows = defaultdict[int, list[int]](list)
    for row, label in enumerate(groups.labels):
        if label != ALONE:
            rows[label].append(row)
    return rows


def _slots(members: Sequence[GroupMember], rows: Sequence[int]) -> Mapping[Slot, float] | None:
    """Return how much of each half minute is cited; None: too little to say anything."""
    cited = [place for row in rows for place in members[row].places]
    if len(cited) < FEWEST_CITED:
        return None
    slots = defaultdict[Slot, float](float)
    for place in cited:
        slot = int(place.start_s // SLOT_S)
        for beside, weight in ((-1, BESIDE), (0, 1.0), (1, BESIDE)):
            slots[place.lecture_id, slot + beside] += weight
    return slots


def _cited(rows: Sequence[Mapping[Slot, float]]) -> "csr_matrix":
    """Return what each group cites, at unit length."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - see `letters`

    columns = {slot: number for number, slot in enumerate(dict.fromkeys(slot for row in rows for slot in row))}
    weighed = [(number, columns[slot], weight) for number, row in enumerate(rows) for slot, weight in row.items()]
    numbers, slots, weights = (np.array(part) for part in zip(*weighed, strict=True))
    lengths = np.sqrt(np.bincount(numbers, weights**2))
    return csr_matrix((weights / lengths[numbers], (numbers, slots)), (len(rows), len(columns)))


def _texts(members: Sequence[GroupMember], rows: Sequence[int]) -> list[str]:
    """Return what the questions of a group are about, as far as it is compared."""
    texts = sorted({(members[row].text, members[row].language) for row in rows})[:MOST_COMPARED]
    return [subject(plain(text), language) for text, language in texts]


def _said(groups: Sequence[Sequence[str]]) -> "csr_matrix":
    """Return the mean of each group's letters: the product of two is the mean likeness of all pairs of their texts."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - see `letters`

    weights = letters([text for group in groups for text in group])
    sizes = [len(group) for group in groups]
    of_group, shares = np.repeat(np.arange(len(groups)), sizes), np.repeat([1 / size for size in sizes], sizes)
    return csr_matrix((shares, (of_group, np.arange(len(of_group)))), (len(groups), len(of_group))) @ weights
