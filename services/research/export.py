"""Write what a course was asked and answered, with all judgements and labels, as a dossier, as JSON lines or as CSV."""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from psycopg_pool import AsyncConnectionPool

from db import dossiers, exports
from db.records import Again, Course, Language, RetrievalMode
from db.records.exports import ExportedHit
from services import i18n
from services.errors import Refused
from services.ground.text import without_ids
from services.ground.timestamps import clock
from services.lectures.links import moment
from services.research import dossier
from services.research.anonymous import pseudonyms
from services.research.cases import ExportedAnswer, cases_of, label_of, manual_label
from services.research.dossier import MISSING, Entry, Passage, one_line
from services.research.json_lines import document, json_line
from services.research.table import COLUMNS, CONTEXT, KINDS, LOOKED, SCOPED, SECONDED, TRIED, cells, harmless, row

Format = Literal["dossier", "jsonl", "csv"]

PAGE = 100

E5 = re.compile(r"(?:^|[^a-z0-9])e5(?:[^a-z0-9]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The next bytes of an export, and how many questions are written with them."""

    data: bytes
    done: int
    total: int


async def chunks(
    pool: AsyncConnectionPool, course: Course, *, form: Format, since: datetime | None, language: Language | None
) -> AsyncGenerator[Chunk, None]:
    """
    Yield the export of *course* as it stands at this moment, a page of questions at a time, in the order of their ids.

    *language* is that of a dossier's headings; None: the course's, and imported blocks as they were read.
    """
    pseudonym = await pseudonyms(pool, course)
    async with pool.connection() as conn, conn.transaction():
        await exports.freeze(conn)
        # Columns of their own only where there is something to tell: all other tables stay what they were.
        more = (TRIED,) if await exports.has_tries(conn, course=course.id, since=since) else ()
        more += LOOKED if await exports.has_second_looks(conn, course=course.id, since=since) else ()
        more += SECONDED if await exports.has_judged(conn, "second", course=course.id, since=since) else ()
        more += (CONTEXT,) if await exports.has_judged(conn, "context", course=course.id, since=since) else ()
        more += KINDS if await exports.has_kinds(conn, course=course.id, since=since) else ()
        more += SCOPED if await exports.has_scopes(conn, course=course.id, since=since) else ()
        write = _writer(form, course, language, pseudonym, more)
        total = await exports.count(conn, course=course.id, since=since)
        yield Chunk(data=_head(form, more), done=0, total=total)
        done, after = 0, 0
        while page := await exports.page(conn, course=course.id, since=since, after=after, most=PAGE):
            done, after = done + len(page), page[-1].question_id
            cases = await cases_of(conn, course, page)
            yield Chunk(data="".join(map(write, cases)).encode(), done=done, total=total)


async def numbers_met_twice(pool: AsyncConnectionPool, course: Course) -> list[int]:
    """Numbers that stand twice in the course's dossier, at most ten: of an import, and of a question asked here."""
    async with pool.connection() as conn:
        return await dossiers.numbers_met_twice(conn, course.id)


def day(text: str) -> datetime:
    """
    Return the moment (UTC) when the day *text* begins.

    Raises:
        Refused: it is no day.

    """
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        pass
    raise Refused(f"--since {text[:40]!r} is no day; write it as 2026-03-01.")


def entry(case: ExportedAnswer, language: Language | None, otherwise: Language) -> Entry:
    """Return the question as a dossier's block, its headings in *language*, or in *otherwise* where nothing says."""
    imported = case.imported
    if imported is None:
        return _native(case, language or otherwise)
    imported = replace(imported, label=label_of(case, imported))
    return imported if language is None else dossier.translated(imported, language)


def _head(form: Format, more: Sequence[str]) -> bytes:
    """Return what an export begins with, also an empty one."""
    return f"{dossier.BOM}{row((*COLUMNS, *more))}".encode() if form == "csv" else b""


def _writer(
    form: Format, course: Course, language: Language | None, pseudonym: Callable[[str], str], more: Sequence[str]
) -> Callable[[ExportedAnswer], str]:
    match form:
        case "dossier":
            blocks = dossier.Writer()
            return lambda case: blocks.write(entry(case, language, course.language))
        case "jsonl":
            return lambda case: json_line(document(case, course, pseudonym))
        case "csv":
            return lambda case: row(map(harmless, cells(case, course, pseudonym, more)))


def _native(case: ExportedAnswer, language: Language) -> Entry:
    """Write a question that was asked here as a dossier's block."""
    kept, judged = case.kept, case.latest("relevance")
    return Entry(
        number=kept.question_id,
        question=_wish(kept.again, language) + one_line(without_ids(kept.question)),
        retriever=retriever(kept.embedding_model, kept.retrieval),
        passages=tuple(map(_passage, case.hits)),
        answer=MISSING if kept.answer is None else one_line(without_ids(kept.answer)),
        references=tuple(
            dossier.link(one_line(f"{one.title} ({clock(one.start_s)})"), one.url or MISSING) for one in case.references
        ),
        label=manual_label(case.annotations),
        relevance=dossier.relevance(judged.status, judged.score) if judged else MISSING,
        automated=(judged.label if judged else None) or MISSING,
        reasoning=without_ids(dossier.reasoning(judged.criteria, judged.evidence, judged.score)) if judged else MISSING,
        language=language,
    )


def _wish(again: Again | None, language: Language) -> str:
    """Return what stands before a question that was asked once more, for another answer."""
    return f"({i18n.text(f'button.{again}', language)}) " if again else ""


def retriever(model: str | None, mode: RetrievalMode | None) -> str:
    """Name the model that found the passages: "E5" for all of that family, "BM25" where words alone found them."""
    if model is None:
        return "BM25" if mode == "lexical" else MISSING
    name = Path(model).name
    return "E5" if E5.search(name) else one_line(name).replace("*", "").strip() or MISSING


def _passage(hit: ExportedHit) -> Passage:
    return Passage(
        corpus_id=str(hit.segment_id),
        score=MISSING if hit.score is None else repr(hit.score),
        url=moment(hit.video_url, hit.start_s, hit.duration_s) or MISSING,
        start=clock(hit.start_s),
        end=clock(hit.end_s),
        transcript=one_line(hit.text),
    )
