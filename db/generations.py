"""Model generations: which model's vectors serve, and which are being built beside them."""

from collections.abc import Sequence
from datetime import timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from db.records import Generation, GenerationId


async def serving(conn: AsyncConnection) -> Generation | None:
    return await _in_state(conn, "serving")


async def building(conn: AsyncConnection) -> Generation | None:
    return await _in_state(conn, "building")


async def _in_state(conn: AsyncConnection, state: str) -> Generation | None:
    async with conn.cursor(row_factory=class_row(Generation)) as cur:
        await cur.execute(
            """
            select id, backend, model, revision, dimension, query_prefix, passage_prefix, piece_tokens, state,
                dense_weights
            from generations where state = %(state)s
            """,
            {"state": state},
        )
        return await cur.fetchone()


async def insert(
    conn: AsyncConnection,
    *,
    backend: str,
    model: str,
    revision: str,
    dimension: int,
    query_prefix: str,
    passage_prefix: str,
    piece_tokens: int | None,
    state: str,
    dense_weights: dict[str, float],
) -> Generation | None:
    """Begin a generation, or return None if another one is in that state."""
    async with conn.cursor(row_factory=class_row(Generation)) as cur:
        await cur.execute(
            """
            insert into generations
                (backend, model, revision, dimension, query_prefix, passage_prefix, piece_tokens,
                 state, dense_weights, served_at)
            values
                (%(backend)s, %(model)s, %(revision)s, %(dimension)s, %(query_prefix)s, %(passage_prefix)s,
                 %(piece_tokens)s, %(state)s, %(dense_weights)s, case when %(state)s = 'serving' then now() end)
            on conflict do nothing
            returning id, backend, model, revision, dimension, query_prefix, passage_prefix, piece_tokens, state,
                dense_weights
            """,
            {
                "backend": backend,
                "model": model,
                "revision": revision,
                "dimension": dimension,
                "query_prefix": query_prefix,
                "passage_prefix": passage_prefix,
                "piece_tokens": piece_tokens,
                "state": state,
                "dense_weights": Jsonb(dense_weights),
            },
        )
        return await cur.fetchone()


async def retire(conn: AsyncConnection, generation: GenerationId) -> None:
    await conn.execute("update generations set state = 'retired' where id = %(id)s", {"id": generation})


async def serve(conn: AsyncConnection, generation: GenerationId) -> None:
    """Let a generation serve; the one that served must have been retired in the same transaction."""
    await conn.execute(
        "update generations set state = 'serving', served_at = now() where id = %(id)s", {"id": generation}
    )


async def weigh(conn: AsyncConnection, generation: GenerationId, dense_weights: dict[str, float]) -> None:
    """Store what a calibration found."""
    await conn.execute(
        "update generations set dense_weights = %(weights)s where id = %(id)s",
        {"weights": Jsonb(dense_weights), "id": generation},
    )


async def sweep_retired(conn: AsyncConnection, *, unused_for: timedelta) -> int:
    """
    Delete the vectors of retired generations; return how many there were.

    Processes that have not yet noticed the change go on with the old vectors, so leave them for a while.
    """
    await conn.execute(
        """
        delete from language_means m using generations g
        where g.id = m.generation_id and g.state = 'retired'
            and not exists (select from generations where state = 'serving' and served_at > now() - %(unused_for)s)
        """,
        {"unused_for": unused_for},
    )
    await conn.execute(
        """
        delete from segment_signs s using generations g
        where g.id = s.generation_id and g.state = 'retired'
            and not exists (select from generations where state = 'serving' and served_at > now() - %(unused_for)s)
        """,
        {"unused_for": unused_for},
    )
    cursor = await conn.execute(
        """
        delete from segment_vectors v using generations g
        where g.id = v.generation_id and g.state = 'retired'
            and not exists (select from generations where state = 'serving' and served_at > now() - %(unused_for)s)
        """,
        {"unused_for": unused_for},
    )
    return cursor.rowcount


async def forbid_change(conn: AsyncConnection) -> None:
    """Keep the serving generation what it is until the transaction ends; others may do the same at once."""
    await conn.execute("select pg_advisory_xact_lock_shared(hashtext('monitoria.generations'))")


async def forbid_writers(conn: AsyncConnection) -> None:
    """Wait for all who forbade a change, and keep new ones waiting until the transaction ends."""
    await conn.execute("select pg_advisory_xact_lock(hashtext('monitoria.generations'))")


async def ids(conn: AsyncConnection) -> Sequence[GenerationId]:
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute("select id from generations order by id")
        return await cur.fetchall()
