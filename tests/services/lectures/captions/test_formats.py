"""Each caption format is known by its content and read with its oddities."""

import pytest

from services.lectures.captions import Captions, Format, read


def read_text(text: str) -> Captions:
    return read(text.encode(), name="a.txt")


def kept(text: str) -> list[tuple[float, float, str]]:
    return [(cue.start_s, cue.end_s, cue.text) for cue in read_text(text).cues]


def refused(text: str) -> list[tuple[int, str, str]]:
    return [(refusal.line, refusal.kind, refusal.reason) for refusal in read_text(text).refused]


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("webvtt", "WEBVTT\n\n00:01.000 --> 00:02.000\na"),
        ("srt", "1\n00:00:01,000 --> 00:00:02,000\na"),
        ("srt", "00:00:01,000 --> 00:00:02,000\nat [00:00:07] and 0:00:01.000,0:00:02.000"),
        ("sbv", "0:00:01.000,0:00:02.000\na"),
        ("json3", '{"events": [{"tStartMs": 1000, "dDurationMs": 1000, "segs": [{"utf8": "a"}]}]}'),
        ("srv3", '<?xml version="1.0"?><timedtext><body><p t="1000" d="1000">a</p></body></timedtext>'),
        ("ttml", '<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end="2s">a</p></body></tt>'),
        ("ass", "[Script Info]\n\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,,,,,,,a"),
        ("whisper", '{"segments": [{"start": 1, "end": 2.0, "text": " a"}]}'),
        ("whisper", '[{"start": 1, "end": 2, "text": "a"}]'),
        ("whisperx", '{"segments": [{"start": 1, "end": 2, "text": "a", "speaker": "S0"}]}'),
        ("whisperx", '{"segments": [{"start": 1, "end": 2, "text": "a"}], "word_segments": []}'),
        ("marks", "[00:00:01] a"),
    ],
)
def test_a_format_is_known_by_its_content(format_: Format, text: str) -> None:
    captions = read_text(text)

    assert captions.format == format_
    assert captions.cues[0].start_s == 1


# WebVTT


def test_webvtt_headers_comments_styles_names_and_settings_are_not_words() -> None:
    text = (
        "WEBVTT - title\nKind: captions\nLanguage: pt\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:fred\n\n"
        "NOTE\ntwo\nlines\n\nintro\n00:01.000 --> 00:02.000 align:start position:0%\none\n\n"
        "NOTE again\n\nchapter two\n1:00:03.5 --> 1:00:04.25\ntwo"
    )

    assert kept(text) == [(1, 2, "one"), (3603.5, 3604.25, "two")]
    assert refused(text) == []
    assert read_text(text).repairs == ("left out, as nobody says them: 4 × comment or style block",)


def test_a_word_right_under_its_time_line_is_never_a_comment() -> None:
    assert kept("WEBVTT\n\n00:01.000 --> 00:02.000\nNOTE well") == [(1, 2, "NOTE well")]


def test_words_beside_the_times_are_kept() -> None:
    assert kept("WEBVTT\n\n00:01.000 --> 00:02.000 line:0 hello\nyou") == [(1, 2, "hello you")]


ROLLING = """WEBVTT

00:00:00.000 --> 00:00:02.690 align:start
\x20
die<00:00:00.329><c> wärme</c>

00:00:02.690 --> 00:00:02.700 align:start
die wärme
\x20

00:00:02.700 --> 00:00:05.980 align:start
die wärme
leib<00:00:02.970><c> spüren</c>

00:00:05.980 --> 00:00:05.990 align:start
leib spüren
\x20

00:00:05.990 --> 00:00:08.000 align:start
leib spüren
[Musik]
"""


def test_rolled_lines_collapse_to_each_line_once_with_its_own_time() -> None:
    assert kept(ROLLING) == [(0, 2.69, "die wärme"), (2.7, 5.98, "leib spüren")]
    assert [kind for _, kind, _ in refused(ROLLING)] == ["repeat", "repeat", "repeat"]


def test_a_roll_without_word_times_collapses_too() -> None:
    lines = [f"line {at}" for at in range(6)]
    cues = (f"{at}\n00:00:0{at},000 --> 00:00:0{at + 1},000\n{lines[at]}\n{lines[at + 1]}\n" for at in range(5))

    assert [text for _, _, text in kept("\n".join(cues))] == ["line 0 line 1", *lines[2:]]


def test_a_line_said_twice_in_a_roll_stays_twice() -> None:
    text = ROLLING.replace("leib<00:00:02.970><c> spüren</c>", "die<00:00:02.970><c> wärme</c>")

    assert [text for _, _, text in kept(text)][:2] == ["die wärme", "die wärme"]


