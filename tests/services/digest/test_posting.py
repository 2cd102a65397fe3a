import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from db import connect, digests
from db.records import Course, CourseId
from services.courses.courses import Courses
from services.digest.digests import Digests
from services.digest.figures import Figures
from services.digest.posting.posting import Mail, Post, Posting, PostingPace, Tell, nonce
from services.digest.report import Digest, Figure, Period
from services.errors import Refused, Unavailable

SINCE = datetime(2026, 11, 10, tzinfo=UTC)  # in W46
W46_DUE, W47_DUE, W48_DUE = (datetime(2026, 11, day, 12, tzinfo=UTC) for day in (16, 23, 30))


class Killed(BaseException):
    """As by `kill -9`: nobody is told."""


async def nothing() -> None:
    return


@dataclass
class Channel:
    """A channel that keeps its messages, and forgets each nonce at once."""

    before: Callable[[], Awaitable[None]] = nothing  # a message arrives
    after: Callable[[], Awaitable[None]] = nothing
    nonces: list[str] = field(default_factory=list[str])  # of the messages, whose ids are 1, 2, …
    told: list[Period] = field(default_factory=list[Period])
    looked: int = 0

    async def post(self, post: Post, digest: Digest) -> int:
        await self.before()
        self.nonces.append(post.nonce)
        self.told.append(digest.period)
        message = len(self.nonces)
        await self.after()
        return message

    async def find(self, post: Post) -> int | None:
        self.looked += 1
        return self.nonces.index(post.nonce) + 1 if post.nonce in self.nonces else None


def once(*what: BaseException | None) -> Callable[[], Awaitable[None]]:
    """Raise each of *what* in turn, then nothing."""
    left = list(what)

    async def happen() -> None:
        if left and (error := left.pop(0)):
            raise error

    return happen


def report(course: Course, period: Period, *, questions: int = 3) -> Digest:
    """A digest of which only this much matters here."""
    parts: dict[str, Any] = dict.fromkeys(part.name for part in fields(Digest))
    parts |= {"course": course, "period": period, "questions": Figure(value=questions)}
    return Digest(**parts)


async def counted(course: Course, period: Period) -> Digest:
    return report(course, period)


@dataclass
class Room:
    """A course that is told of its weeks."""

    url: str
    pool: AsyncConnectionPool
    course: Course

    def posting(self, tell: Tell = counted, pace: PostingPace | None = None) -> Posting:
        return Posting(self.pool, tell, pace=pace)

    async def reopen(self) -> bool:
        async with self.pool.connection() as conn:
            return await digests.reopen(conn, self.course.id)

    async def sql(self, query: str, **values: object) -> None:
        async with self.pool.connection() as conn:
            await conn.execute(query.encode(), values)

    async def plan(self, course: Course | None = None, /, **columns: object) -> None:
        """Set when and where the course is told."""
        columns = {"digest_channel_id": 7, "digest_since": SINCE} | columns
        settings = ", ".join(f"{name} = %({name})s" for name in columns)
        at = (course or self.course).id
        await self.sql("insert into course_settings (course_id) values (%(at)s) on conflict do nothing", at=at)
        await self.sql(f"update course_settings set {settings} where course_id = %(at)s", at=at, **columns)  # noqa: S608

    async def expire(self) -> None:
        """Let all leases run out."""
        await self.sql("update digests set leased_until = now(), mail_leased_until = now()")

    async def rows(self) -> list[dict[str, Any]]:
        async with self.pool.connection() as conn, conn.cursor(row_factory=dict_row) as cur:
            await cur.execute("select *, leased_until - now() as free_in from digests order by week")
            return await cur.fetchall()

    async def states(self) -> list[tuple[str, int, str]]:
        return [(row["week"], row["weeks"], row["state"]) for row in await self.rows()]


@pytest.fixture
async def room(database: str) -> AsyncGenerator[Room, None]:
    async with connect.pool(database) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes Neurais", language="pt-BR")
        room = Room(url=database, pool=pool, course=course)
        await room.plan()
        yield room


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


