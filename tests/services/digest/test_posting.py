import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from db import digests
from db.records import Course, CourseId
from services.courses.courses import Courses
from services.digest.digests import Digests
from services.digest.figures import Figures
from services.digest.posting.posting import Post, PostingPace, nonce
from services.digest.report import Digest, Period
from services.errors import Refused, Unavailable
from tests.services.digest.rooms import (
    W46_DUE,
    W47_DUE,
    W48_DUE,
    Channel,
    Killed,
    Room,
    begun,
    change,
    once,
    report,
    stop,
)


async def test_a_week_is_posted_and_kept_with_its_message(room: Room) -> None:
    channel = Channel()

    ended = await room.posting().post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert ended == 1
    assert [(told.week, told.weeks, told.time_zone) for told in channel.told] == [("2026-W46", 1, "America/Sao_Paulo")]
    assert (row["week"], row["state"], row["channel_id"], row["message_id"]) == ("2026-W46", "posted", 7, 1)
    assert row["posted_at"] is not None
    assert channel.nonces == [nonce(room.course.id, "2026-W46")]


async def test_nothing_is_posted_before_it_is_due(room: Room) -> None:
    channel = Channel()

    ended = await room.posting().post_due(channel, W46_DUE - timedelta(hours=2))

    assert (ended, channel.told, await room.rows()) == (0, [], [])


async def test_the_hour_the_weekday_and_the_zone_of_the_course_count(room: Room) -> None:
    await room.plan(time_zone="Asia/Tokyo", digest_weekday=3, digest_hour=9)
    due, channel = datetime(2026, 11, 18, 0, tzinfo=UTC), Channel()

    early = await room.posting().post_due(channel, due - timedelta(seconds=1))
    in_time = await room.posting().post_due(channel, due)

    assert (early, in_time) == (0, 1)


@pytest.mark.parametrize(
    "columns", [{"digest_since": None}, {"digest_channel_id": None}], ids=["no beginning", "nowhere to go"]
)
async def test_a_course_without_a_plan_gets_none(room: Room, columns: dict[str, object]) -> None:
    await room.plan(**columns)
    channel = Channel()

    assert await room.posting().post_due(channel, W46_DUE) == 0
    assert (channel.told, await room.rows()) == ([], [])


async def test_a_week_is_posted_once_however_many_look(room: Room) -> None:
    channel = Channel()

    ended = await asyncio.gather(*(room.posting().post_due(channel, W46_DUE) for _ in range(20)))
    again = await room.posting().post_due(channel, W46_DUE)

    assert (sum(ended), again, len(channel.told)) == (1, 0, 1)


async def test_each_course_gets_its_own(room: Room) -> None:
    other = await Courses(room.pool).create(slug="outra", title="Outra", language="en")
    await room.plan(other)
    channel = Channel()

    await asyncio.gather(*(room.posting().post_due(channel, W46_DUE) for _ in range(5)))

    assert sorted(channel.nonces) == sorted(nonce(course.id, "2026-W46") for course in (room.course, other))


async def test_weeks_that_were_missed_are_one_post(room: Room) -> None:
    channel = Channel()

    await room.posting().post_due(channel, W48_DUE)

    assert await room.states() == [("2026-W48", 3, "posted")]
    assert [(told.week, told.weeks, str(told.first_day)) for told in channel.told] == [("2026-W48", 3, "2026-11-09")]


async def test_a_week_without_questions_is_told_too_because_silence_could_be_a_fault(room: Room) -> None:
    async def tell(course: Course, period: Period) -> Digest:
        return report(course, period, questions=0)

    channel = Channel()
    await room.plan(digest_emails=["ana@example.org"])

    await room.posting(tell).post_due(channel, W46_DUE)

    assert await room.states() == [("2026-W46", 1, "posted")]
    assert [told.week for told in channel.told] == ["2026-W46"]
    assert [row["mail_state"] for row in await room.rows()] == ["waiting"]


