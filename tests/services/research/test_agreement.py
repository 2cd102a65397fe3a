"""Agreement of judge and people: who outranks whom, how answers are grouped, and what the report says of κ."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import AnswerId, Judgement, JudgementId, JudgementStatus, Label, QuestionId
from db.records.reviews import HumanLabel, JudgedAnswer
from services.ground.statistics import Matrix, ac1, kappa, total
from services.research.agreement import LABELS, AgreementReport, kappa_note, report, verdict

MOMENT = datetime(2026, 11, 2, 12, tzinfo=UTC)
LABEL_OF_SCORE: tuple[Label, ...] = ("I", "I", "P", "C")
labels = st.sampled_from(LABELS)


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


@given(st.lists(labels, max_size=6).flatmap(lambda given_: st.tuples(st.just(given_), st.permutations(given_))))
def test_a_verdict_does_not_mind_the_order_and_is_tied_or_the_most_frequent(
    both: tuple[list[Label], list[Label]],
) -> None:
    said = verdict(both[0])

    assert verdict(both[1]) == said
    counts = Counter(both[0])
    most = [label for label in LABELS if counts[label] and counts[label] == max(counts.values())]
    assert said == (None if not most else most[0] if len(most) == 1 else "tied")


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
