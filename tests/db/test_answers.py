from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from db import answers, courses, lectures, questions, transcripts
from db.questions import Exchange
from db.records import Answer, AnswerId, Course, Cue, Hit, LectureId, QuestionId, Reference, SegmentId
from db.transcripts import NewSegment

TEXT = "Um tensor tem formato."


@dataclass
class Shelf:
    """A course with one lecture of one segment."""

    conn: AsyncConnection
    course: Course
    other: Course
    lecture: LectureId
    segment: SegmentId

    async def ask(
        self, text: str = "O que é um tensor?", *, follows: QuestionId | None = None, source_id: str | None = None
    ) -> QuestionId | None:
        return await questions.insert(
            self.conn,
            course=self.course.id,
            lecture=None,
            text=text,
            language="pt",
            follows=follows,
            source="test",
            source_id=source_id,
            asker_key=None,
            lease=timedelta(minutes=1),
        )

    async def answer(self, question: QuestionId, text: str = "É isso [1].") -> Answer | None:
        return await answers.insert(
            self.conn,
            question=question,
            course=self.course.id,
            outcome="answered",
            text=text,
            failure=None,
            retrieval="lexical",
            generation=None,
            model="fake",
            prompt_id="answer/1",
            prompt_sha256="ab",
            tokens_in=1,
            tokens_out=2,
            latency_ms=3,
        )

    def hit(self) -> Hit:
        return Hit(
            rank=1,
            segment_id=self.segment,
            lecture_id=self.lecture,
            lecture="aula-01",
            title="Aula 1",
            language="pt",
            video_url=None,
            duration_s=None,
            start_s=0.0,
            end_s=9.0,
            score=0.5,
            text=TEXT,
            cue_offsets=(0, 10),
            cue_starts_s=(0.0, 4.0),
        )

    def reference(self) -> Reference:
        return Reference(
            number=1,
            segment_id=self.segment,
            lecture="aula-01",
            title="Aula 1",
            start_s=2.0,
            end_s=9.0,
            url=None,
            quote=TEXT,
        )


@pytest.fixture
async def shelf(conn: AsyncConnection) -> Shelf:
    course = await courses.insert(conn, slug="redes", title="Redes", language="pt-BR")
    other = await courses.insert(conn, slug="outro", title="Outro", language="pt-BR")
    assert course
    assert other
    lecture = await lectures.upsert(
        conn,
        course=course.id,
        slug="aula-01",
        title="Aula 1",
        language="pt",
        video_url=None,
        held_on=None,
        duration_s=None,
        released_at=None,
        source="a.srt",
    )
    cues = [Cue(start_s=0.0, end_s=9.0, text=TEXT)]
    transcript = await transcripts.insert(
        conn, course=course.id, lecture=lecture.id, fingerprint="f", format="srt", cues=cues
    )
    segment = NewSegment(
        start_s=0.0, end_s=9.0, text=TEXT, cue_offsets=(0, 10), cue_starts_s=(0.0, 4.0), terms={1: 1.0}
    )
    ids = await transcripts.reserve_segment_ids(conn, 1)
    await transcripts.copy_segments(
        conn, course=course.id, lecture=lecture.id, transcript=transcript, ids=ids, segments=[segment]
    )
    return Shelf(conn=conn, course=course, other=other, lecture=lecture.id, segment=ids[0])


async def stored(shelf: Shelf) -> tuple[QuestionId, AnswerId]:
    question = await shelf.ask()
    assert question
    answer = await shelf.answer(question)
    assert answer
    return question, answer.id


async def test_an_answer_comes_back_as_it_was_stored(shelf: Shelf) -> None:
    question, answer = await stored(shelf)
    await answers.insert_hits(shelf.conn, answer=answer, course=shelf.course.id, hits=[shelf.hit()])
    await answers.insert_references(shelf.conn, answer=answer, course=shelf.course.id, references=[shelf.reference()])

    found = await answers.of_question(shelf.conn, course=shelf.course.id, question=question)

    assert found is not None
    assert (found.id, found.text, found.tokens_out, found.prompt_id) == (answer, "É isso [1].", 2, "answer/1")
    assert await answers.hits(shelf.conn, course=shelf.course.id, answer=answer) == [shelf.hit()]
    assert await answers.references(shelf.conn, course=shelf.course.id, answer=answer) == [shelf.reference()]


