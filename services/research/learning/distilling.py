"""Have the judge's model put into rules what staff see otherwise than the judge, for a person to read."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import judge_labels, judge_settings
from db.records import AnswerId, Course, JudgeSettings, Label, RulesId
from db.records.learning import LabelledAnswer
from services import prompts
from services.errors import Refused
from services.ground.text import without_people
from services.judging import fitting, tasks
from services.judging.aside import Inquiry
from services.judging.examples import Example, speaks_to_a_judge
from services.judging.judge import Judge, Opinion, counted
from services.research.learning import configuring, ruling
from services.research.learning.choosing import example_of, require_agreement, with_one_label
from services.research.learning.halves import halves
from services.research.learning.ruling import WrittenBy
from services.research.learning.shipping import require_testable

FEWEST_DISPUTES = 5
MOST_DISPUTES = 24
LONGEST_SHOWN = 600
"""Characters of a question or an answer; what is wrong with it mostly stands in its beginning."""
WORDS: dict[Label, str] = {"C": "correct", "P": "partly correct", "I": "incorrect"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One answer of development that staff see otherwise than the judge."""

    example: Example  # as staff see it
    judged: Label

    @property
    def shown(self) -> str:
        """One line of JSON; labels are words, so that no grade is shown of which a rule could speak."""
        told = {
            "question": without_people(self.example.question)[:LONGEST_SHOWN],
            "answer": without_people(self.example.text)[:LONGEST_SHOWN],
            "grader": WORDS[self.judged],
            "staff": WORDS[self.example.label],
        }
        why = {"why": self.example.why} if self.example.why else {}
        return prompts.as_data(json.dumps(told | why, ensure_ascii=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputes:
    """What rules can be distilled from."""

    shown: tuple[Dispute, ...]
    differ: int  # of those compared; some are not shown
    compared: int  # answers of development with one label of staff and a score
    settings: JudgeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Distilled:
    """A draft, of which nothing is in use."""

    draft: RulesId
    rules: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]  # rules of the model's that may not be shown, each with why
    disputes: Disputes
    tokens: int


async def disputes(pool: AsyncConnectionPool, course: Course) -> Disputes:
    """
    Return the answers of development that rules can be distilled from.

    Raises:
        Refused: staff and judge differ on too few, staff do not agree among themselves, or there is too little to try
            rules on.

    """
    async with pool.connection() as conn:
        parted = await halves(conn, course.id)
        labelled = await judge_labels.by_staff(conn, course.id)
        settings = await judge_settings.current(conn, course.id)
    require_agreement(labelled)
    # Rules that cannot be tried are not worth a question.
    require_testable([label for one, label in with_one_label(labelled) if parted.of(one.root) == "test"])
    return _found([one for one in labelled if parted.of(one.root) == "development"], settings)


async def distil(pool: AsyncConnectionPool, judge: Judge, course: Course) -> Distilled:
    """
    Ask the judge's model once for rules, and keep those that may be shown as a draft; nothing of it is in use.

    Raises:
        Refused: there is too little to distil from, nothing came of it, or the day's budget is spent.
        Unavailable: the judge's model cannot be reached.

    """
    async with configuring.alone(pool, course):
        found = await disputes(pool, course)
        task = tasks.distilling("\n".join(one.shown for one in found.shown), course.language[:2])
        aside = Inquiry(pool, judge, course, found.settings, "learning")
        opinion = await aside.distil(found.shown[0].example.answer, task)
        if opinion.status not in {"ok", "recovered"}:
            raise Refused(
                f"The model wrote no rules that can be read ({opinion.status}); try again, or write them yourself and "
                "try them by `--with-rules FILE`."
            )
        rules, left_out = _sorted(fitting.read(opinion.verdict.rules), found)
        if not rules:
            why = f"; of what it wrote, {left_out[0][0]!r} cannot be used, for {left_out[0][1]}" if left_out else ""
            raise Refused(f"The model found no rule in {len(found.shown)} disagreements{why}.")
        async with pool.connection() as conn:
            draft = await _kept(conn, course, judge, rules, found, opinion)
    return Distilled(draft=draft, rules=rules, left_out=left_out, disputes=found, tokens=counted(opinion.calls))


def _found(answers: Sequence[LabelledAnswer], settings: JudgeSettings) -> Disputes:
    pairs = [
        Dispute(example=example, judged=settings.labels[one.score])
        for one in answers
        if one.score is not None and (example := example_of(one)) and example.label in settings.labels
    ]
    differ = [one for one in pairs if one.judged != one.example.label]
    usable = [one for one in differ if not speaks_to_a_judge(one.example)]
    if len(usable) < FEWEST_DISPUTES:
        raise Refused(
            f"There is too little to make rules of: staff and the judge differ on {len(usable)} of the {len(pairs)} "
            f"answers of the development half that both labelled; it takes {FEWEST_DISPUTES}."
        )
    return Disputes(shown=_in_turns(usable), differ=len(differ), compared=len(pairs), settings=settings)


def _in_turns(usable: Sequence[Dispute]) -> tuple[Dispute, ...]:
    """Choose so that what is rare is there too: ways to differ take turns, in each those with a reason first."""
    ways: defaultdict[tuple[Label, Label], list[Dispute]] = defaultdict(list)
    for one in sorted(usable, key=lambda one: (one.example.why is not None, one.example.answer)):
        ways[one.judged, one.example.label].append(one)
    picked = list[Dispute]()
    while len(picked) < MOST_DISPUTES and any(ways.values()):
        picked += [way.pop() for way in ways.values() if way]
    return tuple(picked[:MOST_DISPUTES])


def _sorted(rules: Sequence[str], found: Disputes) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Part the rules that a judge may be shown from those that it may not, each of these with why."""
    quoted = [text for one in found.shown for text in (one.example.question, one.example.text)]
    why = {rule: fitting.unfit(rule, quoted) for rule in rules}
    return tuple(rule for rule in rules if not why[rule]), tuple((rule, is_) for rule, is_ in why.items() if is_)


async def _kept(
    conn: AsyncConnection, course: Course, judge: Judge, rules: Sequence[str], found: Disputes, opinion: Opinion
) -> RulesId:
    sources: list[tuple[AnswerId, Label]] = [(one.example.answer, one.example.label) for one in found.shown]
    last = opinion.calls[-1]
    by = WrittenBy(
        model=judge.name, prompt_id=last.prompt_id, prompt_sha256=last.prompt_sha256, tokens=counted(opinion.calls)
    )
    return await ruling.add(conn, course, rules, sources, by=by)
