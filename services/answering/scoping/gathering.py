"""Gather what a question asks for that is more than an answer: lectures that speak of something, or lectures whole."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from psycopg_pool import AsyncConnectionPool

from db import lectures
from db.maps import maps_of, proving
from db.records import Course, Hit, LectureFacts, LectureId, Reference
from db.records.maps import LectureMap
from db.spread import spread
from services.answering.again import OVER_ONE_MOMENT, without
from services.answering.scoping.lines import ProvenLine, of_chapter, plainly, under
from services.answering.writing import NOTHING
from services.citing.citations import LEAD_IN_S, moment_of
from services.citing.quoting import candidates, covered, likeliest, telling
from services.citing.sentences import Sentence
from services.citing.support import Rarity, rarity, term_set
from services.search.retrieve import Found
from services.words.terms import fold, question_terms

MOST_SEARCHED = 200
"""Passages among which the lectures are looked for that speak of something: some for each lecture of a long course."""
OF_EACH = 2
LEADING = 5
"""About how many of the passages found count nearly alike."""
LISTED_COVERAGE = 0.65
"""How much of what is asked about a lecture's best passages hold where it speaks of that: all of one word or two."""
SPREAD = 5
"""Passages of a lecture that stand for it where it has no map."""


class Search(Protocol):
    """What finds passages for the words of one question."""

    def __call__(self, about: str, *, k: int, within: Sequence[LectureId] | None) -> Awaitable[Found]: ...


async def speaking(
    pool: AsyncConnectionPool,
    course: Course,
    topic: str,
    search: Search,
    *,
    within: Sequence[LectureId] | None,
) -> list[ProvenLine]:
    """Return the best moment of each lecture that speaks of *topic*, the one that speaks most of it first."""
    found = await search(topic, k=MOST_SEARCHED, within=within)
    async with pool.connection() as conn:
        known = {lecture.id: lecture for lecture in await lectures.released(conn, course.id)}
        maps = {one.lecture_id: one for one in await maps_of(conn, course=course.id, lectures=list(_by_lecture(found)))}
    return await asyncio.to_thread(_speaking, topic, found, known, maps)


def _by_lecture(found: Found) -> dict[LectureId, list[Hit]]:
    grouped: dict[LectureId, list[Hit]] = {}
    for hit in found.hits:
        grouped.setdefault(hit.lecture_id, []).append(hit)
    return grouped


def _speaking(
    topic: str, found: Found, known: Mapping[LectureId, LectureFacts], maps: Mapping[LectureId, LectureMap]
) -> list[ProvenLine]:
    lines: list[ProvenLine] = []
    for id_, hits in sorted(_by_lecture(found).items(), key=lambda one: _share(topic, one[1]), reverse=True):
        few = hits[:OF_EACH]
        # Released a moment ago, or withdrawn: what is not known now is not told.
        if id_ not in known or covered(topic, few, found.language, found.translations) < LISTED_COVERAGE:
            continue
        sentence = next(iter(likeliest(candidates(topic, few, found.language, found.translations))), None)
        if sentence and (reference := moment_about(topic, sentence, rarity(few))):
            lines.append(_spoken(sentence, reference, known[id_], maps.get(id_)))
    return lines


def _share(topic: str, hits: Sequence[Hit]) -> tuple[bool, float]:
    """Tell whether a lecture is called so, and how much of what was found is its: most, where a thing is explained."""
    wanted = question_terms(topic, hits[0].language, ())
    called = sum(wanted[term] for term in wanted.keys() & term_set(hits[0].title, hits[0].language))
    is_called_so = called >= LISTED_COVERAGE * sum(wanted.values()) > 0
    return is_called_so, sum(1 / (LEADING + hit.rank) for hit in hits)


def moment_about(topic: str, sentence: Sentence, rare: Rarity) -> Reference | None:
    """Return the moment at which *topic* comes up in *sentence*, which may have taken others along."""
    whole_sentence = moment_of(sentence.text, sentence.hit, rare)
    closer = moment_of(topic, sentence.hit, rare)
    # The passage may speak of it elsewhere too; in another language its words do not tell.
    is_within = closer and fold(closer.quote) in fold(sentence.text)
    return closer if is_within else whole_sentence


def _spoken(sentence: Sentence, reference: Reference, lecture: LectureFacts, its_map: LectureMap | None) -> ProvenLine:
    """Return the line of a lecture that speaks of something, with the chapter in which it does."""
    chapter = its_map.chapter_at(1000 * (reference.start_s + LEAD_IN_S)) if its_map else None
    # The words of its moment, which the sentence may only stand beside: what one reads is what one hears there.
    quoted = f"«{plainly(reference.quote)}»"
    said = under(chapter, quoted) if chapter else quoted
    return ProvenLine(lecture=lecture, said=said, reference=reference, hit=sentence.hit)


async def whole(
    pool: AsyncConnectionPool, course: Course, named: Sequence[LectureFacts]
) -> tuple[list[ProvenLine], bool]:
    """
    Return what each of the lectures *named* says, part by part, in the order of the course, and whether one has a map.

    A lecture that has none is told by sentences from all over it. One that is no longer released is left out.
    """
    ids = [lecture.id for lecture in named]
    async with pool.connection() as conn:
        maps = {one.lecture_id: one for one in await maps_of(conn, course=course.id, lectures=ids)}
        proofs = {hit.segment_id: hit for hit in await proving(conn, course=course.id, lectures=list(maps))}
        others = [id_ for id_ in ids if id_ not in maps]
        spread_out = await spread(conn, course=course.id, lectures=others, each=SPREAD) if others else []
    told = await asyncio.to_thread(_told, {lecture.id: lecture for lecture in named}, spread_out)
    lines: list[ProvenLine] = []
    for lecture in named:
        if its_map := maps.get(lecture.id):
            lines += (of_chapter(one, its_map, lecture, proofs.get(one.segment_id)) for one in its_map.chapters)
        else:
            lines += (line for line in told if line.lecture.id == lecture.id)
    return lines, bool(maps)


async def passages(
    pool: AsyncConnectionPool,
    course: Course,
    named: Sequence[LectureFacts],
    *,
    most: int,
    besides: Sequence[Reference] = (),
) -> tuple[Hit, ...]:
    """Return about *most* passages from all over the lectures *named*, none of which holds a moment *besides*."""
    each = max(most // max(len(named), 1), 1)
    ids = [lecture.id for lecture in named]
    async with pool.connection() as conn:
        found = await spread(conn, course=course.id, lectures=ids, each=each + OVER_ONE_MOMENT * len(besides))
    if not besides:
        return tuple(found)
    left = without(besides, replace(NOTHING, hits=tuple(found)), most=len(found))
    return tuple(hit for hits in _by_lecture(left).values() for hit in hits[:each])


def _told(named: Mapping[LectureId, LectureFacts], hits: Sequence[Hit]) -> list[ProvenLine]:
    rare = rarity(hits)
    lines = (_quoted(hit, rare, named[hit.lecture_id]) for hit in hits)
    return _distinct([line for line in lines if line])


def _quoted(hit: Hit, rare: Rarity, lecture: LectureFacts) -> ProvenLine | None:
    sentence = telling(hit, rare)
    reference = moment_of(sentence.text, hit, rare) if sentence else None
    if sentence is None or reference is None:
        return None
    return ProvenLine(lecture=lecture, said=f"«{plainly(sentence.text)}»", reference=reference, hit=hit)


def _distinct(lines: Sequence[ProvenLine]) -> list[ProvenLine]:
    """Return *lines* without those that neighbouring passages share."""
    return list({(line.lecture.id, line.said): line for line in lines}.values())
