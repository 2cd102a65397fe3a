from dataclasses import replace

import pytest

from bot.triggers import Heard, is_for_us

HEARD = Heard(
    text="por que o gradiente some?",
    mentions_us=False,
    replies_to_us=False,
    addresses_others=False,
    in_our_thread=False,
    opens_post=False,
    continues_post=False,
)


@pytest.mark.parametrize(
    ("change", "answered_when"),
    [
        ({}, {"every"}),
        ({"text": "bom dia, gente!"}, set[str]()),
        ({"mentions_us": True}, {"mention", "every", "forum"}),
        ({"replies_to_us": True}, {"mention", "every", "forum"}),
        ({"addresses_others": True}, set[str]()),
        ({"in_our_thread": True}, {"mention", "every", "forum"}),
        ({"opens_post": True}, {"every", "forum"}),
        ({"continues_post": True}, {"every", "forum"}),
        ({"continues_post": True, "text": "valeu!"}, set[str]()),
    ],
)
def test_when_a_message_is_answered(change: dict[str, object], answered_when: set[str]) -> None:
    heard = replace(HEARD, **change)

    assert {mode for mode in ("mention", "every", "forum", "off") if is_for_us(heard, mode)} == answered_when
