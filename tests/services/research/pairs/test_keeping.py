"""Pairs of two configurations: judged inside the budget, kept for staff, and held against what they choose."""

import json
from collections.abc import Sequence

import pytest

from db import judge_settings
from db.records import JudgeSettings
from db.records.pairs import Better
from services.judging.judge import Judge
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from services.research.evaluate import EvalQuestion
from services.research.learning import runs
from services.research.pairs.asking import NO_ANSWER, NO_JUDGE, PlayedPair, asked, pairs_of, summed
from services.research.pairs.keeping import ComparedNames, keep
from services.research.pairs.standing import ComparedSet, standing
from services.reviewing.pairs import OnPair, Pairs
from tests.fake_model import Behaviour, fake_model, says, sends
from tests.pairs import NAMES, kept, pair
from tests.services.judging.preferring import always, choosing
from tests.services.research.learning.labelled import Labelled
from tests.services.research.test_replay import played as one_played


async def judged(at: Labelled, pairs: Sequence[PlayedPair], *behaviours: Behaviour) -> list[PlayedPair]:
    async with (
        fake_model(*behaviours) as server,
        ChatModel(LlmConfig(model="juiz", base_url=server.base_url), longest_wait_s=0.0) as model,
    ):
        judge = Judge(model, time_limit_s=30.0)
        return [one async for one in asked(at.pool, judge, at.course, pairs)]


async def spent(at: Labelled) -> object:
    return await at.rows("select tokens from judge_spending")


async def chosen(at: Labelled, person: str, *better: Better | None) -> None:
    """Let one of staff choose on each pair in turn, whatever order they are shown; None: they skip it."""
    pairs = Pairs(at.pool)
    for wanted in better:
        shown = await pairs.next(at.course.id, person)
        assert shown
        [[first]] = await at.rows(
            f"select shown_first from pair_choices where pair_id = {shown.id} and chooser_key = '{person}'"  # noqa: S608
        )
        press: OnPair = "skip" if wanted is None else "same" if wanted == "tie" else "a" if wanted == first else "b"
        await pairs.choose(at.course.id, shown.id, person, press, "en")


async def only(at: Labelled) -> ComparedSet:
    [one] = await standing(at.pool, at.course)
    return one


# Asking


async def test_a_judge_that_prefers_the_first_place_has_no_preference(labelled: Labelled) -> None:
    found = summed(await judged(labelled, [pair("1?"), pair("2?"), pair("3?")], always("A")))

    assert (found.judge.n, found.judge.undecided, found.judge.preference) == (3, 3, 0.5)
    assert (found.order.share, found.order.first_place) == (1.0, 1.0)
    assert found.tokens == 6 * 18


async def test_a_judge_that_prefers_the_longer_prefers_it_in_both_orders(labelled: Labelled) -> None:
    found = summed(await judged(labelled, [pair(), pair("2?")], choosing(lambda a, b: "A" if len(a) > len(b) else "B")))

    assert (found.judge.wins, found.judge.preference, found.order.decided) == (2, 1.0, 0)


async def test_a_judge_that_fails_is_missing_and_told(labelled: Labelled) -> None:
    found = summed(await judged(labelled, [pair(), pair("2?")], sends(b"", status=500)))

    assert (found.judge.n, found.judge.missing, found.judge.ties, found.judge.preference) == (0, 2, 0, None)
    assert found.failures == {"transport_error": 2}


async def test_one_order_without_a_verdict_leaves_the_pair_missing(labelled: Labelled) -> None:
    verdict = says(json.dumps({"reason": "x", "better": "A"}))
    found = summed(await judged(labelled, [pair()], verdict, says("?")))

    assert (found.judge.missing, found.failures, found.order.n) == (1, {"parse_error": 1}, 0)


async def test_where_there_is_nothing_to_choose_nobody_is_asked(labelled: Labelled) -> None:
    pairs = [pair(second="Porque encolhe."), pair("2?", has_failed=True), pair("3?")]
    done = await judged(labelled, pairs, always("tie"))
    found = summed(done)

    assert [len(one.verdicts) for one in done] == [0, 0, 2]
    assert (found.same, found.failures) == (1, {NO_ANSWER: 1})
    assert (found.judge.pairs, found.judge.n, found.judge.missing, found.judge.ties) == (2, 1, 1, 1)


