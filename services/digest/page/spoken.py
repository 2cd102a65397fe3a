"""One language to say things in: texts, counts with their nouns, rows of figures, and what others have written."""

from dataclasses import dataclass

from db.records import Language
from services import i18n
from services.citing.without_links import without_links
from services.digest.page import words
from services.digest.page.parts import FigureRow
from services.digest.page.words import Kind, visible
from services.digest.report import Figure

LONGEST_TITLE = 160

QUESTIONS = ("digest.questions.one", "digest.questions.other")
ASKERS = ("digest.askers.one", "digest.askers.other")
ANSWERS = ("digest.answers.one", "digest.answers.other")
LABELLED = ("digest.labels.one", "digest.labels.other")
CITATIONS = ("digest.citations.one", "digest.citations.other")


@dataclass(frozen=True)
class Spoken:
    """One language, so that it need not be handed to each word."""

    language: Language

    def text(self, key: str, **fields: object) -> str:
        return i18n.text(key, self.language, **fields)

    def counted(self, count: float | None, one: str, other: str) -> str:
        """Return a number with its noun."""
        number = words.measured(count, "count", self.language)
        is_one = count is not None and words.is_singular(count, self.language)
        return self.text(one if is_one else other, count=number)

    def row(self, key: str, figure: Figure, kind: Kind = "count") -> FigureRow:
        return FigureRow(
            name=self.text(key),
            now=words.measured(figure.value, kind, self.language),
            before=words.measured(figure.before, kind, self.language),
            change=words.changed(figure, kind, self.language),
            n="" if figure.n is None else words.number(figure.n, self.language),
        )


def titled(text: str) -> str:
    """Return a title that somebody has written as it may stand in a line of ours."""
    return quoted(text, LONGEST_TITLE)


def quoted(text: str, most: int) -> str:
    """Return what somebody has written, without addresses: mail programs make links of them."""
    return words.shortened(without_links(visible(text)), most) or "…"


def web(url: str | None) -> str | None:
    """Return *url* if it leads to a page; they come from our own rows, and this is the last door before people."""
    if url is None or not url.startswith(("https://", "http://")) or url != visible(url) or " " in url:
        return None
    return url
