"""Run the PostgreSQL that ships with Monitoria: the first process starts it, the last one out stops it."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

from db.embedded.cluster import Cluster
from db.embedded.locks import Wait

PATIENCE = timedelta(minutes=5)
"""How long a start may take while PostgreSQL lives: recovery after a crash reads up to 1 GB of log."""


@asynccontextmanager
async def running(home: Path, *, durable: bool = True, patience: timedelta = PATIENCE) -> AsyncGenerator[str, None]:
    """
    Keep the database of *home* up and yield the URL of its database `monitoria`.

    Not *durable* is for tests: several times faster, and lost when the machine loses power.

    Raises:
        DatabaseRefused: the operator can fix it: an unwritable home, another major version, a full disk.
        DatabaseUnavailable: it did not start, or not within *patience*.

    """
    wait = Wait(patience.total_seconds())
    cluster = Cluster(home)
    joining = asyncio.create_task(asyncio.to_thread(cluster.join, wait, durable=durable))
    try:
        url = await asyncio.shield(joining)
    except asyncio.CancelledError:
        wait.abandon()
        await asyncio.wait({joining})
        if joining.exception() is None:
            await asyncio.to_thread(cluster.leave)
        raise
    try:
        yield url
    finally:
        await asyncio.shield(asyncio.to_thread(cluster.leave))


@contextmanager
def held(home: Path, *, durable: bool = True, patience: timedelta = PATIENCE) -> Generator[str, None, None]:
    """Do what `running` does, for a caller that has no event loop."""
    cluster = Cluster(home)
    url = cluster.join(Wait(patience.total_seconds()), durable=durable)
    try:
        yield url
    finally:
        cluster.leave()
