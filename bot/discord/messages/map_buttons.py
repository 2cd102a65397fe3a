"""
The buttons by which staff change a lecture's map and answer what they are asked about it.

As with those under answers, all that one knows is in its custom id, and a pattern may grow and never change.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, get_args

import discord

from db.records import CourseId, Language
from services import i18n

OnMap = Literal["rename", "merge", "drop"]
"""Of a lecture's chapters; the number is the lecture's."""
OnQuestion = Literal["ask", "keep", "forget"]
"""Of what staff had said; the number is that of what was said, and of the last one asked where the next is wanted."""
LABELS: dict[OnMap | OnQuestion, str] = {
    "rename": "map.rename",
    "merge": "map.merge",
    "drop": "map.drop",
    "ask": "map.question.answer",
    "keep": "map.question.keep",
    "forget": "map.question.forget",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPress:
    """What a button asks for."""

    verb: OnMap | OnQuestion
    course: CourseId
    id: int

    @property
    def custom_id(self) -> str:
        return f"c:{self.verb}:{self.course}:{self.id}"


class MapPressed(Protocol):
    """Whoever acts on a pressed button; the client is one."""

    async def pressed_on_map(self, interaction: discord.Interaction[Any], press: MapPress) -> None: ...


class MapButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"c:(?P<verb>{'|'.join((*get_args(OnMap), *get_args(OnQuestion)))}):(?P<course>\d+):(?P<id>\d+)",
):
    """One button, with its words in the language of the message that it stands under."""

    def __init__(self, press: MapPress, language: Language = "pt-BR", key: str | None = None) -> None:
        self.press = press
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.secondary,
                label=i18n.text(key or LABELS[press.verb], language),
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
        verb = next(one for one in (*get_args(OnMap), *get_args(OnQuestion)) if one == match["verb"])
        return cls(MapPress(verb=verb, course=CourseId(int(match["course"])), id=int(match["id"])))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        handler: MapPressed = interaction.client
        await handler.pressed_on_map(interaction, self.press)
