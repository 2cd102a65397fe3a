"""Act on what people do with an answer: vote, see the passages, call a TA, share, have it tried another way."""

import logging
from typing import Any, get_args

import discord

from bot.discord.delivering.answering import SOURCE
from bot.discord.delivering.commanding import Command, Commanding
from bot.discord.delivering.outlets import TROUBLE, Before, ReplyOutlet
from bot.discord.delivering.refreshing import delivered
from bot.discord.hearing.places import lineage
from bot.discord.languages import reader
from bot.discord.messages import answers, forms
from bot.discord.messages.buttons import PLACES, AnswerPress, OnAnswer
from db.records import Again, AnswerId, Complaint, Course, CourseId
from services import i18n
from services.answering.again import offered
from services.answering.asked import Asked
from services.answering.replies import Reply
from services.errors import Refused, Unavailable
from services.reviewing.annotate import Thumb
from services.wiring import Services

log = logging.getLogger(__name__)

TRIES = get_args(Again)
SHOWN: frozenset[OnAnswer] = frozenset({"share", "widen", *PLACES, *TRIES})
"""What asks for an answer that may be seen."""
THUMBS: dict[str, Thumb] = {"👍": "up", "👎": "down"}


class Feedback:
    """What the buttons and reactions do; it knows nothing that a restart would lose."""

    def __init__(self, services: Services, commanding: Commanding) -> None:
        self._services = services
        self._commanding = commanding

    async def pressed(self, interaction: discord.Interaction[Any], press: AnswerPress) -> None:
        """
        Do what a button says.

        Raises:
            Refused: the answer is gone, or belongs to another place than the press (`_belongs`).

        """
        verb, answer = press.verb, press.answer
        course, reply = await self._recalled(interaction, press.course, answer)
        if (verb in {"up", "down"} and not reply.may_be_voted_on) or (verb in SHOWN and not reply.may_be_seen):
            raise Refused(i18n.text("discord.not_released", reader(interaction)))
        match verb:
            case "up":
                await self._vote(interaction, course, answer, "up")
            case "down":
                await self._vote(interaction, course, answer, "down")
            case "excerpts":
                await self._excerpts(interaction, reply)
            case "call":
                called = await self._services.annotate.call_staff(course, answer)
                language = reader(interaction)
                await _whisper(interaction, i18n.text("call.done" if called else "call.before", language))
            case "share":
                await self._share(interaction, reply)
            case "widen" | "in1" | "in2" | "in3":
                await self._ask_again(interaction, course, reply, verb)
            case "simpler" | "example" | "other":
                await self._try(interaction, course, reply, verb)

    async def submitted(self, interaction: discord.Interaction[Any], course_id: CourseId, answer: AnswerId) -> None:
        """Take down what a form says of an answer."""
        course, reply = await self._recalled(interaction, course_id, answer)
        if not reply.may_be_voted_on:
            raise Refused(i18n.text("discord.not_released", reader(interaction)))
        fields = forms.submitted(interaction.data)
        reason: Complaint = next((known for known in get_args(Complaint) if known == fields.get("reason")), "other")
        key = await self._services.people.key(course, interaction.user.id)
        await self._services.annotate.explain(
            course, reply.answer.id, key, reason=reason, comment=fields.get("comment")
        )
        await _whisper(interaction, i18n.text("vote.explained", reader(interaction)))

    async def reacted(self, payload: discord.RawReactionActionEvent) -> None:
        """Count a 👍 or 👎 on an answer as the button; taking it off withdraws the vote."""
        # The first character: a thumb may come with a tone of skin behind it.
        thumb = THUMBS.get(payload.emoji.name[:1])
        if thumb is None:
            return
        delivery = await self._services.showings.of_message(channel=payload.channel_id, message=payload.message_id)
        if delivery is None or delivery.answer_id is None:
            return
        recalled = await self._services.asker.recall(delivery.course.id, delivery.answer_id)
        if recalled is None or not recalled[1].may_be_voted_on:
            return
        key = await self._services.people.key(delivery.course, payload.user_id)
        if payload.event_type == "REACTION_ADD":
            await self._services.annotate.vote(delivery.course, delivery.answer_id, key, thumb)
        else:
            await self._services.annotate.withdraw(delivery.course, delivery.answer_id, key, thumb)

    async def _recalled(
        self, interaction: discord.Interaction[Any], course: CourseId, answer: AnswerId
    ) -> tuple[Course, Reply]:
        found = await self._services.asker.recall(course, answer)
        if found is None or not await self._belongs(interaction, *found):
            raise Refused(i18n.text("discord.answer_gone", reader(interaction)))
        return found

    async def _belongs(self, interaction: discord.Interaction[Any], course: Course, reply: Reply) -> bool:
        """
        Say whether who acts stands where the answer may be acted upon.

        That is the server of its course, of which a course that no server has bound has none; or else the direct
        messages in which the answer was given, since those belong to no server.
        """
        if interaction.guild_id is not None:
            settings = await self._services.spaces.settings(course)
            return settings.guild_id == interaction.guild_id
        delivery = await self._services.deliveries.of_question(reply.answer.question_id)
        to = delivery.destination if delivery else None
        return to is not None and to.guild_id is None and to.channel_id == interaction.channel_id

    async def _ask_again(
        self, interaction: discord.Interaction[Any], course: Course, reply: Reply, verb: OnAnswer
    ) -> None:
        """Ask the same question of the lecture that was chosen, or of all, for whoever pressed."""
        place = PLACES.get(verb)
        chosen = reply.scope.listed.get(place) if reply.scope and place is not None else None
        delivery = await self._services.deliveries.of_question(reply.answer.question_id)
        if delivery is None or (place is not None and chosen is None):
            raise Refused(i18n.text("discord.answer_gone", reader(interaction)))

        async def asking(command: Command) -> Asked:
            return Asked(
                course=course,
                text=reply.question,
                source=SOURCE,
                source_id=command.source_id,
                asker_key=await self._services.people.key(course, interaction.user.id),
                lecture=chosen.id if chosen else None,
                everywhere=chosen is None,
                follows=delivery.follows,
                said_at=interaction.created_at,
                destination=command.destination,
                reader=reader(interaction),
            )

        await self._commanding.answer(interaction, course, asking, is_private=delivery.destination.is_private)

    async def _vote(
        self, interaction: discord.Interaction[Any], course: Course, answer: AnswerId, thumb: Thumb
    ) -> None:
        key = await self._services.people.key(course, interaction.user.id)
        counts = await self._services.annotate.toggle(course, answer, key, thumb)
        language = reader(interaction)
        if not counts:
            await _whisper(interaction, i18n.text("vote.withdrawn", language))
        elif thumb == "up":
            await _whisper(interaction, i18n.text("vote.counted", language))
        else:
            # The vote counts already: who closes the form without a word has still voted.
            await interaction.response.send_modal(forms.why_form(course.id, answer, language))

    async def _excerpts(self, interaction: discord.Interaction[Any], reply: Reply) -> None:
        embed = answers.excerpts(reply, reader(interaction))
        if embed is None:
            await _whisper(interaction, i18n.text("excerpts.none", reader(interaction)))
        else:
            await interaction.response.send_message(embed=embed, ephemeral=True)

    async def _share(self, interaction: discord.Interaction[Any], reply: Reply) -> None:
        """Post a private answer in its channel, with its question and without a name, once."""
        delivery = await self._services.deliveries.of_question(reply.answer.question_id)
        language = reader(interaction)
        channel = interaction.channel
        if delivery is None or not isinstance(channel, discord.abc.Messageable):
            raise Refused(i18n.text("discord.answer_gone", language))
        showing = await self._services.showings.share(
            delivery, guild=interaction.guild_id, channel=interaction.channel_id or 0, language=delivery.course.language
        )
        if showing is None:
            await _whisper(interaction, i18n.text("discord.shared_before", language))
            return
        us = interaction.client.user
        before = Before(since=showing.begun_at, us=us.id) if us and showing.is_taken_over else None
        outlet = ReplyOutlet(channel, None, showing.nonce, before=before)
        try:
            # Deferred first: to send several pages may take longer than the 3 s that Discord waits.
            await interaction.response.defer(ephemeral=True)
            # Read anew: what is true may have changed before the place was claimed, and is noted from then on.
            _, now = await self._recalled(interaction, delivery.course.id, reply.answer.id)
            await delivered(self._services.showings, self._services.pictures, now, showing, outlet, shows_question=True)
        except TROUBLE as error:
            await self._services.showings.let_go(showing)
            if isinstance(error, discord.Forbidden):
                raise Refused(i18n.text("discord.not_shared", language)) from None
            raise Unavailable("Discord did not take the shared answer.") from error
        await interaction.followup.send(i18n.text("discord.shared", language), ephemeral=True)

    async def _try(self, interaction: discord.Interaction[Any], course: Course, reply: Reply, again: Again) -> None:
        """Ask once more, where the answer stands, unless somebody has."""
        language, question = reader(interaction), reply.answer.question_id
        await self._require_answering(interaction)
        if again not in offered(reply):
            raise Refused(i18n.text("again.not_offered", language))
        before = await self._services.deliveries.before(course, question, again)
        if before and not before.is_lost:
            raise Refused(i18n.text("again.before", language))

        async def asking(command: Command) -> Asked:
            return Asked(
                course=course,
                text=reply.question,
                source=SOURCE,
                # By its old id where its answer was lost: it is then sent, and not thought of and counted anew.
                source_id=(before.source_id if before else None) or command.source_id,
                asker_key=await self._services.people.key(course, interaction.user.id),
                follows=question,
                again=again,
                destination=command.destination,
                reader=language,
            )

        is_private = interaction.message is not None and interaction.message.flags.ephemeral
        await self._commanding.answer(interaction, course, asking, is_private=is_private)

    async def _require_answering(self, interaction: discord.Interaction[Any]) -> None:
        """Refuse a question where staff have switched answers off."""
        ids = lineage(interaction.channel)
        guild = interaction.guild_id
        binding = await self._services.spaces.binding(guild, ids) if guild and ids else None
        if binding and binding.answers == "off":
            raise Refused(i18n.text("discord.switched_off", reader(interaction)))


async def _whisper(interaction: discord.Interaction[Any], text: str) -> None:
    await interaction.response.send_message(text, ephemeral=True)
