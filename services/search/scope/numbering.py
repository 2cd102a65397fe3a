"""The number, the part and the week of a lecture, as its title or its slug says."""

import re
from dataclasses import dataclass

from db.records import LectureFacts
from services.search.scope.sentences import folded
from services.search.scope.vocabulary import PARTS

NOUN = r"(?:video-?)?aulas?|palestra|lecture|lec|encontro|sessao|session|class|topico|modulo|unidade"
IN_TITLE = (
    re.compile(rf"\b(?:{NOUN})[ _.:#-]*(?:n[o.]*|numero|number)?[ _.:#-]*0*(?P<number>\d{{1,3}})(?P<part>[a-d])?\b"),
    re.compile(r"\A\W*0*(?P<number>\d{1,3})(?P<part>[a-d])?\s*(?:[-–—:.)|]|\Z)(?!\d)"),
)
IN_SLUG = (
    IN_TITLE[0],
    re.compile(r"\A(?:l|a)?0*(?P<number>\d{1,3})(?P<part>[a-d])?(?:[-_.]|\Z)"),
)
PART = re.compile(r"\b(?:parte|part|pt\.?)[ _-]*(?P<part>\d|[a-d]|i{1,3})\b|\((?P<of>\d)/\d\)")
WEEK = re.compile(r"\b(?:semana|week|wk|w)[ _-]*0*(?P<number>\d{1,2})\b")
NOT_A_NUMBER = re.compile(r"\A\W*\d+(?:[.]\d|\s*[.)]?\s*(?:dicas|coisas|passos|tips|things|steps|ways)\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """What numbers a lecture goes by; a part is "1", "2" and so on."""

    number: int | None
    part: str | None
    week: int | None


def numbering(lecture: LectureFacts) -> Numbering:
    """
    Return the numbers of *lecture*: its title's, which people see, and only where that has none, its slug's.

    >>> numbering(LectureFacts(id=1, slug="nyu-w03-lecture-pt", title="Aula 05b: Redes", held_on=None))
    Numbering(number=5, part='2', week=3)
    """
    title, slug = folded(lecture.title), folded(lecture.slug).replace("_", "-")
    told = _first(IN_TITLE, title) if not NOT_A_NUMBER.match(title) else _first(IN_TITLE[:1], title)
    told = told or _first(IN_SLUG, slug)
    part = (told["part"] if told else None) or _part(title) or _part(slug)
    week = WEEK.search(title) or WEEK.search(slug)
    return Numbering(
        number=int(told["number"]) if told else None,
        part=PARTS.get(part, part) if part else None,
        week=int(week["number"]) if week else None,
    )


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> re.Match[str] | None:
    return next(filter(None, (pattern.search(text) for pattern in patterns)), None)


def _part(text: str) -> str | None:
    found = PART.search(text)
    return (found["part"] or found["of"]) if found else None
