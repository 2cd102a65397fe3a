"""Act on what staff do with a card: take, label, correct, settle, see what the judge says."""

from typing import Any, get_args

import discord

from bot.discord import permissions
from bot.discord.languages import reader
from bot.discord.messages import cards, forms
from bot.discord.messages.buttons import CardPress, OnCard
from db.records import Course, CourseId, ItemId, Label, Language
from services import i18n
from services.errors import Refused
from services.reviewing.flagged import Card, Member
from services.wiring import Services

LABELS: dict[OnCard, Label] = {"right": "C", "partly": "P", "wrong": "I"}
SECOND_LABELS: dict[OnCard, Label] = {"second_right": "C", "second_partly": "P", "second_wrong": "I"}


class CardActions:
    """What the buttons and the form of a card do; it knows nothing that a restart would lose."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._review = services.review

    async def pressed(self, interaction: discord.Interaction[Any], press: CardPress) -> None:
        """
        Do what a button of a card says.

        Raises:
            Refused: who pressed is no staff of the course (any more), or the item is taken, settled or gone.

        """
        language = reader(interaction)
        course, item = press.course, press.item
        member = await self._require_staff(interaction, course)
        match press.verb:
            case "edit" | "judge" | "passages" | "next":
                await self._looked(interaction, press, member)
                return
            case "take":
                await self._review.take(course, item, member, language)
            case "release":
                if not await self._review.release(course, item, member, language):
                    raise Refused(i18n.text("review.not_yours", language))
            case "dismiss":
                await self._review.dismiss(course, item, member, language)
            case "approve" | "reject":
                await self._review.decide(course, item, member, approved=press.verb == "approve", reader=language)
            case "right" | "partly" | "wrong":
                await self._review.label(course, item, member, LABELS[press.verb], language)
            case "second_right" | "second_partly" | "second_wrong" | "second_dismiss":
                await self._review.look_again(course, item, member, SECOND_LABELS.get(press.verb), language)
        await self._updated(interaction, course, item, language)

    async def corrected(
        self, interaction: discord.Interaction[Any], course: CourseId, item: ItemId, opened: str
    ) -> None:
        """Take down the correction that a form holds; *opened* is what the form was opened on."""
        language = reader(interaction)
        member = await self._require_staff(interaction, course)
        fields = forms.submitted(interaction.data)
        await self._review.correct(
            course,
            item,
            member,
            text=fields.get("text", ""),
            label=next((given for given in get_args(Label) if given == fields.get("label")), "P"),
            opened=opened,
            reader=language,
        )
        await interaction.response.send_message(i18n.text("review.saved", language), ephemeral=True)

    async def next(self, interaction: discord.Interaction[Any], course: Course, member: Member) -> None:
        """Show the next card to the member alone, with its buttons."""
        language = reader(interaction)
        item = await self._review.next(course, member)
        shown = await self._review.card(course.id, item) if item else None
        if shown is None:
            await interaction.response.send_message(i18n.text("review.nothing", language), ephemeral=True)
            return
        page = cards.card(shown, language)
        await interaction.response.send_message(
            embed=page.embed or discord.utils.MISSING, view=page.view or discord.utils.MISSING, ephemeral=True
        )

    async def _looked(self, interaction: discord.Interaction[Any], press: CardPress, member: Member) -> None:
        """Show what a member of staff wants to see, and nobody else."""
        language = reader(interaction)
        if press.verb == "judge":
            judged = await self._review.opinion(press.course, press.item, member, language)
            await interaction.response.send_message(embed=cards.opinion(judged, language), ephemeral=True)
            return
        shown = await self._card(press.course, press.item, language)
        if press.verb == "edit":
            await interaction.response.send_modal(forms.edit_form(shown, language))
        elif press.verb == "passages":
            await interaction.response.send_message(embed=cards.passages(shown.reply.hits, language), ephemeral=True)
        else:
            await self.next(interaction, shown.course, member)

    async def _updated(
        self, interaction: discord.Interaction[Any], course: CourseId, item: ItemId, language: Language
    ) -> None:
        """
        Answer a press by the card as it is now.

        Where that fails, the hand is left to its lease: nobody knows whether the edit still lands.
        """
        # Before the card is read: what changes in between is then found out at the hand's end.
        hand = await self._review.begin(item)
        shown = await self._card(course, item, language)
        page = cards.card(shown, shown.course.language)
        await interaction.response.edit_message(embed=page.embed, view=page.view)
        # A card that one person alone sees is no message that the rows know, or that anybody could edit later.
        if interaction.message and not interaction.message.flags.ephemeral:
            await self._review.shown(
                shown, hand, channel=interaction.message.channel.id, message=interaction.message.id
            )
        else:
            await self._review.drop(hand)

    async def _card(self, course: CourseId, item: ItemId, language: Language) -> Card:
        shown = await self._review.card(course, item)
        if shown is None:
            raise Refused(i18n.text("review.gone", language))
        return shown

    async def _require_staff(self, interaction: discord.Interaction[Any], course: CourseId) -> Member:
        """Look at who acts at this very moment: a role may have been taken away since the card was posted."""
        settings = await self._services.spaces.settings_of(course)
        permissions.require(
            interaction, allowed=permissions.is_staff(interaction, settings), reader=reader(interaction)
        )
        key = await self._services.people.key_of(course, interaction.user.id)
        return Member(id=interaction.user.id, key=key)
