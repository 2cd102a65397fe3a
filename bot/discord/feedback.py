"""Act on what people do with an answer: vote, see passages and formulas, call a TA, share, have it tried anew."""

import asyncio
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
from db.records import Again, AnswerId, Attempted, Complaint, Course, CourseId
from services import i18n
from services.answering.again import offered
from services.answering.asked import Asked
from services.answering.replies import Reply
from services.errors import Refused, Unavailable
from services.notation.shown import to_draw
from services.reviewing.annotate import Thumb
from services.wiring import Services

log = logging.getLogger(__name__)

TRIES = get_args(Again)
SHOWN: frozenset[OnAnswer] = frozenset({"share", "widen", "formulas", *PLACES, *TRIES})
"""What asks for an answer that may be seen."""
LOOK_LIMIT_S = 1.0
"""For looking whether a message is there, before the first sign, which must come within 3 s."""
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
            case "formulas":
                await self._formulas(interaction, reply)
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
        await self._require_answering(interaction)
        place = PLACES.get(verb)
        chosen = reply.scope.numbered(place) if reply.scope and place else None
        delivery = await self._services.deliveries.of_question(reply.answer.question_id)
        if delivery is None or (place and not chosen):
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
                words_of=reply.answer.question_id,
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

    async def _formulas(self, interaction: discord.Interaction[Any], reply: Reply) -> None:
        """Tell the LaTeX of the formulas; where a course has none drawn any more, an old picture may still stand."""
        language, wanted = reader(interaction), reply.formulas or to_draw(reply.answer.text)
        if not wanted:
            await _whisper(interaction, i18n.text("formula.none", language))
            return
        # Drawn as they are under the answer, so that they have the same numbers; after a restart that takes its time.
        await interaction.response.defer(ephemeral=True)
        picture = await self._services.pictures.drawn(wanted)
        for page in answers.sources(picture.sources if picture else wanted, language):
            await interaction.followup.send(page, ephemeral=True)

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
            await self._require_gone(interaction, course, before)

        async def asking(command: Command) -> Asked:
            return Asked(
                course=course,
                text=reply.question,
                source=SOURCE,
                # By its old id where its answer was lost: it is then sent, and not thought of and counted anew.
                source_id=(before.source_id if before else None) or command.source_id,
                is_anew=before is not None,
                asker_key=await self._services.people.key(course, interaction.user.id),
                follows=question,
                again=again,
                destination=command.destination,
                reader=language,
            )

        is_private = interaction.message is not None and interaction.message.flags.ephemeral
        await self._commanding.answer(interaction, course, asking, is_private=is_private)

    async def _require_gone(self, interaction: discord.Interaction[Any], course: Course, before: Attempted) -> None:
        """
        Refuse a try that was made before, and say where it stands; one that is there no longer may come again.

        So may a private one: nobody else sees it, and Discord does not tell whether its asker still does.
        """
        language = reader(interaction)
        if not before.is_delivered:
            raise Refused(i18n.text("again.being_written", language))
        if before.message_id and before.channel_id and not before.is_private:
            channel = interaction.client.get_partial_messageable(before.channel_id, guild_id=before.guild_id)
            there = channel.get_partial_message(before.message_id)
            if await _stands(there):
                raise Refused(i18n.text("again.before", language, link=there.jump_url))
        if not await self._services.deliveries.lose(course, before):
            raise Refused(i18n.text("again.being_written", language))

    async def _require_answering(self, interaction: discord.Interaction[Any]) -> None:
        """Refuse a question where staff have switched answers off, or no course is any more."""
        ids = lineage(interaction.channel)
        guild = interaction.guild_id
        if not guild or not ids:
            return
        binding = await self._services.spaces.binding(guild, ids)
        if binding is None:
            raise Refused(i18n.text("discord.not_bound", reader(interaction)))
        if binding.answers == "off":
            raise Refused(i18n.text("discord.switched_off", reader(interaction)))


async def _stands(message: discord.PartialMessage) -> bool:
    """Tell whether a message is still there; where Discord does not say so in time, it is taken to be."""
    try:
        async with asyncio.timeout(LOOK_LIMIT_S):
            await message.fetch()
    except discord.NotFound:
        return False
    except TROUBLE:
        return True
    return True


async def _whisper(interaction: discord.Interaction[Any], text: str) -> None:
    await interaction.response.send_message(text, ephemeral=True)
