import asyncio
import gzip
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from typing import Any, LiteralString

import pytest
from psycopg import AsyncConnection, sql
from psycopg.rows import scalar_row
from psycopg_pool import AsyncConnectionPool

from db import annotations, answers, cards, pairs, questions, reviews, showings
from db.records import Course, Destination, Label, QuestionId
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.deliveries import Deliveries
from services.answering.replies import Reply
from services.answering.showings import Showings
from services.courses import privacy
from services.courses.courses import Courses
from services.courses.people import People
from services.courses.places import Spaces
from services.courses.privacy import Forgotten, Privacy, packed
from services.errors import Unavailable
from services.ground.text import clean
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from services.reviewing.annotate import Annotate
from services.reviewing.pairs import Pairs
from tests.fake_model import fake_model, says
from tests.locks import blocked
from tests.pairs import kept, pair
from tests.services.conftest import Desk

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
        reply = await last(Asker(self.pool, self.desk.retriever, model).ask(asked))
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


async def last(parts: AsyncGenerator[Any, None]) -> Reply:
    async with aclosing(parts):
        reply = [part async for part in parts][-1]
    assert isinstance(reply, Reply)
    return reply


@pytest.fixture
async def course(desk: Desk) -> Class:
    desk.write("aula", "O gradiente encolhe nas redes recorrentes.", "A LSTM guarda uma memória.")
    await desk.take_in()
    other = await Courses(desk.pool).create(slug="optica", title="Óptica", language="pt-BR")
    spaces, people = Spaces(desk.pool), People(desk.pool)
    await spaces.adopt(desk.course, HERE, "en")
    await spaces.adopt(other, ELSEWHERE, "en")
    return Class(
        desk=desk,
        other=other,
        people=people,
        privacy=Privacy(desk.pool, people),
        annotate=Annotate(desk.pool),
        ids=count(840000000000000000),
    )


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


async def test_a_list_that_follows_up_keeps_no_words_of_the_question_before(course: Class) -> None:
    first = await course.ask(ANA, "por que encolhe o gradiente?")
    second = await course.ask(BIA, "em quais aulas ele falou disso?", follows=first.answer.question_id)
    await course.privacy.forget(ANA, HERE)

    assert second.answer.intent == "list"
    assert await holding(course.pool, "encolhe gradiente") == set()


async def test_each_person_sees_what_is_stored_about_them_alone(course: Class) -> None:
    first = await course.ask(ANA)
    await course.ask(ANA)
    await course.ask(BIA)
    await course.complain(BIA, first, "não ajudou")

    ana, bia = [await course.privacy.stored(who, HERE) for who in (ANA, BIA)]

    assert [(one.questions, one.votes, one.comments) for one in ana.courses] == [(2, 0, 0)]
    assert [(one.questions, one.votes, one.comments) for one in bia.courses] == [(1, 1, 1)]
    assert [one.course for one in ana.courses] == [course.course]


async def test_who_has_only_voted_is_told_since_when(course: Class) -> None:
    await course.complain(BIA, await course.ask(ANA), "não ajudou")

    stored = await course.privacy.stored(BIA, HERE)

    assert [one.since for one in stored.courses] == await course.column("select created_at from annotations")


async def test_the_export_holds_all_rows_of_the_person_and_of_nobody_else(course: Class) -> None:
    hers = await course.ask(BIA, "O que a LSTM guarda? segredo-de-bia")
    mine = await course.ask(ANA, follows=hers.answer.question_id)
    await course.complain(ANA, hers, "faltou a célula")
    await course.annotate.vote(course.course, mine.answer.id, await course.people.key(course.course, ANA), "up")
    await course.complain(BIA, mine, "comentário-de-bia")
    await course.people.choose_direct_course(ANA, course.course.id)

    document = await course.privacy.document(ANA, HERE)

    (told,) = document["courses"]
    (question,) = told["questions"]
    assert document["direct_course"] == told["course"] == "redes"
    assert question["text"] == QUESTION
    assert question["follows"] == hers.answer.question_id
    assert question["private"] is False
    assert question["answer"]["text"] == mine.answer.text
    assert [one["quote"] for one in question["answer"]["references"]] == [one.quote for one in mine.references]
    assert [(one["label"], one["reason"], one["comment"], one["on_own_question"]) for one in told["votes"]] == [
        ("I", "wrong", "faltou a célula", False),
        ("C", None, None, True),
    ]
    assert "de-bia" not in json.dumps(document)


