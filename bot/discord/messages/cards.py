"""A flagged answer as a card in the staff's channel, and what staff see beside it: passages, opinions, lists."""

from collections.abc import Sequence

import discord

from bot.discord.messages.answers import references_of
from bot.discord.messages.buttons import CardPress, OnCard, PressButton
from bot.discord.messages.defang import harmless, plain, shortened
from bot.discord.messages.layout import GREEN, Page
from bot.discord.messages.splitting import split
from db.records import Hit, Judgement, Language, Verdict
from db.records.reviews import ListedItem, Verified
from services import i18n
from services.ground.faults import ABOUT_IT
from services.ground.timestamps import clock
from services.notation.shown import undrawn
from services.reviewing.flagged import Card, CardOpinion, Standing

RED = discord.Colour(0xC0392B)
AMBER = discord.Colour(0xD68910)
GREY = discord.Colour(0x7F8C8D)
BLUE = discord.Colour(0x2E86C1)
LONGEST_QUESTION = 500
LONGEST_ANSWER = 1_800
LONGEST_FIELD = 1_000
LONGEST_COMMENT = 250
LONGEST_PASSAGE = 330
MOST_COMMENTS = 5
LONGEST_EMBED = 4_000


def card(shown: Card, language: Language) -> Page:
    """Return the message that shows a flagged answer, without the judge's score: who labels first labels blind."""
    embed = discord.Embed(
        title=i18n.text(_heading(shown), language), description=_text(shown, language), colour=_colour(shown)
    )
    for name, value in _fields(shown, language).items():
        if value:
            embed.add_field(name=name, value=shortened(value, LONGEST_FIELD), inline=False)
    return Page(content="", embed=embed, view=_buttons(shown, language))


def _heading(shown: Card) -> str:
    if shown.item.settled_at is not None:
        return "card.title_settled"
    if shown.item.is_second_look:
        return "card.title_second"
    if shown.reply.answer.held == "waiting":
        return "card.title_held"
    return "card.title_called" if "called" in shown.item.reasons else "card.title_open"


def _colour(shown: Card) -> discord.Colour:
    if shown.item.settled_at is not None:
        return GREY
    if shown.item.is_second_look:
        return BLUE
    return RED if {"called", "voted_down"} & set(shown.item.reasons) else AMBER


def _text(shown: Card, language: Language) -> str:
    question = shortened(plain(shown.reply.question), LONGEST_QUESTION)
    (text, *_) = split(harmless(undrawn(shown.reply.answer.text)), longest=LONGEST_ANSWER, most=1) or [""]
    return i18n.text("card.text", language, question=question, answer=text)


def _fields(shown: Card, language: Language) -> dict[str, str]:
    """Return what stands below the answer, by heading; what is empty is left out."""
    item = shown.item
    # Also on a settled card: somebody else is still to label the answer without knowing what the judge thinks.
    is_open = item.settled_at is None or item.is_second_awaited
    return {
        i18n.text("card.references", language): references_of(shown.reply.references, most=LONGEST_FIELD),
        i18n.text("card.reasons", language): _reasons(item.reasons, language, is_open=is_open),
        i18n.text("card.votes", language): _votes(shown, language),
        i18n.text("card.where", language): _link(shown),
        i18n.text("card.status", language): _status(shown, language),
    }


def _reasons(reasons: Sequence[str], language: Language, *, is_open: bool) -> str:
    """Return why an answer is here; as long as it is to be labelled, nothing that gives the judge's score away."""
    told = [
        i18n.text("reason.automatic", language) if is_open and one in TELLING else reason(one, language)
        for one in reasons
    ]
    return ", ".join(dict.fromkeys(told))


def _votes(shown: Card, language: Language) -> str:
    item = shown.item
    lines = [i18n.text("card.counts", language, up=item.up, down=item.down)] if item.up or item.down else []
    for why, comment in shown.comments[:MOST_COMMENTS]:
        said = f" “{shortened(plain(comment), LONGEST_COMMENT)}”" if comment else ""
        lines.append(f"• {complaint(why, language)}{said}")
    return "\n".join(lines)


def _link(shown: Card) -> str:
    """Return the address of the student's message: of the question, or of the answer where a command asked."""
    if _is_blind(shown):
        return ""  # it may say there that the answer is under review
    return "https://discord.com/channels/{}/{}/{}".format(*shown.link) if shown.link else ""


def _status(shown: Card, language: Language) -> str:
    item = shown.item
    if item.verdict is not None:
        opposed = [i18n.text("card.opposed", language)] if item.are_labels_opposed else []
        return "\n".join([_settled(item.verdict, shown, language), *opposed])
    lines = [i18n.text("card.second_hint", language)] if _is_blind(shown) else []
    if item.taken_by is not None:
        minutes = max(1, round((item.taken_for_s or 0) / 60))
        lines.append(i18n.text("card.taken", language, who=f"<@{item.taken_by}>", minutes=minutes))
    return "\n".join(lines)


