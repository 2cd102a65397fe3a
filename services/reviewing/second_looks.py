"""Show a share of the labelled answers to a second member of staff, blind, to learn how far staff agree."""

from datetime import timedelta
from random import SystemRandom

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import annotations, answers, cards, judge_settings, reviews, second_looks
from db.records import AnswerId, CourseId, Label, Language
from db.records.reviews import ReviewItem
from services import i18n
from services.errors import Refused
from services.reviewing.flagged import Member
from services.reviewing.settling import put_label, settle

REST = timedelta(hours=1)
"""Between a label and the card of its second look: often who labels an answer incorrect corrects it next."""
LATELY = timedelta(days=30)
"""Whoever has labelled within it is there to be asked; a course with one such person has nobody to ask."""
LAPSE = timedelta(days=14)
MOST_A_DAY = 3
"""Of a course; what was drawn beyond waits for the next day."""
CHANCE = SystemRandom()


class SecondLooks:
    """Opens the cards of second looks, and takes them back where nobody came or nobody needs them any more."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def tend(self) -> None:
        """Do what is due of all courses; every replica may."""
        async with self._pool.connection() as conn:
            over = await second_looks.over(conn, answer=None, lapse=LAPSE)
            due = await second_looks.due(conn, answer=None, rest=REST, lately=LATELY, most_a_day=MOST_A_DAY)
        for course, answer in over:
            await self._end(course, answer)
        for course, answer in due:
            await self._open(course, answer)

    async def _end(self, course: CourseId, answer: AnswerId) -> None:
        async with self._pool.connection() as conn:
            await answers.lock(conn, course=course, answer=answer)
            if await second_looks.over(conn, answer=answer, lapse=LAPSE):
                await take_back(conn, course, answer)

    async def _open(self, course: CourseId, answer: AnswerId) -> None:
        async with self._pool.connection() as conn:
            # Together two replicas, each with an answer of its own, could open more than the day has room for.
            await second_looks.lock(conn, course)
            await answers.lock(conn, course=course, answer=answer)
            if not await second_looks.due(conn, answer=answer, rest=REST, lately=LATELY, most_a_day=MOST_A_DAY):
                return
            await reviews.flag(conn, course=course, answer=answer, reason=second_looks.REASON)
            item = await cards.open_of(conn, course=course, answer=answer)
            assert item is not None  # noqa: S101 - it was opened just before
            await second_looks.opened(conn, course=course, answer=answer, item=item)


async def draw(conn: AsyncConnection, found: ReviewItem, member: Member) -> None:
    """
    Decide, once for each answer, whether somebody else is to label what *member* has just labelled.

    Not where staff have put words in its place or hold it, or a card has told a label before: what they did would show.
    """
    course, answer = found.course_id, found.answer_id
    share = (await judge_settings.current(conn, course)).second_share
    now = await answers.state(conn, course=course, answer=answer)
    if not share or now is None or now.held != "no" or now.words_id is not None:
        return
    if not await second_looks.may_be_drawn(
        conn, course=course, answer=answer, item=found.id, annotator_key=member.key, lately=LATELY
    ):
        return
    is_drawn = CHANCE.random() < share
    first_time = await second_looks.draw(conn, course=course, answer=answer, probability=share, is_drawn=is_drawn)
    if first_time and is_drawn:
        await cards.outdate(conn, course=course, answer=answer)  # earlier cards no longer tell the judge's mind


async def label_again(conn: AsyncConnection, found: ReviewItem, member: Member, label: Label) -> None:
    """Settle a second look by a label, which changes nothing for whoever asked."""
    course, answer = found.course_id, found.answer_id
    await put_label(conn, found, member, label)
    await settle(conn, found, member, "second")
    await second_looks.end(conn, course=course, answer=answer, is_labelled=True)
    await cards.outdate(conn, course=course, answer=answer)


async def take_back(conn: AsyncConnection, course: CourseId, answer: AnswerId) -> None:
    """End an answer's second look without a label; an open card stays only for what else there is to see."""
    if await second_looks.end(conn, course=course, answer=answer, is_labelled=False):
        await reviews.withdraw(conn, course=course, answer=answer, reasons=[second_looks.REASON])
        await cards.outdate(conn, course=course, answer=answer)


async def require_another(conn: AsyncConnection, found: ReviewItem, staff_key: str, refusal: str) -> None:
    """
    Let nobody look a second time at what they labelled themselves.

    Raises:
        Refused: it is a second look, and they have labelled the answer; *refusal* says so.

    """
    if not found.is_second_look:
        return
    before = await annotations.of_person(conn, course=found.course_id, answer=found.answer_id, annotator_key=staff_key)
    if before and before.role == "staff":
        raise Refused(refusal)


def yours(reader: Language) -> str:
    return i18n.text("review.labelled_before", reader)


def theirs(staff: int, reader: Language) -> str:
    return i18n.text("review.labelled_before_by", reader, who=f"<@{staff}>")
