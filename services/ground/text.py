"""Keep out of a text what nobody sees, a terminal obeys or a database refuses."""

import re
import unicodedata

LONE_SURROGATE = re.compile("[\ud800-\udfff]")

UNSEEN = dict.fromkeys(
    [
        *(code for code in (*range(0x20), *range(0x7F, 0xA0)) if not chr(code).isspace()),
        0x00AD,
        0x200B,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
"""Controls, soft hyphens, zero-width spaces and direction marks; the joiners of Persian and emoji stay."""

DISCORD_IDS = (
    (re.compile(r"<@[!&]?\d+>"), "@…"),
    (re.compile(r"<#\d+>"), "#…"),
    (re.compile(r"<a?(:\w+:)\d+>|<(/[^:<>]+):\d+>"), r"\1\2"),
    (re.compile(r"(https?://(?:\w+\.)?discord(?:app)?\.com/(?:channels|users))/[^\s<>()]+"), r"\1/…"),
)


def clean(text: str) -> str:
    """Return *text* on one line, in NFC, without what nobody sees, a terminal obeys or a database refuses."""
    return unicodedata.normalize("NFC", " ".join(LONE_SURROGATE.sub("", text).translate(UNSEEN).split()))


def without_ids(text: str) -> str:
    """
    Return *text* without the ids of Discord that a message may hold.

    >>> without_ids("<@123456>, veja <#42>: https://discord.com/channels/1/2/3")
    '@…, veja #…: https://discord.com/channels/…'
    """
    for pattern, instead in DISCORD_IDS:
        text = pattern.sub(instead, text)
    return text