async def test_the_export_has_no_id_of_discord_and_no_key(course: Class) -> None:
    await course.ask(ANA)

    document = await course.privacy.document(ANA, HERE)

    written = packed(document).content.decode()
    ids = [str(one) for one in (ANA, HERE, ROOM, 840000000000000000, 840000000000000001)]
    assert [one for one in ids if one in written] == []
    assert await course.people.key(course.course, ANA) not in written


async def test_a_question_without_an_answer_is_exported_too(course: Class) -> None:
    await course.ask(ANA)
    async with course.pool.connection() as conn:
        await conn.execute("delete from answers")

    document = await course.privacy.document(ANA, HERE)

    assert [one["answer"] for one in document["courses"][0]["questions"]] == [None]


async def test_after_the_deletion_no_table_holds_anything_of_the_person(course: Class) -> None:
    mine = await course.ask(ANA, "Por que o gradiente encolhe? palavra-de-ana")
    hers = await course.ask(BIA)
    await course.complain(ANA, hers, "comentário-de-ana")
    await course.complain(ANA, mine, "comentário-de-ana")
    await course.annotate.call_staff(course.course, mine.answer.id)
    await course.people.choose_direct_course(ANA, course.course.id)
    key, direct = await course.people.key(course.course, ANA), await course.people.direct_key(ANA)
    await _label(course, hers, key, "P")
    traces = [key, direct, str(ANA), "de-ana"]
    assert await holding(course.pool, *traces) == {
        "annotations.annotator_key",
        "annotations.comment",
        "direct_courses.person_key",
        "questions.asker_key",
        "questions.text",
    }

    await course.privacy.forget(ANA, HERE)

    assert await holding(course.pool, *traces) == set()
    assert (await course.privacy.stored(ANA, None)).is_nothing
    for table in ("answers", "answer_hits", "answer_references", "annotations", "review_items"):
        ids = sql.SQL("select {} from {}").format(
            sql.Identifier("id" if table == "answers" else "answer_id"), sql.Identifier(table)
        )
        async with course.pool.connection() as conn:
            assert (mine.answer.id,) not in await (await conn.execute(ids)).fetchall(), table


async def _label(course: Class, reply: Reply, key: str, label: Label) -> None:
    """Make what the person said of an answer the word of staff."""
    async with course.pool.connection() as conn:
        await conn.execute(
            "update annotations set role = 'staff', label = %s where annotator_key = %s and answer_id = %s",
            [label, key, reply.answer.id],
        )


async def test_every_column_that_can_hold_a_key_is_one_that_the_deletion_knows(course: Class) -> None:
    columns = await course.column(
        """
        select c.table_name || '.' || c.column_name from information_schema.columns c
        join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.data_type = 'text'
            and c.column_name ~ '(_|^)key$'
        """
    )

    assert set(columns) == {
        "questions.asker_key",
        "annotations.annotator_key",
        "direct_courses.person_key",
        "judge_views.annotator_key",
        "pair_choices.chooser_key",
        "keep_drafts.author_key",
        "kept_messages.author_key",  # of a student; staff leave none
        "staff_actions.actor_key",  # stays: what somebody did as staff is the course's record, not the person's data
    }


async def test_what_others_asked_and_said_stays(course: Class) -> None:
    mine = await course.ask(ANA)
    hers = await course.ask(BIA, "E o que a LSTM guarda?", follows=mine.answer.question_id)
    await course.complain(BIA, mine, "sobre a resposta de Ana")
    await course.complain(BIA, hers, "sobre a minha")
    before = await course.privacy.document(BIA, HERE)
    assert "encolhe" in before["courses"][0]["questions"][0]["understood_as"]  # Ana's words

    await course.privacy.forget(ANA, HERE)

    after = await course.privacy.document(BIA, HERE)
    (question,) = after["courses"][0]["questions"]
    assert question == before["courses"][0]["questions"][0] | {"follows": None, "understood_as": None}
    assert [one["comment"] for one in after["courses"][0]["votes"]] == ["sobre a minha"]
    again = await course.ask(BIA, "e depois?", follows=hers.answer.question_id)
    assert again.answer.outcome != "failed"


