"""Read what staff write in place of an answer: their words, and which moments they cite, by number."""

import re
from collections.abc import Sequence
from dataclasses import replace

from db.records import Hit, Reference
from services.citing.citations import Cited, moment_of
from services.citing.support import Rarity, rarity
from services.citing.without_links import without_links
from services.notation.parts import masked, replaced, without_formulas

MARK = re.compile(r"[ \t]?\[[ \t]*(?P<passage>[tTpP]?)[ \t]*(?P<number>[0-9]{1,2})[ \t]*\]")
MOST_REFERENCES = 5
SENTENCE = re.compile(r"[^.!?…\n]*\Z")


class WrongMark(ValueError):
    """A mark points at nothing; the message is the mark."""


class TooManyMarks(ValueError):
    """More moments are cited than an answer may show."""


def corrected(text: str, references: Sequence[Reference], hits: Sequence[Hit]) -> Cited:
    """
    Return the words of staff with the moments that they cite, renumbered by first mention.

    `[2]` keeps the reference 2 of the answer as it is; `[t4]` cites the fourth of the passages that were found, at the
    cue that supports the sentence. What stands in code and formulas is no mark. Addresses are taken out: links come
    from our own rows, also for staff.

    Raises:
        WrongMark: a mark points at nothing.
        TooManyMarks: there are more than five moments.

    """
    plain = without_links(text, masked).strip()
    known = {reference.number: reference for reference in references}
    rare = rarity(hits)
    cited: dict[tuple[str, int], Reference] = {}

    def renumbered(mark: re.Match[str]) -> str:
        kind, number = ("t" if mark["passage"] else ""), int(mark["number"])
        if (kind, number) not in cited:
            found = known.get(number) if not kind else _cite(plain, mark, number, hits, rare)
            if found is None:
                raise WrongMark(mark[0].strip())
            if len(cited) == MOST_REFERENCES:
                raise TooManyMarks
            cited[kind, number] = replace(found, number=len(cited) + 1)
        return f" [{cited[kind, number].number}]"

    return Cited(text=replaced(plain, MARK, renumbered), references=tuple(cited.values()))


def _cite(text: str, mark: re.Match[str], number: int, hits: Sequence[Hit], rare: Rarity) -> Reference | None:
    if not 1 <= number <= len(hits):
        return None
    words = without_formulas(text)
    sentence = SENTENCE.search(words[: mark.start()].rstrip())
    claim = MARK.sub("", sentence[0] if sentence else "").strip() or words
    return moment_of(claim, hits[number - 1], rare)
