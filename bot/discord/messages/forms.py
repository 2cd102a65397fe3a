"""The forms that ask what was wrong with an answer, or for its correction, and how what people send is read."""

import re
from typing import Any

import discord

from db.records import AnswerId, CourseId, Language
from services import i18n
from services.notation.parts import beginning
from services.reviewing.flagged import Card, state

WHY = re.compile(r"m:why:(?P<course>\d+):(?P<answer>\d+)")
"""The custom id of the form that asks what was wrong with an answer."""
EDIT = re.compile(r"rf:(?P<course>\d+):(?P<item>\d+):(?P<state>[os]\d+)")
"""The custom id of the form that corrects an answer."""
LONGEST_INPUT = 4_000
"""What Discord takes in a field of a form."""


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


def edit_form(shown: Card, language: Language) -> discord.ui.Modal:
    """Return the form that corrects an answer, with its text in it; what it sends is read by its custom id."""
    item = shown.item
    written = shown.verified.text if shown.verified else shown.reply.answer.text
    form = discord.ui.Modal(
        title=i18n.text("correct.title", language),
        custom_id=f"rf:{item.course_id}:{item.id}:{state(item, shown.verified)}",
    )
    text = discord.ui.TextInput[discord.ui.Modal](
        custom_id="text",
        style=discord.TextStyle.paragraph,
        default=beginning(written, LONGEST_INPUT),
        required=True,
        max_length=LONGEST_INPUT,
    )
    options = [
        discord.SelectOption(label=i18n.text("correct.was_partly", language), value="P", default=True),
        discord.SelectOption(label=i18n.text("correct.was_wrong", language), value="I"),
        discord.SelectOption(label=i18n.text("correct.was_right", language), value="C"),
    ]
    was = discord.ui.Select[discord.ui.Modal](custom_id="label", options=options, required=True)
    form.add_item(
        discord.ui.Label(
            text=i18n.text("correct.text", language),
            description=i18n.text("correct.text_hint", language),
            component=text,
        )
    )
    form.add_item(discord.ui.Label(text=i18n.text("correct.was", language), component=was))
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
