"""Decide whether a message asks Monitoria something."""

import re
from dataclasses import dataclass

from db.records import AnswersWhen
from services.words.chatter import is_question, is_thanks


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What matters of a message for whether it is answered."""

    text: str  # without the mention of Monitoria
    title: str = ""  # of the forum post that it opens
    mentions_us: bool  # in its words: the ping that Discord adds to a reply is none
    replies_to_us: bool  # to a message that shows an answer
    addresses_others: bool  # mentions somebody else, or replies to a person
    in_our_thread: bool  # a thread that hangs on an answer of ours
    opens_post: bool  # the first message of a forum post
    continues_post: bool  # a later message of a forum post


def is_for_us(heard: Heard, answers: AnswersWhen) -> bool:
    """Say whether a message in a channel that is answered *answers* asks us, whoever has the floor there."""
    if answers == "off":
        return False
    if heard.mentions_us:
        return not is_thanks(heard.text)
    if heard.replies_to_us:
        return is_question(heard.text, "thread")
    if heard.addresses_others:
        return False
    if heard.in_our_thread:
        return is_question(heard.text, "thread")
    if heard.opens_post:
        return answers in {"forum", "every"} and is_question(f"{heard.title}\n{heard.text}", "post")
    if heard.continues_post:
        return answers in {"forum", "every"} and is_question(heard.text, "forum")
    return answers == "every" and is_question(heard.text)


def is_addressed(heard: Heard, *, by_staff: bool) -> bool:
    """
    Say whether a message speaks to us, so that it is answered also where staff have the floor.

    Staff comment on our answers by replying to them; they ask us by a mention.
    """
    return heard.mentions_us or (heard.replies_to_us and not by_staff)


def without_mention(text: str, ids: set[int]) -> str:
    """
    Return *text* without mentions of the users or roles *ids*.

    >>> without_mention("<@42> o que é um tensor?", {42})
    'o que é um tensor?'
    """
    pattern = "|".join(str(id_) for id_ in sorted(ids))
    return re.sub(rf"\s*<@[!&]?(?:{pattern})>\s*", " ", text).strip()
