"""Turn a digest into Discord's embed; pure, so that golden files can hold it."""

from collections.abc import Iterable, Sequence

import discord

from bot.discord.messages.defang import harmless, plain, shortened
from bot.discord.messages.layout import link_words
from db.records import Language
from services import i18n
from services.digest.page import charts
from services.digest.page.parts import FigureRow, Sheet, Spot, Strip, TopicWords
from services.digest.page.sheet import sheet
from services.digest.page.words import NO_DATA
from services.digest.report import Digest

GREEN = discord.Colour(0x2E7D5B)
PICTURE_NAME = "digest.png"
LONGEST_ALT = 1_024
LONGEST_FIELD = 1_000
LONGEST_STAFF = 400
LONGEST_NAME = 250
LONGEST_TITLE = 90
LONGEST_EXAMPLE = 140
LONGEST_AGAIN = 200
MOST_DESCRIPTION, MOST_TOTAL = 2_600, 5_900
"""Discord takes 4096 and 6000; what follows the topics must find room as well."""

SHOWN_LECTURES = 3
SHOWN_TOPICS = 6
"""More would not be read in a minute, and would take the room of the moments; the page has all."""

DETAIL = ((2, 3), (2, 2), (1, 2), (1, 1), (0, 1))
"""How many examples and moments of each topic are shown, from much to little."""


def embed(digest: Digest, language: Language) -> discord.Embed:
    """
    Return *digest* as an embed.

    Its charts travel beside it and not in it: within an embed, Discord drops the description that says them to who
    cannot see them (discord/discord-api-docs issue 8373).
    """
    shown = sheet(digest, language)
    title = i18n.text("digest.embed.title", language, course=plain(shown.course), heading=shown.heading)
    made = discord.Embed(title=shortened(title, LONGEST_NAME), colour=GREEN)
    if shown.is_empty:
        made.description = shown.summary
        return made
    made.description = _opening(shown, language)
    for name, value in _fields(shown, language):
        if len(made) + len(name) + len(value) <= MOST_TOTAL:
            made.add_field(name=name, value=value, inline=False)
    return made


def alt_text(digest: Digest, language: Language) -> str:
    """Return what the picture shows, in words, as long as Discord takes."""
    return shortened(harmless(charts.described(digest, language)), LONGEST_ALT)


def _opening(shown: Sheet, language: Language) -> str:
    """Return the week in a sentence, and what to explain again."""
    caution = shown.caution and f"⚠️ {shown.caution}"
    before = [part for part in (f"**{shown.summary}**", shown.outage, caution) if part]
    after = [part for part in (shown.small, shown.tries and plain(shown.tries)) if part]
    heading = f"### {i18n.text('digest.topics.title', language)}\n"
    room = MOST_DESCRIPTION - sum(len(part) + 2 for part in (*before, *after)) - len(heading)
    topics = shown.no_topics or _topics(shown.topics, room, "\n\n", language)
    return "\n\n".join((*before, heading + topics, *after))


def _fields(shown: Sheet, language: Language) -> Iterable[tuple[str, str]]:
    """Yield name and value of each field, in the order in which they are read."""
    gaps = shown.no_gaps or _topics(shown.gaps, LONGEST_FIELD, "\n", language)
    yield i18n.text("digest.gaps.title", language), gaps
    if shown.for_staff:
        asked = [f"**{_cut(topic.title, LONGEST_TITLE)}** · {topic.people}" for topic in shown.for_staff]
        yield i18n.text("digest.for_staff.title", language), _fitting(asked, LONGEST_STAFF, "\n", language)
    yield i18n.text("digest.quality.title", language), _fitting(_quality(shown), LONGEST_FIELD, "\n", language)
    yield i18n.text("digest.review.title", language), _fitting(_review(shown), LONGEST_FIELD, "\n", language)
    strips = [_strip(strip) for strip in shown.strips[:SHOWN_LECTURES]] or [i18n.text("digest.heat.none", language)]
    yield i18n.text("digest.heat.title", language), _fitting(strips, LONGEST_FIELD, "\n", language)


def _topics(topics: Sequence[TopicWords], most: int, separator: str, language: Language) -> str:
    """Return the first *topics*, with as much of each as leaves room for all of them, and how many are left out."""
    written: list[str] = []
    for examples, spots in DETAIL:
        written = [
            _topic(topic, number, examples, spots) for number, topic in enumerate(topics[:SHOWN_TOPICS], start=1)
        ]
        more = _more(len(topics) - len(written), language)
        if len(joined := separator.join([*written, *more])) <= most:
            return joined
    return _fitting(written, most, separator, language, total=len(topics))


def _topic(topic: TopicWords, number: int, examples: int, spots: int) -> str:
    lines = [
        f"**{number}. {_cut(topic.title, LONGEST_TITLE)}**",
        " · ".join((topic.people, *topic.details)),
        *([_cut(topic.again, LONGEST_AGAIN)] if topic.again else []),
        *(f"> {_cut(example, LONGEST_EXAMPLE)}" for example in topic.examples[:examples]),
        *(f"{_place(spot)} ({spot.citations})" for spot in topic.spots[:spots]),
    ]
    return "\n".join(lines)


def _quality(shown: Sheet) -> list[str]:
    scores = " · ".join(f"{bar.name}: {bar.count_in_words}" for bar in shown.scores)
    warnings = (*map(plain, shown.alerts), *([shown.warning] if shown.warning else []))
    warning = [f"⚠️ {one}" for one in warnings]
    people = [shown.labels, shown.agreement, *([shown.faults] if shown.faults else [])]
    return [*warning, *map(_row, shown.quality), f"{shown.scores_caption}: {scores}", *people]


def _review(shown: Sheet) -> list[str]:
    return [*shown.staff_notes, *map(_row, shown.staff), plain(shown.cost)]


def _row(row: FigureRow) -> str:
    known = row.change != NO_DATA
    beside = [row.change] * known + ([f"n = {row.n}"] if row.n else [])
    return f"{row.name}: **{row.now}**" + (f" ({'; '.join(beside)})" if beside else "")


def _strip(strip: Strip) -> str:
    minutes = ", ".join(_linked(minute.time, minute.url) for minute in strip.top)
    chapters = "".join(f" · “{_cut(chapter.title, LONGEST_TITLE)}”" for chapter in strip.top_chapters[:1])
    return f"**{_cut(strip.title, LONGEST_TITLE)}**: {strip.counts} · {minutes}{chapters}"


def _place(spot: Spot) -> str:
    name = shortened(spot.lecture, LONGEST_TITLE)
    return _linked(f"{spot.time} {name}", spot.url) if spot.url else f"{spot.time} {_linked(name, None)}"


def _linked(name: str, url: str | None) -> str:
    """Return *name* as a link to *url*, or as it is."""
    if url is None:
        return plain(name) or "…"
    return f"[{link_words(name) or '…'}]({url.replace('(', '%28').replace(')', '%29')})"


def _cut(text: str, most: int) -> str:
    return shortened(plain(text), most)


def _fitting(parts: Sequence[str], most: int, separator: str, language: Language, *, total: int | None = None) -> str:
    """
    Join as many of *parts* as fit whole, and say how many of *total* do not: half a link would lead elsewhere.

    *total*: None is the number of parts.
    """
    for kept in range(len(parts), -1, -1):
        more = _more((len(parts) if total is None else total) - kept, language)
        if len(joined := separator.join([*parts[:kept], *more])) <= most:
            return joined
    return "…"


def _more(left: int, language: Language) -> list[str]:
    return [i18n.text("digest.embed.more", language, count=left)] if left else []
