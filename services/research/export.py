"""Write what a course was asked and answered, with all judgements and labels, as a dossier, as JSON lines or as CSV."""

import csv
import hashlib
import hmac
import io
import json
import math
import re
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import dossiers, exports, people
from db.exports import Kept, KeptAnnotation, KeptHit, KeptJudgement, KeptReason, KeptReference, KeptSupport
from db.records import Course, JudgedFor, Language, RetrievalMode
from services.errors import Refused
from services.ground.timestamps import clock
from services.lectures.links import moment
from services.research import dossier
from services.research.dossier import MISSING, Entry, Passage, one_line

T = TypeVar("T")
Format = Literal["dossier", "jsonl", "csv"]

PAGE = 100
PSEUDONYMS = "export"
"""The secret that the names of people in exports come from; another than the one of the keys in the database."""

E5 = re.compile(r"(?:^|[^a-z0-9])e5(?:[^a-z0-9]|$)", re.IGNORECASE)
DISCORD_IDS = (
    (re.compile(r"<@[!&]?\d+>"), "@…"),
    (re.compile(r"<#\d+>"), "#…"),
    (re.compile(r"<a?(:\w+:)\d+>|<(/[^:<>]+):\d+>"), r"\1\2"),
    (re.compile(r"(https?://(?:\w+\.)?discord(?:app)?\.com/(?:channels|users))/[^\s<>()]+"), r"\1/…"),
)
LINE_ENDS_IN_JSON = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Legal in JSON, but many programs that read line by line would break there."""

FORMULA = re.compile(r"(^|;)([\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n])")
"""Where a spreadsheet would begin to compute; `;` begins a cell for Excel in Brazil."""

COLUMNS = (
    "course",
    "question_id",
    "number",
    "source",
    "asked_at",
    "asker",
    "language",
    "lecture",
    "follows",
    "question",
    "standalone",
    "outcome",
    "answer",
    "model",
    "prompt_id",
    "prompt_sha256",
    "retrieval",
    "embedding_model",
    "latency_ms",
    "tokens_in",
    "tokens_out",
    "passages",
    "top_score",
    "references",
    "reference_urls",
    "manual_label",
    "students_c",
    "students_i",
    "staff_c",
    "staff_p",
    "staff_i",
    "judge_status",
    "score",
    "relevance",
    "automated_label",
    "criteria",
    "evidence",
    "judge_model",
    "judge_prompt_id",
    "support_full",
    "support_partial",
    "support_none",
    "abstention",
    "review_reasons",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The next bytes of an export, and how many questions are written with them."""

    data: bytes
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question with all that is kept of it."""

    kept: Kept
    hits: Sequence[KeptHit]
    references: Sequence[KeptReference]
    judgements: Sequence[KeptJudgement]  # the oldest first
    supports: Mapping[int, Sequence[KeptSupport]]  # by judgement
    annotations: Sequence[KeptAnnotation]
    reasons: Sequence[KeptReason]

    @property
    def imported(self) -> Entry | None:
        """The block of the dossier that the question came in."""
        return None if self.kept.entry is None else dossier.from_json(self.kept.entry)

    def latest(self, kind: JudgedFor) -> KeptJudgement | None:
        return next((one for one in reversed(self.judgements) if one.kind == kind), None)


async def chunks(
    pool: AsyncConnectionPool, course: Course, *, form: Format, since: datetime | None, language: Language | None
) -> AsyncGenerator[Chunk, None]:
    """
    Yield the export of *course* as it stands at this moment, a page of questions at a time, in the order of their ids.

    *language* is that of a dossier's headings; None: the course's, and imported blocks as they were read.
    """
    pseudonym = await _pseudonyms(pool, course)
    write = _writer(form, course, language, pseudonym)
    async with pool.connection() as conn, conn.transaction():
        await exports.freeze(conn)
        total = await exports.count(conn, course=course.id, since=since)
        yield Chunk(data=_head(form), done=0, total=total)
        done, after = 0, 0
        while page := await exports.page(conn, course=course.id, since=since, after=after, most=PAGE):
            done, after = done + len(page), page[-1].question_id
            cases = await _cases(conn, course, page)
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


def entry(case: Case, language: Language | None, otherwise: Language) -> Entry:
    """Return the question as a dossier's block, its headings in *language*, or in *otherwise* where nothing says."""
    imported = case.imported
    if imported is None:
        return _native(case, language or otherwise)
    imported = replace(imported, label=_label(case, imported))
    return imported if language is None else dossier.translated(imported, language)


