"""
Find days, weeks and months in a folded sentence, and say which dates each may mean, seen from a day.

A phrase that people use for two days ("terça passada" on a Friday) has two readings. Nothing here knows of lectures,
nor whether the phrase is about one.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.search.scope.vocabulary import (
    ANY_MONTH,
    COUNT,
    ENDS,
    FULL_MONTH,
    MONTHS,
    ORDINAL,
    SHORT_MONTHS,
    WEEKDAYS,
    number,
    one_of,
)

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
YEARS_BACK = 3
"""A day and a month without a year may be of any of the years that a course has recordings of."""


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days, both ends included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """
    A phrase that names days, and what it may mean.

    Of several *readings*, one is meant, and only who said it knows which; *years* are the same day of other years,
    of which a course mostly has one. A *week* is one of the course's own.
    """

    start: int
    end: int
    readings: tuple[Days, ...] = ()
    years: tuple[Days, ...] = ()
    week: int | None = None
    is_relative: bool = False  # "ontem", "terça passada": seen from the day on which it is said
    is_adverb: bool = False  # stands without a preposition: "ontem", "semana passada"
    is_plural: bool = False  # several lectures may be meant: a week, a month
    needs_preposition: bool = False  # "segunda" alone may be the second of something
    is_of_any_month: bool = False  # "dia 12"
    month_first: "When | None" = None  # what 3/12 says to an American


Reader = Callable[[re.Match[str], date], When | None]


def days(text: str, today: date) -> Iterator[When]:
    """Yield the days that *text*, which is folded, names, from left to right, none inside another."""
    position = 0
    while position < len(text):
        read = next(_readings_at(text, position, today), None)
        if read:
            yield read
            position = read.end
        else:
            step = NEXT_WORD.search(text, position + 1)
            position = step.start() if step else len(text)


NEXT_WORD = re.compile(r"(?<![\w/.-])\w")


def _readings_at(text: str, position: int, today: date) -> Iterator[When]:
    for pattern, reader in FORMS:
        if (match := pattern.match(text, position)) and (read := reader(match, today)):
            yield read


def _when(match: re.Match[str], *readings: Days) -> When:
    return When(start=match.start(), end=match.end(), readings=tuple(dict.fromkeys(readings)))


def _one(day: date) -> Days:
    return Days(day, day)


# Days seen from today

OFFSETS = {
    "hoje": 0, "today": 0, "ontem": 1, "yesterday": 1, "anteontem": 2, "antes de ontem": 2,
    "the day before yesterday": 2, "day before yesterday": 2, "amanha": -1, "tomorrow": -1,
}  # fmt: skip


def _relative(match: re.Match[str], today: date) -> When:
    day = today - OFFSETS[match["relative"]] * DAY
    return replace(_when(match, _one(day)), is_relative=True, is_adverb=True)


def _ago(match: re.Match[str], today: date) -> When | None:
    count = number(match["count"]) if match["count"] not in {"a", "an"} else 1
    if count > 400:
        return None
    if match["unit"].startswith(("dia", "day")):
        return replace(_when(match, _one(today - count * DAY)), is_relative=True, is_adverb=True)
    # A week ago is said of the week before and of seven days before.
    monday = today - today.weekday() * DAY - count * WEEK
    around = Days(today - count * WEEK - 3 * DAY, today - count * WEEK + 3 * DAY)
    read = _when(match, Days(monday, monday + 6 * DAY), around)
    return replace(read, is_relative=True, is_adverb=True, is_plural=True)


# Weekdays

BEFORE = r"(?P<before>(?:ultim[ao]|penultim[ao]|proxim[ao]|[nd]?ess[ea]|[nd]?est[ea]) )?"
AFTER = (
    r"(?P<after> passad[ao]| retrasad[ao]| que vem| da semana (?:passada|retrasada)| [nd]es[st]a semana"
    r"| ultim[ao])?"
)


def _weekday(match: re.Match[str], today: date) -> When | None:
    name, is_marked = match["name"], bool(match["feira"] or match["before"] or match["after"])
    said = f"{match['before'] or ''}|{match['after'] or ''}"
    latest = _latest(WEEKDAYS[name], today)
    readings = _weekday_readings(said, latest, WEEKDAYS[name], today)
    if readings is None:
        return None
    # "Segunda", "quarta", "quinta" and "sexta" are ordinals as well, and "terça" a third.
    is_bare = name not in {"sabado", "domingo"} and not is_marked
    return replace(_when(match, *map(_one, readings)), is_relative=True, needs_preposition=is_bare)


def _weekday_readings(said: str, latest: date, weekday: int, today: date) -> tuple[date, ...] | None:
    monday = today - today.weekday() * DAY
    if "proxim" in said or "que vem" in said or "penultim" in said:
        return None
    if "semana passada" in said:
        return _in_week_before(weekday, monday, today, 1)
    if "semana retrasada" in said:
        return _in_week_before(weekday, monday, today, 2)
    if "semana" in said:
        return (monday + weekday * DAY,)
    before = latest if latest < today else latest - WEEK
    if "retrasad" in said:
        return tuple(day - WEEK for day in _passed(before, monday))
    if "passad" in said:
        return _passed(before, monday)
    if "ultim" in said:
        return (before,) if latest < today else (before, latest)
    return (latest,) if latest < today else (latest, before)


def _passed(before: date, monday: date) -> tuple[date, ...]:
    """Return what "terça passada" may mean: the last one, or where that was this week, the one of the week before."""
    return (before, before - WEEK) if before >= monday else (before,)


def _in_week_before(weekday: int, monday: date, today: date, weeks: int) -> tuple[date, ...]:
    day = monday + weekday * DAY - weeks * WEEK
    # A Brazilian or American week begins on Sunday, a European one ends with it.
    if weekday == 6:
        return (day, day - WEEK)
    return (day, day + WEEK) if today.weekday() == 6 else (day,)


def _latest(weekday: int, today: date) -> date:
    return today - (today.weekday() - weekday) % 7 * DAY


def _weekday_in_english(match: re.Match[str], today: date) -> When | None:
    weekday, said = WEEKDAYS[match["name"]], match["before"] or ""
    monday, latest = today - today.weekday() * DAY, _latest(WEEKDAYS[match["name"]], today)
    before = latest if latest < today else latest - WEEK
    readings: tuple[date, ...]
    if "next" in said:
        return None
    if match["after"]:
        is_this = "this" in match["after"]
        readings = (monday + weekday * DAY,) if is_this else _in_week_before(weekday, monday, today, 1)
    elif said.startswith("last"):
        readings = _passed(before, monday)
    elif "past" in said or "most recent" in said:
        readings = (before,)
    elif said.startswith("this"):
        readings = (monday + weekday * DAY,)
    else:
        readings = (latest,) if latest < today else (latest, before)
    return replace(_when(match, *map(_one, readings)), is_relative=True, is_adverb=bool(said))


# Dates


def _iso(match: re.Match[str], today: date) -> When | None:  # noqa: ARG001 - a reader's signature
    day = _date(int(match["year"]), int(match["month"]), int(match["day"]))
    return _when(match, _one(day)) if day else None


def _numeric(match: re.Match[str], today: date) -> When | None:
    first, second, year = int(match["first"]), int(match["second"]), _year(match["year"])
    by_day = _yearless(match, first, second, year, today)
    by_month = _yearless(match, second, first, year, today) if first != second else None
    if by_day is None and by_month is None:
        return None
    return replace(by_day or _when(match), month_first=by_month)


def _named(match: re.Match[str], today: date) -> When | None:
    """Read a day and a month's name: "12 de março de 2026", "March 12th"."""
    word = match["day"]
    day = number(word) if word != "primeiro" else 1
    name = match["month"]
    return _yearless(match, day, MONTHS.get(name) or SHORT_MONTHS[name], _year(match["year"]), today)


