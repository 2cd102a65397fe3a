"""Let a course's judge learn from staff: try examples and rules on other questions, ship them or say why not."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import answers, judge_configurations, judge_labels, judge_runs, judge_settings
from db.records import ConfigurationId, Course, JudgeSettings, RunId
from db.records.learning import JudgeRun, LabelledAnswer
from services import prompts
from services.errors import MonitoriaError, Refused
from services.judging import learned, tasks
from services.judging.examples import MOST_CHARACTERS, Example, Lesson, rule_shown
from services.judging.judge import Judge
from services.judging.verdicts import Case
from services.research.learning import configuring, ruling
from services.research.learning.choosing import Chosen, chosen, require_agreement, with_one_label
from services.research.learning.halves import Half, halves
from services.research.learning.ruling import RulesAtHand, WantedRules
from services.research.learning.runs import KeptFigure, figure
from services.research.learning.shipping import Decision, TriedPair, decide, require_testable
from services.research.learning.trying import Trial, TriedAnswer, Work
from services.research.threshold import Threshold, propose

AT_ONCE = 4
CHARACTERS_A_TOKEN, USUAL_REPLY = 3.5, 150
"""As `docs/judge.md` computes what judging costs."""
FEWEST_CHOSEN = 2
NEW_TEST = 0.5
"""Share of the test half that must have been labelled since a run for that run to count no more as a try on it."""
CHANGED = "what staff say of an answer that it learned from changed while it was tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnOrder:
    """How much is learned from, and tested on."""

    examples: int = 6  # at most; with rules there may be none
    rules: WantedRules | None = None  # None: examples alone
    tested: int = 200  # answers of the test half at most, the latest


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnMaterial:
    """What staff have said, and what is made of it before anything is asked."""

    work: tuple[Work, ...]  # development first
    tied: int  # staff contradict each other evenly
    tries: int  # on mostly the same answers of test, this one among them
    chosen: Chosen
    rules: RulesAtHand | None
    settings: JudgeSettings
    characters: int  # of all that the judge will be asked at least

    @property
    def tokens(self) -> int:
        """About what the run will cost; servers count otherwise, and thoughts come on top."""
        return round(self.characters / CHARACTERS_A_TOKEN) + self.calls * USUAL_REPLY

    @property
    def lesson(self) -> Lesson:
        rules = self.rules.rules if self.rules else ()
        return Lesson(labels=self.settings.labels, examples=self.chosen.examples, rules=rules)

    def count(self, half: Half) -> int:
        return sum(one[2] == half for one in self.work)

    @property
    def calls(self) -> int:
        """How often the judge will be asked at least."""
        return self.count("development") + 2 * self.count("test")


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnStep:
    """How far a run is, in answers."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What came of a run."""

    run: RunId
    configuration: ConfigurationId
    examples: tuple[Example, ...]
    rules: tuple[str, ...]
    decision: Decision
    threshold: Threshold  # proposed for the new configuration, on development
    tokens: int


async def material(pool: AsyncConnectionPool, course: Course, order: LearnOrder) -> LearnMaterial:
    """
    Read what staff have said in *course*, and choose the examples that there is room for beside the rules.

    Raises:
        Refused: there are too few labels, they are all alike, staff do not agree among themselves, or the rules cannot
            be used.

    """
    async with pool.connection() as conn:
        parted = await halves(conn, course.id)
        labelled = await judge_labels.by_staff(conn, course.id)
        settings = await judge_settings.current(conn, course.id)
        rules = await ruling.at_hand(conn, course, order.rules) if order.rules else None
        kept = await judge_runs.of_course(conn, course.id)
    require_agreement(labelled)
    work: list[Work] = [(one.answer_id, label, parted.of(one.root)) for one, label in with_one_label(labelled)]
    development = [one for one in work if one[2] == "development"]
    test = [one for one in work if one[2] == "test"][-order.tested :]
    learned_from = {answer for answer, _, _ in development}
    room = MOST_CHARACTERS - (sum(len(rule_shown(rule)) + 1 for rule in rules.rules) if rules else 0)
    usable = [one for one in labelled if one.answer_id in learned_from]
    found = chosen(usable, settings.labels, order.examples, room=room)
    require_testable([label for _, label, _ in test])
    if order.examples:
        _require_two_labels(found)
    made = LearnMaterial(
        work=(*development, *test),
        tied=len(labelled) - len(work),
        tries=1 + _tried_before(kept, labelled, test),
        chosen=found,
        rules=rules,
        settings=settings,
        characters=0,
    )
    return replace(made, characters=_characters(made, labelled))


