"""
Find where a question points at lectures: "na aula 5", "ontem" where somebody teaches, "the last two lectures".

A day or a number alone points at nothing: it must be bound to a word for lectures, or say when somebody taught. What
only looks so ("hoje em dia", "segunda derivada", "class 1", "lecture 5 of another course") is left alone: a question
that is searched everywhere by mistake loses little, one that is searched in a wrong lecture loses its answer.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Literal

from services.search.scope import patterns
from services.search.scope.days import When, days
from services.search.scope.sentences import Clause, asking
from services.search.scope.vocabulary import ORDINAL, ORDINAL_WEEKDAYS, PARTS, number

Bound = Literal["at", "before", "after", "since", "until"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Lectures by their numbers, or a part of one: "1", "2" and so on."""

    values: tuple[int, ...]
    part: str | None = None
    is_counted: bool = False  # "the fifth lecture", which may be the fifth of some


@dataclass(frozen=True, slots=True, kw_only=True)
class InOrder:
    """The first or the last *count* lectures; of the last, *back* are passed over."""

    side: Literal["first", "last"]
    count: int = 1
    back: int = 0
    is_before_today: bool = False  # "a aula passada" is not today's


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing:
    """One place of a text that points at lectures."""

    start: int  # where in the text
    end: int
    what: When | Numbers | InOrder
    bound: Bound = "at"
    is_plural: bool = False  # all lectures that fit are meant, not one of them
    names_lecture: bool = True  # by the word itself, so that to find none is worth saying
    is_portuguese: bool = False
    is_doubtful: bool = False  # it may be a lecture of another course, or others than are named
    of: str = ""  # what the lecture is said to be of: "de redes recorrentes"; folded


def pointings(text: str, today: date) -> tuple[Pointing, ...]:
    """Return where *text* points at lectures, from left to right; nowhere, if it asks about all or about which."""
    found: list[Pointing] = []
    for clause in asking(text):
        if patterns.ASKS_WHICH.search(clause.text) or patterns.LOGISTICS.search(clause.text):
            return ()
        told = _told(clause, today, text)
        if told is None:
            return ()
        found += (replace(one, start=one.start + clause.start, end=one.end + clause.start) for one in told)
    return tuple(found)


def _told(clause: Clause, today: date, text: str) -> list[Pointing] | None:
    """Return where a clause points, in its own places; None where it says what we must not guess at."""
    said = clause.text
    original = text[clause.start : clause.start + len(said)]
    when = list(days(said, today))
    counted = [*_numbered(said), *_ordered(said), *_in_order(said, original)]
    told = sorted((*counted, *_dated(said, when, counted)), key=lambda one: (one.start, -one.end))
    kept: list[Pointing] = []
    for one in told:
        if kept and one.end <= kept[-1].end:
            continue  # said within what was said
        placed = _placed(said, one, {found.start for found in when})
        if placed is None:
            return None
        kept.append(placed)
    return kept


def _placed(said: str, one: Pointing, days_at: Collection[int]) -> Pointing | None:
    """Return a pointing with what is said around it, or None where that makes it doubtful."""
    before, after = said[: one.start], said[one.end :]
    if one.is_doubtful or patterns.EXCLUDED.search(before) or patterns.ELSEWHERE.search(said):
        return None
    of = patterns.QUALIFIED.match(after)
    if of and of["how"] in {"sobre", "about", "on"}:
        return None if _is_counted(one, before) else _bounded(said, one)
    if of is None or one.end + of.start("of") in days_at or of["of"].startswith("dia "):
        return _bounded(said, one)
    if patterns.OTHER_COURSE.match(of["of"]):
        return None
    if of["of"].split()[0] not in patterns.OUR_OWN:
        one = replace(one, of=of["of"])
    elif isinstance(one.what, InOrder) and one.what.side == "last" and not of["of"].startswith("que"):
        return None  # "the last lecture of the course" may be yet to come
    return _bounded(said, one)


def _is_counted(one: Pointing, before: str) -> bool:
    """
    Tell whether "… sobre CNN" says of which lectures one is counted.

    "Na segunda aula sobre CNN" may be the second of those; of the last, somebody may as well have spoken of CNN.
    """
    if isinstance(one.what, InOrder):
        return one.what.side == "first" or not patterns.SPEAKS.search(before)
    return isinstance(one.what, Numbers) and one.what.is_counted


def _bounded(said: str, one: Pointing) -> Pointing | None:
    before = said[: one.start]
    bound = patterns.BOUNDS.search(before)
    if patterns.ONWARDS.match(said[one.end :]):
        return replace(one, bound="since", is_plural=True) if one.bound == "at" and not bound else None
    if bound is None:
        return one
    if isinstance(one.what, InOrder) or not (patterns.TEACHES.search(said) or patterns.RECAP.search(said)):
        return None
    kinds: tuple[Bound, ...] = ("before", "after", "until", "since")
    return replace(one, bound=next(kind for kind in kinds if bound[kind]), is_plural=True)