async def test_answers_that_were_compared_go_with_the_words_of_their_question(course: Class) -> None:
    """As `eval --pairs --keep` keeps them: on one line, in the words that were sent, or as they were understood."""
    mine = await course.ask(ANA, "Por que o gradiente encolhe\nnas redes  recorrentes?")
    hers = await course.ask(BIA, "E o que a LSTM guarda?", follows=mine.answer.question_id)
    document = await course.privacy.document(BIA, HERE)
    understood = document["courses"][0]["questions"][0]["understood_as"]
    await kept(course.pool, course.course, pair(QUESTION), pair(clean(understood)), pair("E o que a LSTM guarda?"))
    assert await course.column("select question_id from answer_pairs order by id") == [
        mine.answer.question_id,
        hers.answer.question_id,
        hers.answer.question_id,
    ]

    await course.privacy.forget(ANA, HERE)

    assert await course.column("select question from answer_pairs") == ["E o que a LSTM guarda?"]


async def test_what_was_deleted_is_counted_and_a_second_time_there_is_nothing(course: Class) -> None:
    mine = await course.ask(ANA)
    await course.complain(ANA, mine, "não")
    await course.complain(ANA, await course.ask(BIA), "não")

    first, second = [await course.privacy.forget(ANA, HERE) for _ in range(2)]

    assert (first.questions, first.votes) == (1, 2)
    assert [(one.guild_id, one.channel_id, one.message_id) for one in first.messages] == [
        (HERE, ROOM, 840000000000000001)
    ]
    assert second == Forgotten(questions=0, votes=0, messages=())


async def test_what_somebody_chose_as_staff_is_shown_handed_over_and_goes(course: Class) -> None:
    await kept(course.pool, course.course, pair(), pair("2?"))
    shown_pairs = Pairs(course.pool)
    keys = {who: await course.people.key(course.course, who) for who in (ANA, BIA)}
    for key in keys.values():
        shown = await shown_pairs.next(course.course.id, key)
        assert shown
        await shown_pairs.choose(course.course.id, shown.id, key, "b", "en")
    await shown_pairs.next(course.course.id, keys[ANA])

    stored = await course.privacy.stored(ANA, HERE)
    document = await course.privacy.document(ANA, HERE)
    forgotten = await course.privacy.forget(ANA, HERE)

    # What was only shown is stored, and no choice.
    assert [(one.questions, one.votes, one.choices) for one in stored.courses] == [(0, 0, 1)]
    assert [one["chosen"] for one in document["courses"][0]["choices"]] == ["B", None]
    assert "first" not in json.dumps(document)
    assert forgotten == Forgotten(questions=0, votes=0, choices=1, messages=())
    assert await course.column("select chooser_key from pair_choices") == [keys[BIA]]
    assert await course.column("select count(*) from answer_pairs") == [2]


async def test_a_pair_that_was_only_shown_is_stored_and_no_choice(course: Class) -> None:
    await kept(course.pool, course.course, pair())
    await Pairs(course.pool).next(course.course.id, await course.people.key(course.course, ANA))

    stored = await course.privacy.stored(ANA, HERE)
    forgotten = await course.privacy.forget(ANA, HERE)

    assert [one.choices for one in stored.courses] == [0]
    assert forgotten.choices == 0
    assert await course.column("select count(*) from pair_choices") == [0]


async def test_an_answer_that_nobody_else_votes_down_leaves_the_queue(course: Class) -> None:
    by_ana, by_both = await course.ask(BIA), await course.ask(BIA)
    await course.complain(ANA, by_ana, "não")
    await course.complain(ANA, by_both, "não")
    await course.complain(BIA, by_both, "não")

    await course.privacy.forget(ANA, HERE)

    assert await course.column("select answer_id from review_items") == [by_both.answer.id]


async def test_an_answer_that_staff_have_settled_is_not_queued_again(course: Class) -> None:
    reply = await course.ask(BIA)
    await course.complain(ANA, reply, "não")
    await course.complain(BIA, reply, "não")
    async with course.pool.connection() as conn:
        await conn.execute("update review_items set settled_at = now(), verdict = 'dismissed'")

    await course.privacy.forget(ANA, HERE)

    assert await course.column("select settled_at is not null from review_items") == [True]


