"""Bring answers to where they stand, and keep each place true: sent, edited, looked for, taken away."""

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import aclosing, suppress

import discord

from bot.discord.delivering.outlets import QUIET, TROUBLE, Before, Outlet, given, left_behind, left_by_us, persistently
from bot.discord.messages import answers
from bot.discord.messages.layout import Page
from bot.discord.permissions import may_attach
from bot.discord.rounds import each, survived
from db.records import AnswerMessage, ItemId, Showing
from db.records.operation import Orphan
from services import i18n
from services.answering.ask import Asker
from services.answering.paging import arranged, may_be_repeated, next_numbers, unknown
from services.answering.released import News
from services.answering.replies import Reply
from services.answering.showings import LEASE, LOOKED_FOR_S, NONCE_MEMORY_S, Showings
from services.notation.drawing_process import Pictures

log = logging.getLogger(__name__)

EDIT_LIMIT_S = LEASE.total_seconds() - 15
"""Nothing may land that was sent under a lease which has run out."""
UNKNOWN_CHANNEL = 10003
CARD = re.compile(r"card\.(?P<item>\d+)")
"""The nonce of a card."""
MOST_ROUNDS = 8
"""Of one edit: each ends because another message was found missing."""


async def pages_of(
    reply: Reply, showing: Showing, pictures: Pictures, *, shows_question: bool, takes_files: bool
) -> tuple[Page, ...]:
    """Return an answer as the messages of one place, its formulas drawn where that takes a picture."""
    return answers.answer(
        reply,
        showing.language,
        can_share=showing.is_private and showing.guild_id is not None,
        with_question=shows_question,
        # Of a copy for all, another try would be found made already, by its asker and in private.
        can_try=showing.kind == "reply",
        picture=await pictures.drawn(reply.formulas) if takes_files else None,
    )


async def delivered(
    showings: Showings, pictures: Pictures, reply: Reply, showing: Showing, outlet: Outlet, *, shows_question: bool
) -> None:
    """
    Send an answer to a place that was claimed for it before *reply* was read, and keep which messages show it.

    Where the answer was deleted meanwhile, what was sent goes too.
    """
    pages = await pages_of(reply, showing, pictures, shows_question=shows_question, takes_files=outlet.takes_files())
    if len(pages) > 1:
        # Before any is sent, so that one that arrives and is not noted is looked for.
        await showings.claim(showing, len(pages))
    async with aclosing(outlet.deliver(pages)) as messages:
        number = 0
        async for message in messages:
            if not await showings.sent(showing, number, message):
                await outlet.take_back()
                return
            number += 1
    await showings.arrived(showing, count=len(pages), shows_question=shows_question)