async def test_without_a_judge_all_are_missing(labelled: Labelled) -> None:
    done = [one async for one in asked(labelled.pool, None, labelled.course, [pair()])]

    assert (summed(done).judge.missing, summed(done).failures) == (1, {NO_JUDGE: 1})


async def test_tokens_are_reserved_counted_and_capped(labelled: Labelled) -> None:
    async with labelled.pool.connection() as conn:
        await judge_settings.add(conn, labelled.course.id, JudgeSettings(daily_tokens=3_000))
    first = summed(await judged(labelled, [pair()], always("B")))
    assert await spent(labelled) == [(36,)]

    await labelled.run("update judge_spending set tokens = 2990")
    second = summed(await judged(labelled, [pair()], always("B")))

    assert (first.tokens, first.failures) == (36, {})
    assert (second.tokens, second.failures, second.judge.missing) == (0, {"budget_skipped": 1}, 1)
    assert await spent(labelled) == [(2990,)]


def test_what_one_could_not_answer_is_no_answer_to_choose() -> None:
    first = [one_played(text="Sim."), one_played(outcome="failed", text="Não deu.")]
    second = [one_played(text="Não."), one_played(text="Sim.")]

    assert [one.has_failed for one in pairs_of(first, second)] == [False, True]


def test_a_question_of_a_set_is_stored_as_a_database_takes_it() -> None:
    played = one_played(text="Sim.", question=EvalQuestion(id="q", question="Por\0 quê?", relevant=()))

    assert [one.question for one in pairs_of([played], [played])] == ["Por quê?"]


# Keeping


async def test_pairs_are_kept_with_their_run_and_what_cannot_be_chosen_on_is_not(labelled: Labelled) -> None:
    pairs = [pair(), pair("2?", second="Porque encolhe."), pair("3?", has_failed=True)]
    done = await judged(labelled, pairs, choosing(lambda a, b: "A" if len(a) > len(b) else "B"))
    run = (await keep(labelled.pool, labelled.course, NAMES, done, "juiz")).run

    assert await labelled.rows("select question from answer_pairs") == [("Por que o gradiente some?",)]
    assert await labelled.rows("select side, text from pair_answers order by side") == [
        ("first", "Porque encolhe."),
        ("second", "Porque a regra da cadeia multiplica [1]."),
    ]
    assert await labelled.rows("select shown_first, status, better, tokens from pair_judgements order by 1") == [
        ("first", "ok", "second", 18),
        ("second", "ok", "second", 18),
    ]
    [listed] = await runs.listed(labelled.pool, labelled.course)
    assert (listed.run.id, listed.run.kind, listed.run.n, listed.run.missing) == (run, "pairs", 1, 1)
    assert (listed.run.model, listed.run.model_served, listed.run.prompt_id) == ("juiz", "fake-1", "pair/1")
    assert (listed.run.outcome, listed.run.tokens) == ("model=ruim against as configured", 36)
    assert listed.run.figures["preference"]["value"] == 1.0
    assert listed.run.figures["first_place"] is None


async def test_runs_that_compared_something_else_are_not_compared(labelled: Labelled) -> None:
    done = [pair(verdicts=("second", "second"))]
    for second in ("model=a", "model=b", "model=b"):
        await keep(labelled.pool, labelled.course, ComparedNames(first="as configured", second=second), done, "juiz")

    _, other, same = await runs.listed(labelled.pool, labelled.course)

    assert other.incomparable == "it compared something else (model=a against as configured)"
    assert (same.incomparable, same.changes["preference"] is not None) == (None, True)


async def test_a_pair_of_a_students_question_goes_with_it(labelled: Labelled) -> None:
    await labelled.answer("  Por que o gradiente SOME?")
    await labelled.answer("E na LSTM?", standalone="E o que muda na LSTM?")
    await kept(labelled.pool, labelled.course, pair(), pair("E o que muda na LSTM?"), pair("Outra?"))
    await chosen(labelled, "ta", "first")

    await labelled.run("delete from questions")

    assert await labelled.rows("select question from answer_pairs") == [("Outra?",)]
    assert await labelled.rows("select count(*) from pair_answers") == [(2,)]
    assert await labelled.rows("select count(*) from pair_choices") == [(0,)]


