"""What a person hears stays in a cue, and nothing else does."""

import pytest

from services.lectures.captions import Captions, read


def cues_of(*texts: str) -> Captions:
    """Read a WebVTT file of these texts, one second each."""
    blocks = (f"00:00:{at:02}.000 --> 00:00:{at + 1:02}.000\n{text}\n" for at, text in enumerate(texts))
    return read("\n".join(["WEBVTT\n", *blocks]).encode("utf-8", "surrogatepass"), name="a.vtt")


def text_of(text: str) -> str:
    return cues_of(text).cues[0].text


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("<v Ann Lee>hello</v> <c.yellow>there</c>", "hello there"),
        ('<font color="#fff">a</font> <B>b</B>', "a b"),
        ("wär<00:00:00.500><c>me</c>", "wärme"),
        ("one<br/>two<BR>three", "one two three"),
        (r"{\an8}top {\i1}words{\i0}", "top words"),
        ("a &lt; b &amp; c&nbsp;d", "a < b & c d"),
        ("&amp;lt;i&amp;gt;twice&amp;lt;/i&amp;gt; &amp;quot;escaped&amp;quot;", 'twice "escaped"'),
        ("a std::vector<int> and 3 < 4 > 2", "a std::vector<int> and 3 < 4 > 2"),
        ("<\u200bi>hidden", "hidden"),
        ("<<i>i>nested", "nested"),
        ("two\nlines \t and   gaps", "two lines and gaps"),
    ],
)
def test_markup_and_entities_leave_the_words(written: str, words: str) -> None:
    assert text_of(written) == words


def test_a_hundred_thousand_nested_tags_leave_the_words() -> None:
    assert text_of("<i>" * 30_000 + "deep" + "</i>" * 20_000) == "deep"


def test_tags_hidden_in_tags_never_survive() -> None:
    assert "<i>" not in text_of("<" * 50 + "i>" * 50 + "word")


def test_text_is_nfc_and_free_of_what_a_database_refuses() -> None:
    assert text_of("cafe\u0301 \x00\x07\u200b\ufeffna\u00adtion\x85") == "café nation"


def test_a_lone_surrogate_in_json_is_dropped() -> None:
    captions = read(rb'{"segments": [{"start": 0, "end": 1, "text": "a\ud800b \ud83d\ude00"}]}', name="a.json")

    assert captions.cues[0].text == "ab 😀"


@pytest.mark.parametrize(
    "mark",
    ["[Música]", "[risos]", "[Music]", "(aplausos)", "♪", "♪ ♪", "- [Laughter]", "[MUSIC PLAYING]", "(air whooshing)",
     "[Musik]", "&#91;Music&#93;", "[Inaudible student question.]", "<i>[Music]</i>", "[Mu\u0301sica]"],
)  # fmt: skip
def test_a_cue_of_only_a_sound_mark_is_refused_as_empty(mark: str) -> None:
    captions = cues_of("words", mark)

    assert [(refusal.line, refusal.kind, refusal.reason) for refusal in captions.refused] == [
        (6, "empty", "holds only a sound mark")
    ]


@pytest.mark.parametrize("blank", ["", " ", "&nbsp;", "<i></i>", "...", "\u200b"])
def test_a_cue_without_a_letter_or_digit_is_refused_as_empty(blank: str) -> None:
    captions = cues_of("words", blank, "more")

    assert [(refusal.kind, refusal.reason) for refusal in captions.refused] == [("empty", "holds no words")]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("então [risos], vamos", "então, vamos"),
        ("so [laughter] that", "so that"),
        ("♪ we sing ♪", "we sing"),
        ("the vector [3, 0] and f(x)", "the vector [3, 0] and f(x)"),
        ("harmony (music theory) is", "harmony (music theory) is"),
        ("[Student] why?", "[Student] why?"),
    ],
)
def test_a_sound_mark_leaves_its_sentence_and_other_brackets_stay(written: str, words: str) -> None:
    assert text_of(written) == words


def test_a_cue_of_more_than_ten_thousand_characters_is_split_and_markup_without_end_is_malformed() -> None:
    captions = cues_of("a" * 10_000, "a " * 5_001, "<i>" * 70_000 + "a")

    assert [len(cue.text) for cue in captions.cues] == [10_000, 999, *[997] * 9, 19]
    assert [(refusal.kind, refusal.reason) for refusal in captions.refused] == [
        ("malformed", "holds 210,001 characters, too many for one cue")
    ]
    assert captions.found == len(captions.cues) + 1
