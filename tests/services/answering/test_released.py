"""What may be shown of an answer, for every state that it can be in."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any, Literal, get_args

import pytest

from db.answers import State
from db.records import Held, VerifiedId
from services.answering.released import Mark, News, Release, news, released

WHEN = datetime(2026, 11, 23, tzinfo=UTC)
NONE = {"words_id": None, "words": None, "is_repeated": None, "verified_at": None, "is_doubted": None}
Words = Literal["none", "good", "doubted", "retired", "doubted and retired"]
Verdict = Literal["C", "P", "I", "edited"] | None


def state(held: Held, words: Words, *, repeated: bool, approved: bool, verdict: Verdict) -> State:
    of_staff: dict[str, Any] = NONE | {"is_retired": None}
    if words != "none":
        of_staff = {
            "words_id": VerifiedId(3),
            "words": "da monitoria",
            "is_repeated": repeated,
            "verified_at": WHEN,
            "is_doubted": "doubted" in words,
            "is_retired": "retired" in words,
        }
    return State(held=held, is_approved=approved, verdict=verdict, **of_staff)


ALL = list(product(get_args(Held), get_args(Words), (False, True), (False, True), ("C", "P", "I", "edited", None)))


@pytest.mark.parametrize(("held", "words", "repeated", "approved", "verdict"), ALL)
def test_what_may_be_shown_in_every_state(
    held: Held, words: Words, repeated: bool, approved: bool, verdict: Verdict
) -> None:
    release = released(state(held, words, repeated=repeated, approved=approved, verdict=verdict))

    if held in ("waiting", "rejected"):
        assert release == Release(words="none", mark=Mark(kind=held))
    elif words == "good":
        assert release == Release(words="staff", mark=Mark(kind="verified", at=WHEN))
    elif words == "doubted":
        assert release == Release(words="staff", mark=Mark(kind="under_review"))
    elif held == "approved" and not approved:
        assert release == Release(words="none", mark=Mark(kind="retired"))  # its own words were never let out
    elif words != "none" and repeated:
        assert release == Release(words="none", mark=Mark(kind="retired"))
    elif words != "none" or verdict == "I":
        assert release == Release(words="own", mark=Mark(kind="under_review"))
    else:
        assert release == Release(words="own")


@pytest.mark.parametrize(("own", "staff"), [(True, False), (False, True), (True, True)])
def test_words_on_a_lecture_that_is_put_off_are_not_shown(own: bool, staff: bool) -> None:
    for held, words, repeated, approved, verdict in ALL:
        plain = state(held, words, repeated=repeated, approved=approved, verdict=verdict)
        before, now = released(plain), released(replace(plain, is_put_off=own, are_words_put_off=staff))

        is_hidden = (before.words == "own" and own) or (before.words == "staff" and staff)
        assert now == (Release(words="none", mark=Mark(kind="put_off")) if is_hidden else before), plain


def test_all_states_are_looked_at() -> None:
    assert len(ALL) == 4 * 5 * 2 * 2 * 5


@pytest.mark.parametrize(
    ("own", "repeated", "approved", "told"),
    [
        ("do modelo", False, False, "corrected"),
        ("do modelo", True, False, "corrected"),
        ("da monitoria", True, False, None),
        ("da monitoria", False, True, "approved"),
        ("da monitoria", False, False, "corrected"),  # which moments it cites
    ],
)
def test_what_is_told_of_the_words_of_staff(own: str, repeated: bool, approved: bool, told: News | None) -> None:
    assert news(state("no", "good", repeated=repeated, approved=approved, verdict=None), own) == told
