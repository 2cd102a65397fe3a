"""What is asked, wherever it comes from: made plain, and told in which language."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection

from db import questions
from db.records import (
    Again,
    Course,
    Destination,
    Language,
    LectureFacts,
    LectureId,
    Outcome,
    QuestionId,
    Reference,
    Showing,
)
from services import i18n
from services.answering.phrasing import MOST_TURNS, Turn
from services.errors import Refused
from services.ground.text import LONE_SURROGATE, UNSEEN
from services.search.scope.facts import EVERYWHERE, Scope, Within
from services.words import language
from services.words.chatter import courtesy, is_thanks
from services.words.mentions import without_mentions

LONGEST_QUESTION = 1_500
WORDS_THAT_TELL = 4
"""In a question of fewer words, the language is read off the one before it too: "e na LSTM?"."""


COURTESIES = {"greeting": "question.greeting", "thanks": "question.thanks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    One question, from wherever it comes.

    The same *source* and *source_id* are the same question: asked again, it gets the answer that is stored.
    What came before is either in *history* or follows from *follows*, the question that this one replies to.
    Who has an *asker_key* asks within the course's limits (`services.answering.limits`).
    """

    course: Course
    text: str
    source: str  # "cli", "discord", "eval", …
    source_id: str | None = None
    is_anew: bool = False  # by the id of one whose answer was lost; it goes to whoever is the first to ask so
    asker_key: str | None = None
    destination: Destination | None = None  # stored with the question, so that a restart can still deliver
    reader: Language | None = None  # the language of a refusal; None: the course's
    lecture: LectureId | None = None  # chosen apart from the words, and before what they name
    everywhere: bool = False  # in all lectures, whichever the words name
    said_at: datetime | None = None  # None: now
    follows: QuestionId | None = None
    again: Again | None = None  # another try at the answer to *follows*, in the words of that question
    words_of: QuestionId | None = None  # the question that it repeats, of these or those lectures, for who pressed
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that is stored and waits for its answer."""

    id: QuestionId
    course: Course
    text: str
    language: str
    reads: Language  # the language of ours in which its asker is spoken to
    lecture: LectureId | None
    history: tuple[Turn, ...]
    scope: Scope = EVERYWHERE  # the lectures that its words name
    named: tuple[LectureFacts, ...] = ()  # the same, or that were chosen; also where they are all that there are
    follows: QuestionId | None = None
    again: Again | None = None
    before: str = ""  # the answer that another try is wanted at
    shown: tuple[Reference, ...] = ()  # moments that another one is wanted than
    holds: tuple[Outcome, ...] = ()  # what staff look at before its asker does, as of now: no draft is shown
    showing: Showing | None = None  # where its answer is to stand

    @property
    def lectures(self) -> tuple[LectureId, ...] | None:
        """Where alone it is searched; None: everywhere."""
        if self.lecture is not None:
            return (self.lecture,)
        return tuple(one.id for one in self.scope.lectures) if isinstance(self.scope, Within) else None


def cleaned(text: str, reader: Language) -> str:
    """
    Return *text* in NFC, without characters that nobody sees or a database refuses.

    Raises:
        Refused: nothing is left, or more than a question needs.

    """
    seen = without_mentions(LONE_SURROGATE.sub("", text).translate(UNSEEN), reader)
    lines = (" ".join(line.split()) for line in seen.splitlines())
    plain = unicodedata.normalize("NFC", "\n".join(lines)).strip()
    if not plain:
        raise Refused(i18n.text("question.empty", reader))
    if len(plain) > LONGEST_QUESTION:
        raise Refused(i18n.text("question.too_long", reader, length=len(plain), limit=LONGEST_QUESTION))
    return plain


def courtesy_returned(text: str, reader: Language, *, follows: bool) -> str | None:
    """
    Return what to say to who only greets or thanks; None where *text* may ask something.

    Where it *follows* an answer, "ok" and "entendi" are thanks; to begin with, they may be asked about.
    """
    said = courtesy(text) or ("thanks" if follows and is_thanks(text) else None)
    return i18n.text(COURTESIES[said], reader) if said else None


def language_of(text: str, history: Sequence[Turn], languages: Sequence[str]) -> str:
    leans = history and len(text.split()) < WORDS_THAT_TELL
    evidence = f"{history[-1].question} {text}" if leans else text
    return language.of_question(evidence, languages)


async def turns_before(conn: AsyncConnection, asked: Asked) -> tuple[Turn, ...]:
    if asked.follows is None:
        return ()
    earlier = await questions.conversation(conn, course=asked.course.id, last=asked.follows, most=MOST_TURNS)
    return tuple(Turn(question=exchange.question, answer=exchange.answer) for exchange in earlier)
