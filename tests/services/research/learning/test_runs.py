"""Runs are kept, and compared where that means something."""

import psycopg
import pytest

from db.records import Label
from services.courses.courses import Courses
from services.courses.judge_settings import CourseJudging
from services.ground.statistics import paired
from services.research import agreement
from services.research.learning import picture, runs
from services.research.learning.reliability import by_score, by_week
from services.research.learning.runs import ComparedRun
from tests.services.research.learning.labelled import Labelled

PNG = b"\x89PNG\r\n\x1a\n"


async def ten(labelled: Labelled, *, wrong: int) -> None:
    """Ten judged and labelled answers, of which staff see *wrong* otherwise than the judge."""
    for number in range(10):
        answer = await labelled.answer(f"O que é o conceito {number}?")
        await labelled.scores(3, answer)
        label: Label = "I" if number < wrong else "C"
        await labelled.says(label, answer)


async def measured(labelled: Labelled) -> list[ComparedRun]:
    report = await agreement.measure(labelled.pool, labelled.course)
    await runs.keep_agreement(labelled.pool, labelled.course, report)
    return await runs.listed(labelled.pool, labelled.course)


async def test_each_measuring_is_a_run_beside_the_one_before(labelled: Labelled) -> None:
    await ten(labelled, wrong=4)
    [first] = await measured(labelled)
    await labelled.run("update annotations set label = 'C'")
    _, second = await measured(labelled)

    assert (first.run.n, first.run.missing, first.run.parent_id) == (10, 0, None)
    assert first.run.figures["agreement"]["value"] == pytest.approx(0.6)
    assert first.changes == {"agreement": None, "ac1": None, "kappa": None, "weighted_kappa": None}
    assert second.run.parent_id == first.run.id
    change = second.changes["agreement"]
    assert change is not None
    assert change.value == pytest.approx(0.4)
    assert change.low < 0.4 < change.high


async def test_a_figure_that_is_not_defined_is_empty_and_never_0(labelled: Labelled) -> None:
    await ten(labelled, wrong=0)
    [only] = await measured(labelled)

    assert only.run.figures["kappa"] is None
    assert only.run.figures["ac1"]["value"] == 1.0


async def test_scores_that_had_other_labels_are_not_compared(labelled: Labelled) -> None:
    await ten(labelled, wrong=4)
    await measured(labelled)
    await CourseJudging(labelled.pool).change(labelled.course, {"labels": ("I", "P", "P", "C")})
    _, second = await measured(labelled)

    assert second.incomparable == "the scores had other labels (IIPC)"
    assert set(second.changes.values()) == {None}


async def test_a_run_on_nothing_is_kept_and_not_compared(labelled: Labelled) -> None:
    await measured(labelled)
    _, second = await measured(labelled)

    assert (second.run.n, second.run.model, second.run.figures["agreement"]) == (0, None, None)
    assert second.incomparable == "it compared nothing"


async def test_what_the_judge_could_not_score_is_missing(labelled: Labelled) -> None:
    await ten(labelled, wrong=0)
    failed = await labelled.answer("O que é o conceito 10?")
    await labelled.says("C", failed)
    await labelled.run(
        """
        insert into judgements (answer_id, course_id, kind, status, settings_version, model, prompt_id)
        values (%(answer)s, 1, 'relevance', 'timeout', 0, 'juiz', 'judge/2')
        """,
        answer=failed,
    )
    [only] = await measured(labelled)

    assert (only.run.n, only.run.missing) == (10, 1)


async def test_a_run_is_never_changed_and_belongs_to_its_course(labelled: Labelled) -> None:
    await measured(labelled)
    other = await Courses(labelled.pool).create(slug="outra", title="Outra", language="pt-BR")

    assert await runs.listed(labelled.pool, other) == []
    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        await labelled.run("update judge_runs set n = 1")


async def test_what_a_score_is_worth_and_how_the_weeks_went(labelled: Labelled) -> None:
    await ten(labelled, wrong=4)
    await labelled.run("update answers set answered_at = '2026-11-16' where id <= 5")
    await labelled.run("update answers set answered_at = '2026-11-23' where id > 5")
    report = await agreement.measure(labelled.pool, labelled.course)
    assert report.in_use is not None

    worth, weeks = by_score(report.in_use.cases), by_week(report.in_use.cases)

    assert [(share.part, share.n) for share in worth] == [(0, 0), (0, 0), (0, 0), (6, 10)]
    assert (worth[0].value, worth[0].interval) == (None, None)
    assert {week: (share.part, share.n) for week, share in weeks.items()} == {"2026-W47": (1, 5), "2026-W48": (5, 5)}
    assert picture.png("redes", report.in_use).startswith(PNG)
    assert picture.png("redes", None).startswith(PNG)


def test_the_interval_of_a_paired_difference_covers_what_it_should() -> None:
    """By enumeration: 40 pairs, of which one goes up with 20 % and down with 10 %."""
    up, down, pairs = 0.2, 0.1, 40
    covered = 0.0
    for better in range(pairs + 1):
        for worse in range(pairs + 1 - better):
            low, high = paired(better, worse, pairs) or (0.0, 0.0)
            if low <= up - down <= high:
                covered += trinomial(better, worse, pairs, up, down)

    assert 0.94 < covered < 0.98
    assert paired(0, 0, 0) is None
    low, high = paired(5, 0, 5) or (0.0, 0.0)
    assert low < 1 == high


def trinomial(better: int, worse: int, pairs: int, up: float, down: float) -> float:
    from math import comb

    same = pairs - better - worse
    return comb(pairs, better) * comb(pairs - better, worse) * up**better * down**worse * (1 - up - down) ** same