def _settled(given: Verdict, shown: Card, language: Language) -> str:
    """Return how a card was settled; a label is not told while somebody else is to label the answer blind."""
    if given in LABELLED and shown.item.is_second_awaited:
        return i18n.text("card.second_awaited", language)
    if given == "gone" and shown.item.is_second_look:
        return i18n.text("card.second_gone", language)
    return verdict(given, language)


def _is_blind(shown: Card) -> bool:
    return shown.item.is_second_look and shown.item.settled_at is None


def _buttons(shown: Card, language: Language) -> discord.ui.View:
    item = shown.item
    if item.settled_at is not None:
        rows: list[list[OnCard]] = [["edit", "judge", "next"]]
    elif shown.reply.answer.held == "waiting":
        rows = [["take", "approve", "edit", "reject"], ["passages", "judge", "next"]]
    else:
        first: OnCard = "take" if item.taken_by is None else "release"
        rows = [[first, "right", "partly", "wrong"], ["edit", "dismiss", "judge", "passages", "next"]]
        if item.is_second_look:
            # A label, given blind. Its buttons say so, for the message may be there when it is an ordinary card.
            rows = [[first, "second_right", "second_partly", "second_wrong"], ["second_dismiss", "passages", "next"]]
    view = discord.ui.View(timeout=None)
    for number, verbs in enumerate(rows):
        for verb in verbs:
            press = CardPress(verb=verb, course=item.course_id, item=item.id)
            view.add_item(PressButton(press, language, row=number))
    return view


def passages(hits: Sequence[Hit], language: Language) -> discord.Embed:
    """Return the passages that were found, with the numbers by which a correction cites them."""
    lines = [
        f"`[t{hit.rank}]` {clock(hit.start_s)} **{shortened(plain(hit.title), 60)}**\n"
        f"{shortened(plain(hit.text), LONGEST_PASSAGE)}"
        for hit in hits
    ]
    said = "\n\n".join(lines) or i18n.text("card.no_passages", language)
    return discord.Embed(
        title=i18n.text("card.passages_title", language), description=said[:LONGEST_EMBED], colour=GREEN
    )


def opinion(judged: CardOpinion, language: Language) -> discord.Embed:
    """Return what the judge said, with its reasons."""
    lines = list[str]()
    for one, scored, failed in (
        (judged.relevance, "judge.relevance", "judge.failed"),
        (judged.second, "judge.second", "judge.second_failed"),
    ):
        if one:
            lines += _scored(one, scored, failed, language)
    for one in judged.support:
        lines.append(f"`[{one.number}]` {support(one.support if one.is_found else 'none', language)}")
    if judged.abstention and judged.abstention.abstention:
        key = "judge.silence_wrong" if judged.abstention.abstention == "wrong" else "judge.silence_right"
        lines.append(i18n.text(key, language))
    if judged.context:
        lines.append(_about_passages(judged.context, language))
    said = "\n".join(lines) or i18n.text("judge.none", language)
    return discord.Embed(title=i18n.text("judge.title", language), description=said[:LONGEST_EMBED], colour=GREY)


def _scored(judged: Judgement, scored: str, failed: str, language: Language) -> list[str]:
    """Return a score with its reasons, in the texts *scored* and *failed*."""
    if judged.score is None:
        return [i18n.text(failed, language, status=judged.status)]
    reasons = f"{judged.criteria or ''} {judged.evidence or ''}".strip()
    said = i18n.text(scored, language, ar=f"{judged.score / 3:.2f}", score=judged.score)
    return [said, *([shortened(plain(reasons), LONGEST_FIELD)] if reasons else [])]


def _about_passages(judged: Judgement, language: Language) -> str:
    """Say in a line whether the search had found what was asked for."""
    if judged.score is None:
        return i18n.text("judge.context_failed", language, status=judged.status)
    key = "judge.context_found" if judged.score >= ABOUT_IT else "judge.context_missed"
    return i18n.text(key, language, score=judged.score)


def listed(items: Sequence[ListedItem], guild: int, language: Language) -> discord.Embed:
    """Return what is open, the greatest need first, each with a link to its card."""
    if not items:
        return discord.Embed(description=i18n.text("review.nothing", language), colour=GREEN)
    lines = [_line(one, guild, language) for one in items]
    while sum(map(len, lines)) + len(lines) > LONGEST_EMBED:
        lines.pop()
    return discord.Embed(
        title=i18n.text("review.list_title", language, count=len(items)), description="\n".join(lines), colour=AMBER
    )


