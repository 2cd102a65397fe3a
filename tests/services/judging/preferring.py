"""A judge on a scripted server that prefers one of two answers."""

import json
import re
from collections.abc import Callable

from tests.fake_model import Behaviour, replies

SHOWN = re.compile(r"<answer_(?P<place>[ab]) \w+>\n(?P<text>.*?)\n</answer_", re.DOTALL)


def choosing(better: Callable[[str, str], str]) -> Behaviour:
    """A judge that is given A and B, and says which of them is better."""

    def reply(asked: str) -> str:
        shown = {found["place"]: found["text"] for found in SHOWN.finditer(asked)}
        return json.dumps({"reason": "por isso", "better": better(shown["a"], shown["b"])})

    return replies(reply)


def always(better: str) -> Behaviour:
    """A judge that says the same, whatever it is shown."""
    return choosing(lambda _, __: better)
