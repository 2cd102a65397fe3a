"""Tell a course's channel that a lecture is there, once it is released."""

import discord
from discord.ext import commands

from bot.discord.client import Monitoria
from bot.discord.delivering.outlets import CLOCKS_APART, QUIET, given
from bot.discord.messages import lecture_card
from services.errors import Refused
from services.ground.ticking import Clock
from services.lectures.cards import CardPlace, LectureCard

MOST_LOOKED_AT = 300
"""Messages of the channel, since a card was begun, among which it is looked for."""


class CardChannels:
    """Posts cards in channels, finds those that it has posted, and keeps them true."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def post(self, place: CardPlace, card: LectureCard) -> int:
        page = lecture_card.page(card, place.nonce)
        channel = self._client.get_partial_messageable(place.channel_id)
        try:
            sent = await channel.send(
                page.content,
                nonce=place.nonce,
                allowed_mentions=QUIET,
                **given(embed=page.embed, view=page.view),
            )
        except (discord.Forbidden, discord.NotFound) as error:
            raise Refused(f"No card can be posted in the channel {place.channel_id} ({error.text}).") from error
        return sent.id

    async def find(self, place: CardPlace) -> int | None:
        channel = self._client.get_partial_messageable(place.channel_id)
        after = place.begun_at - CLOCKS_APART
        try:
            async for message in channel.history(limit=MOST_LOOKED_AT, after=after, oldest_first=True):
                is_ours = self._client.user is not None and message.author.id == self._client.user.id
                if is_ours and any(lecture_card.is_of(embed, place.nonce) for embed in message.embeds):
                    return message.id
        except (discord.Forbidden, discord.NotFound) as error:
            raise Refused(f"Nobody can read the channel {place.channel_id} ({error.text}).") from error
        return None

    async def edit(self, place: CardPlace, message: int, card: LectureCard) -> bool:
        page = lecture_card.page(card, place.nonce)
        try:
            await self._at(place, message).edit(
                content=page.content, embed=page.embed, view=page.view, allowed_mentions=QUIET
            )
        except discord.NotFound:
            return False
        except discord.Forbidden as error:
            raise Refused(f"The card in the channel {place.channel_id} cannot be edited ({error.text}).") from error
        return True

    async def delete(self, place: CardPlace, message: int) -> None:
        try:
            await self._at(place, message).delete()
        except discord.NotFound:
            return
        except discord.Forbidden as error:
            raise Refused(f"The card in the channel {place.channel_id} cannot be deleted ({error.text}).") from error

    def _at(self, place: CardPlace, message: int) -> discord.PartialMessage:
        return self._client.get_partial_messageable(place.channel_id).get_partial_message(message)


class LectureCardsCog(commands.Cog):
    """The clock by which cards about lectures are posted and kept true."""

    def __init__(self, bot: Monitoria) -> None:
        self._bot = bot
        self._cards = bot.services.lecture_cards
        self._clock = Clock({"lecture cards": self._post})

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        # Not among what a stop waits for, since it never ends: only the calls at work are.
        self._clock.begin()

    async def cog_unload(self) -> None:
        await self._clock.end()

    async def _post(self) -> None:
        if self._bot.is_ready() and not self._bot.is_leaving:
            self._bot.accompany()
            await self._cards.post_due(CardChannels(self._bot))
