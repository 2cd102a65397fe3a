"""What health checks and metrics tell of a bot that runs."""

import asyncio
import json
import re
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.bot.discord.asking import QUESTION, is_cited, shown
from tests.bot.discord.conftest import Campus, Start
from tests.bot.discord.launched import ROOT, Launched
from tests.bot.discord.test_running import answers_in, quiet, taught, us
from tests.ports import free_port


async def test_health_and_metrics_are_told(campus: Campus, start: Start, postgres_url: str) -> None:
    await taught(campus)
    address = f"127.0.0.1:{free_port()}"
    run = await start(MONITORIA_HTTP_BIND=address)
    async with aiohttp.ClientSession(f"http://{address}") as http:
        first = await _first_answer(http, run)
        await run.ready()
        await campus.server.say(campus.ana, campus.room, f"{us(campus)} {QUESTION}")
        assert is_cited(await campus.server.until(lambda: shown(answers_in(campus, campus.room))))
        await quiet(campus)

        assert first == (503, {"ready": False, "gateway": False, "database": True})
        assert await _get(http, "/health/live") == (200, {"live": True})
        assert await _get(http, "/health/ready") == (200, {"ready": True, "gateway": True, "database": True})
        async with http.get("/metrics") as response:
            told = await response.text()
        assert 'monitoria_answers_total{outcome="answered"} 1.0' in told
        assert "monitoria_answer_seconds_count 1.0" in told
        assert "monitoria_gateway_connected 1.0" in told
        assert "monitoria_gateway_heartbeat_seconds " in told
        assert "monitoria_event_loop_lag_seconds_count" in told
        assert not [word for word in ("gradiente", "ana", "duvidas") if f'"{word}' in told or f" {word} " in told]

        assert await _health_of_the_image(address) == 0
        async with _database_closed(campus, postgres_url):
            down = await _get(http, "/health/ready")
            assert await _health_of_the_image(address) == 1
            assert (await _get(http, "/health/live"))[0] == 200
        assert down == (503, {"ready": False, "gateway": True, "database": False})
        await _until_ready(http)


async def test_a_taken_port_is_a_warning_and_no_more(campus: Campus, start: Start) -> None:
    await taught(campus)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        run = await (await start(MONITORIA_HTTP_BIND=address)).ready()
        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()

    assert is_cited(asked.original)
    (told,) = [event for event in run.events if event["event"] == "health.unavailable"]
    assert address in told["reason"]
    assert "MONITORIA_HTTP_BIND" in told["reason"]


async def _health_of_the_image(address: str) -> int:
    """What a container engine hears that asks as the Dockerfile says."""
    joined = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    (asked,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", joined, re.MULTILINE)
    _, *arguments = json.loads(asked)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env={"MONITORIA_HTTP_BIND": address}, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(60):
        return await process.wait()


async def _get(http: aiohttp.ClientSession, path: str) -> tuple[int, Any]:
    async with http.get(path) as response:
        return response.status, await response.json()


async def _first_answer(http: aiohttp.ClientSession, run: Launched) -> tuple[int, Any]:
    """What it says of itself as soon as it says anything."""
    for _ in range(2000):
        assert run.process.returncode is None, run.said
        try:
            return await _get(http, "/health/ready")
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.02)
    raise AssertionError(run.said)


async def _until_ready(http: aiohttp.ClientSession) -> None:
    for _ in range(100):
        if (await _get(http, "/health/ready"))[0] == 200:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("it did not recover")


@asynccontextmanager
async def _database_closed(campus: Campus, postgres_url: str) -> AsyncGenerator[None, None]:
    """Cut every connection to the database, and let none in."""
    assert campus.setup.database_url
    name = conninfo_to_dict(campus.setup.database_url)["dbname"]
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as conn:
        allow = sql.SQL("alter database {} allow_connections {}")
        await conn.execute(allow.format(sql.Identifier(str(name)), sql.SQL("false")))
        await conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        try:
            yield
        finally:
            await conn.execute(allow.format(sql.Identifier(str(name)), sql.SQL("true")))
