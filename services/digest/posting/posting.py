"""
See that each week of a course is told once, whatever dies in between.

A digest is claimed in the database before it is posted and ended there afterwards, under a lease and a fencing token.
Between the two lies what no database can hold together: a message that arrived, and nobody left to write it down. So
who takes a digest over looks first whether its message is there. The message has a nonce of its own, by which Discord
makes one of two sends within minutes; and one process never posts beyond its lease.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from db import digests
from db.digests import DigestClaim, DigestPlan, MailClaim
from db.records import Course, CourseId
from services.digest.posting.weeks import Schedule, due, period, week_of
from services.digest.report import Digest, Period
from services.errors import MonitoriaError, Refused

log = logging.getLogger(__name__)

Tell = Callable[[Course, Period], Awaitable[Digest]]
"""Counts a period of a course."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A digest that is to be in a channel."""

    course: Course
    period: Period
    channel_id: int
    nonce: str  # the same at each attempt, and of no other digest; 24 characters, of the 25 that Discord takes
    begun_at: datetime  # no message of it is older


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A digest that is to be in inboxes."""

    course: Course
    period: Period
    addresses: tuple[str, ...]
    nonce: str  # the same at each attempt: it belongs into the Message-ID


class DigestOutlet(Protocol):
    """Where digests are posted."""

    async def post(self, post: Post, digest: Digest) -> int:
        """
        Post and return the id of the message; with a nonce used before, within minutes, that is the first one.

        Raises:
            Refused: it cannot be posted there until somebody changes something.

        """
        ...

    async def find(self, post: Post) -> int | None:
        """
        Return the id of the message, if an attempt before has left it there.

        Raises:
            Refused: nobody can look there, so nothing can be posted there either.

        """
        ...


Send = Callable[[Mail, Digest], Awaitable[None]]
"""Sends a mail; raises Refused where that helps nothing until somebody changes something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPace:
    """How patient posting is."""

    lease: timedelta = timedelta(minutes=10)  # longer than it takes to count a digest
    post_limit_s: float = 60.0  # shorter than the lease
    first_gap: timedelta = timedelta(minutes=1)  # before the second attempt; the next ones wait four times longer each
    longest_gap: timedelta = timedelta(hours=6)
    most_attempts: int = 12  # about two days


