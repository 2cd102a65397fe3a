"""What a course holds leaves it for research whole, in order, and without names."""

import doctest
import io
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from db.records import RetrievalMode
from services.courses.courses import Courses
from services.errors import Refused
from services.ground import text as texts
from services.ground.text import without_ids
from services.research import dossier, dossier_reading, export, table
from services.research.export import Chunk, chunks, day, retriever
from tests.services.research.exports.office import VIDEO, Office, block


async def test_an_answer_of_ours_leaves_as_a_dossier(office: Office) -> None:
    question, answer = await office.asked("<@123456789012345678> o que é\num tensor?")
    await office.judged(answer, status="timeout", score=None, label=None)
    await office.judged(answer)
    await office.labelled(answer, "student", "I", "ana")
    await office.labelled(answer, "staff", "C", "bia")
    segment = office.hits[0].segment_id

    written = (await office.export("dossier")).decode()

    assert written == (
        f"**Pergunta {question}**: @… o que é um tensor?\n\n"
        "**Segmentos recuperados pelo words**:\n"
        f"- *Corpus ID:* {segment}\n"
        "- *Score:* 0.8412345051765442\n"
        f"- *URL:* {VIDEO}&t=0\n"
        "- *Início:* 00:00:00\n"
        "- *Fim:* 00:00:30\n"
        "- *Transcrição:* bom dia hoje o assunto é outro um tensor é um arranjo\n\n"
        "**Resposta gerada pelo LLM**: Um tensor é um arranjo [1].\n\n"
        "**Referências**:\n"
        f"- [Aula \\[3\\]: Tensores (00:01:15)]({VIDEO}&t=75)\n\n"
        "**Anotação manual**: C\n\n"
        "**Answer Relevance (AR)**: 1.00\n\n"
        "**Anotação automatizada**: C\n\n"
        "**Raciocínio (AR CoT)**: Criteria: Diz o que é. Supporting Evidence: «um arranjo», @… Score: 3\n\n\n---\n\n"
    )
    [read] = dossier_reading.read(io.BytesIO(written.encode()), "x")
    assert dossier.read_link(read.references[0]) == ("Aula [3]: Tensores (00:01:15)", f"{VIDEO}&t=75")


async def test_what_was_not_answered_leaves_too(office: Office) -> None:
    for outcome in ("no_material", "needs_staff", "failed"):
        await office.asked("Quando é a prova?", answer="Não sei.", outcome=outcome)
    _, failed = await office.asked()
    await office.judged(failed, status="parse_error", score=None, label=None)
    await office.asked(answer=None)

    written = (await office.export("dossier", language="en")).decode()
    entries = list(dossier_reading.read(io.BytesIO(written.encode()), "x"))

    assert [(one.answer, one.relevance, one.label, len(one.passages)) for one in entries] == [
        ("Não sei.", "N/D", "N/D", 0),
        ("Não sei.", "N/D", "N/D", 0),
        ("Não sei.", "N/D", "N/D", 0),
        ("Um tensor é um arranjo [1].", "N/D (parse_error)", "N/D", 1),
        ("N/D", "N/D", "N/D", 0),
    ]
    documents = await office.documents()
    assert [one["outcome"] for one in documents] == ["no_material", "needs_staff", "failed", "answered", None]
    assert "10.1.2.3" not in json.dumps(documents)


async def test_staff_outrank_students_and_the_majority_counts(office: Office) -> None:
    cases = {
        "student C": "C",
        "student C, student I": "C/I",
        "student C, student C, student I": "C",
        "student C, student C, staff P": "P",
        "staff I, staff P, staff C, staff P, staff I": "P/I",
        "": "N/D",
    }
    for votes in cases:
        _, answer = await office.asked(votes or "-")
        for number, vote in enumerate(filter(None, votes.split(", "))):
            role, given = vote.split()
            await office.labelled(answer, role, given, f"key {number}")

    blocks = dossier_reading.read(io.BytesIO(await office.export("dossier")), "x")

    assert [block.label for block in blocks] == list(cases.values())
    assert [one["manual_label"] or "N/D" for one in await office.documents()] == list(cases.values())


