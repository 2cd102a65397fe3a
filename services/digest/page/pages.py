"""Put a digest on a page: HTML in one file that needs nothing else, and plain text."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from db.records import Language
from services import i18n
from services.digest.page import charts
from services.digest.page.parts import Sheet
from services.digest.page.sheet import sheet
from services.digest.page.strips import STEPS
from services.digest.report import Digest

SAID = {
    "topics": "digest.topics.title",
    "where": "digest.topics.where",
    "gaps": "digest.gaps.title",
    "for_staff": "digest.for_staff.title",
    "quality": "digest.quality.title",
    "questions": "digest.quality.questions",
    "relevance": "digest.quality.relevance",
    "labels": "digest.quality.labels",
    "review": "digest.review.title",
    "staff": "digest.review.caption",
    "heat": "digest.heat.title",
    "legend": "digest.heat.legend",
    "down": "digest.heat.down",
    "top": "digest.heat.top",
    "no_lectures": "digest.heat.none",
    "chapters": "digest.heat.chapters",
    "measure": "digest.column.measure",
    "before": "digest.column.before",
    "change": "digest.column.change",
    "n": "digest.column.n",
    "score": "digest.column.score",
    "answers": "digest.column.answers",
    "share": "digest.column.share",
    "no_data": "digest.no_data",
    "anonymous": "digest.anonymous",
}
"""The words that a template writes of its own accord, by the names it knows them by."""


def html(digest: Digest, language: Language, *, picture: str | None = None) -> str:
    """
    Return the page.

    *picture* is the content id of the charts in the same mail; the page then leaves out the strips, which not every
    mail program draws, and which are in the charts.
    """
    return _rendered(
        "body.html",
        sheet(digest, language),
        picture=picture,
        picture_in_words=charts.described(digest, language) if picture else None,
    )


def text(digest: Digest, language: Language) -> str:
    """Return the same as plain text."""
    return _rendered("body.txt", sheet(digest, language))


def subject(digest: Digest, language: Language) -> str:
    """Return the subject of a mail, on one line."""
    return _rendered("subject.txt", sheet(digest, language)).strip()


def _rendered(template: str, shown: Sheet, **more: str | None) -> str:
    return (
        environment()
        .get_template(template)
        .render(
            sheet=shown,
            say={name: i18n.text(key, shown.language) for name, key in SAID.items()},
            steps=[words for _, words in STEPS],
            longest=max((strip.minutes for strip in shown.strips), default=1),
            **more,
        )
    )


@cache
def environment() -> Environment:
    """Return what the templates are read with: all of HTML is escaped, and a name that is missing is an error."""
    return Environment(
        loader=PackageLoader("services.digest.page", "templates"),
        autoescape=select_autoescape(("html",), default=False, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
