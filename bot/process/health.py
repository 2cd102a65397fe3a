"""Tell a supervisor over HTTP whether Monitoria lives and is ready, and Prometheus what it counts."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[bool]]
Address = tuple[str, int]

BETWEEN_TRIES_S = 10.0
"""While another process has the port: often the one that this one replaces."""


def application(checks: Mapping[str, Check], registry: CollectorRegistry) -> Starlette:
    """Answer for a process that is ready once each of *checks*, by the name of what it looks at, holds."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        found = dict(zip(checks, await asyncio.gather(*(check() for check in checks.values())), strict=True))
        is_ready = all(found.values())
        return JSONResponse({"ready": is_ready} | found, status_code=200 if is_ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)],
    )


async def serve(app: Starlette, address: Address) -> None:
    """Serve *app* at *address* until cancelled; where that is taken, say so once and wait for it."""
    async with _listening(address) as listener:
        config = uvicorn.Config(
            app,
            # Ours are configured for the whole process: uvicorn would put its own in their place.
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            http="h11",
            ws="none",
            # Who holds a connection open, as a scraper does, must not hold up the stop.
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            # Shielded: a server that is cancelled leaves its connections open; told to exit, it closes them.
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """A server that leaves the signals to the process that it is a part of."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def _listening(address: Address) -> AsyncGenerator[socket.socket, None]:
    """Yield a socket that is bound here: uvicorn would end the process over an address that is taken."""
    listener = _bound(address)
    if isinstance(listener, OSError):
        log.warning("health.unavailable", extra={"reason": _sentence(address, listener)})
    while isinstance(listener, OSError):
        await asyncio.sleep(BETWEEN_TRIES_S)
        listener = _bound(address)
    with listener:
        yield listener


def _bound(address: Address) -> socket.socket | OSError:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        return socket.create_server(address, family=family)
    except OSError as error:
        return error


def _sentence(address: Address, error: OSError) -> str:
    why = "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({_said(error)})"
    return (
        f"The address {address[0]}:{address[1]} {why}, so that health and metrics are not told until it is free; "
        "name another in MONITORIA_HTTP_BIND, or `off`."
    )


def _said(error: OSError) -> str:
    """Say what the system said, without the address that Python adds."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