@pytest.mark.parametrize("moment", ["counting", "before", "after"])
async def test_whoever_takes_over_from_the_dead_posts_once(room: Room, moment: str) -> None:
    killed = once(Killed())

    async def tell(course: Course, period: Period) -> Digest:
        await (killed() if moment == "counting" else nothing())
        return report(course, period)

    channel = Channel(before=killed if moment == "before" else nothing, after=killed if moment == "after" else nothing)

    with pytest.raises(Killed):
        await room.posting(tell).post_due(channel, W46_DUE)
    while_leased = await room.posting(tell).post_due(channel, W46_DUE)
    await room.expire()
    after = await room.posting(tell).post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert (while_leased, after) == (0, 1)
    assert len(channel.told) == 1
    assert (row["state"], row["message_id"], row["attempts"]) == ("posted", 1, 2)


async def test_a_post_that_could_not_be_written_down_is_found_again(room: Room) -> None:
    channel = Channel()
    async with connect.pool(room.url, size=1) as pool:
        channel.after = pool.close
        with pytest.raises(psycopg.OperationalError):
            await Posting(pool, counted).post_due(channel, W46_DUE)
    channel.after = nothing
    await room.expire()

    await room.posting().post_due(channel, W46_DUE)

    assert (len(channel.told), await room.states()) == (1, [("2026-W46", 1, "posted")])


