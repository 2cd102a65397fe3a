"""What is stored about a person is shown and handed over to them whole, and nothing of anybody else."""

import gzip
import json

import pytest

from services.courses import privacy
from services.courses.privacy import packed
from tests.services.courses.privacy.students import ANA, BIA, ELSEWHERE, HERE, QUESTION, ROOM, Class


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


async def test_the_choice_for_direct_messages_is_told_where_its_course_is(course: Class) -> None:
    await course.people.choose_direct_course(ANA, course.course.id)

    here, elsewhere = [await course.privacy.stored(ANA, guild) for guild in (HERE, ELSEWHERE)]

    assert here.direct_course == course.course
    assert elsewhere.is_nothing


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
