"""Run Monitoria in Discord until it is told to stop."""

import logging
from typing import Any

import discord

from bot.choosing import CourseChoice
from bot.client import Monitoria
from bot.cogs.asking import Asking
from bot.cogs.reading import Reading
from bot.cogs.staff import Staff
from services import wiring
from services.errors import Refused, Unavailable
from services.wiring import Services, Setup

log = logging.getLogger(__name__)

TOKENLESS = (
    "DISCORD_TOKEN is not set; copy the bot's token from https://discord.com/developers/applications (Bot, Reset "
    "Token) into .env. Without Discord, `monitoria chat` answers in the terminal."
)
REFUSED_BY_DISCORD = (
    "Discord refuses the token in DISCORD_TOKEN; copy it anew from https://discord.com/developers/applications "
    "(Bot, Reset Token). Do not restart until then: Discord locks bots that try a wrong token many times."
)
MAY_NOT_READ = (
    "Discord does not let the bot read messages; switch on Message Content Intent at "
    "https://discord.com/developers/applications (Bot, Privileged Gateway Intents) and start again."
)


async def run(setup: Setup, token: str | None) -> None:
    """
    Be in Discord until cancelled.

    Raises:
        Refused: the token is missing or wrong, or the bot may not read messages.
        Unavailable: Discord or the database cannot be reached.

    """
    if not token:
        raise Refused(TOKENLESS)
    async with wiring.services(setup) as services, await opened(services) as client:
        try:
            await client.start(token)
        except discord.LoginFailure as error:
            raise Refused(REFUSED_BY_DISCORD) from error
        except discord.PrivilegedIntentsRequired as error:
            raise Refused(MAY_NOT_READ) from error
        except (OSError, discord.DiscordServerError, discord.GatewayNotFound) as error:
            raise Unavailable(f"Discord cannot be reached ({error}); check the network and start again.") from error


async def opened(services: Services, **options: Any) -> Monitoria:  # noqa: ANN401 - of discord.py
    """Put the client together; it connects when it is started."""
    client = Monitoria(services, **options)
    client.add_dynamic_items(CourseChoice)
    await client.add_cog(Asking(client))
    await client.add_cog(Reading(client))
    await client.add_cog(Staff(client))
    return client
