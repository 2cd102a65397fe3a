"""After reading, the words stored are the words said: no piece, lit word or rolled line counts twice."""

from collections.abc import Callable

import pytest

from services.lectures.captions import Captions, NotCaptions, read
from services.lectures.captions.holding import WrongClock, held
from services.lectures.segmenting import cut

SENTENCES: tuple[str, ...] = (
    "o gradiente some quando a rede é muito profunda",
    "a porta de esquecimento decide o que fica na memória",
    "o dropout desliga neurônios no sorteio durante o treino",
    "a convolução desliza um filtro pequeno sobre a imagem",
)


def captions(text: str) -> Captions:
    return read(text.encode(), name="a")


def kept(text: str) -> list[tuple[float, float, str]]:
    return [(cue.start_s, cue.end_s, cue.text) for cue in captions(text).cues]


def clock(time_ms: int) -> str:
    return f"{time_ms // 3_600_000:02}:{time_ms // 60_000 % 60:02}:{time_ms // 1000 % 60:02}.{time_ms % 1000:03}"


def cue(start_ms: int, end_ms: int, text: str) -> str:
    return f"{clock(start_ms)} --> {clock(end_ms)}\n{text}\n\n"


# Words that are lit one by one

Lit = Callable[[list[str], int], str]


def around(before: str, after: str) -> Lit:
    return lambda words, at: " ".join([*words[:at], f"{before}{words[at]}{after}", *words[at + 1 :]])


LIT: list[tuple[str, Lit, str]] = [
    ("u", around("<u>", "</u>"), "Purfview/whisper-standalone-win#256"),
    ("u-and-space", around("<u> ", "</u>"), "Softcatala/whisper-ctranslate2#28"),
    ("speaker", lambda words, at: "[SPEAKER_00]: " + around("<u>", "</u>")(words, at), "m-bain/whisperX#539"),
    ("b", around("<b>", "</b>"), "m-bain/whisperX#172"),
    ("font", around('<font color="#00ff00">', "</font>"), "EtienneAb3d/WhisperTimeSync#13"),
    ("class", around("<c.highlight>", "</c>"), "denizsafak/abogen#69"),
    ("override", around(r"{\c&H00FF00&}", r"{\r}"), "SubtitleEdit/subtitleedit#7909"),
    ("no tag left", lambda words, _: " ".join(words), "jhj0517/Whisper-WebUI#362"),
]


@pytest.mark.parametrize("with_rests", [True, False], ids=["rests", "no rests"])
@pytest.mark.parametrize(("name", "lit", "_source"), LIT, ids=[name for name, _, _ in LIT])
def test_a_sentence_shown_for_each_of_its_words_is_kept_once(
    name: str, lit: Lit, _source: str, with_rests: bool
) -> None:
    text, at, starts = "WEBVTT\n\n", 3_000, list[float]()
    for sentence in SENTENCES:
        words: list[str] = sentence.split()
        starts.append(at / 1000)
        for position in range(len(words)):
            text += cue(at, at + 280, lit(words, position))
            if with_rests:
                text += cue(at + 280, at + 340, f"[SPEAKER_00]: {sentence}" if name == "speaker" else sentence)
            at += 340 if with_rests else 280
        at += 600

    assert [words for _, _, words in kept(text)] == list(SENTENCES)
    assert [start for start, _, _ in kept(text)] == starts
    assert all(end - start > 2 for start, end, _ in kept(text))


def test_words_that_add_up_are_kept_once() -> None:
    """The typewriter of editors, and live captions that grow: SubtitleEdit/subtitleedit#7909."""
    text, at = "WEBVTT\n\n", 1_000
    for sentence in SENTENCES:
        words: list[str] = sentence.split()
        for position in range(1, len(words) + 1):
            text += cue(at, at + 300, " ".join(words[:position]))
            at += 300
        at += 800

    assert " ".join(words for _, _, words in kept(text)) == " ".join(SENTENCES)


def test_what_a_speaker_says_five_times_stays_five_times() -> None:
    text = "WEBVTT\n\n" + "".join(cue(1000 * n, 1000 * n + 1000, "e o nosso corpo, gente?") for n in range(5))

    assert len(kept(text)) == 5


# Lines that roll