def test_what_a_speaker_repeats_stays_where_nothing_rolls() -> None:
    text = "\n".join(f"{at}\n00:00:0{at},000 --> 00:00:0{at + 1},000\nE o nosso corpo?\n" for at in range(5))

    assert len(kept(text)) == 5


# SRT


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_line_end_gives_the_same_cues_and_lines(line_end: str) -> None:
    text = "0\n00:00:01,000 --> 00:00:02,000\na\n\n1\n00:00:0x,000 --> 00:00:04,000\nb\n\n2\n00:00:05.5 --> 00:00:06\nc"

    assert kept(text.replace("\n", line_end)) == [(1, 2, "a"), (5.5, 6, "c")]
    assert refused(text.replace("\n", line_end)) == [
        (6, "malformed", "has the unreadable time line '00:00:0x,000 --> 00:00:04,000'")
    ]


def test_missing_numbers_and_missing_blank_lines_are_no_loss() -> None:
    text = "00:00:01,000 --> 00:00:02,000\na\n2\n00:00:03,000 --> 00:00:04,000\nb\n\n00:00:05,000 --> 00:00:06,000\nc"

    assert kept(text) == [(1, 2, "a"), (3, 4, "b"), (5, 6, "c")]


def test_text_after_a_blank_line_belongs_to_the_cue_above() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\na\n\nmore\n\n\n2\n00:00:03,000 --> 00:00:04,000\nb"

    assert kept(text) == [(1, 2, "a more"), (3, 4, "b")]


def test_a_number_that_somebody_says_is_text() -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n42\n\n2\n00:00:03,000 --> 00:00:04,000\n7\n00:00:05,000 --> 00:00:06,000\nc"
    )

    assert kept(text) == [(1, 2, "42"), (3, 4, "7"), (5, 6, "c")]


def test_a_file_whose_every_line_end_was_doubled_keeps_its_numbers_out_of_the_text() -> None:
    text = "1\n\n00:00:01,000 --> 00:00:02,000\n\na\n\n2\n\n00:00:03,000 --> 00:00:04,000\n\nb\n"

    assert kept(text) == [(1, 2, "a"), (3, 4, "b")]


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ("00:00:05,000 --> 00:00:02,000", "ends at 0:00:02, before it starts at 0:00:05"),
        ("-00:00:05,000 --> 00:00:02,000", "has the negative time '-00:00:05,000'"),
        ("00:61:05,000 --> 01:02:02,000", "has the impossible time '00:61:05,000'"),
        ("00:00:61,000 --> 01:02:02,000", "has the impossible time '00:00:61,000'"),
        ("24:00:01,000 --> 24:00:02,000", "lies more than 24 hours in"),
        ("00:00:05,000 -> 00:", "has the unreadable time line '00:00:05,000 -> 00:'"),
        ("00:00:05,000 --> ", "has the unreadable time line '00:00:05,000 -->'"),
        ("00:00:05,0", "has the unreadable time line '00:00:05,0'"),
    ],
)
def test_a_malformed_cue_is_refused_with_its_line_and_reason(times: str, reason: str) -> None:
    text = f"1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n{times}\nb"

    assert kept(text) == [(1, 2, "a")]
    assert refused(text) == [(6, "malformed", reason)]


def test_text_before_the_first_time_is_reported() -> None:
    assert refused("Aula 3\n\n1\n00:00:01,000 --> 00:00:02,000\na") == [
        (1, "malformed", "stands before the first time line, so that nobody knows when it is said")
    ]


def test_a_broken_time_line_is_seen_without_a_blank_line_above_it() -> None:
    text = "00:00:01,000 --> 00:00:02,000\na\n00:00:0x,000 --> 00:00:04,000\nb"

    assert (kept(text), refused(text)[0][0]) == ([(1, 2, "a")], 3)


def test_a_number_between_blank_lines_that_continues_no_count_is_text() -> None:
    assert kept("00:00:01,000 --> 00:00:02,000\na\n\n42\n\n00:00:03,000 --> 00:00:04,000\nb")[0][2] == "a 42"


# SBV


def test_sbv_breaks_and_blank_lines_and_broken_times() -> None:
    text = "0:00:01.000,0:00:02.000\na[br]b\n\nc, 1:2\n\n0:00:0x.000,0:00:04.000\nlost\n\n1:00:05.000,1:00:06.000\nd"

    assert kept(text) == [(1, 2, "a b c, 1:2"), (3605, 3606, "d")]
    assert [(line, kind) for line, kind, _ in refused(text)] == [(6, "malformed")]


