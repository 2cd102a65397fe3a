"""Decide what may be shown of an answer at this moment; every way out asks here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from db.answers import State
from db.records import Language
from services import i18n

MarkKind = Literal["verified", "under_review", "waiting", "rejected", "retired", "put_off"]
"""
What staff have to do with an answer.

`verified`: its words are theirs. `under_review`: they found it incorrect. `waiting`: they have not let it out yet;
`rejected`: they will not; `retired`: they have taken it back; `put_off`: it cites a lecture that students may not know
of (any more). Of the last four nothing may be shown.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What staff have to do with an answer, and since when."""

    kind: MarkKind
    at: datetime | None = None  # when it was verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Whose words may be shown, with which mark."""

    words: Literal["own", "staff", "none"]
    mark: Mark | None = None


News = Literal["corrected", "approved"]
"""What staff have done with an answer, where its asker is to be told."""


def news(state: State, own: str) -> News | None:
    """Return what is told of staff's words that stand in place of an answer's *own*: a repetition is none."""
    if state.words != own:
        return "corrected"
    if state.is_repeated:
        return None
    return "approved" if state.is_approved else "corrected"


def released(state: State) -> Release:
    """
    Return what may be shown of an answer: nothing of what students may not know, else what staff have let out.

    Its words go with the moments that they cite, for they say what is said there.
    """
    release = _let_out(state)
    is_put_off = state.is_put_off if release.words == "own" else state.are_words_put_off
    return Release(words="none", mark=Mark(kind="put_off")) if release.words != "none" and is_put_off else release


def _let_out(state: State) -> Release:
    """
    Return what staff have let out of an answer.

    What staff hold back comes first, then their own words, then the answer's. Words that they have retired go: from the
    answer that they corrected its own come back, under review, for staff had found them wanting; an answer that only
    repeated them has no others. Under hold, an answer's own words come back only if staff had let out those very words.
    """
    if state.held == "waiting" or state.held == "rejected":
        return Release(words="none", mark=Mark(kind=state.held))
    may_own = state.held == "no" or state.is_approved
    if state.words_id is None:
        if not may_own:
            return Release(words="none", mark=Mark(kind="retired"))
        return Release(words="own", mark=Mark(kind="under_review") if state.verdict == "I" else None)
    if not state.is_retired:
        doubted = Mark(kind="under_review")
        return Release(words="staff", mark=doubted if state.is_doubted else Mark(kind="verified", at=state.verified_at))
    if state.is_repeated or not may_own:
        return Release(words="none", mark=Mark(kind="retired"))
    return Release(words="own", mark=Mark(kind="under_review"))


def instead(mark: Mark | None, language: Language) -> str:
    """Return what stands in place of an answer of which nothing may be shown."""
    if mark is None or mark.kind == "waiting":
        return i18n.text("mark.waiting", language)
    if mark.kind == "put_off":
        return i18n.text("mark.put_off", language)
    return i18n.text("mark.rejected", language) if mark.kind == "rejected" else i18n.text("mark.retired", language)
