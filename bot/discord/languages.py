"""Which of our languages a person in Discord reads, and the commands' names in it."""

from collections.abc import Callable
from typing import Any, TypeVar

import discord
from discord import app_commands

from db.records import Language
from services import i18n

T = TypeVar("T")


def reader(interaction: discord.Interaction[Any]) -> Language:
    """Return the language of words that only who acts can see."""
    return "pt-BR" if interaction.locale is discord.Locale.brazil_portuguese else "en"


def named(key: str) -> app_commands.locale_str:
    """Return a command's name or description: English, with its key for the translation."""
    return app_commands.locale_str(i18n.text(key, "en"), key=key)


def options(**keys: str) -> Callable[[T], T]:
    """Name and describe a command's options, each by its key and by that key with `_description`."""

    def decorated(command: T) -> T:
        described = app_commands.describe(**{option: named(f"{key}_description") for option, key in keys.items()})
        return described(app_commands.rename(**{option: named(key) for option, key in keys.items()})(command))

    return decorated


class Translations(app_commands.Translator):
    """Gives Discord the commands' names and descriptions in Portuguese."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 - discord.py's signature
    ) -> str | None:
        key = string.extras.get("key")
        if key is None or locale is not discord.Locale.brazil_portuguese:
            return None
        return i18n.text(key, "pt-BR")
