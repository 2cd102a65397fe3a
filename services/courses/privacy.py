"""Let people see what is stored about them, take it with them, and have it deleted."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import (
    answers,
    cards,
    courses,
    interactions,
    kept,
    orphans,
    privacy,
    questions,
    second_looks,
    showings,
    watermarks,
)
from db.privacy import AskedAt, OwnChoice, OwnQuestion, OwnVote
from db.records import AnswerId, Course, Reference
from db.records.operation import HeldInCourse, Orphan
from services import i18n
from services.courses.people import People
from services.judging import flags

FORMAT = "monitoria-person/1"
"""Of the document that `document` returns; its names are promises, described in docs/discord.md."""
TAKING_BACK = timedelta(minutes=12)
"""Longer than whoever asked may take to delete messages in Discord; what is left then is any process's to delete."""
LARGEST_PLAIN = 8 * 1024**2
"""Bytes of a file that Discord takes from anybody anywhere; compressed, years of questions fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is stored about one person."""

    courses: tuple[HeldInCourse, ...]  # those that have something, by slug
    direct_course: Course | None  # chosen for direct messages

    @property
    def is_nothing(self) -> bool:
        return not self.courses and self.direct_course is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file with all that is stored about one person."""

    name: str
    content: bytes
    is_compressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was deleted, and which messages still show it in Discord."""

    questions: int
    votes: int
    choices: int = 0  # between two answers, as staff
    messages: tuple[Orphan, ...]  # held for whoever called; what is left of them comes up again later


class Privacy:
    """
    What people may do with their own data.

    *person* is a Discord user id; their keys are computed from it each time. In a server, *guild*, all acts are about
    the courses that belong to it; in direct messages *guild* is None, and they are about every course, those of
    servers that the person has left too: the key alone shows that the data is theirs.
    """

    def __init__(self, pool: AsyncConnectionPool, people: People) -> None:
        self._pool = pool
        self._people = people

    async def stored(self, person: int, guild: int | None) -> Stored:
        """Count what is stored about *person*."""
        async with self._pool.connection() as conn:
            scope = await _courses(conn, guild)
        keys = {course.id: await self._people.key(course, person) for course in scope}
        async with self._pool.connection() as conn:
            kept = await privacy.kept(conn, keys)
        direct = await self._people.direct_course(person)
        return Stored(courses=tuple(kept), direct_course=direct if direct and direct.id in keys else None)

    async def document(self, person: int, guild: int | None) -> dict[str, Any]:
        """Return all that is stored about *person*, ready for JSON; no id of Discord's is in it."""
        stored = await self.stored(person, guild)
        return {
            "format": FORMAT,
            "exported_at": datetime.now(UTC).isoformat(),
            "direct_course": stored.direct_course.slug if stored.direct_course else None,
            "courses": [await self._of_course(kept.course, person) for kept in stored.courses],
        }

    async def forget(self, person: int, guild: int | None) -> Forgotten:
        """
        Delete what is stored about *person*, one course after the other, each in one transaction; safe to repeat.

        With a question go its answer, passages, references, delivery and the places where it is shown, what was judged
        of it, other people's votes on it and its place in the staff's queue. With a vote goes its part in the queue,
        where an answer stays only for what others say of it. What other people asked stays, also where it followed up:
        it then follows nothing. What they asked by a press under an answer goes (another try, the same of other
        lectures), for that asks in the person's own words. An answer that is being written finds its question gone and
        is not stored; a message that asked is not answered again when channels are looked through after an absence.
        """
        async with self._pool.connection() as conn:
            scope = await _courses(conn, guild)
        parts = [await self._forget_in(course, person) for course in scope]
        return Forgotten(
            questions=sum(part.questions for part in parts),
            votes=sum(part.votes for part in parts),
            choices=sum(part.choices for part in parts),
            messages=tuple(message for part in parts for message in part.messages),
        )

    async def _of_course(self, course: Course, person: int) -> dict[str, Any]:
        key = await self._people.key(course, person)
        async with self._pool.connection() as conn:
            asked = await privacy.questions(conn, course=course.id, key=key)
            voted = await privacy.votes(conn, course=course.id, key=key)
            chosen = await privacy.choices(conn, course=course.id, key=key)
            cited = [
                await answers.references(conn, course=course.id, answer=own.answer_id)
                if own.answer_id and not own.is_held
                else []
                for own in asked
            ]
        return {
            "course": course.slug,
            "title": course.title,
            "questions": [_question(own, references) for own, references in zip(asked, cited, strict=True)],
            "votes": [_vote(own) for own in voted],
            **({"choices": [_choice(own) for own in chosen]} if chosen else {}),
        }

    async def _forget_in(self, course: Course, person: int) -> Forgotten:
        key = await self._people.key(course, person)
        direct_key = await self._people.direct_key(person)
        async with self._pool.connection() as conn:
            # A question on its way in is either seen here or was asked after this.
            await questions.lock_counting(conn, course.id)
            past = _past(await privacy.asked_at(conn, course=course.id, key=key))
            asking = await privacy.asking_messages(conn, course=course.id, key=key)
            # Before the questions go: with them goes what tells where their answers stand.
            presses = await privacy.others_presses(conn, course=course.id, key=key)
            await privacy.lock(conn, course=course.id, key=key, presses=presses)
            messages = await orphans.make(conn, course=course.id, key=key, also=presses, lease=TAKING_BACK)
            voted = await privacy.delete_votes(conn, course=course.id, key=key)
            await second_looks.part(conn, course=course.id, answers=voted)
            await privacy.delete_judge_views(conn, course=course.id, key=key)
            chosen = await privacy.delete_choices(conn, course=course.id, key=key)
            # Before the questions go: those that followed them are found by them.
            await privacy.forget_understood(conn, course=course.id, key=key)
            await privacy.delete_presses(conn, course=course.id, presses=presses)
            count = await privacy.delete_questions(conn, course=course.id, key=key)
            await _forget_kept(conn, course, key)
            for answer in sorted(set(voted)):
                await _reflag(conn, course, answer)
            await privacy.delete_direct_course(conn, course=course.id, person_key=direct_key)
            await watermarks.raise_to(conn, past)
            await interactions.close(conn, asking)
        return Forgotten(questions=count, votes=len(voted), choices=chosen, messages=tuple(messages))


