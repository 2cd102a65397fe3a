"""Of two who edit one message at once, nobody knows whose edit landed last."""

from datetime import timedelta

from psycopg import AsyncConnection

from db import edits
from db.edits import HandId, Target

LEASE = timedelta(seconds=60)


async def begun(conn: AsyncConnection, target: Target = "card", target_id: int = 1, lease: timedelta = LEASE) -> HandId:
    return await edits.begin(conn, target=target, target_id=target_id, lease=lease)


async def test_one_after_the_other_are_alone(conn: AsyncConnection) -> None:
    first = await edits.end(conn, await begun(conn))
    second = await edits.end(conn, await begun(conn))

    assert (first, second) == (True, True)


async def test_two_at_once_are_not_in_whatever_order_they_end(conn: AsyncConnection) -> None:
    one, two = await begun(conn), await begun(conn)

    assert (await edits.end(conn, two), await edits.end(conn, one)) == (False, False)


async def test_one_who_begins_while_another_is_there_is_not_alone_though_that_one_ends(conn: AsyncConnection) -> None:
    one = await begun(conn)
    two = await begun(conn)
    await edits.end(conn, one)
    three = await begun(conn)

    assert [await edits.end(conn, hand) for hand in (two, three)] == [False, False]


async def test_other_messages_do_not_count(conn: AsyncConnection) -> None:
    card, other, showing = await begun(conn), await begun(conn, target_id=2), await begun(conn, "showing")

    assert [await edits.end(conn, hand) for hand in (card, other, showing)] == [True, True, True]


async def test_a_hand_that_died_is_forgotten_with_its_lease_and_does_not_know_what_it_did(
    conn: AsyncConnection,
) -> None:
    died = await begun(conn, lease=timedelta(seconds=-1))
    next_one = await begun(conn)

    assert await edits.end(conn, next_one)
    assert not await edits.end(conn, died)
