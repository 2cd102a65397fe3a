"""
Say which lectures a question is about, from where it points, the course's lectures and the day on which it is asked.

What is not beyond doubt is asked back or searched everywhere, never guessed (docs/adr/0021-scope-by-a-grammar.md).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TypeVar

from db.records import LectureFacts
from services.search.scope import patterns
from services.search.scope.days import DAY, WEEK, Days, When
from services.search.scope.facts import (
    EVERYWHERE,
    MOST_CHOICES,
    Everywhere,
    Missing,
    Nowhere,
    OneOf,
    Scope,
    Within,
)
from services.search.scope.numbering import Numbering, numbering
from services.search.scope.pointing import Bound, InOrder, Numbers, Pointing, pointings
from services.search.scope.sentences import folded
from services.search.scope.titles import may_name_title, titled

Place = TypeVar("Place", int, date)
LATELY = 7
"""Days within which "the exam of the 20th" is the one that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCourse:
    """A course's lectures, each with the numbers that it goes by, seen from a day."""

    lectures: tuple[tuple[LectureFacts, Numbering], ...]
    today: date

    @property
    def all(self) -> tuple[LectureFacts, ...]:
        return tuple(lecture for lecture, _ in self.lectures)

    @property
    def is_dated(self) -> bool:
        return all(lecture.held_on for lecture in self.all)

    @property
    def is_numbered(self) -> bool:
        return all(numbers.number is not None for _, numbers in self.lectures)

    @property
    def has_order(self) -> bool:
        return self.is_dated or self.is_numbered


def names_lectures(text: str, now: datetime, zone: tzinfo) -> bool:
    """Tell whether *text* may point at lectures at all, which costs no look at the course."""
    return bool(pointings(text, now.astimezone(zone).date())) or may_name_title(text)


def speaks_of_lectures(text: str) -> bool:
    """Tell whether *text* speaks of lectures or of the course in any way, as "e nas outras aulas?" does."""
    said = folded(text)
    return bool(patterns.NOUN.search(said) or patterns.ASKS_WHICH.search(said) or WHOLE_COURSE.search(said))


WHOLE_COURSE = re.compile(r"\b(?:curso|disciplina|course)\b")


def scope(text: str, *, now: datetime, zone: tzinfo, lectures: Iterable[LectureFacts]) -> Scope:
    """
    Return which of *lectures* the question *text*, asked at *now* in *zone*, is about.

    *lectures* are those that its asker may know of, in any order.
    """
    every = tuple(lectures)
    return narrowed(meant(text, now=now, zone=zone, lectures=every), every)


def meant(text: str, *, now: datetime, zone: tzinfo, lectures: Iterable[LectureFacts]) -> Scope:
    """Return what `scope` does, but where all lectures are named, these."""
    today = now.astimezone(zone).date()
    told = pointings(text, today)
    known = known_course(lectures, today)
    if not told:
        return _by_title(text, known)
    if not known.lectures:
        return EVERYWHERE
    return _together(text, told, [_of(one, known) for one in told], known)


def narrowed(found: Scope, lectures: Sequence[LectureFacts]) -> Scope:
    """Return *found*, or everywhere where it is all of *lectures*: that narrows nothing."""
    is_all = isinstance(found, Within) and len(found.lectures) == len(lectures) > 1
    return EVERYWHERE if is_all else found


def _by_title(text: str, known: KnownCourse) -> Scope:
    """Return the lecture whose title *text* says; where several have it, which is meant is in doubt."""
    found = {one.lecture.id for one in titled(text, known.all)}
    pairs = [pair for pair in known.lectures if pair[0].id in found]
    return Within(lectures=tuple(lecture for lecture, _ in pairs)) if pairs and _are_one(pairs) else EVERYWHERE


