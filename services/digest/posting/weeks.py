"""
Say which weeks are due: whole weeks on the course's own clocks, each told once, after it is over.

A week is named as ISO 8601 does ("2026-W47") and lasts from Monday 00:00 to the next Monday 00:00, as the clocks of the
time zone show it; weeks follow each other without a gap, whatever daylight saving does. Its digest is posted the first
time that those clocks show the schedule's weekday and hour, or later, once it is over.

What was told is remembered by the name of the week. So a change of the hour, the weekday or the time zone moves when
the next digest comes, and neither skips nor repeats a week. Only the midnight between two weeks moves with the zone:
the hours between the old one and the new one are then in both weeks, or in none.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from db.records import Language
from services import i18n
from services.digest.report import Period
from services.errors import Refused
from services.words.terms import fold

EXAMPLE_ZONE = "America/Sao_Paulo"
WEEK = timedelta(days=7)
NAME = re.compile(r"([12][0-9]{3})-W([0-9]{2})")
SHORTEST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a course gets its digest."""

    time_zone: str  # IANA
    weekday: int  # 1 is Monday, 7 is Sunday
    hour: int  # 0 to 23

    def __post_init__(self) -> None:
        zone_named(self.time_zone)
        if not 1 <= self.weekday <= 7:
            raise Refused(f"The weekday {self.weekday} is none; write 1 (Monday) to 7 (Sunday).")
        if not 0 <= self.hour <= 23:
            raise Refused(f"The hour {self.hour} is none; write 0 to 23.")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def zone_named(name: str, reader: Language = "en") -> ZoneInfo:
    """
    Return the time zone, as the IANA database names it.

    Raises:
        Refused: there is none of that name; the sentence, in the *reader*'s language, offers one.

    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there, no name of a zone, a folder
        raise Refused(i18n.text("digest.no_zone", reader, name=repr(name[:60]), zone=repr(_alike(name)))) from None


def week_of(day: date) -> str:
    """
    Return the name of the week that *day* is in.

    >>> week_of(date(2026, 11, 22)), week_of(date(2027, 1, 1))
    ('2026-W47', '2026-W53')
    """
    year, number, _ = day.isocalendar()
    return f"{year:04}-W{number:02}"


def parse_week(week: str) -> date:
    """
    Return the Monday of the week.

    >>> parse_week("2026-W47")
    datetime.date(2026, 11, 16)

    Raises:
        Refused: it is written in another way, or the year has no such week.

    """
    named = NAME.fullmatch(week)
    if named is None:
        raise Refused(f"{week[:40]!r} is no week; write year and number as ISO 8601 does, such as 2026-W47.")
    year, number = int(named[1]), int(named[2])
    try:
        return date.fromisocalendar(year, number, 1)
    except ValueError:
        last = date(year, 12, 28).isocalendar().week
        raise Refused(f"There is no week {week}: {year} has weeks W01 to W{last}.") from None


def period(week: str, zone: ZoneInfo, *, weeks: int = 1) -> Period:
    """
    Return the last *weeks* up to *week*, on the clocks of *zone*.

    Raises:
        Refused: *week* names none.

    """
    last = parse_week(week)
    return _period(last - (weeks - 1) * WEEK, last, zone)


def posting_moment(week: str, schedule: Schedule) -> datetime:
    """Return the instant from which on the digest of *week* is due: the first such weekday and hour once it is over."""
    return _moment(parse_week(week), schedule)


def next_moment(now: datetime, schedule: Schedule, *, last_done: str | None, since: datetime) -> datetime:
    """Return when the next digest comes, by what `due` goes by: *now* where one is due."""
    return max(now, _moment(_first_owed(schedule, last_done, since), schedule))


def due(now: datetime, schedule: Schedule, *, last_done: str | None, since: datetime) -> Period | None:
    """
    Return what is to be told at *now*: all weeks that are due, as one period; None: nothing.

    *last_done* is the last week that was told. *since* is when the schedule began: the weeks that were over by then are
    owed to nobody, and the one that was going on is owed whole.
    """
    first, last = _first_owed(schedule, last_done, since), _monday(now, schedule.zone) - WEEK
    if now < _moment(last, schedule):
        last -= WEEK
    return None if last < first else _period(first, last, schedule.zone)


def _first_owed(schedule: Schedule, last_done: str | None, since: datetime) -> date:
    """Return the Monday of the first week that is still to be told."""
    first = _monday(since, schedule.zone)
    return first if last_done is None else max(first, parse_week(last_done) + WEEK)


def _alike(name: str) -> str:
    """Return the zone whose name or place is *name* but for case, accents and spaces; or just an example."""
    wanted = _plain(name)
    alike = (
        zone for zone in sorted(available_timezones()) if wanted in {_plain(zone), _plain(zone.rpartition("/")[2])}
    )
    return next(alike, EXAMPLE_ZONE)


def _plain(name: str) -> str:
    return fold(name).replace(" ", "_")


def _period(first: date, last: date, zone: ZoneInfo) -> Period:
    """Return the weeks from the one that begins on *first* to the one that begins on *last*, both Mondays."""
    return Period(
        week=week_of(last),
        first_day=first,
        last_day=last + timedelta(days=6),
        starts_at=_shown(first, 0, zone),
        ends_at=_shown(last + WEEK, 0, zone),
        time_zone=zone.key,
        weeks=(last - first) // WEEK + 1,
    )


def _moment(monday: date, schedule: Schedule) -> datetime:
    return _shown(monday + WEEK + timedelta(days=schedule.weekday - 1), schedule.hour, schedule.zone)


def _monday(instant: datetime, zone: ZoneInfo) -> date:
    day = instant.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def _shown(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """
    Return the first instant, in UTC, at which the clocks of *zone* show *hour* of *day*, or later.

    Where they are put back they show it twice, and the first time counts. Where they are put forward over it, it is the
    moment of the change.
    """
    wanted = datetime.combine(day, time(hour), tzinfo=zone)  # fold=0: the first of two
    instant = wanted.astimezone(UTC)
    if _clock(instant, zone) == wanted.replace(tzinfo=None):
        return instant
    # In a gap, fold 0 and 1 lead to instants on either side of the change (PEP 495), and halving finds it between them.
    before, after = wanted.replace(fold=1).astimezone(UTC), instant
    while after - before > SHORTEST:
        middle = before + (after - before) // 2
        if _clock(middle, zone) < wanted.replace(tzinfo=None):
            before = middle
        else:
            after = middle
    return after


def _clock(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)
