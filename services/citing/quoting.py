"""Answer without a language model: quote the lecturers' own sentences, or say that none of them fits."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType

from db.records import Hit
from services.citing.sentences import Sentence, sentences
from services.citing.support import Rarity, rarity, term_set
from services.words.fillers import FILLERS
from services.words.terms import fold, question_terms, terms

LEAST_COVERAGE = 0.5
LEADING_HITS = 3
FEW_OF_OWN = 0.3
"""Where no larger share of the hits is in the question's language, its words cannot tell how much of it they cover."""
LEAST_WITH_MEANING = 0.4
"""Where meaning is known: the least mean of the coverage and of how near the best sentence is to the question."""

MOST_QUOTES = 5
FURTHER_WORTH = 0.3
"""How far below the best quotation's worth a further one may be."""
OWN_WORDS = 0.5
AROUND_WORDS = 0.45
"""What it is worth that a sentence, and that a sentence with its neighbours, holds all that is asked about. Beside them
nearness in meaning counts, from 0 to 1; how all these were chosen: docs/references.md."""
ACROSS_LANGUAGES = 1.5
"""How much more nearness counts in a passage that shares no language with the question, and so hardly a word."""
RANK_DISCOUNT = 0.03
ASIDE_DISCOUNT = 0.2
"""What each rank below the first costs, and being a question to the class or a piece of housekeeping."""

