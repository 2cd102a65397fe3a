"""Who has the floor in a thread, told by messages that come in order, late, twice and at two replicas."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.courses.staffed_threads import Speaker, StaffFirst, ThreadMessage
from tests.services.conftest import Desk

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Room:
    """One thread, spoken in; ids grow with time as Discord's do."""

    def __init__(self, desk: Desk) -> None:
        self.first = StaffFirst(desk.pool)
        self.course = desk.course.id

    async def hears(self, speaker: Speaker, after: timedelta, *, asks: bool = True) -> bool:
        return await self.first.hear(
            ThreadMessage(
                course=self.course,
                thread=5,
                message=int(after.total_seconds()) + 1_000,
                at=NOON + after,
                speaker=speaker,
                asks=asks,
            )
        )


@pytest.fixture
def room(desk: Desk) -> Room:
    return Room(desk)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


async def test_it_speaks_until_staff_have_written(room: Room) -> None:
    assert await room.hears("owner", minutes(0))
    assert await room.hears("other", minutes(1))
    assert not await room.hears("staff", minutes(2))
    assert not await room.hears("owner", minutes(3))
    assert not await room.hears("other", minutes(4))


async def test_what_was_written_before_staff_is_answered_also_where_it_is_heard_later(room: Room) -> None:
    await room.hears("staff", minutes(2))

    assert await room.hears("owner", minutes(1))
    assert not await room.hears("owner", minutes(3))


async def test_an_older_message_of_staff_heard_late_moves_the_silence_back(room: Room) -> None:
    await room.hears("staff", minutes(9))
    await room.hears("staff", minutes(2))

    assert not await room.hears("owner", minutes(5))


async def test_whose_thread_it_is_may_ask_anew_after_a_day_of_silence(room: Room) -> None:
    await room.hears("staff", minutes(0))
    assert not await room.hears("owner", minutes(5), asks=False)
    assert not await room.hears("owner", DAY)  # the day counts from their thanks
    assert not await room.hears("other", 2 * DAY + minutes(9))
    assert not await room.hears("owner", 2 * DAY + minutes(10), asks=False)
    again = 3 * DAY + minutes(20)

    assert await room.hears("owner", again)
    assert await room.hears("other", again + minutes(1))


async def test_heard_again_each_message_gives_what_it_gave(room: Room) -> None:
    told: list[tuple[Speaker, timedelta]] = [
        ("owner", minutes(0)), ("staff", minutes(1)), ("owner", minutes(2)), ("owner", DAY + minutes(3)),
        ("other", DAY + minutes(4)), ("staff", DAY + minutes(5)), ("owner", DAY + minutes(6)),
    ]  # fmt: skip
    given = [await room.hears(*one) for one in told]

    assert given == [True, False, False, True, True, False, False]
    assert [await room.hears(*one) for one in told[3:]] == given[3:]


async def test_one_thread_knows_nothing_of_another(room: Room) -> None:
    await room.hears("staff", minutes(0))
    elsewhere = ThreadMessage(
        course=room.course,
        thread=6,
        message=2_000,
        at=NOON,
        speaker="other",
        asks=True,
    )

    assert await room.first.hear(elsewhere)
    assert not await room.first.hear(replace(elsewhere, thread=5))
