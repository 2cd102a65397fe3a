"""Publish the commands, but only where Discord has others; and see whether a server lets them be used."""

import logging
from typing import Any, cast

import discord
from discord import app_commands
from discord.http import Route

from bot.discord.permissions import INVITED

log = logging.getLogger(__name__)

Tree = app_commands.CommandTree[Any]
Json = dict[str, Any]

MISSING_ACCESS = 50001
SAID = frozenset(
    {
        *("type", "name", "name_localizations", "description", "description_localizations", "options"),
        *("required", "choices", "value", "autocomplete", "channel_types"),
        *("min_value", "max_value", "min_length", "max_length"),
        *("default_member_permissions", "nsfw", "dm_permission", "contexts", "integration_types"),
    }
)
"""What an application says of a command: https://discord.com/developers/docs/interactions/application-commands"""
FILLED_IN = frozenset({"contexts", "integration_types"})
"""What Discord decides where the application is silent."""


async def publish(tree: Tree) -> bool:
    """
    Give Discord the commands of *tree* where it has others; return whether it had.

    What Discord has is asked for at each start, not remembered: a hash that we kept would not notice that somebody
    removed the commands, that the token is another application's now, or that an older release published its own.
    """
    wanted = [await _payload(tree, command) for command in tree.get_commands()]
    # discord.py's own fetch_commands leaves out the translations and the permissions.
    route = Route("GET", "/applications/{application_id}/commands", application_id=tree.client.application_id)
    there = await tree.client.http.request(route, params={"with_localizations": "true"})
    if same(wanted, there):
        return False
    # Discord limits how often commands may be put there, so this is for changes alone.
    await tree.sync()
    log.info("commands.published", extra={"commands": len(wanted)})
    return True


def same(wanted: list[Json], there: list[Json]) -> bool:
    """
    Tell whether Discord has just these commands; what it adds, or leaves out as a default, makes no difference.

    >>> same([{"name": "ask", "nsfw": False, "default_member_permissions": 32}],
    ...      [{"name": "ask", "id": "1", "type": 1, "default_member_permissions": "32"}])
    True
    >>> same([{"name": "ask", "description": "new"}], [{"name": "ask", "description": "old"}])
    False
    """
    ours, theirs = _by_name(wanted), _by_name(there)
    return ours.keys() == theirs.keys() and all(
        _essence(command) == _essence(_without_filled_in(theirs[name], command)) for name, command in ours.items()
    )


async def admits_commands(tree: Tree, guild: discord.Guild) -> bool:
    """
    Tell whether *guild* was asked for the scope `applications.commands` when the bot was added to it.

    Commands for all servers are published without asking any of them. Only a server's own list shows it: without the
    scope Discord refuses even to read that. (The scope `bot` brings it along today; it did not always.)
    """
    try:
        await tree.fetch_commands(guild=guild)
    except discord.Forbidden as error:
        return error.code != MISSING_ACCESS
    except discord.HTTPException:
        return True  # a failure of another kind tells nothing of the scope
    return True


def invitation(application_id: int | None) -> str:
    """Return the link that adds the bot to a server; where it is already, it is given what it lacks."""
    return discord.utils.oauth_url(
        application_id or 0,
        permissions=discord.Permissions(**dict.fromkeys(INVITED, True)),
        scopes=("bot", "applications.commands"),
    )


async def _payload(
    tree: Tree, command: app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu
) -> Json:
    return await command.get_translated_payload(tree, tree.translator) if tree.translator else command.to_dict(tree)


def _by_name(commands: list[Json]) -> dict[tuple[int, str], Json]:
    return {(command.get("type", 1), command["name"]): {"type": 1} | command for command in commands}


def _without_filled_in(theirs: Json, ours: Json) -> Json:
    return {key: value for key, value in theirs.items() if key not in FILLED_IN or ours.get(key) is not None}


def _essence(value: object, key: str = "") -> object:
    """Return *value* in one form, without what is empty or a default."""
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        translated = key.endswith("_localizations")
        return {
            name: _essence(entry, name)
            for name, entry in entries.items()
            if (translated or name in SAID) and not _is_default(name, entry)
        }
    if isinstance(value, list):
        items = [_essence(item) for item in cast("list[object]", value)]
        return items if key in {"options", "choices"} else sorted(items, key=str)
    return str(value) if key == "default_member_permissions" else value


def _is_default(name: str, value: object) -> bool:
    if name == "dm_permission":
        return value is not False
    return value is None or value is False or value in ("", [], {})
