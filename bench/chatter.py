"""How well we tell questions for us from what people say to each other: `python -m bench chatter`."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from services.ground.statistics import wilson
from services.words.chatter import Place, is_question

SET = Path(__file__).parents[1] / "samples" / "chatter.jsonl"
Split = Literal["dev", "test"]
SPLITS: tuple[Split, ...] = ("dev", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line of the set."""

    id: str
    place: Place
    lang: str
    text: str
    asks: bool  # it should be answered, though nobody mentions us

    @property
    def split(self) -> Split:
        """The rule is chosen on `dev`; a third by its hash, `test`, only measures it."""
        return "dev" if hashlib.sha256(f"{self.place}\n{self.text}".encode()).digest()[0] % 3 else "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How the rule did on some messages."""

    said: int  # messages that it would answer
    right: int  # of those
    true: int  # messages that it should answer
    all: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0


async def main(arguments: Sequence[str]) -> None:
    """Print precision and recall by part, place and language; with "errors", the mistakes on `dev` too."""
    messages = read(SET)
    console = Console()
    console.print(table(messages))
    if "errors" in arguments:
        for one in messages:
            if one.split == "dev" and is_question(one.text, one.place) != one.asks:
                console.print(f"{one.id}: {'missed' if one.asks else 'answered'}: {one.text!r}", markup=False)


def read(path: Path) -> list[Said]:
    return [Said(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def heard(messages: Sequence[Said]) -> Heard:
    answered = [one for one in messages if is_question(one.text, one.place)]
    return Heard(
        said=len(answered),
        right=sum(one.asks for one in answered),
        true=sum(one.asks for one in messages),
        all=len(messages),
    )


def table(messages: Sequence[Said]) -> Table:
    shown = Table("messages", "dev precision", "dev recall", "test precision", "test recall", title="questions for us")
    for name, belongs in _groups(messages):
        shown.add_row(name, *_cells([one for one in messages if belongs(one)]))
    return shown


def _groups(messages: Sequence[Said]) -> Iterator[tuple[str, Callable[[Said], bool]]]:
    yield "all", lambda _: True
    for place in sorted({one.place for one in messages}):
        yield place, lambda one, place=place: one.place == place
    for lang in sorted({one.lang for one in messages}):
        yield lang, lambda one, lang=lang: one.lang == lang


def _cells(messages: Sequence[Said]) -> Iterator[str]:
    for split in SPLITS:
        reached = heard([one for one in messages if one.split == split])
        yield _share(reached.right, reached.said)
        yield _share(reached.right, reached.true)


def _share(part: int, whole: int) -> str:
    interval = wilson(part, whole)
    return f"{part / whole:.3f} [{interval[0]:.3f}, {interval[1]:.3f}] {part}/{whole}" if interval else "–"