async def test_a_deletion_in_one_server_leaves_the_courses_of_others(course: Class) -> None:
    await course.ask(ANA)
    await course.ask(ANA, course=course.other, guild=ELSEWHERE)
    await course.people.choose_direct_course(ANA, course.other.id)

    forgotten = await course.privacy.forget(ANA, HERE)

    stored = await course.privacy.stored(ANA, ELSEWHERE)
    assert forgotten.questions == 1
    assert [(one.course.slug, one.questions) for one in stored.courses] == [("optica", 1)]
    assert stored.direct_course == course.other


async def test_in_direct_messages_everything_goes(course: Class) -> None:
    await course.ask(ANA)
    await course.ask(ANA, course=course.other, guild=ELSEWHERE)
    await course.people.choose_direct_course(ANA, course.other.id)
    before = await course.privacy.stored(ANA, None)

    forgotten = await course.privacy.forget(ANA, None)

    assert [one.course.slug for one in before.courses] == ["optica", "redes"]
    assert forgotten.questions == 2
    assert (await course.privacy.stored(ANA, None)).is_nothing


async def test_the_choice_for_direct_messages_is_told_where_its_course_is(course: Class) -> None:
    await course.people.choose_direct_course(ANA, course.course.id)

    here, elsewhere = [await course.privacy.stored(ANA, guild) for guild in (HERE, ELSEWHERE)]

    assert here.direct_course == course.course
    assert elsewhere.is_nothing


async def test_an_answer_that_is_being_written_does_not_come_back(course: Class) -> None:
    async with (
        fake_model(says("O gradiente encolhe [1].", pause_s=0.2)) as server,
        ChatModel(LlmConfig(base_url=server.base_url, model="fake")) as model,
    ):
        asking = asyncio.create_task(course.ask(ANA, model=model))
        await server.asked.wait()
        forgotten = await course.privacy.forget(ANA, HERE)

        with pytest.raises(Unavailable, match="deleted meanwhile"):
            await asking

    assert forgotten.questions == 1
    assert await course.column("select id from questions") == await course.column("select id from answers") == []


async def test_an_answer_that_is_being_sent_is_claimed_no_further_and_is_to_be_taken_back(course: Class) -> None:
    reply = await course.ask(ANA)
    showings = Showings(course.pool)
    assert reply.showing is not None
    await course.privacy.forget(ANA, HERE)

    await showings.claim(reply.showing, 2)
    await showings.claim_further(reply.showing, [2])

    assert not any([await showings.sent(reply.showing, number, 850000000000000001) for number in range(3)])


async def test_an_answer_that_is_being_stored_is_waited_for_and_deleted(course: Class) -> None:
    await course.ask(ANA)
    async with course.pool.connection() as conn:
        await conn.execute("delete from answers")
    async with course.pool.connection() as storing:
        await storing.execute(
            """
            insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms)
            select id, course_id, 'answered', 'texto', 'lexical', 'extractive', 1 from questions
            """
        )
        deleting = asyncio.create_task(course.privacy.forget(ANA, HERE))
        await blocked(course.pool, "select from questions")
    await deleting

    assert await course.column("select id from answers") == []


async def test_a_question_that_is_being_stored_is_waited_for_and_deleted(course: Class) -> None:
    async with course.pool.connection() as storing:
        await questions.lock_counting(storing, course.course.id)
        await storing.execute(
            """
            insert into questions (course_id, text, language, source, asker_key)
            values (%s, 'texto', 'pt', 'discord', %s)
            """,
            [course.course.id, await course.people.key(course.course, ANA)],
        )
        deleting = asyncio.create_task(course.privacy.forget(ANA, HERE))
        await blocked(course.pool, "select pg_advisory_xact_lock")

    assert (await deleting).questions == 1
    assert await course.column("select id from questions") == []


async def _votes_too(conn: AsyncConnection, course: Class, reply: Reply) -> AsyncGenerator[None, None]:
    key = await course.people.key(course.course, ANA)
    await answers.lock(conn, course=course.course.id, answer=reply.answer.id)
    yield
    await annotations.put(
        conn, course=course.course.id, answer=reply.answer.id, annotator_key=key, role="student", label="I"
    )


