"""Run Monitoria in Discord until it is told to stop."""

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any

import aiohttp
import discord

from bot.discord.client import Monitoria
from bot.discord.cogs.asking import Asking
from bot.discord.cogs.course import Staff
from bot.discord.cogs.digesting import Digesting
from bot.discord.cogs.keeping import KeepingCog
from bot.discord.cogs.lecture_cards import LectureCardsCog
from bot.discord.cogs.lectures import Lectures
from bot.discord.cogs.privacy import PrivacyCog
from bot.discord.cogs.reviewing import Reviewing
from bot.discord.hearing.course_choice import CourseChoice
from bot.process import health
from bot.process.metrics import Metrics
from bot.process.supervision import ProcessPart, Stop, supervised
from services import wiring
from services.errors import Misconfigured, Refused, Unavailable
from services.operation.readiness import database_answers
from services.wiring import Services, Setup

DRAIN_S = 14.0
"""For the answers that are being written when a stop is asked for; what then is not done, the next start does."""
TOKEN_REVOKED = 4004
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"""

TOKENLESS = (
    "DISCORD_TOKEN is not set; copy the bot's token from https://discord.com/developers/applications (Bot, Reset "
    "Token) into .env, or use `monitoria chat`, which needs no Discord."
)
REFUSED_BY_DISCORD = (
    "Discord refuses the token in DISCORD_TOKEN; copy it anew from https://discord.com/developers/applications "
    "(Bot, Reset Token) before you start again, for Discord locks out who tries a wrong token many times."
)
MAY_NOT_READ = (
    "Discord does not let the bot read messages; switch on Message Content Intent at "
    "https://discord.com/developers/applications (Bot, Privileged Gateway Intents) and start again."
)


async def run(setup: Setup, token: str | None, address: health.Address | None) -> signal.Signals | None:
    """
    Be in Discord until a signal says to stop, and return which; tell how it is at *address*, unless that is None.

    Raises:
        Misconfigured: the token is missing or wrong, or the bot may not read messages or offer commands.
        Refused, Unavailable: the database cannot be opened.

    """
    if not token:
        raise Misconfigured(TOKENLESS)
    stop = Stop()
    with stop.listening():
        async with AsyncExitStack() as stack:
            services = await _opened_unless(stop, stack, setup)
            if services:
                await supervised(parts(services, token, address), stop)
    return stop.by


def parts(services: Services, token: str, address: health.Address | None) -> list[ProcessPart]:
    """Return what runs, in the order of starting; the last one is stopped first."""
    metrics = Metrics()
    metrics.watch_vectors(
        open_=lambda: services.configured.embedder is not None, missing=lambda: services.filling.missing
    )
    gateway = Gateway(services, token, metrics)
    checks: dict[str, health.Check] = {
        "gateway": gateway.is_ready,
        "database": partial(database_answers, services.pool),
    }
    wanted = [
        ProcessPart(name="pulse", run=metrics.pulse),
        *([ProcessPart(name="worker", run=services.worker.run)] if services.worker else []),
        *([ProcessPart(name="second opinions", run=services.second_worker.run)] if services.second_worker else []),
        *([ProcessPart(name="canaries", run=services.canaries.run)] if services.canaries else []),
        ProcessPart(name="filling", run=services.filling.run),
        ProcessPart(name="maps", run=services.mapper.run),
        # Last, so stopped first: what it still answers needs all the others.
        ProcessPart(name="gateway", run=gateway.run, leave=gateway.leave, grace_s=DRAIN_S, fatal=(Refused,)),
    ]
    if address:
        told = health.application(checks, metrics.registry)
        wanted.insert(0, ProcessPart(name="health", run=partial(health.serve, told, address)))
    return wanted


class Gateway:
    """The bot's place in Discord: one client, and a new one after each failure."""

    def __init__(self, services: Services, token: str, metrics: Metrics) -> None:
        self._services = services
        self._token = token
        self._metrics = metrics
        self._client: Monitoria | None = None
        self._leaving = asyncio.Event()
        metrics.watch_gateway(connected=self._is_connected, heartbeat_s=self._heartbeat_s)

    async def run(self) -> None:
        """
        Be in Discord until told to leave, and then as long as it takes to finish what was begun.

        Raises:
            Misconfigured: Discord wants none of us until the operator has changed something.
            Unavailable: Discord cannot be reached.

        """
        async with await opened(self._services, self._metrics) as client:
            self._client = client
            await self._listen(client)
            if client.unusable:
                raise client.unusable
            await client.finished()

    def leave(self) -> None:
        """Take no new questions."""
        self._leaving.set()

    async def is_ready(self) -> bool:
        return self._is_connected() and not self._leaving.is_set()

    async def _listen(self, client: Monitoria) -> None:
        listening = asyncio.create_task(_started(client, self._token))
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait([listening, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not listening.done():
                # Before it is cut off: no event that comes in between begins anything.
                client.begin_nothing()
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening
        if not listening.cancelled():
            listening.result()
        elif client.ws:
            # The rest of the client stays open: by it the answers that are being written are sent.
            await client.ws.close(code=1000)

    def _is_connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def _heartbeat_s(self) -> float:
        return self._client.latency if self._client else float("nan")


async def opened(services: Services, metrics: Metrics | None = None, **options: Any) -> Monitoria:  # noqa: ANN401 - of discord.py
    """Put the client together; it connects when it is started."""
    client = Monitoria(services, metrics, **options)
    client.add_dynamic_items(CourseChoice)
    await client.add_cog(Asking(client))
    await client.add_cog(Lectures(client))
    await client.add_cog(Reviewing(client))
    await client.add_cog(KeepingCog(client))
    await client.add_cog(Digesting(client))
    await client.add_cog(LectureCardsCog(client))
    await client.add_cog(Staff(client))
    await client.add_cog(PrivacyCog(client))
    return client


async def _started(client: Monitoria, token: str) -> None:
    """Log in and listen; what Discord says against it becomes a sentence."""
    try:
        await client.start(token)
    except discord.LoginFailure as error:
        raise Misconfigured(REFUSED_BY_DISCORD) from error
    except discord.PrivilegedIntentsRequired as error:
        raise Misconfigured(MAY_NOT_READ) from error
    except discord.ConnectionClosed as error:
        if error.code == TOKEN_REVOKED:
            raise Misconfigured(REFUSED_BY_DISCORD) from error
        raise Unavailable(f"Discord ended the connection (code {error.code}).") from error
    except (OSError, aiohttp.ClientError, discord.HTTPException, discord.GatewayNotFound) as error:
        raise Unavailable(f"Discord cannot be reached ({error}).") from error


async def _opened_unless(stop: Stop, stack: AsyncExitStack, setup: Setup) -> Services | None:
    """Open everything on *stack*; return None where a signal came first."""
    try:
        with stop.interrupting():
            return await stack.enter_async_context(wiring.services(setup, lasts=True))
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if stop.by is None or task is None:
            raise
        # The signal has been heard: what closes now may await without being cancelled again.
        task.uncancel()
        return None
