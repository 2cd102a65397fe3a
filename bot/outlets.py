"""The two ways back to who asked: a reply to a message, and the response to a command."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

import discord

from bot.render import Page

QUIET = discord.AllowedMentions.none()


class Outlet(Protocol):
    """Where one answer goes: drafts first, perhaps, and then its pages."""

    async def draft(self, text: str) -> None:
        """Show the answer as far as it is written."""
        ...

    async def deliver(self, pages: Sequence[Page]) -> list[int]:
        """Show the answer in place of the drafts; return the ids of its messages."""
        ...

    async def say(self, text: str) -> None:
        """Say something that is not an answer."""
        ...


class ReplyOutlet:
    """
    Answers in a channel, as a reply to the message that asked where it still exists.

    Its *nonce* makes sends idempotent for minutes: Discord returns the message that was sent before.
    """

    def __init__(self, channel: discord.abc.Messageable, source: discord.PartialMessage | None, nonce: str) -> None:
        self._channel = channel
        self._source = source
        self._nonce = nonce
        self._first: discord.Message | None = None

    async def draft(self, text: str) -> None:
        if self._first is None:
            self._first = await self._send(Page(content=text), 0)
        else:
            await self._first.edit(content=text, allowed_mentions=QUIET)

    async def deliver(self, pages: Sequence[Page]) -> list[int]:
        ids: list[int] = []
        for number, page in enumerate(pages):
            if number == 0:
                # A send repeated after a restart returns the message of then, which may be a draft.
                self._first = self._first or await self._send(page, 0)
                if self._first.content != page.content or len(self._first.embeds) != int(page.embed is not None):
                    await self._first.edit(
                        content=page.content, embed=page.embed, view=page.view, allowed_mentions=QUIET
                    )
                ids.append(self._first.id)
            else:
                ids.append((await self._send(page, number)).id)
        return ids

    async def say(self, text: str) -> None:
        if self._first is None:
            self._first = await self._send(Page(content=text), 0)
        else:
            await self._first.edit(content=text, embed=None, view=None, allowed_mentions=QUIET)

    async def _send(self, page: Page, number: int) -> discord.Message:
        return await self._channel.send(
            page.content,
            nonce=f"{self._nonce}.{number}",
            allowed_mentions=QUIET,
            **_given(
                embed=page.embed,
                view=page.view,
                reference=self._source.to_reference(fail_if_not_exists=False) if self._source and number == 0 else None,
            ),
        )


class CommandOutlet:
    """Answers a command that was deferred, by its token."""

    def __init__(self, webhook: discord.Webhook, *, is_private: bool) -> None:
        self._webhook = webhook
        self._is_private = is_private

    async def draft(self, text: str) -> None:
        await self._edit(Page(content=text))

    async def deliver(self, pages: Sequence[Page]) -> list[int]:
        ids = [(await self._edit(pages[0])).id]
        for page in pages[1:]:
            sent = await self._webhook.send(
                page.content,
                wait=True,
                ephemeral=self._is_private,
                allowed_mentions=QUIET,
                **_given(embed=page.embed, view=page.view),
            )
            ids.append(sent.id)
        return ids

    async def say(self, text: str) -> None:
        await self._edit(Page(content=text))

    async def _edit(self, page: Page) -> discord.WebhookMessage:
        # "@original" is Discord's name for the response: discord.py writes it into the path as it is.
        original = cast("int", "@original")
        return await self._webhook.edit_message(
            original, content=page.content, embed=page.embed, view=page.view, allowed_mentions=QUIET
        )


def _given(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - arguments of discord.py
    """Leave out what is None, which discord.py would not take."""
    return {name: value for name, value in values.items() if value is not None}
