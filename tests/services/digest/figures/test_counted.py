"""The figures of a digest against SQL of another shape, of one week by the course's clocks and of the one before."""

from datetime import UTC, datetime, timedelta

import pytest

from services.digest.page.sheet import sheet
from services.digest.posting.weeks import period, zone_named
from tests.services.digest.figures.term import MONDAY, WEEK, ZONE, Term, asked


async def test_a_week_is_that_of_the_courses_own_clocks(term: Term) -> None:
    await term.ask(datetime(2026, 11, 16, 2, 59, tzinfo=UTC), asker="before")  # still Sunday in São Paulo
    await term.ask(datetime(2026, 11, 16, 3, 0, tzinfo=UTC), asker="first")
    await term.ask(datetime(2026, 11, 23, 2, 59, tzinfo=UTC), asker="last")
    await term.ask(datetime(2026, 11, 23, 3, 0, tzinfo=UTC), asker="after")

    digest = await term.told()

    assert (digest.questions.value, digest.questions.before, digest.askers.value) == (2.0, 1.0, 2.0)


async def ask_and_vote(term: Term) -> None:
    """Fill two weeks with questions of all outcomes and scores, each with a vote and some with a label of staff."""
    for day in range(14):
        for hour in range(day % 5 + 1):
            when = MONDAY - timedelta(days=7) + timedelta(days=day, hours=9 + hour)
            outcome = ("answered", "answered", "no_material", "needs_staff", "failed")[(day + hour) % 5]
            score = (day * 3 + hour) % 5
            await term.ask(
                when,
                asker=f"s{(day * hour) % 7}",
                outcome=outcome,
                score=score if score < 4 else None,
                status="ok" if score < 4 else "timeout",
                took_s=1.0 + day + hour,
                minute=(day + hour) % 6,
            )
    await term.write(
        "insert into annotations (answer_id, course_id, annotator_key, role, label, changed_at)"
        " select id, 1, 's' || id, 'student', case when id % 3 = 0 then 'I' else 'C' end, answered_at from answers"
    )
    await term.write(
        "insert into annotations (answer_id, course_id, annotator_key, role, label, changed_at)"
        " select id, 1, 't', 'staff', (array['C', 'P', 'I'])[id % 3 + 1], answered_at from answers where id % 2 = 0"
    )


async def test_figures_equal_independent_sql(term: Term) -> None:
    await ask_and_vote(term)
    digest = await term.told()
    inside = "asked_at >= '2026-11-16 03:00+00' and asked_at < '2026-11-23 03:00+00'"
    both = "questions q join answers a on a.question_id = q.id"
    answers = f"(select a.*, q.asked_at, q.asker_key from {both} where {inside}) a"

    assert digest.questions.value == await term.value(f"select count(*) from questions where {inside}")
    assert digest.askers.value == await term.value(f"select count(distinct asker_key) from questions where {inside}")
    for outcome, figure in digest.outcomes.items():
        assert figure.value == await term.value(f"select count(*) from {answers} where outcome = '{outcome}'")
    took = f"select extract(epoch from answered_at - asked_at)::float8 as s from {answers}"
    middle = await term.value(
        "select avg(s) from (select s, row_number() over (order by s) as n, count(*) over () as c"
        f" from ({took}) t) r where n in ((c + 1) / 2, c / 2 + 1)"
    )
    assert digest.seconds_median.value == middle
    scores = [
        await term.value(
            f"select count(*) from {answers} join judgements j on j.answer_id = a.id where score = {score}"
        )
        for score in range(4)
    ]
    assert list(digest.relevance.scores) == scores
    mean = await term.value(
        f"select avg(score)::float8 / 3 from {answers} join judgements j on j.answer_id = a.id where score is not null"
    )
    assert digest.relevance.mean.value == pytest.approx(mean)
    assert digest.relevance.failed == {
        "timeout": await term.value(
            f"select count(*) from {answers} join judgements j on j.answer_id = a.id where score is null"
        )
    }
    voted = "changed_at >= '2026-11-16 03:00+00' and changed_at < '2026-11-23 03:00+00' and role = 'student'"
    assert digest.thumbs_down.value == await term.value(
        f"select count(*) from annotations where label = 'I' and {voted}"
    )
    assert digest.thumbs_up.value == await term.value(f"select count(*) from annotations where label = 'C' and {voted}")
    labelled = f"{answers} join judgements j on j.answer_id = a.id and j.label is not null"
    pairs = f"{labelled} join annotations n on n.answer_id = a.id and n.role = 'staff'"
    assert digest.agreement.n == await term.value(f"select count(*) from {pairs}")
    assert digest.agreement.share == await term.value(f"select avg((j.label = n.label)::int)::float8 from {pairs}")
    assert digest.cost.tokens_in == await term.value(f"select sum(tokens_in) from {answers}")
    assert digest.cost.money == pytest.approx((digest.cost.tokens_in * 1 + digest.cost.tokens_out * 10) / 1e6)
    cited = {minute.minute: (minute.cited, minute.voted_down) for minute in digest.lectures[0].minutes}
    for minute, (count, down) in cited.items():
        rows = f"{answers} join answer_references r on r.answer_id = a.id where floor(r.start_s / 60) = {minute}"
        assert count == await term.value(f"select count(*) from {rows}")
        assert down == await term.value(f"select count(*) from {rows} and a.id % 3 = 0")
    assert sum(count for count, _ in cited.values()) == await term.value(
        f"select count(*) from {answers} join answer_references r on r.answer_id = a.id"
    )