# By number


def _numbered(said: str) -> Iterator[Pointing]:
    for match in patterns.NUMBERED.finditer(said):
        is_room = patterns.ROOM.search(said[: match.start()])
        if is_room or (match["digits"] and not patterns.COUNTED.match(said, match.end())):
            continue
        values, end = _listed(said, match.end(), [number(match["digits"] or match["word"] or match["glued_digits"])])
        part = match["part"]
        if named := patterns.PART.match(said, end):
            part, end = named["part"], named.end()
        yield Pointing(
            start=match.start(),
            end=end,
            what=Numbers(values=tuple(values), part=PARTS.get(part, part) if part else None),
            is_portuguese=_is_portuguese(match),
            is_doubtful=_is_doubtful(said, match),
        )


def _is_portuguese(match: re.Match[str]) -> bool:
    return "aula" in (match["noun"] or match["glued"])


def _is_doubtful(said: str, match: re.Match[str]) -> bool:
    """Tell whether other lectures may be meant than the one whose number is there."""
    before = said[: match.start()]
    # "Between 3 and 5" are those two, or all from one to the other; "aula 12-03" may be a day.
    is_between = patterns.BETWEEN.search(before) and not patterns.COMPARES.search(said)
    is_hyphened = said[match.end() :].startswith(("-", "–")) and not (match["noun"] or "").endswith("s")
    return bool(is_between or is_hyphened or not (_is_portuguese(match) or _is_free(before)))


def _is_free(before: str) -> bool:
    """Tell whether a lecture is not that of a name before it: "Stanford lecture 5"."""
    name = patterns.AFTER_A_NAME.search(before)
    return name is None or name[1] in patterns.MAY_COME_BEFORE


def _listed(said: str, end: int, values: list[int]) -> tuple[list[int], int]:
    """Return the numbers that go on after the first: "3, 4 e 7", "3 a 5"."""
    while True:
        through = patterns.THROUGH.match(said, end)
        if through and (last := patterns.NEXT_NUMBER.match(said, through.end())):
            upper = number(last["digits"])
            if patterns.COMPARES.search(said) or not values[-1] < upper <= values[-1] + 60:
                values.append(upper)
            else:
                values += range(values[-1] + 1, upper + 1)
            end = last.end()
        elif (joined := patterns.JOIN.match(said, end)) and (more := patterns.NEXT_NUMBER.match(said, joined.end())):
            values.append(number(more["digits"]))
            end = more.end()
        else:
            return values, end


# By order


def _ordered(said: str) -> Iterator[Pointing]:
    """Read "na quinta aula": bare, "quinta aula" may be Thursday's."""
    for match in patterns.ORDERED.finditer(said):
        ordinals = re.findall(ORDINAL, match["ordinals"])
        is_alone = len(ordinals) == 1
        if is_alone and match["noun"].endswith("s"):
            continue
        if not match["article"] and ordinals[0] in ORDINAL_WEEKDAYS:
            continue
        if re.search(rf"{ORDINAL} (?:a|ate|to) \Z", said[: match.start("ordinals")]):
            continue
        start = match.start("ordinals")
        values = tuple(number(ordinal) for ordinal in ordinals)
        what = InOrder(side="first") if values == (1,) else Numbers(values=values, is_counted=True)
        is_portuguese = "aula" in match["noun"]
        yield Pointing(start=start, end=match.end(), what=what, is_portuguese=is_portuguese)


def _in_order(said: str, original: str) -> Iterator[Pointing]:
    for match in patterns.FIRST.finditer(said):
        count = number(match["a"] or match["b"] or match["c"])
        yield Pointing(start=match.start(), end=match.end(), what=InOrder(side="first", count=count), is_plural=True)
    for match in patterns.LAST.finditer(said):
        if original[match.start() : match.end()] == "Last Lecture":
            continue  # a book of that title
        count = match["a"] or match["b"] or match["c"]
        what = InOrder(
            side="last",
            count=number(count) if count else 1,
            back=1 if match["second"] else 2 if match["third"] else 0,
            is_before_today=bool(match["passed"]),
        )
        yield Pointing(start=match.start(), end=match.end(), what=what, is_plural=bool(count))
    if patterns.TEACHES.search(said) and (match := patterns.LAST_CLASS.search(said)):
        yield Pointing(start=match.start(), end=match.end(), what=InOrder(side="last"))


# By day


