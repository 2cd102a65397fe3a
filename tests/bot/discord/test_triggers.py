from dataclasses import replace

import pytest

from bot.discord.hearing.triggers import Heard, is_addressed, is_for_us

HEARD = Heard(
    text="por que o gradiente some?",
    mentions_us=False,
    replies_to_us=False,
    addresses_others=False,
    in_our_thread=False,
    opens_post=False,
    continues_post=False,
)
NEVER = set[str]()


@pytest.mark.parametrize(
    ("change", "answered_when"),
    [
        ({}, {"every"}),
        ({"text": "bom dia, gente!"}, NEVER),
        ({"mentions_us": True}, {"mention", "every", "forum"}),
        ({"mentions_us": True, "text": "o dropout"}, {"mention", "every", "forum"}),
        ({"mentions_us": True, "text": ""}, {"mention", "every", "forum"}),
        ({"mentions_us": True, "text": "valeu!"}, NEVER),
        ({"replies_to_us": True}, {"mention", "every", "forum"}),
        ({"replies_to_us": True, "text": "obrigado, ajudou muito"}, NEVER),
        ({"replies_to_us": True, "text": "e na LSTM?"}, {"mention", "every", "forum"}),
        ({"addresses_others": True}, NEVER),
        ({"in_our_thread": True}, {"mention", "every", "forum"}),
        ({"in_our_thread": True, "text": "pq?"}, {"mention", "every", "forum"}),
        ({"in_our_thread": True, "text": "acho que é pq os pesos são pequenos"}, NEVER),
        ({"in_our_thread": True, "text": ""}, NEVER),
        ({"opens_post": True}, {"every", "forum"}),
        ({"opens_post": True, "title": "Por que o gradiente some?", "text": ""}, {"every", "forum"}),
        ({"opens_post": True, "title": "Meu resumo", "text": "segue o pdf"}, NEVER),
        ({"opens_post": True, "title": "Bom dia", "text": "oi, gente!"}, NEVER),
        ({"continues_post": True}, {"every", "forum"}),
        ({"continues_post": True, "text": "valeu!"}, NEVER),
        ({"continues_post": True, "text": "vc tentou diminuir a lr?"}, NEVER),
    ],
)
def test_when_a_message_is_answered(change: dict[str, object], answered_when: set[str]) -> None:
    heard = replace(HEARD, **change)

    assert {mode for mode in ("mention", "every", "forum", "off") if is_for_us(heard, mode)} == answered_when


@pytest.mark.parametrize(
    ("change", "by_student", "by_staff"),
    [
        ({}, False, False),
        ({"mentions_us": True}, True, True),
        ({"replies_to_us": True}, True, False),
    ],
)
def test_who_speaks_to_us(change: dict[str, object], *, by_student: bool, by_staff: bool) -> None:
    heard = replace(HEARD, **change)

    assert is_addressed(heard, by_staff=False) is by_student
    assert is_addressed(heard, by_staff=True) is by_staff