def _line(one: ListedItem, guild: int, language: Language) -> str:
    question = shortened(plain(one.question), 90)
    card_at = f"https://discord.com/channels/{guild}/{one.card_channel_id}/{one.card_message_id}"
    name = i18n.text("review.card", language, number=one.id)
    place = f"[{name}]({card_at})" if one.card_message_id else name
    reasons = _reasons(one.reasons, language, is_open=True)
    holder = f" · <@{one.taken_by}>" if one.taken_by else ""
    return f"{place}: {question} · {reasons} · {age(one.age_s, language)}{holder}"


def verified(found: Sequence[Verified], language: Language) -> discord.Embed:
    """Return the answers in the words of staff, the newest first."""
    if not found:
        return discord.Embed(description=i18n.text("review.verified_none", language), colour=GREEN)
    lines = list[str]()
    for one in found:
        lines.append(f"`{one.id}` {shortened(plain(one.question), 90)}\n{shortened(plain(one.text), 120)}")
        if one.retired_at:
            lines[-1] += " · " + i18n.text("review.verified_retired", language)
        elif one.doubted_since:
            lines[-1] += " · " + i18n.text("review.verified_doubted", language)
        elif one.stale_since:
            lines[-1] += " · " + i18n.text("review.verified_stale", language)
    while sum(map(len, lines)) + 2 * len(lines) > LONGEST_EMBED:
        lines.pop()
    return discord.Embed(
        title=i18n.text("review.verified_title", language), description="\n\n".join(lines), colour=GREEN
    )


def standing(found: Standing, language: Language) -> discord.Embed:
    """Return how the review stands."""
    whole = found.whole
    lines = [i18n.text("review.open", language, count=whole.open)]
    if whole.oldest_s is not None:
        lines.append(i18n.text("review.oldest", language, age=age(whole.oldest_s, language)))
    if whole.median_settle_s is not None:
        settled = i18n.text("review.settled_lately", language, count=whole.settled)
        median = i18n.text("review.median", language, age=age(whole.median_settle_s, language))
        lines.append(f"{settled} {median}")
    lines += [
        i18n.text("review.by_reason", language, reason=reason(name, language), open=is_open, settled=settled)
        for name, (is_open, settled) in found.by_reason.items()
    ]
    return discord.Embed(title=i18n.text("review.stats_title", language), description="\n".join(lines), colour=GREEN)


def age(seconds: float, language: Language) -> str:
    """
    Say how long ago, in the unit that fits.

    >>> age(7200, "en")
    '2 h'
    """
    if seconds < 5_400:
        return f"{max(1, round(seconds / 60))} min"
    return (
        f"{round(seconds / 3_600)} h"
        if seconds < 172_800
        else i18n.text("age.days", language, count=round(seconds / 86_400))
    )


TELLING = {"low_relevance", "audit", "vote_against_judge", "split_opinion"}
"""Reasons that say what the judge thinks: who labels an answer should not know it beforehand."""

REASONS = {
    "called": "reason.called",
    "held": "reason.held",
    "voted_down": "reason.voted_down",
    "vote_against_judge": "reason.vote_against_judge",
    "stale_verified": "reason.stale_verified",
    "source_gone": "reason.source_gone",
    "source_changed": "reason.source_changed",
    "sway": "reason.sway",
    "uncited": "reason.uncited",
    "wrong_abstention": "reason.wrong_abstention",
    "unsupported_citation": "reason.unsupported_citation",
    "low_relevance": "reason.low_relevance",
    "split_opinion": "reason.split_opinion",
    "audit": "reason.audit",
    "second_look": "reason.second_look",
}
COMPLAINTS = {
    "wrong": "vote.wrong",
    "incomplete": "vote.incomplete",
    "unclear": "vote.unclear",
    "wrong_moment": "vote.wrong_moment",
}
VERDICTS: dict[Verdict, str] = {
    "C": "verdict.right",
    "P": "verdict.partly",
    "I": "verdict.wrong",
    "edited": "verdict.edited",
    "dismissed": "verdict.dismissed",
    "approved": "verdict.approved",
    "rejected": "verdict.rejected",
    "gone": "verdict.gone",
    "second": "verdict.second",
}
LABELLED: set[Verdict] = {"C", "P", "I"}
SUPPORTS = {"full": "judge.full", "partial": "judge.partial", "none": "judge.no_support"}


def reason(name: str, language: Language) -> str:
    """Return why an answer was flagged, in words."""
    return i18n.text(REASONS.get(name, "reason.other"), language)


def complaint(name: str | None, language: Language) -> str:
    return i18n.text(COMPLAINTS.get(name or "", "vote.other"), language)


def verdict(given: Verdict, language: Language) -> str:
    return i18n.text(VERDICTS[given], language)


def support(degree: str, language: Language) -> str:
    return i18n.text(SUPPORTS.get(degree, "judge.no_support"), language)