# JSON


def test_json3_windows_and_appended_line_breaks_are_no_cues() -> None:
    text = """{"events": [
        {"tStartMs": 0, "dDurationMs": 9000, "id": 1},
        {"tStartMs": 100, "dDurationMs": 900, "segs": [{"utf8": "a"}, {"utf8": " b", "tOffsetMs": 5}]},
        {"tStartMs": 900, "aAppend": 1, "segs": [{"utf8": "\\n"}]},
        {"tStartMs": 1000, "segs": [{"utf8": "c"}]},
        {"tStartMs": 2000, "segs": [{"utf8": "d e f g h"}]}]}"""

    assert kept(text) == [(0.1, 1, "a b"), (1, 2, "c"), (2, 4, "d e f g h")]
    assert read_text(text).found == 3


def test_a_broken_json_cue_is_named_by_its_ordinal() -> None:
    text = """{"segments": [7, {"start": true, "end": 2, "text": "a"}, {"start": 5, "end": 1e999, "text": "b"},
        {"start": -1, "end": 2, "text": "c"}, {"start": 8, "end": 9, "text": "d"}, {"start": 9, "end": 10}]}"""

    assert kept(text) == [(8, 9, "d")]
    assert refused(text) == [
        (1, "malformed", "cue 1 is not an object"),
        (2, "malformed", "cue 2 has no readable start, nor have its words"),
        (3, "malformed", "cue 3 lies more than 24 hours in"),
        (4, "malformed", "cue 4 begins before the video does"),
        (6, "empty", "cue 6 holds no words"),
    ]


def test_a_whisperx_segment_without_times_takes_those_of_its_words() -> None:
    text = """{"segments": [{"text": "2024 was it", "words": [{"word": "2024"},
        {"word": "was", "start": 1.5, "end": 1.8, "score": 0.9}, {"word": "it", "start": 2, "end": 2.25}]}]}"""

    assert kept(text) == [(1.5, 2.25, "2024 was it")]


# XML


@pytest.mark.parametrize(
    ("begin", "start_s"),
    [
        ("00:00:02.500", 2.5), ("00:00:02:12", 2.48), ("2.5s", 2.5), ("2500ms", 2.5), ("0.5m", 30), ("1h", 3600),
        ("50f", 2), ("25000000t", 2.5),
    ],
)  # fmt: skip
def test_ttml_times_come_in_many_shapes(begin: str, start_s: float) -> None:
    text = (
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
        f'ttp:frameRate="25" ttp:tickRate="10000000"><body><p begin="{begin}" dur="1s">a</p></body></tt>'
    )

    assert kept(text) == [(start_s, start_s + 1, "a")]


def test_ttml_breaks_spans_and_containers() -> None:
    text = """<tt:tt xmlns:tt="http://www.w3.org/ns/ttml"><tt:body><tt:div begin="10s">
        <tt:p begin="1s" end="2s">a<tt:br/><tt:span>b <tt:span>c</tt:span></tt:span></tt:p>
        <tt:p><tt:span begin="3s" end="4s">d</tt:span><tt:span begin="4s" end="5s">e</tt:span></tt:p>
        <tt:p begin="soon">f</tt:p></tt:div><tt:p>g<tt:span begin="6s" end="7s">h</tt:span></tt:p></tt:body></tt:tt>"""

    assert kept(text) == [(6, 7, "h"), (11, 12, "a b c"), (13, 14, "d"), (14, 15, "e")]
    assert refused(text) == [
        (4, "malformed", "cue 4 has the unreadable time 'soon'"),
        (5, "malformed", "cue 5 has no begin"),
    ]


def test_ttml_keeps_its_first_language() -> None:
    language = '<div xml:lang="{0}"><p begin="1s" end="2s">{0}</p><p begin="3s" end="4s">{0}</p></div>'
    text = f"<tt><body>{language.format('pt')}{language.format('en')}</body></tt>"

    assert kept(text) == [(1, 2, "pt"), (3, 4, "pt")]
    assert {kind for _, kind, _ in refused(text)} == {"track"}


def test_srv3_words_and_appended_line_breaks() -> None:
    text = """<timedtext format="3"><body><w id="1"/><p t="100" d="900" w="1"><s>a</s><s t="5"> b</s></p>
        <p t="900" d="5" a="1">\n</p><p t="x" d="1">c</p><p t="1000">d &amp;amp; e</p></body></timedtext>"""

    assert kept(text) == [(0.1, 1, "a b"), (1, 2.2, "d & e")]
    assert refused(text) == [(2, "malformed", "cue 2 has the unreadable time 'x'")]


