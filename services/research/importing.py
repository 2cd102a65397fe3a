"""Store the questions of a dossier made elsewhere, with their answers, labels and judgements: all of them or none."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import annotations, answers, dossiers, judge_settings, judgements, questions
from db.records import AnswerId, Course, JudgeSettings, Label, QuestionId
from services.errors import Broken, Refused
from services.research import dossier, dossier_reading
from services.research.dossier import Entry
from services.words import language

BATCH = 50
MODEL = "imported"
"""What stands as the model of an answer and of a judgement that were made elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How much of the file is read, in bytes."""

    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import has stored, and what it could keep only as text."""

    new: int = 0
    unchanged: int = 0  # were in the course already, with the same content
    labels: int = 0  # C, P or I given by people
    judgements: int = 0
    unread_labels: int = 0  # other than C, P, I and N/D
    unread_relevances: int = 0  # neither a score of ours nor missing

    def __add__(self, other: "ImportReport") -> "ImportReport":
        return ImportReport(
            new=self.new + other.new,
            unchanged=self.unchanged + other.unchanged,
            labels=self.labels + other.labels,
            judgements=self.judgements + other.judgements,
            unread_labels=self.unread_labels + other.unread_labels,
            unread_relevances=self.unread_relevances + other.unread_relevances,
        )


async def imported(
    pool: AsyncConnectionPool, course: Course, path: Path
) -> AsyncGenerator[ImportProgress | ImportReport, None]:
    """
    Store the dossier at *path* in one transaction; yield how far it is, and last the report.

    Raises:
        Refused: the file cannot be read or holds no question, a block is not a dossier's, or a number of it stands
            in the course with other content; nothing is stored then.

    """
    await asyncio.to_thread(language.warm)
    file, size = await asyncio.to_thread(_opened, path)
    report = ImportReport()
    with file:
        entries = dossier_reading.read(
            iter(lambda: file.readline(dossier_reading.LONGEST_LINE_BYTES + 1), b""), path.name
        )
        async with pool.connection() as conn, conn.transaction():
            await dossiers.lock_adding(conn, course.id)
            settings = await judge_settings.current(conn, course.id)
            while batch := await asyncio.to_thread(_batch, entries):
                for entry in batch:
                    report += await _stored(conn, course, settings, entry, path.name)
                yield ImportProgress(done=file.tell(), total=size)
    if not report.new + report.unchanged:
        raise Refused(
            f"{path.name!r} holds no question; a dossier's begin with `**Pergunta 7**:` or `**Question 7**:`."
        )
    yield report


def _opened(path: Path) -> tuple[BinaryIO, int]:
    try:
        return path.open("rb"), path.stat().st_size
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such name is possible"
        raise Refused(f"The dossier {str(path)[:200]!r} cannot be read ({reason}); check the path.") from None


def _batch(entries: Iterator[Entry]) -> list[Entry]:
    return list(islice(entries, BATCH))


async def _stored(
    conn: AsyncConnection, course: Course, settings: JudgeSettings, entry: Entry, name: str
) -> ImportReport:
    source_id = f"{course.id}:{entry.number}"
    question = await questions.insert(
        conn,
        course=course.id,
        lecture=None,
        text=entry.question,
        language=_language(entry),
        follows=None,
        source=dossiers.SOURCE,
        source_id=source_id,
        asker_key=None,
        lease=timedelta(0),
    )
    if question is None:
        await _require_same(conn, course, source_id, entry, name)
        return ImportReport(unchanged=1)
    await dossiers.insert(
        conn,
        course=course.id,
        question=question,
        position=await dossiers.next_position(conn, course.id),
        entry=dossier.to_json(entry),
    )
    answer = await _answered(conn, course, question, entry)
    label = await _annotated(conn, course, answer, entry)
    return ImportReport(new=1) + label + await _judged(conn, course, answer, settings, entry)


async def _require_same(conn: AsyncConnection, course: Course, source_id: str, entry: Entry, name: str) -> None:
    stored = await dossiers.of_source(conn, course=course.id, source_id=source_id)
    differing = dossier.differences(dossier.from_json(stored), entry) if stored else ["question"]
    if differing:
        raise Refused(
            f"Question {entry.number} of {name!r} is in the course {course.slug!r} already, with other content "
            f"({', '.join(differing)}); nothing was stored. Give it another number, or import into another course."
        )


async def _answered(conn: AsyncConnection, course: Course, question: QuestionId, entry: Entry) -> AnswerId:
    answer = await answers.insert(
        conn,
        question=question,
        course=course.id,
        outcome="answered",
        text=entry.answer,
        failure=None,
        retrieval="hybrid",
        generation=None,
        model=MODEL,
        prompt_id=None,
        prompt_sha256=None,
        tokens_in=None,
        tokens_out=None,
        latency_ms=0,
    )
    if answer is None:
        raise Broken(f"Question {entry.number}, stored just now, has an answer already; report this.")
    return answer.id


async def _annotated(conn: AsyncConnection, course: Course, answer: AnswerId, entry: Entry) -> ImportReport:
    label = dossier.read_label(entry.label)
    if label is None:
        return ImportReport(unread_labels=int(entry.label.strip() != dossier.MISSING))
    await annotations.put(
        conn, course=course.id, answer=answer, annotator_key=dossiers.SOURCE, role="staff", label=label
    )
    return ImportReport(labels=1)


async def _judged(
    conn: AsyncConnection, course: Course, answer: AnswerId, settings: JudgeSettings, entry: Entry
) -> ImportReport:
    judged = dossier.read_relevance(entry.relevance)
    if judged is None:
        return ImportReport(unread_relevances=int(entry.relevance.strip() != dossier.MISSING))
    status, score = judged
    label, version = _label(entry, settings, score)
    criteria, evidence = dossier.read_reasoning(entry.reasoning)
    await judgements.insert(
        conn,
        course=course.id,
        answer=answer,
        kind="relevance",
        status=status,
        score=score,
        abstention=None,
        criteria=criteria,
        evidence=evidence,
        label=label,
        settings_version=version,
        swayed=False,
        probability=None,
        model=MODEL,
        prompt_id=None,
        prompt_sha256=None,
    )
    return ImportReport(judgements=1)


def _label(entry: Entry, settings: JudgeSettings, score: int | None) -> tuple[Label | None, int]:
    """Return the automated label as written, else by the course's map, and the settings' version that explains it."""
    if score is None:
        return None, settings.version
    written = dossier.read_label(entry.automated)
    by_map = settings.labels[score]
    return written or by_map, settings.version if written in {None, by_map} else 0


def _language(entry: Entry) -> str:
    """Tell the question's language; where its words do not, it is that of the headings."""
    return language.of_question(entry.question, [language.code(entry.language)])
