"""Say in a lecturer's own words what a chapter is about: its most telling sentence, and a title of its words."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt

from db.records import Hit, SegmentId
from services.citing.quoting import is_aside
from services.citing.sentences import sentences
from services.citing.support import cue_ends_s, into_cue_s, term_set
from services.mapping.openings import opening
from services.mapping.spoken_words import AGENTS, BETWEEN, INFINITIVES, SAID_BY, SPOKEN, TO_DO
from services.words.fillers import FILLERS
from services.words.stopwords import BY_LANGUAGE, ENGLISH, PORTUGUESE
from services.words.terms import fold, terms

LONGEST_TITLE = 100
PHRASES = 3
"""In a title."""
LONGEST_PHRASE = 3
"""In words, those between included: "função de perda"."""
BEGINNING = 7
TITLED = 1.5
"""What a term of the lecture's own title is worth."""
LEAST_LETTERS = 3
SAME_LETTERS = 5
LEAST_NAMED = 0.25
"""A word that so small a part of its mentions names as a thing (after an article and the like) is none."""
FULL_QUOTE = 25
"""In words: a shorter one tells less."""
LONGEST_QUOTE_LETTERS = 600

BREAK = re.compile(r"\b(?:desculp\w+|respirar|vamos parar|minutinho|carro de som|sorry|excuse me|take a break)\b")
"""What a lecturer says of the room rather than of the subject; folded."""
WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Words of the lecturer, where they stand and when they are said."""

    segment_id: SegmentId
    text: str
    start_ms: int
    end_ms: int


def quotes(passages: Sequence[Hit]) -> list[Quote]:
    """Return what can be quoted of passages, each once, in order."""
    found: dict[tuple[int, str], Quote] = {}
    for passage in passages:
        for sentence in sentences(passage):
            if sentence.can_be_quoted() and 0 < len(sentence.text.strip()) <= LONGEST_QUOTE_LETTERS:
                quote = quoted(passage, sentence.start, sentence.end)
                found.setdefault((quote.start_ms, quote.text), quote)
    return sorted(found.values(), key=lambda quote: quote.start_ms)


def quoted(passage: Hit, start: int, end: int) -> Quote:
    """Return what stands in a passage from the character *start* to *end*, with when it is said."""
    text = passage.text[start:end].strip()
    first = max(at for at, offset in enumerate(passage.cue_offsets) if offset <= start)
    last = max(at for at, offset in enumerate(passage.cue_offsets) if offset < end)
    start_ms = round((passage.cue_starts_s[first] + into_cue_s(passage, first, text)) * 1000)
    end_ms = round(cue_ends_s(passage)[last] * 1000)
    return Quote(segment_id=passage.segment_id, text=text, start_ms=start_ms, end_ms=max(end_ms, start_ms))


def most_telling(among: Sequence[Quote], weights: Mapping[int, float], language: str) -> Quote | None:
    """
    Return the quote that says most of what its chapter is about, by the *weights* of the chapter's terms.

    One that opens something, near the beginning, is worth more; a question, or a remark on the lecture itself, less.
    """
    total = sum(sorted(weights.values(), reverse=True)[:10]) or 1.0

    def worth(at: int, quote: Quote) -> float:
        held = sum(weights.get(term, 0.0) for term in term_set(quote.text, language)) / total
        length = len(quote.text.split())
        fullness = min(1.0, length / FULL_QUOTE)
        early = 0.15 * (1 - at / len(among))
        whole = 0.1 * (quote.text[0].isupper() and quote.text.endswith((".", "!", "…")))
        return held * fullness + early + whole + 0.015 * opening(quote.text) - 0.25 * _is_aside(quote.text)

    ranked = max(((worth(at, quote), -at) for at, quote in enumerate(among)), default=None)
    return among[-ranked[1]] if ranked else None


def _is_aside(text: str) -> bool:
    return is_aside(text) or bool(BREAK.search(fold(text)))


def weights(here: Mapping[int, int], everywhere: Mapping[int, int], titled: frozenset[int]) -> dict[int, float]:
    """
    Return how much each term tells of a chapter: how often it is said in it, and how much oftener than elsewhere.

    *here* and *everywhere* count the terms of the chapter and of the whole lecture; those *titled* are in its title.
    """
    said, all_said = sum(here.values()) or 1, sum(everywhere.values()) or 1
    return {
        term: (TITLED if term in titled else 1.0)
        * sqrt(count)
        * max(0.0, log((count / said) / (everywhere[term] / all_said)))
        for term, count in here.items()
        if count > 1 or everywhere[term] == 1
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The words of a lecture, and which of them name things."""

    language: str
    counts: Counter[str]  # of folded words
    named: Counter[str]  # how often a word stands after an article and the like
    done: Counter[str]  # how often after a pronoun and the like

    def names(self, folded: str) -> float:
        """Return how surely a word names something, from 0 to 1; of languages whose articles are not known, all may."""
        if not self.named:
            return 1.0
        count = self.counts[folded] or 1
        return max(0.0, (self.named[folded] - self.done[folded]) / count)


