"""Offer choices while somebody types; where they cannot be had in time there are none, and no error."""

import asyncio
import logging
from collections.abc import Awaitable

from discord import app_commands

from services.ground.trouble import is_passing

log = logging.getLogger(__name__)

OFFER_LIMIT_S = 2.0
"""Discord shows nothing that comes after 3 s."""

Choices = list[app_commands.Choice[str]]


async def offered(choices: Awaitable[Choices]) -> Choices:
    """Return what is awaited; who types goes on without it, whatever fails."""
    try:
        async with asyncio.timeout(OFFER_LIMIT_S):
            return await choices
    except Exception as error:
        trace = None if is_passing(error) else error
        log.info("choices.none", exc_info=trace, extra={"reason": repr(error)})
        return []
