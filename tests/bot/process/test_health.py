import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from bot.process import health
from bot.process.metrics import Metrics
from bot.process.settings import HealthSettings
from tests.ports import free_port


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


@asynccontextmanager
async def serving(port: int, **checks: health.Check) -> AsyncGenerator[aiohttp.ClientSession, None]:
    app = health.application(checks, Metrics().registry)
    task = asyncio.create_task(health.serve(app, ("127.0.0.1", port)))
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        try:
            yield http
        finally:
            task.cancel()
            await asyncio.wait([task])


async def get(http: aiohttp.ClientSession, path: str) -> tuple[int, Any]:
    for _ in range(200):
        try:
            async with http.get(path) as response:
                return response.status, await response.json()
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.02)
    raise AssertionError("nobody listens")


async def test_it_says_which_part_is_not_ready() -> None:
    async with serving(free_port(), gateway=yes, database=no) as http:
        assert await get(http, "/health/ready") == (503, {"ready": False, "gateway": True, "database": False})
        assert await get(http, "/health/live") == (200, {"live": True})


async def test_a_taken_address_is_told_once_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "BETWEEN_TRIES_S", 0.05)
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as taken:
        async with serving(port, gateway=yes) as http:
            await asyncio.sleep(0.3)
            taken.close()

            assert (await get(http, "/health/ready"))[0] == 200

    (told,) = [record for record in caplog.records if record.getMessage() == "health.unavailable"]
    assert vars(told)["reason"] == (
        f"The address 127.0.0.1:{port} is in use by another program, so that health and metrics are not told until it "
        "is free; name another in MONITORIA_HTTP_BIND, or `off`."
    )


async def test_an_end_closes_the_address() -> None:
    port = free_port()
    async with serving(port, gateway=yes) as http:
        await get(http, "/health/live")

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


async def test_the_event_loop_is_measured() -> None:
    metrics = Metrics()
    task = asyncio.create_task(metrics.pulse())
    await asyncio.sleep(1.2)
    task.cancel()

    assert metrics.registry.get_sample_value("monitoria_event_loop_lag_seconds_count") == 1


def test_two_processes_in_one_count_apart() -> None:
    assert Metrics().registry is not Metrics().registry


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("off", None),
        ("0.0.0.0:9000", ("0.0.0.0", 9000)),  # noqa: S104 - what an operator may write
        ("[::1]:8080", ("::1", 8080)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_an_address_is_read(bind: str, address: tuple[str, int] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORIA_HTTP_BIND", bind)

    assert HealthSettings().address == address


def test_without_a_setting_only_this_machine_is_told() -> None:
    assert HealthSettings().address == ("127.0.0.1", 8080)


@pytest.mark.parametrize("bind", ["8080", ":8080", "host:", "host:0", "host:65536", "none"])
def test_an_address_that_cannot_be_is_refused(bind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORIA_HTTP_BIND", bind)

    with pytest.raises(ValidationError, match=r"not host:port, such as 127\.0\.0\.1:8080"):
        HealthSettings()
