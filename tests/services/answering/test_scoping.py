"""A question that names its lectures, from the words to the stored answer, with a model and without."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from db import connect
from db.records import QuestionId
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.drafts import Draft
from services.answering.replies import Reply
from services.answering.scoping.reading import searched_for
from services.courses.courses import Courses
from services.errors import Refused
from services.lectures.ingest import Ingest
from services.lectures.manifest import Plan, Source
from services.search.generations import Serving
from services.search.retrieve import Retriever
from services.search.scope.facts import EVERYWHERE, LectureFacts, Within
from tests.fake_model import drips
from tests.services.answering.room import Room, answered, captioned, model_that, no_model, only

FAR_AHEAD = datetime(2099, 1, 1, tzinfo=UTC)
A_FRIDAY = datetime(2026, 9, 18, 13, 0, tzinfo=UTC)
DROPOUT = ["O dropout desliga neurônios ao acaso durante o treino.", "No teste o dropout fica desligado."]
AGAIN = ["Revisão: o dropout desliga neurônios e cansa a rede.", "O dropout também aparece em transformers."]
SECRET = ["Gabarito: o dropout da prova desliga neurônios com taxa de um terço."]


@pytest.fixture
async def room(database: str, tmp_path: Path) -> AsyncGenerator[Room, None]:
    """A course of three lectures of September 2026, the last of which is not released."""
    async with connect.pool(database, size=2) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        sources = (
            known(captioned(tmp_path, "aula-1", "pt", DROPOUT), "Aula 1: Regularização", date(2026, 9, 8)),
            known(captioned(tmp_path, "aula-2", "pt", AGAIN), "Aula 2: Revisão", date(2026, 9, 15)),
            replace(
                known(captioned(tmp_path, "aula-3", "pt", SECRET), "Aula 3: Gabarito", date(2026, 9, 17)),
                released_at=FAR_AHEAD,
            ),
        )
        async with Serving(pool, None, reopen=no_model) as serving:
            async for _ in Ingest(pool, serving, None).run(course, Plan(sources=sources, overlooked=(), folders=())):
                pass
        yield Room(pool=pool, course=course, retriever=Retriever(pool, None), folder=tmp_path)


def known(source: Source, title: str, held_on: date) -> Source:
    return replace(source, title=title, held_on=held_on)


async def asked(room: Room, text: str, *, asker: Asker | None = None, **more: object) -> Reply:
    question = replace(Asked(course=room.course, text=text, source="test", said_at=A_FRIDAY), **more)
    return (await answered(asker or room.asker(), question))[1]


def named(reply: Reply) -> tuple[str, list[str]] | None:
    return (reply.scope.kind, [lecture.slug for lecture in reply.scope.lectures]) if reply.scope else None


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("o que ele falou de dropout na aula 1?", "aula-1"),
        ("o que ele falou de dropout na aula de 15/09?", "aula-2"),
        ("what did he say about dropout in Tuesday's lecture?", "aula-2"),
        ("o que ele falou de dropout na última aula?", "aula-2"),
        ("resume a aula 2", "aula-2"),
    ],
)
async def test_an_answer_is_made_of_the_lectures_that_are_named(room: Room, text: str, slug: str) -> None:
    reply = await asked(room, text)

    assert named(reply) == ("within", [slug])
    assert reply.answer.outcome == "answered"
    assert {hit.lecture for hit in reply.hits} == {reference.lecture for reference in reply.references} == {slug}


async def test_a_model_sees_the_passages_of_the_lectures_that_are_named(room: Room) -> None:
    async with model_that(only("Desliga neurônios [1].")) as (model, server):
        reply = await asked(room, "o que ele falou de dropout na aula 1?", asker=room.asker(model))

    (prompt,) = [prompt for prompt in server.prompts if "Regularização" in prompt]
    assert "Revisão" not in prompt
    assert [reference.lecture for reference in reply.references] == ["aula-1"]
    assert named(reply) == ("within", ["aula-1"])


async def test_several_lectures_are_searched_together(room: Room) -> None:
    reply = await asked(room, "compara o que foi dito de dropout nas aulas 1 e 2")

    # These are all that there are, so nothing is narrowed.
    assert named(reply) is None
    assert {hit.lecture for hit in reply.hits} == {"aula-1", "aula-2"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("o que ele falou na aula 9?", "Não há aula 9; as mais próximas são:"),
        ("o que ele falou na aula de 10/09?", "Não há aula gravada em 10/09/2026; as mais próximas são:"),
        ("o que vimos na semana 9?", "Não há aula gravada da semana 9; as mais próximas são:"),
        ("what did he say in lecture 9?", "There is no lecture 9; the nearest are:"),
    ],
)
async def test_a_lecture_that_there_is_not_is_said_with_what_there_is(room: Room, text: str, sentence: str) -> None:
    reply = await asked(room, text)

    assert reply.answer.text.startswith(sentence)
    assert "Aula 2: Revisão" in reply.answer.text
    assert reply.answer.outcome == "no_material"
    assert named(reply) == ("nowhere", ["aula-1", "aula-2"])
    assert reply.hits == reply.references == ()


async def test_where_two_may_be_meant_its_asker_is_asked(room: Room) -> None:
    async with model_that() as (model, server):
        reply = await asked(room, "o que ele falou na aula de terça passada?", asker=room.asker(model))

    assert reply.answer.text.splitlines() == [
        "De qual destas aulas você está falando?",
        "- Aula 1: Regularização, 08/09/2026",
        "- Aula 2: Revisão, 15/09/2026",
    ]
    assert named(reply) == ("one_of", ["aula-1", "aula-2"])
    assert server.prompts == []


async def test_the_words_of_a_question_that_was_deleted_meanwhile_are_not_asked_again(room: Room) -> None:
    with pytest.raises(Refused, match="não existe mais"):
        await asked(room, "o que ele falou de dropout na aula 1?", everywhere=True, words_of=QuestionId(999))


@pytest.mark.parametrize(
    "text",
    [
        "o que ele falou de dropout na aula 3?",
        "o que ele falou de dropout na aula de 17/09?",
        "o que ele falou de dropout ontem?",
        "o que ele falou de dropout na última aula?",
        "o que foi dito de dropout nas aulas de setembro?",
        "o que foi dito de dropout na semana 2?",
        "o que ele falou de dropout na aula 9?",
        "na aula de quinta, o que é dropout?",
        "na terceira aula, o que é dropout?",
        "o que é dropout na aula de gabarito?",
    ],
)
async def test_a_lecture_that_is_not_released_is_never_named_nor_searched(room: Room, text: str) -> None:
    reply = await asked(room, text)

    told = f"{reply.answer.text} {reply.scope} {reply.hits} {reply.references}"
    assert "Gabarito" not in told
    assert "aula-3" not in told


async def test_a_lecture_that_was_chosen_wins_over_the_words(room: Room) -> None:
    async with room.pool.connection() as conn:
        row = await (await conn.execute("select id from lectures where slug = 'aula-2'")).fetchone()
    assert row
    reply = await asked(room, "o que ele falou de dropout na aula 1?", lecture=row[0])

    assert named(reply) is None
    assert {hit.lecture for hit in reply.hits} == {"aula-2"}


async def test_the_same_question_may_be_asked_of_all_lectures(room: Room) -> None:
    reply = await asked(room, "o que ele falou de dropout na aula 1?", everywhere=True)

    assert named(reply) is None
    assert {hit.lecture for hit in reply.hits} == {"aula-1", "aula-2"}


async def test_what_was_said_yesterday_is_so_however_late_it_is_answered(room: Room) -> None:
    text, on_a_wednesday = "o que ele falou de dropout ontem?", A_FRIDAY - timedelta(days=2)
    first = await asked(room, text, said_at=on_a_wednesday, source_id="message:1")
    async with room.pool.connection() as conn:
        await conn.execute("delete from answers")
        await conn.execute("update questions set leased_until = now()")

    later = await asked(room, text, said_at=None, source_id="message:1")

    assert named(first) == named(later) == ("within", ["aula-2"])


async def test_a_question_that_finds_nothing_there_says_where_it_looked(room: Room) -> None:
    reply = await asked(room, "o que ele falou de fotossíntese na aula 1?")

    assert reply.answer.text.startswith("Não encontrei isso em: Aula 1: Regularização, 08/09/2026.")
    assert named(reply) == ("within", ["aula-1"])


async def test_a_lecture_that_is_withdrawn_is_named_no_more(room: Room) -> None:
    reply = await asked(room, "o que ele falou de dropout na aula 1?")
    async with room.pool.connection() as conn:
        await conn.execute("update lectures set withdrawn_at = now(), transcript_id = null where slug = 'aula-1'")

    recalled = await room.asker().recall(room.course.id, reply.answer.id)

    assert recalled
    assert recalled[1].scope is None


async def test_a_lecture_that_was_asked_back_can_be_deleted(room: Room) -> None:
    reply = await asked(room, "o que ele falou na aula 9?")
    async with room.pool.connection() as conn:
        await conn.execute("update lectures set transcript_id = null where slug = 'aula-1'")
        await conn.execute("delete from lectures where slug = 'aula-1'")

    recalled = await room.asker().recall(room.course.id, reply.answer.id)

    assert recalled
    assert named(recalled[1]) == ("nowhere", ["aula-2"])


@pytest.mark.parametrize(
    "text", ["por que isso?", "e no teste?", "e por quê?", "why is that?", "can you give an example?"]
)
@pytest.mark.parametrize("has_model", [False, True])
async def test_a_follow_up_without_a_lecture_stays_in_that_of_the_question_before(
    room: Room, text: str, has_model: bool
) -> None:
    async with model_that(only("Desliga neurônios [1].")) as (model, _):
        asker = room.asker(model if has_model else None)
        first = await asked(room, "o que ele falou de dropout na aula 1?", asker=asker)
        second = await asked(room, text, asker=asker, follows=first.answer.question_id)
        third = await asked(room, "e depois?", asker=asker, follows=second.answer.question_id)

    assert named(second) == named(third) == ("within", ["aula-1"])
    assert {hit.lecture for hit in second.hits} <= {"aula-1"}


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("e na aula 2?", ("within", ["aula-2"])),
        ("e nas outras aulas?", None),
        ("e no resto do curso?", None),
        ("o que é a revisão de transformers na prática?", None),
        ("em que aula ele fala disso?", None),
    ],
)
async def test_a_follow_up_with_a_lecture_or_a_subject_of_its_own_does_not(
    room: Room, text: str, scope: tuple[str, list[str]] | None
) -> None:
    first = await asked(room, "o que ele falou de dropout na aula 1?")
    second = await asked(room, text, follows=first.answer.question_id)

    assert named(second) == scope


async def test_a_follow_up_of_a_question_of_all_lectures_is_one(room: Room) -> None:
    first = await asked(room, "o que ele falou de dropout na aula 1?", everywhere=True)

    assert named(await asked(room, "por que isso?", follows=first.answer.question_id)) is None


async def test_another_try_at_a_follow_up_stays_there_too(room: Room) -> None:
    first = await asked(room, "o que ele falou de dropout na aula 1?")
    second = await asked(room, "por que isso?", follows=first.answer.question_id)
    third = await asked(room, "", again="other", follows=second.answer.question_id)

    assert named(third) == ("within", ["aula-1"])


async def test_a_lecture_that_is_no_longer_released_is_not_inherited(room: Room) -> None:
    first = await asked(room, "o que ele falou de dropout na aula 1?")
    async with room.pool.connection() as conn:
        await conn.execute("update lectures set released_at = %s where slug = 'aula-1'", (FAR_AHEAD,))
    second = await asked(room, "por que isso?", follows=first.answer.question_id)

    assert named(second) is None
    assert "aula-1" not in f"{second.hits} {second.references} {second.answer.text}"


async def test_a_draft_says_where_it_looks(room: Room) -> None:
    question = replace(room.asked("o que é dropout na aula 1?"), said_at=A_FRIDAY)
    async with model_that(drips("Desliga neurônios [1].", every_s=0.001)) as (model, _):
        parts = [part async for part in room.asker(model).ask(question)]

    drafts = [part for part in parts if isinstance(part, Draft)]
    assert drafts
    assert {lecture.slug for draft in drafts for lecture in draft.within} == {"aula-1"}


async def test_who_asks_back_waits_for_no_approval(room: Room) -> None:
    async with room.pool.connection() as conn:
        await conn.execute(
            "insert into course_settings (course_id, holds) values (%s, '{no_material}')", (room.course.id,)
        )
    reply = await asked(room, "o que ele falou na aula 9?")

    assert reply.answer.held == "no"


async def test_the_zone_is_that_of_the_course(room: Room) -> None:
    async with room.pool.connection() as conn:
        await conn.execute(
            "insert into course_settings (course_id, time_zone) values (%s, 'Asia/Tokyo')", (room.course.id,)
        )
    # Tuesday evening in Brazil, Wednesday morning in Tokyo.
    evening = datetime(2026, 9, 15, 23, 0, tzinfo=UTC)
    reply = await asked(room, "o que ele falou de dropout ontem?", said_at=evening)

    assert named(reply) == ("within", ["aula-2"])


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("o que ele falou de dropout na aula 1?", "o que ele falou de dropout?"),
        ("na aula de terça, por que o dropout ajuda?", "por que o dropout ajuda?"),
        ("what did he say about dropout in lecture 1?", "what did he say about dropout?"),
        ("resume a aula 1", "Aula 1: Regularização"),
        ("what was covered in lecture 1?", "Aula 1: Regularização"),
    ],
)
def test_the_words_that_chose_a_lecture_are_not_searched_for(text: str, searched: str) -> None:
    lecture = LectureFacts(id=1, slug="aula-1", title="Aula 1: Regularização", held_on=None)  # pyright: ignore[reportArgumentType]

    assert searched_for(text, Within(lectures=(lecture,))) == searched
    assert searched_for(text, EVERYWHERE) == text
