"""See that each side of a comparison has its share of the passages, and is cited."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg_pool import AsyncConnectionPool

from db.records import Course, Hit, Language, LectureFacts, LectureId, Reference
from services import i18n
from services.answering.asked import Question
from services.answering.scoping.gathering import Search, moment_about, passages, speaking
from services.answering.scoping.lines import plainly
from services.answering.writing import EXTRACTIVE, HITS, Written
from services.citing.citations import MOST_REFERENCES, NEIGHBOURS_S, moment_of
from services.citing.quoting import LEAST_COVERAGE, candidates, covered, likeliest, quoted, telling
from services.citing.support import rarity, term_set
from services.search.retrieve import Found
from services.search.scope.intents import MOST_SIDES, Intent, Side
from services.search.scope.saying import called
from services.words.terms import question_terms

QUOTA = 3
"""Passages that each side has among the ten, at the least."""
MARK = re.compile(r"\[(\d)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sided:
    """One side with its passages, which are among those found, the likeliest first."""

    side: Side
    hits: tuple[Hit, ...]

    def called(self, language: Language) -> str:
        return plainly(called(self.side.lecture, language) if self.side.lecture else self.side.about)


async def by_sides(
    pool: AsyncConnectionPool, question: Question, wanted: Intent, found: Found, search: Search
) -> tuple[Found, tuple[Sided, ...]]:
    """
    Return the passages for a comparison, of each side its share, and the sides.

    What the question as a whole has *found* stays, but for the last of it: passages of a side take their places.
    """
    within = question.lectures
    sides = wanted.sides or await _over_the_course(pool, question.course, wanted.topic, search, within=within)
    sided = tuple(await asyncio.gather(*(_sided(pool, question, side, len(sides), search) for side in sides)))
    if sides and all(side.lecture for side in sides):
        return replace(found, hits=_ranked([hit for one in sided for hit in one.hits])), sided
    return replace(found, hits=_ranked(_with_quotas(found.hits, sided))), sided


async def _over_the_course(
    pool: AsyncConnectionPool, course: Course, topic: str, search: Search, *, within: Sequence[LectureId] | None
) -> tuple[Side, ...]:
    """Return the lectures that speak most of *topic*, in the order of the course."""
    lines = await speaking(pool, course, topic, search, within=within)
    likeliest = sorted((line.lecture for line in lines[:MOST_SIDES]), key=_place)
    return tuple(Side(about=topic, lecture=lecture) for lecture in likeliest)


def _place(lecture: LectureFacts) -> tuple[bool, str, str]:
    return lecture.held_on is None, str(lecture.held_on or ""), lecture.slug


async def _sided(pool: AsyncConnectionPool, question: Question, side: Side, of: int, search: Search) -> Sided:
    if side.lecture is None:
        return Sided(side=side, hits=(await search(side.about, k=QUOTA, within=question.lectures)).hits)
    share = max(HITS // of, QUOTA)
    if not side.about:
        hits = await passages(pool, question.course, [side.lecture], most=share, besides=question.shown)
        return Sided(side=side, hits=hits)
    return Sided(side=side, hits=(await search(side.about, k=share, within=[side.lecture.id])).hits)


def _with_quotas(hits: Sequence[Hit], sided: Sequence[Sided]) -> list[Hit]:
    own = {hit.segment_id: hit for one in sided for hit in one.hits}
    lacking = [hit for id_, hit in own.items() if id_ not in {hit.segment_id for hit in hits}]
    kept = list(hits)
    # From the end, what no side has given.
    for hit in reversed(hits):
        if len(kept) + len(lacking) > HITS and hit.segment_id not in own:
            kept.remove(hit)
    return [*kept, *lacking]


def _ranked(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(replace(hit, rank=rank) for rank, hit in enumerate(hits, start=1))


# What is said of each side


def quotations_by_side(question: Question, found: Found, sided: Sequence[Sided]) -> Written | None:
    """Return the best sentences of each lecture that is compared, under its name; None where only one has any."""
    said, references = list[str](), list[Reference]()
    told, most = 0, max(MOST_REFERENCES // max(len(sided), 1), 1)
    for one in sided:
        quotes = _quotes(one, question, found)[:most]
        told += bool(quotes)
        if not quotes:
            said.append(i18n.text("scope.no_material", question.reads, lectures=one.called(question.reads)))
            continue
        lines = [f"«{plainly(words)}» [{len(references) + n}]" for n, (words, _) in enumerate(quotes, start=1)]
        references += (moment for _, moment in quotes)
        said.append("\n".join((f"{one.called(question.reads)}:", *lines)))
    if told < 2:
        return None
    label = i18n.text("answer.quotes", question.reads)
    return Written(
        outcome="answered",
        text="\n\n".join((label, *said)),
        references=tuple(replace(moment, number=number) for number, moment in enumerate(references, start=1)),
    )


def _quotes(one: Sided, question: Question, found: Found) -> list[tuple[str, Reference]]:
    rare = rarity(one.hits)
    if not one.side.about:
        sentences = [sentence for hit in one.hits if (sentence := telling(hit, rare))]
        pairs = [(sentence.text, moment_of(sentence.text, sentence.hit, rare)) for sentence in sentences]
    else:
        draft = quoted(one.side.about, one.hits, question.language, translations=found.translations)
        pairs = [_read(line, one.hits) for line in (draft or "").split("\n\n") if line]
    return [(words, moment) for words, moment in pairs if moment]


def _read(line: str, hits: Sequence[Hit]) -> tuple[str, Reference | None]:
    words, _, number = line.rpartition("» [")
    hit = hits[int(number.rstrip("]")) - 1]
    return words.removeprefix("«"), moment_of(words.removeprefix("«"), hit, rarity(hits))


def with_every_side(written: Written, question: Question, found: Found, sided: Sequence[Sided]) -> Written:
    """Return an answer to a comparison with a quotation for each side that it does not cite, if there is room."""
    if written.outcome != "answered":
        return written
    telling_apart = _of_one_side(written, question, found, sided)
    for one in sided:
        if _is_cited(one, telling_apart, question, found):
            continue
        if added := _best(one, question, found, besides=written.references):
            written = _adding(_with_room(written), f"{one.called(question.reads)}: «{plainly(added.quote)}»", added)
    return written


def _of_one_side(written: Written, question: Question, found: Found, sided: Sequence[Sided]) -> tuple[Reference, ...]:
    """Return what cites a side: of quotations not those that name both, which seldom say what either of them is."""
    if written.model != EXTRACTIVE:
        return written.references
    return tuple(
        reference
        for reference in written.references
        if sum(_is_cited(one, (reference,), question, found) for one in sided) == 1
    )


def _is_cited(one: Sided, references: Sequence[Reference], question: Question, found: Found) -> bool:
    """Tell whether one of *references* cites a side, alone or with others."""
    if one.side.lecture:
        return any(reference.lecture == one.side.lecture.slug for reference in references)
    languages = {hit.segment_id: hit.language for hit in (*found.hits, *one.hits)}
    own = {hit.segment_id for hit in one.hits}
    wanted = set(question_terms(one.side.about, question.language, set(languages.values())))
    return any(
        wanted & term_set(reference.quote, languages.get(reference.segment_id, question.language))
        or (reference.segment_id in own and languages.get(reference.segment_id) != question.language)
        for reference in references
    )


def _best(one: Sided, question: Question, found: Found, *, besides: Sequence[Reference]) -> Reference | None:
    """Return the moment that says most of a side, and is none of those *besides*."""
    about, rare = one.side.about, rarity(one.hits)
    if not about:
        told = [(sentence, moment_of(sentence.text, hit, rare)) for hit in one.hits if (sentence := telling(hit, rare))]
        return next((moment for _, moment in told if moment and not _is_near(moment, besides)), None)
    if not one.hits or covered(about, one.hits, found.language, found.translations) < LEAST_COVERAGE:
        return None
    among = candidates(about, one.hits, question.language, found.translations)
    moments = (moment_about(about, sentence, rare) for sentence in likeliest(among))
    return next(
        (
            moment
            for moment in moments
            if moment and not _is_near(moment, besides) and _is_cited(one, (moment,), question, found)
        ),
        None,
    )


def _is_near(moment: Reference, references: Sequence[Reference]) -> bool:
    """Tell whether *moment* begins where another does that is cited already."""
    return any(
        other.lecture == moment.lecture and abs(other.start_s - moment.start_s) < NEIGHBOURS_S for other in references
    )


def _with_room(written: Written) -> Written:
    """Return quotations with room for one more: without the last, the least likely. A model's words stay."""
    if len(written.references) < MOST_REFERENCES or written.model != EXTRACTIVE:
        return written
    *kept, _ = written.text.split("\n\n")
    numbers = {int(number) for part in kept for number in MARK.findall(part)}
    return replace(
        written,
        text="\n\n".join(kept),
        references=tuple(one for one in written.references if one.number in numbers),
    )


def _adding(written: Written, said: str, moment: Reference) -> Written:
    number = len(written.references) + 1
    if number > MOST_REFERENCES:
        return written
    text = f"{written.text}\n\n{said} [{number}]"
    return replace(written, text=text, references=(*written.references, replace(moment, number=number)))
