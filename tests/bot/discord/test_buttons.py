"""The custom ids of messages that were sent long ago are still understood, word for word."""

from typing import Any, cast, get_args

import pytest

from bot.discord.messages.buttons import OnAnswer, OnCard, PressButton
from bot.discord.messages.map_buttons import MapButton
from bot.discord.messages.map_forms import MAP_FORM
from bot.discord.messages.pairs import PairButton

SENT = [
    *("m:up:2:11", "m:down:2:11", "m:excerpts:2:11", "m:call:2:11", "m:share:2:11"),
    *("r:take:2:5", "r:release:2:5", "r:right:2:5", "r:partly:2:5", "r:wrong:2:5", "r:edit:2:5", "r:dismiss:2:5"),
    *("m:widen:2:11", "m:in1:2:11", "m:in2:2:11", "m:in3:2:11"),
    *("m:simpler:2:11", "m:example:2:11", "m:other:2:11", "m:formulas:2:11"),
    *("r:judge:2:5", "r:passages:2:5", "r:next:2:5", "r:approve:2:5", "r:reject:2:5"),
    *("r:second_right:2:5", "r:second_partly:2:5", "r:second_wrong:2:5", "r:second_dismiss:2:5"),
]
"""Only ever grows."""
SENT_ON_MAPS = ["c:rename:2:3", "c:merge:2:3", "c:drop:2:3", "c:ask:2:0", "c:keep:2:7", "c:forget:2:7"]
"""So do these."""
SENT_ON_PAIRS = ["p:a:2:9", "p:b:2:9", "p:same:2:9", "p:skip:2:9"]
"""And these."""


def test_every_button_that_can_be_sent_is_among_them() -> None:
    verbs = {(custom_id[0], custom_id.split(":")[1]) for custom_id in SENT}

    assert verbs == {*(("m", verb) for verb in get_args(OnAnswer)), *(("r", verb) for verb in get_args(OnCard))}


@pytest.mark.parametrize("custom_id", SENT)
async def test_a_button_of_an_old_message_is_read(custom_id: str) -> None:
    match = PressButton.__discord_ui_compiled_template__.fullmatch(custom_id)

    assert match
    read = await PressButton.from_custom_id(cast("Any", None), cast("Any", None), match)
    assert read.press.custom_id == custom_id


@pytest.mark.parametrize("custom_id", SENT_ON_MAPS)
async def test_a_button_of_an_old_map_is_read(custom_id: str) -> None:
    match = MapButton.__discord_ui_compiled_template__.fullmatch(custom_id)

    assert match
    read = await MapButton.from_custom_id(cast("Any", None), cast("Any", None), match)
    assert read.press.custom_id == custom_id


@pytest.mark.parametrize("custom_id", SENT_ON_PAIRS)
async def test_a_button_of_an_old_pair_is_read(custom_id: str) -> None:
    match = PairButton.__discord_ui_compiled_template__.fullmatch(custom_id)

    assert match
    read = await PairButton.from_custom_id(cast("Any", None), cast("Any", None), match)
    assert read.press.custom_id == custom_id


def test_a_form_of_an_old_map_is_read() -> None:
    for sent in ("cf:rename:2:3:1", "cf:merge:2:3:1", "cf:drop:2:3:1"):
        assert MAP_FORM.fullmatch(sent)
