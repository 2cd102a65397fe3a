"""What happens meanwhile ends a second look or makes an ordinary card of it."""

from typing import Any

import pytest

from services.courses.people import People
from services.courses.privacy import Privacy
from services.judging import flags
from services.reviewing.annotate import Annotate
from services.reviewing.flagged import Member, state
from tests.services.reviewing.second_looks.looked import CAIO, Pair
from tests.services.reviewing.staffed import BIA, kind


@pytest.mark.parametrize("reason", ["called", "voted_down"])
async def test_with_another_reason_it_is_an_ordinary_card(pair: Pair, reason: str) -> None:
    answer, item = await pair.opened("C")
    if reason == "called":
        await Annotate(pair.desk.pool).call_staff(pair.desk.course, answer)
    else:
        await pair.downvoted(answer)
    assert not (await pair.card(item)).item.is_second_look
    assert await pair.review.next(pair.desk.course, BIA) == item
    await pair.press(CAIO, item, "I")
    await pair.tend()

    assert kind(await pair.now(answer)) == "under_review"
    assert await pair.column("select verdict from review_items order by id") == ["C", "C", "I"]
    assert await pair.column("select outcome from second_looks where item_id is not null") == ["withdrawn"]


async def test_a_vote_that_is_withdrawn_leaves_the_second_look(pair: Pair) -> None:
    answer, item = await pair.opened("C")
    await pair.downvoted(answer)
    await pair.downvoted(answer)

    assert (await pair.card(item)).item.is_second_look
    await pair.press(CAIO, item, "I")
    assert kind(await pair.now(answer)) is None


async def test_what_students_said_after_the_first_label_still_counts_after_the_second(pair: Pair) -> None:
    answer, item = await pair.opened("C")
    await Annotate(pair.desk.pool).toggle(pair.desk.course, answer, "ana", "up")
    await pair.press(CAIO, item, "C")
    await pair.change(
        "insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model)"
        " values (%s, %s, 'relevance', 'ok', 0, 'I', 0, 'm')",
        answer,
        pair.desk.course.id,
    )
    async with pair.desk.pool.connection() as conn:
        await flags.by_votes(conn, course=pair.desk.course.id, answer=answer)

    [again] = await pair.review.open(pair.desk.course)
    assert again.reasons == ["vote_against_judge"]


@pytest.mark.parametrize("has_card", [False, True])
async def test_words_of_staff_take_it_back(pair: Pair, *, has_card: bool) -> None:
    answer, item = await pair.opened("I")
    if has_card:
        await pair.change("update review_items set card_message_id = 1, card_channel_id = 2 where id = %s", item)
    [first] = await pair.values("select min(id) from review_items where answer_id = %s", answer)
    card = await pair.card(first)
    await pair.review.correct(
        pair.desk.course.id, first, BIA, text="Diferente [1].", label="I", opened=state(card.item, None), reader="en"
    )

    assert await pair.values("select verdict from review_items where id = %s", item) == (["gone"] if has_card else [])
    assert await pair.column("select outcome from second_looks") == ["withdrawn"]
    assert kind(await pair.now(answer)) == "verified"


async def test_words_that_are_written_before_the_card_leave_none_to_open(pair: Pair) -> None:
    answer = await pair.drawn("I")
    await pair.correct(answer)
    await pair.rest()
    await pair.tend()

    assert await pair.column("select id from review_items where settled_at is null") == []
    assert await pair.column("select outcome from second_looks") == ["withdrawn"]


async def test_words_that_staff_keep_from_a_message_leave_none_to_open(pair: Pair) -> None:
    answer = await pair.drawn()
    await pair.change(
        "insert into verified_answers (course_id, answer_id, question, language, text, verified_by)"
        " values (%s, %s, 'O que é?', 'pt', 'É isso.', 'caio')",
        pair.desk.course.id,
        answer,
    )
    await pair.rest()
    await pair.tend()
    await pair.tend()

    assert await pair.column("select outcome from second_looks") == ["withdrawn"]
    assert await pair.column("select id from review_items where settled_at is null") == []


@pytest.mark.parametrize("is_taken", [False, True])
@pytest.mark.parametrize("has_card", [False, True])
async def test_it_is_taken_back_after_two_weeks(pair: Pair, *, has_card: bool, is_taken: bool) -> None:
    _, item = await pair.opened()
    if has_card:
        await pair.change("update review_items set card_message_id = 1, card_channel_id = 2 where id = %s", item)
    if is_taken:
        await pair.review.take(pair.desk.course.id, item, CAIO, "en")
    await pair.change("update second_looks set opened_at = opened_at - interval '14 days'")
    await pair.tend()
    await pair.tend()

    left: list[Any] = [None] if is_taken else ["gone"] if has_card else []
    assert await pair.values("select verdict from review_items where id = %s", item) == left
    assert await pair.column("select outcome from second_looks") == [None if is_taken else "withdrawn"]
    if has_card and not is_taken:
        assert (await pair.card(item)).item.is_second_look


async def test_what_was_drawn_and_never_had_room_lapses_too(pair: Pair) -> None:
    await pair.drawn()
    await pair.change("update second_looks set drawn_at = drawn_at - interval '14 days'")
    await pair.tend()

    assert await pair.column("select outcome from second_looks") == ["withdrawn"]
    assert await pair.column("select id from review_items where settled_at is null") == []


async def test_none_comes_after_it_was_switched_off(pair: Pair) -> None:
    answer = await pair.drawn("I")
    [first] = await pair.values("select id from review_items where answer_id = %s", answer)
    await pair.wants(0)
    await pair.rest()
    await pair.tend()

    assert await pair.column("select id from review_items where settled_at is null") == []
    assert await pair.column("select outcome from second_looks where is_drawn") == ["withdrawn"]
    assert not (await pair.card(first)).item.is_second_awaited


async def test_it_ends_when_it_is_dismissed(pair: Pair) -> None:
    answer, item = await pair.opened("I")
    await pair.review.dismiss(pair.desk.course.id, item, CAIO, "en")
    await pair.tend()

    assert await pair.column("select outcome from second_looks") == ["withdrawn"]
    assert kind(await pair.now(answer)) == "under_review"


async def test_a_first_label_that_is_deleted_takes_it_back(pair: Pair) -> None:
    people = People(pair.desk.pool)
    bia = Member(id=BIA.id, key=await people.key(pair.desk.course, BIA.id))
    answer, item = await pair.opened()
    await pair.change("update annotations set annotator_key = %s where annotator_key = 'bia'", bia.key)
    await Privacy(pair.desk.pool, people).forget(BIA.id, None)
    await pair.tend()

    assert await pair.values("select id from review_items where id = %s", item) == []
    assert await pair.values("select outcome from second_looks where answer_id = %s", answer) == ["withdrawn"]


async def test_it_goes_with_its_question(pair: Pair) -> None:
    await pair.opened()
    await pair.change("delete from questions")
    await pair.tend()

    assert await pair.column("select answer_id from second_looks") == []
    assert await pair.column("select id from review_items") == []
