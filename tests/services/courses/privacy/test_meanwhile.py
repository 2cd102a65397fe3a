"""What is being written, stored or sent while a person's data are deleted does not come back."""

import asyncio

import pytest

from db import questions
from services.answering.deliveries import Deliveries
from services.answering.showings import Showings
from services.errors import Unavailable
from services.models.chat import ChatModel
from services.models.llm import LlmConfig
from tests.fake_model import fake_model, says
from tests.services.courses.privacy.students import ANA, HERE, ROOM, Class, holding

WAITING = "select query from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


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
        await _blocked(course, "delete from questions")
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
        await _blocked(course, "select pg_advisory_xact_lock")

    assert (await deleting).questions == 1
    assert await course.column("select id from questions") == []


async def _blocked(course: Class, statement: str) -> None:
    """Wait until *statement* waits for a lock."""
    async with asyncio.timeout(60):
        while not [one for one in await course.column(WAITING) if one.startswith(statement)]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


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
