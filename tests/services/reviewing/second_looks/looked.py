"""A course with two members of staff, of whom the second labels what the first has labelled."""

from dataclasses import replace
from typing import Any, get_args

from db import judge_settings
from db.records import AnswerId, ItemId, JudgeSettings, Label
from services.reviewing.annotate import Annotate
from services.reviewing.flagged import Card, Member
from services.reviewing.second_looks import SecondLooks
from tests.services.reviewing.staffed import BIA, QUESTION, Staffed

CAIO = Member(id=8, key="caio")
LABELS: tuple[Label, ...] = get_args(Label)
EVERY = JudgeSettings(second_share=1.0)
OTHERS = ["O que a LSTM guarda?", "Para que serve a memória?", "O que encolhe?", "Onde o gradiente some?"]


class Pair(Staffed):
    """A course with two members of staff who label."""

    async def wants(self, share: float) -> None:
        async with self.desk.pool.connection() as conn:
            await judge_settings.add(conn, self.desk.course.id, replace(EVERY, second_share=share))

    async def tend(self) -> None:
        await SecondLooks(self.desk.pool).tend()

    async def labelled(self, who: Member, label: Label, *, question: str) -> AnswerId:
        """An answer that one of staff has labelled on an ordinary card."""
        answer = (await self.ask(question)).answer.id
        await self.review.label(self.desk.course.id, await self.flagged(answer), who, label, "en")
        return answer

    async def drawn(self, label: Label = "C") -> AnswerId:
        """An answer that Bia has labelled, in a course where Caio labels too."""
        await self.wants(0)
        await self.labelled(CAIO, "C", question="Quem foi Ada Lovelace?")
        await self.wants(1)
        return await self.labelled(BIA, label, question=QUESTION)

    async def opened(self, label: Label = "C") -> tuple[AnswerId, ItemId]:
        """The same with its card open for Caio."""
        answer = await self.drawn(label)
        await self.rest()
        await self.tend()
        [item] = await self.column("select id from review_items where settled_at is null")
        return answer, item

    async def rest(self) -> None:
        await self.change("update second_looks set drawn_at = drawn_at - interval '1 hour'")

    async def change(self, statement: str, *parameters: object) -> None:
        async with self.desk.pool.connection() as conn:
            await conn.execute(statement.encode(), parameters)

    async def values(self, query: str, *parameters: object) -> list[Any]:
        async with self.desk.pool.connection() as conn:
            return [row[0] for row in await (await conn.execute(query.encode(), parameters)).fetchall()]

    async def press(self, who: Member, item: ItemId, label: Label) -> None:
        await self.review.label(self.desk.course.id, item, who, label, "en")

    async def card(self, item: ItemId) -> Card:
        card = await self.review.card(self.desk.course.id, item)
        assert card is not None
        return card

    async def downvoted(self, answer: AnswerId) -> None:
        await Annotate(self.desk.pool).toggle(self.desk.course, answer, "ana", "down")
