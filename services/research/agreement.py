"""Hold the judge's labels against those of people, and say how far they agree."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from psycopg_pool import AsyncConnectionPool

from db import agreement, judge_settings, second_looks, second_opinions
from db.records import AnswerId, ConfigurationId, Course, Judgement, Label, Outcome
from db.records.learning import WeakAnswer
from db.records.reviews import HumanLabel, JudgedAnswer
from db.weak_answers import weak_answers
from services.ground.faults import Faults, groups
from services.ground.statistics import (
    Interval,
    ac1,
    ac1_interval,
    agreed,
    is_single_class,
    kappa,
    kappa_interval,
    prevalences,
    total,
    wilson,
)
from services.research.annotators import StandIn, stand_in
from services.research.learning.halves import HALVES, Half, halves
from services.research.threshold import Threshold, propose

LABELS: tuple[Label, ...] = ("C", "P", "I")
"""In their order, best first; weighted κ takes the steps between them."""

IMPORTED = "imported"
"""The model of judgements that were made elsewhere."""

PREVALENT = 0.9
"""From this share of one label on, κ is moved far by single answers and says little of the others."""

SHOWN_DISAGREEMENTS = 10

Verdict = Label | Literal["tied"]
People = Literal["staff", "students"]
Configuration = tuple[str, str | None, ConfigurationId | None]
"""Of the judge: its model, the id of its prompt, and the examples that it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedAnswer:
    """One answer, what a judge said of it last, and what people say."""

    answer: JudgedAnswer
    judgement: Judgement | None
    opinions: tuple[HumanLabel, ...]

    @property
    def is_imported(self) -> bool:
        return self.answer.source == "dossier" or (self.judgement is not None and self.judgement.model == IMPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    How the judge and people compare on one group of answers.

    Nothing is dropped: labelled = n + tied + failed + unjudged.
    """

    labelled: int  # answers that the people of the group labelled
    n: int  # answers compared
    tied: int  # people contradict each other evenly, so that there is no label to compare with
    failed: int  # the judge's last attempt gave no score
    unjudged: int
    matrix: tuple[tuple[int, ...], ...]  # judge's label (row) and people's (column), as in LABELS
    agreement: float | None  # share of equal labels; None of nothing, as below
    interval: Interval | None  # of that share, 95 %, Wilson
    weighted_agreement: float | None  # by inverse probability of being judged; None: all were judged
    kappa: float | None
    kappa_interval: Interval | None  # 95 %, by resampling the answers, as that of AC1
    kappa_note: str | None  # why κ is undefined, or says little here
    weighted_kappa: float | None  # linear, on I < P < C; undefined where κ is
    ac1: float | None
    ac1_interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeConfiguration:
    """One configuration of the judge; its figures and its threshold belong to no other."""

    model: str
    prompt_id: str | None
    learned: ConfigurationId | None  # what `judge learn` made of staff's labels; None: the prompt alone
    settings_versions: tuple[int, ...]  # the maps from scores to labels that its labels were made with
    figures: Comparison
    failures: Mapping[str, int]  # answers by what came of the judgement
    threshold: Threshold
    cases: tuple[ComparedAnswer, ...]  # the answers that it judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One answer that the judge and people see differently."""

    case: ComparedAnswer
    judgement: Judgement
    people: People
    verdict: Label
    gap: int  # steps between the labels: 1 or 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """All that is known of how far a course's judge agrees with its people."""

    groups: Mapping[str, Comparison]
    failures: Mapping[str, int]  # answers by what came of their last judgement, failures only
    judged_unlabelled: int  # answers with a score that nobody labelled
    untold: int  # answers whose label of staff is not counted yet: somebody else is still to give one blind
    labelled_unjudged: Mapping[Outcome, int]  # by outcome: only what was `answered` is judged for relevance
    configurations: tuple[JudgeConfiguration, ...]  # the one that judged last first, the imported one at the end
    flag_below: int  # as the course has it now
    disagreements: tuple[Disagreement, ...]
    stand_in: StandIn  # whether the judge may stand in for one of staff
    faults: Mapping[str, Faults]  # whether weak answers are the search's fault or the answer's, by who finds them weak

    @property
    def in_use(self) -> JudgeConfiguration | None:
        """The configuration that judged last, unless there are only imported ones."""
        return next((one for one in self.configurations if one.model != IMPORTED), None)


async def measure(pool: AsyncConnectionPool, course: Course) -> AgreementReport:
    """Read what the judge and people said in *course*, and compare."""
    async with pool.connection() as conn, conn.transaction():
        await agreement.hold_still(conn)
        answers = await agreement.answered(conn, course.id)
        judgements = await agreement.judgements(conn, course.id)
        opinions = await agreement.opinions(conn, course.id)
        seconds = await second_opinions.all_standing(conn, course.id)
        settings = await judge_settings.current(conn, course.id)
        weak = await weak_answers(conn, course=course.id, flag_below=settings.flag_below)
        untold = await second_looks.awaited(conn, course.id)
    async with pool.connection() as conn:
        parted = await halves(conn, course.id)
    found = report(answers, judgements, opinions, seconds, flag_below=settings.flag_below, half=parted.of, weak=weak)
    return replace(found, untold=untold)


def report(
    answers: Sequence[JudgedAnswer],
    judgements: Sequence[Judgement],
    opinions: Sequence[HumanLabel],
    seconds: Sequence[Judgement] = (),
    *,
    flag_below: int,
    half: Callable[[str], Half],
    weak: Sequence[WeakAnswer] = (),
) -> AgreementReport:
    """
    Compare; *judgements* are the last of each configuration for each answer, oldest first.

    *seconds* are the second opinions on the last of all for each answer.

    *half* tells to which half of the labelled questions one belongs.
    """
    last = {judgement.answer_id: judgement for judgement in judgements}
    said: defaultdict[AnswerId, list[HumanLabel]] = defaultdict(list)
    for opinion in opinions:
        said[opinion.answer_id].append(opinion)
    cases = [_case(answer, last.get(answer.answer_id), said) for answer in answers]
    return AgreementReport(
        groups=_groups(cases, half) | _seconded(cases, seconds),
        failures=_failures([case.judgement for case in cases if case.judgement]),
        judged_unlabelled=sum(
            not case.opinions for case in cases if case.judgement and case.judgement.score is not None
        ),
        untold=0,
        labelled_unjudged=Counter(case.answer.outcome for case in cases if not case.judgement),
        configurations=_configurations(answers, judgements, said),
        flag_below=flag_below,
        disagreements=disagreements(cases),
        stand_in=_stand_in(cases),
        faults=groups(weak),
    )


def verdict(labels: Sequence[Label]) -> Verdict | None:
    """
    Return the label given most often, `tied` where two are given equally often, None of nothing.

    >>> verdict(["C", "I", "C"]), verdict(["C", "I"]), verdict([])
    ('C', 'tied', None)
    """
    counted = Counter(labels).most_common(2)
    if len(counted) > 1 and counted[0][1] == counted[1][1]:
        return "tied"
    return counted[0][0] if counted else None


def by_staff(case: ComparedAnswer) -> Verdict | None:
    return verdict([opinion.label for opinion in case.opinions if opinion.role == "staff"])


def by_students(case: ComparedAnswer) -> Verdict | None:
    return verdict([opinion.label for opinion in case.opinions if opinion.role == "student"])


def by_rank(case: ComparedAnswer) -> Verdict | None:
    """Staff outrank students, however many there are."""
    return by_staff(case) or by_students(case)


def by_blind_staff(case: ComparedAnswer) -> Verdict | None:
    """Of those who had not seen the judge's score: only they can contradict it freely."""
    return verdict([one.label for one in case.opinions if one.role == "staff" and not one.judge_visible])


def by_informed_staff(case: ComparedAnswer) -> Verdict | None:
    return verdict([one.label for one in case.opinions if one.role == "staff" and one.judge_visible])


def compared(cases: Sequence[ComparedAnswer], people: Callable[[ComparedAnswer], Verdict | None]) -> Comparison:
    """Compare the judge with the verdict of *people* on those of *cases* that they labelled."""
    labelled = [(case.judgement, said) for case in cases if (said := people(case))]
    judged = [(judgement, said) for judgement, said in labelled if judgement]
    scored = [(judgement.label, said, judgement.probability) for judgement, said in judged if judgement.label]
    pairs = [(label, said, probability) for label, said, probability in scored if said != "tied"]
    counts = Counter((label, said) for label, said, _ in pairs)
    matrix = tuple(tuple(counts[judge, said] for said in LABELS) for judge in LABELS)
    return Comparison(
        labelled=len(labelled),
        n=len(pairs),
        tied=len(scored) - len(pairs),
        failed=len(judged) - len(scored),
        unjudged=len(labelled) - len(judged),
        matrix=matrix,
        agreement=agreed(matrix) / len(pairs) if pairs else None,
        interval=wilson(agreed(matrix), len(pairs)),
        weighted_agreement=_weighted([(label == said, probability) for label, said, probability in pairs]),
        kappa=kappa(matrix),
        kappa_interval=kappa_interval(matrix),
        kappa_note=kappa_note(matrix),
        weighted_kappa=kappa(matrix, "linear"),
        ac1=ac1(matrix),
        ac1_interval=ac1_interval(matrix),
    )


def among_staff(cases: Sequence[ComparedAnswer]) -> Comparison:
    """
    Compare staff with each other, the ceiling of what a judge can reach: each answer's first label with its second.

    Two labels an answer, so that an answer that many labelled counts once.
    """
    said = [[one.label for one in case.opinions if one.role == "staff"] for case in cases]
    return _paired([(labels[0], labels[1]) for labels in said if len(labels) > 1], failed=0)


def _seconded(cases: Sequence[ComparedAnswer], seconds: Sequence[Judgement]) -> dict[str, Comparison]:
    """
    Compare a second opinion with staff, the judge with staff on the same answers, and the judge with the second.

    The same answers, for a second opinion is asked where it is hard to tell. Where nobody was asked there is no group.
    None is weighted: those that votes have asked for were not drawn, and stand for no others.
    """
    of = {one.answer_id: one for one in seconds}
    heard = [(case, of[case.answer.answer_id]) for case in cases if case.answer.answer_id in of]
    if not heard:
        return {}
    pairs = [(case.judgement, second) for case, second in heard]
    both = [(one.label, other.label) for one, other in pairs if one and one.label and other.label]
    return {
        "second opinion": _unweighted(compared([replace(case, judgement=second) for case, second in heard], by_staff)),
        "judge, same answers": _unweighted(compared([case for case, _ in heard], by_staff)),
        "judge, second opinion": _paired(both, failed=len(pairs) - len(both)),
    }


def _unweighted(found: Comparison) -> Comparison:
    return replace(found, weighted_agreement=None)


def _paired(pairs: Sequence[tuple[str, str]], *, failed: int) -> Comparison:
    """Compare two labels of each answer, of which *failed* answers more lack one."""
    counts = Counter(pairs)
    matrix = tuple(tuple(counts[first, second] for second in LABELS) for first in LABELS)
    n = len(pairs)
    return Comparison(
        labelled=n + failed,
        n=n,
        tied=0,
        failed=failed,
        unjudged=0,
        matrix=matrix,
        agreement=agreed(matrix) / n if n else None,
        interval=wilson(agreed(matrix), n),
        weighted_agreement=None,
        kappa=kappa(matrix),
        kappa_interval=kappa_interval(matrix),
        kappa_note=kappa_note(matrix),
        weighted_kappa=kappa(matrix, "linear"),
        ac1=ac1(matrix),
        ac1_interval=ac1_interval(matrix),
    )


def kappa_note(matrix: Sequence[Sequence[int]]) -> str | None:
    """Say why κ is undefined for *matrix*, or should not be believed; None where it can be read."""
    if not total(matrix):
        return "undefined: nothing to compare"
    if is_single_class(matrix):
        return "undefined: single class"
    if _has_one_class(matrix) or _has_one_class(list(zip(*matrix, strict=True))):
        return "0 whatever the agreement: one side gives a single class"
    share, label = max(zip(prevalences(matrix), LABELS, strict=True))
    return f"rests on few answers: {share:.0%} of the labels are {label}" if share >= PREVALENT else None


def disagreements(cases: Sequence[ComparedAnswer]) -> tuple[Disagreement, ...]:
    """The worst disagreements: the widest first, staff's before students', the latest answers first."""
    found = [one for case in cases if (one := _disagreement(case))]
    found.sort(key=lambda one: (one.case.answer.answered_at, one.case.answer.answer_id), reverse=True)
    found.sort(key=lambda one: (-one.gap, one.people))  # "staff" < "students"
    return tuple(found[:SHOWN_DISAGREEMENTS])


def _case(
    answer: JudgedAnswer, judgement: Judgement | None, said: Mapping[AnswerId, list[HumanLabel]]
) -> ComparedAnswer:
    return ComparedAnswer(answer=answer, judgement=judgement, opinions=tuple(said.get(answer.answer_id, ())))


def _groups(cases: Sequence[ComparedAnswer], half: Callable[[str], Half]) -> dict[str, Comparison]:
    """
    Comparison over all answers, by language of the question, by who labelled, and by where the answer was made.

    What students say is compared wherever they voted, also where staff outrank them: the answers that staff pass over
    are not like the others.
    """
    languages = sorted({case.answer.language for case in cases})
    parted = {name: [case for case in cases if half(case.answer.root) == name] for name in HALVES}
    return {
        "all": compared(cases, by_rank),
        **{
            f"lang {code}": compared([one for one in cases if one.answer.language == code], by_rank)
            for code in languages
        },
        "by staff": compared(cases, by_staff),
        "by students": compared(cases, by_students),
        "staff, blind": compared(cases, by_blind_staff),
        "staff, judge seen": compared(cases, by_informed_staff),
        **{f"staff, {name}": compared(parted[name], by_staff) for name in HALVES},
        "staff, each other": among_staff(cases),
        **{
            f"staff, each other, {code}": among_staff([one for one in cases if one.answer.language == code])
            for code in languages
        },
        "made here": compared([case for case in cases if not case.is_imported], by_rank),
        "imported": compared([case for case in cases if case.is_imported], by_rank),
    }


def _configurations(
    answers: Sequence[JudgedAnswer], judgements: Sequence[Judgement], said: Mapping[AnswerId, list[HumanLabel]]
) -> tuple[JudgeConfiguration, ...]:
    """Each configuration with the answers that it judged, though a later one has judged them again."""
    known = {answer.answer_id: answer for answer in answers}
    of: defaultdict[Configuration, list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        of[judgement.model, judgement.prompt_id, judgement.configuration_id].append(judgement)
    in_use_first = sorted(of.values(), key=lambda given: (given[0].model == IMPORTED, -given[-1].id))
    return tuple(
        _configured([_case(known[one.answer_id], one, said) for one in given], given) for given in in_use_first
    )


def _configured(cases: Sequence[ComparedAnswer], given: Sequence[Judgement]) -> JudgeConfiguration:
    return JudgeConfiguration(
        model=given[0].model,
        prompt_id=given[0].prompt_id,
        learned=given[0].configuration_id,
        settings_versions=tuple(sorted({one.settings_version for one in given if one.label})),
        figures=compared(cases, by_rank),
        failures=_failures(given),
        threshold=propose(_scores_with_staff(cases)),
        cases=tuple(cases),
    )


def _scores_with_staff(cases: Sequence[ComparedAnswer]) -> list[tuple[int, Label]]:
    """Pair the judge's score with the label of staff, where there are both."""
    pairs: list[tuple[int, Label]] = []
    for case in cases:
        said, score = by_staff(case), case.judgement.score if case.judgement else None
        if said and said != "tied" and score is not None:
            pairs.append((score, said))
    return pairs


def _disagreement(case: ComparedAnswer) -> Disagreement | None:
    said = by_rank(case)
    if said is None or said == "tied" or case.judgement is None or case.judgement.label in (None, said):
        return None
    return Disagreement(
        case=case,
        judgement=case.judgement,
        people="staff" if by_staff(case) else "students",
        verdict=said,
        gap=abs(LABELS.index(case.judgement.label) - LABELS.index(said)),
    )


def _stand_in(cases: Sequence[ComparedAnswer]) -> StandIn:
    labels: dict[AnswerId, Label | None] = {}
    said: dict[AnswerId, dict[int, Label]] = {}
    for case in cases:
        labels[case.answer.answer_id] = case.judgement.label if case.judgement else None
        said[case.answer.answer_id] = {one.person: one.label for one in case.opinions if one.role == "staff"}
    return stand_in(labels, said)


def _weighted(pairs: Sequence[tuple[bool, float | None]]) -> float | None:
    """
    Return the share of agreements where each answer stands for 1 / its probability of being judged.

    None where every answer was certain to be judged. An answer without a probability was asked for by somebody, and
    stands for itself. Source: Horvitz and Thompson, "A generalization of sampling without replacement from a finite
    universe", JASA 47, 1952, with the sum of the weights below the line.
    """
    weighted = [(agrees, 1 / (probability or 1.0)) for agrees, probability in pairs]
    if all(weight == 1 for _, weight in weighted):
        return None
    return sum(weight for agrees, weight in weighted if agrees) / sum(weight for _, weight in weighted)


def _failures(judgements: Sequence[Judgement]) -> dict[str, int]:
    return dict(Counter(one.status for one in judgements if one.label is None).most_common())


def _has_one_class(rows: Sequence[Sequence[int]]) -> bool:
    return sum(any(row) for row in rows) == 1