async def test_what_is_unknown_is_not_nought(term: Term) -> None:
    await term.ask(MONDAY, outcome=None)

    digest = await term.told()

    assert (digest.questions.value, digest.questions.before) == (1.0, None)
    assert (digest.seconds_median.value, digest.relevance.mean.value, digest.agreement.share) == (None, None, None)
    assert digest.agreement.warning == "few"


async def test_a_week_after_others_is_compared_with_a_week_of_nothing(term: Term) -> None:
    await term.ask(MONDAY - timedelta(days=30))
    await term.ask(MONDAY)

    assert (await term.told()).questions.before == 0.0


async def test_dossiers_and_evaluations_were_not_asked_by_students(term: Term) -> None:
    await term.ask(MONDAY, source="dossier")
    await term.ask(MONDAY, source="eval")

    assert (await term.told()).is_empty


@pytest.mark.parametrize("held", ["waiting", "rejected"])
async def test_an_answer_that_is_held_back_was_not_given(term: Term, held: str) -> None:
    await term.ask(MONDAY, took_s=2.0, score=3, minute=3)
    await term.ask(MONDAY, took_s=50.0, score=0, minute=7)
    await term.write("update answers set held = %(held)s where id = 2", held=held)

    digest = await term.told()

    assert {outcome: figure.value for outcome, figure in digest.outcomes.items() if figure.value} == {
        "answered": 1.0,
        "needs_staff": 1.0,
    }
    assert (digest.answered_share.value, digest.seconds_p95.value, digest.seconds_p95.n) == (0.5, 2.0, 1)
    assert (digest.relevance.scores, digest.relevance.unjudged) == ((0, 0, 0, 1), 0)
    assert [minute.minute for minute in digest.lectures[0].minutes] == [3]


async def test_a_question_without_an_answer_has_failed_in_the_figures_as_in_the_topics(term: Term) -> None:
    await term.ask(MONDAY, outcome=None)
    await term.ask(MONDAY)

    digest = await term.told()

    assert (digest.outcomes["failed"].value, digest.seconds_median.n) == (1.0, 1)
    assert sum(figure.value or 0 for figure in digest.outcomes.values()) == digest.questions.value
    assert [one.outcome for one in await asked(term)] == ["failed", "answered"]


async def test_the_week_before_is_whole_where_the_clocks_were_changed_in_it(term: Term) -> None:
    new_york = zone_named("America/New_York")
    await term.ask(datetime(2026, 10, 26, 4, 30, tzinfo=UTC))  # 00:30 on Monday; the week has 169 hours
    await term.ask(datetime(2026, 3, 2, 4, 30, tzinfo=UTC))  # 23:30 on Sunday; the week after has 167

    assert (await term.told(period("2026-W45", new_york))).questions.before == 1.0
    assert (await term.told(period("2026-W11", new_york))).questions.before == 0.0


async def test_after_an_outage_as_many_weeks_are_compared(term: Term) -> None:
    for days in (14, 27, 29):
        await term.ask(MONDAY + timedelta(days=7 - days))

    digest = await term.told(period("2026-W47", ZONE, weeks=2))

    assert (digest.questions.value, digest.questions.before) == (1.0, 1.0)


async def test_a_mean_is_not_compared_with_one_of_few_scores(term: Term) -> None:
    for _ in range(9):
        await term.ask(MONDAY - timedelta(days=1), score=0)
    for _ in range(10):
        await term.ask(MONDAY, score=3)

    few = (await term.told()).relevance.mean
    await term.ask(MONDAY - timedelta(days=1), score=0)
    enough = (await term.told()).relevance.mean

    assert (few.value, few.before, few.n) == (1.0, None, 10)
    assert enough.before == 0.0


async def test_who_was_asked_back_is_counted_apart(term: Term) -> None:
    await term.ask(WEEK.starts_at)
    await term.ask(WEEK.starts_at, outcome="no_material")
    await term.write(
        "insert into answer_scopes (answer_id, course_id, number, kind, lecture_id)"
        " select max(a.id), max(a.course_id), 1, 'one_of', (select min(id) from lectures) from answers a"
    )

    digest = await term.told()

    assert (digest.questions.value, digest.answered_share.value, digest.asked_back) == (1, 1.0, 1)
    assert sheet(digest, "en").tries == (
        "1 question was answered by asking which lecture was meant, or by saying that there is no such one."
    )
