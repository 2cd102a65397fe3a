from typing import Any

import pytest

from bot.discord.publishing_commands import same

COMMAND: dict[str, Any] = {
    "name": "ask",
    "type": 1,
    "description": "Ask",
    "name_localizations": {"pt-BR": "perguntar"},
    "description_localizations": {},
    "options": [
        {"name": "question", "type": 3, "description": "What", "required": True},
        {"name": "where", "type": 7, "description": "Where", "required": False, "channel_types": [0, 15]},
        {"name": "answers", "type": 3, "description": "When", "choices": [{"name": "a", "value": "a"}]},
    ],
    "nsfw": False,
    "dm_permission": True,
    "default_member_permissions": 32,
    "contexts": None,
    "integration_types": None,
}
LISTED: dict[str, Any] = {
    "id": "7",
    "application_id": "1",
    "version": "3",
    "name": "ask",
    "description": "Ask",
    "name_localizations": {"pt-BR": "perguntar"},
    "options": [
        {"name": "question", "type": 3, "description": "What", "required": True},
        {"name": "where", "type": 7, "description": "Where", "channel_types": [15, 0]},
        {"name": "answers", "type": 3, "description": "When", "choices": [{"name": "a", "value": "a"}]},
    ],
    "default_member_permissions": "32",
    "contexts": None,
    "integration_types": [0],
}


def test_what_discord_adds_and_leaves_out_makes_no_difference() -> None:
    assert same([COMMAND], [LISTED])


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Ask me"},
        {"name_localizations": {"pt-BR": "pergunte"}},
        {"name_localizations": {}},
        {"default_member_permissions": "0"},
        {"default_member_permissions": None},
        {"dm_permission": False},
        {"nsfw": True},
        {"options": LISTED["options"][:2]},
        {"options": LISTED["options"][::-1]},
        {"options": [LISTED["options"][0] | {"required": False}, *LISTED["options"][1:]]},
        {"options": [*LISTED["options"][:2], LISTED["options"][2] | {"choices": [{"name": "b", "value": "a"}]}]},
        {"name": "asks"},
        {"type": 3},
    ],
    ids=str,
)
def test_what_we_say_makes_a_difference(change: dict[str, Any]) -> None:
    assert not same([COMMAND], [LISTED | change])


def test_a_command_too_many_or_too_few_makes_a_difference() -> None:
    assert not same([COMMAND], [])
    assert not same([COMMAND], [LISTED, LISTED | {"name": "old"}])


def test_where_we_name_contexts_they_count() -> None:
    assert not same([COMMAND | {"contexts": [0]}], [LISTED])
    assert same([COMMAND | {"contexts": [1, 0]}], [LISTED | {"contexts": [0, 1]}])
