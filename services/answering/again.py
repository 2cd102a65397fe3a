"""Another try at an answer: which are offered, what each asks of the model, and what was shown before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from psycopg import AsyncConnection

from db import questions
from db.records import Again, CourseId, Hit, Language, QuestionId, Reference
from services import i18n
from services.answering.asked import Asked
from services.answering.replies import Reply, reply_to
from services.errors import Refused
from services.search.retrieve import Found

WRITTEN: dict[Again, str] = {"simpler": "simpler/1", "example": "example/1"}
"""The tries that only a language model can make, and the prompts that ask for them."""
NONE_LEFT: dict[Again, Literal["again.no_example", "again.no_moment"]] = {
    "example": "again.no_example",
    "other": "again.no_moment",
}
"""What is said where the lectures have nothing for a try."""
Why = Literal["discord.answer_gone", "discord.not_released", "again.not_offered", "again.no_model"]
"""The texts that say why a try is not made."""
LINES = frozenset({"list", "overview", "missed"})
"""What is answered by lines; another moment than these is what has had no room among them."""
OVER_ONE_MOMENT = 3
"""Passages overlap: so many, at the most usual, hold one moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What another try goes on from."""

    asked: Asked  # in the words of the question that it follows
    before: str  # the answer that was not enough
    shown: tuple[Reference, ...]


def offered(reply: Reply) -> tuple[Again, ...]:
    """
    Return the tries that may follow an answer: those that a model must write only where a model wrote it.

    Where staff have put their own words or found it incorrect, none goes on from what the model had written.
    """
    if not reply.may_be_seen or reply.answer.outcome != "answered":
        return ()
    if reply.answer.intent in LINES and reply.answer.model == "extractive":
        return ("other",) if reply.answer.further and reply.mark is None else ()
    is_of_staff = reply.answer.model == "verified" or reply.mark is not None
    is_quoted = reply.answer.model == "extractive"
    return ("other",) if is_of_staff or is_quoted else ("simpler", "example", "other")


async def refused(conn: AsyncConnection, course: CourseId, follows: QuestionId | None, again: Again) -> Why | None:
    """Return why the answer to *follows* takes no try of that kind now; None: it takes one."""
    reply = await reply_to(conn, course, follows, "") if follows else None
    if reply is None:
        return "discord.answer_gone"
    if not reply.may_be_seen:
        return "discord.not_released"
    return None if again in offered(reply) else "again.not_offered"


def withdrawn(why: Why, reader: Language) -> Refused:
    """Return what is said to who was let make a try that its answer does not take any more."""
    meanwhile = why in {"discord.not_released", "again.not_offered"}
    return Refused(i18n.text("again.changed" if meanwhile else why, reader))


async def tried(conn: AsyncConnection, asked: Asked) -> Try:
    """Return what is asked by another try; none of it must be `refused`."""
    course = asked.course.id
    followed = await questions.followed(conn, course=course, question=asked.follows) if asked.follows else None
    if followed is None or asked.follows is None:
        raise Refused(i18n.text("discord.answer_gone", asked.reader or asked.course.language))
    # In the words of then "ontem" means what it meant, and one asked of all lectures is again.
    told = await questions.told(conn, course=course, question=asked.follows)
    shown: list[Reference] = []
    if asked.again == "other":
        for question in await questions.tries(conn, course=course, last=asked.follows):
            reply = await reply_to(conn, course, question, followed.text)
            shown += reply.references if reply else ()
    return Try(
        asked=replace(
            asked,
            text=followed.text,
            lecture=followed.lecture,
            said_at=told.said_at if told else None,
            everywhere=told is not None and told.everywhere,
        ),
        before=followed.answer,
        shown=tuple(shown),
    )


def without(shown: Sequence[Reference], found: Found, *, most: int) -> Found:
    """Return the best passages that hold no moment which was shown."""
    hits = [hit for hit in found.hits if not any(_holds(hit, moment) for moment in shown)]
    return replace(found, hits=tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits[:most], start=1)))


def _holds(hit: Hit, moment: Reference) -> bool:
    is_within = hit.lecture == moment.lecture and hit.start_s <= moment.start_s < hit.end_s
    return is_within or hit.segment_id == moment.segment_id