UNTRANSLATED: Mapping[str, str] = MappingProxyType({})

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
HOUSEKEEPING = re.compile(
    r"\b(?:bom dia|boa (?:tarde|noite)|good (?:morning|afternoon)|chamada|microfone|microphone|projetor|intervalo de"
    r"|semana que vem|aula que vem|proxima aula|next (?:week|lecture|class)|ate (?:a proxima|semana)|see you"
    r"|lista de exercicios|homework|obrigad[oa]|thank you|inscreva-se|subscribe|patreon)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A sentence that may be quoted, and what it is worth by its words alone; no scale of its own."""

    sentence: Sentence
    by_words: float
    holds_words: bool  # whether it, or a neighbour, holds any word of what is asked about
    is_foreign: bool  # in another language than the question

    def worth(self, nearness: float) -> float:
        """Return what it is worth where it is so near to the question in meaning, a cosine."""
        return self.by_words + nearness * (ACROSS_LANGUAGES if self.is_foreign else 1.0)


def candidates(
    question: str, hits: Sequence[Hit], language: str, translations: Mapping[str, str] = UNTRANSLATED
) -> list[Candidate]:
    """
    Return the sentences of *hits* that can be quoted, in order; *language* is the question's two-letter code.

    *translations* of the question, by their codes, say in a lecture's language what is asked. It takes some
    milliseconds: call it off the event loop.
    """
    rare = rarity(hits)
    return [
        candidate
        for hit in hits
        for candidate in _of_hit(hit, *_asked_of(hit, question, language, translations), rare)
        if candidate.sentence.can_be_quoted()
    ]


def quoted(
    question: str,
    hits: Sequence[Hit],
    language: str,
    *,
    translations: Mapping[str, str] = UNTRANSLATED,
    among: Sequence[Candidate] | None = None,
    near: Mapping[str, float] | None = None,
) -> str | None:
    """
    Return the sentences of *hits* that answer *question* best, each with its mark, or None where none may answer it.

    *among* are its `candidates`; *near* says how near the texts of some of them are to the question, as cosines. With
    it, only those are quoted; without, words alone decide. Quotations are taken from moments that stay apart as
    references.
    """
    if among is None:
        among = candidates(question, hits, language, translations)
    ranked = _ranked(among, near)
    if not ranked:
        return None
    if not is_answered(covered(question, hits, language, translations), near[ranked[0][1].text] if near else None):
        return None
    return "\n\n".join(f"«{one.text}» [{hits.index(one.hit) + 1}]" for one in _chosen(ranked))


def is_answered(covered: float, nearness: float | None) -> bool:
    """
    Tell whether passages may answer a question that they cover so much of (see `coverage`).

    *nearness* is the cosine of the best sentence with the question, None where meaning is not known.

    >>> is_answered(0.5, None), is_answered(0.3, 0.6), is_answered(0.3, 0.4)
    (True, True, False)
    """
    if nearness is None:
        return covered >= LEAST_COVERAGE
    return (covered + nearness) / 2 >= LEAST_WITH_MEANING


def covered(question: str, hits: Sequence[Hit], language: str, translations: Mapping[str, str]) -> float:
    """Return the coverage of the question as it was asked, or translated where hardly a hit is in its own language."""
    own = sum(hit.language == language for hit in hits)
    spoken = next((hit.language for hit in hits if hit.language in translations), None)
    if spoken is None or own > FEW_OF_OWN * len(hits):
        return coverage(question, hits, language)
    return coverage(translations[spoken], hits, spoken)


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
        # Frame alone asks about whatever was found; pictures and signs alone ask about nothing.
        return float(bool(hits) and WORD.search(question) is not None)
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


def _asked_of(hit: Hit, question: str, language: str, translations: Mapping[str, str]) -> tuple[dict[int, float], bool]:
    """Return the weights of the terms that are asked about in *hit*, and whether they are in another language."""
    if hit.language in translations:
        return _wanted(translations[hit.language], hit.language, hit.language), False
    return _wanted(question, language, hit.language), hit.language != language


def _of_hit(hit: Hit, wanted: Mapping[int, float], is_foreign: bool, rare: Rarity) -> list[Candidate]:  # noqa: FBT001 - with wanted
    found = sentences(hit)
    held = [term_set(sentence.text, hit.language) & wanted.keys() for sentence in found]
    weights = {term: weight * rare.of(term) for term, weight in wanted.items()}
    total = sum(weights.values()) or 1.0

    def share(holding: Sequence[frozenset[int]]) -> float:
        return sum(weights[term] for term in frozenset[int]().union(*holding)) / total

    return [
        Candidate(
            sentence=sentence,
            by_words=OWN_WORDS * share(held[at : at + 1])
            + AROUND_WORDS * (around := share(held[max(at - 1, 0) : at + 2]))
            - RANK_DISCOUNT * (hit.rank - 1)
            - ASIDE_DISCOUNT * is_aside(sentence.text),
            holds_words=around > 0,
            is_foreign=is_foreign,
        )
        for at, sentence in enumerate(found)
    ]


def is_aside(text: str) -> bool:
    return text.rstrip("»”\"' ").endswith("?") or bool(HOUSEKEEPING.search(fold(text)))


def _ranked(among: Sequence[Candidate], near: Mapping[str, float] | None) -> list[tuple[float, Sentence]]:
    """Return the sentences with what they are worth, best first, of equals the shorter first."""
    if near:
        rated = [(one.worth(near[one.sentence.text]), one.sentence) for one in among if one.sentence.text in near]
    else:
        rated = [(one.by_words, one.sentence) for one in among if one.holds_words]
    return sorted(rated, key=lambda one: (-round(one[0], 6), one[1].end - one[1].start))


def likeliest(among: Sequence[Candidate]) -> list[Sentence]:
    """Return the sentences that hold any of what is asked about, those that hold most first, by words alone."""
    return [sentence for _, sentence in _ranked(among, None)]


def telling(hit: Hit, rare: Rarity) -> Sentence | None:
    """Return the sentence of *hit* with most words that the other passages hardly have; None: none can be quoted."""
    said = Counter(terms(hit.text, hit.language))

    def worth(sentence: Sentence) -> float:
        own = term_set(sentence.text, hit.language)
        weight = sum(said[term] * rare.of(term) for term in own) / sqrt(len(own) + 1)
        return weight * (1 - ASIDE_DISCOUNT * 2 * is_aside(sentence.text))

    quotable = [sentence for sentence in sentences(hit) if sentence.can_be_quoted()]
    return max(quotable, key=worth, default=None)


def _chosen(ranked: Sequence[tuple[float, Sentence]]) -> list[Sentence]:
    chosen: list[Sentence] = []
    for worth, sentence in ranked:
        if len(chosen) == MOST_QUOTES or worth < ranked[0][0] - FURTHER_WORTH:
            break
        if not any(sentence.would_merge(other) for other in chosen):
            chosen.append(sentence)
    return chosen
