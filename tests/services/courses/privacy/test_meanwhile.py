"""What is being written, stored or sent while a person's data are deleted does not come back."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest
from psycopg import AsyncConnection

from db import annotations, answers, cards, pairs, questions, reviews, showings, verified, watermarks
from db.records import CourseId, VerifiedId
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.asked_before import Finder, VerifiedAnswers
from services.answering.deliveries import Deliveries
from services.answering.replies import Reply
from services.answering.showings import Showings
from services.errors import Unavailable
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from services.reviewing.pairs import Pairs
from tests.fake_model import fake_model, says
from tests.locks import blocked
from tests.pairs import kept, pair
from tests.services.conftest import replied
from tests.services.courses.privacy.students import ANA, BIA, HERE, QUESTION, ROOM, Class, holding


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
    places = Showings(course.pool)
    assert reply.showing is not None
    await course.privacy.forget(ANA, HERE)

    await places.claim(reply.showing, 2)
    await places.claim_further(reply.showing, [2])

    assert not any([await places.sent(reply.showing, number, 850000000000000001) for number in range(3)])


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


async def put(conn: AsyncConnection, course: CourseId, reply: Reply, text: str) -> VerifiedId:
    """Let a reply be answered in words of staff."""
    return await verified.put(
        conn,
        course=course,
        answer=reply.answer.id,
        question=reply.question,
        language="pt",
        text=text,
        verified_by="tia",
    )


async def test_where_kept_words_are_taken_back_staff_may_settle_at_the_same_time(course: Class) -> None:
    reply = await course.ask(BIA)
    here, answer = course.course.id, reply.answer.id
    async with course.pool.connection() as conn:
        await conn.execute("update answers set model = 'verified'")
        stored = await put(conn, here, reply, "Disse Ana.")
        await conn.execute(
            """
            insert into kept_messages
                (verified_id, course_id, guild_id, channel_id, message_id, text_sha256, author_key)
            values (%s, %s, 1, 2, 3, 'x', %s)
            """,
            [stored, here, await course.people.key(course.course, ANA)],
        )
    async with course.pool.connection() as conn:
        await answers.lock(conn, course=here, answer=answer)
        deleting = asyncio.create_task(course.privacy.forget(ANA, HERE))
        await blocked(course.pool, "select from answers")
        await showings.outdate(conn, course=here, answer=answer)
    await deleting

    assert await holding(course.pool, "Disse Ana.") == set()


async def test_words_are_retired_after_whoever_holds_their_answer(course: Class) -> None:
    reply = await course.ask(ANA)
    here, answer = course.course.id, reply.answer.id
    async with course.pool.connection() as conn:
        stored = await put(conn, here, reply, "Encolhe.")
    async with course.pool.connection() as conn:
        await conn.execute("select from answers where id = %s for update", [answer])
        retiring = asyncio.create_task(VerifiedAnswers(course.pool).retire(course.course, stored, "tia"))
        await blocked(course.pool, "select from answers")
        await verified.doubt(conn, course=here, verified=stored)

    assert await retiring is not None


async def test_an_answer_in_words_of_staff_is_stored_after_its_question_is_locked(course: Class) -> None:
    """Else whoever deletes both, the question and the one that the words were written for, could wait for it."""
    reply = await course.ask(ANA)
    async with course.pool.connection() as conn:
        await verified.put(
            conn,
            course=course.course.id,
            answer=reply.answer.id,
            question=reply.question,
            language="pt",
            text="Encolhe.",
            verified_by="tia",
        )
    asker = Asker(course.pool, course.desk.retriever, None, finder=Finder(course.pool, None))
    asked = Asked(course=course.course, text=QUESTION, source="test")
    async with course.pool.connection() as conn:
        await conn.execute("select from verified_answers for update")
        asking = asyncio.create_task(replied(asker.ask(asked)))
        await blocked(course.pool, "select from verified_answers")
        free = await course.column("select id from questions order by id for update skip locked")
    same = await asking

    assert free == [reply.answer.question_id]
    assert same.answer.model == "verified"


async def test_watermarks_are_raised_in_one_order(course: Class) -> None:
    async with course.pool.connection() as conn:
        await watermarks.raise_to(conn, {1: 1, 2: 1})
    async with course.pool.connection() as conn:
        await watermarks.raise_to(conn, {1: 2})

        async def raised() -> None:
            async with course.pool.connection() as other:
                await watermarks.raise_to(other, {2: 3, 1: 3})

        raising = asyncio.create_task(raised())
        await blocked(course.pool, "insert into watermarks")
        await watermarks.raise_to(conn, {2: 2})
    await raising

    assert await course.column("select message_id from watermarks order by 1") == [3, 3]


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
