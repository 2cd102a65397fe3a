"""What Discord refuses in a message, a form or a command, and whom a message notifies."""

import re
from typing import Any

from tests.fake_discord.messages import Message, Pings, walk
from tests.fake_discord.things import COMPONENTS_V2, Json, Refusal

WELL_FORMED = re.compile(r"[a-zA-Z][\w+.-]*://[^\s/?#]+[^\s]*")
COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")
EMBED_TEXTS = {"title": 256, "description": 4096, "footer.text": 2048, "author.name": 256}
LOCALES = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
    ]
)


def refuse(path: str, reason: str, code: str = "BASE_TYPE_BAD") -> Refusal:
    """The error that Discord answers when one field, at the dotted *path*, is wrong."""
    errors: Json = {"_errors": [{"code": code, "message": reason}]}
    for step in reversed(path.split(".")):
        errors = {step: errors}
    return Refusal(400, 50035, "Invalid Form Body", errors)


def check_length(value: Any, limit: int, path: str, *, least: int = 0) -> int:
    """The length of a text that may be absent. Raises: Refusal."""
    length = len(value or "")
    if length > limit or (value is not None and length < least):
        raise refuse(path, f"Must be between {least} and {limit} in length.", "BASE_TYPE_BAD_LENGTH")
    return length


def check_message(body: Json, *, files: int = 0, before: Message | None = None) -> None:
    """Raise the refusal that the body of a new message, or of an edit of *before*, would meet."""
    # An edit cannot take the flag away: https://discord.com/developers/docs/components/reference
    v2 = bool((body.get("flags", 0) | (before.flags if before else 0)) & COMPONENTS_V2)
    embeds: list[Json] = body.get("embeds") or []
    components: list[Json] = body.get("components") or []
    check_length(body.get("content"), 2000, "content")
    check_length(body.get("nonce"), 25, "nonce")
    check_embeds(embeds)
    (check_layout if v2 else check_rows)(components)
    check_mentions(body.get("allowed_mentions") or {})
    if v2 and (body.get("content") or embeds):
        raise refuse("content", "Cannot be used with components v2.")
    if files > 10:
        raise refuse("files", "Must be 10 or fewer.")
    left = before is not None and _left(body, before)
    if not (left or body.get("content", "") or embeds or files or (v2 and components)):
        raise Refusal(400, 50006, "Cannot send an empty message")


def _left(body: Json, before: Message) -> bool:
    """Whether an edit leaves something to see of the message as it was."""
    kept = {key: getattr(before, key) for key in ("content", "embeds", "attachments") if key not in body}
    v2 = bool(before.flags & COMPONENTS_V2) and bool(body.get("components", before.components))
    return v2 or any(kept.values())


def check_embeds(embeds: list[Json]) -> None:
    if len(embeds) > 10:
        raise refuse("embeds", "Must be 10 or fewer in length.")
    total = 0
    for at, embed in enumerate(embeds):
        for path, limit in EMBED_TEXTS.items():
            total += check_length(_dig(embed, path), limit, f"embeds.{at}.{path}")
        fields = embed.get("fields", [])
        if len(fields) > 25:
            raise refuse(f"embeds.{at}.fields", "Must be 25 or fewer in length.")
        for number, entry in enumerate(fields):
            total += check_length(entry["name"], 256, f"embeds.{at}.fields.{number}.name", least=1)
            total += check_length(entry["value"], 1024, f"embeds.{at}.fields.{number}.value", least=1)
    if total > 6000:
        raise refuse("embeds", "Embed size exceeds maximum size of 6000", "MAX_EMBED_SIZE_EXCEEDED")


