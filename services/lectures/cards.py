"""
Post cards about lectures, each once, and keep them true: that a lecture is there, and what staff are asked of its map.

As with digests, a card is claimed before it is posted and ended afterwards, under a lease and a fencing token; who
takes one over looks first whether its message is there. A posted card is edited when its lectures change, and deleted
when it is about none of them any more: a lecture that is put off is told of when it comes anew, and what staff have
answered is asked no more.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import lecture_cards, maps
from db.lecture_cards import CardClaim
from db.records import Course, Lecture
from db.records.lecture_cards import AskedWords, LectureCardKind
from db.records.maps import LectureMap
from services.errors import MonitoriaError, Refused

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LectureCard:
    """What a card shows: lectures that have come, or that staff are asked about, by date."""

    kind: LectureCardKind
    course: Course
    lectures: tuple[Lecture, ...]  # at least one
    map: LectureMap | None = None  # of the only one that has come
    asked: tuple[AskedWords, ...] = ()  # of a question: at least one


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlace:
    """Where a card is, or is to be."""

    channel_id: int
    nonce: str  # the same at each attempt, and of no other card; 24 characters, of the 25 that Discord takes
    begun_at: datetime  # no message of it is older


class CardOutlet(Protocol):
    """
    Where cards are posted.

    Each of these raises Refused where it cannot be done until somebody changes something.
    """

    async def post(self, place: CardPlace, card: LectureCard) -> int:
        """Post and return the id of the message; with a nonce used before, within minutes, that is the first one."""
        ...

    async def find(self, place: CardPlace) -> int | None:
        """Return the id of the message, if an attempt before has left it there."""
        ...

    async def edit(self, place: CardPlace, message: int, card: LectureCard) -> bool:
        """Let the message show *card*; return False if somebody has deleted it."""
        ...

    async def delete(self, place: CardPlace, message: int) -> None:
        """Take the message away, if it is still there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPace:
    """How patient posting is."""

    lease: timedelta = timedelta(minutes=2)
    call_limit_s: float = 45.0  # for one look and one post together: shorter than the lease
    first_gap: timedelta = timedelta(minutes=1)  # before the second attempt; the next ones wait twice as long each
    longest_gap: timedelta = timedelta(hours=1)
    refused_gap: timedelta = timedelta(minutes=10)


