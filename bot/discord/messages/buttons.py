"""
The buttons under an answer and on a card for staff.

All that one knows is in its custom id, so it works after any restart; those of sent messages live on, so that a
pattern may grow and never change.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, get_args

import discord

from bot.discord.messages import moments
from bot.discord.messages.defang import harmless, shortened
from bot.discord.messages.moments import LONGEST_LABEL
from db.records import Again, Answer, AnswerId, AnswerScope, CourseId, ItemId, Language, Reference
from services import i18n
from services.search.scope.saying import called

OnAnswer = Literal[
    "up", "down", "excerpts", "call", "share", "widen", "in1", "in2", "in3", "simpler", "example", "other", "formulas"
]
OnCard = Literal[
    "take", "release", "right", "partly", "wrong", "edit", "dismiss", "judge", "passages", "next", "approve", "reject",
    "second_right", "second_partly", "second_wrong", "second_dismiss",
]  # fmt: skip
EMOJI: dict[OnAnswer, str] = {
    "up": "👍", "down": "👎", "excerpts": "🔎", "call": "🙋", "share": "📣", "widen": "📚",
}  # fmt: skip
PLACES: dict[OnAnswer, int] = {"in1": 1, "in2": 2, "in3": 3}
"""The number of the lecture, of those that an answer asks about, which each chooses."""
STYLES: dict[OnCard, discord.ButtonStyle] = {
    "right": discord.ButtonStyle.success,
    "approve": discord.ButtonStyle.success,
    "wrong": discord.ButtonStyle.danger,
    "second_right": discord.ButtonStyle.success,
    "second_wrong": discord.ButtonStyle.danger,
    "reject": discord.ButtonStyle.danger,
    "edit": discord.ButtonStyle.primary,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPress:
    """What a button under an answer asks for."""

    verb: OnAnswer
    course: CourseId
    answer: AnswerId

    @property
    def custom_id(self) -> str:
        return f"m:{self.verb}:{self.course}:{self.answer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPress:
    """What a button of a card asks for."""

    verb: OnCard
    course: CourseId
    item: ItemId

    @property
    def custom_id(self) -> str:
        return f"r:{self.verb}:{self.course}:{self.item}"


Press = AnswerPress | CardPress


class Pressed(Protocol):
    """Whoever acts on a pressed button; the client is one."""

    async def pressed(self, interaction: discord.Interaction[Any], press: Press) -> None: ...


class PressButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=(
        rf"(?:m:(?P<on_answer>{'|'.join(get_args(OnAnswer))})|r:(?P<on_card>{'|'.join(get_args(OnCard))}))"
        r":(?P<course>\d+):(?P<id>\d+)"
    ),
):
    """One button, with its words in the language of the message that it stands under."""

    def __init__(
        self, press: Press, language: Language = "pt-BR", row: int | None = None, words: str | None = None
    ) -> None:
        self.press = press
        super().__init__(
            discord.ui.Button(
                style=_style(press),
                emoji=EMOJI.get(press.verb) if isinstance(press, AnswerPress) else None,
                label=words or label(press.verb, language),
                custom_id=press.custom_id,
                row=row,
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
    ) -> Self:
        return cls(_read(match))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        handler: Pressed = interaction.client
        await handler.pressed(interaction, self.press)


def _read(match: re.Match[str]) -> Press:
    course = CourseId(int(match["course"]))
    for on_answer in get_args(OnAnswer):
        if match["on_answer"] == on_answer:
            return AnswerPress(verb=on_answer, course=course, answer=AnswerId(int(match["id"])))
    on_card = next(verb for verb in get_args(OnCard) if verb == match["on_card"])
    return CardPress(verb=on_card, course=course, item=ItemId(int(match["id"])))


def _style(press: Press) -> discord.ButtonStyle:
    plain = discord.ButtonStyle.secondary
    return plain if isinstance(press, AnswerPress) else STYLES.get(press.verb, plain)


LABELS: dict[OnAnswer | OnCard, str] = {
    "up": "button.up",
    "down": "button.down",
    "excerpts": "button.excerpts",
    "call": "button.call",
    "share": "button.share",
    "widen": "button.widen",
    "in1": "button.this_lecture",
    "in2": "button.this_lecture",
    "in3": "button.this_lecture",
    "simpler": "button.simpler",
    "example": "button.example",
    "other": "button.other",
    "formulas": "button.formulas",
    "take": "card.take",
    "release": "card.release",
    "right": "card.right",
    "partly": "card.partly",
    "wrong": "card.wrong",
    "edit": "card.edit",
    "dismiss": "card.dismiss",
    "judge": "card.judge",
    "passages": "card.passages",
    "next": "card.next",
    "approve": "card.approve",
    "reject": "card.reject",
    "second_right": "card.right",
    "second_partly": "card.partly",
    "second_wrong": "card.wrong",
    "second_dismiss": "card.dismiss",
}


def label(verb: OnAnswer | OnCard, language: Language) -> str:
    """Return a button's words."""
    return i18n.text(LABELS[verb], language)


def under(
    answer: Answer,
    language: Language,
    *,
    references: Sequence[Reference],
    can_share: bool,
    scope: AnswerScope | None = None,
    tries: Sequence[Again] = (),
    has_picture: bool = False,
) -> discord.ui.View:
    """
    Return the buttons that *answer* deserves: first those to its moments, last those that *try* it another way, ask for
    the source of what stands on its picture, or widen its scope.

    One that failed cannot be voted on.
    """
    if scope and scope.kind != "within":
        return _choosing(answer, scope, language)
    verbs: list[OnAnswer] = [] if answer.outcome == "failed" else ["up", "down"]
    if references:
        verbs.append("excerpts")
    verbs.append("call")
    if can_share:
        verbs.append("share")
    # Without one, discord.py would stop listening after three minutes.
    view = discord.ui.View(timeout=None)
    for link in (links := moments.buttons(references)):
        view.add_item(link)
    row = moments.rows(len(links))
    for verb in verbs:
        press = AnswerPress(verb=verb, course=answer.course_id, answer=answer.id)
        view.add_item(PressButton(press, language, row=row))
    last: list[OnAnswer] = [*tries, *(["formulas"] if has_picture else []), *(["widen"] if scope else [])]
    for verb in last:
        press = AnswerPress(verb=verb, course=answer.course_id, answer=answer.id)
        words = i18n.text("button.more", language) if verb == "other" and answer.further else None
        view.add_item(PressButton(press, language, row=row + 1, words=words))
    return view


def _choosing(answer: Answer, scope: AnswerScope, language: Language) -> discord.ui.View:
    """Return a button for each lecture that may be meant, and one for all."""
    view = discord.ui.View(timeout=None)
    for verb, number in PLACES.items():
        if (lecture := scope.numbered(number)) is None:
            continue
        press = AnswerPress(verb=verb, course=answer.course_id, answer=answer.id)
        words = shortened(harmless(called(lecture, language)), LONGEST_LABEL)
        view.add_item(PressButton(press, language, row=0, words=words))
    press = AnswerPress(verb="widen", course=answer.course_id, answer=answer.id)
    view.add_item(PressButton(press, language, row=1))
    return view
