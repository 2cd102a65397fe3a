"""A second look counts towards the agreement of staff, and nowhere as a weak answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

from db import digest_figures
from services.research.agreement import measure
from tests.services.reviewing.second_looks.looked import CAIO, Pair


async def test_the_ceiling_finds_the_labels(pair: Pair) -> None:
    _, item = await pair.opened("C")
    await pair.press(CAIO, item, "I")

    groups = (await measure(pair.desk.pool, pair.desk.course)).groups
    assert groups["staff, each other"].n == 1
    assert groups["staff, each other"].agreement == 0
    assert groups["staff, judge seen"].labelled == 0


async def test_it_is_no_weak_answer_in_stats_and_digest(pair: Pair) -> None:
    _, item = await pair.opened()
    before = await _counted(pair)
    assert before["stats"] == (0, None, 2)
    await pair.change("update review_items set opened_at = opened_at - interval '9 days' where id = %s", item)
    assert await _counted(pair) == before

    await pair.press(CAIO, item, "C")

    after = await _counted(pair)
    assert after == before
    assert (await pair.review.standing(pair.desk.course)).by_reason["second_look"] == (0, 1)


async def test_one_that_is_taken_back_is_none_either(pair: Pair) -> None:
    _, item = await pair.opened()
    before = await _counted(pair)
    await pair.change("update review_items set card_message_id = 1, card_channel_id = 2 where id = %s", item)
    await pair.change("update second_looks set opened_at = opened_at - interval '14 days'")
    await pair.tend()

    assert await _counted(pair) == before


async def _counted(at: Pair) -> dict[str, Any]:
    now = datetime.now(UTC)
    whole = (await at.review.standing(at.desk.course)).whole
    async with at.desk.pool.connection() as conn:
        span = digest_figures.Span(
            course=at.desk.course.id, start=now - timedelta(days=30), end=now + timedelta(hours=1)
        )
        told = await digest_figures.reviewed(conn, span)
    return {
        "stats": (whole.open, whole.oldest_s, whole.settled),
        "digest": (told.opened, told.settled, told.open_now, told.oldest_open_s),
    }
