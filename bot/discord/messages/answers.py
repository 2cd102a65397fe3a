"""An answer as messages: its text with what staff made of it, its references, and the passages around them."""

from collections.abc import Sequence
from functools import partial

import discord

from bot.discord.messages import buttons
from bot.discord.messages.defang import continued, harmless, plain, shortened
from bot.discord.messages.layout import GREEN, LONGEST_EMBED, Page, day, numbered, whole
from bot.discord.messages.moments import with_links
from bot.discord.messages.splitting import LONGEST, MOST, split
from db.records import AnswerScope, Hit, Language, LectureFacts, Reference
from services import i18n
from services.answering.again import offered
from services.answering.released import Mark, instead
from services.answering.replies import Reply
from services.notation.drawing_process import Picture
from services.notation.shown import shown, undrawn
from services.search.scope.saying import named

LONGEST_QUOTE = 180
LONGEST_EXCERPT = 700
LONGEST_SCOPE = 300
LONGEST_DRAFT = 1_900
"""Under Discord's 2000, so that the end of a code block that is still open has room."""
BEFORE_S = 10.0
AFTER_S = 30.0


def answer(
    reply: Reply,
    language: Language,
    *,
    can_share: bool = False,
    with_question: bool = False,
    can_try: bool = True,
    picture: Picture | None = None,
) -> tuple[Page, ...]:
    """
    Return *reply* as messages, with its question above where it stands alone; words around it in *language*.

    Formulas are on *picture*, as far as it holds them.
    """
    if not reply.may_be_seen:
        return (Page(content=instead(reply.mark, language)),)
    before = _said_of(reply.mark, language) + _within(reply.scope, language)
    if with_question:
        question = shortened(plain(reply.question), 300)
        before = i18n.text("discord.asked", language, question=question) + f"\n\n{before}"
    text = harmless(shown(reply.answer.text, picture.sources if picture else (), language))
    *first, last = _pages(before, text, reply.references) or [i18n.text("answer.no_material", language)]
    tries = offered(reply) if can_try else ()
    view = buttons.under(
        reply.answer,
        language,
        references=reply.references,
        can_share=can_share,
        scope=reply.scope,
        tries=tries,
        has_picture=picture is not None,
    )
    embed = _references(reply.references, language) if reply.references else None
    return (*(Page(content=page) for page in first), Page(content=last, embed=embed, view=view, picture=picture))


def _pages(before: str, text: str, references: Sequence[Reference]) -> list[str]:
    """Return *before* and *text* as pages, with as many of its marks as links as need no page more."""
    # One less than Discord takes: `continued` may add a character.
    fit = partial(split, longest=LONGEST - 1, most=MOST + 1)
    fewest = min(len(fit(before + text)), MOST)
    tries = (fit(before + linked) for linked in with_links(text, references))
    pages = next((pages for pages in tries if len(pages) <= fewest), None) or split(before + text, longest=LONGEST - 1)
    return [continued(page) for page in pages]


def _said_of(mark: Mark | None, language: Language) -> str:
    """Return what staff have to do with an answer, as it stands above it."""
    if mark is None:
        return ""
    if mark.kind == "verified":
        said = i18n.text("mark.verified", language, date=day(mark.at.date(), language) if mark.at else "")
    else:
        said = i18n.text("mark.under_review", language)
    return f"{said}\n\n"


def _within(scope: AnswerScope | None, language: Language) -> str:
    """Return in which lectures alone it was looked for, as it stands above an answer."""
    if scope is None or scope.kind != "within":
        return ""
    lectures = shortened(plain(named(scope.lectures, language)), LONGEST_SCOPE)
    return f"*{i18n.text('scope.within', language, lectures=lectures)}*\n\n"


def references_of(references: Sequence[Reference], *, most: int) -> str:
    """Return a line for each reference, as many as fit whole."""
    return whole([numbered(reference) for reference in references], most=most) if references else ""


def draft(text: str, within: Sequence[LectureFacts] = (), language: Language = "en") -> str:
    """Return an answer in writing, as far as it is: where it is looked for, and its text with open code closed."""
    before = _within(AnswerScope(kind="within", lectures=tuple(within)), language) if within else ""
    return split(before + harmless(undrawn(f"{text} …")), longest=LONGEST_DRAFT, most=1)[0]


def _references(references: Sequence[Reference], language: Language) -> discord.Embed:
    lines = [_reference(reference) for reference in references]
    if sum(map(len, lines)) + len(lines) > LONGEST_EMBED:
        # Addresses may be long; a student can do without the quotations, but not without the links.
        lines = [numbered(reference) for reference in references]
    return discord.Embed(title=i18n.text("discord.references", language), description=whole(lines), colour=GREEN)


def _reference(reference: Reference) -> str:
    return f"{numbered(reference)}\n“{shortened(plain(reference.quote), LONGEST_QUOTE)}”"


def sources(formulas: Sequence[str], language: Language) -> tuple[str, ...]:
    """
    Return messages with the LaTeX of *formulas*, to be copied, by the numbers that they have on their picture.

    No block of code is cut: a formula that is drawn is short (`services.notation.grammar.LONGEST`).
    """
    pages = [i18n.text("formula.sources", language)]
    for number, latex in enumerate(formulas, start=1):
        name = f"**({number})**\n" if len(formulas) > 1 else ""
        block = f"{name}```tex\n{latex}\n```"
        if len(pages[-1]) + 1 + len(block) > LONGEST:
            pages.append(block)
        else:
            pages[-1] += f"\n{block}"
    return tuple(pages)


def excerpts(reply: Reply, language: Language) -> discord.Embed | None:
    """Return the passages around each reference, with times; None where there are none."""
    hits = {hit.segment_id: hit for hit in reply.hits}
    parts = [
        f"{numbered(reference)}\n{shortened(plain(_around(hits[reference.segment_id], reference)), LONGEST_EXCERPT)}"
        for reference in reply.references
        if reference.segment_id in hits
    ]
    if not parts:
        return None
    return discord.Embed(
        title=i18n.text("excerpts.title", language),
        description=whole(parts, separator="\n\n"),
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
