"""Students who ask, vote and complain in courses of two servers, and where a word of theirs still stands."""

from dataclasses import dataclass
from itertools import count
from typing import Any, LiteralString

from psycopg import sql
from psycopg.rows import scalar_row
from psycopg_pool import AsyncConnectionPool

from db.records import Course, Destination, QuestionId
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.replies import Reply
from services.answering.showings import Showings
from services.courses.people import People
from services.courses.privacy import Privacy
from services.models.chat import ChatModel
from services.reviewing.annotate import Annotate
from tests.services.conftest import Desk, replied

HERE, ELSEWHERE = 810000000000000001, 810000000000000002
ROOM = 820000000000000001
ANA, BIA = 830000000000000001, 830000000000000002
QUESTION = "Por que o gradiente encolhe nas redes recorrentes?"


@dataclass
class Class:
    """A course of a server with one lecture, and another server's course."""

    desk: Desk
    other: Course
    people: People
    privacy: Privacy
    annotate: Annotate
    ids: "count[int]"

    @property
    def pool(self) -> AsyncConnectionPool:
        return self.desk.pool

    @property
    def course(self) -> Course:
        return self.desk.course

    async def ask(
        self,
        person: int,
        text: str = QUESTION,
        *,
        course: Course | None = None,
        follows: QuestionId | None = None,
        model: ChatModel | None = None,
        guild: int | None = HERE,
    ) -> Reply:
        """Ask in a channel, and let the answer arrive there."""
        where = course or self.course
        asking, answering = next(self.ids), next(self.ids)
        destination = Destination(
            guild_id=guild, channel_id=ROOM, message_id=asking, token=None, is_private=False, language="pt-BR"
        )
        asked = Asked(
            course=where,
            text=text,
            source="discord",
            source_id=f"message:{asking}",
            asker_key=await self.people.key(where, person),
            destination=destination,
            follows=follows,
        )
        reply = await replied(Asker(self.pool, self.desk.retriever, model).ask(asked))
        assert reply.showing is not None
        await Showings(self.pool).sent(reply.showing, 0, answering)
        await Showings(self.pool).arrived(reply.showing, count=1, shows_question=False)
        return reply

    async def complain(self, person: int, reply: Reply, comment: str) -> None:
        key = await self.people.key(self.course, person)
        await self.annotate.explain(self.course, reply.answer.id, key, reason="wrong", comment=comment)

    async def column(self, query: LiteralString) -> list[Any]:
        async with self.pool.connection() as conn, conn.cursor(row_factory=scalar_row) as cur:
            return await (await cur.execute(query)).fetchall()


async def holding(pool: AsyncConnectionPool, *words: str) -> set[str]:
    """Every column of every table that holds one of *words*, as "table.column"."""
    found: set[str] = set()
    async with pool.connection() as conn:
        columns = await conn.execute(
            """
            select c.table_name, c.column_name from information_schema.columns c
            join information_schema.tables t using (table_schema, table_name)
            where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
            """
        )
        for table, column in await columns.fetchall():
            query = sql.SQL("select 1 from {} where {}::text like any(%s) limit 1").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            if await (await conn.execute(query, [[f"%{word}%" for word in words]])).fetchone():
                found.add(f"{table}.{column}")
    return found