@pytest.mark.parametrize(
    ("model", "mode", "name"),
    [
        ("intfloat/multilingual-e5-small", "hybrid", "E5"),
        ("/home/ana/models/E5_large", "hybrid", "E5"),
        ("/home/e5/all-MiniLM-L6-v2", "hybrid", "all-MiniLM-L6-v2"),
        ("acme/some5**", "hybrid", "some5"),
        (None, "lexical", "BM25"),
        (None, "hybrid", "N/D"),
        ("**", "hybrid", "N/D"),
    ],
)
def test_the_heading_names_the_model_that_found_the_passages(model: str | None, mode: RetrievalMode, name: str) -> None:
    assert retriever(model, mode) == name


async def test_people_have_the_same_name_in_each_export_of_a_course_and_of_no_other(office: Office) -> None:
    other = await Courses(office.desk.pool).create(slug="outra", title="Outra", language="en")
    await office.asked(asker="key of ana")
    await office.asked(asker="key of bia")
    await office.asked(asker="key of ana", course=other)

    ana, bia = [one["asker"] for one in await office.documents()]
    [elsewhere] = [one["asker"] for one in await office.documents(other)]

    assert [one["asker"] for one in await office.documents()] == [ana, bia]
    assert len({ana, bia, elsewhere}) == 3
    assert all(one.startswith("P") and len(one) == 13 for one in (ana, bia, elsewhere))
    for form in ("dossier", "jsonl", "csv"):
        assert b"key of" not in await office.export(form)


async def test_only_what_was_asked_since_a_day_leaves(office: Office) -> None:
    await office.asked("antes")
    await office.run("update questions set asked_at = '2026-02-28T23:59:59Z'")
    await office.asked("no dia")
    await office.run("update questions set asked_at = '2026-03-01T00:00:00Z' where text = 'no dia'")

    written = await office.export("jsonl", since=day("2026-03-01"))

    assert [json.loads(line)["question"] for line in written.splitlines()] == ["no dia"]


@pytest.mark.parametrize(
    "text", ["", "ontem", "2026-13-01", "20260301", "2026-03-01T00:00", "01/03/2026", "２０２６-03-01"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    assert day("2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(Refused, match=r"is no day; write it as 2026-03-01\."):
        day(text)


async def test_pages_follow_each_other_in_order_and_no_course_leaks(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    other = await Courses(office.desk.pool).create(slug="outra", title="Outra", language="en")
    for number in range(5):
        await office.asked(f"pergunta {number}")
        await office.asked("de outra disciplina", course=other)
    await office.imported(block(900) + block(901))

    seen = [
        (chunk.done, chunk.total)
        async for chunk in chunks(office.desk.pool, office.course, form="jsonl", since=None, language=None)
    ]

    assert seen == [(0, 7), (2, 7), (4, 7), (6, 7), (7, 7)]
    asked = [one["question"] for one in await office.documents()]
    assert asked == [*(f"pergunta {number}" for number in range(5)), "O que é um tensor?", "O que é um tensor?"]


async def test_an_export_shows_one_moment(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PAGE", 1)
    await office.asked("uma")
    await office.asked("duas")
    running: AsyncGenerator[Chunk, None] = chunks(
        office.desk.pool, office.course, form="jsonl", since=None, language=None
    )

    first = [await anext(running), await anext(running)]
    await office.asked("tarde demais")
    rest = [chunk async for chunk in running]

    assert [chunk.done for chunk in (*first, *rest)] == [0, 1, 2]


async def test_an_empty_course_makes_an_empty_export(office: Office) -> None:
    assert await office.export("dossier") == b""
    assert await office.export("jsonl") == b""
    assert (await office.export("csv")).decode("utf-8-sig") == ",".join(export.COLUMNS) + "\r\n"


async def test_numbers_that_stand_twice_are_known(office: Office) -> None:
    question, _ = await office.asked()
    assert await export.numbers_met_twice(office.desk.pool, office.course) == []

    await office.imported(block(int(question)) + block(999_999_999_999_999_999))

    assert await export.numbers_met_twice(office.desk.pool, office.course) == [question]


def test_ids_of_discord_stay_here() -> None:
    told = without_ids("<@!7> <@&8> <a:feliz:9> </ask:10> https://ptb.discord.com/channels/1/2/3?x) a<b> [1]")

    assert told == "@… @… :feliz: /ask https://ptb.discord.com/channels/…) a<b> [1]"


def test_the_examples_in_the_docstrings_hold() -> None:
    for module in (texts, table):
        assert doctest.testmod(module).attempted
        assert not doctest.testmod(module).failed
