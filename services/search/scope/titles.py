"""Find a lecture by its title: "na aula de regressão logística", where one is called so and nothing else is said."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db.records import LectureFacts
from services.search.scope import patterns
from services.search.scope.sentences import asking, folded
from services.search.scope.vocabulary import ENDS

NUMBERED = re.compile(
    rf"\A\W*(?:(?:{patterns.NUMBERED_NOUN}|semana|week|class)[ _.:#-]*)?\d*[a-d]?\b[ _.:)#|–-]*"
    r"(?:(?:parte|part) \w+\W+)?"
)
PARTED = re.compile(r"\W*\(?\b(?:parte|part|pt\.?)[ _-]*(?:\d|[a-d]|i{1,3})\)?\W*\Z|\W*\(\d/\d\)\W*\Z")
BEFORE_TITLE = re.compile(
    r"(?:\A\W*|\b(?:a|na|da|pela|nessa|dessa|naquela|nossa) )(?:video-?)?aula"
    r" (?:de|d[ao]s?|sobre|chamada|intitulada)(?: as?| os?)? [\"'“«]?"
    r"|(?:\A\W*|\b(?:the|our|that) )(?:lecture|class) (?:on|about|called|titled)(?: the)? [\"'“«]?"
)
BEFORE_NOUN = re.compile(r"[\"'”»]? (?:lecture|class)\b")
LEAST_LETTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Titled:
    """Where a text says the title of a lecture."""

    start: int
    end: int
    lecture: LectureFacts


def may_name_title(text: str) -> bool:
    """Tell whether *text* may say a title, which costs no look at the course."""
    return any(BEFORE_TITLE.search(clause.text) or BEFORE_NOUN.search(clause.text) for clause in asking(text))


def titled(text: str, lectures: Sequence[LectureFacts]) -> tuple[Titled, ...]:
    """
    Return where *text* says the whole title of one of *lectures*, without its number, and nothing that goes on.

    "Na aula de redes" does not say "Redes recorrentes", nor "na aula de atenção do MIT" the title "Atenção".
    """
    found: list[Titled] = []
    for clause in asking(text):
        said = clause.text
        if patterns.ASKS_WHICH.search(said) or patterns.LOGISTICS.search(said) or patterns.ELSEWHERE.search(said):
            return ()
        for lecture in lectures:
            found += (
                Titled(start=start + clause.start, end=end + clause.start, lecture=lecture)
                for start, end in _places(said, core(lecture.title))
            )
    return tuple(sorted(found, key=lambda one: one.start))


def core(title: str) -> str:
    """
    Return what a lecture is called, folded, without its number, its part or the punctuation around.

    >>> core("Aula 7: Regressão logística (parte 2)"), core("05 - Listas"), core("Lecture 3")
    ('regressao logistica', 'listas', '')
    """
    said = PARTED.sub("", folded(title))
    named = NUMBERED.match(said)
    return " ".join(re.findall(r"[^\W_]+(?:[-'+#][^\W_]*)*", said[named.end() if named else 0 :]))


def _places(said: str, called: str) -> Iterator[tuple[int, int]]:
    if len(called) < LEAST_LETTERS:
        return
    words = r"[\W_]+".join(map(re.escape, called.split()))
    whole = rf"{words}\b[\"'”»]?{ENDS}"
    for found in re.finditer(rf"(?:{BEFORE_TITLE.pattern}){whole}", said):
        if _is_certain(said, found.start(), found.end()):
            yield found.start(), found.end()
    for found in re.finditer(rf"(?:\b(?:the|our|in|from)) [\"'“«]?(?P<title>{words}){BEFORE_NOUN.pattern}{ENDS}", said):
        if _is_certain(said, found.start(), found.end()):
            yield found.start("title"), found.end()


def _is_certain(said: str, start: int, end: int) -> bool:
    before, after = said[:start], said[end:]
    of = patterns.QUALIFIED.match(after)
    # "A aula de atenção de outro professor" is another one; "… do professor" and "… de ontem" say nothing more of it.
    goes_on = of and of["how"] not in {"sobre", "about", "on"} and of["of"].split()[0] not in patterns.OUR_OWN
    is_bound = patterns.EXCLUDED.search(before) or patterns.BOUNDS.search(before)
    return not (goes_on or is_bound or patterns.ROOM.search(before))
