"""The card of a second look: when it is opened, for whom, and that its label is a label and nothing else."""

import asyncio

import pytest

from db import reviews
from db.records import Label
from services.errors import Refused
from services.reviewing.second_looks import MOST_A_DAY
from tests.locks import blocked
from tests.services.reviewing.second_looks.looked import CAIO, LABELS, OTHERS, Pair
from tests.services.reviewing.staffed import BIA, kind


async def test_a_card_is_opened_an_hour_later_and_once(pair: Pair) -> None:
    await pair.drawn()
    await pair.tend()
    assert await pair.column("select id from review_items where settled_at is null") == []

    await pair.rest()
    await asyncio.gather(*(pair.tend() for _ in range(3)))
    await pair.tend()

    assert await pair.column("select count(*) from review_items where settled_at is null") == [1]
    assert await pair.column("select reason from review_reasons where reason = 'second_look'") == ["second_look"]


async def test_a_day_has_so_many_and_the_others_wait_for_the_next(pair: Pair) -> None:
    await pair.drawn()
    for question in OTHERS[:MOST_A_DAY]:
        await pair.labelled(BIA, "C", question=question)
    await pair.rest()
    await asyncio.gather(*(pair.tend() for _ in range(3)))
    opened = "select count(opened_at) from second_looks"

    assert await pair.column("select count(*) from second_looks where is_drawn") == [MOST_A_DAY + 1]
    assert await pair.column(opened) == [MOST_A_DAY]
    await pair.change("update second_looks set opened_at = opened_at - interval '1 day'")
    await pair.tend()
    assert await pair.column(opened) == [MOST_A_DAY + 1]


async def test_nothing_is_opened_beside_an_open_card(pair: Pair) -> None:
    answer = await pair.drawn()
    await pair.rest()
    await pair.flagged(answer)
    await pair.tend()

    assert await pair.column("select opened_at from second_looks") == [None]


async def test_who_labelled_first_neither_finds_nor_settles_it(pair: Pair) -> None:
    _, item = await pair.opened()
    course = pair.desk.course
    acts = [
        pair.review.label(course.id, item, BIA, "I", "en"),
        pair.review.take(course.id, item, BIA, "en"),
        pair.review.dismiss(course.id, item, BIA, "en"),
        pair.review.assign(course.id, item, CAIO, BIA, "en"),
    ]
    for act in acts:
        with pytest.raises(Refused, match="the second look is for somebody else on staff"):
            await act

    assert await pair.review.next(course, BIA) is None
    assert await pair.review.next(course, CAIO) == item
    assert await pair.column("select label from annotations where annotator_key = 'bia'") == ["C"]


async def test_it_is_the_last_of_what_is_open(pair: Pair) -> None:
    _, item = await pair.opened()
    audited = (await pair.ask(OTHERS[0])).answer.id
    async with pair.desk.pool.connection() as conn:
        await reviews.flag(conn, course=pair.desk.course.id, answer=audited, reason="audit")

    assert [one.reasons for one in await pair.review.open(pair.desk.course)] == [["audit"], ["second_look"]]
    assert await pair.review.next(pair.desk.course, CAIO) != item


@pytest.mark.parametrize("first", LABELS)
@pytest.mark.parametrize("second", LABELS)
async def test_a_second_label_is_a_label_and_nothing_else(pair: Pair, first: Label, second: Label) -> None:
    answer, item = await pair.opened(first)
    before = await pair.now(answer)
    shown = await pair.column("select wanted from showings order by id")
    assert (await pair.card(item)).item.is_second_look

    await pair.press(CAIO, item, second)

    assert kind(await pair.now(answer)) == kind(before) == ("under_review" if first == "I" else None)
    assert await pair.column("select wanted from showings order by id") == shown
    assert await pair.values("select label from annotations where answer_id = %s order by id", answer) == [
        first,
        second,
    ]
    assert await pair.column("select outcome from second_looks where item_id is not null") == ["labelled"]
    cards = [(await pair.card(one)).item for one in await pair.column("select id from review_items order by id")][1:]
    assert [one.verdict for one in cards] == [first, "second"]
    assert [one.are_labels_opposed for one in cards] == [{first, second} == {"C", "I"}] * 2
    assert not any(one.is_second_awaited for one in cards)


async def test_a_second_label_is_blind_unless_its_giver_has_looked(pair: Pair) -> None:
    answer, item = await pair.opened()
    # That somebody else has looked does not count.
    [first] = await pair.values("select id from review_items where answer_id = %s and settled_at is not null", answer)
    await pair.review.opinion(pair.desk.course.id, first, BIA, "en")
    await pair.press(CAIO, item, "C")

    seen = "select judge_visible from annotations where answer_id = %s order by id"
    assert await pair.values(seen, answer) == [False, False]


async def test_a_second_label_of_somebody_who_has_looked_is_not_blind(pair: Pair) -> None:
    answer, item = await pair.opened()
    await pair.review.opinion(pair.desk.course.id, item, CAIO, "en")
    await pair.press(CAIO, item, "C")

    assert await pair.values("select judge_visible from annotations where answer_id = %s order by id", answer) == [
        False,
        True,
    ]


async def test_the_first_label_is_not_told_until_the_second_is_there(pair: Pair) -> None:
    answer = await pair.drawn("I")
    [first] = await pair.values("select id from review_items where answer_id = %s", answer)
    assert (await pair.card(first)).item.is_second_awaited
    await pair.rest()
    await pair.tend()
    assert (await pair.card(first)).item.is_second_awaited
    before = await pair.values("select card_version from review_items where id = %s", first)

    [item] = await pair.column("select id from review_items where settled_at is null")
    await pair.press(CAIO, item, "I")

    assert not (await pair.card(first)).item.is_second_awaited
    assert await pair.values("select card_version from review_items where id = %s", first) > before


async def test_a_call_in_the_moment_of_opening_is_an_ordinary_card(pair: Pair) -> None:
    answer = await pair.drawn()
    await pair.rest()
    course = pair.desk.course.id
    async with pair.desk.pool.connection() as calling:
        await reviews.flag(calling, course=course, answer=answer, reason="called")
        opening = asyncio.create_task(pair.tend())
        await blocked(pair.desk.pool, "select from answers")
    await opening

    assert await pair.values("select opened_at from second_looks where answer_id = %s", answer) == [None]
    assert await pair.column("select reason from review_reasons where reason = 'second_look'") == []


async def test_a_judge_that_comes_late_finds_the_answer_settled_and_leaves_the_card_alone(pair: Pair) -> None:
    answer, _ = await pair.opened()
    course = pair.desk.course.id

    async with pair.desk.pool.connection() as conn:
        alone = await reviews.is_settled(conn, course=course, answer=answer)
        await reviews.flag(conn, course=course, answer=answer, reason="called")
        beside_a_call = await reviews.is_settled(conn, course=course, answer=answer)

    assert (alone, beside_a_call) == (True, False)
