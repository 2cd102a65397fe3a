"""
Tell a question for Monitoria from thanks, chatter and what people say to each other, in Portuguese and English.

In doubt it says no: whom silence leaves without an answer can mention us, and a bot that talks into a conversation
cannot be taken back. How the rule was chosen and how it does is in docs/discord.md, by `python -m bench chatter`.
"""

import re
from collections.abc import Iterator
from typing import Literal

from services.words import chatter_words as words
from services.words.terms import fold

Place = Literal["channel", "thread", "forum", "post"]
"""
Where something is said: in a channel, in the thread under an answer of ours, in a forum post, or as its first message.

In a thread and in a post there is something to follow up, so that a single word may ask.
"""

LONGEST = 4_000
"""Characters that are read, from the end: as many as Discord lets anybody write."""
FEWEST_WORDS = 3
"""Of a question that nothing went before."""
LONGEST_FOLLOW_UP = 9
"""Words of one without a question mark."""
LONGEST_UNMARKED = 300
"""Characters of a sentence that asks without a question mark."""

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
NOT_SAID = re.compile(r"^\s*>.*$|<[^<>\s]+>|https?://\S+", re.MULTILINE)
SENTENCES = re.compile(r"(?<=[.!?;:…])\s+|\n+")
NAME = re.compile(r"(?:oi |ei |hey |valeu )?(?P<name>[A-ZÀ-Ý][a-zà-ÿ]+)[,:]\s")


def is_question(text: str, place: Place = "channel") -> bool:
    """
    Say whether *text*, said at *place*, asks something that Monitoria could answer.

    >>> is_question("Bom dia, gente! Tudo bem?"), is_question("bom dia! por que o gradiente some?")
    (False, True)
    >>> is_question("na LSTM?"), is_question("na LSTM?", "thread")
    (False, True)
    """
    said = _said(text)
    if place == "post":
        asks = is_question(text, "forum") or not words.SHARES.search(words.plain(said))
        return bool(said) and asks and courtesy(text) is None
    if _names_somebody(said):
        return False
    laughs = words.LAUGHTER.search(said) is not None
    sentences = [*_sentences(words.LAUGHTER.sub(" ", said))]
    return any(
        _asks(sentence, after, place) and ("?" in sentence or not laughs)
        for sentence, after in zip(sentences, [*sentences[1:], ""], strict=False)
    )


def is_thanks(text: str) -> bool:
    """
    Say whether *text* is nothing but thanks, agreement, laughter or signs.

    >>> is_thanks("valeu, entendi! 👍"), is_thanks("valeu, e na LSTM?"), is_thanks("")
    (True, False, False)
    """
    if not text.strip() or "?" in text:
        return False
    left = words.THANKS.sub(" ", words.plain(words.LAUGHTER.sub(" ", _said(text))))
    return not re.search(r"\w", left)


def courtesy(text: str) -> Literal["greeting", "thanks"] | None:
    """
    Say what *text* is that only greets or thanks, and so asks nothing also of who was asked in so many words.

    Narrower than `is_thanks`: alone, "massa" and "top" are subjects of a course as well.

    >>> courtesy("Oi, gente! Tudo bem?"), courtesy("muito obrigada pela ajuda!"), courtesy("oi, o que é um tensor?")
    ('greeting', 'thanks', None)
    """
    plain = words.plain(_said(text))
    if plain.strip(" ?!.,") in words.AMBIGUOUS_ALONE:
        return None
    said = words.LAUGHTER.sub(" ", plain)
    left, thanks = words.SAYS_THANKS.subn(" ", said)
    left, greetings = words.GREETS.subn(" ", left)
    rest = words.THANKS.sub(" ", words.BESIDE_COURTESIES.sub(" ", left))
    if not (thanks or greetings) or re.search(r"\w", rest):
        return None
    return "thanks" if thanks else "greeting"


def _said(text: str) -> str:
    """Return what somebody says in their own words: no code, no quotation, no address, no mention."""
    return NOT_SAID.sub(" ", CODE.sub(" codigo ", text[-LONGEST:])).strip()


def _names_somebody(said: str) -> bool:
    """Say whether a text begins with somebody's name: "Pedro, …"."""
    named = NAME.match(said)
    return named is not None and fold(named["name"]) not in words.NO_NAMES


def _sentences(said: str) -> Iterator[str]:
    for sentence in SENTENCES.split(said):
        if plain := words.plain(sentence):
            yield plain


def _asks(sentence: str, after: str, place: Place) -> bool:
    """Say whether a sentence asks us something; *after* is the one that follows."""
    untagged = sentence if words.CONCLUDES.match(sentence) else words.TAG.sub("", sentence)
    asked = words.LEAD.sub("", untagged).lstrip(" ,.!…-")
    if not re.search(r"\w", asked) or words.SMALL_TALK.match(asked):
        return False
    if words.REQUEST.match(asked):
        return True
    if words.ANYBODY.match(asked):
        return words.ANYBODY_WHO_KNOWS.match(asked) is not None
    if any(pattern.search(asked) for pattern in (words.PEOPLE, words.GUESS, words.RIDDLE)):
        return False
    if words.NOT_UNDERSTOOD.search(asked):
        return True
    if place == "channel" and len(asked.split()) < FEWEST_WORDS:
        return False
    if "?" in asked:
        return not words.ANSWER_FOLLOWS.match(after) and not (place == "channel" and asked.startswith("como assim"))
    return _asks_unmarked(asked, untagged, place)


def _asks_unmarked(asked: str, sentence: str, place: Place) -> bool:
    """Say whether words without a mark ask: "pq" opens a question where nobody has asked, and an answer elsewhere."""
    if len(asked) > LONGEST_UNMARKED or words.STATES.search(asked):
        return False
    last_clause = asked.rpartition(", ")[2]
    if any(map(words.ASKS_UNMARKED.match, (asked, last_clause))) or words.ENDS_OPEN.search(asked):
        return True
    if place == "channel":
        return words.WHY_FIRST.match(asked) is not None
    is_short = len(asked.split()) <= LONGEST_FOLLOW_UP
    return bool(
        words.BARE.match(asked) or words.WHY_AGAIN.search(sentence) or (is_short and words.FOLLOWS.match(asked))
    )
