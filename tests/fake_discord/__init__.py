"""
A Discord for tests: real discord.py talks to it over sockets of this machine, while the test plays the people.

    async with FakeDiscord() as server:
        guild = server.add_guild("Cálculo I")
        room = server.add_channel(guild, "dúvidas")
        ana = server.add_member(guild, "ana")
        ...  # start the bot with server.token
        await server.connected()
        asked = await server.slash(ana, room, "ask", {"question": "O que é um limite?"})
        assert "limite" in (await asked.done()).original.content
"""

from typing import Self

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fake_discord.messages import Attachment, Interaction, Message, Pings, walk
from tests.fake_discord.people import People
from tests.fake_discord.things import Channel, Guild, Member, Role, User, bits

__all__ = [
    "Attachment",
    "Channel",
    "FakeDiscord",
    "Guild",
    "Interaction",
    "Member",
    "Message",
    "Pings",
    "Role",
    "User",
    "bits",
    "walk",
]


class FakeDiscord(People):
    """
    A server on a free port, to which discord.py is pointed while it runs.

    Leaving it raises an AssertionError if the bot used a route that is missing here, or if the fake itself failed.
    """

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._real = (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)
        Route.BASE = self.base
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self.gateway)  # a client that is not sharded asks nobody for it
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = self._real
        await self.close_sockets()
        await self._runner.cleanup()
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raise if the bot asked for what is missing here, or the fake failed: a test must not pass over either."""
        assert not self.unknown, f"the fake Discord does not know: {sorted(set(self.unknown))}"
        if self.failures:
            raise AssertionError(f"the fake Discord failed: {self.failures!r}") from self.failures[0]
