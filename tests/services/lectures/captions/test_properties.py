"""Whatever a file holds, totals add up, cues are clean and in order, and nothing else is ever raised."""

import contextlib
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.lectures.captions import Captions, NotCaptions, read

FEW = settings(max_examples=40, deadline=None)
TAG = re.compile(r"</?(?:i|b|u|c|v|font|span)(?:[ .][^<>]*)?>", re.IGNORECASE)  # `x <i ; y` is none: it never closes


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A cue as a test makes it up."""

    start_ms: int
    end_ms: int
    words: str


def clock(time_ms: int, point: str = ".") -> str:
    seconds, ms = divmod(time_ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{ms:03}"


def as_webvtt(cues: list[Said]) -> str:
    blocks = (f"{clock(cue.start_ms)} --> {clock(cue.end_ms)}\n{cue.words}\n" for cue in cues)
    return "WEBVTT\n\n" + "\n".join(blocks)


def as_srt(cues: list[Said]) -> str:
    blocks = (
        f"{n}\n{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}\n{cue.words}\n"
        for n, cue in enumerate(cues, start=1)
    )
    return "\n".join(blocks)


def as_sbv(cues: list[Said]) -> str:
    return "\n".join(f"{clock(cue.start_ms)},{clock(cue.end_ms)}\n{cue.words}\n" for cue in cues)


def as_json3(cues: list[Said]) -> str:
    events = [
        {"tStartMs": cue.start_ms, "dDurationMs": cue.end_ms - cue.start_ms, "segs": [{"utf8": cue.words}]}
        for cue in cues
    ]
    return json.dumps({"events": events})


def as_whisper(cues: list[Said]) -> str:
    segments = [{"start": cue.start_ms / 1000, "end": cue.end_ms / 1000, "text": f" {cue.words}"} for cue in cues]
    return json.dumps({"text": "", "segments": segments})


def as_whisperx(cues: list[Said]) -> str:
    words = [
        {"words": [{"word": cue.words, "start": cue.start_ms / 1000, "end": cue.end_ms / 1000, "score": 1}]}
        for cue in cues
    ]
    return json.dumps({"segments": words})


def as_srv3(cues: list[Said]) -> str:
    body = "\n".join(f'<p t="{cue.start_ms}" d="{cue.end_ms - cue.start_ms}">{cue.words}</p>' for cue in cues)
    return f"<timedtext><body>\n{body}\n</body></timedtext>"


def as_ttml(cues: list[Said]) -> str:
    body = "\n".join(f'<p begin="{clock(cue.start_ms)}" end="{cue.end_ms}ms">{cue.words}</p>' for cue in cues)
    return f"<tt><body><div>\n{body}\n</div></body></tt>"


def as_ass(cues: list[Said]) -> str:
    lines = (f"Dialogue: 0,{clock(cue.start_ms)},{clock(cue.end_ms)},,,,,,,{cue.words}" for cue in cues)
    return "\n".join(["[Script Info]", "[Events]", *lines])


def as_marks(cues: list[Said]) -> str:
    return "\n".join(f"[{clock(cue.start_ms)} --> {clock(cue.end_ms)}] {cue.words}" for cue in cues)


WRITERS = [
    as_webvtt, as_srt, as_sbv, as_json3, as_whisper, as_whisperx, as_srv3, as_ttml, as_ass, as_marks
]  # fmt: skip
every_format = pytest.mark.parametrize("write", WRITERS)
Writer = Callable[[list[Said]], str]

words = st.lists(
    st.text("abcçéãñßжあ한0123456789", min_size=1, max_size=6).map(lambda word: f"w{word}"), min_size=1, max_size=5
).map(" ".join)


@st.composite
def lectures(draw: st.DrawFn) -> list[Said]:
    """Draw cues in order, some overlapping, over at most three hours."""
    cues, at = list[Said](), 0
    for said in draw(st.lists(words, min_size=1, max_size=12)):
        at += draw(st.integers(0, 900_000))
        cues.append(Said(start_ms=at, end_ms=at + draw(st.integers(1, 20_000)), words=said))
    unique = {(cue.start_ms, cue.end_ms, cue.words): cue for cue in cues}
    return list(unique.values())


def assert_sound(captions: Captions) -> None:
    assert len(captions.cues) + len(captions.refused) == captions.found
    starts = [cue.start_s for cue in captions.cues]
    assert starts == sorted(starts)
    for cue in captions.cues:
        assert 0 <= cue.start_s < cue.end_s
        assert cue.text
        assert cue.text == unicodedata.normalize("NFC", cue.text) == " ".join(cue.text.split())
        assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in cue.text)
        assert not TAG.search(cue.text)
    assert all(refusal.line >= 1 and refusal.reason for refusal in captions.refused)


def read_or_refuse(data: bytes) -> None:
    with contextlib.suppress(NotCaptions):
        assert_sound(read(data, name="a"))


@every_format
@FEW
@given(cues=lectures())
def test_times_and_words_survive_the_way_through_each_format(write: Writer, cues: list[Said]) -> None:
    captions = read(write(cues).encode(), name="a")

    assert_sound(captions)
    assert [(cue.start_s, cue.end_s, cue.text) for cue in captions.cues] == [
        (cue.start_ms / 1000, cue.end_ms / 1000, cue.words) for cue in cues
    ]


garble = st.tuples(st.sampled_from(["delete", "double", "swap", "cut", "noise"]), st.integers(0), st.integers(0))
NOISE = [
    "",
    "\x00",
    "-->",
    "<i>",
    "WEBVTT",
    "1",
    "00:00:00,000 --> 00:59:59,000",
    "&lt;i&gt;x",
    "NOTE",
    "[",
    '"',
    "\ud800",
]


def garbled(text: str, changes: list[tuple[str, int, int]]) -> str:
    """Damage lines of *text*, the way editors, disks and converters do."""
    lines = text.split("\n")
    for what, first, second in changes:
        at, other = first % len(lines), second % len(lines)
        match what:
            case "delete":
                lines[at : at + 1] = [] if len(lines) > 1 else lines[at : at + 1]
            case "double":
                lines.insert(other, lines[at])
            case "swap":
                lines[at], lines[other] = lines[other], lines[at]
            case "cut":
                lines[at] = lines[at][: second % (len(lines[at]) + 1)]
            case _:
                middle = second % (len(lines[at]) + 1)
                lines[at] = lines[at][:middle] + NOISE[second % len(NOISE)] + lines[at][middle:]
    return "\n".join(lines)


@every_format
@FEW
@given(cues=lectures(), changes=st.lists(garble, min_size=1, max_size=6))
def test_damaged_files_are_read_or_refused_and_totals_add_up(
    write: Writer, cues: list[Said], changes: list[tuple[str, int, int]]
) -> None:
    read_or_refuse(garbled(write(cues), changes).encode("utf-8", "surrogatepass"))


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refuse(data)


@settings(max_examples=100, deadline=None)
@given(
    head=st.sampled_from(
        ["WEBVTT\n\n", "00:00:01,000 --> 00:00:02,000\n", "[00:01] ", "<tt>", '{"events":[', "[Events]\n"]
    ),
    body=st.text(max_size=80),
)
def test_random_text_in_the_frame_of_a_format_is_read_or_refused(head: str, body: str) -> None:
    read_or_refuse((head + body).encode("utf-8", "surrogatepass"))


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.sampled_from("<>i/&lt;gtamp;[](){}\\risos♪e\u0301\u200b \n"), min_size=1, max_size=60))
def test_no_mix_of_markup_leaves_a_dirty_text(text: str) -> None:
    read_or_refuse(f"WEBVTT\n\n00:01.000 --> 00:02.000\nword {text}".encode())