async def test_another_course_sees_none_of_it(shelf: Shelf) -> None:
    question, answer = await stored(shelf)
    await answers.insert_hits(shelf.conn, answer=answer, course=shelf.course.id, hits=[shelf.hit()])
    await answers.insert_references(shelf.conn, answer=answer, course=shelf.course.id, references=[shelf.reference()])

    assert await answers.of_question(shelf.conn, course=shelf.other.id, question=question) is None
    assert await answers.hits(shelf.conn, course=shelf.other.id, answer=answer) == []
    assert await answers.references(shelf.conn, course=shelf.other.id, answer=answer) == []
    assert await questions.conversation(shelf.conn, course=shelf.other.id, last=question, most=3) == []


async def test_a_question_has_one_answer(shelf: Shelf) -> None:
    question, _ = await stored(shelf)

    assert await shelf.answer(question, "outra") is None


async def test_no_hits_and_no_references_are_no_rows(shelf: Shelf) -> None:
    _, answer = await stored(shelf)
    await answers.insert_hits(shelf.conn, answer=answer, course=shelf.course.id, hits=[])
    await answers.insert_references(shelf.conn, answer=answer, course=shelf.course.id, references=[])

    assert await answers.hits(shelf.conn, course=shelf.course.id, answer=answer) == []


async def test_a_sixth_reference_is_refused_by_the_schema(shelf: Shelf) -> None:
    _, answer = await stored(shelf)
    sixth = replace(shelf.reference(), number=6)

    with pytest.raises(psycopg.errors.CheckViolation):
        await answers.insert_references(shelf.conn, answer=answer, course=shelf.course.id, references=[sixth])


async def test_a_redelivered_question_is_not_stored_again(shelf: Shelf) -> None:
    first = await shelf.ask(source_id="42")

    assert await shelf.ask("de novo", source_id="42") is None
    before = await questions.by_source(shelf.conn, course=shelf.course.id, source="test", source_id="42")
    assert before is not None
    assert (before.id, before.text) == (first, "O que é um tensor?")
    assert await questions.by_source(shelf.conn, course=shelf.other.id, source="test", source_id="42") is None


async def test_questions_without_an_id_of_their_own_are_all_stored(shelf: Shelf) -> None:
    assert await shelf.ask() != await shelf.ask()


async def test_a_conversation_is_read_from_its_beginning(shelf: Shelf) -> None:
    ids: list[QuestionId] = []
    for number in range(1, 5):
        question = await shelf.ask(f"pergunta {number}", follows=ids[-1] if ids else None)
        assert question
        ids.append(question)
    await shelf.answer(ids[1], "resposta 2")
    await questions.understood_as(shelf.conn, course=shelf.course.id, question=ids[2], standalone="inteira 3")

    exchanges = await questions.conversation(shelf.conn, course=shelf.course.id, last=ids[3], most=3)

    assert exchanges == [
        Exchange(question="pergunta 2", answer="resposta 2"),
        Exchange(question="inteira 3", answer=""),
        Exchange(question="pergunta 4", answer=""),
    ]


async def test_a_question_of_another_course_cannot_be_followed(shelf: Shelf) -> None:
    question = await shelf.ask()
    elsewhere = replace(shelf, course=shelf.other)
    following = await elsewhere.ask("e?", follows=question)
    assert following

    exchanges = await questions.conversation(shelf.conn, course=shelf.other.id, last=following, most=3)

    assert exchanges == [Exchange(question="e?", answer="")]
    row = await (await shelf.conn.execute("select follows from questions where id = %s", [following])).fetchone()
    assert row == (None,)


async def test_a_conversation_never_leaves_its_course(shelf: Shelf) -> None:
    first, elsewhere = await shelf.ask("alheia"), replace(shelf, course=shelf.other)
    last = await elsewhere.ask("minha")
    assert last
    await shelf.conn.execute("update questions set follows = %s where id = %s", [first, last])

    exchanges = await questions.conversation(shelf.conn, course=shelf.other.id, last=last, most=3)

    assert exchanges == [Exchange(question="minha", answer="")]
