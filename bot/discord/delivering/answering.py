"""Take a question to its answer and the answer to its asker, whatever happens on the way."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import discord

from bot.discord.delivering.live import Live
from bot.discord.delivering.outlets import TROUBLE, Outlet, is_gone
from bot.discord.delivering.refreshing import delivered
from bot.process.metrics import Metrics
from db.records import Destination
from services import i18n
from services.answering.ask import Asker, NotStored
from services.answering.asked import Asked
from services.answering.deliveries import Deliveries
from services.answering.drafts import Draft
from services.answering.receiving import InProgress
from services.answering.replies import Reply
from services.answering.showings import Showings
from services.errors import MonitoriaError, Refused
from services.notation.drawing_process import Pictures

log = logging.getLogger(__name__)

SOURCE = "discord"
REFUSED = {400, 403, 404}
"""Statuses that a repetition would meet again: a locked thread, a permission, a channel that is gone."""
MOST_LIVE = 3
"""Answers that grow by edits in one channel at a time: with more, the final ones would wait for the edits."""


class Answering:
    """Answers what is asked in Discord; one for the whole process."""

    def __init__(
        self, asker: Asker, deliveries: Deliveries, showings: Showings, pictures: Pictures, metrics: Metrics
    ) -> None:
        self._asker = asker
        self._deliveries = deliveries
        self._showings = showings
        self._pictures = pictures
        self._metrics = metrics
        self._live = Counter[int]()
        self.refused: set[tuple[int, str | int]] = set()  # channels and reasons that the operator was told of
        self.in_flight: set[str] = set()

    async def answer(self, asked: Asked, destination: Destination, outlet: Outlet) -> None:
        """
        Answer *asked* at *outlet*, or say there why not.

        What is stored and does not arrive is tried again later, unless Discord refuses it for good.

        Raises:
            NotStored: the database failed before; nothing was said.

        """
        source_id = asked.source_id or ""
        if source_id in self.in_flight:
            log.info("answer.in_progress", extra={"source_id": source_id})
            return  # delivered twice; to go on would let go of what the first one holds
        self.in_flight.add(source_id)
        try:
            reply = await self._reply(asked, destination, outlet)
            if reply:
                await self._deliver(asked, reply, destination, outlet)
        except TROUBLE as error:
            # Also where only an apology could not be sent.
            self._note(destination, outlet, error)
        except asyncio.CancelledError:
            await self._deliveries.release(SOURCE, source_id, asked.course)
            raise
        finally:
            self.in_flight.discard(source_id)

    async def _reply(self, asked: Asked, destination: Destination, outlet: Outlet) -> Reply | None:
        try:
            async with self._growing(destination, outlet) as live, aclosing(self._asker.ask(asked)) as parts:
                async for part in parts:
                    if isinstance(part, Reply):
                        return part
                    self._offer(live, part)
        except InProgress:
            log.info("answer.in_progress", extra={"source_id": asked.source_id})
        except Refused as error:
            await outlet.say(str(error))
        except NotStored:
            raise  # a command is told so, a message is tried again
        except MonitoriaError as error:
            log.warning("answer.unavailable", extra={"source_id": asked.source_id, "reason": str(error)})
            await outlet.say(i18n.text("discord.unavailable", destination.language))
        return None

    @asynccontextmanager
    async def _growing(self, destination: Destination, outlet: Outlet) -> AsyncGenerator[Live | None, None]:
        """Give the answer a place to grow in, unless too many grow in its channel."""
        channel = destination.channel_id
        if self._live[channel] >= MOST_LIVE:
            yield None
            return
        self._live[channel] += 1
        try:
            async with Live(outlet, language=destination.language) as live:
                yield live
        finally:
            self._live[channel] -= 1
            if not self._live[channel]:
                del self._live[channel]

    def _offer(self, live: Live | None, part: Draft) -> None:
        if live:
            live.offer(part)

    async def _deliver(self, asked: Asked, reply: Reply, destination: Destination, outlet: Outlet) -> None:
        if reply.showing is None:
            return  # it was deleted as it was stored
        # A command whose token has run out is answered in its channel, where nothing shows what was asked.
        stands_alone = not destination.is_private and destination.token is None and destination.message_id is None
        question = reply.answer.question_id
        try:
            await delivered(self._showings, self._pictures, reply, reply.showing, outlet, shows_question=stands_alone)
        except discord.HTTPException as error:
            if is_gone(error):
                await self._lose_token(asked, reply, destination)
            elif error.status in REFUSED:
                self._note(destination, outlet, error)
                await self._deliveries.give_up(question, asked.course)
            else:
                raise
            return
        self._metrics.answered(reply.answer)
        self._warn(outlet)

    async def _lose_token(self, asked: Asked, reply: Reply, destination: Destination) -> None:
        """Leave a public answer to the next round, which sends it to the channel; a private one waits for its asker."""
        log.info("answer.token_gone", extra={"source_id": asked.source_id})
        question = reply.answer.question_id
        if destination.is_private:
            await self._deliveries.give_up(question, asked.course)
        else:
            # Now and not at the end: the next round may take it over at once, and passes over what is in flight.
            self.in_flight.discard(asked.source_id or "")
            await self._deliveries.lose_token(question, asked.course)

    def _note(self, destination: Destination, outlet: Outlet, error: Exception) -> None:
        """Tell the operator what Discord refused, once for each channel and reason."""
        if isinstance(error, discord.Forbidden) and self._warn(outlet):
            return
        code, reason = (error.code, error.text) if isinstance(error, discord.HTTPException) else (0, repr(error))
        if self._is_news(destination.channel_id, code):
            extra = {"channel_id": destination.channel_id, "code": code, "reason": reason}
            log.warning("discord.refused", extra=extra)

    def _warn(self, outlet: Outlet) -> bool:
        """Tell the operator by name of each permission that is lacking; return whether one is."""
        lacks = outlet.lacks()
        for lack in lacks:
            if self._is_news(lack.channel_id, lack.permission):
                log.warning(
                    "discord.permission_lacking",
                    extra={"permission": lack.permission, "channel_id": lack.channel_id},
                )
        return bool(lacks)

    def _is_news(self, channel: int, what: str | int) -> bool:
        is_new = (channel, what) not in self.refused
        self.refused.add((channel, what))
        return is_new
