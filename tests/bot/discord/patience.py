"""How long the bot of a test waits for a busy machine."""

from importlib import import_module

PATIENCE_S = 60.0
LIMITS = (
    "bot.discord.client.FIRST_SIGN_LIMIT_S",
    "bot.discord.cogs.asking.LOOK_UP_LIMIT_S",
    "bot.discord.cogs.keeping.FIRST_SIGN_S",
    "bot.discord.cogs.keeping.SEARCH_S",
    "bot.discord.delivering.commanding.EXCUSE_LIMIT_S",
    "bot.discord.feedback.LOOK_LIMIT_S",
    "bot.discord.offering.OFFER_LIMIT_S",
    "services.citing.nearness.TIME_LIMIT_S",
    "services.notation.drawing_process.PATIENCE_S",
)
"""For what Discord, or a person, would not wait longer."""


def wait_longer() -> None:
    """Let the bot of this process give up on nothing."""
    for limit in LIMITS:
        module, _, name = limit.rpartition(".")
        setattr(import_module(module), name, PATIENCE_S)
