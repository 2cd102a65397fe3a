"""Show an answer while it is written: without marks, addresses or anything half finished."""

import re
from dataclasses import dataclass
from functools import cached_property

from services.answering.verdicts import BEFORE_VERDICT, LONGEST_VERDICT, VERDICT, VERDICTS
from services.citing.citations import without_marks
from services.citing.without_links import without_links
from services.models.thoughts import SoFar

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

    >>> preview("O gradiente some [1]. Ele enco"), preview("NO_MAT")
    ('O gradiente some. Ele', '')
    """
    text = OPEN_FENCE.sub("", text)
    begun = re.sub(r"\\?_| ", "_", text.lstrip(BEFORE_VERDICT)[:LONGEST_VERDICT])
    if any(verdict.startswith(begun[: len(verdict)]) for verdict in VERDICTS):
        return ""
    # Twice: without its last word, a mark or a link of several words is open again.
    finished = HALF_VERDICT.sub("", UNFINISHED.sub("", UNFINISHED.sub("", text)))
    return VERDICT.sub("", without_marks(without_links(finished))).strip()
