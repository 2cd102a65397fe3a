"""Read the tab-separated values that Whisper writes: start and end in milliseconds, and the words."""

import re
from collections.abc import Iterator

from services.lectures.captions.records import Caption, Item, Refusal, Repair, malformed
from services.lectures.captions.units import Timed, unit_of

HEAD = re.compile(r"start\tend\t(?:speaker\t)?text[ \t]*(?:\n|\Z)", re.IGNORECASE)
ROW = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,6})?)\t(-?[0-9]{1,12}(?:\.[0-9]{1,6})?)\t(.*)", re.DOTALL)


def tsv(text: str) -> Iterator[Item]:
    """Yield a cue for each row. A file whose times have fractions counts seconds, as some relatives of Whisper do."""
    lines = text.lstrip("\ufeff \n").split("\n")
    has_speaker = lines[0].count("\t") == 3
    rows = [(number, _row(number, line)) for number, line in enumerate(lines[1:], start=2) if line.strip()]
    timed = [row for _, row in rows if isinstance(row, Timed)]
    has_fractions = any(row.start != int(row.start) for row in timed)
    factor_ms, note = unit_of(timed, "seconds" if has_fractions else "milliseconds")
    if note:
        yield Repair(what=note)
    for number, row in rows:
        if isinstance(row, Refusal):
            yield row
            continue
        words = row.text.split("\t", 1)[-1] if has_speaker else row.text
        end_ms = None if row.end is None else round(row.end * factor_ms)
        yield Caption(line=number, start_ms=round(row.start * factor_ms), end_ms=end_ms, text=words)


def _row(number: int, line: str) -> Timed | Refusal:
    row = ROW.match(line)
    if row is None:
        return malformed(number, f"has no start, end and words between tabs: {line.strip()[:40]!r}")
    return Timed(start=float(row[1]), end=float(row[2]), text=row[3])
