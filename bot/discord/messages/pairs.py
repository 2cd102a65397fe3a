"""
Two answers side by side, as a member of staff sees them who chooses: both look alike, and nobody is named.

As with other buttons, all that one knows is in its custom id, and the pattern may grow and never change.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, get_args

import discord

from bot.discord.messages.answers import references_of
from bot.discord.messages.defang import harmless, plain, shortened
from bot.discord.messages.layout import GREEN
from bot.discord.messages.splitting import split
from db.records import CourseId, Language
from db.records.pairs import PairAnswer, PairId, ShownPair
from services import i18n
from services.notation.shown import undrawn
from services.reviewing.pairs import OnPair

LONGEST_QUESTION = 400
LONGEST_ANSWER = 1_700
LONGEST_REFERENCES = 800
"""Discord takes 6000 characters in all embeds of a message together."""
LABELS: dict[OnPair, str] = {"a": "pairs.a_better", "b": "pairs.b_better", "same": "pairs.same", "skip": "pairs.skip"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPage:
    """One message: the question, each answer, and what can be said of them."""

    embeds: Sequence[discord.Embed]
    view: discord.ui.View | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPress:
    """What a button under a pair says."""

    verb: OnPair
    course: CourseId
    pair: PairId

    @property
    def custom_id(self) -> str:
        return f"p:{self.verb}:{self.course}:{self.pair}"


class PairPressed(Protocol):
    """Whoever acts on a pressed button; the client is one."""

    async def pressed_on_pair(self, interaction: discord.Interaction[Any], press: PairPress) -> None: ...


class PairButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"p:(?P<verb>{'|'.join(get_args(OnPair))}):(?P<course>\d+):(?P<id>\d+)",
):
    """One button, with its words in the language of the message that it stands under."""

    def __init__(self, press: PairPress, language: Language = "pt-BR") -> None:
        self.press = press
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.secondary,
                label=i18n.text(LABELS[press.verb], language),
                custom_id=press.custom_id,
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
    ) -> Self:
        verb = next(one for one in get_args(OnPair) if one == match["verb"])
        return cls(PairPress(verb=verb, course=CourseId(int(match["course"])), pair=PairId(int(match["id"]))))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        handler: PairPressed = interaction.client
        await handler.pressed_on_pair(interaction, self.press)


def page(shown: ShownPair | None, language: Language) -> PairPage:
    """Return the message that asks which answer is better, or that there is nothing (more) to ask."""
    if shown is None:
        return PairPage(
            embeds=[discord.Embed(description=i18n.text("pairs.nothing", language), colour=GREEN)], view=None
        )
    question = shortened(plain(shown.question), LONGEST_QUESTION)
    asked = discord.Embed(
        title=i18n.text("pairs.title", language),
        description=i18n.text("pairs.text", language, question=question, count=shown.left),
        colour=GREEN,
    )
    a, b = i18n.text("pairs.a", language), i18n.text("pairs.b", language)
    return PairPage(
        embeds=[asked, _answer(a, shown.a, language), _answer(b, shown.b, language)], view=_buttons(shown, language)
    )


def _answer(title: str, answer: PairAnswer, language: Language) -> discord.Embed:
    text, *rest = split(harmless(undrawn(answer.text)), longest=LONGEST_ANSWER, most=2) or [""]
    if rest:
        cut = i18n.text("pairs.cut", language)
        text = f"{text}\n\n*{cut}*"
    embed = discord.Embed(title=title, description=text, colour=GREEN)
    # Where there are none it is said: a missing field would tell the two apart at a glance.
    cited = references_of(answer.references, most=LONGEST_REFERENCES) or i18n.text("pairs.no_references", language)
    embed.add_field(name=i18n.text("card.references", language), value=cited, inline=False)
    return embed


def _buttons(shown: ShownPair, language: Language) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for verb in get_args(OnPair):
        view.add_item(PairButton(PairPress(verb=verb, course=shown.course_id, pair=shown.id), language))
    return view