def manual_label(annotations: Iterable[KeptAnnotation]) -> str:
    """Return the label most staff give, or most students where no staff does; a tie has all its labels: "C/I"."""
    given = list(annotations)
    for role in ("staff", "student"):
        votes = Counter(one.label for one in given if one.role == role)
        if votes:
            return "/".join(label for label in ("C", "P", "I") if votes[label] == max(votes.values()))
    return MISSING


def _label(case: Case, imported: Entry | None) -> str:
    """Return what people say of the answer; staff here outrank a dossier's label, which outranks students."""
    staff = [one for one in case.annotations if one.role == "staff" and one.annotator_key != dossiers.SOURCE]
    if imported and not staff:
        return imported.label
    return manual_label(staff or case.annotations)


def without_ids(text: str) -> str:
    """
    Return *text* without the ids of Discord that a message may hold.

    >>> without_ids("<@123456>, veja <#42>: https://discord.com/channels/1/2/3")
    '@…, veja #…: https://discord.com/channels/…'
    """
    for pattern, instead in DISCORD_IDS:
        text = pattern.sub(instead, text)
    return text


def harmless(cell: object) -> object:
    """
    Return a cell that no spreadsheet computes: texts get an apostrophe before what begins a formula.

    >>> harmless("=1+1"), harmless("a; @b"), harmless(-0.5)
    ("'=1+1", "a;' @b", -0.5)
    """
    return FORMULA.sub(r"\1'\2", cell) if isinstance(cell, str) else cell


def _head(form: Format) -> bytes:
    """Return what an export begins with, also an empty one."""
    return f"{dossier.BOM}{_row(COLUMNS)}".encode() if form == "csv" else b""


def _writer(
    form: Format, course: Course, language: Language | None, pseudonym: Callable[[str], str]
) -> Callable[[Case], str]:
    match form:
        case "dossier":
            blocks = dossier.Writer()
            return lambda case: blocks.write(entry(case, language, course.language))
        case "jsonl":
            return lambda case: _json_line(_document(case, course, pseudonym))
        case "csv":
            return lambda case: _row(map(harmless, _cells(case, course, pseudonym)))


def _json_line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False).translate(LINE_ENDS_IN_JSON) + "\n"


