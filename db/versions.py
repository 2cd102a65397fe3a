"""Which versions of PostgreSQL and pgvector a database has."""

from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What runs there."""

    server: str
    vector: str | None  # pgvector as created in this database
    vector_available: str | None  # pgvector as installed on the server
    vector_schema: str | None  # where it was created; some providers keep extensions in one of their own
    vector_in_path: bool  # whether its types are found there
    database: str


async def versions(conn: AsyncConnection) -> Versions:
    async with conn.cursor(row_factory=class_row(Versions)) as cur:
        await cur.execute(
            """
            select current_setting('server_version') as server,
                (select extversion from pg_extension where extname = 'vector') as vector,
                (select default_version from pg_available_extensions where name = 'vector') as vector_available,
                (select nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
                    where extname = 'vector') as vector_schema,
                to_regtype('sparsevec') is not null as vector_in_path, current_database() as database
            """
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - a select of settings always returns its row
    return found
