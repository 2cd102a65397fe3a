"""Read the Dialogue lines of Advanced SubStation Alpha (ASS, SSA) files."""

import re
from collections.abc import Iterator, Sequence

from services.lectures.captions.records import Aside, Caption, Item, Refusal, malformed
from services.lectures.captions.times import BadTimeError, milliseconds

STANDARD = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}[^{}]*")
BRACES = re.compile(r"\{[^{}]*\}")  # overrides and remarks; neither is spoken
LINE_BREAK = re.compile(r"\\[Nnh]")


def ass(text: str) -> Iterator[Item]:
    """
    Yield the Dialogue lines in order of their start.

    The format gives the lines no order, and programs write them grouped by style, so that a clock that
    falls back means nothing here.
    """
    items = list(_in_file_order(text))
    yield from (item for item in items if not isinstance(item, Caption))
    yield from sorted((item for item in items if isinstance(item, Caption)), key=lambda cue: cue.start_ms)


def _in_file_order(text: str) -> Iterator[Item]:
    fields: Sequence[str] = STANDARD
    section = "[events]"
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("["):
            section = line.strip().casefold()
        kind, _, rest = line.partition(":")
        match kind.strip().casefold() if section == "[events]" else "":
            case "format":
                fields = tuple(field.strip().casefold() for field in rest.split(","))
            case "dialogue":
                yield _dialogue(number, fields, rest)
            case "comment":
                yield Aside(what="Comment line")
            case _:
                pass


def _dialogue(number: int, fields: Sequence[str], rest: str) -> Caption | Refusal:
    values = rest.split(",", len(fields) - 1)
    if len(values) < len(fields):
        return malformed(number, f"has {len(values)} fields, not the {len(fields)} of the Format line")
    named = dict(zip(fields, values, strict=True))
    try:
        return Caption(
            line=number,
            start_ms=milliseconds(named["start"]),
            end_ms=milliseconds(named["end"]),
            text=LINE_BREAK.sub(" ", BRACES.sub("", DRAWING.sub("", named["text"]))),
        )
    except KeyError as field:
        return malformed(number, f"has no {field} field in the Format line above it")
    except BadTimeError as problem:
        return malformed(number, str(problem))
