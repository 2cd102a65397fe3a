"""Which judgements a second model is asked about, in which words, and at what cost."""

import asyncio
from dataclasses import replace

import pytest

from services.judging.queue import Queue
from services.reviewing.annotate import Annotate
from tests.fake_model import hangs, says
from tests.services.judging.queue.court import DOUBTFUL, Court
from tests.services.judging.scripted import verdict


async def test_as_shipped_nobody_is_asked_a_second_time(court: Court) -> None:
    for score in range(4):
        await court.judged(score)

    assert await court.rows("select kind, state from jobs where kind = 'second'") == []


async def test_a_score_that_is_just_not_flagged_gets_a_second_opinion(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answers = [await court.judged(score) for score in range(4)]

    assert await court.waiting() == answers[2:3]
    assert await court.heard(says(verdict(2))) == 1
    opinions = [await court.second(answer) for answer in answers]
    assert [one and (one.score, one.spread, one.asked_for, one.probability) for one in opinions] == [
        None,
        None,
        (2, 0, "threshold", 1.0),
        None,
    ]


@pytest.mark.parametrize("below", [0, 4])
async def test_where_nothing_or_all_is_flagged_no_score_is_doubtful(court: Court, below: int) -> None:
    await court.wants(replace(DOUBTFUL, flag_below=below))
    for score in range(4):
        await court.judged(score)

    assert await court.waiting() == []


async def test_a_share_of_the_others_is_drawn_and_the_probability_is_kept(court: Court) -> None:
    await court.wants(replace(DOUBTFUL, second_opinion_share=0.5))
    for _ in range(30):
        await court.answer()
    async with court.worker(says(verdict(3))) as (worker, _):
        await worker.drain()
    asked = await court.heard(says(verdict(3)))

    assert 3 < asked < 27
    assert await court.rows(
        "select asked_for, probability, count(*) from judgements where kind = 'second' group by 1, 2"
    ) == [("chance", 0.5, asked)]


@pytest.mark.parametrize(("score", "thumb"), [(3, "down"), (0, "up")])
async def test_a_vote_against_the_judge_asks_once(court: Court, score: int, thumb: str) -> None:
    await court.wants(DOUBTFUL)
    answer, annotate = await court.judged(score), Annotate(court.pool)
    await annotate.toggle(court.course, answer, "ana", thumb)  # pyright: ignore[reportArgumentType]
    first_time = await court.heard(says(verdict(score)))
    for _ in range(2):  # withdrawn, and given again
        await annotate.toggle(court.course, answer, "ana", thumb)  # pyright: ignore[reportArgumentType]
    again = await court.heard(says(verdict(score)))

    assert (first_time, again) == (1, 0)
    opinion = await court.second(answer)
    assert opinion is not None
    assert (opinion.asked_for, opinion.probability, opinion.spread) == ("votes", None, 0)


async def test_a_vote_that_was_there_first_asks_as_well(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.answer()
    await Annotate(court.pool).toggle(court.course, answer, "ana", "down")
    async with court.worker(says(verdict(3))) as (worker, _):
        await worker.drain()

    assert await court.waiting() == [answer]


async def test_a_vote_that_staff_have_settled_since_leaves_nothing_to_ask(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer, annotate = await court.judged(3), Annotate(court.pool)
    await annotate.toggle(court.course, answer, "ana", "down")
    waited = await court.waiting()
    async with court.pool.connection() as conn:
        await conn.execute("update review_items set settled_at = now(), verdict = 'dismissed', settled_by = 'bia'")
    in_vain = await court.heard(says(verdict(0)))
    await annotate.toggle(court.course, answer, "eva", "down")
    in_earnest = await court.heard(says(verdict(3)))

    assert (waited, in_vain, in_earnest) == ([answer], 0, 1)


async def test_a_card_that_went_by_itself_settles_no_vote(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    await court.heard(says(verdict(0)))
    await Annotate(court.pool).toggle(court.course, answer, "ana", "up")
    async with court.pool.connection() as conn:
        await conn.execute("update review_items set card_message_id = 1, card_channel_id = 1")
    for score in (3, 0):  # what was split goes with the first judgement, and the second one contradicts the vote
        await Queue(court.pool).repeat(answer)
        async with court.worker(says(verdict(score))) as (worker, _):
            await worker.drain(answer=answer)

    assert await court.rows("select verdict from review_items order by id") == [("gone",), (None,)]
    assert await court.reasons(answer) >= {"low_relevance", "vote_against_judge"}


async def test_a_vote_that_is_withdrawn_before_the_question_leaves_nothing_to_ask(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer, annotate = await court.judged(3), Annotate(court.pool)
    await annotate.toggle(court.course, answer, "ana", "down")
    await annotate.toggle(court.course, answer, "ana", "down")
    in_vain = await court.heard(says(verdict(0)))
    await annotate.toggle(court.course, answer, "bia", "down")
    in_earnest = await court.heard(says(verdict(3)))

    assert (in_vain, in_earnest) == (0, 1)
    assert await court.rows("select status, score from judgements where kind = 'second'") == [("ok", 3)]


async def test_a_threshold_that_was_moved_meanwhile_makes_no_draw_of_what_it_asked_for(court: Court) -> None:
    await court.wants(replace(DOUBTFUL, flag_below=2))
    await court.judged(2)
    assert len(await court.waiting()) == 1
    await court.wants(replace(DOUBTFUL, flag_below=3))

    assert await court.heard(says(verdict(0))) == 0
    assert await court.rows("select asked_for from judgements where kind = 'second'") == []


async def test_an_answer_that_is_deleted_before_the_question_is_not_asked_about(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    async with court.seconder(hangs(), says(verdict(2)), limit_s=2.0) as (worker, server):
        working = asyncio.create_task(worker.step())
        await server.asked.wait()
        async with court.pool.connection() as conn:
            await conn.execute(
                "delete from questions where id = (select question_id from answers where id = %s)", [answer]
            )
        await working

    assert await court.rows("select count(*) from judgements") == [(0,)]
    assert await court.heard(says(verdict(2))) == 0


async def test_a_judgement_that_fails_takes_back_the_promise(court: Court) -> None:
    await court.wants(DOUBTFUL)
    answer = await court.judged(2)
    await Queue(court.pool).repeat(answer)
    async with court.worker(says("?")) as (worker, _):
        await worker.drain(answer=answer)

    assert await court.waiting() == []
    assert await court.heard(says(verdict(2))) == 0


async def test_the_same_model_is_asked_the_other_way_round_and_another_one_just_the_same(court: Court) -> None:
    await court.wants(DOUBTFUL)
    same, other = await court.judged(2), await court.judged(2)
    async with court.seconder(says(verdict(2)), is_another=False) as (worker, server):
        await worker.drain(answer=same)
        assert "owes" in server.prompts[0]
    async with court.seconder(says(verdict(2)), is_another=True) as (worker, _):
        await worker.drain(answer=other)

    opinions = [await court.second(answer) for answer in (same, other)]
    assert [one and one.prompt_id for one in opinions] == ["second/1", "judge/2"]


async def test_second_opinions_leave_half_of_the_budget_to_answers(court: Court) -> None:
    await court.wants(replace(DOUBTFUL, daily_tokens=6_000))
    async with court.pool.connection() as conn:
        await conn.execute(
            "insert into judge_spending (course_id, day, tokens) values (%s, (now() at time zone 'UTC')::date, 2900)",
            [court.course.id],
        )
    answer = await court.judged(2)
    asked = await court.heard(says(verdict(2)))

    opinion, first = await court.second(answer), await court.judgement(answer)
    assert opinion is not None
    assert first is not None
    assert (asked, opinion.status, opinion.score, first.score) == (0, "budget_skipped", None, 2)


async def test_what_a_second_opinion_costs_is_counted_as_such(court: Court) -> None:
    await court.wants(replace(DOUBTFUL, daily_tokens=100_000))
    await court.judged(2)
    await court.heard(says(verdict(2)))

    assert await court.rows("select tokens from judge_spending") == [(36,)]
    assert await court.rows("select kind, purpose from model_calls order by id") == [
        ("relevance", "judgement"),
        ("second", "second"),
    ]


async def test_switched_off_meanwhile_nobody_is_asked(court: Court) -> None:
    await court.wants(DOUBTFUL)
    await court.judged(2)
    await court.wants(replace(DOUBTFUL, second_opinion=False))

    assert await court.heard(says(verdict(2))) == 0
    assert await court.waiting() == []
