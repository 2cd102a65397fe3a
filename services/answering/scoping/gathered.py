"""Decide from what a question is answered: the ten passages, those of each side, those of lectures whole, or lines."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg_pool import AsyncConnectionPool

from db.records import IntentKind, LectureFacts
from services.answering.again import WRITTEN
from services.answering.asked import Question
from services.answering.scoping.gathering import Search, passages, speaking, whole
from services.answering.scoping.lines import a_list, a_map
from services.answering.scoping.reading import searched_for
from services.answering.scoping.sides import Sided, by_sides, quotations_by_side
from services.answering.writing import HITS, NOTHING, Written
from services.search.retrieve import Found
from services.search.scope.intents import Intent

MOST_TOLD = 5
"""Lectures of which a model may tell in one answer; of more, lines are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyMaterial:
    """What was gathered for a question: passages to write an answer from, or lines that are one."""

    found: Found = NOTHING
    kind: IntentKind | None = None  # what the passages were chosen for; None: an answer
    sides: tuple[Sided, ...] = ()
    written: Written | None = None


NO_MATERIAL_YET = ReplyMaterial()


async def gathered(
    pool: AsyncConnectionPool,
    question: Question,
    wanted: Intent | None,
    understood: str,
    search: Search,
    *,
    has_model: bool,
) -> ReplyMaterial:
    """Return what a question is answered from; where what it asks for is not there, the passages as ever."""
    special = None
    match wanted.kind if wanted else None:
        case "list" if wanted:
            special = await _listed(pool, question, wanted, search)
        case "overview" | "missed" if wanted:
            special = await _whole(pool, question, wanted.kind, wanted.lectures, has_model=has_model)
        case _:
            pass
    if special:
        return special
    found = await search(searched_for(understood, question.scope), k=HITS, within=question.lectures)
    if wanted is None or wanted.kind != "comparison":
        return ReplyMaterial(found=found)
    return await _compared(pool, question, wanted, found, search, has_model=has_model)


async def _listed(
    pool: AsyncConnectionPool, question: Question, wanted: Intent, search: Search
) -> ReplyMaterial | None:
    lines = await speaking(pool, question.course, wanted.topic, search, within=question.lectures)
    if not lines:
        return None
    return ReplyMaterial(written=await asyncio.to_thread(a_list, question, wanted.topic, lines))


async def _whole(
    pool: AsyncConnectionPool,
    question: Question,
    kind: IntentKind,
    named: Sequence[LectureFacts],
    *,
    has_model: bool,
) -> ReplyMaterial | None:
    """Return the maps of lectures as lines; where there is none, passages for a model, or sentences."""
    if question.again not in WRITTEN:
        lines, has_map = await whole(pool, question.course, named)
        if lines and (has_map or not has_model or len(named) > MOST_TOLD):
            return ReplyMaterial(written=await asyncio.to_thread(a_map, question, kind, lines))
    hits = await passages(pool, question.course, named, most=HITS, besides=question.shown)
    return ReplyMaterial(found=replace(NOTHING, hits=hits, language=question.language), kind=kind) if hits else None


async def _compared(
    pool: AsyncConnectionPool, question: Question, wanted: Intent, found: Found, search: Search, *, has_model: bool
) -> ReplyMaterial:
    both, sides = await by_sides(pool, question, wanted, found, search)
    if len(sides) < 2:
        return ReplyMaterial(found=found)
    if not has_model and all(one.side.lecture for one in sides):
        quoted = await asyncio.to_thread(quotations_by_side, question, both, sides)
        if quoted:
            return ReplyMaterial(written=replace(quoted, found=both, intent="comparison"))
    return ReplyMaterial(found=both, sides=sides, kind="comparison")
