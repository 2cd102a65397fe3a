"""The statistics against published tables, and the grouping against what it promises."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.records import AnswerId, Judgement, JudgementId, JudgementStatus, Label, QuestionId
from db.records.reviews import HumanLabel, JudgedAnswer
from services.ground.statistics import Matrix, ac1, agreed, is_single_class, kappa, total, wilson
from services.research.agreement import LABELS, AgreementReport, kappa_note, report, verdict
from services.research.threshold import RESAMPLES, propose

MOMENT = datetime(2026, 11, 2, 12, tzinfo=UTC)
LABEL_OF_SCORE: tuple[Label, ...] = ("I", "I", "P", "C")

# Cohen, "A coefficient of agreement for nominal scales", 1960: 200 patients, two tables of proportions.
COHEN_WORSE_THAN_CHANCE = ((50, 26, 24), (24, 4, 32), (6, 30, 4))
COHEN = ((88, 14, 18), (10, 40, 10), (2, 6, 12))
# Feinstein and Cicchetti, "High agreement but low kappa: I. The problems of two paradoxes", J Clin Epidemiol 43, 1990.
BALANCED = ((40, 9), (6, 45))
PREVALENT = ((80, 10), (5, 5))
# Gwet's irrCAC for R, data set cont3x3abstractors, and its results (Handbook of Inter-Rater Reliability, 2014).
ABSTRACTORS = ((13, 0, 0), (0, 20, 7), (0, 4, 56))

unhurried = settings(deadline=None)  # the first example waits for scipy or scikit-learn
tables = st.lists(st.integers(0, 40), min_size=9, max_size=9).map(lambda counts: (counts[:3], counts[3:6], counts[6:]))
labels = st.sampled_from(LABELS)
scored = st.lists(st.tuples(st.integers(0, 3), labels), min_size=30, max_size=80)


def by_definition(matrix: Matrix, power: int) -> float:
    """Weighted κ as Cohen (1968) defines it, 1 - observed over expected disagreement; power 0: unweighted."""
    n, classes = total(matrix), range(len(matrix))
    rows, columns = [sum(row) for row in matrix], [sum(column) for column in zip(*matrix, strict=True)]
    cost = {(i, j): 0 if i == j else abs(i - j) ** power for i in classes for j in classes}
    observed = sum(cost[i, j] * matrix[i][j] for i in classes for j in classes)
    return 1 - observed * n / sum(cost[i, j] * rows[i] * columns[j] for i in classes for j in classes)


def twenty(*pairs: tuple[int, Label]) -> list[tuple[int, Label]]:
    return list(pairs) * 20


def transposed(matrix: Matrix) -> Matrix:
    return list(zip(*matrix, strict=True))


@pytest.mark.parametrize(
    ("matrix", "published"),
    [(COHEN_WORSE_THAN_CHANCE, -0.09), (COHEN, 0.49), (BALANCED, 0.70), (PREVALENT, 0.32), (ABSTRACTORS, 0.80)],
)
def test_kappa_is_that_of_published_tables(matrix: Matrix, published: float) -> None:
    assert kappa(matrix) == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize(("matrix", "published"), [(ABSTRACTORS, 0.84933), (PREVALENT, 0.808), (BALANCED, 0.7003)])
def test_ac1_is_that_of_published_tables(matrix: Matrix, published: float) -> None:
    """Those of Feinstein and Cicchetti by the formula: pe = 2 p (1 - p), p = 0.875 and 0.475."""
    assert ac1(matrix) == pytest.approx(published, abs=0.0005)


def test_kappa_is_0_19_at_93_percent_agreement_where_95_percent_are_c() -> None:
    """The terminal says so below every report, docs/agreement.md as well."""
    matrix = ((92, 0, 4), (0, 0, 0), (3, 0, 1))

    assert agreed(matrix) / total(matrix) == 0.93
    assert kappa(matrix) == pytest.approx(0.19, abs=0.005)
    assert ac1(matrix) == pytest.approx(0.93, abs=0.005)


@unhurried
@given(tables.filter(lambda matrix: not is_single_class(matrix)))
def test_kappa_and_weighted_kappa_are_cohens_definition(matrix: Matrix) -> None:
    assert kappa(matrix) == pytest.approx(by_definition(matrix, 0))
    assert kappa(matrix, "linear") == pytest.approx(by_definition(matrix, 1))


def test_wilsons_interval_is_that_of_newcombe() -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion", Stat Med 17, 1998, table I, method 3."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }

    for (part, whole), interval in published.items():
        assert wilson(part, whole) == pytest.approx(interval, abs=0.00005)
    assert wilson(0, 0) is None


def test_of_36_times_c_against_c_kappa_is_undefined_and_ac1_is_1() -> None:
    matrix = ((36, 0, 0), (0, 0, 0), (0, 0, 0))

    assert (kappa(matrix), kappa(matrix, "linear"), ac1(matrix)) == (None, None, 1.0)
    assert kappa_note(matrix) == "undefined: single class"


def test_of_nothing_nothing_is_defined() -> None:
    matrix = ((0, 0, 0), (0, 0, 0), (0, 0, 0))

    assert (kappa(matrix), kappa(matrix, "linear"), ac1(matrix)) == (None, None, None)
    assert kappa_note(matrix) == "undefined: nothing to compare"


@pytest.mark.parametrize("matrix", [((30, 2, 4), (0, 0, 0), (0, 0, 0)), ((30, 0, 0), (2, 0, 0), (4, 0, 0))])
def test_kappa_is_0_where_one_side_has_a_single_class_and_the_report_says_so(matrix: Matrix) -> None:
    assert kappa(matrix) == pytest.approx(0)
    assert kappa_note(matrix) == "0 whatever the agreement: one side gives a single class"


def test_a_note_warns_where_nearly_all_labels_are_one() -> None:
    assert kappa_note(((92, 0, 4), (0, 0, 0), (3, 0, 1))) == "rests on few answers: 96% of the labels are C"
    assert kappa_note(((40, 5, 2), (5, 20, 5), (1, 5, 20))) is None


@unhurried
@given(tables.filter(total))
def test_the_coefficients_do_not_mind_who_is_who(matrix: Matrix) -> None:
    swapped = transposed(matrix)

    assert ac1(matrix) == pytest.approx(ac1(swapped))
    for one, other in ((kappa(matrix), kappa(swapped)), (kappa(matrix, "linear"), kappa(swapped, "linear"))):
        assert one == (other if other is None else pytest.approx(other))


@unhurried
@given(tables.filter(total))
def test_the_coefficients_stay_within_their_bounds(matrix: Matrix) -> None:
    coefficient, interval, share = ac1(matrix), wilson(agreed(matrix), total(matrix)), agreed(matrix) / total(matrix)

    assert coefficient is not None
    assert -0.5 - 1e-9 <= coefficient <= share + 1e-9
    assert interval is not None
    assert 0 <= interval[0] <= share + 1e-9
    assert share - 1e-9 <= interval[1] <= 1
    for one in (kappa(matrix), kappa(matrix, "linear")):
        assert one is None or -1 - 1e-9 <= one <= 1 + 1e-9
        assert one is None or (one == pytest.approx(1)) == (share == 1)


@unhurried
@given(st.lists(labels, max_size=6).flatmap(lambda given_: st.tuples(st.just(given_), st.permutations(given_))))
def test_a_verdict_does_not_mind_the_order_and_is_tied_or_the_most_frequent(
    both: tuple[list[Label], list[Label]],
) -> None:
    said = verdict(both[0])

    assert verdict(both[1]) == said
    counts = Counter(both[0])
    most = [label for label in LABELS if counts[label] and counts[label] == max(counts.values())]
    assert said == (None if not most else most[0] if len(most) == 1 else "tied")


@unhurried
@given(scored.flatmap(lambda pairs: st.tuples(st.just(pairs), st.permutations(pairs))))
def test_a_threshold_does_not_mind_the_order_and_is_the_same_each_time(
    both: tuple[list[tuple[int, Label]], list[tuple[int, Label]]],
) -> None:
    one, other = propose(both[0]), propose(both[1])

    assert one == other
    assert (one.tried == ()) == (min(one.need_repair, one.labels - one.need_repair) < 5)
    assert not one.tried or sum(tried.chosen for tried in one.tried) == pytest.approx(1)
    for tried in one.tried:
        assert tried.sensitivity_interval[0] <= tried.sensitivity + 1e-9 <= tried.sensitivity_interval[1] + 2e-9
        assert tried.specificity_interval[0] <= tried.specificity + 1e-9 <= tried.specificity_interval[1] + 2e-9
        assert tried.youden == pytest.approx(tried.sensitivity + tried.specificity - 1)


@pytest.mark.parametrize("below", [1, 2, 3])
def test_a_clean_cut_is_found_and_settled(below: int) -> None:
    pairs: list[tuple[int, Label]] = [(score, "I" if score < below else "C") for score in range(4)] * 10

    found = propose(pairs)

    assert (found.proposed, found.reason) == (below, None)
    best = found.tried[below - 1]
    assert (best.sensitivity, best.specificity, best.youden, best.chosen) == (1.0, 1.0, 1.0, 1.0)
    assert best.sensitivity_interval[0] < 0.91  # ten or more of ten found do not prove that all would be


def test_partly_counts_as_needing_repair() -> None:
    assert propose(twenty((2, "P"), (3, "C"))).proposed == 3


def test_of_equal_thresholds_the_lower_one_is_proposed() -> None:
    found = propose(twenty((0, "I"), (3, "C")))

    assert found.proposed == 1
    assert [one.chosen for one in found.tried] == [1.0, 0.0, 0.0]


def test_a_judge_no_better_than_chance_earns_no_threshold() -> None:
    found = propose(twenty((0, "C"), (3, "I")))

    assert (found.proposed, found.reason) == (None, "no threshold does better than chance on these labels")
    assert len(found.tried) == 3


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([(3, "C")] * 24 + [(0, "I")] * 5, "too few labels (n = 29, 5 of them P or I)"),
        ([(3, "C")] * 96 + [(0, "I")] * 4, "too few labels (n = 100, 4 of them P or I)"),
        ([(3, "C")] * 4 + [(0, "P")] * 96, "too few labels (n = 100, 96 of them P or I)"),
        ([], "too few labels (n = 0, 0 of them P or I)"),
    ],
)
def test_too_few_labels_give_no_threshold(pairs: list[tuple[int, Label]], reason: str) -> None:
    found = propose(pairs)

    assert (found.proposed, found.tried) == (None, ())
    assert (found.reason or "").startswith(reason)


def test_an_unclear_cut_shows_in_the_resamples() -> None:
    found = propose(twenty((1, "I"), (2, "I"), (2, "C"), (3, "C")))

    chosen = [one.chosen for one in found.tried]
    assert RESAMPLES >= 1000
    assert max(chosen) < 0.95
    assert sum(share > 0.05 for share in chosen) == 2


class Rows:
    """Answers with what was said of them, as the database gives them."""

    def __init__(self) -> None:
        self.answers: list[JudgedAnswer] = []
        self.judgements: list[Judgement] = []
        self.opinions: list[HumanLabel] = []

    def add(
        self,
        score: int | None = 3,
        *,
        staff: str = "",
        students: str = "",
        seen: bool = False,
        status: JudgementStatus = "ok",
        language: str = "pt",
        source: str = "discord",
        model: str = "judge",
        probability: float | None = None,
        is_judged: bool = True,
    ) -> AnswerId:
        answer = AnswerId(len(self.answers) + 1)
        self.answers.append(
            JudgedAnswer(
                answer_id=answer,
                question_id=QuestionId(answer),
                question="?",
                text="!",
                outcome="answered",
                language=language,
                source=source,
                answered_at=MOMENT + timedelta(minutes=answer),
            )
        )
        if is_judged:
            self.judge(answer, score if status in {"ok", "recovered"} else None, status, model, probability)
        for label in staff:
            self.say(answer, "staff", label, seen=seen)
        for label in students:
            self.say(answer, "student", label)
        return answer

    def judge(
        self,
        answer: AnswerId,
        score: int | None,
        status: JudgementStatus = "ok",
        model: str = "judge",
        probability: float | None = None,
    ) -> None:
        self.judgements.append(
            Judgement(
                id=JudgementId(len(self.judgements) + 1),
                answer_id=answer,
                kind="relevance",
                status=status,
                score=score,
                abstention=None,
                criteria=None,
                evidence=None,
                label=None if score is None else LABEL_OF_SCORE[score],
                settings_version=0,
                swayed=False,
                probability=probability,
                model=model,
                prompt_id="judge/1",
                judged_at=MOMENT,
            )
        )

    def say(self, answer: AnswerId, role: Literal["staff", "student"], label: str, *, seen: bool = False) -> None:
        known: dict[str, Label] = {"C": "C", "P": "P", "I": "I"}
        self.opinions.append(
            HumanLabel(answer_id=answer, role=role, label=known[label], reason=None, comment=None, judge_visible=seen)
        )

    def report(self) -> AgreementReport:
        return report(self.answers, self.judgements, self.opinions, flag_below=2, half=lambda _: "test")


@pytest.fixture
def rows() -> Rows:
    return Rows()


def test_staff_outrank_students_however_many(rows: Rows) -> None:
    rows.add(3, staff="I", students="CCCC")

    groups = rows.report().groups

    assert groups["all"].agreement == groups["by staff"].agreement == 0
    assert groups["by students"].agreement == 1


def test_students_do_not_break_a_tie_of_staff(rows: Rows) -> None:
    rows.add(3, staff="CI", students="C")

    everything = rows.report().groups["all"]

    assert (everything.labelled, everything.tied, everything.n, everything.agreement) == (1, 1, 0, None)


def test_blind_labels_are_told_apart_from_those_that_saw_the_score(rows: Rows) -> None:
    answer = rows.add(3, staff="I")
    rows.say(answer, "staff", "C", seen=True)

    groups = rows.report().groups

    assert groups["by staff"].tied == 1
    assert (groups["staff, blind"].agreement, groups["staff, judge seen"].agreement) == (0, 1)


def test_a_failed_judgement_is_counted_though_an_earlier_one_had_a_score(rows: Rows) -> None:
    answer = rows.add(3, staff="C")
    rows.judge(answer, None, "timeout")

    found = rows.report()

    assert found.failures == {"timeout": 1}
    assert (found.groups["all"].n, found.groups["all"].failed) == (0, 1)


def test_a_recovered_judgement_counts_as_one(rows: Rows) -> None:
    rows.add(3, staff="C", status="recovered")

    assert rows.report().groups["all"].n == 1


def test_without_sampling_there_is_no_weighted_agreement(rows: Rows) -> None:
    rows.add(3, staff="C", probability=1.0)
    rows.add(0, staff="C")

    assert rows.report().groups["all"].weighted_agreement is None


def test_an_answer_drawn_with_probability_a_quarter_stands_for_four(rows: Rows) -> None:
    rows.add(3, staff="C", probability=0.25)
    rows.add(0, staff="C", probability=1.0)
    rows.add(0, staff="C")

    everything = rows.report().groups["all"]

    assert everything.agreement == pytest.approx(1 / 3)
    assert everything.weighted_agreement == pytest.approx(4 / 6)


def test_an_answer_made_elsewhere_is_imported_whoever_judges_it(rows: Rows) -> None:
    rows.add(3, staff="C", source="dossier", model="imported")
    rows.add(3, staff="C", source="dossier")
    rows.add(3, staff="C")

    groups = rows.report().groups

    assert (groups["all"].n, groups["imported"].n, groups["made here"].n) == (3, 2, 1)


def test_disagreements_go_by_gap_then_staff_then_the_latest(rows: Rows) -> None:
    narrow = rows.add(3, staff="P")
    students = rows.add(3, students="I")
    earlier, later = rows.add(3, staff="I"), rows.add(0, staff="C")
    rows.add(3, staff="C")
    rows.add(0, staff="CI")

    found = rows.report().disagreements

    assert [one.case.answer.answer_id for one in found] == [later, earlier, students, narrow]


def test_ten_disagreements_are_enough(rows: Rows) -> None:
    for _ in range(12):
        rows.add(3, staff="I")

    found = rows.report().disagreements

    assert [one.case.answer.answer_id for one in found] == list(range(12, 2, -1))


def test_labels_of_two_maps_are_named_in_the_configuration(rows: Rows) -> None:
    rows.add(3, staff="C")
    rows.add(3, staff="C")
    rows.judgements[1] = replace(rows.judgements[1], settings_version=2)

    assert rows.report().configurations[0].settings_versions == (0, 2)


def test_only_imported_judgements_are_no_configuration_in_use(rows: Rows) -> None:
    rows.add(3, staff="C", model="imported")

    assert rows.report().in_use is None


@unhurried
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ok", "timeout", "unjudged"]),
            st.integers(0, 3),
            st.text("CPI", max_size=3),
            st.text("CI", max_size=3),
        ),
        max_size=12,
    )
)
def test_no_answer_is_lost(given_rows: list[tuple[Literal["ok", "timeout", "unjudged"], int, str, str]]) -> None:
    rows = Rows()
    for status, score, staff, students in given_rows:
        if status != "unjudged" or staff or students:
            rows.add(
                score,
                staff=staff,
                students=students,
                status="ok" if status == "unjudged" else status,
                is_judged=status != "unjudged",
            )

    found = rows.report()

    for one in found.groups.values():
        assert one.labelled == one.n + one.tied + one.failed + one.unjudged
        assert total(one.matrix) == one.n
    everything = found.groups["all"]
    scored_rows = sum(one.score is not None for one in rows.judgements)
    assert scored_rows == everything.n + everything.tied + found.judged_unlabelled
    assert len(rows.judgements) == scored_rows + sum(found.failures.values())
    assert everything.unjudged == sum(found.labelled_unjudged.values())


def test_staff_are_held_against_each_other_as_the_ceiling() -> None:
    rows = Rows()
    for _ in range(8):
        rows.add(staff="CC")
    rows.add(staff="CI", language="en")
    rows.add(staff="C")
    rows.add(staff="IIC")

    groups = rows.report().groups

    assert (groups["staff, each other"].n, groups["staff, each other"].agreement) == (10, 0.9)
    assert (groups["staff, each other, en"].n, groups["staff, each other, en"].agreement) == (1, 0)
    assert groups["staff, each other"].ac1_interval is not None
