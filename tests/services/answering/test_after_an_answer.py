"""What follows from an answer, and answers that staff have verified."""

import pytest

from db import verified
from services.answering.asked_before import Finder
from services.answering.replies import Reply
from services.lectures.ingest import Ingest
from services.lectures.manifest import Plan
from services.lectures.staleness import flag_stale_everywhere
from services.search.generations import Serving, begin
from tests.services.answering.room import QUESTION, WORD_OF_PROOF, Room, answered, captioned, model_that, no_model, only
from tests.word_embedder import WordEmbedder


class TestWhatFollowsFromAnAnswer:
    async def test_it_is_promised_to_the_judge_where_there_is_one(self, room: Room) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, _):
            await answered(room.asker(model), room.asked())
            before = await room.count("jobs")
            await answered(room.asker(model, is_judged=True), room.asked())

        assert before == 0
        assert await room.column("kind", "jobs") == ["relevance", "support"]
        assert await room.column("probability", "jobs") == [1.0, 1.0]

    async def test_silence_over_passages_is_judged_as_silence(self, room: Room) -> None:
        async with model_that(only("NO_MATERIAL")) as (model, _):
            await answered(room.asker(model, is_judged=True), room.asked())

        assert await room.column("kind", "jobs") == ["abstention"]

    async def test_an_answer_without_a_valid_mark_is_flagged_for_staff(self, room: Room) -> None:
        async with model_that(only("Porque sim, e pronto [99].")) as (model, _):
            _, reply = await answered(room.asker(model), room.asked())

        assert reply.answer.outcome == "failed"
        assert await room.column("answer_id", "review_items") == [reply.answer.id]

    async def test_a_rehearsal_answers_and_stores_nothing(self, room: Room) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, _):
            written = await room.asker(model, is_judged=True).rehearse(room.course, QUESTION)

        assert (written.outcome, len(written.references)) == ("answered", 1)
        for table in ("questions", "answers", "jobs"):
            assert await room.count(table) == 0


