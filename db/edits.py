"""
Who edits a message of ours at this moment: a card, or an answer where it stands.

Two edits of one message may land in either order, whatever order they were asked for in. So whoever edits begins a hand
and ends it; only one who was alone from beginning to end knows what the message shows now.
"""

from datetime import timedelta
from typing import Literal, NewType

from psycopg import AsyncConnection
from psycopg.rows import scalar_row

HandId = NewType("HandId", int)
Target = Literal["card", "showing"]


async def begin(conn: AsyncConnection, *, target: Target, target_id: int, lease: timedelta) -> HandId:
    """Take note that an edit begins; all whose edits are under way learn at their end that they were not alone."""
    chosen = {"target": target, "target_id": target_id, "lease": lease}
    # No row could be locked instead: the first edit of a message finds none.
    await conn.execute(
        "select pg_advisory_xact_lock(hashtextextended(%(target)s || %(target_id)s::bigint::text, 7))", chosen
    )
    await conn.execute("delete from edits where leased_until <= now()")
    others = await conn.execute(
        "update edits set is_alone = false where target = %(target)s and target_id = %(target_id)s", chosen
    )
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            insert into edits (target, target_id, is_alone, leased_until)
            values (%(target)s, %(target_id)s, %(is_alone)s, now() + %(lease)s) returning id
            """,
            {**chosen, "is_alone": others.rowcount == 0},
        )
        return HandId(int(await cur.fetchone() or 0))


async def end(conn: AsyncConnection, hand: HandId) -> bool:
    """End an edit; return whether it was alone. One whose lease had run out does not know."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("delete from edits where id = %(hand)s returning is_alone", {"hand": hand})
        return bool(await cur.fetchone())