async def _chooses_too(conn: AsyncConnection, course: Class, _: Reply) -> AsyncGenerator[None, None]:
    key = await course.people.key(course.course, ANA)
    [shown] = await course.column("select id from answer_pairs")
    assert await pairs.question(conn, course=course.course.id, pair=shown)
    yield
    await pairs.shown(conn, course=course.course.id, pair=shown, key=key, shown_first="first")
    await pairs.choose(conn, course=course.course.id, pair=shown, key=key, better="tie")


async def _settles(conn: AsyncConnection, course: Class, reply: Reply) -> AsyncGenerator[None, None]:
    await answers.lock(conn, course=course.course.id, answer=reply.answer.id)
    yield
    await showings.outdate(conn, course=course.course.id, answer=reply.answer.id)


async def _shows_elsewhere(conn: AsyncConnection, course: Class, reply: Reply) -> AsyncGenerator[None, None]:
    await conn.execute("select from answers where id = %s for share", [reply.answer.id])
    yield
    await conn.execute("select from questions where id = %s for key share", [reply.answer.question_id])


async def _calls(conn: AsyncConnection, course: Class, reply: Reply) -> AsyncGenerator[None, None]:
    await reviews.flag(conn, course=course.course.id, answer=reply.answer.id, reason="called")
    yield
    await cards.touch(conn, course=course.course.id, answer=reply.answer.id)


Meanwhile = Callable[[AsyncConnection, Class, Reply], AsyncGenerator[None, None]]


@pytest.mark.parametrize("act", [_votes_too, _chooses_too, _settles, _shows_elsewhere, _calls])
async def test_what_is_done_at_the_same_time_waits_for_the_deletion_or_it_for_that(
    course: Class, act: Meanwhile
) -> None:
    reply = await course.ask(ANA)
    await course.complain(ANA, reply, "não entendi")
    await kept(course.pool, course.course, pair(QUESTION))
    await Pairs(course.pool).next(course.course.id, await course.people.key(course.course, ANA))
    async with course.pool.connection() as conn, aclosing(act(conn, course, reply)) as parts:
        await anext(parts)
        deleting = asyncio.create_task(course.privacy.forget(ANA, HERE))
        await blocked(course.pool, "select from answer")
        assert await anext(parts, None) is None
    await deleting

    assert await holding(course.pool, QUESTION, await course.people.key(course.course, ANA)) == set()


async def test_pairs_are_kept_in_the_order_in_which_questions_go(course: Class) -> None:
    first = await course.ask(ANA)
    second = await course.ask(ANA, "O que a LSTM guarda?")
    assert first.answer.question_id < second.answer.question_id
    async with course.pool.connection() as conn:
        await conn.execute("select from questions where id = %s for update", [first.answer.question_id])
        keeping = asyncio.create_task(kept(course.pool, course.course, pair("O que a LSTM guarda?"), pair(QUESTION)))
        await blocked(course.pool, "with asked as")
        await conn.execute("select from questions where id = %s for update", [second.answer.question_id])
    await keeping

    assert await course.column("select count(*) from answer_pairs where question_id is not null") == [2]


async def test_a_channel_is_looked_through_only_after_the_questions_that_are_gone(course: Class) -> None:
    await course.ask(ANA)
    await course.ask(ANA)

    await course.privacy.forget(ANA, HERE)

    assert await Deliveries(course.pool).watermarks() == {ROOM: 840000000000000003}


async def test_the_channel_of_direct_messages_is_kept_until_its_messages_are_gone(course: Class) -> None:
    await course.ask(ANA, guild=None)

    forgotten = await course.privacy.forget(ANA, HERE)
    assert [one.channel_id for one in forgotten.messages] == [ROOM]
    for orphan in forgotten.messages:
        await Showings(course.pool).forget_orphan(orphan)

    assert await holding(course.pool, str(ROOM)) == set()


def test_a_large_export_is_compressed_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"courses": [{"questions": [{"text": "É o gradiente? " * 100}]}]}
    small = packed(document)
    monkeypatch.setattr(privacy, "LARGEST_PLAIN", len(small.content) - 1)

    large = packed(document)

    assert (small.name, small.is_compressed) == ("monitoria.json", False)
    assert (large.name, large.is_compressed) == ("monitoria.json.gz", True)
    assert gzip.decompress(large.content) == small.content
    assert json.loads(small.content) == document
    assert "É".encode() in small.content
