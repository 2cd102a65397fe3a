from dataclasses import dataclass

import psycopg
import pytest
from psycopg import AsyncConnection

from db import agreement, courses, judgements
from db.records import AnswerId, Course, JudgedFor, Label, Outcome
from db.records.reviews import HumanLabel
from tests import rows


@dataclass
class Shelf:
    """A course whose answers are judged and labelled, beside another one."""

    conn: AsyncConnection
    course: Course
    other: Course

    async def answer(
        self, text: str = "É isso.", *, course: Course | None = None, outcome: Outcome = "answered"
    ) -> AnswerId:
        course = course or self.course
        question = await rows.question(self.conn, course.id)
        return (await rows.answer(self.conn, course.id, question, outcome=outcome, text=text)).id

    async def judge(
        self,
        answer: AnswerId,
        *,
        model: str = "judge",
        prompt: str | None = "judge/1",
        score: int | None = 3,
        kind: JudgedFor = "relevance",
        course: Course | None = None,
    ) -> int:
        is_scored = kind == "relevance" and score is not None
        return await judgements.insert(
            self.conn,
            course=(course or self.course).id,
            answer=answer,
            kind=kind,
            status="ok" if is_scored or kind != "relevance" else "timeout",
            score=score if is_scored else None,
            abstention="right" if kind == "abstention" else None,
            criteria=None,
            evidence=None,
            label="C" if is_scored else None,
            settings_version=0,
            swayed=False,
            probability=None,
            model=model,
            prompt_id=prompt,
            prompt_sha256=None,
        )

    async def label(
        self,
        answer: AnswerId,
        label: Label,
        *,
        who: str = "k",
        role: str = "staff",
        is_seen: bool = False,
        course: Course | None = None,
    ) -> None:
        await self.conn.execute(
            """
            insert into annotations (answer_id, course_id, annotator_key, role, label, reason, comment, judge_visible)
            values (%s, %s, %s, %s, %s, 'wrong', 'não é', %s)
            """,
            [answer, (course or self.course).id, who, role, label, is_seen],
        )


@pytest.fixture
async def shelf(conn: AsyncConnection) -> Shelf:
    course = await courses.insert(conn, slug="redes", title="Redes", language="pt-BR")
    other = await courses.insert(conn, slug="outro", title="Outro", language="pt-BR")
    assert course
    assert other
    return Shelf(conn=conn, course=course, other=other)


async def test_an_answer_comes_once_whether_judged_or_labelled_or_both(shelf: Shelf) -> None:
    judged, labelled, both, _ = [await shelf.answer() for _ in range(4)]
    for answer in (judged, both, both):
        await shelf.judge(answer)
    for answer, who in ((labelled, "a"), (both, "a"), (both, "b")):
        await shelf.label(answer, "C", who=who)

    found = await agreement.answered(shelf.conn, shelf.course.id)

    assert [one.answer_id for one in found] == [judged, labelled, both]
    assert (found[0].question, found[0].text, found[0].language) == ("O que é um tensor?", "É isso.", "pt")


async def test_an_answer_judged_for_something_else_is_not_compared(shelf: Shelf) -> None:
    answer = await shelf.answer(outcome="no_material")
    await shelf.judge(answer, kind="abstention")

    assert await agreement.answered(shelf.conn, shelf.course.id) == []
    assert await agreement.judgements(shelf.conn, shelf.course.id) == []


async def test_each_configuration_has_its_last_judgement_failures_included(shelf: Shelf) -> None:
    answer = await shelf.answer()
    await shelf.judge(answer, score=1)
    await shelf.judge(answer, prompt=None, score=0)
    failed = await shelf.judge(answer, score=None)
    without_prompt = await shelf.judge(answer, prompt=None, score=2)
    other_model = await shelf.judge(answer, model="other", score=3)

    found = await agreement.judgements(shelf.conn, shelf.course.id)

    assert [(one.id, one.score) for one in found] == [(failed, None), (without_prompt, 2), (other_model, 3)]


async def test_labels_come_without_their_givers(shelf: Shelf) -> None:
    answer = await shelf.answer()
    await shelf.label(answer, "P", who="a", is_seen=True)
    await shelf.label(answer, "I", who="b", role="student")

    found = await agreement.opinions(shelf.conn, shelf.course.id)

    assert found == [
        HumanLabel(
            answer_id=answer, role="staff", label="P", reason="wrong", comment="não é", judge_visible=True, person=1
        ),
        HumanLabel(
            answer_id=answer, role="student", label="I", reason="wrong", comment="não é", judge_visible=False, person=2
        ),
    ]


async def test_another_course_sees_none_of_it(shelf: Shelf) -> None:
    answer = await shelf.answer()
    await shelf.judge(answer)
    await shelf.label(answer, "C")

    assert await agreement.answered(shelf.conn, shelf.other.id) == []
    assert await agreement.judgements(shelf.conn, shelf.other.id) == []
    assert await agreement.opinions(shelf.conn, shelf.other.id) == []


async def test_what_is_held_still_sees_one_moment_and_writes_nothing(database: str) -> None:
    async with (
        await AsyncConnection.connect(database, autocommit=True) as reader,
        await AsyncConnection.connect(database, autocommit=True) as writer,
    ):
        course = await courses.insert(writer, slug="redes", title="Redes", language="pt-BR")
        assert course
        there = Shelf(conn=writer, course=course, other=course)
        async with reader.transaction():
            await agreement.hold_still(reader)
            before = await agreement.answered(reader, course.id)
            await there.judge(await there.answer())
            meanwhile = await agreement.judgements(reader, course.id)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                async with reader.transaction():
                    await reader.execute("delete from courses")
        after = await agreement.judgements(reader, course.id)

    assert (before, meanwhile, len(after)) == ([], [], 1)