WORDS = " ".join(SENTENCES).split()
LINES = [" ".join(WORDS[at : at + 4]) for at in range(0, len(WORDS), 4)]
PAIRS = list(zip(["", *LINES], LINES, strict=False))
THREES = [LINES[max(0, at - 2) : at + 1] for at in range(len(LINES))]
MARKED = [f">> {line}" if at % 4 == 0 else line for at, line in enumerate(LINES)]
ROLLS = [
    ("two lines", [f"{above}\n{line}" for above, line in PAIRS], "iv-org/invidious#100"),
    ("joined", [f"{above} {line}".strip() for above, line in PAIRS], "bradautomates/claude-video#105"),
    ("three lines", ["\n".join(three) for three in THREES], "CCExtractor/ccextractor#1044"),
    ("three joined", [" ".join(three) for three in THREES], "SubtitleEdit/subtitleedit#4043"),
    (
        "marked",
        [" ".join(MARKED[max(0, at - 1) : at + 1]) for at in range(len(LINES))],
        "bradautomates/claude-video#151",
    ),
]


@pytest.mark.parametrize(("_name", "shown", "_source"), ROLLS, ids=[name for name, _, _ in ROLLS])
def test_a_line_that_rolls_is_kept_once(_name: str, shown: list[str], _source: str) -> None:
    text = "WEBVTT\n\n" + "".join(cue(2_000 * n, 2_000 * n + 2_000, lines) for n, lines in enumerate(shown))

    assert " ".join(words for _, _, words in kept(text)).replace(">> ", "") == " ".join(WORDS)


def test_rolled_lines_that_a_converter_left_without_their_tags_are_kept_once() -> None:
    """shepherdjerred/monorepo#1275: each line, ten milliseconds of it alone, and the next with it above."""
    text, at, above = "", 1_000, "\u00a0"
    for line in LINES:
        text += cue(at, at + 2_000, f"{above}\n{line}") + cue(at + 2_000, at + 2_010, f"{line}\n\u00a0")
        at, above = at + 2_010, line

    assert [words for _, _, words in kept(f"WEBVTT\n\n{text}")] == LINES


# Pieces of streams


def pieces(*, step_ms: int, header: Callable[[int], str], offset: Callable[[int], int], count: int = 12) -> str:
    return "\n".join(
        f"WEBVTT\n{header(n)}\n\n" + cue(500 + offset(n), 500 + offset(n) + step_ms - 1_100, f"{SENTENCES[n % 4]} {n}")
        for n in range(count)
    )


STEP = 540_000  # six seconds of a transport stream's clock
MAPS: list[tuple[Callable[[int], str], str]] = [
    (lambda n: f"X-TIMESTAMP-MAP=MPEGTS:{900000 + STEP * n},LOCAL:00:00:00.000", "video-dev/hls.js#2157"),
    (lambda n: f"X-TIMESTAMP-MAP=MPEGTS:{STEP * n},LOCAL:00:00:00.000", "shaka-project/shaka-packager#515"),
    (lambda n: f"X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{STEP * n}", "videojs/vtt.js#4"),
    (lambda n: f"X-TIMESTAMP-MAP=MPEGTS:{90000 + STEP * n},LOCAL:00:00.000", "video-dev/hls.js#2385"),
    (lambda n: f"X-TIMESTAMP-MAP=MPEGTS:{((1 << 33) - 900000 + STEP * n) % (1 << 33)},LOCAL:00:00:00.000", "the wrap"),
    (lambda n: f"X-TIMESTAMP-MAP = MPEGTS:{STEP * n}, LOCAL:00:00:00.000", "devine-dl/devine#67"),
]


@pytest.mark.parametrize(("header", "_source"), MAPS, ids=[source for _, source in MAPS])
def test_pieces_with_clocks_of_their_own_are_placed_by_their_headers(
    header: Callable[[int], str], _source: str
) -> None:
    read_ = captions(pieces(step_ms=6_000, header=header, offset=lambda _: 0))

    assert [one.start_s for one in read_.cues] == [0.5 + 6 * n for n in range(12)]
    assert read_.repairs == ("pieces of a stream, placed by their X-TIMESTAMP-MAP: 12",)


GO_ON: list[Callable[[int], str]] = [
    lambda _: "X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000",  # SubtitleEdit/subtitleedit#3736
    lambda _: "",  # shaka-project/shaka-player#9313
    lambda n: f"X-TIMESTAMP-MAP=MPEGTS:{STEP * n},LOCAL:{clock(6000 * n)}",  # shaka-project/shaka-player#480
    lambda n: f"X-TIMESTAMP-MAP=MPEGTS:{STEP * n},LOCAL:00:00:00.000",  # the shift counted twice
]


