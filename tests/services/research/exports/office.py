"""A course whose answers, labels and judgements a test puts by hand, to export them and to import others."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row

from db import answers, judgements
from db.records import (
    AnswerId,
    Course,
    Hit,
    JudgedFor,
    JudgementStatus,
    Label,
    Language,
    Outcome,
    QuestionId,
    Reference,
    ReferenceJudgement,
)
from services.research import dossier
from services.research.export import Format, chunks
from services.research.importing import ImportReport, imported
from tests import rows
from tests.services.conftest import Desk

SAMPLE = Path(__file__).parents[4] / "samples" / "dossier.md"
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
