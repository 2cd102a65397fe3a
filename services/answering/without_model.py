"""Quote the passages that were found, as an answer without a language model or in place of one that failed."""

import asyncio
from collections.abc import Mapping, Sequence

from services.answering.asked import Question
from services.citing.citations import Cited, resolve
from services.citing.nearness import Nearness
from services.citing.quoting import Candidate, candidates, quoted
from services.search.retrieve import Found


async def quotations(question: Question, found: Found, nearness: Nearness | None) -> Cited:
    """Return the sentences that answer *question* best, with their references; none where nothing may answer it."""
    among = await asyncio.to_thread(candidates, question.text, found.hits, question.language, found.translations)
    near: Mapping[str, float] = {}
    if nearness:
        near = await nearness.of(question.course.id, question.text, found.generation_id, among)
    return await asyncio.to_thread(_cited, question, found, among, near)


def _cited(question: Question, found: Found, among: Sequence[Candidate], near: Mapping[str, float]) -> Cited:
    draft = quoted(
        question.text, found.hits, question.language, translations=found.translations, among=among, near=near
    )
    return resolve(draft or "", found.hits)
