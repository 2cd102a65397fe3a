"""See that one press of a button is one act, however many processes hear of it."""

from datetime import timedelta

from psycopg_pool import AsyncConnectionPool

from db import presses

KEEP = timedelta(hours=1)
"""Discord takes no answer to a press after a quarter of an hour, and delivers it again within seconds."""


class Presses:
    """The presses of buttons that were acted upon lately."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def claim(self, interaction: int) -> bool:
        """Be the one who acts upon a press; False: another is, or this very press was acted upon before."""
        async with self._pool.connection() as conn:
            return await presses.claim(conn, interaction=interaction, keep=KEEP)