class Posting:
    """The digests on their way to people. Any number of processes may look."""

    def __init__(self, pool: AsyncConnectionPool, tell: Tell, *, pace: PostingPace | None = None) -> None:
        self._pool = pool
        self._tell = tell
        self._pace = pace or PostingPace()

    async def post_due(self, outlet: DigestOutlet, now: datetime) -> int:
        """
        Post what is due at *now*, and return how many digests were ended, well or not.

        Raises:
            Refused: the plan of a course cannot be read, once the others have theirs.

        """
        async with self._pool.connection() as conn:
            plans = await digests.plans(conn)
        ended, unreadable = 0, list[Refused]()
        for plan in plans:
            try:
                ended += await self._post_of(plan, outlet, now)
            except Refused as error:
                unreadable.append(error)
        if unreadable:
            raise unreadable[0]
        return ended

    async def mail_due(self, send: Send) -> int:
        """Send the mails that wait, and return how many were ended, well or not."""
        ended = 0
        while claim := await self._claimed_mail():
            ended += await self._mailed(claim, send)
        return ended

    async def _post_of(self, plan: DigestPlan, outlet: DigestOutlet, now: datetime) -> bool:
        claim = await self._claimed(plan, now)
        if claim is None:
            return False
        try:
            return await self._posted(claim, outlet)
        except asyncio.CancelledError:
            await asyncio.shield(self._let_go(claim))
            raise
        except (psycopg.OperationalError, PoolTimeout):
            raise  # the lease brings it back
        except Refused as error:
            return await self._failed(claim, str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other courses get theirs
            _log_failure("digest.not_posted", claim, error)
            await self._retried(claim, error)
            return False

    async def _claimed(self, plan: DigestPlan, now: datetime) -> DigestClaim | None:
        """Claim what somebody has begun and left, else what is due."""
        async with self._pool.connection() as conn:
            # What was left comes first: its message may stand in the channel already.
            if left := await digests.take_over(conn, plan.course_id, lease=self._pace.lease):
                return left
            owed = due(now, _schedule(plan), last_done=plan.last_done, since=plan.since)
            if owed is None:
                return None
            return await digests.begin(
                conn,
                course=plan.course_id,
                week=owed.week,
                weeks=owed.weeks,
                first_week=week_of(owed.first_day),
                time_zone=owed.time_zone,
                channel=plan.channel_id,
                lease=self._pace.lease,
            )

    async def _posted(self, claim: DigestClaim, outlet: DigestOutlet) -> bool:
        # Looked for before the attempts are counted: the last one may have arrived as well.
        if claim.attempts > 1 and (message := await self._left_behind(claim, outlet)):
            return await self._finished(claim, message)
        if claim.attempts > self._pace.most_attempts:
            return await self._failed(claim, f"It could not be posted in {self._pace.most_attempts} attempts.")
        digest = await self._tell(_course(claim), _period(claim))
        async with self._pool.connection() as conn:
            # The count may have taken long: the lease begins anew here, or somebody else holds the digest by now.
            if not await digests.renew(conn, claim, lease=self._pace.lease):
                return False
        post = _post(claim, claim.wanted_channel_id)
        if post is None:
            return await self._finished(claim, None)
        async with asyncio.timeout(self._pace.post_limit_s):
            message = await outlet.post(post, digest)
        return await self._finished(claim, message)

    async def _left_behind(self, claim: DigestClaim, outlet: DigestOutlet) -> int | None:
        """Return the message that an attempt before has left, if it can be seen; else only a new channel will do."""
        post = _post(claim, claim.channel_id)
        try:
            return await outlet.find(post) if post else None
        except Refused:
            if claim.wanted_channel_id == claim.channel_id:
                raise
            return None

    async def _finished(self, claim: DigestClaim, message: int | None) -> bool:
        async with self._pool.connection() as conn:
            is_ours = await digests.finish(conn, claim, message=message)
        if is_ours:
            log.info("digest.posted", extra=_named(claim))
        return is_ours

    async def _failed(self, claim: DigestClaim, reason: str) -> bool:
        log.error("digest.failed", extra={**_named(claim), "reason": reason})
        async with self._pool.connection() as conn:
            return await digests.fail(conn, claim, reason=reason)

    async def _retried(self, claim: DigestClaim, error: Exception) -> None:
        async with self._pool.connection() as conn:
            await digests.retry(conn, claim, after=self._gap(claim), reason=_reason(error))

    async def _let_go(self, claim: DigestClaim) -> None:
        try:
            # Not for long: a process that is told to stop has seconds, and the lease does the same a little later.
            async with self._pool.connection(timeout=2.0) as conn:
                await digests.retry(conn, claim, after=timedelta(0), reason=None)
        except (psycopg.Error, PoolTimeout):
            log.warning("digest.lease_kept", extra=_named(claim))

    async def _claimed_mail(self) -> MailClaim | None:
        async with self._pool.connection() as conn:
            return await digests.claim_mail(conn, lease=self._pace.lease)

    async def _mailed(self, claim: MailClaim, send: Send) -> bool:
        if not claim.addresses or claim.attempts > self._pace.most_attempts:
            return await self._mail_ended(claim, "Nobody is left to send it to, or it failed too often.")
        try:
            digest = await self._tell(_course(claim), _period(claim))
            async with asyncio.timeout(self._pace.post_limit_s):
                await send(_mail(claim), digest)
        except (psycopg.OperationalError, PoolTimeout):
            raise
        except Refused as error:
            return await self._mail_ended(claim, str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other mails go out
            _log_failure("digest.not_mailed", claim, error)
            async with self._pool.connection() as conn:
                await digests.retry_mail(conn, claim, after=self._gap(claim), reason=_reason(error))
            return False
        return await self._mail_ended(claim, None)

    async def _mail_ended(self, claim: MailClaim, reason: str | None) -> bool:
        if reason:
            log.error("digest.mail_failed", extra={**_named(claim), "reason": reason})
        async with self._pool.connection() as conn:
            return await digests.finish_mail(conn, claim, state="failed" if reason else "sent", reason=reason)

    def _gap(self, claim: DigestClaim | MailClaim) -> timedelta:
        # 4 ** 21 minutes would be more than a timedelta holds.
        return min(self._pace.longest_gap, self._pace.first_gap * 4 ** min(claim.attempts - 1, 20))


def nonce(course: CourseId, week: str) -> str:
    """Return what marks every attempt at one digest."""
    # Discord takes 25 characters of a nonce.
    return hashlib.sha256(f"digest {course} {week}".encode()).hexdigest()[:24]


def _schedule(plan: DigestPlan) -> Schedule:
    try:
        return Schedule(time_zone=plan.time_zone, weekday=plan.weekday, hour=plan.hour)
    except Refused as error:
        raise Refused(f"The course {plan.slug!r} gets no digest: {error}") from error


def _post(claim: DigestClaim, channel: int | None) -> Post | None:
    if channel is None:
        return None
    return Post(
        course=_course(claim),
        period=_period(claim),
        channel_id=channel,
        nonce=nonce(claim.course_id, claim.week),
        begun_at=claim.begun_at,
    )


def _mail(claim: MailClaim) -> Mail:
    return Mail(
        course=_course(claim),
        period=_period(claim),
        addresses=tuple(claim.addresses),
        nonce=nonce(claim.course_id, claim.week),
    )


def _course(claim: DigestClaim | MailClaim) -> Course:
    return Course(id=claim.course_id, slug=claim.slug, title=claim.title, language=claim.language)


def _period(claim: DigestClaim | MailClaim) -> Period:
    return period(claim.week, ZoneInfo(claim.time_zone), weeks=claim.weeks)


def _named(claim: DigestClaim | MailClaim) -> dict[str, object]:
    return {"course": claim.slug, "week": claim.week}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _log_failure(event: str, claim: DigestClaim | MailClaim, error: Exception) -> None:
    exc_info = None if isinstance(error, MonitoriaError) else error
    log.error(event, exc_info=exc_info, extra={**_named(claim), "reason": _reason(error)})
