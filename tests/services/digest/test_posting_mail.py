"""Digests by mail: each once, and the post does not wait for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from services.digest.posting.posting import Mail, PostingPace, nonce
from services.digest.report import Digest
from services.errors import Refused, Unavailable
from tests.services.digest.rooms import W46_DUE, Channel, Room, Stuck, change, nothing, once, stop


async def test_a_digest_that_was_mailed_when_it_failed_is_not_mailed_again_when_it_is_posted(room: Room) -> None:
    await room.plan(digest_emails=["ana@example.org"])
    channel, inbox = Channel(before=once(Refused("The channel is gone."))), Inbox()
    await room.posting().post_due(channel, W46_DUE)
    await room.posting().mail_due(inbox)

    await room.reopen()
    await room.posting().post_due(channel, W46_DUE)
    await room.posting().mail_due(inbox)

    (row,) = await room.rows()
    assert (row["state"], row["mail_state"], len(inbox.mails)) == ("posted", "sent", 1)


@dataclass
class Inbox:
    """Takes mails."""

    before: Callable[[], Awaitable[None]] = nothing
    mails: list[Mail] = field(default_factory=list[Mail])

    async def __call__(self, mail: Mail, digest: Digest) -> None:
        await self.before()
        assert digest.period == mail.period
        self.mails.append(mail)


@pytest.fixture
async def posted(room: Room) -> Room:
    """A digest that is posted, and whose mail waits."""
    await room.plan(digest_emails=["ana@example.org", "rui@example.org"])
    await room.posting().post_due(Channel(), W46_DUE)
    return room


async def test_a_posted_digest_goes_by_mail_once(posted: Room) -> None:
    inbox = Inbox()

    ended = await asyncio.gather(*(posted.posting().mail_due(inbox) for _ in range(8)))

    (row,) = await posted.rows()
    assert sum(ended) == 1
    assert [(mail.period.week, mail.addresses, mail.nonce) for mail in inbox.mails] == [
        ("2026-W46", ("ana@example.org", "rui@example.org"), nonce(posted.course.id, "2026-W46"))
    ]
    assert (row["state"], row["mail_state"], row["mailed_at"] is not None) == ("posted", "sent", True)


async def test_a_course_without_addresses_has_no_mail(room: Room) -> None:
    await room.posting().post_due(Channel(), W46_DUE)

    assert await room.posting().mail_due(Inbox()) == 0


async def test_a_course_without_a_channel_gets_its_digest_by_mail(room: Room) -> None:
    await room.plan(digest_channel_id=None, digest_emails=["ana@example.org"])
    channel, inbox = Channel(), Inbox()

    await room.posting().post_due(channel, W46_DUE)
    await room.posting().mail_due(inbox)

    assert (channel.told, len(inbox.mails)) == ([], 1)
    assert await room.states() == [("2026-W46", 1, "posted")]


async def test_who_reads_by_mail_need_not_wait_for_a_channel_that_is_gone(room: Room) -> None:
    await room.plan(digest_emails=["ana@example.org"])
    inbox = Inbox()

    await room.posting().post_due(Channel(before=once(Refused("The channel is gone."))), W46_DUE)
    await room.posting().mail_due(inbox)

    (row,) = await room.rows()
    assert (row["state"], row["mail_state"], len(inbox.mails)) == ("failed", "sent", 1)


async def test_a_mail_that_fails_is_sent_later_and_leaves_the_post_alone(posted: Room) -> None:
    inbox = Inbox(before=once(Unavailable("The mail server is away.")))

    ended = [await posted.posting().mail_due(inbox) for _ in range(2)]
    (waiting,) = await posted.rows()
    await posted.expire()
    later = await posted.posting().mail_due(inbox)

    assert (ended, later, len(inbox.mails)) == ([0, 0], 1, 1)
    assert (waiting["state"], waiting["mail_state"]) == ("posted", "waiting")
    assert waiting["mail_reason"] == "The mail server is away."


async def test_a_mail_that_is_refused_is_given_up(posted: Room) -> None:
    ended = await posted.posting().mail_due(Inbox(before=once(Refused("No such address."))))

    (row,) = await posted.rows()
    assert (ended, row["mail_state"], row["mail_reason"], row["state"]) == (1, "failed", "No such address.", "posted")


async def test_a_mail_is_tried_so_many_times_and_no_more(posted: Room) -> None:
    inbox = Inbox(before=once(*[Unavailable("away")] * 9))

    for _ in range(3):
        await posted.posting(pace=PostingPace(most_attempts=2)).mail_due(inbox)
        await posted.expire()

    (row,) = await posted.rows()
    assert (row["mail_state"], row["mail_attempts"]) == ("failed", 3)


@pytest.mark.parametrize("error", [None, Unavailable("away"), Refused("No such address.")])
async def test_whoever_is_late_does_not_end_the_mail_that_another_holds(posted: Room, error: Exception | None) -> None:
    first, second = Stuck(error=error), Stuck()
    sleeper = asyncio.create_task(posted.posting().mail_due(Inbox(before=first)))
    await first.reached.wait()
    await posted.expire()
    holder = asyncio.create_task(posted.posting().mail_due(Inbox(before=second)))
    await second.reached.wait()
    (held,) = await posted.rows()

    first.free.set()
    late = await sleeper
    (after,) = await posted.rows()
    second.free.set()

    assert (late, after | {"free_in": None}) == (0, held | {"free_in": None})
    assert await holder == 1


async def test_addresses_that_were_taken_away_get_nothing(posted: Room) -> None:
    await posted.plan(digest_emails=[])
    inbox = Inbox()

    await posted.posting().mail_due(inbox)

    assert ([row["mail_state"] for row in await posted.rows()], inbox.mails) == (["failed"], [])


async def test_a_mail_of_last_term_is_not_sent_once_there_is_a_server(posted: Room) -> None:
    await posted.sql("update digests set begun_at = now() - interval '15 days'")
    inbox = Inbox()

    assert await posted.posting().mail_due(inbox) == 0
    assert inbox.mails == []


async def test_no_mail_goes_out_while_the_digest_is_turned_off(posted: Room) -> None:
    inbox = Inbox()
    await stop(posted)
    assert await posted.posting().mail_due(inbox) == 0

    await change(posted, hour=9)
    assert await posted.posting().mail_due(inbox) == 1


async def test_a_mail_that_failed_is_sent_to_the_corrected_addresses(posted: Room) -> None:
    inbox = Inbox(before=once(Refused("There is nobody of that name.")))
    await posted.posting().mail_due(inbox)

    await change(posted, emails=["eva@example.org"])
    await posted.posting().mail_due(inbox)

    assert [mail.addresses for mail in inbox.mails] == [("eva@example.org",)]