class TestWhatStaffVerified:
    @pytest.mark.parametrize("prune", [True, False])
    async def test_an_ingest_puts_what_cites_the_old_version_before_staff(self, room: Room, prune: bool) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, _):
            _, first = await answered(room.asker(model), room.asked())
        await self.verify(room, first, "Encolhe, e a LSTM ajuda [1].")
        await self.take_in_anew(room, "dropout", prune=False)
        assert await room.column("stale_since", "verified_answers") == [None]

        await self.take_in_anew(room, "rnn", prune=prune)

        assert await room.column("stale_since", "verified_answers") != [None]
        assert await room.column("course_id", "review_items") == [room.course.id]
        assert await flag_stale_everywhere(room.pool) == 0

    async def test_what_was_left_behind_before_is_found_at_the_start(self, room: Room) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, _):
            _, first = await answered(room.asker(model), room.asked())
        await self.verify(room, first, "Encolhe, e a LSTM ajuda [1].")
        async with room.pool.connection() as conn:
            await conn.execute("update lectures set transcript_id = null")

        assert await flag_stale_everywhere(room.pool) == 1
        assert await room.column("stale_since", "verified_answers") != [None]

    async def take_in_anew(self, room: Room, slug: str, *, prune: bool) -> None:
        """Store another version of a lecture, or with *prune* withdraw it."""
        source = captioned(room.folder, slug, "pt", ["Outra versão da aula.", "Com outras palavras."])
        sources = () if prune else (source,)
        plan = Plan(sources=sources, overlooked=(), folders=(room.folder,) if prune else ())
        async with Serving(room.pool, None, reopen=no_model) as serving:
            async for _ in Ingest(room.pool, serving, None).run(room.course, plan, prune=prune):
                pass

    async def verify(self, room: Room, reply: Reply, text: str) -> None:
        async with room.pool.connection() as conn:
            stored = await verified.put(
                conn,
                course=room.course.id,
                answer=reply.answer.id,
                question=reply.question,
                language="pt",
                text=text,
                verified_by="t",
            )
            await verified.put_references(conn, course=room.course.id, verified=stored, references=reply.references)

    async def test_the_same_question_gets_the_words_of_staff_and_no_model_is_asked(self, room: Room) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, server):
            asker = room.asker(model, finder=Finder(room.pool, None))
            _, first = await answered(asker, room.asked())
            await self.verify(room, first, "Encolhe, e a LSTM ajuda [1].")
            asked = len(server.requests)
            drafts, reply = await answered(asker, room.asked("pq o gradiente encolhe em redes recorrentes longas"))

        assert (drafts, reply.answer.text, reply.answer.model) == ([], "Encolhe, e a LSTM ajuda [1].", "verified")
        assert reply.mark is not None
        assert reply.mark.kind == "verified"
        assert reply.references == first.references
        assert len(server.requests) == asked
        assert await room.column("way", "verified_uses") == ["shown"]

    async def test_for_a_related_question_the_passages_of_staff_come_first(self, room: Room) -> None:
        async with model_that(only("A LSTM guarda a memória [1].")) as (model, _):
            asker = room.asker(model, finder=Finder(room.pool, None))
            _, first = await answered(asker, room.asked())
            await self.verify(room, first, "Encolhe, e a LSTM ajuda [1].")
            _, reply = await answered(asker, room.asked("Por que o gradiente não encolhe em redes recorrentes longas?"))

        assert reply.mark is None
        assert reply.hits[0].segment_id == first.references[0].segment_id
        assert await room.column("way", "verified_uses") == ["evidence"]

    async def test_passages_of_staff_are_no_evidence_before_their_lecture_is_released(self, room: Room) -> None:
        async with model_that(only("A LSTM guarda a memória [1].")) as (model, _):
            asker = room.asker(model, finder=Finder(room.pool, None))
            _, first = await answered(asker, room.asked())
            await self.verify(room, first, "Encolhe, e a LSTM ajuda [1].")
            async with room.pool.connection() as conn:
                await conn.execute("update lectures set released_at = now() + interval '1 day'")
            _, reply = await answered(asker, room.asked("Por que o gradiente não encolhe em redes recorrentes longas?"))

        assert reply.hits == ()

    async def test_words_of_staff_are_not_served_while_a_lecture_that_they_cite_is_put_off(self, room: Room) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, _):
            asker = room.asker(model, finder=Finder(room.pool, None))
            _, first = await answered(asker, room.asked())
            await self.verify(room, first, "Encolhe, e a LSTM ajuda [1].")
            async with room.pool.connection() as conn:
                await conn.execute("update lectures set released_at = now() + interval '1 day'")
            _, reply = await answered(asker, room.asked("pq o gradiente encolhe em redes recorrentes longas"))

        assert reply.answer.model != "verified"
        assert "LSTM" not in reply.answer.text
        assert reply.references == ()

    async def test_a_failure_of_the_embedder_is_not_remembered(self, room: Room) -> None:
        words = WordEmbedder()
        async with (
            model_that(only(WORD_OF_PROOF)) as (model, _),
            Serving(room.pool, words, reopen=no_model) as serving,
        ):
            await begin(room.pool, words.identity)
            finder = Finder(room.pool, serving)
            _, first = await answered(room.asker(model), room.asked())
            await self.verify(room, first, "Encolhe, e a LSTM ajuda [1].")
            words.down = True
            await finder.find(room.course, "O que é um tensor?", "pt")
            words.down = False
            before = words.queries
            await finder.find(room.course, "O que é uma matriz?", "pt")
            await finder.find(room.course, "O que é um vetor?", "pt")

        assert words.queries - before == 3  # the verified question once more, and the two that were asked

    async def test_a_question_narrowed_to_a_lecture_is_searched_for_there(self, room: Room) -> None:
        async with model_that(only(WORD_OF_PROOF)) as (model, _):
            asker = room.asker(model, finder=Finder(room.pool, None))
            _, first = await answered(asker, room.asked())
            await self.verify(room, first, "Encolhe, e a LSTM ajuda [1].")
            lecture = first.hits[0].lecture_id
            _, reply = await answered(asker, room.asked(lecture=lecture))

        assert reply.mark is None
