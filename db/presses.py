"""Which presses of buttons somebody acts upon."""

from datetime import timedelta

from psycopg import AsyncConnection


async def claim(conn: AsyncConnection, *, interaction: int, keep: timedelta) -> bool:
    """Be the one who acts upon a press; False: somebody is, or was. Claims older than *keep* are forgotten."""
    claimed = await conn.execute(
        "insert into presses (interaction_id) values (%(interaction)s) on conflict do nothing",
        {"interaction": interaction},
    )
    await conn.execute("delete from presses where claimed_at < now() - %(keep)s::interval", {"keep": keep})
    return claimed.rowcount > 0
