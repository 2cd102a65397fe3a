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

PEOPLE = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "…@…"),
    (re.compile(r"(?<![\w@])@[\w.]{2,40}\b|(?<![\w#])[\w.]{2,32}#\d{4}\b"), "@…"),
    (re.compile(r"(?<!\d)(?:\d{3}\.){2}\d{3}-\d{2}(?!\d)"), "…"),  # CPF
    (re.compile(r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,3}\) ?|\d{2,3}[ -])\d{3,5}[ .-]\d{4}\b"), "…"),
    (re.compile(r"\+?\d{5,}(?:[.-]\d+)*"), "…"),
)
"""Addresses, handles, and numbers of people: of the state, of a telephone, of a student."""


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


def without_people(text: str) -> str:
    """
    Return *text* without what certainly stands for a person; a name is a word like others, and stays.

    >>> without_people("Ver @ana.lima ou ana@exemplo.br, (11) 98765-4321, RA 204117, camada 12, em 2026")
    'Ver @… ou …@…, …, RA …, camada 12, em 2026'
    """
    text = without_ids(text.translate(UNSEEN))
    for pattern, instead in PEOPLE:
        text = pattern.sub(instead, text)
    return text
