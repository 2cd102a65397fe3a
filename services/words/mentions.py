"""Put a neutral word in place of the people, roles and rooms that a message from Discord mentions."""

import re

from db.records import Language
from services import i18n

ID = r"[0-9]{5,25}"
PERSON = re.compile(
    rf"<@!?{ID}(?:\|[^<>\n]{{0,80}})?>|https?://(?:\w+\.)?discord(?:app)?\.com/users/{ID}\S*", re.IGNORECASE
)
ROLE = re.compile(rf"<@&{ID}>")
ROOM = re.compile(
    rf"<#{ID}>|<id:[a-z-]+>|https?://(?:\w+\.)?discord(?:app)?\.com/channels/(?:@me|{ID})\S*",
    re.IGNORECASE,
)
COMMAND = re.compile(rf"<(/[^<>\n:]{{1,100}}):{ID}>")
EMOJI = re.compile(rf"<a?(:\w{{1,40}}:){ID}>")


def without_mentions(text: str, reader: Language) -> str:
    """
    Return *text* without the ids in it, which are of people: what is stored, searched and sent to a model has none.

    >>> without_mentions("<@!123456789> disse que <#987654321> explica", "pt-BR")
    'alguém disse que um canal explica'
    """
    for pattern, key in ((PERSON, "question.somebody"), (ROLE, "question.a_group"), (ROOM, "question.a_channel")):
        text = pattern.sub(i18n.text(key, reader), text)
    return EMOJI.sub(r"\1", COMMAND.sub(r"\1", text))