def without_scope(text: str, now: datetime, zone: tzinfo, *, named: Sequence[LectureFacts] = ()) -> str:
    """
    Return *text* without the words that point at lectures, for a search that already looks only there.

    These may be the titles of those *named*.

    >>> without_scope("o que ele falou de dropout na aula 5?", datetime(2026, 3, 31), tz.utc)
    'o que ele falou de dropout?'
    """
    for one in reversed(pointings(text, now.astimezone(zone).date()) or titled(text, named)):
        lead = LEADS_TO.search(text, max(one.start - LONGEST_LEAD, 0), one.start)
        text = f"{text[: lead.start() if lead else one.start]}{text[one.end :]}"
    return " ".join(text.split()).strip(" ,")


LEADS_TO = re.compile(
    r"[\s,]*\b(?:(?:desde|antes|depois|at[ée]|since|before|after|until|from|in|on|at|during|d?[ao]|n[ao]|nas|das|em|de|the|que)"
    r"\s+)*\Z",
    re.IGNORECASE,
)
LONGEST_LEAD = 80
"""Letters, twice what anybody says before a lecture; a run of such words must not be read anew for each of them."""


def known_course(lectures: Iterable[LectureFacts], today: date) -> KnownCourse:
    numbered = [(lecture, numbering(lecture)) for lecture in lectures]
    is_dated = all(lecture.held_on for lecture, _ in numbered)

    def place(one: tuple[LectureFacts, Numbering]) -> tuple[object, ...]:
        lecture, numbers = one
        number = (numbers.number is None, numbers.number or 0, numbers.part or "")
        day = (lecture.held_on is None, lecture.held_on or date.min)
        return (*day, *number, lecture.slug) if is_dated else (*number, *day, lecture.slug)

    return KnownCourse(lectures=tuple(sorted(numbered, key=place)), today=today)


def _of(one: Pointing, known: KnownCourse) -> Scope:
    match one.what:
        case Numbers():
            found = _by_number(one, one.what, known)
        case InOrder():
            found = _by_order(one.what, known)
        case When():
            found = _by_bound(one, one.what, known) if one.bound != "at" else _by_day(one, one.what, known)
    return _qualified(one, found)


def _qualified(one: Pointing, found: Scope) -> Scope:
    """Return *found* as far as its lectures are of what the question says that they are of."""
    if not one.of or not isinstance(found, Within | OneOf):
        return found if not one.of else EVERYWHERE
    word = one.of.split()[0]
    fitting = tuple(lecture for lecture in found.lectures if word in re.findall(r"\w+", folded(lecture.title)))
    if isinstance(found, Within):
        return found if fitting else EVERYWHERE
    return Within(lectures=fitting) if len(fitting) == 1 else EVERYWHERE


def _together(text: str, told: Sequence[Pointing], found: Sequence[Scope], known: KnownCourse) -> Scope:
    """Return what all pointings of a question amount to."""
    merged: list[Scope] = []
    for index, (one, here) in enumerate(zip(told, found, strict=True)):
        before = told[index - 1] if index else None
        if before and ((one.bound != "at" and before.bound != "at") or _is_same_phrase(text, before, one)):
            merged[-1] = _both(merged[-1], here, known)
        else:
            merged.append(here)
    if any(isinstance(one, Everywhere) for one in merged):
        return EVERYWHERE
    for one in merged:
        if isinstance(one, Nowhere):
            return one
    chosen = _in_order(
        known, (lecture for one in merged if isinstance(one, Within | OneOf) for lecture in one.lectures)
    )
    if any(isinstance(one, OneOf) for one in merged):
        return OneOf(lectures=chosen) if len(chosen) <= MOST_CHOICES and len(merged) == 1 else EVERYWHERE
    return Within(lectures=chosen) if chosen else EVERYWHERE


def _is_same_phrase(text: str, one: Pointing, other: Pointing) -> bool:
    """Tell whether two pointings are one: "a aula 5, de 12/03"."""
    return other.start < one.end or bool(patterns.SAME_PHRASE.fullmatch(folded(text[one.end : other.start])))


