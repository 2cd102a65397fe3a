"""Finish or explain the questions that were in flight when a process died."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import discord

from bot.discord.client import Monitoria
from bot.discord.delivering.answering import SOURCE
from bot.discord.delivering.outlets import TROUBLE, Before, CommandOutlet, Outlet, PressOutlet, ReplyOutlet
from db.records import Delivery
from services import i18n
from services.answering.asked import Asked
from services.courses.absence import is_too_old


class Resuming:
    """Sees to the answers that have not arrived."""

    def __init__(self, client: Monitoria) -> None:
        self._client = client
        self._deliveries = client.services.deliveries

    async def tick(self) -> None:
        """Hold on to what is answered here, and take over what nobody holds."""
        # First: what is answered here must not be taken over below as left behind.
        await self._deliveries.renew(SOURCE, list(self._client.answering.in_flight))
        if self._client.is_ready():
            while delivery := await self._deliveries.claim():
                self._client.start_soon(self._resume(delivery))

    async def _resume(self, delivery: Delivery) -> None:
        """Finish or explain a question that was in flight when a process died."""
        if delivery.source_id in self._client.answering.in_flight:
            return
        outlet = self._outlet(delivery)
        if outlet is None:
            await self._deliveries.give_up(delivery.question_id, delivery.course)
            return
        if is_too_old(delivery.age_s):
            await self._deliveries.give_up(delivery.question_id, delivery.course)
            with suppress(*TROUBLE):
                await outlet.say(i18n.text("discord.gone", delivery.destination.language))
            return
        asked = Asked(
            course=delivery.course,
            text=delivery.question,
            source=SOURCE,
            source_id=delivery.source_id,
            asker_key=delivery.asker_key,
            lecture=delivery.lecture_id,
            follows=delivery.follows,
            again=delivery.again,
        )
        await self._client.answering.answer(asked, delivery.destination, outlet)

    def _outlet(self, delivery: Delivery) -> Outlet | None:
        """Return the way back that is still open, or None where there is none."""
        to, us = delivery.destination, self._client.user
        if us is None:
            return None
        channel = self._client.get_partial_messageable(to.channel_id, guild_id=to.guild_id)
        if to.token and self._client.application_id:
            webhook = followup(self._client, self._client.application_id, to.token)
            kind = PressOutlet if delivery.again else CommandOutlet
            return kind(webhook, channel=channel, us=us.id, is_private=to.is_private)
        # Without its token nobody but the asker may see it, and Discord has no other way to them.
        if to.is_private:
            return None
        source = channel.get_partial_message(to.message_id) if to.message_id else None
        before = Before(since=discord.utils.utcnow() - timedelta(seconds=delivery.age_s), us=us.id)
        return ReplyOutlet(channel, source, delivery.nonce, before=before)


def followup(client: discord.Client, application: int, token: str) -> discord.Webhook:
    """
    Return the webhook of a command, as discord.py makes it for `Interaction.followup`.

    `Webhook.partial` makes one of a channel, by which discord.py sends nothing that only one person sees.
    """
    data: Any = {"id": application, "type": discord.WebhookType.application.value, "token": token}
    return discord.Webhook.from_state(data, client._connection)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
