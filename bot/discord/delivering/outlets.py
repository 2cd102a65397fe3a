"""The two ways back to who asked: a reply to a message, and the response to a command."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, cast

import aiohttp
import discord

from bot.discord.messages.defang import harmless, shortened
from bot.discord.messages.layout import Page
from bot.discord.messages.splitting import LONGEST
from bot.discord.permissions import Lack, lacking_at, may_attach
from db.records import AnswerId, ItemId

log = logging.getLogger(__name__)

QUIET = discord.AllowedMentions.none()
MOST_LOOKED_AT = 300
CLOCKS_APART = timedelta(minutes=5)
"""By which the database's clock and Discord's may differ."""
PASSING = (discord.DiscordServerError, aiohttp.ClientError, ConnectionError, TimeoutError)
"""What is worth another try: discord.py repeats some errors of Discord's, and no cut connection on Linux."""
TROUBLE = (discord.HTTPException, aiohttp.ClientError, ConnectionError, TimeoutError)
"""How a request to Discord may end without what it asked for."""
PAUSES_S = (0.5, 2.0, 6.0)
"""Before each further try, each longer or shorter by up to a half, so that all who wait do not come at once."""
GONE = {10015, 50027}
"""Discord's codes for a token that it no longer takes: unknown webhook, invalid webhook token."""

ORIGINAL = cast("int", "@original")
"""Discord's name for the response to an interaction: discord.py writes it into the path as it is."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Somebody may have sent here before: a process that died, or an attempt whose acknowledgement was lost."""

    since: datetime
    us: int  # our own id


class Outlet(Protocol):
    """Where one answer goes: drafts first, perhaps, and then its pages."""

    async def draft(self, text: str) -> None:
        """Show the answer as far as it is written."""
        ...

    def deliver(self, pages: Sequence[Page]) -> AsyncGenerator[int, None]:
        """Show the answer in place of the drafts; yield the id of each message as it arrives."""
        ...

    async def take_back(self) -> None:
        """Delete what was delivered here: its answer has gone meanwhile."""
        ...

    async def say(self, text: str) -> None:
        """Say something that is not an answer."""
        ...

    def lacks(self) -> list[Lack]:
        """Return the permissions that an answer needs here and that are not given, as far as is known."""
        ...

    def takes_files(self) -> bool:
        """Say whether a picture may be sent here, as far as is known."""
        ...


def is_gone(error: discord.HTTPException) -> bool:
    """Say whether *error* means that a command's token has run out."""
    return error.code in GONE