def _both(one: Scope, other: Scope, known: KnownCourse) -> Scope:
    """Return the lectures that both say; where they disagree, nobody knows which is meant."""
    if not isinstance(one, Within | OneOf) or not isinstance(other, Within | OneOf):
        return EVERYWHERE
    common = {lecture.id for lecture in one.lectures} & {lecture.id for lecture in other.lectures}
    chosen = _in_order(known, (lecture for lecture in one.lectures if lecture.id in common))
    return _chosen(chosen, are_all_meant=isinstance(one, Within) and isinstance(other, Within))


def _in_order(known: KnownCourse, lectures: Iterable[LectureFacts]) -> tuple[LectureFacts, ...]:
    chosen = {lecture.id for lecture in lectures}
    return tuple(lecture for lecture in known.all if lecture.id in chosen)


def _chosen(lectures: tuple[LectureFacts, ...], *, are_all_meant: bool) -> Scope:
    """Return a scope of *lectures*, of which either all are meant or one; of too many, none."""
    if not lectures:
        return EVERYWHERE
    if are_all_meant or len(lectures) == 1:
        return Within(lectures=lectures)
    return OneOf(lectures=lectures) if len(lectures) <= MOST_CHOICES else EVERYWHERE


# By number


def _by_number(one: Pointing, what: Numbers, known: KnownCourse) -> Scope:
    if not any(numbers.number is not None for _, numbers in known.lectures):
        return _by_place(what, known) if one.bound == "at" else EVERYWHERE
    if one.bound != "at":
        return _chosen(_beyond(one, what.values, known), are_all_meant=True)
    chosen: list[LectureFacts] = []
    for value in what.values:
        same = [(lecture, numbers) for lecture, numbers in known.lectures if numbers.number == value]
        if not same:
            return Nowhere(missing=Missing(number=value), nearest=_near_number(value, known))
        parts = [lecture for lecture, numbers in same if what.part is None or numbers.part == what.part]
        if not parts:
            return EVERYWHERE
        if not _are_one([pair for pair in same if pair[0] in parts]):
            is_alone = len(what.values) == 1
            return _chosen(tuple(parts), are_all_meant=False) if is_alone else EVERYWHERE
        chosen += parts
    return Within(lectures=_in_order(known, chosen))


def _are_one(same: Sequence[tuple[LectureFacts, Numbering]]) -> bool:
    """Tell whether lectures of one number are one: its parts, or recordings of one day."""
    days = {lecture.held_on for lecture, _ in same}
    parts = [numbers.part for _, numbers in same]
    numbers = {numbers.number for _, numbers in same}
    if len(same) == 1:
        return True
    return len(numbers) == 1 and None not in numbers and (all(parts) or (len(days) == 1 and None not in days))


def _by_place(what: Numbers, known: KnownCourse) -> Scope:
    """Where no lecture has a number, the fifth by day may be meant, unless one was not recorded."""
    if not known.is_dated or len(what.values) != 1 or what.part:
        return EVERYWHERE
    value = what.values[0]
    return OneOf(lectures=known.all[value - 1 : value]) if 0 < value <= len(known.all) else EVERYWHERE


def _near_number(value: int, known: KnownCourse) -> tuple[LectureFacts, ...]:
    numbered = [
        (abs(numbers.number - value), lecture) for lecture, numbers in known.lectures if numbers.number is not None
    ]
    nearest = sorted(numbered, key=lambda one: one[0])[:MOST_CHOICES]
    return _in_order(known, (lecture for _, lecture in nearest))


def _beyond(one: Pointing, values: Sequence[int], known: KnownCourse) -> tuple[LectureFacts, ...]:
    return tuple(
        lecture
        for lecture, numbers in known.lectures
        if numbers.number is not None and _lies_beyond(one.bound, numbers.number, min(values), max(values))
    )