@dataclass
class Stuck:
    """Where somebody waits until told to go on."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def __call__(self) -> None:
        self.reached.set()
        await self.free.wait()
        if self.error:
            raise self.error

    async def tell(self, course: Course, period: Period) -> Digest:
        await self()
        return report(course, period)


async def test_whoever_holds_a_digest_is_left_alone(room: Room) -> None:
    stuck, other = Stuck(), Channel()
    posting = asyncio.create_task(room.posting().post_due(Channel(before=stuck), W46_DUE))
    await stuck.reached.wait()

    ended = [await room.posting().post_due(other, now) for now in (W46_DUE, W47_DUE)]
    stuck.free.set()

    assert (ended, await posting, other.told) == ([0, 0], 1, [])


async def test_whoever_ends_a_post_that_another_has_ended_changes_nothing(room: Room) -> None:
    stuck = Stuck()
    channel = Channel(after=stuck)
    sleeper = asyncio.create_task(room.posting().post_due(channel, W46_DUE))
    await stuck.reached.wait()
    await room.expire()

    await room.posting().post_due(channel, W46_DUE)
    before = await room.states(), [row["posted_at"] for row in await room.rows()]
    stuck.free.set()

    assert (await sleeper, len(channel.told)) == (0, 1)
    assert (await room.states(), [row["posted_at"] for row in await room.rows()]) == before


async def test_of_two_who_count_the_one_who_holds_the_lease_posts(room: Room) -> None:
    first, second, channel = Stuck(), Stuck(), Channel()
    sleeper = asyncio.create_task(room.posting(first.tell).post_due(channel, W46_DUE))
    await first.reached.wait()
    await room.expire()
    holder = asyncio.create_task(room.posting(second.tell).post_due(channel, W46_DUE))
    await second.reached.wait()

    first.free.set()
    late = await sleeper
    told_by_the_late = len(channel.told)
    second.free.set()

    assert (late, told_by_the_late, await holder, len(channel.told)) == (0, 0, 1, 1)


@pytest.mark.parametrize("error", [None, Unavailable("away"), Refused("gone")])
async def test_whoever_is_late_does_not_end_what_another_holds(room: Room, error: Exception | None) -> None:
    first, second = Stuck(error=error), Stuck()
    sleeper = asyncio.create_task(room.posting().post_due(Channel(before=first), W46_DUE))
    await first.reached.wait()
    await room.expire()
    holder = asyncio.create_task(room.posting().post_due(Channel(before=second), W46_DUE))
    await second.reached.wait()
    (held,) = await room.rows()

    first.free.set()
    late = await sleeper
    (after,) = await room.rows()
    second.free.set()

    assert (late, after | {"free_in": None}) == (0, held | {"free_in": None})
    assert await holder == 1


async def test_whoever_is_stopped_late_does_not_let_go_of_what_another_holds(room: Room) -> None:
    first, second = Stuck(), Stuck()
    sleeper = asyncio.create_task(room.posting().post_due(Channel(before=first), W46_DUE))
    await first.reached.wait()
    await room.expire()
    holder = asyncio.create_task(room.posting().post_due(Channel(before=second), W46_DUE))
    await second.reached.wait()

    sleeper.cancel()
    await asyncio.wait([sleeper])
    third = await room.posting().post_due(Channel(), W46_DUE)
    second.free.set()

    assert (third, await holder) == (0, 1)


async def test_a_week_that_is_being_written_down_is_not_folded_into_the_next(room: Room) -> None:
    channel, stuck = Channel(), Stuck()
    posting = asyncio.create_task(room.posting().post_due(Channel(before=stuck), W46_DUE))
    await stuck.reached.wait()

    async with room.pool.connection() as conn:
        await conn.execute("update digests set state = 'posted', posted_at = now()")
        racing = asyncio.create_task(room.posting().post_due(channel, W47_DUE))
        await asyncio.sleep(0.2)
    ended = await racing
    await room.posting().post_due(channel, W47_DUE)
    stuck.free.set()

    assert (ended, await posting) == (0, 0)
    assert await room.states() == [("2026-W46", 1, "posted"), ("2026-W47", 1, "posted")]


async def test_what_is_posted_is_not_posted_again_when_its_lease_has_run_out(room: Room) -> None:
    channel = Channel()
    await room.posting().post_due(channel, W46_DUE)
    await room.expire()

    assert await room.posting().post_due(channel, W46_DUE) == 0
    assert len(channel.told) == 1
    await room.expire()
    assert await room.posting().post_due(channel, W47_DUE) == 1


async def test_a_post_may_not_outlast_its_lease(room: Room) -> None:
    channel = Channel(before=asyncio.Event().wait)  # pyright: ignore[reportArgumentType] - it never returns anything

    async with asyncio.timeout(60):
        ended = await room.posting(pace=PostingPace(post_limit_s=0.05)).post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert (ended, row["state"], row["reason"]) == (0, "claimed", "TimeoutError")


async def test_the_lease_is_renewed_just_before_the_post(room: Room) -> None:
    async def slow(course: Course, period: Period) -> Digest:
        await room.sql("update digests set leased_until = now() + interval '1 second'")
        return report(course, period)

    free_in: list[timedelta] = []

    async def look() -> None:
        free_in.extend(row["free_in"] for row in await room.rows())

    await room.posting(slow, PostingPace(lease=timedelta(minutes=10))).post_due(Channel(before=look), W46_DUE)

    assert timedelta(minutes=9) < free_in[0] <= timedelta(minutes=10)


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


async def test_a_stop_lets_the_next_process_go_on_at_once(room: Room) -> None:
    held = asyncio.Event()

    async def wait() -> None:
        held.set()
        await asyncio.Event().wait()

    channel = Channel(after=wait)
    stopped = asyncio.create_task(room.posting().post_due(channel, W46_DUE))
    await held.wait()
    stopped.cancel()
    await asyncio.wait([stopped])

    assert stopped.cancelled()
    assert await room.posting().post_due(channel, W46_DUE) == 1
    assert len(channel.told) == 1


async def test_a_failed_digest_can_be_posted_after_all(room: Room) -> None:
    channel = Channel(before=once(Refused("The channel is gone.")))
    await room.posting().post_due(channel, W46_DUE)
    await room.plan(digest_channel_id=8)

    reopened = await room.reopen()
    await room.posting().post_due(channel, W46_DUE)

    (row,) = await room.rows()
    assert reopened
    assert (row["state"], row["channel_id"], len(channel.told)) == ("posted", 8, 1)


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


async def begun(room: Room, week: str, *, first: str | None = None, weeks: int = 1) -> bool:
    async with room.pool.connection() as conn:
        claim = await digests.begin(
            conn,
            course=room.course.id,
            week=week,
            weeks=weeks,
            first_week=first or week,
            time_zone="UTC",
            channel=7,
            lease=timedelta(minutes=1),
        )
    return claim is not None


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


async def change(room: Room, **changes: Any) -> None:
    """Do what `/digest schedule` does."""
    await Digests(room.pool, Figures(room.pool, None)).change(room.course, changes, reader="en")


async def stop(room: Room) -> None:
    await Digests(room.pool, Figures(room.pool, None)).stop(room.course)


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