def wording(texts: Iterable[str], language: str) -> Wording:
    counts, named, done = Counter[str](), Counter[str](), Counter[str]()
    for text in texts:
        before = ""
        for word in WORD.findall(text):
            folded = fold(word)
            counts[folded] += 1
            named[folded] += before in SAID_BY and not (before in TO_DO and folded.endswith(INFINITIVES))
            done[folded] += before in AGENTS
            before = folded
    return Wording(language=language, counts=counts, named=named, done=done)


def title(parts: Sequence[str], known: Wording, telling: Mapping[int, float]) -> str | None:
    """
    Return a title made of the phrases that tell a chapter from the rest of its lecture, or None where none does.

    Phrases are as the lecturer says them, most telling first: "Função de perda, gradiente, minibatch". One that is
    said in all *parts* of the chapter is worth more than one of a single example.
    """
    said = Counter[str]()
    within: dict[str, set[int]] = {}
    shapes: dict[str, Counter[str]] = {}
    for number, text in enumerate(parts):
        for phrase in _phrases(text, known.language):
            key = fold(phrase)
            said[key] += 1
            within.setdefault(key, set()).add(number)
            shapes.setdefault(key, Counter())[phrase] += 1
    spread = {key: 0.3 + len(found) / len(parts) for key, found in within.items()}
    worth = {key: spread[key] * _worth(key, count, known, telling) for key, count in said.items()}
    chosen: list[str] = []
    for key in sorted(worth, key=lambda one: (-worth[one], one)):
        if worth[key] <= 0 or len(chosen) == PHRASES:
            break
        if not any(_overlap(key, other, known.language) for other in chosen):
            chosen.append(key)
    words = [shapes[key].most_common(1)[0][0] for key in chosen]
    return _joined(words) if words else None


def beginning(text: str) -> str:
    """
    Return the first words of *text*, for a title where no phrase tells.

    >>> beginning("e aí, tudo bem com vocês? Hoje a gente não tem muito tempo.")
    'E aí, tudo bem com vocês? Hoje a…'
    """
    words = text.split()
    start = " ".join(words[:BEGINNING])[:LONGEST_TITLE]
    return start[0].upper() + start[1:] + ("…" if len(words) > BEGINNING else "")


def _phrases(text: str, language: str) -> Iterator[str]:
    """Yield the runs of words that may name something: one to three, with "de" and the like inside."""
    for clause in re.split(r"[.,;:!?…()\[\]\"“”«»]|\s[–—-]\s", text):
        found = WORD.findall(clause)
        for first in range(len(found)):
            for last in range(first, min(first + LONGEST_PHRASE, len(found))):
                part = found[first : last + 1]
                if all(_may_name(word, language) for word in (part[0], part[-1])) and _is_held(part, language):
                    yield " ".join(_plain(word) for word in part)


def _is_held(part: Sequence[str], language: str) -> bool:
    return all(_may_name(word, language) or fold(word) in BETWEEN for word in part[1:-1])


@lru_cache(maxsize=50_000)
def _may_name(word: str, language: str) -> bool:
    folded = fold(word)
    says_nothing = (FILLERS, SPOKEN, BETWEEN, PORTUGUESE, ENGLISH, BY_LANGUAGE.get(language, ()))
    return len(folded) >= LEAST_LETTERS and not any(folded in words for words in says_nothing)


def _plain(word: str) -> str:
    """Return *word* in lower case, unless its letters say that it is a name or an acronym: "ReLU", "SGD"."""
    return word if any(letter.isupper() for letter in word[1:]) else word.lower()


def _worth(key: str, count: int, known: Wording, telling: Mapping[int, float]) -> float:
    words = [word for word in key.split() if word not in BETWEEN]
    if count == 1 and (len(words) > 1 or known.counts[key] > 1):
        return 0.0  # said together by chance, or of another chapter
    naming = [known.names(word) for word in words]
    if max(naming) < LEAST_NAMED or (len(words) == 1 and naming[0] <= 0):
        return 0.0
    each = [max((telling.get(term, 0.0) for term in terms(word, known.language)), default=0.0) for word in words]
    strength = sum(each) / len(each) * (1 + 0.35 * (len(words) - 1))
    return strength * (0.1 + sum(naming) / len(naming)) * sqrt(count)


def _overlap(one: str, other: str, language: str) -> bool:
    """Tell whether two phrases share a word, also in another form: "imagem" and "imagens"."""
    begin = {word[:SAME_LETTERS] for word in one.split()} & {word[:SAME_LETTERS] for word in other.split()}
    return bool(begin - BETWEEN or term_set(one, language) & term_set(other, language))


def _joined(phrases: Sequence[str]) -> str:
    text = ""
    for phrase in phrases:
        longer = f"{text}, {phrase}" if text else phrase
        if len(longer) > LONGEST_TITLE:
            break
        text = longer
    text = text or phrases[0][:LONGEST_TITLE]
    return text[0].upper() + text[1:]