def _row(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


async def _pseudonyms(pool: AsyncConnectionPool, course: Course) -> Callable[[str], str]:
    """Return what names people in this course's exports, always alike, and unlike the keys in the database."""
    async with pool.connection() as conn:
        secret = await people.secret(conn, name=PSEUDONYMS, proposal=secrets.token_bytes(32))

    def pseudonym(key: str) -> str:
        if key == dossiers.SOURCE:
            return key
        return "P" + hmac.new(secret, f"export:{course.id}:{key}".encode(), hashlib.sha256).hexdigest()[:12]

    return pseudonym


async def _cases(conn: AsyncConnection, course: Course, page: Sequence[Kept]) -> list[Case]:
    """Fetch what belongs to a page of questions, and put it together."""
    ids = [kept.answer_id for kept in page if kept.answer_id is not None]
    judged = await exports.judgements(conn, course=course.id, answers=ids)
    supports = _grouped(
        await exports.supports(conn, course=course.id, judgements=[one.id for one in judged if one.kind == "support"]),
        lambda one: one.judgement_id,
    )
    hits = _grouped(await exports.hits(conn, course=course.id, answers=ids), lambda one: one.answer_id)
    references = _grouped(await exports.references(conn, course=course.id, answers=ids), lambda one: one.answer_id)
    judgements = _grouped(judged, lambda one: one.answer_id)
    annotations = _grouped(await exports.annotations(conn, course=course.id, answers=ids), lambda one: one.answer_id)
    reasons = _grouped(await exports.reasons(conn, course=course.id, answers=ids), lambda one: one.answer_id)
    return [
        Case(
            kept=kept,
            hits=hits.get(kept.answer_id, ()),
            references=references.get(kept.answer_id, ()),
            judgements=judgements.get(kept.answer_id, ()),
            supports={one.id: supports.get(one.id, ()) for one in judgements.get(kept.answer_id, ())},
            annotations=annotations.get(kept.answer_id, ()),
            reasons=reasons.get(kept.answer_id, ()),
        )
        for kept in page
    ]


def _grouped(rows: Iterable[T], key: Callable[[T], int]) -> Mapping[int | None, Sequence[T]]:
    groups: dict[int | None, list[T]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _native(case: Case, language: Language) -> Entry:
    """Write a question that was asked here as a dossier's block."""
    kept, judged = case.kept, case.latest("relevance")
    return Entry(
        number=kept.question_id,
        question=one_line(without_ids(kept.question)),
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


def retriever(model: str | None, mode: RetrievalMode | None) -> str:
    """Name the model that found the passages: "E5" for all of that family, "BM25" where words alone found them."""
    if model is None:
        return "BM25" if mode == "lexical" else MISSING
    name = Path(model).name
    return "E5" if E5.search(name) else one_line(name).replace("*", "").strip() or MISSING


def _passage(hit: KeptHit) -> Passage:
    return Passage(
        corpus_id=str(hit.segment_id),
        score=MISSING if hit.score is None else repr(hit.score),
        url=moment(hit.video_url, hit.start_s, hit.duration_s) or MISSING,
        start=clock(hit.start_s),
        end=clock(hit.end_s),
        transcript=one_line(hit.text),
    )


def _document(case: Case, course: Course, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """Return the object of a JSON line; docs/export.md explains each name, and names are promises."""
    kept, judged, read = case.kept, case.latest("relevance"), case.imported
    label = _label(case, read)
    return {
        "course": course.slug,
        "question_id": kept.question_id,
        "number": read.number if read else kept.question_id,
        "source": kept.source,
        "asked_at": kept.asked_at.isoformat(),
        "asker": pseudonym(kept.asker_key) if kept.asker_key else None,
        "language": kept.language,
        "lecture": kept.lecture,
        "follows": kept.follows,
        "question": _told(kept.question, read),
        "standalone": kept.standalone and without_ids(kept.standalone),
        "answer_id": kept.answer_id,
        "outcome": kept.outcome,
        "answer": kept.answer and _told(kept.answer, read),
        "answered_at": kept.answered_at.isoformat() if kept.answered_at else None,
        "model": kept.model,
        "prompt_id": kept.prompt_id,
        "prompt_sha256": kept.prompt_sha256,
        "retrieval": kept.retrieval,
        "embedding_model": kept.embedding_model and _without_folder(kept.embedding_model),
        "latency_ms": kept.latency_ms,
        "tokens_in": kept.tokens_in,
        "tokens_out": kept.tokens_out,
        "passages": _passages_read(read) if read else [_passage_object(hit) for hit in case.hits],
        "references": _references_read(read) if read else _reference_objects(case),
        "manual_label": None if label == MISSING else label,
        "automated_label": judged.label if judged else None,
        "score": judged.score if judged else None,
        "relevance": _normalised(judged),
        "judgements": [_judgement_object(one, case.supports.get(one.id, ())) for one in case.judgements],
        "annotations": [_annotation_object(one, pseudonym) for one in case.annotations],
        "review": [_reason_object(one) for one in case.reasons],
        "dossier": _as_read(read) if read else None,
    }


def _without_folder(model: str) -> str:
    """Return a model's name on its hub, or the last part of a path on this machine."""
    return Path(model).name if Path(model).is_absolute() else model


def _told(text: str, read: Entry | None) -> str:
    """A text from a dossier stays as it is; one that was typed in Discord loses its ids."""
    return text if read else without_ids(text)


def _passage_object(hit: KeptHit) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "segment_id": hit.segment_id,
        "corpus_id": str(hit.segment_id),
        "lecture": hit.lecture,
        "title": hit.title,
        "start": hit.start_s,
        "end": hit.end_s,
        "score": hit.score,
        "url": moment(hit.video_url, hit.start_s, hit.duration_s),
        "text": hit.text,
    }


def _passages_read(read: Entry) -> list[dict[str, Any]]:
    return [
        {
            "rank": rank,
            "segment_id": None,
            "corpus_id": passage.corpus_id,
            "lecture": None,
            "title": None,
            "start": _seconds(passage.start),
            "end": _seconds(passage.end),
            "score": _number(passage.score),
            "url": _address(passage.url),
            "text": passage.transcript,
        }
        for rank, passage in enumerate(read.passages, start=1)
    ]


def _reference_objects(case: Case) -> list[dict[str, Any]]:
    judged = case.latest("support")
    supports = {one.number: one for one in case.supports.get(judged.id, ())} if judged else {}
    return [
        {
            "number": one.number,
            "segment_id": one.segment_id,
            "lecture": one.lecture,
            "title": one.title,
            "start": one.start_s,
            "end": one.end_s,
            "url": one.url,
            "quote": one.quote,
            "support": supports[one.number].support if one.number in supports else None,
        }
        for one in case.references
    ]


def _references_read(read: Entry) -> list[dict[str, Any]]:
    links = [dossier.read_link(written) or (written, MISSING) for written in read.references]
    return [
        {
            "number": number,
            "segment_id": None,
            "lecture": None,
            "title": title,
            "start": None,
            "end": None,
            "url": _address(url),
            "quote": None,
            "support": None,
        }
        for number, (title, url) in enumerate(links, start=1)
    ]


def _judgement_object(one: KeptJudgement, supports: Iterable[KeptSupport]) -> dict[str, Any]:
    return {
        "judgement_id": one.id,
        "kind": one.kind,
        "status": one.status,
        "score": one.score,
        "relevance": _normalised(one),
        "label": one.label,
        "abstention": one.abstention,
        "criteria": one.criteria and without_ids(one.criteria),
        "evidence": one.evidence and without_ids(one.evidence),
        "references": [
            {"number": judged.number, "support": judged.support, "quote": judged.quote, "is_found": judged.is_found}
            for judged in supports
        ],
        "settings_version": one.settings_version,
        "swayed": one.swayed,
        "probability": one.probability,
        "model": one.model,
        "prompt_id": one.prompt_id,
        "prompt_sha256": one.prompt_sha256,
        "judged_at": one.judged_at.isoformat(),
    }


def _annotation_object(one: KeptAnnotation, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    return {
        "annotator": pseudonym(one.annotator_key),
        "role": one.role,
        "label": one.label,
        "reason": one.reason,
        "comment": one.comment and without_ids(one.comment),
        "judge_visible": one.judge_visible,
        "created_at": one.created_at.isoformat(),
        "changed_at": one.changed_at.isoformat(),
    }


def _reason_object(one: KeptReason) -> dict[str, Any]:
    return {
        "reason": one.reason,
        "given_at": one.given_at.isoformat(),
        "settled_at": one.settled_at.isoformat() if one.settled_at else None,
    }


def _as_read(read: Entry) -> dict[str, Any]:
    return {
        "retriever": read.retriever,
        "label": read.label,
        "relevance": read.relevance,
        "automated": read.automated,
        "reasoning": read.reasoning,
    }


def _cells(case: Case, course: Course, pseudonym: Callable[[str], str]) -> list[object]:
    """Return the cells of a row, in the order of `COLUMNS`; what is missing is an empty cell."""
    told = _document(case, course, pseudonym)
    judged = case.latest("relevance")
    silence = case.latest("abstention")
    scores = [passage["score"] for passage in told["passages"] if passage["score"] is not None]
    support = Counter(reference["support"] for reference in told["references"])
    votes = Counter((one.role, one.label) for one in case.annotations)
    derived: dict[str, object] = {
        "passages": len(told["passages"]),
        "top_score": max(scores, default=None),
        "references": len(told["references"]),
        "reference_urls": " ".join(reference["url"] for reference in told["references"] if reference["url"]),
        "students_c": votes["student", "C"],
        "students_i": votes["student", "I"],
        "staff_c": votes["staff", "C"],
        "staff_p": votes["staff", "P"],
        "staff_i": votes["staff", "I"],
        "judge_status": judged and judged.status,
        "criteria": judged and judged.criteria and without_ids(judged.criteria),
        "evidence": judged and judged.evidence and without_ids(judged.evidence),
        "judge_model": judged and judged.model,
        "judge_prompt_id": judged and judged.prompt_id,
        "support_full": support["full"],
        "support_partial": support["partial"],
        "support_none": support["none"],
        "abstention": silence and silence.abstention,
        "review_reasons": " ".join(dict.fromkeys(one.reason for one in case.reasons)),
    }
    return [derived[name] if name in derived else told[name] for name in COLUMNS]


def _normalised(judged: KeptJudgement | None) -> float | None:
    """Return AR as a number with two digits."""
    return None if judged is None or judged.score is None else float(dossier.RELEVANCES[judged.score])


def _seconds(written: str) -> float | None:
    """Read a moment as a dossier writes it, "01:01:15"."""
    parts = re.fullmatch(r"\s*([0-9]{1,4}):([0-9]{2}):([0-9]{2}(?:\.[0-9]{1,9})?)\s*", written)
    return int(parts[1]) * 3600.0 + int(parts[2]) * 60 + float(parts[3]) if parts else None


def _number(written: str) -> float | None:
    try:
        number = float(written)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _address(written: str) -> str | None:
    text = written.strip()
    return text if text.startswith(("https://", "http://")) else None
