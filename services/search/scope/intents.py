"""
Say what kind of reply a question asks for, where it asks for more than an answer.

By forms alone, and in doubt none: a question of a wrong kind gets a reply that nobody asked for, one of no kind the
ten passages that it always got (docs/adr/0023-kinds-of-questions-by-forms.md).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from db.records import IntentKind, LectureFacts
from services.search.scope import asking_for
from services.search.scope.resolving import without_scope
from services.search.scope.sentences import asking, folded
from services.words.fillers import FILLERS
from services.words.for_staff import needs_staff
from services.words.terms import fold, terms, words

MOST_SIDES = 4
LONGEST_SIDE = 8
LONGEST_TOPIC = 12
"""In words; what is longer says more than what is asked about."""
POINTS_BACK = frozenset(
    """
    isso isto aquilo esse essa esses essas este esta disso disto dele dela deles delas nisso dois duas ambos ambas
    this that it these those them both two others
    """.split()  # noqa: SIM905 - word lists read better as running text
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two or more that a question compares."""

    about: str  # what to search for; "" where it is a lecture as a whole
    lecture: LectureFacts | None = None  # where alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What kind of reply a question asks for."""

    kind: IntentKind
    topic: str = ""  # of a list; of a comparison over the whole course
    sides: tuple[Side, ...] = ()  # of a comparison
    lectures: tuple[LectureFacts, ...] = ()  # of an overview, or of what was missed


def intent(text: str, named: Sequence[LectureFacts]) -> Intent | None:
    """
    Return what *text* asks for; None: an answer.

    *named* are the lectures that it names, all of a course if it names all, or that were chosen for it.
    """
    clauses = asking(text)
    if len(clauses) != 1 or needs_staff(text):
        return None
    clause = text[clauses[0].start : clauses[0].start + len(clauses[0].text)]
    return _listed(clause) or _compared(clause, named) or _whole(clause, named)


# A list


def _listed(text: str) -> Intent | None:
    said = folded(text)
    for pattern in asking_for.LISTS:
        found = pattern.search(said)
        if found is None or asking_for.ALSO_ASKS.search(found["topic"]):
            continue
        topic = _plain(text[found.start("topic") : found.end("topic")])
        if _is_subject(topic, LONGEST_TOPIC):
            return Intent(kind="list", topic=topic)
        # "dropout: em quais aulas ele falou disso?", as a follow-up is put so that it stands alone.
        before, colon, _ = text.partition(": ")
        if colon and len(before) < found.start() and _points_back(topic) and _is_subject(before, LONGEST_TOPIC):
            return Intent(kind="list", topic=before)
    return None


def _points_back(topic: str) -> bool:
    return all(fold(word) in POINTS_BACK for word in words(topic) if terms(word, "pt") or fold(word) in POINTS_BACK)


# A comparison


def _compared(text: str, named: Sequence[LectureFacts]) -> Intent | None:
    left = _unscoped(text, named)
    if topics := _topics(left):
        return Intent(kind="comparison", sides=tuple(Side(about=topic) for topic in topics))
    said = folded(left)
    if 2 <= len(named) <= MOST_SIDES and asking_for.COMPARING.search(said):
        about = _subject(left, FILLERS | asking_for.FRAME | COMPARING_WORDS)
        return Intent(kind="comparison", sides=tuple(Side(about=about, lecture=lecture) for lecture in named))
    if not named and asking_for.EVOLVES.search(said) and (over := asking_for.OVER_THE_COURSE.search(said)):
        rest = f"{left[: over.start()]} {left[over.end() :]}"
        topic = _plain(_without(asking_for.EVOLUTION_FRAME, rest))
        return Intent(kind="comparison", topic=topic) if _is_subject(topic, LONGEST_SIDE) else None
    return None


COMPARING_WORDS = frozenset(
    """
    compara compare comparar comparando comparacao diferenca diferencas evoluiu evolucao mudou mudaram contraste
    comparison compared difference differences differ evolution evolved changed change contrast between
    """.split()  # noqa: SIM905
)


def _topics(text: str) -> tuple[str, ...]:
    """Return what *text* compares with each other, as it is written; nothing where that is not beyond doubt."""
    said = folded(text)
    found = next(filter(None, (pattern.search(said) for pattern in asking_for.PAIRS)), None)
    if found is None:
        return ()
    parts = [
        *(part for part in re.split(r"\s*,\s*", text[found.start("one") : found.end("one")]) if part),
        text[found.start("other") : found.end("other")],
    ]
    topics = tuple(map(_plain, parts))
    if len(topics) > MOST_SIDES or not all(_is_side(topic) for topic in topics):
        return ()
    distinct = {frozenset(terms(topic, "pt")) for topic in topics}
    return topics if len(distinct) == len(topics) else ()


def _is_side(topic: str) -> bool:
    # "Entre entrada e saída e erro" may be of two or of three.
    return _is_subject(topic, LONGEST_SIDE) and not re.search(r" (?:e|and|ou|or) ", folded(topic))


# A lecture as a whole


def _whole(text: str, named: Sequence[LectureFacts]) -> Intent | None:
    if not named:
        return None
    left = _unscoped(text, named)
    said = folded(left)
    if asking_for.ASKS_MORE.search(said.replace("nao", " ") if asking_for.MISSED.search(said) else said):
        return None
    has_missed = asking_for.MISSED.search(said)
    if not asking_for.WHOLE.search(said) or _own_words(_without(asking_for.MISSED, left), asking_for.FRAME):
        return None
    return Intent(kind="missed" if has_missed else "overview", lectures=tuple(named))


# Words


def _unscoped(text: str, named: Sequence[LectureFacts]) -> str:
    return without_scope(text, datetime.now(UTC), UTC, named=named) if named else text


def _without(pattern: re.Pattern[str], text: str) -> str:
    """Return *text* without what *pattern* finds in it folded, which is as long."""
    return "".join(text[start:end] for start, end in _between(pattern, folded(text)))


def _between(pattern: re.Pattern[str], said: str) -> Iterator[tuple[int, int]]:
    at = 0
    for found in pattern.finditer(said):
        yield at, found.start()
        at = found.end()
    yield at, len(said)


def _plain(topic: str) -> str:
    """Return *topic* without what leads to it: an article, a preposition."""
    led = asking_for.ARTICLE.match(folded(topic))
    return " ".join(topic[led.end() if led else 0 :].split()).strip(" ,.!?\"'“”«»")


def _is_subject(topic: str, longest: int) -> bool:
    """Tell whether *topic* says what it is about, in no more words than *longest*."""
    own = _own_words(topic, FILLERS | POINTS_BACK)
    return bool(own) and len(topic.split()) <= longest


def _subject(text: str, frame: frozenset[str]) -> str:
    """Return *text* from the first to the last word that is its own, without those of the *frame* between."""
    own = set(_own_words(text, frame))
    said = text.split()
    places = [place for place, word in enumerate(said) if own & set(words(word))]
    if not places:
        return ""
    between = said[places[0] : places[-1] + 1]
    return _plain(" ".join(word for word in between if own & set(words(word)) or not _is_framing(word, frame)))


def _is_framing(word: str, frame: frozenset[str]) -> bool:
    return any(fold(part) in frame for part in words(word))


def _own_words(text: str, frame: frozenset[str]) -> list[str]:
    return [word for word in words(text) if terms(word, "pt") and fold(word) not in frame]