def packed(document: dict[str, Any]) -> Export:
    """Return *document* as a file: JSON in UTF-8, compressed where it would be larger than Discord takes."""
    plain = json.dumps(document, ensure_ascii=False, indent=2).encode()
    if len(plain) <= LARGEST_PLAIN:
        return Export(name="monitoria.json", content=plain, is_compressed=False)
    return Export(name="monitoria.json.gz", content=gzip.compress(plain), is_compressed=True)


async def _courses(conn: AsyncConnection, guild: int | None) -> list[Course]:
    return await courses.every(conn) if guild is None else await privacy.courses_of_guild(conn, guild)


async def _forget_kept(conn: AsyncConnection, course: Course, key: str) -> None:
    """Take back what staff kept of the person's own messages as a student; what they did as staff is the course's."""
    await kept.forget_drafts(conn, course=course.id, key=key)
    for which in await kept.of_author(conn, course=course.id, key=key):
        await showings.outdate_words(conn, course=course.id, verified=which)
        await cards.outdate_words(conn, course=course.id, verified=which)
        await kept.blank(conn, course=course.id, verified=which, instead=i18n.text("keep.taken_back", course.language))


async def _reflag(conn: AsyncConnection, course: Course, answer: AnswerId) -> None:
    """
    Leave an answer in the staff's queue for what others say alone; what staff have settled stays settled.

    Its cards, settled ones too, lose the person's vote and comment.
    """
    there = await answers.lock(conn, course=course.id, answer=answer)
    if there and await privacy.is_queued(conn, course=course.id, answer=answer):
        await flags.by_votes(conn, course=course.id, answer=answer)
    await cards.outdate(conn, course=course.id, answer=answer)


def _question(own: OwnQuestion, references: Sequence[Reference]) -> dict[str, Any]:
    return {
        "id": own.id,
        "asked_at": own.asked_at.isoformat(),
        "text": own.text,
        "understood_as": own.standalone,
        "language": own.language,
        "lecture": own.lecture,
        "follows": own.follows,
        "source": own.source,
        "private": own.is_private,
        "answer": _answer(own, references),
        **({"again": own.again} if own.again else {}),
    }


def _answer(own: OwnQuestion, references: Sequence[Reference]) -> dict[str, Any] | None:
    if own.answer_id is None or own.answered_at is None:
        return None
    return {
        "id": own.answer_id,
        "answered_at": own.answered_at.isoformat(),
        "outcome": own.outcome,
        "text": own.answer,
        "model": own.model,
        "references": [_reference(reference) for reference in references],
    }


def _reference(reference: Reference) -> dict[str, Any]:
    return {
        "number": reference.number,
        "lecture": reference.lecture,
        "title": reference.title,
        "start": reference.start_s,
        "end": reference.end_s,
        "url": reference.url,
        "quote": reference.quote,
    }


def _vote(own: OwnVote) -> dict[str, Any]:
    return {
        "answer": own.answer_id,
        "on_own_question": own.is_on_own_question,
        "role": own.role,
        "label": own.label,
        "reason": own.reason,
        "comment": own.comment,
        "given_at": own.created_at.isoformat(),
        "changed_at": own.changed_at.isoformat(),
    }


def _choice(own: OwnChoice) -> dict[str, Any]:
    """Return a choice as the person made it; which answer was whose, they were not told and are not now."""
    places = {own.shown_first: "A", "tie": "same", "skipped": "skipped", None: None}
    return {
        "pair": own.pair_id,
        "chosen": places.get(own.better, "B"),
        "shown_at": own.shown_at.isoformat(),
        "chosen_at": own.chosen_at.isoformat() if own.chosen_at else None,
    }


def _past(asked: Sequence[AskedAt]) -> dict[int, int]:
    """Return the id after the last message that asked, by channel: whoever looks through it begins there."""
    past: dict[int, int] = {}
    for one in asked:
        past[one.channel_id] = max(past.get(one.channel_id, 0), one.message_id + 1)
    return past