def test_xml_that_breaks_off_keeps_the_cues_before_the_break() -> None:
    text = '<timedtext><body><p t="100" d="900">a</p><p t="1000" d="9'

    assert kept(text) == [(0.1, 1, "a")]
    assert refused(text)[0][2].startswith("cue 2 cannot be read: the XML is broken (unclosed token: line 1")


# ASS


def test_ass_follows_its_format_line_and_has_no_order() -> None:
    text = (
        "[Script Info]\nTitle: x\n\n[Events]\nFormat: Start, End, Style, Text\n"
        "Comment: 0:00:00.00,0:00:01.00,D,not shown\n"
        "Dialogue: 0:10:01.50,0:10:02.25,D,{\\an8}late{a remark}\\Nwords, and a comma\n"
        "Dialogue: 0:00:01.00,0:00:02.00,D,early\n"
        "Dialogue: 0:00:03.00,0:00:04.00,D,{\\p1}m 0 0 l 9 9{\\p0}\nDialogue: 0:00:03.00,x\n"
    )

    assert kept(text) == [(1, 2, "early"), (601.5, 602.25, "late words, and a comma")]
    assert refused(text) == [
        (9, "empty", "holds no words"),
        (10, "malformed", "has 2 fields, not the 4 of the Format line"),
    ]


# Text with marks


def test_marks_end_where_the_next_begins_and_the_last_by_its_words() -> None:
    assert kept("[00:00:03] one\ntwo\n\nthree\n[00:09] four [00:01:12] five six seven eight nine") == [
        (3, 9, "one two three"),
        (9, 72, "four"),
        (72, 74, "five six seven eight nine"),
    ]


def test_markdown_front_matter_headings_and_speakers_are_not_words() -> None:
    text = "---\ntitle: 'At 10:30'\n---\nAnn Lee: 00:00:05\n\nHello x[1:10].\n\n## Part: 2\n\n**Bo: 00:00:09:**\nHi.\n"

    assert kept(text) == [(5, 9, "Hello x[1:10]."), (9, 10, "Hi.")]
    assert read_text(text).repairs[:2] == (
        "left out, as nobody says them: 1 × front matter block",
        "left out, as nobody says them: 1 × heading",
    )


def test_clocks_on_lines_of_their_own_are_marks() -> None:
    assert kept("0:05\nhello\n1:09\nyou there") == [(5, 69, "hello"), (69, 70, "you there")]


def test_ranges_in_brackets_give_an_end() -> None:
    text = "[00:01.000 --> 00:04.500]  Hello.\n[00:05.000 --> 00:06.000]  You."

    assert kept(text) == [(1, 4.5, "Hello."), (5, 6, "You.")]


def test_text_before_the_first_mark_is_reported() -> None:
    assert refused("Welcome.\n[00:00:03] one") == [
        (1, "malformed", "stands before the first time mark, so that nobody knows when it is said")
    ]


def test_impossible_marks_are_refused() -> None:
    assert refused("[00:00:03] one\n[00:75:00] two") == [(2, "malformed", "has the impossible time '00:75:00'")]


# Encodings


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32"), ("cp1252", "cp1252"),
    ],
)  # fmt: skip
def test_encodings_are_tried_in_order_and_reported(codec: str, encoding: str) -> None:
    captions = read("1\n00:00:01,000 --> 00:00:02,000\nação é “nossa”".encode(codec), name="a.srt")

    assert (captions.encoding, captions.cues[0].text) == (encoding, "ação é “nossa”")


def test_one_broken_byte_does_not_turn_every_accent_wrong() -> None:
    data = "1\n00:00:01,000 --> 00:00:02,000\nação é nossa coração então três você já".encode() + b"\xe9 fim"

    captions = read(data, name="a.srt")

    assert captions.cues[0].text == "ação é nossa coração então três você já\ufffd fim"
    assert captions.repairs == ("bytes that are not UTF-8 were replaced by \ufffd in 1 places",)


@pytest.mark.parametrize(("codec", "lost"), [("utf-8", 1), ("utf-16", 1)])
def test_a_file_cut_inside_a_character_is_read_up_to_it(codec: str, lost: int) -> None:
    captions = read("1\n00:00:01,000 --> 00:00:02,000\ncoração é".encode(codec)[:-lost], name="a.srt")

    assert captions.cues[0].text == "coração"
    assert captions.repairs == ("the file breaks off inside a character, which was dropped",)
