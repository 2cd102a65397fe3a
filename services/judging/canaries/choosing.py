"""Keep twenty answers as they are, across all scores, and make twenty sentences of others wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from psycopg import AsyncConnection

from db import answers, canaries
from db.records import AnswerId, CourseId
from db.records.learning import Canary, CanaryKind, CitedSentence, KeptCandidate
from services.citing.citations import claims
from services.judging.canaries.making import WrongKind, wrong
from services.judging.swaying import sways
from services.words.terms import fold

MOST = 20
TURNS = (1, 2, 0, 1, 2, 3)
FEWEST_WORDS = 5
"""A shorter sentence says too little to be wrong."""
LEAST_LIKE = 0.3
"""Share of a sentence's longer words that a passage of another lecture may have: else it might support it."""
LONG_WORD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCanary:
    """A canary to be stored."""

    kind: CanaryKind
    answer: AnswerId
    number: int | None
    text: str
    against: AnswerId
    against_number: int | None


async def fill_up(conn: AsyncConnection, course: CourseId) -> list[Canary]:
    """Return the course's canaries, with new ones where some have gone with their answers, or are still to be found."""
    there = await canaries.of_course(conn, course)
    kept = [one for one in there if one.kind == "kept"]
    new = [
        *spread(await canaries.kept_candidates(conn, course), {one.answer_id for one in kept}, MOST - len(kept)),
        *made_wrong(await canaries.cited_sentences(conn, course), there, MOST - (len(there) - len(kept))),
    ]
    # In one order, as whoever deletes several at once; what was deleted meanwhile is no canary.
    at = sorted({answer for one in new for answer in (one.answer, one.against)})
    there_still = {answer for answer in at if await answers.lock(conn, course=course, answer=answer)}
    for one in (one for one in new if {one.answer, one.against} <= there_still):
        await canaries.add(
            conn,
            course=course,
            kind=one.kind,
            answer=one.answer,
            number=one.number,
            text=one.text,
            against=one.against,
            against_number=one.against_number,
        )
    return await canaries.of_course(conn, course) if new else there


def spread(candidates: Sequence[KeptCandidate], taken: set[AnswerId], most: int) -> list[NewCanary]:
    """
    Choose answers of all scores in turns, those that staff have labelled first.

    The scores 1 and 2 have two turns for one of 0 and 3: a 3 can only fall, and a 0 only rise.
    """
    free = [one for one in candidates if one.answer_id not in taken and not _is_swaying(one)]
    stacks = {score: sorted((one for one in free if one.score == score), key=_unlabelled) for score in range(4)}
    by_score = [stacks[score] for score in TURNS]
    chosen = list[KeptCandidate]()
    while len(chosen) < most and any(by_score):
        chosen += [stratum.pop(0) for stratum in by_score if stratum]
    return [
        NewCanary(
            kind="kept", answer=one.answer_id, number=None, text=one.text, against=one.answer_id, against_number=None
        )
        for one in chosen[: max(most, 0)]
    ]


def made_wrong(cited: Sequence[CitedSentence], there: Sequence[Canary], most: int) -> list[NewCanary]:
    """Make sentences wrong, each in one way, the ways in turns and one sentence of an answer."""
    used = {one.answer_id for one in there if one.kind != "kept"}
    ways = {kind: _ways(kind, cited) for kind in (*get_args(WrongKind), "lecture")}
    made = list[NewCanary]()
    while len(made) < most and ways:
        for kind, found in list(ways.items()):
            one = next((one for one in found if one.answer not in used), None)
            if one is None:
                del ways[kind]
            elif len(made) < most:
                used.add(one.answer)
                made.append(one)
    return made


def _ways(kind: str, cited: Sequence[CitedSentence]) -> Iterator[NewCanary]:
    for one in cited:
        claim = claims(one.text).get(one.number, "")
        if len(claim.split()) < FEWEST_WORDS:
            continue
        made = _elsewhere(one, claim, cited) if kind == "lecture" else _changed(one, claim, kind)
        if made:
            yield made


def _changed(one: CitedSentence, claim: str, kind: str) -> NewCanary | None:
    way = next(known for known in get_args(WrongKind) if known == kind)
    text = wrong(claim, way)
    if text is None:
        return None
    return NewCanary(
        kind=way, answer=one.answer_id, number=one.number, text=text, against=one.answer_id, against_number=one.number
    )


def _elsewhere(one: CitedSentence, claim: str, cited: Sequence[CitedSentence]) -> NewCanary | None:
    """Hold a sentence against a passage of another lecture that shares hardly a word with it."""
    words = _long_words(claim)
    for other in cited:
        shared = len(words & _long_words(other.text))
        if other.lecture != one.lecture and words and shared <= LEAST_LIKE * len(words):
            return NewCanary(
                kind="lecture",
                answer=one.answer_id,
                number=one.number,
                text=claim,
                against=other.answer_id,
                against_number=other.number,
            )
    return None


def _long_words(text: str) -> set[str]:
    return {word.strip(".,;:!?()[]«»“”") for word in fold(text).split() if len(word) >= LONG_WORD}


def _unlabelled(one: KeptCandidate) -> bool:
    return not one.is_labelled


def _is_swaying(one: KeptCandidate) -> bool:
    return sways(one.question, is_answer=False) or sways(one.text)
