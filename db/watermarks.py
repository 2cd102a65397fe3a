"""The last message seen in each channel of Discord."""

from collections.abc import Mapping

from psycopg import AsyncConnection


async def raise_to(conn: AsyncConnection, seen: Mapping[int, int]) -> None:
    """Raise the watermark of each channel to its message; none is ever lowered."""
    await conn.execute(
        """
        insert into watermarks (channel_id, message_id)
        select channel_id, message_id from unnest(%(channels)s::bigint[], %(messages)s::bigint[])
            as seen (channel_id, message_id)
        order by channel_id  -- in one order: two that raise several at once could else wait for each other
        on conflict (channel_id) do update set message_id = greatest(watermarks.message_id, excluded.message_id)
        """,
        {"channels": list(seen), "messages": list(seen.values())},
    )


async def every(conn: AsyncConnection) -> dict[int, int]:
    """All watermarks, by channel."""
    rows = await (await conn.execute("select channel_id, message_id from watermarks")).fetchall()
    return dict(rows)
