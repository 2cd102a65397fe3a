"""The buttons under an answer. All they know is in their custom id, so they work after any restart."""

import re
from typing import Any, Literal, Protocol, Self, get_args

import discord

from db.records import Answer, AnswerId, CourseId, Language
from services import i18n

Verb = Literal["up", "down", "excerpts", "call", "share"]
STYLE = discord.ButtonStyle.secondary
EMOJI: dict[Verb, str] = {"up": "👍", "down": "👎", "excerpts": "🔎", "call": "🙋", "share": "📣"}
WHY = re.compile(r"m:why:(?P<course>\d+):(?P<answer>\d+)")
"""The custom id of the form that asks what was wrong with an answer."""


class AnswerPressed(Protocol):
    """Whoever acts on a pressed button; the client is one."""

    async def pressed(
        self, interaction: discord.Interaction[Any], verb: Verb, course: CourseId, answer: AnswerId
    ) -> None: ...


class AnswerButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"m:(?P<verb>up|down|excerpts|call|share):(?P<course>\d+):(?P<answer>\d+)",
):
    """One button under an answer."""

    def __init__(self, verb: Verb, course: CourseId, answer: AnswerId, language: Language = "pt-BR") -> None:
        self.verb: Verb = verb
        self.course = course
        self.answer = answer
        super().__init__(
            discord.ui.Button(
                style=STYLE,
                emoji=EMOJI[verb],
                label=label(verb, language),
                custom_id=f"m:{verb}:{course}:{answer}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
    ) -> Self:
        verb = next(verb for verb in get_args(Verb) if verb == match["verb"])
        return cls(verb, CourseId(int(match["course"])), AnswerId(int(match["answer"])))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        handler: AnswerPressed = interaction.client
        await handler.pressed(interaction, self.verb, self.course, self.answer)


def label(verb: Verb, language: Language) -> str:
    """Return a button's words, in the language of the message that it stands under."""
    match verb:
        case "up":
            return i18n.text("button.up", language)
        case "down":
            return i18n.text("button.down", language)
        case "excerpts":
            return i18n.text("button.excerpts", language)
        case "call":
            return i18n.text("button.call", language)
        case "share":
            return i18n.text("button.share", language)


def under(answer: Answer, language: Language, *, has_references: bool, can_share: bool) -> discord.ui.View:
    """Return the buttons that *answer* deserves: one that failed cannot be voted on."""
    verbs: list[Verb] = [] if answer.outcome == "failed" else ["up", "down"]
    if has_references:
        verbs.append("excerpts")
    verbs.append("call")
    if can_share:
        verbs.append("share")
    view = discord.ui.View(timeout=None)
    for verb in verbs:
        view.add_item(AnswerButton(verb, answer.course_id, answer.id, language))
    return view


def why_form(course: CourseId, answer: AnswerId, language: Language) -> discord.ui.Modal:
    """Return the form that asks what was wrong; what it sends is read by its custom id, after a restart too."""
    form = discord.ui.Modal(title=i18n.text("vote.title", language), custom_id=f"m:why:{course}:{answer}")
    options = [
        discord.SelectOption(label=i18n.text("vote.wrong", language), value="wrong"),
        discord.SelectOption(label=i18n.text("vote.incomplete", language), value="incomplete"),
        discord.SelectOption(label=i18n.text("vote.unclear", language), value="unclear"),
        discord.SelectOption(label=i18n.text("vote.wrong_moment", language), value="wrong_moment"),
        discord.SelectOption(label=i18n.text("vote.other", language), value="other"),
    ]
    reasons = discord.ui.Select[discord.ui.Modal](custom_id="reason", options=options, required=True)
    comment = discord.ui.TextInput[discord.ui.Modal](
        custom_id="comment", style=discord.TextStyle.paragraph, required=False, max_length=1_000
    )
    form.add_item(discord.ui.Label(text=i18n.text("vote.reason", language), component=reasons))
    form.add_item(discord.ui.Label(text=i18n.text("vote.comment", language), component=comment))
    return form


def custom_id(interaction: discord.Interaction[Any]) -> str:
    """Return the custom id of what was pressed or sent; nothing, where it is a command."""
    data: Any = interaction.data
    return str(data.get("custom_id", "")) if data else ""


def submitted(data: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    """Return what a form holds, by custom id, from the interaction's data."""
    found: dict[str, str] = {}
    for row in data.get("components", ()):
        for field in row.get("components", ()) or (row.get("component", row),):
            value = field.get("value") or next(iter(field.get("values") or ()), "")
            found[str(field.get("custom_id", ""))] = str(value)
    return found
