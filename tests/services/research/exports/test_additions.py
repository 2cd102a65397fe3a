"""What only some questions have is told where it is there, and changes no export without it."""

from typing import get_args

import pytest

from services.research.export import Format
from tests.services.research.exports.office import Office


async def test_what_is_said_of_passages_is_told_and_changes_no_export_without_it(office: Office) -> None:
    _, answer = await office.asked()
    await office.judged(answer)
    plain = {form: await office.export(form) for form in get_args(Format)}
    await office.judged(answer, kind="context", score=1, label=None)
    _, other = await office.asked("E uma matriz?")

    first, second = await office.documents()

    judged = [(one["kind"], one["score"], one["relevance"], one["label"]) for one in first["judgements"]]
    assert judged == [("relevance", 3, 1.0, "C"), ("context", 1, None, None)]
    assert (first["score"], first["automated_label"], second["judgements"]) == (3, "C", [])
    assert (await office.export("dossier")).startswith(plain["dossier"])
    assert (await office.export("csv")).splitlines()[0] == plain["csv"].splitlines()[0] + b",context"
    assert [row["context"] for row in await office.rows()] == ["1", ""]
    await office.run("delete from judgements where kind = 'context'")
    await office.run(
        "delete from questions where id = (select question_id from answers where id = %(id)s)", {"id": other}
    )
    assert {form: await office.export(form) for form in get_args(Format)} == plain


async def test_a_further_try_is_told_apart_and_changes_no_export_without_one(office: Office) -> None:
    question, _ = await office.asked()
    plain = {form: await office.export(form) for form in get_args(Format)}
    again, _ = await office.asked()
    async with office.desk.pool.connection() as conn:
        await conn.execute("update questions set again = 'simpler', follows = %s where id = %s", (question, again))

    first, second = await office.documents()

    assert "again" not in first
    assert (second["again"], second["follows"]) == ("simpler", question)
    assert (await office.export("jsonl")).startswith(plain["jsonl"])
    assert "(Mais simples) O que é um tensor?" in (await office.export("dossier")).decode()
    header, *rows = (await office.export("csv")).splitlines()
    assert header == plain["csv"].splitlines()[0] + b",again"
    assert rows[-1].endswith(b",simpler")
    async with office.desk.pool.connection() as conn:
        await conn.execute("delete from questions where id = %s", [again])
    assert {form: await office.export(form) for form in get_args(Format)} == plain


async def test_what_a_question_was_taken_for_is_told_and_changes_no_export_without_it(office: Office) -> None:
    question, _ = await office.asked()
    plain = {form: await office.export(form) for form in get_args(Format)}
    listed, answer = await office.asked("Em quais aulas falou de tensores?")
    await office.run("update answers set intent = 'list', further = 4 where id = %(id)s", {"id": answer})

    first, second = await office.documents()

    assert not {"intent", "further", "scope", "everywhere", "words_of"} & first.keys()
    assert (second["intent"], second["further"]) == ("list", 4)
    assert "scope" not in second
    assert await office.export("dossier") != plain["dossier"]
    header, *_ = (await office.export("csv")).splitlines()
    assert header == plain["csv"].splitlines()[0] + b",intent,further"
    assert [(row["intent"], row["further"]) for row in await office.rows()] == [("", ""), ("list", "4")]
    assert listed > question
    await office.run("delete from questions where id = %(id)s", {"id": listed})
    assert {form: await office.export(form) for form in get_args(Format)} == plain


