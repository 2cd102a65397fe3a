"""What is not captions is refused by name, and no file keeps the reader busy."""

import contextlib
import json
import time

import pytest

from services.lectures.captions import MAX_BYTES, MAX_CUES, NotCaptions, read

CUE = "00:00:01.000 --> 00:00:02.000\nwords\n\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "holds nothing"),
        (b" \n\t\r\n", "holds nothing"),
        (b"\xef\xbb\xbf", "has no times"),
        (b"<!DOCTYPE html><html><body>00:00:01,000 --> 00:00:02,000</body></html>", "is a web page"),
        (b"\n<HTML><body>sign in</body></HTML>", "is a web page"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"PK\x03\x04....", "is a ZIP archive"),
        (b"\x00\x00\x00\x20ftypisom", "is an MP4 video"),
        (b"WEBVTT\n\nNOTE nothing follows\n", "no cue in it"),
        (b"[Script Info]\n[Events]\nFormat: Start, End, Text\n", "no cue in it"),
        (b"<tt><body/></tt>", "no cue in it"),
        (b'{"events": []}', "no cue in it"),
        (b'{"events": 1}', "without a list"),
        (b'{"name": "x"}', 'is JSON without "events" or "segments"'),
        (b'{"segments": [', "broken as JSON at line 1"),
        (b'{"segments": [{"start": NaN}]}', "holds NaN"),
        (b'{"segments": [{"start": -Infinity}]}', "holds -Infinity"),
        (b'{"segments": [{"start": ' + b"1" * 5_000 + b"}]}", "cannot be read"),
        (b'{"segments": ' + b"[" * 200_000, "too deeply"),
        (b"<tt>" + b"<div>" * 200_000, "too deeply"),
        (b"<tt><", "broken as XML"),
        (b"Dear students, A --> B means that B follows.", "has no times"),
        (b"Lecture at 10:30, room 2\nBreak: 11:30\n", "has no times"),
        (b"00:00:01,000 --> 00:00:02,000\n\x81\xff", "neither UTF-8"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "not utf-16 text"),
        (b"\xef\xbb\xbf" + b"\xe9" * 50, "not utf-8-sig text"),
        (b'<!DOCTYPE tt [<!ENTITY a "aaaa">]><tt><body><p begin="1s">&a;</p></body></tt>', "entities"),
        (b'<!DOCTYPE tt [<!ENTITY a SYSTEM "file:///etc/passwd">]><tt><p begin="1s">&a;</p></tt>', "entities"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_captions_is_refused_by_name(data: bytes, why: str) -> None:
    with pytest.raises(NotCaptions) as refusal:
        read(data, name="aula 3.srt")

    assert str(refusal.value).startswith("'aula 3.srt' ")
    assert why in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_a_file_over_the_byte_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(NotCaptions, match="20,000,001 bytes, over the 20,000,000"):
        read(b"\x00" * (MAX_BYTES + 1), name="a.srt")


def test_more_cues_than_a_lecture_can_have_are_refused() -> None:
    with pytest.raises(NotCaptions, match="more than 50,000 cues"):
        read(("WEBVTT\n\n" + CUE * (MAX_CUES + 1)).encode(), name="a.vtt")


def test_as_many_cues_as_allowed_are_read() -> None:
    segments = ({"tStartMs": at * 10, "dDurationMs": 9, "segs": [{"utf8": "a"}]} for at in range(MAX_CUES))

    captions = read(json.dumps({"events": list(segments)}).encode(), name="a.json3")

    assert len(captions.cues) == MAX_CUES


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        ("WEBVTT\n\n" + CUE, "<i>"),
        ("WEBVTT\n\n" + CUE, "<c "),
        ("WEBVTT\n\n" + CUE, "["),
        ("WEBVTT\n\n" + CUE, "&amp;"),
        ("WEBVTT\n\n" + CUE, "\n"),
        ("WEBVTT\n\n" + CUE, "\r"),
        ("WEBVTT\n\n" + CUE, "1:"),
        ("WEBVTT\n\n" + CUE, "-->"),
        ("WEBVTT\n\n" + CUE, "NOTE\n\n"),
        ("0:00:01.000,0:00:02.000\na\n\n", "0:0,"),
        ("[00:00:01] a", "[00:0"),
        ("[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,,,,,", r"{\p1"),
        ("<tt><body>", "<p/>"),
        ('<tt><body><p begin="1s">', "a "),
        ('{"segments": [', "{},"),
    ],
)
def test_a_hostile_file_of_four_megabytes_takes_no_time(head: str, unit: str) -> None:
    data = (head + unit * (4_000_000 // len(unit)) + "x").encode()
    begun_s = time.thread_time()  # of CPU: a busy machine makes no difference

    with contextlib.suppress(NotCaptions):
        read(data, name="hostile")

    assert time.thread_time() - begun_s < 5  # linear work takes a tenth; quadratic work, hours


def test_a_file_of_line_ends_is_refused_unread() -> None:
    with pytest.raises(NotCaptions, match="lines"):
        read(("WEBVTT\n\n" + CUE + "\n" * 1_000_001).encode(), name="a.vtt")


def test_falling_clocks_by_the_thousand_take_no_time() -> None:
    cues = "".join(f"0:{at % 12 * 5:02}:00.{at * 7 % 1000:03},0:59:59.000\nx{at}\n\n" for at in range(30_000))
    begun_s = time.thread_time()  # of CPU: a busy machine makes no difference

    read(cues.encode(), name="a.sbv")

    assert time.thread_time() - begun_s < 5