class LectureCards:
    """The cards of all courses. Any number of processes may look."""

    def __init__(self, pool: AsyncConnectionPool, *, pace: CardPace | None = None) -> None:
        self._pool = pool
        self._pace = pace or CardPace()

    async def choose(self, course: Course, channel: int | None) -> None:
        """Tell of lectures in *channel* from now on; None: nowhere."""
        async with self._pool.connection() as conn:
            await lecture_cards.set_channel(conn, course.id, channel)

    async def asked(self, course: Course) -> list[AskedWords]:
        """What staff of a course are to be asked about, by lecture and time."""
        async with self._pool.connection() as conn:
            return await lecture_cards.asked_in(conn, course.id)

    async def post_due(self, outlet: CardOutlet) -> int:
        """Post what has come, bring up to date what has changed, and return how many cards were looked at."""
        async with self._pool.connection() as conn:
            await lecture_cards.begin(conn)
        looked_at = 0
        while claim := await self._claimed():
            await self._survived(claim, outlet)
            looked_at += 1
        return looked_at

    async def _claimed(self) -> CardClaim | None:
        async with self._pool.connection() as conn:
            return await lecture_cards.claim(conn, lease=self._pace.lease)

    async def _survived(self, claim: CardClaim, outlet: CardOutlet) -> None:
        """Bring a card to where it belongs; what goes wrong with it leaves the others alone."""
        try:
            await (self._edited(claim, outlet) if claim.state == "posted" else self._posted(claim, outlet))
        except asyncio.CancelledError:
            await asyncio.shield(self._let_go(claim))
            raise
        except (psycopg.OperationalError, PoolTimeout):
            raise  # the lease brings it back
        except Refused as error:
            await self._refused(claim, error)
        except Exception as error:
            exc_info = None if isinstance(error, MonitoriaError | TimeoutError) else error
            log.warning("lecture_card.not_shown", exc_info=exc_info, extra={**_named(claim), "reason": _reason(error)})
            async with self._pool.connection() as conn:
                await lecture_cards.retry(conn, claim, after=self._gap(claim), reason=None)

    async def _posted(self, claim: CardClaim, outlet: CardOutlet) -> None:
        # Looked for before anything is given up: an attempt before may have arrived.
        if claim.attempts > 1 and (message := await self._left_behind(claim, outlet)):
            await self._finished(claim, claim.channel_id, message, shown=0)  # it shows what was true then
            return
        channel, card = claim.wanted_channel_id, await self._card(claim)
        if channel is None or card is None:
            await self._dropped(claim)
        elif claim.is_late:
            async with self._pool.connection() as conn:
                await lecture_cards.fail(conn, claim, reason=None)
            log.error("lecture_card.given_up", extra=_named(claim))
        elif await self._renewed(claim, channel):
            message = await self._in_time(outlet.post(_place(claim, channel), card))
            await self._finished(claim, channel, message, shown=claim.version)

    async def _left_behind(self, claim: CardClaim, outlet: CardOutlet) -> int | None:
        """Return the message that an attempt before has left, if it can be seen; else only a new channel will do."""
        try:
            return await self._in_time(outlet.find(_place(claim, claim.channel_id)))
        except Refused:
            if claim.wanted_channel_id == claim.channel_id:
                raise
            return None

    async def _edited(self, claim: CardClaim, outlet: CardOutlet) -> None:
        assert claim.message_id is not None  # noqa: S101 - it is posted
        place, card = _place(claim, claim.channel_id), await self._card(claim)
        if card is None:
            await self._in_time(outlet.delete(place, claim.message_id))
            await self._dropped(claim)
            return
        is_there = await self._in_time(outlet.edit(place, claim.message_id, card))
        if is_there:
            await self._finished(claim, claim.channel_id, claim.message_id, shown=claim.version)
            return
        async with self._pool.connection() as conn:
            await lecture_cards.finish(conn, claim, message=claim.message_id, shown=claim.version, state="gone")

    async def _card(self, claim: CardClaim) -> LectureCard | None:
        """Return what the card shows now; None: it is about nothing any more."""
        async with self._pool.connection() as conn:
            await lecture_cards.forget_settled(conn, claim)
            found = tuple(await lecture_cards.lectures(conn, claim))
            asked = tuple(await lecture_cards.asked(conn, claim))
            alone = found[0].id if claim.kind == "release" and len(found) == 1 else None
            shown = await maps.read_map(conn, course=claim.course_id, lecture=alone) if alone else None
        if not found:
            return None
        return LectureCard(kind=claim.kind, course=_course(claim), lectures=found, map=shown, asked=asked)

    async def _renewed(self, claim: CardClaim, channel: int) -> bool:
        """Begin the lease anew, since to look may have taken long; False: somebody else holds the card by now."""
        async with self._pool.connection() as conn:
            return await lecture_cards.renew(conn, claim, channel=channel, lease=self._pace.lease)

    async def _finished(self, claim: CardClaim, channel: int, message: int, *, shown: int) -> None:
        async with self._pool.connection() as conn:
            is_ours = await lecture_cards.finish(conn, claim, message=message, shown=shown)
            await lecture_cards.forget_trouble(conn, claim, channel=channel)
        if is_ours:
            log.info("lecture_card.shown", extra=_named(claim))

    async def _dropped(self, claim: CardClaim) -> None:
        async with self._pool.connection() as conn:
            await lecture_cards.drop(conn, claim)
        log.info("lecture_card.dropped", extra=_named(claim))

    async def _refused(self, claim: CardClaim, error: Refused) -> None:
        """Say once what the operator must change, and try again now and then: the card may still come."""
        channel, reason = claim.wanted_channel_id or claim.channel_id, str(error)
        async with self._pool.connection() as conn:
            is_known = await lecture_cards.is_known(conn, claim, channel=channel, reason=reason)
            # Refused at once, so that nothing can have been left there.
            has_begun = claim.attempts > 1
            await lecture_cards.retry(conn, claim, after=self._pace.refused_gap, reason=reason, has_begun=has_begun)
        if not is_known:
            log.error("lecture_card.refused", extra={**_named(claim), "channel_id": channel, "reason": reason})

    async def _let_go(self, claim: CardClaim) -> None:
        try:
            # Not for long: a process that is told to stop has seconds, and the lease does the same a little later.
            async with self._pool.connection(timeout=2.0) as conn:
                await lecture_cards.retry(conn, claim, after=timedelta(0), reason=None)
        except (psycopg.Error, PoolTimeout):
            log.warning("lecture_card.lease_kept", extra=_named(claim))

    async def _in_time(self, call: Awaitable[T]) -> T:
        async with asyncio.timeout(self._pace.call_limit_s):
            return await call

    def _gap(self, claim: CardClaim) -> timedelta:
        # 2 ** 40 minutes would be more than a timedelta holds.
        return min(self._pace.longest_gap, self._pace.first_gap * 2 ** min(claim.attempts - 1, 20))


def _place(claim: CardClaim, channel: int) -> CardPlace:
    nonce = hashlib.sha256(f"lecture card {claim.course_id} {claim.card_id}".encode()).hexdigest()[:24]
    return CardPlace(channel_id=channel, nonce=nonce, begun_at=claim.begun_at)


def _course(claim: CardClaim) -> Course:
    return Course(id=claim.course_id, slug=claim.slug, title=claim.title, language=claim.language)


def _named(claim: CardClaim) -> dict[str, object]:
    return {"course": claim.slug, "card": claim.card_id}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
