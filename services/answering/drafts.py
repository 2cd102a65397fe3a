"""Show an answer while it is written: without marks, addresses or anything half finished."""

import re
from dataclasses import dataclass
from functools import cached_property

from db.records import LectureFacts
from services.citing.citations import without_marks
from services.citing.without_links import without_links
from services.models.thoughts import SoFar
from services.notation.parts import CODES, masked, read

VERDICTS = ("NO_MATERIAL", "NEEDS_STAFF")
"""The words with which a model says that it has no answer to give."""
VERDICT = re.compile(r"\b(NO|NEEDS)(?:\\?_| )(MATERIAL|STAFF)(?![A-Za-z])\.?")
LONGEST_VERDICT = 2 * max(map(len, VERDICTS))
BEFORE_VERDICT = " \n\t*_`\"'«“"
OPEN_FENCE = re.compile(r"\A\s*```(?:markdown|md|text|txt)?[ \t]*(?:\n|\Z)")
"""Some models put their whole answer in one; a student need not see it."""
UNFINISHED = re.compile(r"(?:!?\[[^\[\]\n]*\]\([^()]*(?:\([^()\n]*(?:\)[^()\n]*)?)*|[\[【][^\[\]【】\n]*|(?<!\S)\S+)\Z")
"""A link, a mark or a word at the end of a text that is still being written: it may become anything."""
HALF_VERDICT = re.compile(r"\b(?:NO|NEEDS)\s*\Z")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """
    The answer as far as it is written.

    It is cleaned when somebody looks at its text, not before: a model writes far more often than anybody looks, and
    to clean all that is written each time would cost the square of an answer's length.
    """

    written: SoFar
    within: tuple[LectureFacts, ...] = ()  # in which lectures alone it was looked for

    @cached_property
    def text(self) -> str:
        """What may be shown: without marks, which have no links yet."""
        return preview(self.written.text)

    def beginning(self, most: int) -> str:
        """Return what may be shown of the first *most* characters."""
        return preview(self.written.text[:most])


def preview(text: str) -> str:
    """
    Return what may be shown of an answer in writing: no marks, no addresses, no verdict, nothing half written.

    Of a block of code that is being written, that is what is there.

    >>> preview("O gradiente some [1]. Ele enco"), preview("NO_MAT"), preview("Ela é $x^2 + ")
    ('O gradiente some. Ele', '', 'Ela é')
    """
    text = OPEN_FENCE.sub("", text)
    begun = re.sub(r"\\?_| ", "_", text.lstrip(BEFORE_VERDICT)[:LONGEST_VERDICT])
    if any(verdict.startswith(begun[: len(verdict)]) for verdict in VERDICTS):
        return ""
    # Twice: without its last word, a mark or a link of several words is open again.
    finished = HALF_VERDICT.sub("", _finished(_finished(_without_open_part(text))))
    return VERDICT.sub("", without_marks(without_links(finished, masked))).strip()


def _without_open_part(text: str) -> str:
    """Return *text* without the formula or piece of code that it ends in; a block of code is shown as it grows."""
    *_, last = read(text, is_whole=False) or (None,)
    return text[: last.start] if last and last.is_open and last.kind != "fence" else text


def _finished(text: str) -> str:
    """Return *text* without what may yet become anything at its end; code is what it is."""
    *_, last = read(text) or (None,)
    if last and last.kind in CODES:
        return text if last.kind == "code" or last.inside or not last.is_open else text[: last.start]
    unfinished = UNFINISHED.search(masked(text))
    return text[: unfinished.start()] if unfinished else text
