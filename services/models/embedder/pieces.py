"""Cut a text that is too long for a model into parts that it reads whole."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate


def cut(text: str, *, size: Callable[[str], int], limit: int) -> tuple[str, ...]:
    """
    Return *text*, or where its size is over *limit* about equal parts of it that are not.

    Parts are cut at words; joined by a space they hold all the words. A single word that is over the limit is cut
    inside. The size of a text must be about that of its words, plus what *size* says of "".

    >>> cut("a rede aprende com o erro", size=len, limit=15)
    ('a rede aprende', 'com o erro')
    """
    if size(text) <= limit:
        return (text,)
    fixed = size("")
    words = [part for word in text.split() for part in _bearable(word, size, limit, fixed)]
    count = max(2, -(-(size(text) - fixed) // max(1, limit - fixed)))
    while count < len(words):
        parts = tuple(_shares(words, count))
        if all(size(part) <= limit for part in parts):
            return parts
        count += 1 + count // 8
    return tuple(words)


def _bearable(word: str, size: Callable[[str], int], limit: int, fixed: int) -> Iterator[str]:
    """Yield the word, or halves of halves of it; no word has more tokens than bytes, so that few need measuring."""
    if len(word) < 2 or len(word.encode()) <= limit - fixed or size(word) <= limit:
        yield word
    else:
        middle = len(word) // 2
        yield from _bearable(word[:middle], size, limit, fixed)
        yield from _bearable(word[middle:], size, limit, fixed)


def _shares(words: Sequence[str], count: int) -> Iterator[str]:
    """Divide *words* into *count* runs of about as many characters, each with one word at least."""
    ends = list(accumulate(len(word) + 1 for word in words))
    start = 0
    for number in range(1, count + 1):
        end = bisect_left(ends, ends[-1] * number / count) + 1
        end = min(max(end, start + 1), len(words) - (count - number))
        yield " ".join(words[start:end])
        start = end
