"""Choose examples that cover what staff say: each label, each language, and where the judge saw it otherwise."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Label
from db.records.learning import LabelledAnswer
from services.errors import Refused
from services.judging.examples import MOST_CHARACTERS, Example, identity, shown, speaks_to_a_judge, why
from services.research.agreement import verdict
from services.words.terms import terms

Labels = tuple[Label, Label, Label, Label]

FEWEST_TWICE = 10
"""From so many answers on that several of staff have labelled, it is known whether these agree."""
LEAST_AGREED = 0.5
"""Of those: where staff give one label less often, the judge would learn whose turn it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The examples, and how many answers could be none."""

    examples: tuple[Example, ...]
    swaying: int  # they speak to the judge
    too_long: int


def chosen(answers: Sequence[LabelledAnswer], labels: Labels, most: int, *, room: int = MOST_CHARACTERS) -> Chosen:
    """
    Choose up to *most* examples for coverage, the same ones each time.

    Answers are sorted into strata: what staff say, the language, and whether the judge's label was another. Strata take
    turns, those where the judge was wrong first; from each comes the answer that has the fewest words in common with
    what is chosen already. A question is shown once, and all together are no longer than *room* characters.
    """
    usable = [(one, example) for one in answers if (example := example_of(one))]
    plain = [(one, example) for one, example in usable if not speaks_to_a_judge(example)]
    short = [(one, example) for one, example in plain if len(shown(example, labels)) <= MOST_CHARACTERS / 2]
    picked = _in_turns(_strata([pair for pair in short if pair[1].label in labels], labels), labels, most, room)
    return Chosen(examples=tuple(picked), swaying=len(usable) - len(plain), too_long=len(plain) - len(short))


def example_of(answer: LabelledAnswer) -> Example | None:
    """Return the answer as an example, or None where staff contradict each other evenly."""
    label = verdict(answer.labels)
    if label is None or label == "tied":
        return None
    said = [
        comment for given, comment in zip(answer.labels, answer.comments, strict=True) if given == label and comment
    ]
    return Example(
        answer=answer.answer_id,
        question=answer.question,
        root=answer.root,
        text=answer.text,
        label=label,
        why=why(label, said[-1] if said else None, answer.correction),
    )


def with_one_label(labelled: Sequence[LabelledAnswer]) -> list[tuple[LabelledAnswer, Label]]:
    """Leave out the answers on which staff contradict each other evenly."""
    found: list[tuple[LabelledAnswer, Label]] = []
    for one in labelled:
        label = verdict(one.labels)
        if label is not None and label != "tied":
            found.append((one, label))
    return found


def require_agreement(labelled: Sequence[LabelledAnswer]) -> None:
    """
    Refuse to learn from staff who do not agree among themselves.

    Raises:
        Refused: where several of them labelled an answer, they mostly say different things.

    """
    twice = [one.labels for one in labelled if len(one.labels) > 1]
    agreed = sum(len(set(labels)) == 1 for labels in twice)
    if len(twice) >= FEWEST_TWICE and agreed <= LEAST_AGREED * len(twice):
        raise Refused(
            f"Of {len(twice)} answers that several of staff labelled, they agree on {agreed}; talk about what C, P "
            "and I mean before the judge learns from them."
        )


def _strata(pairs: Sequence[tuple[LabelledAnswer, Example]], labels: Labels) -> list[list[tuple[set[int], Example]]]:
    """Sort into strata, the judge's errors first, then the most serious label; each answer with its words."""
    strata: defaultdict[tuple[bool, str, str], list[tuple[set[int], Example]]] = defaultdict(list)
    for one, example in pairs:
        agreed = one.score is not None and labels[one.score] == example.label
        words = set(terms(f"{one.question} {one.text}", one.language))
        strata[agreed, example.label, one.language].append((words, example))
    return [strata[key] for key in sorted(strata, key=lambda key: (key[0], "IPC".find(key[1]), key[2]))]


def _in_turns(strata: Sequence[list[tuple[set[int], Example]]], labels: Labels, most: int, room: int) -> list[Example]:
    left = [list(stratum) for stratum in strata]
    picked, words, asked = list[Example](), set[int](), set[str]()
    while len(picked) < most and any(left):
        for stratum in left:
            fitting = [
                one for one in stratum if identity(one[1].root) not in asked and len(shown(one[1], labels)) + 1 <= room
            ]
            stratum[:] = fitting
            if not fitting or len(picked) == most:
                continue
            newest = min(fitting, key=lambda one: (_overlap(one[0], words), one[1].answer))
            picked.append(newest[1])
            words |= newest[0]
            asked.add(identity(newest[1].root))
            room -= len(shown(newest[1], labels)) + 1
    return picked


def _overlap(one: set[int], others: set[int]) -> float:
    """Return the share of the words of *one* that *others* has."""
    return len(one & others) / len(one) if one else 1.0
