"""Answer without a language model: quote the lecturers' own sentences, or say that none of them fits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from db.records import Hit
from services.citing.citations import LEAD_IN_S, NEIGHBOURS_S, without_marks
from services.citing.support import Rarity, cue_ends_s, rarity
from services.citing.without_links import without_links
from services.words.fillers import FILLERS
from services.words.terms import fold, question_terms, terms

LEAST_COVERAGE = 0.5
LEADING_HITS = 3

MOST_QUOTES = 4
LONGEST_QUOTE = 40
SHORTEST_QUOTE = 12
"""In words. A shorter sentence takes the one after it along; a longer one is cut at cues, or at words."""
FURTHER_WORTH = 0.3
"""How much of the best quotation's worth a further one must have. Of .65, .5, .35, .3 and .25, the last three bring
equally many references within 15 s of the relevant moment (samples and development set), more than the first two."""
ASIDE_WORTH = 0.4
"""What a question to the class or a piece of housekeeping is worth beside a statement with the same words."""
RANK_DISCOUNT = 0.06
LENGTH_DISCOUNT = 0.005
"""For each rank below the first, and for each word: of two sentences that hold as much, the shorter is read."""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
ENDS = re.compile(r"(?<=[.!?…])\s+(?=[^a-zà-ÿ])")
HOUSEKEEPING = re.compile(
    r"\b(?:bom dia|boa (?:tarde|noite)|good (?:morning|afternoon)|chamada|microfone|microphone|projetor|intervalo de"
    r"|semana que vem|aula que vem|proxima aula|next (?:week|lecture|class)|ate (?:a proxima|semana)|see you"
    r"|lista de exercicios|homework|obrigad[oa]|thank you|inscreva-se|subscribe|patreon)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One sentence, or a few cues, of one hit."""

    hit: Hit
    start: int  # in characters of the hit's text
    end: int
    worth: float

    @property
    def text(self) -> str:
        return self.hit.text[self.start : self.end]

    @property
    def span_s(self) -> tuple[float, float]:
        """The moment that its reference will have."""
        cues = [i for i, offset in enumerate(self.hit.cue_offsets) if offset < self.end]
        first = max(i for i, offset in enumerate(self.hit.cue_offsets) if offset <= self.start)
        return self.hit.cue_starts_s[first] - LEAD_IN_S, cue_ends_s(self.hit)[cues[-1]]


def quoted(question: str, hits: Sequence[Hit], language: str) -> str | None:
    """
    Return the sentences of *hits* that answer *question* best, each with its mark, or None where none may answer it.

    *language* is the question's, as a two-letter code. Two to four quotations are taken, from moments that stay
    apart as references; one where the passages hold no second.
    """
    if coverage(question, hits, language) < LEAST_COVERAGE:
        return None
    ranked = sorted(_quotes(question, hits, language), key=lambda quote: quote.worth, reverse=True)
    chosen: list[Quote] = []
    for quote in ranked:
        if quote.worth <= (FURTHER_WORTH * ranked[0].worth if chosen else 0.0):
            break
        if not any(_would_merge(quote, other) for other in chosen):
            chosen.append(quote)
        if len(chosen) == MOST_QUOTES:
            break
    return "\n\n".join(f"«{quote.text}» [{hits.index(quote.hit) + 1}]" for quote in chosen) or None


def coverage(question: str, hits: Sequence[Hit], language: str) -> float:
    """
    Return how much of what *question* asks about is in *hits*, from 0 to 1.

    Words that only frame a question do not count; a word counts by the root of its length (up to 9 letters), twice
    where it is written like a name or an acronym, and is present if its stem or its first letters are. The value is
    the mean of the best single hit and the first three together. The limit of 0.5 was chosen on our samples (S) and
    the development set (D), searched by words alone: of questions in the lectures' language that have an answer, 64 of
    68 (S) and 94 of 101 (D) are answered; of those that have none, 4 of 4 and 15 of 24 are turned away, with
    `services.words.for_staff` 18. A limit of 0.55 answers 60 and 91, and turns away 4 and 18.
    """
    wanted = _subject(question, language, {hit.language for hit in hits})
    if not wanted or not hits:
        return float(bool(hits))
    held = [set(terms(hit.text, hit.language)) for hit in hits]

    def share(found: set[int]) -> float:
        return sum(weight for either, weight in wanted if either & found) / sum(weight for _, weight in wanted)

    return (max(map(share, held)) + share(set[int]().union(*held[:LEADING_HITS]))) / 2


