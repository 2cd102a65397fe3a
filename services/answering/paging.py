"""Arrange the pages of an answer over the messages that show it; pure, so that each case can be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import AnswerMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A message that is to show a page."""

    message: AnswerMessage
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What is to be done, in this order, so that the messages show the pages, in theirs."""

    edits: tuple[Edit, ...] = ()
    sends: tuple[int, ...] = ()  # pages that have no message yet
    deletes: tuple[AnswerMessage, ...] = ()  # messages beyond the last page
    is_over: bool = False  # somebody took the answer away; what is left of it goes too


def arranged(messages: Sequence[AnswerMessage], pages: int) -> Arrangement:
    """
    Return how *pages* pages stand in *messages*, which are in the order of the channel and of which none is unknown.

    Who deletes the first message does not want the answer there. A later one that is missing, whoever deleted it, only
    moves its page on: an answer is shown whole or not at all, and a new message can only come last.
    """
    first, *_ = messages
    living = [one for one in messages if not one.is_gone]
    if first.is_gone:
        return Arrangement(deletes=tuple(living), is_over=True)
    return Arrangement(
        edits=tuple(Edit(message=one, page=page) for page, one in enumerate(living[:pages])),
        sends=tuple(range(len(living), pages)),
        deletes=tuple(living[pages:]),
    )


def unknown(messages: Sequence[AnswerMessage]) -> tuple[int, ...]:
    """Return the numbers of messages of which nobody knows whether they arrived."""
    return tuple(one.number for one in messages if not one.is_gone and one.message_id is None)


def may_be_repeated(messages: Sequence[AnswerMessage], pages: int, *, within_s: float) -> bool:
    """
    Tell whether the unknown messages are best sent once more under their numbers.

    They are if Discord still remembers those within *within_s* and so makes one message of two sends, if they are the
    last, and if there are pages for them.
    """
    lost = set(unknown(messages))
    known = [one for one in messages if one.number not in lost]
    living = sum(not one.is_gone for one in known)
    are_last = not known or min(lost) > max(one.number for one in known)
    are_young = all(one.age_s < within_s for one in messages if one.number in lost)
    return are_last and are_young and bool(known) and pages - living >= len(lost)


def next_numbers(messages: Sequence[AnswerMessage], count: int) -> tuple[int, ...]:
    """Return the numbers of *count* messages to send: those that were taken before stay what they were."""
    after = max((one.number for one in messages), default=-1) + 1
    return tuple(range(after, after + count))
