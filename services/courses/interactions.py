"""Let one process act on each press, form and command, though all that run are told of it."""

from datetime import timedelta

from psycopg_pool import AsyncConnectionPool

from db import interactions

KEPT = timedelta(hours=1)
"""Discord delivers nothing again after so long, and a token lasts a quarter of it."""


class Interactions:
    """The interactions that have been taken."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def claim(self, interaction: int) -> bool:
        """
        Be the one who acts on an interaction; False: another is, or was.

        Who dies between this and the first answer takes it along: Discord tells the person that it failed, and their
        next press is another interaction. The other way round, both would act whenever the first is slow.
        """
        async with self._pool.connection() as conn:
            return await interactions.claim(conn, interaction)

    async def is_taken(self, message: int) -> bool:
        """Say whether a message must not be asked again: who wrote it has had its question deleted."""
        async with self._pool.connection() as conn:
            return await interactions.is_taken(conn, message)

    async def forget_old(self) -> None:
        async with self._pool.connection() as conn:
            await interactions.forget(conn, older_than=KEPT)
