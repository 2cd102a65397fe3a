"""What research made elsewhere comes in whole or not at all, and leaves again with the same bytes."""

import asyncio

import pytest

from db import judge_settings
from db.records import JudgeSettings
from services.courses.courses import Courses
from services.errors import Refused
from services.research import importing
from services.research.importing import ImportReport, imported
from tests.services.research.exports.office import SAMPLE, Office, block


async def test_an_import_leaves_with_the_same_bytes(office: Office) -> None:
    content = SAMPLE.read_bytes()

    report = await office.imported(content)

    assert report == ImportReport(new=3, labels=1, judgements=3, unread_labels=1)
    assert await office.export("dossier") == content


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf\r\n" + SAMPLE.read_bytes().replace(b"\n", b"\r\n").rstrip(),
        (block(9) + block(2, question="e\u2028isso\t?  ") + block(40, label="C/P", relevance="N/D (timeout)")).encode(),
        block(3).rstrip("\n-").encode(),
    ],
    ids=["windows", "odd", "unfinished"],
)
async def test_what_cannot_be_derived_is_kept_in_the_database(office: Office, content: bytes) -> None:
    await office.imported(content)

    assert await office.export("dossier") == content


async def test_an_import_makes_answers_labels_and_judgements(office: Office) -> None:
    content = (
        block(1, label="P", relevance="0.67", automated="C")
        + block(2, label="N/D", relevance="N/D (parse_error)", automated="N/D", reasoning="Porque sim.")
        + block(3, label="?", relevance="0.85")
        + block(4, label="N/A", relevance="N/D")
    )

    report = await office.imported(content)

    assert report == ImportReport(new=4, labels=1, judgements=2, unread_labels=2, unread_relevances=1)
    stored = await office.run("select text, source, source_id, asker_key, language from questions order by id")
    assert [one["source_id"] for one in stored] == [f"{office.course.id}:{number}" for number in (1, 2, 3, 4)]
    assert {(one["source"], one["asker_key"], one["language"]) for one in stored} == {("dossier", None, "pt")}
    answered = await office.run("select distinct outcome, model, retrieval, text, latency_ms from answers")
    assert [tuple(one.values()) for one in answered] == [("answered", "imported", "hybrid", "Um tensor é … ", 0)]
    labels = await office.run("select annotator_key, role, label, judge_visible from annotations")
    assert [tuple(one.values()) for one in labels] == [("dossier", "staff", "P", False)]
    judged = await office.run(
        "select kind, status, score, label, criteria, evidence, model, probability from judgements order by id"
    )
    assert [tuple(one.values()) for one in judged] == [
        ("relevance", "ok", 2, "C", "É isso.", "«tensor»", "imported", None),
        ("relevance", "parse_error", None, None, "Porque sim.", None, "imported", None),
    ]
    assert (await office.counted())["answer_hits"] == 0


async def test_a_label_that_is_missing_follows_from_the_courses_map(office: Office) -> None:
    async with office.desk.pool.connection() as conn:
        version = await judge_settings.add(conn, office.course.id, JudgeSettings(labels=("I", "P", "P", "P")))

    await office.imported(block(1, relevance="0.33", automated="N/D") + block(2, automated="C"))

    judged = await office.run("select label, settings_version from judgements order by id")
    assert [tuple(one.values()) for one in judged] == [("P", version), ("C", 0)]


async def test_imported_again_nothing_changes(office: Office) -> None:
    await office.imported(block(1) + block(2))
    before = await office.counted()

    again = await office.imported((block(1) + block(2)).replace("\n", "\r\n"))
    more = await office.imported(block(1) + block(3))

    assert again == ImportReport(unchanged=2)
    assert more == ImportReport(new=1, unchanged=1, labels=1, judgements=1)
    assert {table: count - before[table] for table, count in (await office.counted()).items()} == {
        "questions": 1,
        "answers": 1,
        "annotations": 1,
        "judgements": 1,
        "dossier_entries": 1,
        "answer_hits": 0,
    }
    assert await office.export("dossier") == (block(1) + block(2) + block(3)).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (block(8) + block(7, answer="Outra."), "Question 7 of 'dossiê.md' is in the course 'redes' already"),
        (block(8) + block(9).replace("**Anotação manual**", "**Anotação**"), "'dossiê.md', line 28: expected"),
        (block(8) + block(8), "question 8 stands in line 1 already"),
        ("\n \n", "'dossiê.md' holds no question"),
        (b"\xff\xfe*\x00", "line 1: the line is not UTF-8 text"),
    ],
    ids=["taken", "malformed", "twice", "empty", "encoding"],
)
async def test_an_import_is_whole_or_nothing(office: Office, content: bytes | str, reason: str) -> None:
    await office.imported(block(7))
    before = await office.counted()

    with pytest.raises(Refused) as refused:
        await office.imported(content)

    assert reason in str(refused.value)
    assert await office.counted() == before


async def test_a_refusal_names_what_differs(office: Office) -> None:
    await office.imported(block(7))

    with pytest.raises(Refused, match=r"with other content \(answer, label\); nothing was stored\."):
        await office.imported(block(7, answer="Outra.", label="P"))


async def test_two_imports_at_once_store_each_question_once(office: Office) -> None:
    content = "".join(map(block, range(1, 120)))

    reports = await asyncio.gather(office.imported(content), office.imported(content))

    assert sorted(report.new for report in reports) == [0, 119]
    assert await office.export("dossier") == content.encode()


async def test_an_import_that_is_given_up_stores_nothing(office: Office) -> None:
    path = office.desk.folder / "long.md"
    path.write_text("".join(map(block, range(1, 2 * importing.BATCH))))
    events = imported(office.desk.pool, office.course, path)

    await anext(events)
    await events.aclose()

    assert (await office.counted())["questions"] == 0


async def test_one_number_may_stand_in_two_courses(office: Office) -> None:
    other = await Courses(office.desk.pool).create(slug="outra", title="Outra", language="en")

    await office.imported(block(7))
    await office.imported(block(7, answer="Outra."), course=other)

    assert await office.export("dossier") == block(7).encode()
    assert await office.export("dossier", course=other) == block(7, answer="Outra.").encode()


@pytest.mark.parametrize("path", ["none.md", ".", "x" * 300])
async def test_a_file_that_cannot_be_read_is_refused_by_name(office: Office, path: str) -> None:
    with pytest.raises(Refused, match=r"The dossier .* cannot be read"):
        await anext(imported(office.desk.pool, office.course, office.desk.folder / path))


async def test_what_staff_say_later_stands_in_the_export(office: Office) -> None:
    await office.imported(block(7) + block(8, label="?"))
    first, second = [one["id"] for one in await office.run("select id from answers order by id")]
    await office.labelled(first, "student", "I", "ana")
    await office.labelled(second, "student", "I", "ana")

    unmoved = await office.export("dossier")
    await office.labelled(first, "staff", "P", "bia")
    moved = await office.export("dossier")

    assert unmoved == (block(7) + block(8, label="?")).encode()
    assert moved == (block(7, label="P") + block(8, label="?")).encode()
    assert [one["manual_label"] for one in await office.documents()] == ["P", "?"]


async def test_imported_blocks_change_their_language_when_told(office: Office) -> None:
    await office.imported(block(7).replace("\n", "\r\n"))

    english = await office.export("dossier", language="en")
    portuguese = await office.export("dossier", language="pt-BR")

    assert english.startswith(b"**Question 7**: O que")
    assert b"\r" not in english
    assert portuguese == block(7).replace("\n", "\r\n").encode()
