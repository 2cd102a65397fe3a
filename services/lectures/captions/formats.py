"""Tell by a file's content, never by its name, which caption format it is."""

import re
from collections.abc import Callable, Iterator

from services.lectures.captions.forms import jsons
from services.lectures.captions.forms.ass import ass
from services.lectures.captions.forms.blocks import COMMA, HEADER, sbv, srt, webvtt
from services.lectures.captions.forms.marks import is_marked, marks
from services.lectures.captions.forms.tsv import HEAD, tsv
from services.lectures.captions.forms.xmls import ROOT, xml
from services.lectures.captions.records import Format, Item, Unreadable
from services.lectures.captions.times import CLOCK

HEAD_CHARS = 4_096
XML_FORMATS: dict[str, Format] = {"tt": "ttml", "timedtext": "srv3", "transcript": "srv1"}
MAX_LINES = 1_000_000  # 20 a cue; a file of line ends alone would take six seconds and a gigabyte
MAX_TAGS = 2_000_000
HTML = re.compile(r"\s*(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
ASS = re.compile(r"\[(?:script info|events|v4\+? styles)\]|dialogue: ?(?:marked=)?[0-9]{1,4},", re.IGNORECASE)
SRT_TIMES = re.compile(rf"[ \t]{{0,20}}-?{CLOCK}[ \t]{{0,20}}--?>[ \t]{{0,20}}-?{CLOCK}")

Reader = Callable[[str], Iterator[Item]]


def reader(text: str) -> tuple[Format, Reader]:
    """
    Return the format of *text* and the function that reads it.

    Raises:
        Unreadable: *text* is in none of the formats, or is made to keep a reader busy.
    """
    if text.count("\n") > MAX_LINES or text.count("<") > MAX_TAGS:
        raise Unreadable(f"has over {MAX_LINES:,} lines or {MAX_TAGS:,} tags; it is not a caption export")
    head = text.lstrip("\ufeff \t\n\x00")[:HEAD_CHARS]
    if HTML.match(head):
        raise Unreadable("is a web page, not captions; download the caption file itself")
    if HEAD.match(head):
        return "tsv", tsv
    if HEADER.match(head):
        return "webvtt", webvtt
    if head.startswith("<") and (root := ROOT.search(head)):
        return XML_FORMATS[root[1]], xml
    if head.startswith("{") or re.match(r"\[\s*[{\]]", head):
        return _json(text)
    if ASS.match(head):
        return "ass", ass
    return _by_first_time(text)


def _json(text: str) -> tuple[Format, Reader]:
    found, parts = jsons.document(text)
    items = jsons.json3(parts) if found == "json3" else jsons.whisper(parts)
    return found, lambda _: items


def _by_first_time(text: str) -> tuple[Format, Reader]:
    """The first line of times that can be read decides between the formats without a header."""
    for line in text.split("\n"):
        if ":" not in line[:200] and ";" not in line[:200]:
            continue
        if SRT_TIMES.match(line):
            return "srt", srt
        if COMMA.fullmatch(line[:200]):
            return "sbv", sbv
    if is_marked(text):
        return "marks", marks
    raise Unreadable(
        "has no times that can be read; give captions as WebVTT, SRT, SBV, TTML, ASS, json3, srv3, "
        "Whisper JSON or TSV, or text with [hh:mm:ss] marks"
    )
