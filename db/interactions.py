"""Which presses, forms and commands have been taken, and messages whose questions were deleted."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import AsyncConnection


async def claim(conn: AsyncConnection, interaction: int) -> bool:
    """Take an interaction; return False if it was taken before."""
    # The insert is the claim: of all replicas that hear of a press, one adds the row.
    taken = await conn.execute(
        "insert into handled_interactions (id) values (%(interaction)s) on conflict do nothing",
        {"interaction": interaction},
    )
    return taken.rowcount > 0


async def close(conn: AsyncConnection, messages: Sequence[int]) -> None:
    """Let nobody take *messages* any more."""
    await conn.execute(
        "insert into handled_interactions (id) select unnest(%(messages)s::bigint[]) on conflict do nothing",
        {"messages": list(messages)},
    )


async def is_taken(conn: AsyncConnection, interaction: int) -> bool:
    found = await conn.execute(
        "select from handled_interactions where id = %(interaction)s", {"interaction": interaction}
    )
    return found.rowcount > 0


async def forget(conn: AsyncConnection, *, older_than: timedelta) -> None:
    await conn.execute("delete from handled_interactions where at < now() - %(age)s::interval", {"age": older_than})
