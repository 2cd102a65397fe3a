"""What becomes of a question before it is answered: stored once, or refused."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from services.answering.asked import cleaned
from services.answering.drafts import Draft, preview
from services.answering.receiving import InProgress
from services.answering.replies import Reply
from services.courses.courses import Courses
from services.errors import Broken, Refused, Unavailable
from tests.fake_model import drips, hangs
from tests.services.answering.room import WORD_OF_PROOF, Room, answered, model_that, only


class TestReceiving:
    async def test_a_redelivered_question_gets_the_stored_reply(self, room: Room) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, server):
            _, first = await answered(room.asker(model), room.asked(source_id="42"))
            calls = len(server.requests)
            drafts, again = await answered(room.asker(model), room.asked(source_id="42"))

        assert drafts == []
        assert again == first
        assert len(server.requests) == calls
        assert await room.count("questions") == await room.count("answers") == 1

    async def test_a_question_being_answered_is_not_answered_twice(self, room: Room) -> None:
        async with model_that(hangs()) as (model, server):
            running = asyncio.create_task(answered(room.asker(model), room.asked(source_id="42")))
            await server.asked.wait()

            with pytest.raises(InProgress):
                await answered(room.asker(model), room.asked(source_id="42"))
            running.cancel()

    async def test_a_question_whose_answerer_died_is_answered_on_redelivery(self, room: Room) -> None:
        async with model_that(hangs()) as (model, server):
            running = asyncio.create_task(answered(room.asker(model), room.asked(source_id="42")))
            await server.asked.wait()
            running.cancel()
            await asyncio.wait([running])
        async with room.pool.connection() as conn:
            await conn.execute("update questions set leased_until = now()")

        _, reply = await answered(room.asker(), room.asked(source_id="42"))

        assert reply.answer.outcome == "answered"
        assert await room.count("questions") == 1

    async def test_the_first_of_two_answers_counts(self, room: Room) -> None:
        async with (
            model_that(only(WORD_OF_PROOF)) as (model, _),
            aclosing(room.asker(model).ask(room.asked())) as parts,
        ):
            await anext(parts)
            async with room.pool.connection() as conn:
                await conn.execute(
                    "insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms) "
                    "select id, course_id, 'no_material', 'primeira', 'lexical', 'x', 1 from questions"
                )
            replies_ = [part async for part in parts if isinstance(part, Reply)]

        assert [reply.answer.text for reply in replies_] == ["primeira"]
        assert await room.count("answer_hits") == 0

    async def test_leaving_early_stores_no_answer(self, room: Room) -> None:
        async with model_that(drips(WORD_OF_PROOF, every_s=0.05)) as (model, _):
            async with aclosing(room.asker(model, limit_s=30.0).ask(room.asked())) as parts:
                assert isinstance(await anext(parts), Draft)

            assert await room.count("questions") == 1
            assert await room.count("answers") == await room.count("answer_hits") == 0

    async def test_a_draft_is_cleaned_when_somebody_looks_at_it_and_not_before(self, room: Room) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, _):
            parts = [part async for part in room.asker(model).ask(room.asked())]
        drafts = [part for part in parts if isinstance(part, Draft)]

        assert len(drafts) > 5
        assert not any("text" in vars(looked_at) for draft in drafts for looked_at in (draft, draft.written))
        assert drafts[-1].text == preview(WORD_OF_PROOF)
        assert "text" in vars(drafts[-1])

    async def test_who_has_the_reply_lets_go_of_nothing(self, room: Room) -> None:
        async with (
            model_that(only(WORD_OF_PROOF)) as (model, _),
            aclosing(room.asker(model).ask(room.asked())) as parts,
        ):
            async for part in parts:
                if isinstance(part, Reply):
                    break

        async with room.pool.connection() as conn:
            held = await (await conn.execute("select leased_until > now() from questions")).fetchone()
        assert held == (True,)

    async def test_a_cancelled_task_stores_no_answer(self, room: Room) -> None:
        async with model_that(hangs()) as (model, server):
            running = asyncio.create_task(answered(room.asker(model), room.asked()))
            await server.asked.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

        assert await room.count("answers") == 0

    async def test_an_answer_is_stored_whole_or_not_at_all(self, room: Room) -> None:
        async with room.pool.connection() as conn:
            await conn.execute("alter table answer_references add check (quote = '')")

        with pytest.raises(Unavailable):
            await answered(room.asker(), room.asked())

        assert await room.count("answers") == await room.count("answer_hits") == 0

    async def test_a_database_that_is_gone_is_said_so(self, room: Room) -> None:
        await room.pool.close()

        with pytest.raises(Unavailable, match="database does not answer"):
            await answered(room.asker(), room.asked())

    async def test_a_database_that_hangs_is_given_up_in_time(self, room: Room) -> None:
        async with room.pool.connection() as conn:
            await conn.execute("lock table questions in access exclusive mode")

            async with asyncio.timeout(60):  # the lock is held for ever
                with pytest.raises(Unavailable):
                    await answered(room.asker(limit_s=0.3), room.asked())

    async def test_the_id_of_another_course_is_our_mistake(self, room: Room) -> None:
        await answered(room.asker(), room.asked(source_id="42"))
        other = await Courses(room.pool).create(slug="outro", title="Outro", language="pt-BR")

        with pytest.raises(Broken):
            await answered(room.asker(), replace(room.asked(source_id="42"), course=other))

    @pytest.mark.parametrize("text", ["", " \n\t", "\0\u202e\ufeff\ud800"])
    async def test_an_empty_question_is_refused_and_not_stored(self, room: Room, text: str) -> None:
        with pytest.raises(Refused, match="A pergunta está vazia"):
            await answered(room.asker(), room.asked(text))

        assert await room.count("questions") == 0

    async def test_a_long_question_is_refused_with_its_length(self, room: Room) -> None:
        with pytest.raises(Refused, match="1501 caracteres e o limite é 1500"):
            await answered(room.asker(), room.asked("a" * 1501))

        assert (await answered(room.asker(), room.asked("a" * 1500)))[1].answer.outcome == "no_material"


def test_a_question_is_cleaned_of_what_nobody_sees() -> None:
    assert cleaned("  Por  que\to\0 gradiente\u202e\nsome\ud83d?\u200b ", "pt-BR") == "Por que o gradiente\nsome?"
    assert cleaned("regulariza\u0063\u0327\u0061\u0303o", "pt-BR") == "regularização"