def _dated(said: str, when: Sequence[When], counted: Sequence[Pointing]) -> Iterator[Pointing]:
    """Yield the days that are bound to a word for lectures, then those that say when somebody taught."""
    nouns = [*patterns.NOUN.finditer(said)]
    bound = {
        index: found
        for index, one in enumerate(when)
        if (found := _bound(said, one, nouns) or _same(said, one, counted))
    }
    for (left, one), (right, other) in pairwise(enumerate(when)):
        joined = patterns.JOIN.fullmatch(said[one.end : other.start])
        if left in bound and right not in bound and joined:
            bound[right] = replace(bound[left], start=other.start, end=other.end, what=other)
    for index, one in enumerate(when):
        if index in bound:
            if not _recurs(bound[index], one, said):
                yield bound[index]
        elif _says_when_taught(said, one):
            yield Pointing(
                start=one.start,
                end=one.end,
                what=one,
                is_plural=True,
                names_lecture=False,
                is_portuguese=not patterns.ENGLISH.search(said),
            )


def _same(said: str, one: When, counted: Sequence[Pointing]) -> Pointing | None:
    """Read "a aula 5, de 12/03", whose day is that of the lecture just named."""
    for named in counted:
        if named.end <= one.start and patterns.SAME_PHRASE.fullmatch(said[named.end : one.start]):
            return replace(named, start=one.start, end=one.end, what=one)
    return None


def _recurs(pointing: Pointing, one: When, said: str) -> bool:
    """Tell "as aulas de terça", which are many, from one lecture on one day."""
    words = said[pointing.start : pointing.end]
    is_weekday = one.is_relative and not one.is_adverb and not one.is_plural and len(one.readings) <= 2
    plural_noun = re.search(r"\b(?:aulas|lectures|classes)\b", words)
    is_qualified = re.search(r"passad|ultim|last|semana|week|this", words)
    return bool(plural_noun and is_weekday and not is_qualified)


def _bound(said: str, one: When, nouns: Sequence[re.Match[str]]) -> Pointing | None:
    for noun in nouns:
        is_portuguese = "aula" in noun[0]
        if noun.end() <= one.start:
            link = patterns.LINK.fullmatch(said[noun.end() : one.start])
            if link is None or not _is_linked(one, bool(link["preposition"]), is_portuguese=is_portuguese, said=said):
                continue
            if not is_portuguese and not _is_free(said[: noun.start()]):
                continue
            start, end = noun.start(), one.end
        elif one.end <= noun.start():
            if not patterns.BEFORE_NOUN.fullmatch(said[one.end : noun.start()]) or not _is_free_day(said, one):
                continue
            start, end = one.start, noun.end()
        else:
            continue
        is_plural = noun[0].endswith("s")  # "in class last week" as well
        return Pointing(start=start, end=end, what=one, is_plural=is_plural, is_portuguese=is_portuguese)
    if (one.is_plural or one.is_adverb) and (recap := _recapped(said, one)) is not None:
        is_portuguese = not patterns.ENGLISH.search(said)
        return Pointing(start=recap, end=one.end, what=one, is_plural=True, is_portuguese=is_portuguese)
    return None


def _recapped(said: str, one: When) -> int | None:
    """Return where "resumo da semana 3" names its week, without the word that asks for it."""
    if patterns.RECAP_OF.search(said[: one.start]):
        return one.start
    return one.start if re.match(r"(?:['’]s)? (?:content|topics|material|recap|summary)\b", said[one.end :]) else None


def _is_linked(one: When, has_preposition: bool, *, is_portuguese: bool, said: str) -> bool:  # noqa: FBT001
    if has_preposition or one.is_adverb:
        return True
    # "In lecture may 5 …" and "aula segunda …" may be anything.
    is_numeric = said[one.start].isdigit()
    return is_numeric or (is_portuguese and not one.needs_preposition)


def _is_free_day(said: str, one: When) -> bool:
    """Tell whether a day before "lecture" is no part of a name, as in "the Black Friday lecture"."""
    name = patterns.AFTER_A_NAME.search(said[: one.start])
    may_come = name is None or name[1] in patterns.MAY_COME_BEFORE or name[1].endswith((",", ":"))
    return may_come or bool(name and name[1] in {"na", "no", "em", "ontem", "dia"})


def _says_when_taught(said: str, one: When) -> bool:
    if patterns.EVENT.search(said) and not patterns.EXAM.search(said[: one.start]):
        return False
    if not patterns.TEACHES.search(said):
        return False
    before, after = said[: one.start], said[one.end :]
    if re.match(r"['’]s\b| em diante", after):
        return False
    if patterns.EXAM.search(before) or patterns.BOUNDS.search(before):
        return True
    if one.is_adverb:
        return not re.search(r"\b(?:d[aeo]s?|ate|desde|of|from|by|until|since|for|than|que|como|se)\s*\Z", before)
    return bool(re.search(r"\b(?:n[ao]s?|em|on|in|nest[ea]|ness[ea])(?: (?:dia|the|o|a))?\s*\Z", before))