async def test_trouble_is_tried_again_later_and_later_still(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    away = Unavailable("Discord is away.")
    channel, gaps = Channel(before=once(away, away, away, away)), list[float]()
    posting = room.posting(pace=PostingPace(first_gap=timedelta(minutes=1), longest_gap=timedelta(minutes=15)))
    row: dict[str, Any] = {}

    for _ in range(4):
        await posting.post_due(channel, W46_DUE)
        (row,) = await room.rows()
        gaps.append(round(row["free_in"] / timedelta(minutes=1)))
        await posting.post_due(channel, W46_DUE)  # too soon
        await room.expire()
    await posting.post_due(channel, W46_DUE)

    assert gaps == [1, 4, 15, 15]
    assert (row["state"], row["reason"]) == ("claimed", "Discord is away.")
    assert (await room.states(), len(channel.told)) == ([("2026-W46", 1, "posted")], 1)
    failures = [record for record in caplog.records if record.getMessage() == "digest.not_posted"]
    assert [(vars(one)["course"], vars(one)["week"], one.exc_info) for one in failures] == [
        ("redes", "2026-W46", None)
    ] * 4


async def test_a_post_whose_answer_was_lost_is_not_repeated(room: Room) -> None:
    channel = Channel(after=once(Unavailable("The line went dead.")))

    await room.posting().post_due(channel, W46_DUE)
    await room.expire()
    await room.posting().post_due(channel, W46_DUE)

    assert (len(channel.told), await room.states()) == (1, [("2026-W46", 1, "posted")])


async def test_the_first_attempt_looks_for_nothing(room: Room) -> None:
    channel = Channel()

    await room.posting().post_due(channel, W46_DUE)

    assert channel.looked == 0


async def test_what_discord_refuses_fails_and_the_next_digest_tells_it_too(room: Room) -> None:
    channel = Channel(before=once(Refused("The channel is gone.")))

    ended = await room.posting().post_due(channel, W46_DUE)
    again = await room.posting().post_due(channel, W46_DUE)
    (row,) = await room.rows()
    await room.posting().post_due(channel, W47_DUE)

    assert (ended, again, row["reason"]) == (1, 0, "The channel is gone.")
    assert await room.states() == [("2026-W46", 1, "failed"), ("2026-W47", 2, "posted")]
    assert [told.weeks for told in channel.told] == [2]


async def test_a_digest_that_kills_whoever_posts_it_ends(room: Room) -> None:
    channel = Channel(before=once(*[Killed()] * 9))
    posting = room.posting(pace=PostingPace(most_attempts=3))

    for _ in range(3):
        with pytest.raises(Killed):
            await posting.post_due(channel, W46_DUE)
        await room.expire()
    ended = await posting.post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert (ended, row["state"], row["reason"]) == (1, "failed", "It could not be posted in 3 attempts.")


async def test_a_message_that_is_there_counts_even_after_the_last_attempt(room: Room) -> None:
    channel = Channel(after=once(Killed()))
    posting = room.posting(pace=PostingPace(most_attempts=1))

    with pytest.raises(Killed):
        await posting.post_due(channel, W46_DUE)
    await room.expire()
    await posting.post_due(channel, W46_DUE)

    assert await room.states() == [("2026-W46", 1, "posted")]


async def test_what_was_begun_is_ended_as_it_was_before_the_next_week(room: Room) -> None:
    channel = Channel(after=once(Killed()))

    with pytest.raises(Killed):
        await room.posting().post_due(channel, W46_DUE)
    await room.expire()
    for _ in range(2):
        await room.posting().post_due(channel, W47_DUE)

    assert await room.states() == [("2026-W46", 1, "posted"), ("2026-W47", 1, "posted")]
    assert [told.week for told in channel.told] == ["2026-W46", "2026-W47"]


async def test_it_is_looked_for_where_it_was_to_go(room: Room) -> None:
    places: list[int] = []

    class Moved(Channel):
        async def find(self, post: Post) -> int | None:
            places.append(post.channel_id)
            return await super().find(post)

    channel = Moved(after=once(Killed()))
    with pytest.raises(Killed):
        await room.posting().post_due(channel, W46_DUE)
    await room.plan(digest_channel_id=8)
    await room.expire()

    await room.posting().post_due(channel, W46_DUE)

    assert (places, len(channel.told)) == ([7], 1)


async def test_a_failed_digest_can_be_posted_after_all(room: Room) -> None:
    channel = Channel(before=once(Refused("The channel is gone.")))
    await room.posting().post_due(channel, W46_DUE)
    await room.plan(digest_channel_id=8)

    reopened = await room.reopen()
    await room.posting().post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert reopened
    assert (row["state"], row["channel_id"], len(channel.told)) == ("posted", 8, 1)


async def test_only_the_last_digest_can_be_posted_after_all(room: Room) -> None:
    channel = Channel(before=once(Refused("The channel is gone.")))
    await room.posting().post_due(channel, W46_DUE)
    await room.posting().post_due(channel, W47_DUE)

    assert not await room.reopen()
    assert await room.states() == [("2026-W46", 1, "failed"), ("2026-W47", 2, "posted")]


async def test_a_plan_that_cannot_be_read_is_told_once_the_others_have_theirs(room: Room) -> None:
    other = await Courses(room.pool).create(slug="outra", title="Outra", language="en")
    await room.plan(other)
    await room.plan(time_zone="Mars/Olympus")
    channel = Channel()

    with pytest.raises(Refused, match="'redes' gets no digest: There is no time zone 'Mars/Olympus'"):
        await room.posting().post_due(channel, W46_DUE)

    assert channel.nonces == [nonce(other.id, "2026-W46")]


async def test_weeks_that_somebody_told_in_the_meantime_are_not_begun(room: Room) -> None:
    assert await begun(room, "2026-W47")
    await room.sql("update digests set state = 'posted', posted_at = now()")

    assert not await begun(room, "2026-W47")
    assert not await begun(room, "2026-W46")
    assert not await begun(room, "2026-W48", first="2026-W47", weeks=2)
    assert await begun(room, "2026-W48")


async def test_the_database_holds_one_open_digest_a_course(room: Room) -> None:
    assert await begun(room, "2026-W46")

    assert not await begun(room, "2026-W47")
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_digest_at_a_time"):
        await room.sql(
            """
            insert into digests (course_id, week, weeks, time_zone, leased_until)
            values (%(course)s, '2026-W47', 1, 'UTC', now())
            """,
            course=room.course.id,
        )


@pytest.mark.parametrize(
    "change",
    [
        "digest_weekday = 0",
        "digest_hour = 24",
        "digest_least_askers = 0",
        "price_in = 1",
        "price_in = 1, price_out = 2, currency = 'reais'",
        "price_in = -1, price_out = 2, currency = 'BRL'",
        "time_zone = ''",
    ],
)
async def test_the_database_refuses_settings_that_make_no_sense(room: Room, change: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await room.sql(f"update course_settings set {change}")  # noqa: S608 - ours


def test_a_nonce_is_of_one_digest_and_fits_discord() -> None:
    nonces = {nonce(CourseId(course), f"2026-W{week:02}") for course in range(1, 30) for week in range(1, 53)}

    assert len(nonces) == 29 * 52
    assert {len(one) for one in nonces} == {24}
    assert nonce(CourseId(1), "2026-W47") == nonce(CourseId(1), "2026-W47")


async def test_a_digest_that_is_being_retried_goes_to_the_channel_that_is_chosen_meanwhile(room: Room) -> None:
    channel = Channel(before=once(Unavailable("Discord is away.")))
    await room.posting().post_due(channel, W46_DUE)
    await change(room, channel_id=8)
    await room.sql("update digests set leased_until = now()")

    await room.posting().post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert (row["state"], row["channel_id"]) == ("posted", 8)


async def test_a_message_in_the_channel_before_is_found_where_the_channel_was_changed_after_it(room: Room) -> None:
    channel = Channel(after=once(Killed()))
    with pytest.raises(Killed):
        await room.posting().post_due(channel, W46_DUE)
    await change(room, channel_id=8)
    await room.sql("update digests set leased_until = now()")

    await room.posting().post_due(channel, W46_DUE)

    assert await room.states() == [("2026-W46", 1, "posted")]
    assert len(channel.nonces) == 1


async def test_what_is_turned_off_does_not_come_later_and_off_and_on_again_loses_no_week(room: Room) -> None:
    channel = Channel(before=once(Unavailable("Discord is away.")))
    await room.posting().post_due(channel, W46_DUE)
    await stop(room)
    await room.sql("update digests set leased_until = now()")
    assert await room.posting().post_due(channel, W46_DUE) == 0

    await change(room, hour=9)
    await room.posting().post_due(channel, W47_DUE)

    assert [told.week for told in channel.told] == ["2026-W46"]
    await room.posting().post_due(channel, W47_DUE)
    assert [told.week for told in channel.told] == ["2026-W46", "2026-W47"]


async def test_weeks_that_it_was_off_for_are_owed_to_nobody(room: Room) -> None:
    channel = Channel()
    await stop(room)
    await room.sql("update course_settings set digest_stopped_at = now() - interval '15 days'")
    await change(room, hour=9)

    async with room.pool.connection() as conn:
        (plan,) = await digests.plans(conn)
    assert plan.since > datetime.now(UTC) - timedelta(minutes=1)
    assert await room.posting().post_due(channel, datetime.now(UTC)) == 0


async def test_a_digest_that_failed_long_ago_is_not_tried_again(room: Room) -> None:
    channel = Channel(before=once(Refused("The channel is gone.")))
    await room.posting().post_due(channel, W46_DUE)
    before = await Digests(room.pool, Figures(room.pool, None)).last(room.course)
    await room.sql("update digests set begun_at = now() - interval '15 days'")
    after = await Digests(room.pool, Figures(room.pool, None)).last(room.course)

    assert not await room.reopen()
    assert (before and before.has_failed, after and after.has_failed) == (True, False)