async def learn(
    pool: AsyncConnectionPool, judge: Judge, course: Course, order: LearnOrder
) -> AsyncGenerator[LearnStep | Learned, None]:
    """
    Make a configuration, try it beside the one in use, and ship it or keep why not; last comes what came of it.

    All calls are reserved, counted and capped like any judgement's. A run that cannot end ships nothing.

    Raises:
        Refused: another run is under way, there is too little to learn from, or the day's budget is spent.
        Unavailable: the judge's model cannot be reached.

    """
    async with configuring.alone(pool, course):
        found = await material(pool, course, order)
        async with pool.connection() as conn:
            before, after = await _configurations(conn, course, judge.name, found)
        trial, tried = Trial(pool, judge, course, found.settings, before, after), list[TriedAnswer]()
        for at in range(0, len(found.work), AT_ONCE):
            try:
                tried += await trial.of(found.work[at : at + AT_ONCE])
            except MonitoriaError as error:
                await _keep_broken(pool, course, judge.name, after, found, tried, str(error))
                raise
            yield LearnStep(done=min(at + AT_ONCE, len(found.work)), total=len(found.work))
        yield await _decided(pool, course, judge.name, after, found, tried)


async def forget(pool: AsyncConnectionPool, course: Course) -> bool:
    """Let the judge go by its prompt alone again; return False where it did."""
    async with pool.connection() as conn:
        return await judge_configurations.retire(conn, course.id)


async def _configurations(
    conn: AsyncConnection, course: Course, model: str, found: LearnMaterial
) -> tuple[Lesson | None, Lesson]:
    """Return the lesson in use, if any, and that of the new configuration, stored."""
    await configuring.require_new(conn, course, model, found.lesson)
    before = await learned.in_use(conn, course.id, model, found.settings)
    ids = [one.answer for one in found.chosen.examples]
    # Those of both at once, in their order: rules and examples lock their own, one after the other.
    sources = found.rules.sources if found.rules else ()
    for answer in sorted({*ids, *(answer for answer, _ in sources)}):
        await answers.lock(conn, course=course.id, answer=answer)
    rules = await ruling.stored(conn, course, found.rules) if found.rules else None
    return before, await configuring.add(conn, course, model, ids, found.settings, rules)


async def _decided(
    pool: AsyncConnectionPool,
    course: Course,
    model: str,
    lesson: Lesson,
    found: LearnMaterial,
    tried: Sequence[TriedAnswer],
) -> Learned:
    development = [one for one in tried if one.half == "development"]
    threshold = propose([(score, one.label) for one in development if (score := one.after.verdict.score) is not None])
    pairs = [
        TriedPair(label=one.label, before=one.before and one.before.verdict.score, after=one.after.verdict.score)
        for one in tried
        if one.half == "test"
    ]
    decision = decide(pairs, found.settings.labels, found.settings.flag_below, found.tries)
    if len(served := _served(tried)) > 1:
        named = ", ".join(repr(name) for name in served)
        decision = replace(decision, ships=False, reason=f"{configuring.RENAMED}: {named}")
    async with pool.connection() as conn:
        decision = await _shipped(conn, course, lesson, decision, threshold)
        run = await _kept(conn, course, model, lesson, found, tried, decision)
    return Learned(
        run=run,
        configuration=_stored(lesson),
        examples=lesson.examples,
        rules=lesson.rules,
        decision=decision,
        threshold=threshold,
        tokens=sum(one.tokens for one in tried),
    )


