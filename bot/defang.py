"""Make text that people, lecturers or models wrote harmless in Discord: no ping, no link, no forged markup."""

import re

from services.drafts import without_links

GAP = "\u200b"
"""A zero-width space: breaks what Discord would read as markup, and nobody sees it."""

SPECIAL = re.compile(r"<(?=@|#|t:|id:|a?:\w+:\d|/[^<>\n]+:\d|https?:|mailto:|tel:|sms:)", re.IGNORECASE)
"""What begins a mention, a timestamp, an emoji, a command link or a link: discord.com/developers/docs/reference."""
EVERYONE = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
INVITE = re.compile(
    r"(?:https?://)?(?:www\.)?(?:discord(?:app)?\.(?:gg|com|me|io|li|new)|dsc\.gg|invite\.gg)(?:/[^\s)\]>]*)?",
    re.IGNORECASE,
)
SCHEME = re.compile(r"(?<=\w):(?=//)|(?<=discord):(?=/)|(?<=mailto):|(?<=javascript):|(?<=steam):", re.IGNORECASE)
MASKED = re.compile(r"\](?=\()")
HEADING = re.compile(r"^(?=\s*(?:#{1,3}|-#)\s)", re.MULTILINE)
MARKUP = re.compile(r"([\\*_~|`\[\]()<>#])")


def harmless(text: str) -> str:
    """
    Return *text* as Discord may show it: its emphasis and code stay, all that could act is broken.

    Links are taken out, not only broken; those that a person may follow come from our own rows.

    >>> harmless("veja [aqui](https://evil.example/x), @everyone <@&42>").replace(GAP, "·")
    'veja aqui, @·everyone <·@&42>'
    """
    cleaned = INVITE.sub("", without_links(text))
    for pattern, kept in ((SPECIAL, "<"), (EVERYONE, "@"), (SCHEME, ":"), (MASKED, "]")):
        cleaned = pattern.sub(kept + GAP, cleaned)
    return HEADING.sub(GAP, cleaned)


def plain(text: str) -> str:
    r"""
    Return *text* on one line, every character of it shown as it is.

    >>> plain("**Aula** 3")
    '\\*\\*Aula\\*\\* 3'
    """
    return MARKUP.sub(r"\\\1", harmless(" ".join(text.split())))


def shortened(text: str, most: int) -> str:
    """Return at most *most* characters of *text*, cut between words where there is one."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    return cut[: max(cut.rfind(" "), most // 2)].rstrip("\\ ") + "…"
