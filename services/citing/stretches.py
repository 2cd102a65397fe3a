"""Cut from a passage the stretch that speaks most of a question, where whole passages would cost too much."""

import re
from collections.abc import Mapping

from db.records import Hit
from services.words.terms import question_terms, terms

WORD = re.compile(r"\w+(?:['’]\w+)?")


def stretch(hit: Hit, question: str, most: int) -> str:
    """
    Return *most* characters of a passage at most, whole words, around those that hold most of the question's words.

    Each word counts once, however often it is there; where none is, as between languages, it is the beginning.
    """
    if len(hit.text) <= most:
        return hit.text
    start, end = _densest(hit, question_terms(question, hit.language, ()), most)
    spare = most - (end - start)
    start = min(max(start - spare // 2, 0), len(hit.text) - most)
    return _whole_words(hit.text, start, start + most)


def _densest(hit: Hit, wanted: Mapping[int, float], most: int) -> tuple[int, int]:
    """Return where the words wanted stand closest together, from the first of them to the last."""
    found = [
        (word.start(), word.end(), terms(word[0], hit.language).keys() & wanted) for word in WORD.finditer(hit.text)
    ]
    wanted_words = [one for one in found if one[2]]
    best, place = 0.0, (0, 0)
    for at, (start, _, _) in enumerate(wanted_words):
        held, last = set[int](), start
        for _, end, matching in wanted_words[at:]:
            if end - start > most:
                break
            held, last = held | matching, end
        if (worth := sum(wanted[term] for term in held)) > best:
            best, place = worth, (start, last)
    return place


def _whole_words(text: str, start: int, end: int) -> str:
    """
    Return a part of *text* without the words that it would cut.

    >>> _whole_words("o gradiente some", 0, 14)
    'o gradiente …'
    """
    part = text[start:end]
    if end < len(text) and not text[end].isspace():
        part = part.rsplit(None, 1)[0]
    if start > 0 and not text[start - 1].isspace():
        part = part.split(None, 1)[-1]
    return f"{'… ' if start else ''}{part.strip()}{' …' if end < len(text) else ''}"