async def test_which_lectures_a_question_named_is_told_with_who_asked_again(office: Office) -> None:
    named, answer = await office.asked("O que é um tensor, na aula 3?")
    again, _ = await office.asked("O que é um tensor, na aula 3?")
    async with office.desk.pool.connection() as conn:
        await conn.execute(
            """
            insert into answer_scopes (answer_id, course_id, number, kind, lecture_id)
            select %s, course_id, 1, 'within', id from lectures where course_id = %s
            """,
            (answer, office.course.id),
        )
        await conn.execute("update questions set everywhere = true, words_of = %s where id = %s", (named, again))

    first, second = await office.documents()
    header, *_ = (await office.export("csv")).splitlines()

    assert first["scope"] == {"kind": "within", "lectures": ["aula-03"]}
    assert not {"everywhere", "words_of", "intent"} & first.keys()
    assert (second["everywhere"], second["words_of"], "scope" in second) == (True, named, False)
    assert header.endswith(b",scope,scope_lectures,everywhere,words_of")
    told = [(row["scope"], row["scope_lectures"], row["everywhere"], row["words_of"]) for row in await office.rows()]
    assert told == [("within", "aula-03", "0", ""), ("", "", "1", str(named))]


async def test_a_second_opinion_leaves_beside_the_first_and_changes_no_export_without_one(office: Office) -> None:
    _, answer = await office.asked()
    await office.judged(answer)
    plain = {form: await office.export(form) for form in get_args(Format)}
    async with office.desk.pool.connection() as conn:
        await conn.execute(
            """
            insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model, first_id,
                asked_for, spread, is_split)
            select answer_id, course_id, 'second', 'ok', 0, 'I', 0, 'revisor', id, 'threshold', score, true
            from judgements where kind = 'relevance'
            """
        )

    [told] = await office.documents()
    table = await office.export("csv")

    first, second = told["judgements"]
    assert (second["kind"], second["beside"], second["asked_for"], second["is_split"]) == (
        "second",
        first["judgement_id"],
        "threshold",
        True,
    )
    assert second["spread"] == first["score"] == told["score"]
    assert "beside" not in first
    assert await office.export("dossier") == plain["dossier"]
    more = b",second_status,second_score,second_model,second_asked_for,spread"
    assert table.splitlines()[0] == plain["csv"].splitlines()[0] + more
    assert table.splitlines()[-1].endswith(f",ok,0,revisor,threshold,{first['score']}".encode())
    async with office.desk.pool.connection() as conn:
        await conn.execute("delete from judgements where kind = 'second'")
    assert {form: await office.export(form) for form in get_args(Format)} == plain


@pytest.mark.parametrize(
    ("is_drawn", "is_opened", "outcome", "state"),
    [
        (False, False, None, "not_drawn"),
        (True, False, None, "waiting"),
        (True, True, None, "open"),
        (True, True, "labelled", "labelled"),
        (True, False, "withdrawn", "withdrawn"),
    ],
)
async def test_a_second_look_is_told_with_its_probability_and_changes_no_export_without_one(
    office: Office, *, is_drawn: bool, is_opened: bool, outcome: str | None, state: str
) -> None:
    forms: tuple[Format, ...] = ("dossier", "jsonl", "csv")
    _, answer = await office.asked()
    await office.asked("O que é um vetor?")
    plain = {form: (await office.export(form)).decode() for form in forms}
    await office.run(
        "insert into second_looks (answer_id, course_id, probability, is_drawn, opened_at, ended_at, outcome)"
        " values (%(answer)s, %(course)s, 0.1, %(is_drawn)s, case when %(is_opened)s then now() end,"
        " case when %(outcome)s::text is not null then now() end, %(outcome)s)",
        {"answer": answer, "is_drawn": is_drawn, "is_opened": is_opened, "outcome": outcome},
    )

    drawn, other = await office.documents()
    assert drawn["second_look"] == {"state": state, "probability": 0.1}
    assert "second_look" not in other
    assert (await office.export("jsonl")).decode().splitlines()[1] == plain["jsonl"].splitlines()[1]
    assert (await office.export("dossier")).decode() == plain["dossier"]
    told = [(row["second_look"], row["second_look_probability"]) for row in await office.rows()]
    assert told == [(state, "0.1"), ("", "")]
    header = (await office.export("csv")).decode().splitlines()[0]
    assert header == plain["csv"].splitlines()[0] + ",second_look,second_look_probability"
