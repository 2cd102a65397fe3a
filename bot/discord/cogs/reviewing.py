"""Review by staff in Discord: cards in their channel, `/review`, and what students then see."""

import logging
from contextlib import suppress
from datetime import datetime
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands, tasks

from bot.discord.client import Monitoria
from bot.discord.delivering.outlets import QUIET, TROUBLE, Before, given, left_behind, left_by_us
from bot.discord.hearing.places import Rooms
from bot.discord.languages import named, options, reader
from bot.discord.messages import alerts, cards
from bot.discord.messages.layout import Page
from bot.discord.rounds import each, survived
from db.records import Course, ItemId, VerifiedId
from db.records.learning import DueAlert
from db.records.reviews import DueCard, ReviewItem
from services import i18n
from services.errors import Refused
from services.reviewing.flagged import Member

log = logging.getLogger(__name__)

TICK_S = 3.0
REASON_CHOICES = [app_commands.Choice(name=named(key), value=name) for name, key in cards.REASONS.items()]


class Reviewing(
    commands.GroupCog, group_name=named("command.review.name"), group_description=named("command.review.description")
):
    """The cards, brought up to date, and the commands of `/review`."""

    def __init__(self, bot: Monitoria) -> None:
        super().__init__()
        self._bot = bot
        self._services = bot.services
        self._review = bot.services.review
        self._rooms = Rooms(bot, bot.services)

    async def cog_unload(self) -> None:
        self._tick.cancel()

    # Cards

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if not self._tick.is_running():
            self._tick.start()

    @tasks.loop(seconds=TICK_S)
    async def _tick(self) -> None:
        """Bring the cards and the students' messages up to date."""
        if self._bot.is_leaving or not self._bot.is_ready():
            return
        await survived("review.tick_failed", self._round())

    async def _round(self) -> None:
        await each("review.card_failed", await self._review.due_cards(), self._show)
        await each("review.alert_failed", await self._services.alerts.due(), self._alert)
        await self._bot.refreshing.tend()
        await self._services.interactions.forget_old()
        await self._services.second_looks.tend()

    async def _alert(self, due: DueAlert) -> None:
        """Tell staff that the judge has changed; one who dies between sending and keeping says it twice at most."""
        channel = self._bot.get_partial_messageable(due.staff_channel_id)
        try:
            await channel.send(alerts.text(due), allowed_mentions=QUIET, nonce=f"alert.{due.alert.id}")
        except TROUBLE as error:
            log.warning("review.alert_not_sent", extra={"alert_id": due.alert.id, "reason": repr(error)})
            return  # its claim runs out, and the next round tries again
        await self._services.alerts.told(due.alert)

    async def _show(self, due: DueCard) -> None:
        """Post a card, or edit the one that is there."""
        # Before the card is read: what changes in between is then found out at the hand's end.
        hand = await self._review.begin(due.item_id)
        shown = await self._review.card(due.course_id, due.item_id)
        if shown is None:
            await self._review.drop(hand)
            return  # the answer went; its card, if there is one, is among the orphans
        page = cards.card(shown, shown.course.language)
        item = shown.item
        try:
            if item.card_message_id and item.card_channel_id:
                channel, message = item.card_channel_id, item.card_message_id
                await self._edited(channel, message, page)
            else:
                channel = due.staff_channel_id
                message = await self._posted(due, item, page)
        except discord.NotFound:
            await self._review.drop(hand)
            if item.card_message_id:
                await self._review.card_lost(due)  # somebody deleted it: the next round posts another
            else:
                await self._not_shown(due, "the channel is gone")
            return
        except TROUBLE as error:
            await self._review.drop(hand)
            await self._not_shown(due, repr(error))
            return
        if message is None:
            await self._review.drop(hand)
        elif not await self._review.shown(shown, hand, channel=channel, message=message):
            with suppress(*TROUBLE):  # it is among the orphans
                await self._at(channel, message).delete()

    async def _posted(self, due: DueCard, item: ReviewItem, page: Page) -> int | None:
        """
        Send a card whose place is claimed before; return its message, or None where there is nothing to show any more.

        A send before this may have arrived unacknowledged. What comes back then shows what was true then.
        """
        before = await self._review.begin_send(due)
        if before is None:
            return None
        if before.since is None:
            return await self._sent_first(due, page)
        found = await self._left(due, before.since)
        if found is None and item.settled_at is not None:
            await self._review.card_lost(due)  # what was settled before anybody saw a card needs none
            return None
        message = (found or await self._sent(due, page)).id
        await self._edited(due.staff_channel_id, message, page)
        return message

    async def _sent_first(self, due: DueCard, page: Page) -> int:
        try:
            return (await self._sent(due, page)).id
        except (discord.Forbidden, discord.NotFound):
            await self._review.unsent(due)
            raise

    async def _sent(self, due: DueCard, page: Page) -> discord.Message:
        return await self._bot.get_partial_messageable(due.staff_channel_id).send(
            allowed_mentions=QUIET, nonce=f"card.{due.item_id}", **given(embed=page.embed, view=page.view)
        )

    async def _left(self, due: DueCard, since: datetime) -> discord.Message | None:
        """Return the card that was sent before, if it arrived."""
        assert self._bot.user is not None  # noqa: S101 - the client is ready
        before = Before(since=since, us=self._bot.user.id)
        left = await left_by_us(self._bot.get_partial_messageable(due.staff_channel_id), before)
        return left_behind(left, nonce=f"card.{due.item_id}", reply_to=None, item=due.item_id)

    async def _edited(self, channel: int, message: int, page: Page) -> None:
        await self._at(channel, message).edit(embed=page.embed, view=page.view, allowed_mentions=QUIET)

    async def _not_shown(self, due: DueCard, reason: str) -> None:
        log.warning("review.card_refused", extra={"channel_id": due.staff_channel_id, "reason": reason})
        await self._review.not_shown(due)

    def _at(self, channel: int, message: int) -> discord.PartialMessage:
        return self._bot.get_partial_messageable(channel).get_partial_message(message)

    # Commands

    @app_commands.command(name=named("command.review.next"), description=named("command.review.next_description"))
    async def next(self, interaction: discord.Interaction[Any]) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        await self._bot.card_actions.next(interaction, course, await self._member(interaction, course))

    @app_commands.command(name=named("command.review.pairs"), description=named("command.review.pairs_description"))
    async def pairs(self, interaction: discord.Interaction[Any]) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        await self._bot.pair_actions.show(interaction, course.id)

    @app_commands.command(name=named("command.review.list"), description=named("command.review.list_description"))
    @options(reason="command.review.reason")
    @app_commands.choices(reason=REASON_CHOICES)
    async def list(self, interaction: discord.Interaction[Any], reason: app_commands.Choice[str] | None = None) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        found = await self._review.open(course, reason=reason.value if reason else None)
        embed = cards.listed(found, interaction.guild_id or 0, reader(interaction))
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command(name=named("command.review.stats"), description=named("command.review.stats_description"))
    async def stats(self, interaction: discord.Interaction[Any]) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        embed = cards.standing(await self._review.standing(course), reader(interaction))
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command(name=named("command.review.assign"), description=named("command.review.assign_description"))
    @options(
        number="command.review.number",
        to="command.review.to",
    )
    async def assign(self, interaction: discord.Interaction[Any], number: int, to: discord.Member) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        language = reader(interaction)
        settings = await self._services.spaces.settings(course)
        if not (to.guild_permissions.manage_guild or any(role.id in settings.staff_role_ids for role in to.roles)):
            raise Refused(i18n.text("review.not_staff", language, who=to.mention))
        member = await self._member(interaction, course)
        given = Member(id=to.id, key=await self._services.people.key(course, to.id))
        await self._review.assign(course.id, ItemId(number), member, given, language)
        said = i18n.text("review.assigned", language, number=number, who=to.mention)
        await interaction.response.send_message(said, ephemeral=True)

    @app_commands.command(
        name=named("command.review.verified"), description=named("command.review.verified_description")
    )
    async def verified(self, interaction: discord.Interaction[Any]) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        embed = cards.verified(await self._services.verified.listed(course), reader(interaction))
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command(name=named("command.review.retire"), description=named("command.review.retire_description"))
    @options(number="command.review.number")
    async def retire(self, interaction: discord.Interaction[Any], number: int) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        member = await self._member(interaction, course)
        retired = await self._services.verified.retire(course, VerifiedId(number), member.key)
        key = "review.retired" if retired else "review.not_there"
        await interaction.response.send_message(i18n.text(key, reader(interaction), number=number), ephemeral=True)

    async def _member(self, interaction: discord.Interaction[Any], course: Course) -> Member:
        return Member(id=interaction.user.id, key=await self._services.people.key(course, interaction.user.id))