# Standing


async def test_the_judge_is_held_against_staff_pair_by_pair(labelled: Labelled) -> None:
    await kept(
        labelled.pool,
        labelled.course,
        pair("1?", verdicts=("second", "second")),
        pair("2?", verdicts=("first", "first")),
        pair("3?", verdicts=("first", "second")),
        pair("4?", verdicts=("second", None)),
        pair("5?", verdicts=("tie", "tie")),
        pair("6?", verdicts=("first", "first")),
    )
    await chosen(labelled, "bia", "second", "second", "tie", "first", None, "first")
    await labelled.run(
        "insert into pair_choices (pair_id, course_id, chooser_key, shown_first, better, chosen_at)"
        " select max(id), max(course_id), 'caio', 'first', 'second', now() from answer_pairs"
    )

    found = await only(labelled)

    assert (found.compared.first, found.compared.second, found.compared.model) == (NAMES.first, NAMES.second, "juiz")
    assert (found.judge.pairs, found.judge.n, found.judge.missing, found.judge.undecided) == (6, 5, 1, 1)
    assert (found.staff.n, found.staff.missing, found.staff.wins, found.staff.losses) == (5, 1, 2, 1)
    assert (found.staff.ties, found.staff.undecided, found.choices, found.skipped) == (1, 1, 6, 1)
    agreed = found.agreement
    assert (agreed.n, agreed.split, agreed.missing) == (3, 1, 1)
    assert agreed.matrix == ((0, 1, 0), (0, 1, 0), (0, 0, 1))
    assert agreed.agreement == pytest.approx(2 / 3)
    assert agreed.interval is not None
    assert (found.order.decided, found.order.by_first_place) == (1, 1)
    assert (found.each_other.n, found.each_other.matrix) == (1, ((0, 1, 0), (0, 0, 0), (0, 0, 0)))


async def test_before_anybody_chose_there_is_no_agreement(labelled: Labelled) -> None:
    await kept(labelled.pool, labelled.course, pair(verdicts=("second", "second")))

    found = await only(labelled)

    assert (found.staff.n, found.staff.missing, found.staff.preference) == (0, 1, None)
    assert (found.agreement.n, found.agreement.agreement, found.agreement.ac1) == (0, None, None)


async def test_the_pair_that_fewest_chose_on_comes_first(labelled: Labelled) -> None:
    await kept(labelled.pool, labelled.course, pair("1?"), pair("2?"), pair("3?"))
    await chosen(labelled, "bia", "tie", None)

    shown = await Pairs(labelled.pool).next(labelled.course.id, "caio")

    assert shown
    assert (shown.question, shown.left) == ("2?", 3)


async def test_the_order_is_drawn_for_each_pair_and_person_by_a_key(labelled: Labelled) -> None:
    await labelled.run("insert into secrets (name, value) values ('pairs', %(key)s)", key=bytes(range(32)))
    await kept(labelled.pool, labelled.course, *(pair(f"{number}?") for number in range(16)))
    for person in ("bia", "caio"):
        for _ in range(16):
            await chosen(labelled, person, "tie")

    found = await labelled.rows("select chooser_key, shown_first, count(*) from pair_choices group by 1, 2")

    assert {(person, first) for person, first, _ in found} == {
        (person, first) for person in ("bia", "caio") for first in ("first", "second")
    }
    both = "select count(distinct shown_first) from pair_choices group by pair_id"
    assert {count for (count,) in await labelled.rows(both)} == {1, 2}


async def test_another_course_has_none_of_them(labelled: Labelled) -> None:
    await labelled.run("insert into courses (slug, title, language) values ('nets', 'Nets', 'en')")
    await kept(labelled.pool, labelled.course, pair())

    [[other]] = await labelled.rows("select id from courses where slug = 'nets'")

    assert await Pairs(labelled.pool).next(other, "bia") is None  # pyright: ignore[reportArgumentType]