def _yearless(match: re.Match[str], day: int, month: int, year: int | None, today: date) -> When | None:
    """Return a date; without a year, the last one by *today*, and the same of the years around it."""
    if year:
        exact = _date(year, month, day)
        return _when(match, _one(exact)) if exact else None
    around = [_date(today.year + 1 - back, month, day) for back in range(YEARS_BACK + 2)]
    possible = [found for found in around if found]
    latest = next((found for found in possible if found <= today), None)
    if latest is None:
        return None
    return replace(_when(match, _one(latest)), years=tuple(map(_one, possible)))


def _day_alone(match: re.Match[str], today: date) -> When | None:
    """Read "dia 12": of this month, or of the last one that had such a day."""
    day = number(match["day"])
    month = date(today.year, today.month, 1)
    for _ in range(4):
        found = _date(month.year, month.month, day)
        if found and found <= today:
            return replace(_when(match, _one(found)), is_of_any_month=True)
        month = (month - DAY).replace(day=1)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(said: str | None) -> int | None:
    if not said:
        return None
    return int(said) if len(said) == 4 else 2000 + int(said)


# Weeks and months


def _week(match: re.Match[str], today: date) -> When:
    said = match["week"]
    monday = today - today.weekday() * DAY
    back = 2 if "retrasada" in said or "before" in said else 0 if re.search(r"es[st]a|this", said) else 1
    first = monday - back * WEEK
    week = Days(first, first + 6 * DAY)
    # On a Sunday, which begins the week for some and ends it for others.
    other = Days(first + 6 * DAY, first + 12 * DAY)
    readings = (week, other) if today.weekday() == 6 else (week,)
    return replace(_when(match, *readings), is_relative=True, is_adverb=True, is_plural=True)


