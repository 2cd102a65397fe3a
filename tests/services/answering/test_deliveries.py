"""Who brings an answer to its place, and for how long nobody else may."""

from typing import Any

from psycopg.rows import scalar_row

from db.records import Destination
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.deliveries import Deliveries
from tests.services.conftest import Desk

SOURCE, MESSAGE = "discord", "message:840000000000000001"


async def waiting(desk: Desk) -> Deliveries:
    """A question whose answer is stored and has not arrived."""
    desk.write("aula", "O gradiente encolhe nas redes recorrentes.", "A LSTM guarda uma memória.")
    await desk.take_in()
    destination = Destination(
        guild_id=1, channel_id=2, message_id=840000000000000001, token=None, is_private=False, language="pt-BR"
    )
    asked = Asked(
        course=desk.course,
        text="Por que o gradiente encolhe?",
        source=SOURCE,
        source_id=MESSAGE,
        asker_key="a" * 32,
        destination=destination,
    )
    async for _ in Asker(desk.pool, desk.retriever, None).ask(asked):
        pass
    return Deliveries(desk.pool)


async def is_free(desk: Desk) -> Any:
    async with desk.pool.connection() as conn, conn.cursor(row_factory=scalar_row) as cur:
        return await (await cur.execute("select leased_until <= now() from deliveries")).fetchone()


async def test_a_delivery_that_is_being_made_is_held_on_to(desk: Desk) -> None:
    deliveries = await waiting(desk)
    async with desk.pool.connection() as conn:
        await conn.execute("update deliveries set leased_until = now() + interval '1 second'")

    await deliveries.renew(SOURCE, [MESSAGE])

    async with desk.pool.connection() as conn:
        held = await (
            await conn.execute("select leased_until > now() + interval '30 seconds' from deliveries")
        ).fetchone()
    assert held == (True,)


async def test_what_was_let_go_of_is_not_taken_again_by_who_renews_late(desk: Desk) -> None:
    """A stop lets go while the clock that renews is under way: the next process had to wait for a whole lease."""
    deliveries = await waiting(desk)
    await deliveries.release(SOURCE, MESSAGE, desk.course)

    await deliveries.renew(SOURCE, [MESSAGE])

    assert await is_free(desk)