def _subject(question: str, language: str, others: set[str]) -> list[tuple[set[int], float]]:
    """Return the terms of each word that says what *question* is about, any of which will do, and its weight."""
    found: dict[str, tuple[set[int], float]] = {}
    for match in WORD.finditer(question):
        word, folded = match[0], fold(match[0])
        either = set(question_terms(word, language, others))
        if either and folded not in FILLERS:
            is_name = match.start() > 0 and any(letter.isupper() for letter in word)
            found.setdefault(folded, (either, sqrt(min(len(word), 9)) * (2 if is_name else 1)))
    return list(found.values())


def _wanted(question: str, language: str, other: str) -> dict[int, float]:
    """Return the weights of the terms that say what *question* is about, or of all where it is nothing but frame."""
    weights = question_terms(question, language, {other})
    subject = set[int]().union(*(either for either, _ in _subject(question, language, {other})))
    return {term: weight for term, weight in weights.items() if term in subject} or weights


def _quotes(question: str, hits: Sequence[Hit], language: str) -> Iterator[Quote]:
    rare = rarity(hits)
    for hit in hits:
        wanted = _wanted(question, language, hit.language)
        for start, end in _sentences(hit):
            if not _is_plain(hit.text[start:end]):
                continue
            worth = _worth(hit.text[start:end], hit.language, wanted, rare)
            yield Quote(hit=hit, start=start, end=end, worth=worth / (1 + RANK_DISCOUNT * (hit.rank - 1)))


def _is_plain(text: str) -> bool:
    """Tell whether *text* can be quoted as it is: `[2, 1]` in a lecturer's words would be read as marks."""
    return without_marks(without_links(text)) == text


def _worth(text: str, language: str, wanted: Mapping[int, float], rare: Rarity) -> float:
    found = set(terms(text, language)) & wanted.keys()
    is_aside = text.rstrip("»”\"' ").endswith("?") or HOUSEKEEPING.search(fold(text))
    held = sum(wanted[term] * rare.of(term) for term in found)
    return held * (ASIDE_WORTH if is_aside else 1.0) / (1 + LENGTH_DISCOUNT * _length(text))


def _sentences(hit: Hit) -> Iterator[tuple[int, int]]:
    """Yield the sentences of *hit* as spans of its text, short ones with what follows, long ones in pieces."""
    spans = [span for sentence in _between(ENDS, hit.text) for span in _pieces(hit, *sentence)]
    for position, (start, end) in enumerate(spans):
        for _, later in spans[position + 1 :]:
            if _length(hit.text[start:end]) >= SHORTEST_QUOTE or _length(hit.text[start:later]) > LONGEST_QUOTE:
                break
            end = later  # noqa: PLW2901 - the span grows
        yield start, end


def _between(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in pattern.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _pieces(hit: Hit, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a sentence that is too long, as all of them are in captions without punctuation, where cues begin."""
    cuts = [offset for offset in hit.cue_offsets if start < offset < end]
    at = start
    for cut, following in zip(cuts, [*cuts, end][1:], strict=True):
        if _length(hit.text[at:following]) > LONGEST_QUOTE:
            yield at, len(hit.text[:cut].rstrip())
            at = cut
    yield at, len(hit.text[:end].rstrip())


def _length(text: str) -> int:
    return len(text.split())


def _would_merge(one: Quote, other: Quote) -> bool:
    """Tell whether two quotations would end up as one reference."""
    (start, end), (other_start, other_end) = one.span_s, other.span_s
    near = start - other_end < NEIGHBOURS_S and other_start - end < NEIGHBOURS_S
    return one.hit.lecture == other.hit.lecture and near
