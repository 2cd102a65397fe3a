"""Which presses, forms and commands have been taken, by whichever process was first."""

from datetime import timedelta

from psycopg import AsyncConnection


async def claim(conn: AsyncConnection, interaction: int) -> bool:
    """Take an interaction; return False if it was taken before."""
    taken = await conn.execute(
        "insert into handled_interactions (id) values (%(interaction)s) on conflict do nothing",
        {"interaction": interaction},
    )
    return taken.rowcount > 0


async def forget(conn: AsyncConnection, *, older_than: timedelta) -> None:
    await conn.execute("delete from handled_interactions where at < now() - %(age)s::interval", {"age": older_than})
