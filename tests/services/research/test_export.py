"""What a course holds leaves it for research whole, and what research made elsewhere comes in whole or not at all."""

import asyncio
import csv
import doctest
import io
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from psycopg.rows import dict_row

from db import answers, judge_settings, judgements, reviews
from db.records import (
    AnswerId,
    Course,
    Hit,
    JudgedFor,
    JudgementStatus,
    JudgeSettings,
    Label,
    Language,
    Outcome,
    QuestionId,
    Reference,
    ReferenceJudgement,
    RetrievalMode,
)
from services.courses.courses import Courses
from services.errors import Refused
from services.ground import text as texts
from services.ground.text import without_ids
from services.lectures.manifest import Plan, Source
from services.research import dossier, dossier_reading, export, importing, table
from services.research.export import Chunk, Format, chunks, day, retriever
from services.research.importing import ImportReport, imported
from services.research.table import harmless
from tests import rows
from tests.services.conftest import Desk

SAMPLE = Path(__file__).parents[3] / "samples" / "dossier.md"
VIDEO = "https://www.youtube.com/watch?v=abc"
TITLE = "Aula [3]: Tensores"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A course with one lecture, where answers, judgements and votes are put by hand."""

    desk: Desk
    hits: Sequence[Hit]

    @property
    def course(self) -> Course:
        return self.desk.course

    async def asked(
        self,
        text: str = "O que é um tensor?",
        *,
        answer: str | None = "Um tensor é\num arranjo [1].",
        outcome: Outcome = "answered",
        asker: str | None = None,
        course: Course | None = None,
        hits: Sequence[Hit] | None = None,
    ) -> tuple[QuestionId, AnswerId]:
        where = (course or self.course).id
        async with self.desk.pool.connection() as conn:
            question = await rows.question(conn, where, text=text, source="discord", asker_key=asker)
            if answer is None:
                return question, AnswerId(0)
            stored = await rows.answer(
                conn,
                where,
                question,
                outcome=outcome,
                text=answer,
                failure="http://10.1.2.3 said no" if outcome == "failed" else None,
                retrieval="hybrid",
                generation=await self._generation(),
                prompt_id="answer/1",
                prompt_sha256="ab",
                tokens_in=100,
                tokens_out=20,
                latency_ms=1234,
            )
            if course is None and outcome == "answered":
                await answers.insert_hits(conn, answer=stored.id, course=where, hits=hits or self.hits)
                await answers.insert_references(conn, answer=stored.id, course=where, references=[self.reference()])
        return question, stored.id

    def reference(self) -> Reference:
        return Reference(
            number=1,
            segment_id=self.hits[0].segment_id,
            lecture="aula-03",
            title=TITLE,
            start_s=75.0,
            end_s=80.0,
            url=f"{VIDEO}&t=75",
            quote="um tensor é um arranjo",
        )

    async def judged(
        self,
        answer: AnswerId,
        *,
        kind: JudgedFor = "relevance",
        status: JudgementStatus = "ok",
        score: int | None = 3,
        label: Label | None = "C",
        support: str | None = None,
    ) -> None:
        async with self.desk.pool.connection() as conn:
            judgement = await judgements.insert(
                conn,
                course=self.course.id,
                answer=answer,
                kind=kind,
                status=status,
                score=score,
                abstention=None,
                criteria="Diz o que\né.",
                evidence="«um arranjo», <@123456789012345678>",
                label=label,
                settings_version=0,
                swayed=False,
                probability=0.5,
                model="judge",
                prompt_id="judge/1",
                prompt_sha256="cd",
            )
            if support:
                one = ReferenceJudgement(number=1, support="partial", quote=support, is_found=True)
                await judgements.insert_references(conn, course=self.course.id, judgement=judgement, judged=[one])

    async def labelled(self, answer: AnswerId, role: str, label: str, key: str, comment: str | None = None) -> None:
        await self.run(
            "insert into annotations (answer_id, course_id, annotator_key, role, label, comment)"
            " values (%(answer)s, %(course)s, %(key)s, %(role)s, %(label)s, %(comment)s)",
            {"answer": answer, "key": key, "role": role, "label": label, "comment": comment},
        )

    async def run(self, statement: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        async with self.desk.pool.connection() as conn, conn.cursor(row_factory=dict_row) as cur:
            await cur.execute(statement.encode(), {"course": self.course.id, **(values or {})})
            return await cur.fetchall() if cur.description else []

    async def counted(self) -> dict[str, int]:
        """How many rows of each kind the database holds."""
        tables = ("questions", "answers", "annotations", "judgements", "dossier_entries", "answer_hits")
        return {table: len(await self.run(f"select 1 as one from {table}")) for table in tables}  # noqa: S608 - names of ours

    async def export(
        self,
        form: Format,
        *,
        since: datetime | None = None,
        language: Language | None = None,
        course: Course | None = None,
    ) -> bytes:
        written = chunks(self.desk.pool, course or self.course, form=form, since=since, language=language)
        return b"".join([chunk.data async for chunk in written])

    async def documents(self, course: Course | None = None) -> list[dict[str, Any]]:
        written = await self.export("jsonl", course=course)
        return [json.loads(line) for line in written.decode().splitlines()]

    async def rows(self) -> list[dict[str, str]]:
        written = await self.export("csv")
        return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))

    async def imported(self, content: bytes | str, course: Course | None = None) -> ImportReport:
        path = self.desk.folder / "dossiê.md"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        last = [event async for event in imported(self.desk.pool, course or self.course, path)][-1]
        assert isinstance(last, ImportReport)
        return last

    async def _generation(self) -> Any:
        serving = await self.desk.serving.current()
        return serving[0].id if serving else None


@pytest.fixture
async def office(desk: Desk) -> Office:
    path = desk.write("aula-03", "bom dia", "hoje o assunto é outro", "um tensor é um arranjo")
    source = Source(slug="aula-03", path=path, title=TITLE, language="pt", video_url=VIDEO)
    await desk.take_in(Plan(sources=(source,), overlooked=(), folders=()).sources)
    found = await desk.retriever.search(course=desk.course, questions=["tensor"])
    return Office(desk=desk, hits=[replace(found.hits[0], score=0.8412345051765442)])


def block(number: int = 7, **changed: str) -> str:
    """A block made elsewhere."""
    entry = dossier.Entry(
        number=number,
        question="O que é um tensor?",
        retriever="E5",
        passages=(),
        answer="Um tensor é … ",
        references=(),
        label="C",
        relevance="1.00",
        automated="C",
        reasoning="Criteria: É isso. Supporting Evidence: «tensor» Score: 3",
        language="pt-BR",
    )
    return dossier.render(replace(entry, **changed))


# Import


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


# Questions asked here


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


async def test_a_json_line_holds_all_that_is_kept(office: Office) -> None:
    question, answer = await office.asked("veja\u2028<#42>", asker="key of ana")
    await office.judged(answer)
    await office.judged(answer, kind="support", score=None, label=None, support="um arranjo")
    await office.labelled(answer, "student", "I", "key of ana", "fala com <@!7>")
    async with office.desk.pool.connection() as conn:
        await reviews.flag(conn, course=office.course.id, answer=answer, reason="called")

    written = await office.export("jsonl")
    [told] = [json.loads(line) for line in written.decode().splitlines()]

    ana = told["asker"]
    assert told["annotations"][0].pop("created_at") == told["annotations"][0].pop("changed_at")
    for moment in (told, told["judgements"][0], told["judgements"][1], told["review"][0]):
        name = next(name for name in ("asked_at", "judged_at", "given_at") if name in moment)
        assert datetime.fromisoformat(moment.pop(name)).tzinfo
    assert datetime.fromisoformat(told.pop("answered_at"))
    first = told["judgements"][0].pop("judgement_id")
    assert told["judgements"][1].pop("judgement_id") > first
    assert told == {
        "course": "redes",
        "question_id": question,
        "number": question,
        "source": "discord",
        "asker": ana,
        "language": "pt",
        "lecture": None,
        "follows": None,
        "question": "veja\u2028#…",
        "standalone": None,
        "answer_id": answer,
        "outcome": "answered",
        "answer": "Um tensor é\num arranjo [1].",
        "model": "fake",
        "prompt_id": "answer/1",
        "prompt_sha256": "ab",
        "retrieval": "hybrid",
        "embedding_model": "words",
        "latency_ms": 1234,
        "tokens_in": 100,
        "tokens_out": 20,
        "passages": [
            {
                "rank": 1,
                "segment_id": office.hits[0].segment_id,
                "corpus_id": str(office.hits[0].segment_id),
                "lecture": "aula-03",
                "title": TITLE,
                "start": 0.0,
                "end": 30.0,
                "score": 0.8412345051765442,
                "url": f"{VIDEO}&t=0",
                "text": "bom dia hoje o assunto é outro um tensor é um arranjo",
            }
        ],
        "references": [
            {
                "number": 1,
                "segment_id": office.hits[0].segment_id,
                "lecture": "aula-03",
                "title": TITLE,
                "start": 75.0,
                "end": 80.0,
                "url": f"{VIDEO}&t=75",
                "quote": "um tensor é um arranjo",
                "support": "partial",
            }
        ],
        "manual_label": "I",
        "automated_label": "C",
        "score": 3,
        "relevance": 1.0,
        "judgements": [
            {
                "kind": "relevance",
                "status": "ok",
                "score": 3,
                "relevance": 1.0,
                "label": "C",
                "abstention": None,
                "criteria": "Diz o que\né.",
                "evidence": "«um arranjo», @…",
                "references": [],
                "settings_version": 0,
                "swayed": False,
                "probability": 0.5,
                "model": "judge",
                "prompt_id": "judge/1",
                "prompt_sha256": "cd",
            },
            {
                "kind": "support",
                "status": "ok",
                "score": None,
                "relevance": None,
                "label": None,
                "abstention": None,
                "criteria": "Diz o que\né.",
                "evidence": "«um arranjo», @…",
                "references": [{"number": 1, "support": "partial", "quote": "um arranjo", "is_found": True}],
                "settings_version": 0,
                "swayed": False,
                "probability": 0.5,
                "model": "judge",
                "prompt_id": "judge/1",
                "prompt_sha256": "cd",
            },
        ],
        "annotations": [
            {
                "annotator": ana,
                "role": "student",
                "label": "I",
                "reason": None,
                "comment": "fala com @…",
                "judge_visible": False,
            }
        ],
        "review": [{"reason": "called", "settled_at": None}],
        "dossier": None,
    }


async def test_a_json_line_of_an_import_says_what_was_read(office: Office) -> None:
    await office.imported(SAMPLE.read_bytes())

    first, second, _ = await office.documents()

    assert (first["number"], first["question"]) == (7, "O que é um tensor?")
    assert first["passages"][0] == {
        "rank": 1,
        "segment_id": None,
        "corpus_id": "884",
        "lecture": None,
        "title": None,
        "start": 75.0,
        "end": 200.0,
        "score": 0.8342345051765442,
        "url": "https://aulas.example.org/redes-neurais/aula-02.mp4#t=75",
        "text": "um tensor é só um arranjo de números e o que muda é quantos eixos ele tem",
    }
    assert [(one["title"], one["url"]) for one in first["references"]] == [
        ("Aula 2: Tensores (00:01:15)", "https://aulas.example.org/redes-neurais/aula-02.mp4#t=75"),
        ("Aula 2: Tensores [parte 2] (00:06:40)", None),
    ]
    assert {one["url"] for one in second["passages"]} == {None}
    assert first["annotations"][0]["annotator"] == "dossier"
    assert second["manual_label"] == "?"
    assert second["dossier"] == {
        "retriever": "E5",
        "label": "?",
        "relevance": "0.67",
        "automated": "P",
        "reasoning": "Criteria: A resposta diz o que o dropout faz, mas pouco sobre para que serve. "
        'Supporting Evidence: "nenhum neurônio pode depender demais de outro" Score: 2',
    }


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


async def test_a_table_has_one_row_a_question_and_numbers_are_numbers(office: Office) -> None:
    _, answer = await office.asked(hits=[replace(office.hits[0], score=-0.25)])
    await office.judged(answer, status="timeout", score=None, label=None)
    await office.judged(answer, score=2, label="P")
    await office.labelled(answer, "student", "I", "ana")
    await office.labelled(answer, "student", "C", "bia")
    await office.asked(answer=None)

    written = await office.export("csv")
    one, two = await office.rows()

    assert written.startswith(b"\xef\xbb\xbfcourse,question_id,")
    assert written.endswith(b"\r\n")
    assert tuple(one) == export.COLUMNS
    assert (one["answer"], one["top_score"], one["passages"]) == ("Um tensor é\num arranjo [1].", "-0.25", "1")
    assert (one["manual_label"], one["students_c"], one["students_i"], one["staff_c"]) == ("C/I", "1", "1", "0")
    assert (one["judge_status"], one["score"], one["relevance"], one["automated_label"]) == ("ok", "2", "0.67", "P")
    assert (two["outcome"], two["answer"], two["relevance"], two["passages"]) == ("", "", "", "0")


FORMULAS = (
    *(
        "=1+1",
        "+1",
        "-1",
        "@soma",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠a",
        " =1",
        "\ufeff=1",
        "a;=1",
        "a; @b",
    ),
)


async def test_no_cell_of_a_table_computes(office: Office) -> None:
    for text in FORMULAS:
        await office.asked("pergunta", answer=text)

    for text, row in zip(FORMULAS, await office.rows(), strict=True):
        assert row["answer"].replace("'", "") == text
        assert row["answer"] == harmless(text)
        assert row["answer"].partition("'")[0] in {"", "a;"}
        assert row["answer"] != text


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