def _dig(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if value else None
    return value


def check_rows(components: list[Json]) -> None:
    """The classic layout: at most five rows, each of five buttons or of one menu."""
    if len(components) > 5:
        raise refuse("components", "Must be between 1 and 5 in length.")
    for at, row in enumerate(components):
        items = row.get("components", [])
        if row["type"] != 1 or not 1 <= sum(1 if item["type"] == 2 else 5 for item in items) <= 5:
            raise refuse(f"components.{at}", "A row holds one to five buttons, or one menu.")
    check_components(components)


def check_layout(components: list[Json]) -> None:
    """The layout that components v2 give."""
    everything = list(walk(components))
    if len(everything) > 40:
        raise refuse("components", "Must be 40 or fewer in all.")
    if sum(len(item.get("content", "")) for item in everything) > 4000:
        raise refuse("components", "Texts must be 4000 or fewer in length, in all.")
    check_components(components)


def check_components(components: list[Json]) -> None:
    seen: set[str] = set()
    for item in walk(components):
        path = f"components.{item.get('custom_id', item['type'])}"
        check_length(item.get("custom_id"), 100, f"{path}.custom_id", least=1)
        if item.get("custom_id") in seen:
            raise refuse(f"{path}.custom_id", "Component custom id cannot be duplicated")
        seen.update({item["custom_id"]} if "custom_id" in item else ())
        if item["type"] == 2:
            check_button(item, path)
        if item["type"] == 3:
            check_options(item, path)


def check_button(button: Json, path: str) -> None:
    check_length(button.get("label"), 80, f"{path}.label")
    if not (button.get("label") or button.get("emoji")):
        raise refuse(path, "A button needs a label or an emoji.")
    if (button["style"] == 5) != ("url" in button) or (button["style"] == 5) == ("custom_id" in button):
        raise refuse(path, "A link needs a url and no custom_id; any other button the reverse.")
    if "url" in button:
        check_address(button["url"], f"{path}.url")


def check_address(url: str, path: str) -> None:
    """What a link button takes: a host, no space, and one of three schemes."""
    check_length(url, 512, path, least=1)
    if not WELL_FORMED.fullmatch(url):
        raise refuse(path, "Not a well formed URL.", "URL_TYPE_INVALID_URL")
    if not url.lower().startswith(("http://", "https://", "discord://")):
        raise refuse(path, "Scheme must be one of ('http', 'https', 'discord').", "URL_TYPE_INVALID_SCHEME")


def check_options(menu: Json, path: str) -> None:
    options = menu.get("options", [])
    check_length(menu.get("placeholder"), 150, f"{path}.placeholder")
    if not 1 <= len(options) <= 25:
        raise refuse(f"{path}.options", "Must be between 1 and 25 in length.")
    if len({option["value"] for option in options}) < len(options):
        raise refuse(f"{path}.options", "The specified option value is already used")
    for option in options:
        for key in ("label", "value"):
            check_length(option[key], 100, f"{path}.options.{key}", least=1)
        check_length(option.get("description"), 100, f"{path}.options.description")


def check_mentions(allowed: Json) -> None:
    for kind in ("users", "roles"):
        if kind in allowed.get("parse", []) and allowed.get(kind):
            raise refuse(f"allowed_mentions.{kind}", "Mutually exclusive with parse.")


def check_modal(modal: Json) -> None:
    check_length(modal.get("title", ""), 45, "title", least=1)
    check_length(modal.get("custom_id", ""), 100, "custom_id", least=1)
    if not 1 <= len(modal.get("components", [])) <= 5:
        raise refuse("components", "Must be between 1 and 5 in length.")
    for item in walk(modal["components"]):
        path = f"components.{item.get('custom_id', item['type'])}"
        check_length(item.get("label"), 45, f"{path}.label", least=1)
        check_length(item.get("description"), 100, f"{path}.description")
        check_length(item.get("placeholder"), 100, f"{path}.placeholder")
        check_length(item.get("value"), item.get("max_length", 4000), f"{path}.value")
    check_components(modal["components"])


def check_choices(data: Json) -> None:
    if len(data.get("choices", [])) > 25:
        raise refuse("choices", "Must be 25 or fewer in length.")
    for choice in data.get("choices", []):
        check_length(choice["name"], 100, "choices.name", least=1)
        check_length(str(choice["value"]), 100, "choices.value", least=1)


def check_commands(commands: list[Json]) -> None:
    named = [(command.get("type", 1), command["name"]) for command in commands]
    if len(set(named)) < len(named):
        raise refuse("name", "Application command names must be unique", "APPLICATION_COMMANDS_DUPLICATE_NAME")
    if sum(kind == 1 for kind, _ in named) > 100 or sum(kind == 3 for kind, _ in named) > 5:
        raise Refusal(400, 30032, "Maximum number of application commands reached")
    for command in commands:
        check_command(command, command["name"], slash=command.get("type", 1) == 1)


def check_command(command: Json, path: str, *, slash: bool = True) -> None:
    """One command, group, sub-command or option: all are alike."""
    local_names: Json = command.get("name_localizations") or {}
    local_texts: Json = command.get("description_localizations") or {}
    for name in [command["name"], *local_names.values()]:
        check_length(name, 32, f"{path}.name", least=1)
        if slash and (not COMMAND_NAME.fullmatch(name) or name != name.lower()):
            raise refuse(f"{path}.name", "Command name is invalid", "APPLICATION_COMMAND_INVALID_NAME")
    for text in [command.get("description", ""), *local_texts.values()]:
        check_length(text, 100 if slash else 0, f"{path}.description", least=1 if slash else 0)
    if not LOCALES.issuperset([*local_names, *local_texts]):
        raise refuse(f"{path}.name_localizations", "Unknown locale.")
    check_choices(command)
    options = command.get("options", [])
    if len(options) > 25 or len({option["name"] for option in options}) < len(options):
        raise refuse(f"{path}.options", "At most 25, each of its own name.")
    needed = [bool(option.get("required")) for option in options]
    if needed != sorted(needed, reverse=True):
        raise refuse(f"{path}.options", "Required options must be placed before non-required options")
    for option in options:
        check_command(option, f"{path}.options.{option['name']}")


def pings(body: Json, *, replied_to: int | None = None) -> Pings:
    """Whom a new message of this body would notify. *replied_to* is the author of the message it replies to."""
    text = " ".join(
        [body.get("content") or "", *(item.get("content", "") for item in walk(body.get("components") or []))]
    )
    users = {int(user) for user in re.findall(r"<@!?(\d+)>", text)}
    roles = {int(role) for role in re.findall(r"<@&(\d+)>", text)}
    everyone = bool(re.search(r"@(everyone|here)\b", text))
    allowed: Json | None = body.get("allowed_mentions")
    replied = {replied_to} if replied_to is not None else set[int]()
    if allowed is None:
        return Pings(frozenset(users | replied), frozenset(roles), everyone)
    parse = allowed.get("parse", [])
    return Pings(
        users=frozenset(
            (users if "users" in parse else users & {int(user) for user in allowed.get("users", [])})
            | (replied if allowed.get("replied_user") else set[int]())
        ),
        roles=frozenset(roles if "roles" in parse else roles & {int(role) for role in allowed.get("roles", [])}),
        everyone=everyone and "everyone" in parse,
    )