async def _shipped(
    conn: AsyncConnection, course: Course, lesson: Lesson, decision: Decision, threshold: Threshold
) -> Decision:
    """Keep the decision with the configuration; one whose examples changed meanwhile does not ship after all."""
    for one in (decision, replace(decision, ships=False, reason=CHANGED)):
        if await judge_configurations.decide(
            conn,
            course=course.id,
            configuration=_stored(lesson),
            ships=one.ships,
            reason=one.reason,
            flag_below=threshold.proposed,
        ):
            return one
    return decision


async def _kept(
    conn: AsyncConnection,
    course: Course,
    model: str,
    lesson: Lesson,
    found: LearnMaterial,
    tried: Sequence[TriedAnswer],
    decision: Decision,
) -> RunId:
    served = _served(tried)
    return await judge_runs.add(
        conn,
        course=course.id,
        kind="learning",
        model=model,
        model_served=served[-1] if served else None,
        prompt_id=lesson.prompt_id,
        configuration=lesson.configuration,
        labels="".join(found.settings.labels),
        half="test",
        n=decision.n,
        missing=decision.missing,
        figures=_figures(decision),
        tokens=sum(one.tokens for one in tried),
        outcome="shipped" if decision.ships else "not shipped",
        reason=decision.reason,
    )


async def _keep_broken(
    pool: AsyncConnectionPool,
    course: Course,
    model: str,
    lesson: Lesson,
    found: LearnMaterial,
    tried: Sequence[TriedAnswer],
    why: str,
) -> None:
    """Keep a run that could not end: it compared nothing, and cost what it cost."""
    nothing = decide([], found.settings.labels, found.settings.flag_below)
    broken = replace(nothing, missing=found.count("test"), reason=f"{configuring.UNDECIDED}: {why}")
    async with pool.connection() as conn:
        await _kept(conn, course, model, lesson, found, tried, broken)


def _served(tried: Sequence[TriedAnswer]) -> list[str]:
    """Return how the server named its model, each name once, the latest last."""
    opinions = [opinion for one in tried for opinion in (one.before, one.after) if opinion]
    named = [call.model for opinion in opinions for call in opinion.calls if call.model]
    return list(dict.fromkeys(reversed(named)))[::-1]


def _figures(decision: Decision) -> dict[str, KeptFigure | None]:
    return {
        "agreement": figure(decision.after, decision.after_interval),
        "agreement_before": figure(decision.before, decision.before_interval),
        "difference": figure(decision.difference, decision.difference_interval),
        "tries": figure(decision.tries, None),
        "found": figure(decision.found, None) if decision.n else None,
        "cards_before": figure(decision.cards_before, None) if decision.n else None,
        "cards": figure(decision.cards_after, None) if decision.n else None,
    }


def _tried_before(kept: Sequence[JudgeRun], labelled: Sequence[LabelledAnswer], test: Sequence[Work]) -> int:
    """Count the runs that were decided on mostly the same answers: each was a chance to ship without being better."""
    tested = {answer for answer, _, _ in test}
    times = [one.labelled_at for one in labelled if one.answer_id in tested]
    decided = [run.made_at for run in kept if run.kind == "learning" and run.n]
    return sum(sum(at > made for at in times) < NEW_TEST * len(times) for made in decided)


def _characters(found: LearnMaterial, labelled: Sequence[LabelledAnswer]) -> int:
    known, total = {one.answer_id: one for one in labelled}, 0
    for answer, _, half in found.work:
        one = known[answer]
        case = Case(question=one.question, text=one.text, references=(), hits=(), root=one.root)
        for lesson in (None, found.lesson) if half == "test" else (found.lesson,):
            asked = tasks.task("relevance", case, lesson)
            total += sum(len(message.content) for message in prompts.load(asked.prompt_id).fill(**asked.values))
    return total


def _stored(lesson: Lesson) -> ConfigurationId:
    assert lesson.configuration is not None  # noqa: S101 - `configuring.add` has stored it
    return lesson.configuration


def _require_two_labels(found: Chosen) -> None:
    if len({one.label for one in found.examples}) < FEWEST_CHOSEN:
        raise Refused(
            f"There is too little to learn from: {len(found.examples)} answers of the development half can be "
            "examples, and they do not have two different labels."
        )
