import random
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise, product
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.digest.posting.weeks import (
    Schedule,
    due,
    next_moment,
    parse_week,
    period,
    posting_moment,
    week_of,
    zone_named,
)
from services.digest.report import Period
from services.errors import Refused

ZONES = sorted(available_timezones())
# Put forward over midnight (Beirut, Cairo, Havana, Santiago), by half an hour (Lord Howe) or by two (Troll), not on a
# Sunday (Gaza, Cairo), with Ramadan (Casablanca), no longer (Sao_Paulo), and as most do (New_York).
ODD_ZONES = (
    *("Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/Santiago"),
    *("America/Sao_Paulo", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Australia/Lord_Howe"),
)
HOURS = (0, 2, 8, 23)
MINUTE, HOUR, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=7)
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)


def schedule(zone: str = "America/Sao_Paulo", weekday: int = 1, hour: int = 8) -> Schedule:
    return Schedule(time_zone=zone, weekday=weekday, hour=hour)


def clock(instant: datetime, zone: str) -> datetime:
    """What the clocks of *zone* show."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def weeks_between(first: str, last: str) -> list[str]:
    days = range((parse_week(last) - parse_week(first)).days // 7 + 1)
    return [week_of(parse_week(first) + week * WEEK) for week in days]


def told_by(periods: list[Period]) -> list[str]:
    """The weeks that *periods* tell of, one by one."""
    return [week for told in periods for week in weeks_between(week_of(told.first_day), told.week)]


def posted(ticks: list[datetime], at: list[Schedule], *, since: datetime) -> list[tuple[datetime, Period]]:
    """What a course gets where somebody looks at *ticks*, with the schedule that it has at each."""
    done: list[tuple[datetime, Period]] = []
    for now, current in zip(ticks, at, strict=True):
        if found := due(now, current, last_done=done[-1][1].week if done else None, since=since):
            done.append((now, found))
    return done


schedules = st.builds(schedule, st.sampled_from(ZONES), st.integers(1, 7), st.integers(0, 23))
instants = st.integers(0, (END - START) // MINUTE).map(lambda minute: START + minute * MINUTE)
gaps = st.one_of(st.integers(1, 90), st.integers(1, 4 * 1440), st.integers(1, 60 * 1440))  # minutes; outages as well
unhurried = settings(deadline=None)  # the first example reads the zones
ticking = st.lists(gaps, min_size=1, max_size=40)


def ticks_after(since: datetime, minutes: list[int]) -> list[datetime]:
    return [since + minute * MINUTE for minute in accumulate(minutes)]


@unhurried
@given(st.dates(date(1900, 1, 1), date(2999, 12, 22)))
def test_a_week_is_named_as_iso_8601_does(day: date) -> None:
    monday = parse_week(week_of(day))

    assert monday.weekday() == 0
    assert monday <= day < monday + WEEK
    assert week_of(day) == day.strftime("%G-W%V")


def test_the_last_days_of_december_may_be_in_the_first_week() -> None:
    assert (week_of(date(2024, 12, 30)), parse_week("2025-W01")) == ("2025-W01", date(2024, 12, 30))


@pytest.mark.parametrize("week", ["2027-W53", "2025-W53", "2026-W00", "2026-W54", "2026-W99"])
def test_a_week_that_its_year_does_not_have_is_refused_with_the_last_it_has(week: str) -> None:
    last = 53 if week.startswith("2026") else 52

    with pytest.raises(Refused, match=rf"^There is no week {week}: {week[:4]} has weeks W01 to W{last}\.$"):
        parse_week(week)


def test_a_long_year_has_its_week_53() -> None:
    assert parse_week("2026-W53") == date(2026, 12, 28)


@pytest.mark.parametrize(
    "week",
    [
        *("", "47", "2026", "2026W47", "2026-47", "2026-w47", "2026-W7", "2026-W047", " 2026-W47", "2026-W47\n"),
        *("2026-W47-1", "0000-W01", "9999-W52", "２０２６-W47", "W47-2026", "x" * 5000),
    ],
)
def test_what_is_no_week_is_refused_with_how_to_write_one(week: str) -> None:
    with pytest.raises(Refused, match=r"is no week; write year and number as ISO 8601 does, such as 2026-W47\.$") as no:
        parse_week(week)

    assert len(str(no.value)) < 150


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "America", "../etc/passwd", "/etc/passwd", "zone.tab", "a\0", "\ud800"]
)
def test_an_unknown_time_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(Refused) as refused:
        schedule(name)

    assert str(refused.value) == f"There is no time zone {name!r}; write one such as 'America/Sao_Paulo'."


def test_a_long_name_is_cut() -> None:
    with pytest.raises(Refused, match=r"^There is no time zone 'x{60}';"):
        zone_named("x" * 5000)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/lisbon", "Europe/Lisbon"),
        ("New York", "America/New_York"),
        ("São Tomé", "Africa/Sao_Tome"),
        ("America/Belém", "America/Belem"),
    ],
)
def test_a_time_zone_written_another_way_is_the_example(name: str, meant: str) -> None:
    with pytest.raises(Refused, match=f"such as '{meant}'"):
        zone_named(name)


@pytest.mark.parametrize(
    ("weekday", "hour", "named"),
    [(0, 8, "weekday 0"), (8, 8, "weekday 8"), (1, -1, "hour -1"), (1, 24, "hour 24")],
)
def test_a_weekday_or_an_hour_that_is_none_is_refused(weekday: int, hour: int, named: str) -> None:
    with pytest.raises(Refused, match=f"The {named} is none; write"):
        schedule(weekday=weekday, hour=hour)


def test_a_week_lasts_from_monday_to_monday_on_local_clocks() -> None:
    assert period("2026-W47", ZoneInfo("America/Sao_Paulo")) == Period(
        week="2026-W47",
        first_day=date(2026, 11, 16),
        last_day=date(2026, 11, 22),
        starts_at=utc(2026, 11, 16, 3),
        ends_at=utc(2026, 11, 23, 3),
        time_zone="America/Sao_Paulo",
        weeks=1,
    )


@pytest.mark.parametrize(
    ("zone", "week", "starts_at", "ends_at"),
    [
        # Clocks went forward from Sunday 00:00 to 01:00, within the week: it has 167 hours.
        ("America/Sao_Paulo", "2018-W44", utc(2018, 10, 29, 3), utc(2018, 11, 5, 2)),
        ("Asia/Beirut", "2026-W13", utc(2026, 3, 22, 22), utc(2026, 3, 29, 21)),
        ("Africa/Cairo", "2026-W17", utc(2026, 4, 19, 22), utc(2026, 4, 26, 21)),
        # … and back: 169.
        ("Africa/Cairo", "2026-W44", utc(2026, 10, 25, 21), utc(2026, 11, 1, 22)),
        # Friday 30 December 2011 did not exist: 144.
        ("Pacific/Apia", "2011-W52", utc(2011, 12, 26, 10), utc(2012, 1, 1, 10)),
        # Monday 00:00 did not exist: the week begins at 01:00.
        ("Asia/Tehran", "2010-W12", utc(2010, 3, 21, 20, 30), utc(2010, 3, 28, 19, 30)),
        # Monday 00:00 to 02:00 happened twice: the week begins with the first.
        ("Antarctica/Vostok", "2023-W51", utc(2023, 12, 17, 17), utc(2023, 12, 24, 19)),
    ],
)
def test_a_week_is_as_long_as_clocks_make_it(zone: str, week: str, starts_at: datetime, ends_at: datetime) -> None:
    found = period(week, ZoneInfo(zone))

    assert (found.starts_at, found.ends_at) == (starts_at, ends_at)


@unhurried
@given(st.sampled_from(ZONES), instants)
def test_weeks_tile_time(zone: str, now: datetime) -> None:
    monday = clock(now, zone).date() - timedelta(days=clock(now, zone).weekday())
    before, this, after = (period(week_of(monday + week * WEEK), ZoneInfo(zone)) for week in (-1, 0, 1))

    assert before.ends_at == this.starts_at <= now < this.ends_at == after.starts_at


@unhurried
@given(st.sampled_from(ZONES), st.dates(date(1975, 1, 1), date(2035, 1, 1)))
def test_weeks_of_other_years_follow_each_other_too(zone: str, day: date) -> None:
    this, after = period(week_of(day), ZoneInfo(zone)), period(week_of(day + WEEK), ZoneInfo(zone))

    assert this.starts_at < this.ends_at == after.starts_at


@pytest.mark.parametrize(
    ("at", "week", "moment"),
    [
        (schedule(), "2026-W47", utc(2026, 11, 23, 11)),
        (schedule(hour=0), "2026-W47", utc(2026, 11, 23, 3)),  # the very end of the week
        (schedule(weekday=7, hour=23), "2026-W47", utc(2026, 11, 30, 2)),
        # An hour that does not exist: the first instant after the gap.
        (schedule("America/Sao_Paulo", 7, 0), "2018-W43", utc(2018, 11, 4, 3)),
        (schedule("Asia/Beirut", 7, 0), "2026-W12", utc(2026, 3, 28, 22)),
        (schedule("America/New_York", 7, 2), "2026-W09", utc(2026, 3, 8, 7)),
        (schedule("Antarctica/Troll", 7, 2), "2026-W12", utc(2026, 3, 29, 1)),  # in the middle of one, 01:00 to 03:00
        (schedule("Pacific/Apia", 5, 8), "2011-W51", utc(2011, 12, 30, 10)),  # of one that took the whole day
        # An hour that exists twice: the first.
        (schedule("America/New_York", 7, 1), "2026-W43", utc(2026, 11, 1, 5)),
        (schedule("Antarctica/Troll", 7, 2), "2026-W42", utc(2026, 10, 25, 0)),
        (schedule("Asia/Beirut", 6, 23), "2026-W42", utc(2026, 10, 24, 20)),
    ],
)
def test_a_digest_is_due_at_the_next_such_weekday_and_hour(at: Schedule, week: str, moment: datetime) -> None:
    since = period(week, at.zone).starts_at

    assert posting_moment(week, at) == moment
    assert due(moment - timedelta(microseconds=1), at, last_done=None, since=since) is None
    assert due(moment, at, last_done=None, since=since) == period(week, at.zone)


@unhurried
@given(schedules, instants, st.lists(st.integers(1, 3 * 86_400), max_size=20))
def test_it_is_due_the_first_time_that_clocks_show_the_hour_or_later(
    at: Schedule, now: datetime, seconds: list[int]
) -> None:
    week = week_of(clock(now, at.time_zone).date())
    wanted = datetime.combine(parse_week(week) + WEEK, datetime.min.time())
    wanted += timedelta(days=at.weekday - 1, hours=at.hour)

    moment = posting_moment(week, at)

    assert clock(moment, at.time_zone) >= wanted
    assert clock(moment - timedelta(microseconds=1), at.time_zone) < wanted
    assert all(clock(moment - timedelta(seconds=before), at.time_zone) < wanted for before in seconds)
    assert moment >= period(week, at.zone).ends_at


@unhurried
@given(schedules, instants, ticking)
def test_each_week_is_told_once_and_never_early(at: Schedule, since: datetime, minutes: list[int]) -> None:
    ticks = ticks_after(since, minutes)

    found = posted(ticks, [at] * len(ticks), since=since)

    told = [this for _, this in found]
    first = week_of(clock(since, at.time_zone).date())
    this_week = parse_week(week_of(clock(ticks[-1], at.time_zone).date()))
    over = [w for w in weeks_between(first, week_of(this_week)) if posting_moment(w, at) <= ticks[-1]]
    assert told_by(told) == over
    assert [this.weeks for this in told] == [len(told_by([this])) for this in told]
    assert all(now >= posting_moment(this.week, at) >= this.ends_at for now, this in found)
    assert all(earlier.ends_at == later.starts_at for earlier, later in pairwise(told))
    assert all(this.starts_at <= since < this.ends_at for this in told[:1])


@unhurried
@given(schedules, instants, ticking, st.randoms(use_true_random=False))
def test_the_order_in_which_processes_look_changes_nothing(
    at: Schedule, since: datetime, minutes: list[int], chance: random.Random
) -> None:
    ticks = ticks_after(since, minutes)
    shuffled = chance.sample(ticks, len(ticks))

    in_order, out_of_order = (
        told_by([this for _, this in posted(some, [at] * len(some), since=since)]) for some in (ticks, shuffled)
    )

    assert out_of_order == in_order


@unhurried
@given(schedules, instants, gaps, gaps)
def test_what_is_due_stays_due(at: Schedule, since: datetime, first_gap: int, second_gap: int) -> None:
    now = since + first_gap * MINUTE
    last_done = week_of(clock(since, at.time_zone).date() - WEEK)

    earlier, later = (due(moment, at, last_done=last_done, since=since) for moment in (now, now + second_gap * MINUTE))

    assert earlier is None or (later is not None and later.first_day == earlier.first_day)
    assert earlier is None or (later is not None and later.week >= earlier.week)


@unhurried
@given(st.data(), instants, ticking)
def test_no_change_of_schedule_skips_or_repeats_a_week(
    data: st.DataObject, since: datetime, minutes: list[int]
) -> None:
    ticks = ticks_after(since, minutes)
    at = [data.draw(schedules) for _ in ticks]

    told = told_by([this for _, this in posted(ticks, at, since=since)])

    assert not told or told == weeks_between(told[0], told[-1])


MISSED = schedule("America/Sao_Paulo", 1, 8)


def test_weeks_that_were_missed_are_folded_into_one_period() -> None:
    found = due(utc(2026, 11, 24), MISSED, last_done="2026-W44", since=utc(2026, 1, 1))

    assert found == Period(
        week="2026-W47",
        first_day=date(2026, 11, 2),
        last_day=date(2026, 11, 22),
        starts_at=utc(2026, 11, 2, 3),
        ends_at=utc(2026, 11, 23, 3),
        time_zone="America/Sao_Paulo",
        weeks=3,
    )
    assert found == period("2026-W47", MISSED.zone, weeks=3)


def test_weeks_are_folded_across_a_long_year() -> None:
    found = due(utc(2027, 1, 12), MISSED, last_done="2026-W52", since=utc(2026, 1, 1))

    assert found is not None
    assert (found.weeks, found.first_day, found.week) == (2, date(2026, 12, 28), "2027-W01")


@pytest.mark.parametrize(
    ("since", "weeks"),
    [
        (utc(2026, 11, 23, 2, 59), 1),  # within W47, by a minute
        (utc(2026, 11, 23, 3), None),  # W48 has begun
        (utc(2026, 11, 18, 12), 1),
        (utc(2026, 11, 9, 3), 2),
    ],
)
def test_a_new_schedule_owes_the_week_it_began_in_and_none_before(since: datetime, weeks: int | None) -> None:
    found = due(utc(2026, 11, 23, 11), MISSED, last_done=None, since=since)

    assert (found and found.weeks) == weeks


def test_a_schedule_begun_anew_owes_nothing_for_the_time_without_one() -> None:
    found = due(utc(2026, 11, 23, 11), MISSED, last_done="2026-W20", since=utc(2026, 11, 18))

    assert found == period("2026-W47", MISSED.zone)


@pytest.mark.parametrize("last_done", ["2026-W47", "2026-W48", "2027-W30"])
def test_what_is_done_is_not_due(last_done: str) -> None:
    assert due(utc(2026, 11, 24), MISSED, last_done=last_done, since=utc(2026, 1, 1)) is None


def test_a_weekday_moved_forward_in_mid_week_is_due_at_once() -> None:
    friday, tuesday, wednesday = schedule(weekday=5), schedule(weekday=2), utc(2026, 11, 25, 12)

    assert due(wednesday, friday, last_done="2026-W46", since=utc(2026, 1, 1)) is None
    assert due(wednesday, tuesday, last_done="2026-W46", since=utc(2026, 1, 1)) == period("2026-W47", MISSED.zone)


def test_a_weekday_moved_back_in_mid_week_is_not_due_again() -> None:
    friday = schedule(weekday=5)

    assert due(utc(2026, 11, 27, 12), friday, last_done="2026-W47", since=utc(2026, 1, 1)) is None
    assert due(utc(2026, 12, 4, 12), friday, last_done="2026-W47", since=utc(2026, 1, 1)) == period(
        "2026-W48", friday.zone
    )


def test_a_zone_whose_week_is_not_over_yet_does_not_repeat_the_one_told() -> None:
    # At 11:00 UTC on Sunday it is Monday 01:00 in Kiritimati and still Sunday in Midway, for another 24 hours.
    kiritimati, midway = (schedule(zone, hour=0) for zone in ("Pacific/Kiritimati", "Pacific/Midway"))
    now = utc(2026, 11, 22, 11)

    assert due(now, kiritimati, last_done="2026-W46", since=utc(2026, 1, 1)) == period("2026-W47", kiritimati.zone)
    assert due(now + 25 * HOUR, midway, last_done="2026-W47", since=utc(2026, 1, 1)) is None
    assert due(now + 25 * HOUR + WEEK, midway, last_done="2026-W47", since=utc(2026, 1, 1)) == period(
        "2026-W48", midway.zone
    )


@pytest.mark.parametrize("zone", ODD_ZONES)
def test_an_hourly_look_over_five_years_tells_each_week_once_at_its_hour(zone: str) -> None:
    """
    Of 280 schedules, 28 a zone.

    Not every hour is asked for every schedule: what is due stays due (see above), so between two digests it is enough
    to ask the tick before the next one. Which tick that is comes from the clocks that the zone shows, tick by tick.
    """
    ticks = [START + hour * HOUR for hour in range((END - START) // HOUR)]
    latest_shown = list(accumulate((clock(tick, zone) for tick in ticks), max))
    midnight = datetime.combine(parse_week(week_of(latest_shown[0].date())), datetime.min.time())

    for weekday, hour in product(range(1, 8), HOURS):
        at, told = schedule(zone, weekday, hour), list[str]()
        moment = midnight + WEEK + timedelta(days=weekday - 1, hours=hour)
        while (tick := bisect_left(latest_shown, moment)) < len(ticks):
            last_done = told[-1] if told else None
            assert due(ticks[tick - 1], at, last_done=last_done, since=START) is None
            found = due(ticks[tick], at, last_done=last_done, since=START)
            assert found is not None, (at, ticks[tick])
            assert found.weeks == 1
            told.append(found.week)
            moment += WEEK
        assert due(ticks[-1], at, last_done=told[-1], since=START) is None
        assert told == weeks_between("2026-W01", told[-1])
        assert told[-1] in {"2030-W51", "2030-W52"}


@given(schedules, instants, st.integers(0, 60 * 1440), st.integers(-1, 9))
def test_the_next_moment_is_when_the_next_digest_is_due_and_none_is_before(
    at: Schedule, now: datetime, minutes: int, weeks_told: int
) -> None:
    since = now - minutes * MINUTE
    told = week_of(clock(since, at.time_zone).date() + weeks_told * WEEK) if weeks_told >= 0 else None

    moment = next_moment(now, at, last_done=told, since=since)

    assert due(moment, at, last_done=told, since=since)
    assert moment == now or not due(moment - MINUTE, at, last_done=told, since=since)