class Refreshing:
    """Keeps the places true in which answers stand."""

    def __init__(self, client: discord.Client, asker: Asker, showings: Showings, pictures: Pictures) -> None:
        self._client = client
        self._asker = asker
        self._showings = showings
        self._pictures = pictures

    async def tend(self) -> None:
        """Edit what is not true any more, look for what was lost, and delete what should be gone."""
        await survived("answer.lectures_not_followed", self._showings.follow_lectures())
        await each("answer.not_refreshed", await self._showings.due(), self._refresh)
        await each("answer.not_looked_for", await self._showings.lost(), self._look_for)
        await each("message.not_deleted", await self._showings.orphans(), self.remove)

    async def _refresh(self, claimed: Showing) -> None:
        """Let a place show what is true now."""
        # Before the answer is read: what changes in between raises the version, and the place comes up again.
        hand, showing, answer = await self._showings.begin(claimed)
        recalled = await self._asker.recall(claimed.course_id, answer) if answer else None
        if showing is None or recalled is None:
            await self._showings.over(claimed, hand)
            return
        reply = recalled[1]
        try:
            async with asyncio.timeout(EDIT_LIMIT_S):
                stands = await self._rewritten(showing, reply)
                if stands and showing.kind == "reply" and reply.news:
                    await self._tell(showing, reply, reply.news)
        except TROUBLE as error:
            if isinstance(error, discord.NotFound) and error.code == UNKNOWN_CHANNEL:
                await self._showings.over(showing, hand)
                return
            log.info("answer.edit_failed", extra={"channel_id": showing.channel_id, "reason": repr(error)})
            await self._showings.failed(showing, hand)
            return
        await (self._showings.shown(showing, hand) if stands else self._showings.over(showing, hand))

    async def _rewritten(self, showing: Showing, reply: Reply) -> bool:
        """Arrange the pages of an answer over its messages; False: somebody has taken the answer away."""
        pages = await pages_of(
            reply,
            showing,
            self._pictures,
            shows_question=showing.shows_question,
            takes_files=may_attach(self._channel(showing)),
        )
        done = dict[int, int]()  # pages by the number of the message that has been edited to show them
        for _ in range(MOST_ROUNDS):
            messages = await self._known(showing, len(pages))
            plan = arranged(messages, len(pages))
            missing = False
            for edit in plan.edits:
                if done.get(edit.message.number) != edit.page and not missing:
                    missing = not await self._edited(showing, edit.message, pages[edit.page])
                    done[edit.message.number] = edit.page
            if missing:
                continue
            await self._sent(showing, messages, [pages[page] for page in plan.sends])
            for surplus in plan.deletes:
                await self._deleted(showing, surplus)
            return not plan.is_over
        raise TimeoutError("its messages go faster than they can be edited")

    async def _known(self, showing: Showing, pages: int) -> list[AnswerMessage]:
        """Return the messages of a place, once those are found or given up that nobody knows to have arrived."""
        messages = await self._showings.messages(showing)
        if not (lost := unknown(messages)):
            return messages
        if may_be_repeated(messages, pages, within_s=NONCE_MEMORY_S):
            return [one for one in messages if one.number not in lost]
        left = await self._left(showing)
        for number in lost:
            reply_to = showing.reply_to if number == 0 else None
            if found := left_behind(left, nonce=f"{showing.nonce}.{number}", reply_to=reply_to):
                await self._showings.sent(showing, number, found.id)
            else:
                await self._showings.gone(showing, [number])
        return await self._showings.messages(showing)

    async def _edited(self, showing: Showing, message: AnswerMessage, page: Page) -> bool:
        """Edit one message; False: it is no longer there."""
        there = self._message(showing, message)
        try:
            await persistently(
                lambda: there.edit(
                    content=page.content,
                    embed=page.embed,
                    view=page.view,
                    attachments=page.files(),
                    allowed_mentions=QUIET,
                )
            )
        except discord.NotFound as error:
            if error.code == UNKNOWN_CHANNEL:
                raise
            await self._showings.gone(showing, [message.number])
            return False
        return True

    async def _sent(self, showing: Showing, messages: Sequence[AnswerMessage], pages: Sequence[Page]) -> None:
        """Send pages that have no message yet, each claimed before."""
        numbers = next_numbers(messages, len(pages))
        if numbers:
            await self._showings.claim_further(showing, numbers)
        for number, page in zip(numbers, pages, strict=True):
            message = await persistently(lambda number=number, page=page: self._post(showing, number, page))
            if not await self._showings.sent(showing, number, message.id):
                await message.delete()

    async def _post(self, showing: Showing, number: int, page: Page, reply_to: int | None = None) -> discord.Message:
        channel = self._channel(showing)
        reference = channel.get_partial_message(reply_to) if reply_to else None
        return await channel.send(
            page.content,
            nonce=f"{showing.nonce}.{number}",
            allowed_mentions=QUIET,
            **given(
                embed=page.embed,
                view=page.view,
                files=page.files() or None,
                # Who asked may have deleted the message: then this comes without the reply, instead of not at all.
                reference=reference.to_reference(fail_if_not_exists=False) if reference else None,
            ),
        )

    async def _deleted(self, showing: Showing, message: AnswerMessage) -> None:
        with suppress(discord.NotFound):
            await persistently(self._message(showing, message).delete)
        await self._showings.gone(showing, [message.number])

    async def _tell(self, showing: Showing, reply: Reply, news: News) -> None:
        """Tell once, under the answer, that staff have corrected or approved it."""
        first = next(one for one in await self._showings.messages(showing) if not one.is_gone)
        notice = await self._showings.notice(showing, reply.answer.id, first.message_id or 0, news)
        if notice is None:
            return
        told = "review.told" if news == "corrected" else "review.told_approved"
        page = Page(content=i18n.text(told, showing.language))
        try:
            message = await persistently(lambda: self._post(notice, 0, page, reply_to=first.message_id))
        except TROUBLE:
            await self._showings.let_go(notice)
            raise
        if await self._showings.sent(notice, 0, message.id):
            await self._showings.arrived(notice, count=1, shows_question=False)
        else:
            await message.delete()

    async def _look_for(self, showing: Showing) -> None:
        """Find out whether an answer arrived of which nobody knows it."""
        known = [one for one in await self._showings.messages(showing) if one.message_id and not one.is_gone]
        if not known:
            answer = await self._showings.answer_of(showing) if showing.kind == "share" else None
            try:
                left = await self._left(showing)
            except TROUBLE as error:
                log.info("answer.not_looked_for", extra={"channel_id": showing.channel_id, "reason": repr(error)})
                return
            found = left_behind(left, nonce=f"{showing.nonce}.0", reply_to=showing.reply_to, answer=answer)
            if found is None:
                await self._showings.over(showing)
                return
            await self._showings.sent(showing, 0, found.id)
        await self._showings.found(showing)

    async def remove(self, orphan: Orphan) -> bool | None:
        """Delete a message whose row is gone; True: done, None: it is not there, False: it cannot be deleted (yet)."""
        channel = self._client.get_partial_messageable(orphan.channel_id, guild_id=orphan.guild_id)
        try:
            message = orphan.message_id or await self._sought(channel, orphan)
            if message is None:
                if orphan.age_s > LOOKED_FOR_S:
                    await self._showings.forget_orphan(orphan)
                return None
            await persistently(channel.get_partial_message(message).delete)
        except discord.NotFound:
            await self._showings.forget_orphan(orphan)
            return None
        except discord.Forbidden as error:
            extra = {"channel_id": orphan.channel_id, "code": error.code, "reason": error.text}
            # No further try of ours would help: somebody has to give the permission back, and delete it by hand.
            log.warning("message.stays", extra=extra)
            await self._showings.forget_orphan(orphan)
            return False
        except TROUBLE as error:
            log.info("message.not_deleted", extra={"channel_id": orphan.channel_id, "reason": repr(error)})
            return False
        await self._showings.forget_orphan(orphan)
        return True

    async def _sought(self, channel: discord.PartialMessageable, orphan: Orphan) -> int | None:
        if self._client.user is None or orphan.nonce is None:
            return None
        left = await left_by_us(channel, Before(since=orphan.since, us=self._client.user.id))
        card = CARD.fullmatch(orphan.nonce)
        item = ItemId(int(card["item"])) if card else None
        found = left_behind(left, nonce=orphan.nonce, reply_to=orphan.reply_to, item=item)
        return found.id if found else None

    async def _left(self, showing: Showing) -> list[discord.Message]:
        if self._client.user is None:
            return []
        before = Before(since=showing.begun_at, us=self._client.user.id)
        return await left_by_us(self._channel(showing), before)

    def _channel(self, showing: Showing) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(showing.channel_id, guild_id=showing.guild_id)

    def _message(self, showing: Showing, message: AnswerMessage) -> discord.PartialMessage:
        assert message.message_id is not None  # noqa: S101 - whoever arranges them leaves out the unknown ones
        return self._channel(showing).get_partial_message(message.message_id)
