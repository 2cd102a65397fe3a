"""Let staff settle what was flagged: cards, takes with a lease, verdicts, corrections, and who did what."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import get_args

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import answers, cards, edits, judgements, kept, second_opinions, showings, verified
from db.edits import HandId
from db.records import Course, CourseId, ItemId, JudgedFor, Label, Language
from db.records.reviews import DueCard, ListedItem, ReviewItem, SentCard
from db.texts import storable
from services import i18n
from services.answering.ask import Asker
from services.answering.asked_before import recorded
from services.citing.citations import Cited
from services.errors import Refused
from services.reviewing import second_looks
from services.reviewing.flagged import Card, CardOpinion, Member, Standing, state
from services.reviewing.settling import (
    audit,
    outdate,
    put_label,
    read_correction,
    release_of,
    require_free,
    require_open,
    settle,
    verify,
)

TAKE = timedelta(minutes=30)
ASSIGNMENT = timedelta(days=1)
SHOWING = timedelta(seconds=60)
"""How long whoever posts or edits a card has for it."""
FIRST_GAP = timedelta(seconds=15)
MOST_AT_A_TIME = 5
MOST_LISTED = 25


class Review:
    """The flagged answers of all courses, and what staff do with them."""

    def __init__(self, pool: AsyncConnectionPool, asker: Asker) -> None:
        self._pool = pool
        self._asker = asker

    # Cards

    async def due_cards(self) -> list[DueCard]:
        """Take cards that are to be posted or edited; each must end in `shown`, `not_shown` or `card_lost`."""
        async with self._pool.connection() as conn:
            return await cards.claim_due(conn, lease=SHOWING, most=MOST_AT_A_TIME)

    async def card(self, course: CourseId, item: ItemId) -> Card | None:
        """Return what a card shows, or None where the answer is gone."""
        async with self._pool.connection() as conn:
            found = await cards.by_id(conn, course=course, item=item)
            if found is None:
                return None
            comments = await cards.comments(conn, course=course, answer=found.answer_id)
            corrected = await verified.of_answer(conn, course=course, answer=found.answer_id)
        # With the connection given back: this takes one of its own, and all who held one would wait for a second.
        examined = await self._asker.examine(course, found.answer_id)
        if examined is None:
            return None
        whole, reply = examined
        async with self._pool.connection() as conn:
            link = await showings.link(conn, course=course, question=reply.answer.question_id)
            link = link or await kept.link(conn, course=course, answer=found.answer_id)
        return Card(item=found, course=whole, reply=reply, comments=comments, link=link, verified=corrected)

    async def begin(self, item: ItemId) -> HandId:
        """Begin to post or edit a card, before what it shows is read; it must end in `shown` or `drop`."""
        async with self._pool.connection() as conn:
            return await edits.begin(conn, target="card", target_id=item, lease=SHOWING)

    async def begin_send(self, due: DueCard) -> SentCard | None:
        """Claim a card's place before it is sent; return what may be there from before. None: its item has gone."""
        async with self._pool.connection() as conn:
            return await cards.begin_send(conn, course=due.course_id, item=due.item_id, channel=due.staff_channel_id)

    async def shown(self, card: Card, hand: HandId, *, channel: int, message: int) -> bool:
        """Keep where the card is; False: its item has gone meanwhile, and the message should go too."""
        item = card.item
        async with self._pool.connection() as conn:
            was_alone = await edits.end(conn, hand)
            return await cards.shown(
                conn,
                course=item.course_id,
                item=item.id,
                channel=channel,
                message=message,
                version=item.card_version,
                was_alone=was_alone,
            )

    async def drop(self, hand: HandId) -> None:
        """End an edit of a card that nobody knows to have come to anything."""
        async with self._pool.connection() as conn:
            await edits.end(conn, hand)

    async def unsent(self, due: DueCard) -> None:
        """Take note that no card is there, since Discord has refused the first one."""
        async with self._pool.connection() as conn:
            await cards.unsent(conn, course=due.course_id, item=due.item_id)

    async def not_shown(self, due: DueCard) -> None:
        """Try the card again later."""
        async with self._pool.connection() as conn:
            await cards.failed(conn, course=due.course_id, item=due.item_id, first=FIRST_GAP)

    async def card_lost(self, due: DueCard) -> None:
        """Let another card be posted while its item is open: this one's message was deleted, or never came."""
        async with self._pool.connection() as conn:
            await cards.lost(conn, course=due.course_id, item=due.item_id)

    # What staff do

    async def take(self, course: CourseId, item: ItemId, member: Member, reader: Language) -> None:
        """
        Hold an item for half an hour.

        Raises:
            Refused: somebody else holds it, or it is settled or gone.

        """
        async with self._acting(course, item, member, reader) as (conn, _):
            await cards.take(conn, course=course, item=item, staff=member.id, lease=TAKE)
            await audit(conn, course, item, member, "take")

    async def assign(self, course: CourseId, item: ItemId, member: Member, to: Member, reader: Language) -> None:
        """
        Give an item to a member of staff for a day, whoever holds it.

        Raises:
            Refused: it is settled or gone, or a second look at what they have labelled.

        """
        async with self._pool.connection() as conn:
            found = require_open(await cards.lock(conn, course=course, item=item), reader)
            await second_looks.require_another(conn, found, to.key, second_looks.theirs(to.id, reader))
            # Let go of first, since `take` yields to whoever holds it.
            if found.taken_by:
                await cards.release(conn, course=course, item=item, staff=found.taken_by)
            await cards.take(conn, course=course, item=item, staff=to.id, lease=ASSIGNMENT)
            await audit(conn, course, item, member, "assign")

    async def release(self, course: CourseId, item: ItemId, member: Member, reader: Language) -> bool:
        """Let go of an item; return False if the member did not hold it."""
        async with self._pool.connection() as conn:
            found = await cards.lock(conn, course=course, item=item)
            require_open(found, reader)
            released = await cards.release(conn, course=course, item=item, staff=member.id)
            if released:
                await audit(conn, course, item, member, "release")
            return released

    async def label(self, course: CourseId, item: ItemId, member: Member, label: Label, reader: Language) -> None:
        """
        Settle an item by saying how the answer was; an incorrect one is marked as under review for its reader.

        Where the answer shows words of staff, those are what is incorrect: they are no longer served to anybody, and
        are under review wherever they stand, until somebody corrects them or finds them correct after all. *Partly*
        changes nothing about them. A second look is settled by the label alone: it changes nothing that a student sees.

        Raises:
            Refused: somebody else holds it, it is settled or gone, or a second look at what they have labelled.

        """
        async with self._acting(course, item, member, reader) as (conn, found):
            if found.is_second_look:
                await second_looks.label_again(conn, found, member, label)
                return
            before = await release_of(conn, found)
            words = await verified.of_answer(conn, course=course, answer=found.answer_id)
            await put_label(conn, found, member, label)
            await settle(conn, found, member, label)
            if words and label == "I":
                await verified.doubt(conn, course=course, verified=words.id)
            elif words and label == "C":
                await verified.trust(conn, course=course, verified=words.id)
            # Most labels change nothing that anybody sees, and then no message needs an edit.
            if await release_of(conn, found) != before:
                await outdate(conn, found, words)
            await second_looks.draw(conn, found, member)

    async def look_again(
        self, course: CourseId, item: ItemId, member: Member, label: Label | None, reader: Language
    ) -> None:
        """
        Settle a second look, by a label or without one; what a student sees stays as it is.

        Nothing is done where it is an ordinary card by now: whoever called would be passed over unseen.

        Raises:
            Refused: as with `label`.

        """
        async with self._acting(course, item, member, reader) as (conn, found):
            if found.is_second_look and label:
                await second_looks.label_again(conn, found, member, label)
            elif found.is_second_look:
                await settle(conn, found, member, "dismissed")

    async def dismiss(self, course: CourseId, item: ItemId, member: Member, reader: Language) -> None:
        """
        Settle an item without a word on the answer.

        Raises:
            Refused: somebody else holds it, or it is settled or gone.

        """
        async with self._acting(course, item, member, reader) as (conn, found):
            await settle(conn, found, member, "dismissed")

    async def decide(self, course: CourseId, item: ItemId, member: Member, *, approved: bool, reader: Language) -> None:
        """
        Let an answer that waits for approval reach its student, as one that staff have verified, or not.

        Raises:
            Refused: somebody else holds the item, or it is settled or gone.

        """
        card = await self.card(course, item)
        if card is None:
            raise Refused(i18n.text("review.gone", reader))
        shown = card.reply
        async with self._acting(course, item, member, reader) as (conn, found):
            before = await verified.of_answer(conn, course=course, answer=found.answer_id)
            await answers.hold(conn, course=course, answer=found.answer_id, held="approved" if approved else "rejected")
            if approved and shown.answer.outcome == "answered":
                await verify(conn, found, member, Cited(text=shown.answer.text, references=shown.references), None)
            await settle(conn, found, member, "approved" if approved else "rejected")
            await outdate(conn, found, before)

    async def correct(
        self,
        course: CourseId,
        item: ItemId,
        member: Member,
        *,
        text: str,
        label: Label,
        opened: str,
        reader: Language,
    ) -> None:
        """
        Store the words of staff in place of an answer, and settle its item.

        *opened* is `state` as it was when the form was opened: who decided meanwhile is not overruled unseen. The same
        words sent twice are one correction.

        Raises:
            Refused: a mark points at nothing, the form is empty, or the item was settled, corrected or taken meanwhile.

        """
        card = await self.card(course, item)
        if card is None:
            raise Refused(i18n.text("review.gone", reader))
        text = storable(text)  # a refusal gives it back
        cited = read_correction(text, card, reader)
        async with self._pool.connection() as conn:
            found = await cards.lock(conn, course=course, item=item)
            if found is None:
                raise Refused(i18n.text("review.gone", reader))
            before = await verified.of_answer(conn, course=course, answer=found.answer_id)
            if found.settled_at is not None and before and before.text == cited.text:
                return  # the form was sent twice
            # A settled item is nobody's: to correct it anew needs no hold on it.
            if found.settled_at is None:
                require_free(found, member, reader)
            if opened != state(found, before):
                raise Refused(i18n.text("review.changed", reader, text=text[:1_500]))
            said_before = await recorded(conn, before) if before else {"text": card.reply.answer.text}
            await verify(conn, found, member, cited, before)
            await put_label(conn, found, member, label)
            if card.reply.answer.held != "no":
                await answers.hold(conn, course=course, answer=found.answer_id, held="approved")
            await audit(
                conn,
                course,
                item,
                member,
                "edit",
                before=said_before,
                after={"text": cited.text, "references": [reference.url for reference in cited.references]},
                answer=found.answer_id,
            )
            await cards.settle(conn, course=course, item=item, verdict="edited", settled_by=member.key)
            await second_looks.take_back(conn, course, found.answer_id)
            await outdate(conn, found, before)

    async def opinion(self, course: CourseId, item: ItemId, member: Member, reader: Language) -> CardOpinion:
        """
        Show what the judge said, and remember that the member has seen it: their label is no longer blind.

        Raises:
            Refused: the answer is gone.

        """
        async with self._pool.connection() as conn:
            found = await cards.by_id(conn, course=course, item=item)
            if found is None:
                raise Refused(i18n.text("review.gone", reader))
            # Noted before it is shown: a label that follows is not blind, even where this reply is lost.
            await cards.see_judge(conn, course=course, answer=found.answer_id, annotator_key=member.key)
            latest = {
                kind: await judgements.latest(conn, course=course, answer=found.answer_id, kind=kind)
                for kind in get_args(JudgedFor)
            }
            support = latest["support"]
            rows = await judgements.references(conn, course=course, judgement=support.id) if support else []
            second = await second_opinions.standing(conn, course=course, answer=found.answer_id)
        return CardOpinion(
            relevance=latest["relevance"],
            support=tuple(rows),
            abstention=latest["abstention"],
            second=second,
            context=latest["context"],
        )

    # Lists

    async def next(self, course: Course, member: Member) -> ItemId | None:
        """Return the free item that needs somebody most."""
        found = await self._listed(course, reason=None, free_for=member, most=1)
        return found[0].id if found else None

    async def open(self, course: Course, *, reason: str | None = None) -> list[ListedItem]:
        """Return what is open, the greatest need first."""
        return await self._listed(course, reason=reason, free_for=None, most=MOST_LISTED)

    async def standing(self, course: Course) -> Standing:
        async with self._pool.connection() as conn:
            return Standing(
                whole=await cards.stats(conn, course=course.id),
                by_reason=await cards.stats_by_reason(conn, course=course.id),
            )

    async def _listed(
        self, course: Course, *, reason: str | None, free_for: Member | None, most: int
    ) -> list[ListedItem]:
        async with self._pool.connection() as conn:
            return await cards.listed(
                conn,
                course=course.id,
                reason=reason,
                only_free_for=free_for and free_for.id,
                not_labelled_by=free_for and free_for.key,
                most=most,
            )

    @asynccontextmanager
    async def _acting(
        self, course: CourseId, item: ItemId, member: Member, reader: Language
    ) -> AsyncGenerator[tuple[AsyncConnection, ReviewItem], None]:
        """Be alone with an open item that nobody else holds, and that is the member's to settle."""
        async with self._pool.connection() as conn:
            found = require_open(await cards.lock(conn, course=course, item=item), reader)
            await second_looks.require_another(conn, found, member.key, second_looks.yours(reader))
            yield conn, require_free(found, member, reader)