class ReplyOutlet:
    """
    Answers in a channel, as a reply to the message that asked where it still exists.

    Its *nonce* makes sends idempotent for minutes: Discord returns the message that was sent before. Who goes on where
    another may have begun says so by *before*; what that one left is then looked for in the channel.
    """

    def __init__(
        self,
        channel: discord.abc.Messageable,
        source: discord.PartialMessage | None,
        nonce: str,
        *,
        before: Before | None = None,
    ) -> None:
        self._channel = channel
        self._source = source
        self._nonce = nonce
        self._before = before
        self._left: Sequence[discord.Message] | None = None
        self._first: discord.Message | None = None
        self._sent: list[discord.Message] = []

    async def draft(self, text: str) -> None:
        if self._first is None:
            self._first = await self._send(Page(content=text), 0)
        else:
            await self._first.edit(content=text, allowed_mentions=QUIET)

    async def deliver(self, pages: Sequence[Page]) -> AsyncGenerator[int, None]:
        for number, page in enumerate(pages):
            if number == 0:
                sent = self._first = self._first or await persistently(lambda page=page: self._send(page, 0))
            else:
                sent = await persistently(lambda page=page, number=number: self._send(page, number))
            # A send repeated after a restart returns the message of then, which may be a draft or an older answer.
            is_old = sent in (self._left or ())
            if is_old or not _shows(sent, page):
                await self._rewrite(sent, page)
            self._sent.append(sent)
            yield sent.id

    async def take_back(self) -> None:
        await _deleted(self._sent)

    async def say(self, text: str) -> None:
        page = Page(content=_said(text))
        if self._first is None:
            self._first = await persistently(lambda: self._send(page, 0))
        else:
            await self._rewrite(self._first, page)

    def lacks(self) -> list[Lack]:
        return lacking_at(self._channel)

    def takes_files(self) -> bool:
        return may_attach(self._channel)

    async def _rewrite(self, message: discord.Message, page: Page) -> None:
        await persistently(
            lambda: message.edit(
                content=page.content,
                embed=page.embed,
                view=page.view,
                attachments=page.files(),
                allowed_mentions=QUIET,
            )
        )

    async def _send(self, page: Page, number: int) -> discord.Message:
        if self._before is not None:
            if self._left is None:
                self._left = await left_by_us(self._channel, self._before)
            replied = self._source.id if self._source and number == 0 else None
            if left := left_behind(self._left, nonce=f"{self._nonce}.{number}", reply_to=replied):
                return left
        return await self._channel.send(
            page.content,
            nonce=f"{self._nonce}.{number}",
            allowed_mentions=QUIET,
            **given(
                embed=page.embed,
                view=page.view,
                files=page.files() or None,
                reference=self._reference() if number == 0 else None,
            ),
        )

    def _reference(self) -> discord.MessageReference | None:
        """Return what to reply to; without the history's permission, Discord refuses replies but takes messages."""
        if self._source is None or any(lack.permission == "read_message_history" for lack in self.lacks()):
            return None
        return self._source.to_reference(fail_if_not_exists=False)


class CommandOutlet:
    """
    Answers a command that was deferred, by its token.

    What *us*, our user, has sent to the *channel* of a public one can be looked at there.
    """

    def __init__(
        self,
        webhook: discord.Webhook,
        *,
        channel: discord.abc.Messageable | None,
        us: int,
        is_private: bool,
    ) -> None:
        self._webhook = webhook
        self._channel = None if is_private else channel
        self._us = us
        self._is_private = is_private
        self.is_silent = True  # nothing stands in place of "thinking" yet
        self._sent: list[discord.Message] = []

    async def draft(self, text: str) -> None:
        await self._edit(Page(content=text))

    async def deliver(self, pages: Sequence[Page]) -> AsyncGenerator[int, None]:
        for number, page in enumerate(pages):
            # The first takes the place of "thinking", which Discord shows until it is edited.
            send = self._follow if number else self._edit
            sent = await persistently(lambda page=page, send=send: send(page))
            self._sent.append(sent)
            yield sent.id
        # Only further pages can come twice: the first is an edit.
        if len(pages) > 1:
            try:
                await self._tidy()
            except TROUBLE as error:
                # The answer has arrived: to send it once more would double its pages again.
                log.info("answer.not_tidied", extra={"reason": repr(error)})

    async def take_back(self) -> None:
        await _deleted(self._sent)

    async def say(self, text: str) -> None:
        page = Page(content=_said(text))
        await persistently(lambda: self._edit(page))

    def lacks(self) -> list[Lack]:
        """The response to a command needs no permission."""
        return []

    def takes_files(self) -> bool:
        return True

    async def _tidy(self) -> None:
        """
        Delete further pages that came twice.

        Discord takes no nonce for them, discord.py repeats one whose acknowledgement is lost, and so does the next
        process where one has died. What only its asker sees stands in no channel's history, and stays.
        """
        first, *_ = self._sent
        if self._channel is None or first.interaction_metadata is None:
            return
        wanted = {message.id for message in self._sent}
        left = await left_by_us(self._channel, Before(since=first.created_at, us=self._us))
        command = first.interaction_metadata.id
        ours = [one for one in left if one.interaction_metadata and one.interaction_metadata.id == command]
        await _deleted([one for one in ours if one.id not in wanted])

    async def _follow(self, page: Page) -> discord.WebhookMessage:
        return await self._webhook.send(
            page.content,
            wait=True,
            ephemeral=self._is_private,
            allowed_mentions=QUIET,
            **given(embed=page.embed, view=page.view, files=page.files() or None),
        )

    async def _edit(self, page: Page) -> discord.WebhookMessage:
        edited = await self._webhook.edit_message(
            ORIGINAL,
            content=page.content,
            embed=page.embed,
            view=page.view,
            attachments=page.files(),
            allowed_mentions=QUIET,
        )
        self.is_silent = False
        return edited


