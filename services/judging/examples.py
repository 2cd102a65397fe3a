"""What a judge is shown of staff's labels beside the answer that it judges, and what it is never shown."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import AnswerId, ConfigurationId, Label
from services import prompts
from services.ground.text import without_people
from services.judging.swaying import sways
from services.words.terms import fold

PROMPT, RULES_PROMPT = "judge/3", "judge/4"
"""The prompts for relevance that have room for examples, and for rules and examples."""

MOST_CHARACTERS = 1_500
"""Of all examples and rules of a configuration as they are shown, some 430 tokens, which each judgement pays for."""
LONGEST_EXAMPLE = 900
"""A question and an answer of usual lengths fit (120 and 700 characters); a longer one leaves room for no other."""
LONGEST_WHY = 300

WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One answer with what staff say of it."""

    answer: AnswerId
    question: str  # standing alone
    root: str  # what was first asked
    text: str
    label: Label
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """The examples and rules of one configuration, as they are shown under a course's labels of the scores."""

    labels: tuple[Label, Label, Label, Label]
    examples: tuple[Example, ...]
    rules: tuple[str, ...] = ()
    configuration: ConfigurationId | None = None  # None: not stored

    @property
    def prompt_id(self) -> str:
        return RULES_PROMPT if self.rules else PROMPT

    @property
    def rules_shown(self) -> str:
        return "\n".join(map(rule_shown, self.rules))

    def beside(self, question: str, root: str) -> str:
        """
        Return the examples to show beside an answer to *question*; an answer's own question is never among them.

        Neither is whoever asked the same in other letters, nor another try at it: staff's label of the one would tell
        the judge that of the other.
        """
        own = {identity(question), identity(root)}
        others = [one for one in self.examples if own.isdisjoint({identity(one.question), identity(one.root)})]
        return "\n".join(shown(one, self.labels) for one in others)

    def sha256(self, model: str) -> str:
        """Return what stands for model, prompt, examples and rules: whatever changes in what is shown changes it."""
        examples = (shown(one, self.labels) for one in self.examples)
        parts = (model, prompts.load(self.prompt_id).sha256, *examples, *map(rule_shown, self.rules))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def identity(question: str) -> str:
    """
    Return what two askings of one question share: its words, whatever accents, case and signs they are written with.

    >>> identity("O que é um tensor?") == identity("o que e um  TENSOR")
    True
    """
    return " ".join(WORD.findall(fold(question))) or question.strip()


def shown(example: Example, labels: Sequence[Label]) -> str:
    """
    Return an example as one line of JSON, so that no text in it can end it, begin another or write a grade.

    A label that several scores have is shown as these: which of them staff would have given, nobody knows.
    """
    scores = [str(score) for score, label in enumerate(labels) if label == example.label]
    told = {"question": example.question, "answer": example.text, "grade": " or ".join(scores)}
    return prompts.as_data(json.dumps(told | ({"why": example.why} if example.why else {}), ensure_ascii=False))


def rule_shown(rule: str) -> str:
    return prompts.as_data(f"- {rule}")


def why(label: Label, comment: str | None, correction: str | None) -> str | None:
    """Return what staff said of an answer, else what they wrote in its place, without what stands for a person."""
    if comment:
        return without_people(comment)[:LONGEST_WHY]
    return f"Staff wrote instead: {without_people(correction)[:LONGEST_WHY]}" if correction and label != "C" else None


def speaks_to_a_judge(example: Example) -> bool:
    """Tell whether a text of the example tries to sway a judge: it is then none to learn from."""
    # Staff may well say that an answer is right, and a student ask whether one is.
    told = any(sways(text, is_answer=False) for text in (example.question, example.why or ""))
    return told or sways(example.text)
