"""Decide whether a message asks Monitoria something."""

import re
from dataclasses import dataclass

from db.records import AnswersWhen
from services.chatter import is_question


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What matters of a message for whether it is answered."""

    text: str  # without the mention of Monitoria
    mentions_us: bool
    replies_to_us: bool
    addresses_others: bool  # mentions somebody else, or replies to a person
    in_our_thread: bool  # a thread that hangs on an answer of ours
    opens_post: bool  # the first message of a forum post
    continues_post: bool  # a later message of who opened a forum post


def is_for_us(heard: Heard, answers: AnswersWhen) -> bool:
    """Say whether a message in a channel that is answered *answers* asks us."""
    if answers == "off":
        return False
    if heard.mentions_us or heard.replies_to_us:
        return True
    if heard.addresses_others:
        return False
    if heard.in_our_thread:
        return bool(heard.text)
    if heard.opens_post:
        return answers in {"forum", "every"}
    if heard.continues_post:
        return answers in {"forum", "every"} and is_question(heard.text)
    return answers == "every" and is_question(heard.text)


def without_mention(text: str, ids: set[int]) -> str:
    """
    Return *text* without mentions of the users or roles *ids*.

    >>> without_mention("<@42> o que é um tensor?", {42})
    'o que é um tensor?'
    """
    pattern = "|".join(str(id_) for id_ in sorted(ids))
    return re.sub(rf"\s*<@[!&]?(?:{pattern})>\s*", " ", text).strip()
