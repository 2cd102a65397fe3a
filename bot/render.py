"""Turn what Monitoria knows into Discord's messages; pure, so that golden files can hold each kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot import buttons
from bot.defang import harmless, plain, shortened
from bot.pages import split
from db.records import Hit, Language, Lecture, Reference
from services import i18n
from services.ask import Reply
from services.clock import clock
from services.links import moment

GREEN = discord.Colour(0x2E7D5B)
LONGEST_QUOTE = 180
LONGEST_TITLE = 90
LONGEST_EXCERPT = 700
LONGEST_EMBED = 4_000
BEFORE_S = 10.0
AFTER_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message: text, and on the last of several the references and the buttons."""

    content: str
    embed: discord.Embed | None = None
    view: discord.ui.View | None = None


def answer(
    reply: Reply, language: Language, *, can_share: bool = False, with_question: bool = False
) -> tuple[Page, ...]:
    """Return *reply* as messages, with its question above where it stands alone; words around it in *language*."""
    text = harmless(reply.answer.text)
    if with_question:
        question = shortened(plain(reply.question), 300)
        text = i18n.text("discord.asked", language, question=question) + f"\n\n{text}"
    *first, last = split(text) or [i18n.text("answer.no_material", language)]
    view = buttons.under(reply.answer, language, has_references=bool(reply.references), can_share=can_share)
    embed = _references(reply.references, language) if reply.references else None
    return (*(Page(content=page) for page in first), Page(content=last, embed=embed, view=view))


def draft(text: str) -> str:
    """Return an answer in writing, as far as it is."""
    return shortened(harmless(text), 1_900) + " …"


def _references(references: Sequence[Reference], language: Language) -> discord.Embed:
    lines = [_reference(reference) for reference in references]
    return discord.Embed(title=i18n.text("discord.references", language), description="\n".join(lines), colour=GREEN)


def _reference(reference: Reference) -> str:
    where = _place(reference.title, reference.url, reference.start_s)
    quote = shortened(plain(reference.quote), LONGEST_QUOTE)
    return f"`[{reference.number}]` {where} — “{quote}”"


def _place(title: str, url: str | None, start_s: float) -> str:
    """Return a moment: its time, and the lecture's title as a link to the second where there is a video."""
    name = shortened(plain(title), LONGEST_TITLE)
    if url is None:
        return f"{clock(start_s)} **{name}**"
    address = url.replace("(", "%28").replace(")", "%29")
    return f"{clock(start_s)} [{name}]({address})"


def excerpts(reply: Reply, language: Language) -> discord.Embed | None:
    """Return the passages around each reference, with times; None where there are none."""
    hits = {hit.segment_id: hit for hit in reply.hits}
    parts = [
        f"`[{reference.number}]` {_place(reference.title, reference.url, reference.start_s)}\n"
        f"{shortened(plain(_around(hits[reference.segment_id], reference)), LONGEST_EXCERPT)}"
        for reference in reply.references
        if reference.segment_id in hits
    ]
    if not parts:
        return None
    return discord.Embed(
        title=i18n.text("excerpts.title", language),
        description=shortened("\n\n".join(parts), LONGEST_EMBED),
        colour=GREEN,
    )


def _around(hit: Hit, reference: Reference) -> str:
    """Return what is said from shortly before *reference* until shortly after."""
    starts = [
        offset
        for offset, start_s in zip(hit.cue_offsets, hit.cue_starts_s, strict=True)
        if reference.start_s - BEFORE_S <= start_s <= reference.end_s + AFTER_S
    ]
    if not starts:
        return hit.text
    after = next((offset for offset in hit.cue_offsets if offset > starts[-1]), len(hit.text))
    return hit.text[starts[0] : after].strip()


def found(query: str, hits: Sequence[Hit], language: Language) -> discord.Embed:
    """Return the passages that a search found."""
    if not hits:
        nothing = i18n.text("search.none", language, query=shortened(plain(query), 200))
        return discord.Embed(description=nothing)
    lines = [
        f"`{hit.rank}` {_place(hit.title, moment(hit.video_url, hit.start_s, hit.duration_s), hit.start_s)}\n"
        f"{shortened(plain(hit.text), 220)}"
        for hit in hits
    ]
    return discord.Embed(
        title=i18n.text("search.title", language, query=shortened(plain(query), 180)),
        description=shortened("\n".join(lines), LONGEST_EMBED),
        colour=GREEN,
    )


def lectures(title: str, listed: Sequence[Lecture], language: Language) -> discord.Embed:
    """Return a course's lectures, by date, as many as an embed holds."""
    if not listed:
        return discord.Embed(description=i18n.text("lectures.none", language))
    lines: list[str] = []
    for number, lecture in enumerate(listed):
        line = _lecture(lecture, language)
        if sum(map(len, lines)) + len(lines) + len(line) > LONGEST_EMBED - 100:
            lines.append(i18n.text("lectures.more", language, count=len(listed) - number))
            break
        lines.append(line)
    heading = i18n.text("lectures.title", language, title=shortened(plain(title), 200))
    return discord.Embed(title=heading, description="\n".join(lines), colour=GREEN)


def _lecture(lecture: Lecture, language: Language) -> str:
    name = shortened(plain(lecture.title), LONGEST_TITLE)
    url = moment(lecture.video_url, 0.0, None)
    linked = f"[{name}]({url.replace('(', '%28').replace(')', '%29')})" if url else f"**{name}**"
    if lecture.released_at and lecture.released_at > discord.utils.utcnow():
        when = i18n.text("lectures.later", language, date=discord.utils.format_dt(lecture.released_at, "d"))
        return f"• {name} ({when})"
    return f"• {linked}" + (f" · {lecture.held_on:%Y-%m-%d}" if lecture.held_on else "")
