"""A database that fails for a while: whoever reaches for one of its tables is cut off, or waits."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.bot.discord.conftest import Campus


@dataclass
class Cut:
    """How often somebody was cut off."""

    times: int = 0


@asynccontextmanager
async def hanging(campus: Campus, table: str) -> AsyncGenerator[psycopg.AsyncConnection, None]:
    """Let everybody wait who reaches for *table*."""
    assert campus.setup.database_url
    async with await psycopg.AsyncConnection.connect(campus.setup.database_url) as conn:
        await conn.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.Identifier(table)))
        yield conn


@asynccontextmanager
async def frozen(campus: Campus) -> AsyncGenerator[None, None]:
    """Stop the server's processes that wait for a lock, so that they do not even hear that they are cancelled."""
    assert campus.setup.database_url
    async with await psycopg.AsyncConnection.connect(campus.setup.database_url, autocommit=True) as conn:
        waiting: list[int] = []
        for _ in range(500):
            cursor = await conn.execute(
                "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            if waiting := [pid for (pid,) in await cursor.fetchall()]:
                break
            await asyncio.sleep(0.01)
        assert waiting
    for pid in waiting:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in waiting:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def cut(campus: Campus, table: str) -> AsyncGenerator[Cut, None]:
    """End every connection, as an administrator or a failing server does, that reaches for *table*."""
    done = Cut()
    over = asyncio.Event()
    async with hanging(campus, table):
        cutting = asyncio.create_task(_end_those_that_wait(campus, done, over))
        try:
            yield done
        finally:
            over.set()  # and not cancelled: who was cut off last may be told so before it is counted
            await cutting


async def _end_those_that_wait(campus: Campus, done: Cut, over: asyncio.Event) -> None:
    assert campus.setup.database_url
    async with await psycopg.AsyncConnection.connect(campus.setup.database_url, autocommit=True) as conn:
        while not over.is_set():
            ended = await conn.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0
                """
            )
            done.times += ended.rowcount
            await asyncio.sleep(0.01)
