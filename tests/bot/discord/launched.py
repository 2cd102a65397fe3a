"""
`monitoria run` as a process of its own, whose discord.py talks to the fake Discord instead of the real one.

Run as a program, it is that process: it points discord.py at the fake and does what `monitoria` does.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route

from tests.bot.discord.patience import wait_longer
from tests.forks import settle

ROOT = Path(__file__).resolve().parents[3]
START_LIMIT_S = 120.0
LEASE_S = 15.0
BY_CHANCE = 9
"""The exit status of a process that ended around a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """One process; what it says on standard error grows in a file."""

    process: asyncio.subprocess.Process
    log: Path
    forks: Sequence[str] = ()  # how it was started, if it is one of them

    @property
    def said(self) -> str:
        """All whole lines so far: the last one may be read while it is written."""
        whole, end, _ = self.log.read_bytes().rpartition(b"\n")
        return (whole + end).decode()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines that are log events, not sentences for the operator."""
        return [json.loads(line) for line in self.said.splitlines() if line.startswith("{")]

    @property
    def sentences(self) -> list[str]:
        return [line for line in self.said.splitlines() if not line.startswith("{")]

    async def until(self, holds: Callable[[Self], object], limit_s: float = START_LIMIT_S) -> Self:
        """Wait until *holds*; raises an AssertionError with what was said if the process ends or time runs out."""
        end_s = time.monotonic() + limit_s
        while not holds(self):
            assert self.process.returncode is None, f"it ended with {self.process.returncode}:\n{self.said}"
            assert time.monotonic() < end_s, f"nothing in {limit_s} s:\n{self.said}"
            await asyncio.sleep(0.05)
        return self

    async def ready(self) -> Self:
        return await self.until(lambda it: it.has("discord.ready"))

    def has(self, event: str) -> bool:
        return any(one["event"] == event for one in self.events)

    def tell(self, which: signal.Signals) -> None:
        """Send a signal; it may just have ended."""
        # `Process.send_signal` would look whether it has, and if so asyncio never learned how: it would say 255.
        with suppress(ProcessLookupError):
            if self.process.returncode is None:
                os.kill(self.process.pid, which)

    async def ended(self, limit_s: float = START_LIMIT_S) -> int:
        """Wait for the end and return the exit status, negative for a signal."""
        async with asyncio.timeout(limit_s):
            return await self.process.wait()

    async def stop(self) -> None:
        """End it in order."""
        self.tell(signal.SIGTERM)
        assert await self.ended() == 0, self.said

    async def kill(self) -> None:
        """End it as a power cut does."""
        self.tell(signal.SIGKILL)
        await self.process.wait()
        if self.forks:
            await asyncio.to_thread(settle, self.forks[-1])


async def launch(
    folder: Path, number: int, *, base: str, gateway: str, forks: Sequence[str] = (), **variables: str
) -> Launched:
    """Start the process in *folder*, in an environment that holds nothing but what is said here."""
    outside = {name: os.environ[name] for name in ("PATH", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    ours = {
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "MONITORIA_HOME": str(folder / "home"),
        "MONITORIA_EMBEDDING_MODEL": "none",
        "MONITORIA_HTTP_BIND": "off",
        "MONITORIA_LOG_LEVEL": "info",
        "MONITORIA_LOG_FORMAT": "json",
        "FAKE_DISCORD_BASE": base,
        "FAKE_DISCORD_GATEWAY": gateway,
    }
    log = folder / f"run-{number}.log"
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *((*forks, "launched") if forks else (sys.executable, "-m", "tests.bot.discord.launched")),
            "run",
            cwd=folder,
            env=outside | ours | variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=sink,
        )
    return Launched(process=process, log=log, forks=forks)


def hurry_digests() -> None:
    """Look for digests every two seconds instead of every minute, and hold one for seconds, not for ten minutes."""
    from bot.discord.cogs import digesting
    from services.digest import digests
    from services.digest.posting.posting import PostingPace
    from tests import grouping

    grouping.at_hand()  # else counting takes longer than the lease where the machine is busy
    patient = PostingPace(
        lease=timedelta(seconds=LEASE_S), post_limit_s=LEASE_S - 1, first_gap=timedelta(0), most_attempts=1_000
    )
    digests.Posting = partial(digests.Posting, pace=patient)
    digesting.Clock = partial(digesting.Clock, every_s=2.0)


def hurry_cards() -> None:
    """Look for released lectures every second, and hold a card for seconds."""
    from bot.discord.cogs import lecture_cards
    from services import wiring
    from services.lectures.cards import CardPace

    pace = CardPace(lease=timedelta(seconds=LEASE_S), call_limit_s=(LEASE_S - 1) / 2, first_gap=timedelta(seconds=1))
    wiring.LectureCards = partial(wiring.LectureCards, pace=pace)
    lecture_cards.Clock = partial(lecture_cards.Clock, every_s=1.0)


def exit_around_messages(chance: float) -> None:
    """End the process as a power cut does, with *chance* before a message is sent and as often right after it was."""
    send = HTTPClient.send_message

    async def perilous(self: HTTPClient, *args: Any, **kwargs: Any) -> Any:
        if random.random() < chance:  # noqa: S311 - no secret
            os._exit(BY_CHANCE)
        sent = await send(self, *args, **kwargs)
        if random.random() < chance:  # noqa: S311 - no secret
            os._exit(BY_CHANCE)
        return sent

    HTTPClient.send_message = perilous


def main() -> None:
    Route.BASE = os.environ["FAKE_DISCORD_BASE"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["FAKE_DISCORD_GATEWAY"])
    from bot import cli, running

    wait_longer()
    # discord.py waits 2 s for further servers before it calls itself ready; the fake has told of all at once.
    running.opened = partial(running.opened, guild_ready_timeout=0.3)
    if chance := float(os.environ.get("FAKE_DISCORD_EXITS", "0")):
        hurry_digests()
        hurry_cards()
        exit_around_messages(chance)
    cli.main()


if __name__ == "__main__":
    main()