def _numbered_week(match: re.Match[str], today: date) -> When:  # noqa: ARG001 - a reader's signature
    return replace(_when(match), week=number(match["nth"]), is_plural=True, is_adverb=True)


def _month(match: re.Match[str], today: date) -> When:
    month = MONTHS[match["month"]]
    year = _year(match["year"]) or (today.year if month <= today.month else today.year - 1)
    return replace(_when(match, _whole_month(year, month)), is_plural=True)


def _relative_month(match: re.Match[str], today: date) -> When:
    first = today.replace(day=1)
    if re.search("passado|last", match["said"]):
        first = (first - DAY).replace(day=1)
    return replace(
        _when(match, _whole_month(first.year, first.month)), is_relative=True, is_adverb=True, is_plural=True
    )


def _whole_month(year: int, month: int) -> Days:
    return Days(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))


ENGLISH_WEEKDAYS = one_of(name for name in WEEKDAYS if name.endswith("day") or name in {"tues", "thurs"})
PORTUGUESE_WEEKDAYS = one_of(name for name in WEEKDAYS if not name.endswith("day") and name not in {"tues", "thurs"})
DAY_NUMBER = r"\d{1,2}(?:st|nd|rd|th|o)?"
YEAR = r"(?:(?: de | do ano de |, |/| )(?P<year>(?:19|20)\d\d)\b)?"
ALONE = r"(?![\w%]|[.,/:-]\d)"
"""After a number that nothing else is part of."""

PORTUGUESE_WEEKDAY = (
    rf"\b{BEFORE}(?P<name>{PORTUGUESE_WEEKDAYS})(?P<feira>[- ]?feira)?\b{AFTER}(?(feira)\b|(?(after)\b|{ENDS}))"
)
ENGLISH_WEEKDAY = (
    r"\b(?P<before>(?:last|this past|past|this|next|the most recent|most recent) )?"
    rf"(?P<name>{ENGLISH_WEEKDAYS})\b(?P<after> of last week| last week| of this week| this week)?"
)
RELATIVE_WEEK = (
    r"\b(?P<week>semana passada|semana retrasada|[nd]?es[st]a semana|last week|the week before last|this week"
    r"|(?:the )?past week)\b"
)
NUMBERED_WEEK = (
    rf"\b(?:semana|week)(?: (?:de )?(?:numero|n[o.]+|number))? #?(?P<nth>{COUNT}){ALONE}"
    rf"(?:{ENDS}|(?= (?:lectures?|class|content|topics|material|recap|summary)))"
)

FORMS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (rf"\b(?P<relative>{one_of(OFFSETS)})\b(?! em dia)", _relative),
        (rf"\b(?:ha |faz )?(?P<count>{COUNT}|a) (?P<unit>dias?|semanas?|days?|weeks?) (?:atras|ago)\b", _ago),
        (rf"\b(?:ha|faz) (?P<count>{COUNT}) (?P<unit>dias?|semanas?)\b(?! (?:que|nao))", _ago),
        (PORTUGUESE_WEEKDAY, _weekday),
        (ENGLISH_WEEKDAY, _weekday_in_english),
        (rf"\b(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d){ALONE}", _iso),
        (rf"\b(?P<first>\d{{1,2}})[/.-](?P<second>\d{{1,2}})[/.-](?P<year>(?:19|20)\d\d|\d\d){ALONE}", _numeric),
        (rf"\b(?P<first>\d{{1,2}})/(?P<second>\d{{1,2}})(?P<year>){ALONE}", _numeric),
        (rf"\b(?:dia )?(?P<day>{DAY_NUMBER}|primeiro)(?: de |/| )(?P<month>{ANY_MONTH})\b{YEAR}", _named),
        (rf"\b(?:the )?(?P<day>{DAY_NUMBER}) (?:day )?(?:of )?(?P<month>{ANY_MONTH})\b{YEAR}", _named),
        (rf"\b(?P<month>{ANY_MONTH})\.? (?:the )?(?P<day>{DAY_NUMBER}){ALONE}{YEAR}", _named),
        (rf"\bdia (?P<day>\d{{1,2}}){ALONE}", _day_alone),
        (rf"\bthe (?P<day>\d{{1,2}}(?:st|nd|rd|th)){ENDS}", _day_alone),
        (RELATIVE_WEEK, _week),
        (NUMBERED_WEEK, _numbered_week),
        (rf"\b(?P<nth>{ORDINAL}) (?:semana|week)\b", _numbered_week),
        (r"\b(?P<said>mes passado|[nd]?es[st]e mes|last month|this month)\b", _relative_month),
        (rf"\b(?:mes de )?(?P<month>{FULL_MONTH})\b{YEAR}", _month),
    )
)
