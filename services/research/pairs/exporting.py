"""Write a course's pairs of answers as JSON lines: what was compared, what the judge said, what staff chose."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import exports, pairs
from db.records import Course, Reference
from db.records.pairs import ExportedChoice, ExportedPair, ExportedPairJudgement
from services.ground.text import without_ids
from services.research import moments
from services.research.anonymous import pseudonyms
from services.research.export import PAGE, Chunk
from services.research.json_lines import json_line


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCase:
    """One pair with all that is kept of it."""

    kept: ExportedPair
    first: Sequence[Reference]
    second: Sequence[Reference]
    judgements: Sequence[ExportedPairJudgement]
    choices: Sequence[ExportedChoice]


async def chunks(pool: AsyncConnectionPool, course: Course, *, since: datetime | None) -> AsyncGenerator[Chunk, None]:
    """Yield the pairs of *course* as they stand at this moment, a page at a time, in the order of their ids."""
    pseudonym = await pseudonyms(pool, course)
    async with pool.connection() as conn, conn.transaction():
        await exports.freeze(conn)
        total = await pairs.count(conn, course=course.id, since=since)
        yield Chunk(data=b"", done=0, total=total)
        done, after = 0, 0
        while page := await pairs.page(conn, course=course.id, since=since, after=after, most=PAGE):
            done, after = done + len(page), page[-1].id
            lines = [json_line(document(one, course, pseudonym)) for one in await _cases(conn, course, page)]
            yield Chunk(data="".join(lines).encode(), done=done, total=total)


def document(case: PairCase, course: Course, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """Return the object of a JSON line; docs/export.md explains each name, and names are promises."""
    kept = case.kept
    return {
        "course": course.slug,
        "pair_id": kept.id,
        "run": kept.run_id,
        "made_at": kept.made_at.isoformat(),
        "question_id": kept.question_id,
        "question": without_ids(kept.question),
        "first": _side(kept.first, kept.first_text, case.first),
        "second": _side(kept.second, kept.second_text, case.second),
        "model": kept.model,
        "prompt_id": kept.prompt_id,
        "judgements": [_judgement(one) for one in case.judgements],
        "choices": [_choice(one, pseudonym) for one in case.choices],
    }


async def _cases(conn: AsyncConnection, course: Course, page: Sequence[ExportedPair]) -> list[PairCase]:
    ids = [kept.id for kept in page]
    judged = await pairs.judgements(conn, course=course.id, pairs=ids)
    chosen = await pairs.choices(conn, course=course.id, pairs=ids)
    return [
        PairCase(
            kept=kept,
            first=await pairs.references(conn, course=course.id, answer=kept.first_answer),
            second=await pairs.references(conn, course=course.id, answer=kept.second_answer),
            judgements=[one for one in judged if one.pair_id == kept.id],
            choices=[one for one in chosen if one.pair_id == kept.id],
        )
        for kept in page
    ]


def _side(configuration: str, text: str, references: Sequence[Reference]) -> dict[str, Any]:
    cited = [{"number": one.number, "segment_id": one.segment_id, **moments.cited(one)} for one in references]
    return {"configuration": configuration, "answer": without_ids(text), "references": cited}


def _judgement(one: ExportedPairJudgement) -> dict[str, Any]:
    return {
        "shown_first": one.shown_first,
        "status": one.status,
        "better": one.better,
        "reason": one.reason and without_ids(one.reason),
        "tokens": one.tokens,
    }


def _choice(one: ExportedChoice, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    return {
        "annotator": pseudonym(one.chooser_key),
        "shown_first": one.shown_first,
        "better": one.better,
        "shown_at": one.shown_at.isoformat(),
        "chosen_at": one.chosen_at.isoformat(),
    }
