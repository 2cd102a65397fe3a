"""The form by which staff keep a person's message as a verified answer."""

import re
from collections.abc import Sequence

import discord

from bot.discord.messages.defang import plain, shortened
from db.records import Hit, Language
from services import i18n
from services.answering.asked import LONGEST_QUESTION
from services.ground.timestamps import clock
from services.reviewing.keeping import LONGEST_KEPT, Form

KEEP = re.compile(r"kf:(?P<course>\d+):(?P<draft>\d+)")
"""The custom id of the form; what it does not hold is in the draft's row, so it works after any restart."""
LONGEST_MOMENT = 110
LONGEST_LIST = 2_000


def keep_form(form: Form, language: Language) -> discord.ui.Modal:
    """Return the form with the question, the text and the moments that its marks stand for."""
    modal = discord.ui.Modal(title=i18n.text("keep.title", language), custom_id=f"kf:{form.course}:{form.draft}")
    question = discord.ui.TextInput[discord.ui.Modal](
        custom_id="question",
        style=discord.TextStyle.paragraph,
        default=form.question or None,
        required=True,
        max_length=LONGEST_QUESTION,
    )
    text = discord.ui.TextInput[discord.ui.Modal](
        custom_id="text",
        style=discord.TextStyle.paragraph,
        default=form.text,
        required=True,
        max_length=LONGEST_KEPT,
    )
    modal.add_item(
        discord.ui.Label(
            text=i18n.text("keep.question", language),
            description=i18n.text("keep.question_hint", language),
            component=question,
        )
    )
    modal.add_item(
        discord.ui.Label(
            text=i18n.text("keep.text", language), description=i18n.text("keep.text_hint", language), component=text
        )
    )
    modal.add_item(discord.ui.TextDisplay(moments(form.hits, language)))
    return modal


def moments(hits: Sequence[Hit], language: Language) -> str:
    """Return the passages that were found, by the numbers that a text cites them by."""
    if not hits:
        return i18n.text("keep.no_moments", language)
    lines = [
        f"`[t{hit.rank}]` {clock(hit.start_s)} {shortened(plain(hit.title), 40)}: "
        f"{shortened(plain(hit.text), LONGEST_MOMENT)}"
        for hit in hits
    ]
    while sum(map(len, lines)) + len(lines) > LONGEST_LIST:
        lines.pop()
    return "\n".join([i18n.text("keep.moments", language), *lines])
