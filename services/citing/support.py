"""Find the cues of a passage whose words support a sentence."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from db.records import Hit
from services.words.terms import question_terms, terms

LONGEST_RUN_S = 45.0
WORD_COST = 0.002
"""What a run pays for each of its words, as a share of the sentence's weight: a longer one must hold more of it."""
LEAST_SUPPORT = 0.08
"""Below this share of the sentence's weight, words in common are chance."""
SENTENCE_REACH_S = 5.0
"""How far back a run is extended to where the lecturer's sentence begins."""
QUOTE_LENGTH = 200
LONG_CUE_S = 30.0
"""Within a longer cue, the second at which a sentence is said is estimated."""
SLOW_WORDS_PER_S = 1.5
"""A cue may be long only because a pause follows it, so its words are taken to be said at least this fast."""

SENTENCE_BREAK = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CueRun:
    """Cues of one passage that follow each other, *first* to *last*, both included."""

    first: int
    last: int
    support: float  # the share of the sentence's weight that is in their words, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rarity:
    """How much each term tells among the passages that were found for one question."""

    cues: int
    containing: Mapping[int, int]  # in how many cues each term is

    def of(self, term: int) -> float:
        return log(1 + self.cues / self.containing.get(term, 1))


def rarity(hits: Sequence[Hit]) -> Rarity:
    found = [cue for hit in hits for cue in _cue_terms(hit)]
    return Rarity(cues=len(found), containing=Counter(term for cue in found for term in cue))


def cue_texts(hit: Hit) -> list[str]:
    ends = [*hit.cue_offsets[1:], len(hit.text)]
    return [hit.text[start:end].strip() for start, end in zip(hit.cue_offsets, ends, strict=True)]


def cue_ends_s(hit: Hit) -> list[float]:
    """When each cue is over: when the next one begins, or the passage ends."""
    return [*hit.cue_starts_s[1:], max(hit.end_s, hit.cue_starts_s[-1])]


def supporting(sentence: str, hit: Hit, rare: Rarity) -> CueRun:
    """
    Return the cues of *hit* that hold most of what *sentence* says in fewest words, or all of them.

    Words count by their rarity, by stem and by first letters; the latter, and numbers, are what a sentence shares
    with a passage in another language. All cues are returned where too little is shared.
    """
    wanted = {term: weight * rare.of(term) for term, weight in question_terms(sentence, hit.language, ()).items()}
    total = sum(wanted.values())
    runs = _runs(hit, wanted, total) if total else iter(())
    best = max(runs, key=lambda run: run[0], default=None)
    if best is None or best[1].support < LEAST_SUPPORT:
        return CueRun(first=0, last=len(hit.cue_starts_s) - 1, support=0.0)
    return best[1]


def _runs(hit: Hit, wanted: Mapping[int, float], total: float) -> Iterator[tuple[float, CueRun]]:
    """Yield runs of at most `LONGEST_RUN_S` (or one cue) that begin with a wanted word, each with its worth."""
    cues = [
        (found & wanted.keys(), len(text.split())) for found, text in zip(_cue_terms(hit), cue_texts(hit), strict=True)
    ]
    ends_s = cue_ends_s(hit)
    for first, start_s in enumerate(hit.cue_starts_s):
        held, length = set[int](), 0
        for last in range(first if cues[first][0] else len(cues), len(cues)):
            if last > first and ends_s[last] - start_s > LONGEST_RUN_S:
                break
            held |= cues[last][0]
            length += cues[last][1]
            support = sum(wanted[term] for term in held) / total
            yield support - WORD_COST * length, CueRun(first=first, last=last, support=support)


def from_sentence_start(hit: Hit, run: CueRun) -> CueRun:
    """Extend *run* back to where the lecturer's sentence begins, if captions show that and it is near."""
    texts = cue_texts(hit)
    for first in range(run.first, -1, -1):
        if hit.cue_starts_s[run.first] - hit.cue_starts_s[first] > SENTENCE_REACH_S:
            break
        if first > 0 and texts[first - 1].endswith((".", "!", "?", "…")):
            return CueRun(first=first, last=run.last, support=run.support)
    return run


def quotation(hit: Hit, run: CueRun, sentence: str, rare: Rarity) -> str:
    """
    Return the words of *run*, verbatim and in whole cues, up to about 200 characters.

    A run that is shorter goes on to the end of its sentence; of a single cue that is longer, the sentences that say
    most of *sentence* are taken, and cut between words where even one is too long.
    """
    ends = [*hit.cue_offsets[1:], len(hit.text)]
    start, end = hit.cue_offsets[run.first], ends[run.first]
    if end - start > QUOTE_LENGTH + 1:
        return _within_cue(hit.text[start:end].strip(), hit.language, sentence, rare)
    for cue in range(run.first + 1, len(ends)):
        is_over = cue > run.last and hit.text[start:end].rstrip().endswith((".", "!", "?", "…"))
        if is_over or ends[cue] - start > QUOTE_LENGTH + 1:
            break
        end = ends[cue]
    return hit.text[start:end].strip()


def into_cue_s(hit: Hit, cue: int, quote: str) -> float:
    """Return how far into a long *cue* of *hit* the words *quote* are said, its time shared out by words; else 0."""
    length_s = cue_ends_s(hit)[cue] - hit.cue_starts_s[cue]
    text = cue_texts(hit)[cue]
    at = text.find(quote[:QUOTE_LENGTH])
    if length_s <= LONG_CUE_S or at <= 0:
        return 0.0
    before = len(text[:at].split())
    return min(length_s * before / len(text.split()), before / SLOW_WORDS_PER_S)


def _within_cue(text: str, language: str, sentence: str, rare: Rarity) -> str:
    wanted = question_terms(sentence, language, ())
    starts = [0, *(found.end() for found in SENTENCE_BREAK.finditer(text))]
    candidates = [_up_to_length(text[start:]) for start in starts]

    def worth(candidate: str) -> float:
        return sum(wanted.get(term, 0.0) * rare.of(term) for term in set(terms(candidate, language)))

    return max(reversed(candidates), key=worth)  # of equals the last, which leads to the point soonest


def _up_to_length(text: str) -> str:
    """Cut *text* after its last whole sentence within the length of a quotation, else between words."""
    if len(text) <= QUOTE_LENGTH:
        return text
    within = text[: QUOTE_LENGTH + 1]
    ends = [found.start() for found in SENTENCE_BREAK.finditer(within)]
    end = ends[-1] if ends else within.rfind(" ")
    return text[: end if end > 0 else QUOTE_LENGTH]


def _cue_terms(hit: Hit) -> list[frozenset[int]]:
    return [term_set(text, hit.language) for text in cue_texts(hit)]


@lru_cache(maxsize=20_000)
def term_set(text: str, language: str) -> frozenset[int]:
    """Return the terms of a cue or sentence; remembered, for those of one passage are asked for again and again."""
    return frozenset(terms(text, language))