def _lies_beyond(bound: Bound, value: Place, first: Place, last: Place) -> bool:
    match bound:
        case "at":
            return first <= value <= last
        case "before":
            return value < first
        case "after":
            return value > last
        case "since":
            return value >= first
        case "until":
            return value <= last


# By order


def _by_order(what: InOrder, known: KnownCourse) -> Scope:
    if not known.has_order:
        return EVERYWHERE
    if what.side == "first":
        return _first(what.count, known)
    held = _sessions([pair for pair in known.lectures if pair[0].held_on is None or pair[0].held_on <= known.today])
    until = len(held) - what.back
    if until < 1 or what.count > until:
        return EVERYWHERE
    chosen = [lecture for session in held[until - what.count : until] for lecture in session]
    if what.count == 1 and what.back == 0 and len(held) > 1:
        last_day = held[-1][0].held_on
        together = [session for session in held if last_day and session[0].held_on == last_day]
        if last_day == known.today and len(together) == 1:
            together = held[-2:]
        if len(together) > 1:
            return _chosen(tuple(lecture for session in together for lecture in session), are_all_meant=False)
    return Within(lectures=tuple(chosen))


def _first(count: int, known: KnownCourse) -> Scope:
    if not known.is_numbered:
        return Within(lectures=known.all[:count]) if known.is_dated else EVERYWHERE
    numbers = [numbers.number for _, numbers in known.lectures]
    if 0 in numbers:
        chosen = tuple(lecture for lecture, numbers in known.lectures if (numbers.number or 0) <= 1)
        return _chosen(chosen, are_all_meant=False) if count == 1 else EVERYWHERE
    every = Numbers(values=tuple(range(1, count + 1)))
    return _by_number(Pointing(start=0, end=0, what=every), every, known)


def _sessions(lectures: Sequence[tuple[LectureFacts, Numbering]]) -> list[list[LectureFacts]]:
    """Group the parts of one lecture."""
    sessions: list[list[tuple[LectureFacts, Numbering]]] = []
    for pair in lectures:
        if sessions and _are_one([sessions[-1][-1], pair]):
            sessions[-1].append(pair)
        else:
            sessions.append([pair])
    return [[lecture for lecture, _ in session] for session in sessions]


# By day


def _by_day(one: Pointing, when: When, known: KnownCourse) -> Scope:
    if when.week is not None:
        return _by_week(when.week, known)
    if not any(lecture.held_on for lecture in known.all):
        return EVERYWHERE
    if when.month_first and not one.is_portuguese:
        return _by_either_order(one, when, when.month_first, known)
    readings = when.years or when.readings
    if not readings:
        return EVERYWHERE
    held = [_held(reading, known) for reading in readings]
    hits = [lectures for lectures in held if lectures]
    if not hits:
        return _not_held(one, when, known)
    if len(set(hits)) > 1:
        return _chosen(_in_order(known, (lecture for lectures in hits for lecture in lectures)), are_all_meant=False)
    # The first reading is the likelier: where only another one has a lecture, who asks has to say so.
    is_likely = bool(when.years) or bool(held[0])
    return _on_those_days(one, hits[0], known) if is_likely else _chosen_of(hits[0])


def _chosen_of(lectures: tuple[LectureFacts, ...]) -> Scope:
    return OneOf(lectures=lectures) if len(lectures) <= MOST_CHOICES else EVERYWHERE


def _on_those_days(one: Pointing, lectures: tuple[LectureFacts, ...], known: KnownCourse) -> Scope:
    pairs = [pair for pair in known.lectures if pair[0] in lectures]
    return _chosen(lectures, are_all_meant=one.is_plural or _are_one(pairs))