@pytest.mark.parametrize("header", GO_ON)
def test_pieces_on_one_clock_stay_as_they_are(header: Callable[[int], str]) -> None:
    read_ = captions(pieces(step_ms=6_000, header=header, offset=lambda n: 6_000 * n))

    assert [one.start_s for one in read_.cues] == [0.5 + 6 * n for n in range(12)]


def test_one_header_with_the_stream_s_own_beginning_moves_nothing() -> None:
    """SubtitleEdit/subtitleedit#3764: ten seconds were added to every time."""
    text = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n" + cue(16_360, 20_840, SENTENCES[0])

    assert kept(text) == [(16.36, 20.84, SENTENCES[0])]


@pytest.mark.parametrize("first_ms", [500, 3_500])
def test_a_cue_over_the_border_of_two_pieces_is_one(first_ms: int) -> None:
    spans = [(first_ms + 4_200 * n, first_ms + 4_200 * n + 4_000) for n in range(40)]
    text = ""
    for at in range(0, 180_000, 6_000):
        inside = [n for n, (start, end) in enumerate(spans) if start < at + 6_000 and end > at]
        text += "WEBVTT\n\n" + "".join(cue(*spans[n], f"{SENTENCES[n % 4]} {n}") for n in inside) + "\n"

    read_ = captions(text)

    assert [one.text for one in read_.cues] == [f"{SENTENCES[n % 4]} {n}" for n in range(40)]
    assert {refusal.kind for refusal in read_.refused} == {"repeat"}


def test_a_cue_cut_at_the_border_of_two_pieces_is_joined() -> None:
    """devine-dl/devine#67: each piece holds its part of the sentence's time."""
    text = "".join(
        f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{360000 * n},LOCAL:00:00:00.000\n\n"
        + (cue(0, 1_300, f"{SENTENCES[(n - 1) % 4]} {n - 1}") if n else "")
        + cue(1_800, 4_000, f"{SENTENCES[n % 4]} {n}")
        for n in range(10)
    )

    assert kept(text)[:2] == [(1.8, 5.3, f"{SENTENCES[0]} 0"), (5.8, 9.3, f"{SENTENCES[1]} 1")]
    assert len(kept(text)) == 10


@pytest.mark.parametrize("numbered", [True, False])
def test_pieces_that_nothing_places_are_refused_whole(numbered: bool) -> None:
    """warren-bank/node-hls-downloader#1 and devine-dl/devine#67, without a map in the headers."""
    text = pieces(step_ms=4_000, header=lambda _: "", offset=lambda _: 0)
    if numbered:
        text = "\n".join(f"1\n{cue(500, 2_000, 'um')}2\n{cue(2_000, 3_900, f'dois {n}')}" for n in range(9))

    with pytest.raises(NotCaptions, match=r"consists of \d+ pieces whose clocks begin anew"):
        captions(text)


# Long cues, and cues without an end