class PressOutlet(CommandOutlet):
    """Answers a press that was deferred; what is no answer, only who pressed is told."""

    async def say(self, text: str) -> None:
        if self._is_private:
            await super().say(text)
            return
        await persistently(self._withdraw)
        # After a deferral Discord shows to all what comes first, unless its "thinking" is gone.
        await self._webhook.send(_said(text), wait=True, ephemeral=True, allowed_mentions=QUIET)
        self.is_silent = False

    async def _withdraw(self) -> None:
        with suppress(discord.NotFound):
            await self._webhook.delete_message(ORIGINAL)


def _shows(message: discord.Message, page: Page) -> bool:
    """Tell whether *message*, which was sent a moment ago, is *page* and not a draft."""
    has_embed, has_picture = page.embed is not None, page.picture is not None
    return (message.content, len(message.embeds), len(message.attachments)) == (page.content, has_embed, has_picture)


async def left_by_us(channel: discord.abc.Messageable, before: Before) -> list[discord.Message]:
    """Return the messages of ours that came to *channel* since then, the oldest first, as far as we may look."""
    after = before.since - CLOCKS_APART
    try:
        return [
            message
            async for message in channel.history(limit=MOST_LOOKED_AT, after=after, oldest_first=True)
            if message.author.id == before.us
        ]
    except (discord.Forbidden, discord.NotFound):
        # Where nobody lets us look, an answer that may come twice is better than none.
        return []


def left_behind(
    messages: Sequence[discord.Message],
    *,
    nonce: str,
    reply_to: int | None,
    answer: AnswerId | None = None,
    item: ItemId | None = None,
) -> discord.Message | None:
    """
    Return the message that was sent with *nonce*, if it is there.

    Discord need not tell the nonce of older messages; then it is the one that replies to the message that asked, or,
    where it replies to none, that has the buttons of *answer*, or those of the card of *item*.
    """
    for message in messages:
        reference = message.reference.message_id if message.reference else None
        if message.nonce == nonce or (reply_to is not None and reference == reply_to):
            return message
        if reference is None and message.interaction_metadata is None:
            is_answer = answer is not None and _has_button(message, "m:", f":{answer}")
            if is_answer or (item is not None and _has_button(message, "r:", f":{item}")):
                return message
    return None


def _has_button(message: discord.Message, beginning: str, ending: str) -> bool:
    items = [item for row in message.components if isinstance(row, discord.ActionRow) for item in row.children]
    ids = [item.custom_id or "" for item in items]
    return any(one.startswith(beginning) and one.endswith(ending) for one in ids)


async def persistently(call: Callable[[], Awaitable[T]]) -> T:
    """Do *call*, and again after each pause while it fails for a moment; the last failure is raised."""
    for pause_s in PAUSES_S:
        try:
            return await call()
        except PASSING as error:
            log.info("discord.again", extra={"reason": repr(error)})
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
    return await call()


async def _deleted(messages: Sequence[discord.Message]) -> None:
    for message in messages:
        with suppress(discord.NotFound):
            await persistently(message.delete)


def _said(text: str) -> str:
    """Return one of our sentences, in which there may be words that somebody typed."""
    return shortened(harmless(text), LONGEST)


def given(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - arguments of discord.py
    """Leave out what is None, which discord.py would not take."""
    return {name: value for name, value in values.items() if value is not None}
