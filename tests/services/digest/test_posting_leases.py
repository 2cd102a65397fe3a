"""Who posts a digest holds it by a lease: each week is told once, whoever dies, is late or looks as well."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from db import connect
from db.records import Course
from services.digest.posting.posting import Posting, PostingPace
from services.digest.report import Digest, Period
from services.errors import Refused, Unavailable
from tests.services.digest.rooms import (
    W46_DUE,
    W47_DUE,
    Channel,
    Killed,
    Room,
    Stuck,
    counted,
    nothing,
    once,
    report,
)


@pytest.mark.parametrize("moment", ["counting", "before", "after"])
async def test_whoever_takes_over_from_the_dead_posts_once(room: Room, moment: str) -> None:
    killed = once(Killed())

    async def tell(course: Course, period: Period) -> Digest:
        await (killed() if moment == "counting" else nothing())
        return report(course, period)

    channel = Channel(before=killed if moment == "before" else nothing, after=killed if moment == "after" else nothing)

    with pytest.raises(Killed):
        await room.posting(tell).post_due(channel, W46_DUE)
    while_leased = await room.posting(tell).post_due(channel, W46_DUE)
    await room.expire()
    after = await room.posting(tell).post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert (while_leased, after) == (0, 1)
    assert len(channel.told) == 1
    assert (row["state"], row["message_id"], row["attempts"]) == ("posted", 1, 2)


async def test_a_post_that_could_not_be_written_down_is_found_again(room: Room) -> None:
    channel = Channel()
    async with connect.pool(room.url, size=1) as pool:
        channel.after = pool.close
        with pytest.raises(psycopg.OperationalError):
            await Posting(pool, counted).post_due(channel, W46_DUE)
    channel.after = nothing
    await room.expire()

    await room.posting().post_due(channel, W46_DUE)

    assert (len(channel.told), await room.states()) == (1, [("2026-W46", 1, "posted")])


async def test_whoever_holds_a_digest_is_left_alone(room: Room) -> None:
    stuck, other = Stuck(), Channel()
    posting = asyncio.create_task(room.posting().post_due(Channel(before=stuck), W46_DUE))
    await stuck.reached.wait()

    ended = [await room.posting().post_due(other, now) for now in (W46_DUE, W47_DUE)]
    stuck.free.set()

    assert (ended, await posting, other.told) == ([0, 0], 1, [])


async def test_whoever_ends_a_post_that_another_has_ended_changes_nothing(room: Room) -> None:
    stuck = Stuck()
    channel = Channel(after=stuck)
    sleeper = asyncio.create_task(room.posting().post_due(channel, W46_DUE))
    await stuck.reached.wait()
    await room.expire()

    await room.posting().post_due(channel, W46_DUE)
    before = await room.states(), [row["posted_at"] for row in await room.rows()]
    stuck.free.set()

    assert (await sleeper, len(channel.told)) == (0, 1)
    assert (await room.states(), [row["posted_at"] for row in await room.rows()]) == before


async def test_of_two_who_count_the_one_who_holds_the_lease_posts(room: Room) -> None:
    first, second, channel = Stuck(), Stuck(), Channel()
    sleeper = asyncio.create_task(room.posting(first.tell).post_due(channel, W46_DUE))
    await first.reached.wait()
    await room.expire()
    holder = asyncio.create_task(room.posting(second.tell).post_due(channel, W46_DUE))
    await second.reached.wait()

    first.free.set()
    late = await sleeper
    told_by_the_late = len(channel.told)
    second.free.set()

    assert (late, told_by_the_late, await holder, len(channel.told)) == (0, 0, 1, 1)


@pytest.mark.parametrize("error", [None, Unavailable("away"), Refused("gone")])
async def test_whoever_is_late_does_not_end_what_another_holds(room: Room, error: Exception | None) -> None:
    first, second = Stuck(error=error), Stuck()
    sleeper = asyncio.create_task(room.posting().post_due(Channel(before=first), W46_DUE))
    await first.reached.wait()
    await room.expire()
    holder = asyncio.create_task(room.posting().post_due(Channel(before=second), W46_DUE))
    await second.reached.wait()
    (held,) = await room.rows()

    first.free.set()
    late = await sleeper
    (after,) = await room.rows()
    second.free.set()

    assert (late, after | {"free_in": None}) == (0, held | {"free_in": None})
    assert await holder == 1


async def test_whoever_is_stopped_late_does_not_let_go_of_what_another_holds(room: Room) -> None:
    first, second = Stuck(), Stuck()
    sleeper = asyncio.create_task(room.posting().post_due(Channel(before=first), W46_DUE))
    await first.reached.wait()
    await room.expire()
    holder = asyncio.create_task(room.posting().post_due(Channel(before=second), W46_DUE))
    await second.reached.wait()

    sleeper.cancel()
    await asyncio.wait([sleeper])
    third = await room.posting().post_due(Channel(), W46_DUE)
    second.free.set()

    assert (third, await holder) == (0, 1)


async def test_a_week_that_is_being_written_down_is_not_folded_into_the_next(room: Room) -> None:
    channel, stuck = Channel(), Stuck()
    posting = asyncio.create_task(room.posting().post_due(Channel(before=stuck), W46_DUE))
    await stuck.reached.wait()

    async with room.pool.connection() as conn:
        await conn.execute("update digests set state = 'posted', posted_at = now()")
        racing = asyncio.create_task(room.posting().post_due(channel, W47_DUE))
        await asyncio.sleep(0.2)
    ended = await racing
    await room.posting().post_due(channel, W47_DUE)
    stuck.free.set()

    assert (ended, await posting) == (0, 0)
    assert await room.states() == [("2026-W46", 1, "posted"), ("2026-W47", 1, "posted")]


async def test_what_is_posted_is_not_posted_again_when_its_lease_has_run_out(room: Room) -> None:
    channel = Channel()
    await room.posting().post_due(channel, W46_DUE)
    await room.expire()

    assert await room.posting().post_due(channel, W46_DUE) == 0
    assert len(channel.told) == 1
    await room.expire()
    assert await room.posting().post_due(channel, W47_DUE) == 1


async def test_a_post_may_not_outlast_its_lease(room: Room) -> None:
    channel = Channel(before=asyncio.Event().wait)  # pyright: ignore[reportArgumentType] - it never returns anything

    async with asyncio.timeout(60):
        ended = await room.posting(pace=PostingPace(post_limit_s=0.05)).post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert (ended, row["state"], row["reason"]) == (0, "claimed", "TimeoutError")


async def test_the_lease_is_renewed_just_before_the_post(room: Room) -> None:
    async def slow(course: Course, period: Period) -> Digest:
        await room.sql("update digests set leased_until = now() + interval '1 second'")
        return report(course, period)

    free_in: list[timedelta] = []

    async def look() -> None:
        free_in.extend(row["free_in"] for row in await room.rows())

    await room.posting(slow, PostingPace(lease=timedelta(minutes=10))).post_due(Channel(before=look), W46_DUE)

    assert timedelta(minutes=9) < free_in[0] <= timedelta(minutes=10)


async def test_a_stop_lets_the_next_process_go_on_at_once(room: Room) -> None:
    held = asyncio.Event()

    async def wait() -> None:
        held.set()
        await asyncio.Event().wait()

    channel = Channel(after=wait)
    stopped = asyncio.create_task(room.posting().post_due(channel, W46_DUE))
    await held.wait()
    stopped.cancel()
    await asyncio.wait([stopped])

    assert stopped.cancelled()
    assert await room.posting().post_due(channel, W46_DUE) == 1
    assert len(channel.told) == 1