def _by_either_order(one: Pointing, by_day: When, by_month: When, known: KnownCourse) -> Scope:
    """Read 3/12 where it may be either order: certain only where the other is no day of the course so far."""
    ways = [
        _in_order(known, (found for reading in way.years or way.readings for found in _held(reading, known)))
        for way in (by_day, by_month)
    ]
    if not any(ways):
        return EVERYWHERE
    if all(ways):
        return _chosen(_in_order(known, (*ways[0], *ways[1])), are_all_meant=False)
    other = by_month if ways[0] else by_day
    lectures = ways[0] or ways[1]
    first = min(lecture.held_on for lecture in known.all if lecture.held_on)
    could_be = any(first <= reading.first <= known.today for reading in other.readings)
    return _chosen_of(lectures) if could_be else _on_those_days(one, lectures, known)


def _held(days: Days, known: KnownCourse) -> tuple[LectureFacts, ...]:
    return tuple(found for found in known.all if found.held_on and days.first <= found.held_on <= days.last)


def _not_held(one: Pointing, when: When, known: KnownCourse) -> Scope:
    """Say that nothing was recorded, where a lecture was named or somebody taught "yesterday"."""
    if not one.names_lecture and not when.is_relative:
        return EVERYWHERE
    readings = when.years or when.readings
    days = min(readings, key=lambda reading: abs(reading.first - known.today)) if when.years else readings[0]
    return Nowhere(missing=Missing(first=days.first, last=days.last), nearest=_near(days, known))


def _near(days: Days, known: KnownCourse) -> tuple[LectureFacts, ...]:
    dated = [(max(days.first - day, day - days.last), lecture) for lecture in known.all if (day := lecture.held_on)]
    return _in_order(known, (lecture for _, lecture in sorted(dated, key=lambda near: near[0])[:MOST_CHOICES]))


def _by_week(week: int, known: KnownCourse) -> Scope:
    """Return the lectures of a week of the course: by their titles, or where calendar and lectures count alike."""
    if any(numbers.week is not None for _, numbers in known.lectures):
        named = tuple(lecture for lecture, numbers in known.lectures if numbers.week == week)
        nearest = sorted(known.lectures, key=lambda pair: abs((pair[1].week or 0) - week))[:MOST_CHOICES]
        missing = Nowhere(missing=Missing(week=week), nearest=_in_order(known, (lecture for lecture, _ in nearest)))
        return Within(lectures=named) if named else missing
    if not known.is_dated:
        return EVERYWHERE
    weeks = sorted({_monday(lecture.held_on) for lecture in known.all if lecture.held_on})
    monday = weeks[0] + (week - 1) * WEEK
    days = Days(monday, monday + 6 * DAY)
    by_calendar = _held(days, known)
    by_lectures = _held(Days(weeks[week - 1], weeks[week - 1] + 6 * DAY), known) if 0 < week <= len(weeks) else ()
    if not by_calendar and not by_lectures:
        return Nowhere(missing=Missing(week=week), nearest=_near(days, known))
    if by_calendar == by_lectures:
        return Within(lectures=by_calendar)
    return _chosen_of(_in_order(known, (*by_calendar, *by_lectures)))


def _monday(day: date) -> date:
    return day - day.weekday() * DAY


def _by_bound(one: Pointing, when: When, known: KnownCourse) -> Scope:
    """Return the lectures before or since a day: all of them, wherever the day may lie."""
    found = {_beyond_days(one, days, known) for days in _bounds(when, known.today)}
    return _chosen(found.pop(), are_all_meant=True) if len(found) == 1 else EVERYWHERE


def _bounds(when: When, today: date) -> tuple[Days, ...]:
    if when.week is not None:
        return ()
    if when.is_of_any_month:
        # The exam of the 20th was lately, or is yet to come: before that is all that there is.
        return when.readings if (today - when.readings[0].first).days <= LATELY else ()
    if when.years:
        return (min(when.years, key=lambda days: abs(days.first - today)),)
    return when.readings


def _beyond_days(one: Pointing, days: Days, known: KnownCourse) -> tuple[LectureFacts, ...]:
    return tuple(
        lecture
        for lecture in known.all
        if lecture.held_on and _lies_beyond(one.bound, lecture.held_on, days.first, days.last)
    )
