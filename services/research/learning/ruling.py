"""Store rules for the judge, and let none be used that came from the test half or from what is no longer there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection

from db import answers, judge_labels, judge_rules
from db.records import AnswerId, Course, Label, RulesId
from db.records.learning import KeptRules, LabelledAnswer
from services.errors import Refused
from services.judging.fitting import MOST_RULES, unfit
from services.research.learning.choosing import example_of
from services.research.learning.halves import Halves, halves

Sources = Sequence[tuple[AnswerId, Label]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBy:
    """The model that wrote a draft, and what that took."""

    model: str
    prompt_id: str
    prompt_sha256: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRules:
    """Which rules to try: a stored draft, what a person made of one, or a person's own."""

    draft: RulesId | None
    rules: tuple[str, ...] | None  # None: as the draft has them


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesAtHand:
    """Rules that may be tried."""

    draft: RulesId | None
    rules: tuple[str, ...]
    sources: tuple[tuple[AnswerId, Label], ...]
    is_edited: bool  # they are not stored as they are


async def at_hand(conn: AsyncConnection, course: Course, order: WantedRules) -> RulesAtHand:
    """
    Return the rules of an order, with the answers that they came from.

    Raises:
        Refused: there is no such draft, it is stale, or one of the rules may not be shown to a judge.

    """
    kept = await usable(conn, course, order.draft) if order.draft else None
    sources = tuple(zip(kept.answers, kept.labels, strict=True)) if kept else ()
    rules = tuple(kept.rules) if kept and order.rules is None else order.rules or ()
    known = {one.answer_id: one for one in await judge_labels.by_staff(conn, course.id)}
    _require_fit(rules, known, sources)
    is_edited = kept is None or rules != tuple(kept.rules)
    return RulesAtHand(draft=order.draft, rules=rules, sources=sources, is_edited=is_edited)


async def stored(conn: AsyncConnection, course: Course, found: RulesAtHand) -> RulesId:
    """Return what the rules are stored as; what a person has changed is stored now, and its draft stays."""
    if found.draft is not None and not found.is_edited:
        return found.draft
    return await add(conn, course, found.rules, found.sources, edited_from=found.draft)


async def add(
    conn: AsyncConnection,
    course: Course,
    rules: Sequence[str],
    sources: Sources,
    *,
    by: WrittenBy | None = None,
    edited_from: RulesId | None = None,
) -> RulesId:
    """
    Store rules with the answers that they came from; nothing of it is in use.

    The one way to store any. Halves and labels are read here, whatever a caller believes them to be.

    Raises:
        Refused: an answer belongs to the test half or is not labelled so any more, or a rule may not be shown.

    """
    # Whoever labels an answer locks it too: no label can change between being read here and being watched.
    for answer in sorted(answer for answer, _ in sources):
        await answers.lock(conn, course=course.id, answer=answer)
    known = {one.answer_id: one for one in await judge_labels.by_staff(conn, course.id)}
    require_development(await halves(conn, course.id), known, [answer for answer, _ in sources])
    for answer, label in sources:
        example = example_of(known[answer])
        if example is None or example.label != label:
            raise Refused(
                f"What staff say of the answer {answer} has changed meanwhile; have rules written again by `--rules`."
            )
    _require_fit(rules, known, sources)
    return await judge_rules.add(
        conn,
        course=course.id,
        rules=rules,
        sources=sources,
        edited_from=edited_from,
        model=by and by.model,
        prompt_id=by and by.prompt_id,
        prompt_sha256=by and by.prompt_sha256,
        tokens=by.tokens if by else 0,
    )


async def usable(conn: AsyncConnection, course: Course, rules: RulesId) -> KeptRules:
    """
    Return stored rules.

    Raises:
        Refused: there are none of that number, or something that they came from has changed or gone.

    """
    kept = await judge_rules.get(conn, course=course.id, rules=rules)
    if kept is None:
        raise Refused(
            f"There is no draft {rules} of rules in {course.slug!r}; `monitoria judge learn --course {course.slug} "
            "--rules` makes one."
        )
    if kept.stale_reason:
        raise Refused(f"Draft {rules} is stale, for {kept.stale_reason}; have rules written again by `--rules`.")
    return kept


def require_development(parted: Halves, known: Mapping[AnswerId, LabelledAnswer], sources: Sequence[AnswerId]) -> None:
    """
    Refuse rules of which one answer belongs to the test half.

    Raises:
        Refused: one does, or staff have not labelled it.

    """
    for answer in sources:
        if answer not in known:
            raise Refused(f"No rule can come from the answer {answer}: staff have not labelled it.")
        if parted.of(known[answer].root) != "development":
            raise Refused(f"The answer {answer} belongs to the test half; rules come from development alone.")


def _require_fit(rules: Sequence[str], known: Mapping[AnswerId, LabelledAnswer], sources: Sources) -> None:
    if not 1 <= len(rules) <= MOST_RULES:
        raise Refused(f"There are {len(rules)} rules; write one to {MOST_RULES}, one a line.")
    quoted = [text for answer, _ in sources if answer in known for text in (known[answer].question, known[answer].text)]
    for rule in rules:
        if why := unfit(rule, quoted):
            raise Refused(f"The rule {rule[:80]!r} cannot be used: {why}.")
