"""
The exact payload of each kind of message, in both languages, held in `golden/` and read by eye when it changes.

`WRITE_GOLDEN=1` with this test writes the files anew.
"""

import json
import os
from pathlib import Path

import pytest

from db.records import Language
from tests.bot.discord.messages import KINDS

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_payload_is_the_one_that_was_read(kind: str, language: Language) -> None:
    file = GOLDEN / f"{kind}.{language}.json"
    shown = json.dumps(KINDS[kind](language), ensure_ascii=False, indent=2, default=str) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")

    assert shown == file.read_text(encoding="utf-8")
