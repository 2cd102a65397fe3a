"""A course with one lecture whose answers staff label, correct, approve and retire."""

from dataclasses import dataclass
from typing import Any

from db import reviews
from db.records import AnswerId, Destination, ItemId, Label, Outcome
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.asked_before import VerifiedAnswers
from services.answering.replies import Reply
from services.courses.places import Spaces
from services.reviewing.flagged import Member, state
from services.reviewing.review import Review
from tests.services.conftest import Desk, replied

QUESTION = "Por que o gradiente encolhe nas redes recorrentes?"
WORDS = "O gradiente é multiplicado a cada passo [1]."
BIA = Member(id=7, key="bia")


@dataclass
class Staffed:
    """A course with one lecture, its asker and its staff."""

    desk: Desk
    asker: Asker
    review: Review
    ids: int = 840000000000000000

    async def ask(self, text: str = QUESTION) -> Reply:
        self.ids += 1
        to = Destination(guild_id=1, channel_id=2, message_id=self.ids, token=None, is_private=False, language="pt-BR")
        asked = Asked(
            course=self.desk.course, text=text, source="discord", source_id=f"message:{self.ids}", destination=to
        )
        return await replied(self.asker.ask(asked))

    async def flagged(self, answer: AnswerId) -> ItemId:
        course = self.desk.course.id
        async with self.desk.pool.connection() as conn:
            await reviews.flag(conn, course=course, answer=answer, reason="called")
            found = await conn.execute("select max(id) from review_items where answer_id = %s", [answer])
            row = await found.fetchone()
        assert row is not None
        return ItemId(row[0])

    async def label(self, answer: AnswerId, label: Label) -> None:
        await self.review.label(self.desk.course.id, await self.flagged(answer), BIA, label, "en")

    async def dismiss(self, answer: AnswerId) -> None:
        await self.review.dismiss(self.desk.course.id, await self.flagged(answer), BIA, "en")

    async def correct(self, answer: AnswerId, text: str = WORDS) -> None:
        item = await self.flagged(answer)
        card = await self.review.card(self.desk.course.id, item)
        assert card is not None
        opened = state(card.item, card.verified)
        await self.review.correct(self.desk.course.id, item, BIA, text=text, label="I", opened=opened, reader="en")

    async def decide(self, answer: AnswerId, *, approved: bool) -> None:
        item = await self.flagged(answer)
        await self.review.decide(self.desk.course.id, item, BIA, approved=approved, reader="en")

    async def retire(self) -> None:
        [number] = await self.column("select id from verified_answers")
        assert await VerifiedAnswers(self.desk.pool).retire(self.desk.course, number, BIA.key)

    async def hold(self, *outcomes: Outcome) -> None:
        await Spaces(self.desk.pool).change(self.desk.course, holds=outcomes)

    async def now(self, answer: AnswerId) -> Reply:
        recalled = await self.asker.recall(self.desk.course.id, answer)
        assert recalled is not None
        return recalled[1]

    async def column(self, query: str) -> list[Any]:
        async with self.desk.pool.connection() as conn:
            return [row[0] for row in await (await conn.execute(query.encode())).fetchall()]


def kind(reply: Reply) -> str | None:
    return reply.mark.kind if reply.mark else None