def test_a_turn_of_more_than_ten_thousand_letters_is_split_its_time_shared_by_words() -> None:
    turn = " ".join(f"Esta é a frase número {n} de uma fala comprida." for n in range(400))
    read_ = captions(f"[00:00:10] {turn}\n[00:30:10] fim da aula\n")

    parts = read_.cues[:-1]
    assert " ".join(part.text for part in parts) == turn
    assert all(len(part.text) <= 1_000 and part.text.endswith(".") for part in parts)
    assert (parts[0].start_s, parts[-1].end_s) == (10, 1810)
    middle = parts[len(parts) // 2]
    said = len(turn[: turn.index(middle.text)].split()) / len(turn.split())
    assert middle.start_s == pytest.approx(10 + 1_800 * said, abs=1)
    assert read_.found == len(read_.cues)
    assert "split, their time shared out by words: 1" in read_.repairs[-1]


@pytest.mark.parametrize("follows", ["[00:00:20] [Música]", "[00:00:20] ♪"])
def test_a_cue_without_an_end_ends_at_the_next_one_found_kept_or_not(follows: str) -> None:
    assert kept(f"[00:00:10] olá a todos\n{follows}\n[00:20:00] voltamos\n")[0] == (10, 20, "olá a todos")


def test_a_cue_without_an_end_above_a_time_that_cannot_be_read_lasts_as_its_words_do() -> None:
    text = "[00:00:10] olá a todos, tudo bem?\n[00:75:00] perdido\n[00:20:00] voltamos\n"

    assert kept(text)[0] == (10, 12, "olá a todos, tudo bem?")


SPOKEN = [f"palavra{n} gradiente perda camada rede" for n in range(30)]
HOUR_MS = 3_600_000


def ends(end_ms: Callable[[int], int], *, step_ms: int = 8_000) -> str:
    """Thirty cues, eight seconds apart, each with the end that *end_ms* makes of its start."""
    return "WEBVTT\n\n" + "".join(cue(n * step_ms, end_ms(n * step_ms), said) for n, said in enumerate(SPOKEN))


def paragraph(end_ms: int) -> str:
    return "WEBVTT\n\n" + cue(0, end_ms, " ".join(SPOKEN * 6))


TTML = (
    '<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="pt"><body><div>'
    + "".join(f'<p begin="{8 * n}s">{said}</p>' for n, said in enumerate(SPOKEN))
    + "</div></body></tt>"
)
SRV3 = (
    '<timedtext format="3"><body>'
    + "".join(f'<p t="{8000 * n}" d="3000" w="1"><s ac="0">{said}</s></p>' for n, said in enumerate(SPOKEN))
    + "</body></timedtext>"
)
LONG_OR_OPEN = [
    (
        "an end two hours after each start",
        ends(lambda at: at + 2 * HOUR_MS),
        "ljantzen/obsidian-youtube-transcript#134",
    ),
    (
        "one end half an hour late",
        ends(lambda at: at + HOUR_MS // 2 * (at == 80_000) + 8_000),
        "ggml-org/whisper.cpp#975",
    ),
    ("six minutes in a paragraph", paragraph(6 * 60_000), "yusufipk/dikte#84"),
    ("a paragraph a minute", paragraph(12 * 60_000), "wassgha/rescript#98"),
    ("no ends", ends(lambda at: at).replace(" --> ", " --> \0").replace("\0", ""), "w3c/webvtt#496"),
    ("ends that are starts", ends(lambda at: at), "openai/whisper#191"),
    ("ends reset to zero", ends(lambda at: 0 if at >= 160_000 else at + 8_000), "Tyrrrz/YoutubeExplode#719"),
    ("ends over the next start", ends(lambda at: at + 11_000), "iv-org/invidious#100"),
    ("ends over a silence", ends(lambda at: at + 60_000, step_ms=60_000), "chidiwilliams/buzz#1339"),
    ("ends at the next start", ends(lambda at: at + 8_000), "awslabs/aws-video-transcriber#25"),
    ("TTML without ends", TTML, "Dash-Industry-Forum/dash.js#4985"),
    ("srv3 with three seconds for each row", SRV3, "ksyasuda/SubMiner#219"),
    ("a last cue of no length", ends(lambda at: at + 8_000 * (at < 29 * 8_000)), "kaltura/media-framework#152"),
]


@pytest.mark.parametrize(("form", "text", "_source"), LONG_OR_OPEN, ids=[form for form, _, _ in LONG_OR_OPEN])
def test_long_and_open_cues_keep_their_words_and_make_no_long_segment(form: str, text: str, _source: str) -> None:
    read_ = captions(text)

    words = " ".join(SPOKEN * (6 if "palavra0" in text.partition("palavra29")[2] else 1)).split()
    assert " ".join(one.text for one in read_.cues).split() == words
    for window in cut(read_.cues, words=120, overlap=20):
        spoken_s = len(window.text.split()) / 5 * 60 if form == "ends over a silence" else 240
        assert window.end_s - window.start_s <= max(240, spoken_s) + 1


def test_cues_of_one_segment_that_share_its_times_keep_their_words_and_order() -> None:
    """m-bain/whisperX#1347: each line of a segment has the times of the whole of it."""
    text = "".join(cue(n // 3 * 24_000, n // 3 * 24_000 + 24_000, said) for n, said in enumerate(SPOKEN))

    assert [one.text for one in captions(f"WEBVTT\n\n{text}").cues] == SPOKEN


def test_a_lecture_that_is_said_within_its_first_seconds_is_refused() -> None:
    """wa3dbk/ScribeSalad#3: the whole transcript lies at the beginning of the video."""
    text = "WEBVTT\n\n" + "".join(cue(n * 20, n * 20 + 20, f"{said} {n}") for n, said in enumerate(SPOKEN * 10))

    with pytest.raises(WrongClock, match="words a minute, which nobody does"):
        held(captions(text), name="a", duration_s=3_600, offset_s=None)
