"""A lecture's times are held against themselves, the pace of speech and the video's length."""

import json
from collections.abc import Callable

import pytest

from services.lectures.captions import Captions, WrongClock, held, measured, read, remarks

SENTENCES = (
    "o gradiente some quando a rede fica funda demais",
    "a porta decide o que a célula vai guardar",
    "o filtro desliza por cima da imagem toda",
    "quem não lê o enunciado erra a conta",
)


def said(count: int) -> list[str]:
    return [f"{SENTENCES[n % 4]} {n}" for n in range(count)]


def srt(starts_s: list[float], *, length_s: float = 4.0) -> bytes:
    def clock(at: float) -> str:
        ms = round(at * 1000)
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    cues = (
        f"{n}\n{clock(at)} --> {clock(at + length_s)}\n{words}\n"
        for n, (at, words) in enumerate(zip(starts_s, said(len(starts_s)), strict=True), start=1)
    )
    return "\n".join(cues).encode()


def on_clock(data: bytes, *, duration_s: float | None = None, offset_s: float | None = None) -> Captions:
    return held(read(data, name="a.srt"), name="a.srt", duration_s=duration_s, offset_s=offset_s)


TIMELINE = srt([3604 + 6 * n for n in range(12)])  # tmoroney/auto-subs#16, yanncoupin/stl2srt#3, gpac/gpac#1618


@pytest.mark.parametrize("hours", [1, 2, 10])
def test_a_timeline_of_an_editor_is_asked_about_where_the_length_is_unknown(hours: int) -> None:
    data = srt([3600 * hours + 4 + 6 * n for n in range(12)])

    with pytest.raises(WrongClock, match=rf"begins at {hours}:00:04.*duration_s.*offset_s {3600 * hours} to take"):
        on_clock(data)


@pytest.mark.parametrize("hours", [1, 10])
def test_a_timeline_of_an_editor_is_put_right_where_the_video_is_over_by_then(hours: int) -> None:
    captions = on_clock(srt([3600 * hours + 4 + 6 * n for n in range(12)]), duration_s=80)

    assert (captions.cues[0].start_s, captions.cues[-1].end_s) == (4, 74)
    assert f"{hours}:00:00 was taken off every time" in captions.repairs[-1]


@pytest.mark.parametrize(("offset_s", "first_s"), [(3600, 4), (0, 3604), (3590.5, 13.5)])
def test_a_person_can_say_what_is_to_be_taken_off(offset_s: float, first_s: float) -> None:
    assert on_clock(TIMELINE, offset_s=offset_s).cues[0].start_s == first_s


def test_an_offset_beyond_the_first_word_is_refused() -> None:
    with pytest.raises(WrongClock, match="before the offset_s of 3700"):
        on_clock(TIMELINE, offset_s=3700)


def test_a_long_video_whose_first_hour_is_silent_keeps_its_times_and_the_silence_is_named() -> None:
    captions = on_clock(TIMELINE, duration_s=3_700)

    assert captions.cues[0].start_s == 3604
    assert remarks(measured(captions.cues, 3_700)) == ("nothing is said from 0:00:00 to 1:00:04",)


def test_speech_that_begins_later_in_an_hour_is_no_timeline() -> None:
    assert on_clock(srt([3600 + 900 + 6 * n for n in range(12)])).cues[0].start_s == 4500


def test_a_time_of_day_is_asked_about_and_never_put_right_by_chance() -> None:
    afternoon = srt([14 * 3600 + 37 * 60 + 10 + 6 * n for n in range(12)])

    with pytest.raises(WrongClock, match=r"begins at 14:37:10, as times of day do.*offset_s"):
        on_clock(afternoon)
    with pytest.raises(WrongClock, match="from 14:37:10 to 14:38:20, but its video is 1:23:20 long"):
        on_clock(afternoon, duration_s=5_000)
    assert on_clock(afternoon, offset_s=52_620, duration_s=5_000).cues[0].start_s == 10


def test_captions_of_another_cut_are_refused_with_both_lengths() -> None:
    with pytest.raises(WrongClock, match="from 0:00:00 to 0:03:58, but its video is 0:00:52 long"):
        on_clock(srt([6 * n for n in range(40)]), duration_s=52)


def test_a_few_words_past_the_end_are_named() -> None:
    captions = on_clock(srt([*(6 * n for n in range(40)), 400]), duration_s=250)

    assert captions.repairs == ("1 of 41 cues lie past the video's end at 0:04:10; no link opens there",)


def test_credits_that_linger_past_a_rounded_length_are_no_fault() -> None:
    assert on_clock(srt([6 * n for n in range(40)]), duration_s=220).repairs[-1].startswith("3 of 41") is False


@pytest.mark.parametrize("factor", [60, 100, 1000])
def test_a_file_spoken_at_a_word_or_two_a_minute_is_refused_with_that_reason(factor: int) -> None:
    data = srt([6 * n * factor for n in range(12)], length_s=4 * factor)

    with pytest.raises(WrongClock, match=r"would be spoken at [0-9.]+ words a minute, from 0:00:00 to"):
        on_clock(data)


def test_a_file_that_nobody_can_say_so_fast_is_refused() -> None:
    with pytest.raises(WrongClock, match="words a minute, which nobody does"):
        on_clock(srt([0.5 * n for n in range(80)], length_s=0.4))


def test_a_list_of_chapters_is_no_lecture() -> None:
    chapters = "\n".join(f"[{n * 7:02}:00] Capítulo {n} sobre redes e convoluções" for n in range(8))

    with pytest.raises(WrongClock, match="it is no transcript"):
        on_clock(chapters.encode())


def test_one_cue_that_stands_for_an_hour_does_not_condemn_a_lecture() -> None:
    text = srt([6 * n for n in range(200)]).decode() + "\n999\n00:20:30,000 --> 01:10:30,000\nobrigado a todos\n"

    assert len(on_clock(text.encode()).cues) == 201


UNITS = [
    # (unit, factor from seconds, keys, source)
    ("hundredths of a second", 100, ("start", "stop", "text"), "thewh1teagle/vibe#946"),
    ("hundredths of a second", 100, ("start", "end", "text"), "m1guelpf/whisper-cli-rs#4"),
    ("milliseconds", 1000, ("start", "end", "text"), "AssemblyAI/assemblyai-python-sdk#69"),
    ("milliseconds", 1000, ("start_time", "end_time", "transcript"), "linto-ai/whisper-timestamped#116"),
    ("ticks of 100 nanoseconds", 10_000_000, ("start", "end", "text"), "ebu/benchmarkstt#4"),
]


@pytest.mark.parametrize(("unit", "factor", "keys", "_source"), UNITS)
def test_whole_numbers_in_another_unit_are_read_in_it_and_that_is_said(
    unit: str, factor: int, keys: tuple[str, str, str], _source: str
) -> None:
    start, end, text = keys
    rows = [
        {start: round((1 + 4.3 * n) * factor), end: round((5 + 4.3 * n) * factor), text: words}
        for n, words in enumerate(said(12))
    ]

    captions = read(json.dumps(rows).encode(), name="a.json")

    assert [cue.start_s for cue in captions.cues] == pytest.approx([1 + 4.3 * n for n in range(12)], abs=0.1)
    assert any(f"times read as {unit}" in repair for repair in captions.repairs)
    assert on_clock(json.dumps(rows).encode()).cues == captions.cues


def test_words_with_hundredths_of_seconds_are_read_in_them() -> None:
    words = " ".join(said(12)).split()  # ggml-org/whisper.cpp#2271: one word a row
    rows = [{"start": 30 * n, "stop": 30 * n + 25, "text": f" {word}"} for n, word in enumerate(words)]

    captions = read(json.dumps(rows).encode(), name="a.json")

    assert captions.cues[10].start_s == 3.0


def test_chapters_in_whole_seconds_are_not_taken_for_milliseconds() -> None:
    titles = [f"Parte {n}: redes recorrentes" for n in range(12)]
    rows = [{"start": 600 * n, "end": 600 * n + 500 + 40 * (n % 3), "text": title} for n, title in enumerate(titles)]

    with pytest.raises(WrongClock, match="no transcript"):
        on_clock(json.dumps(rows).encode())


FRAMES: list[tuple[str, Callable[[str, str], str], str]] = [
    ("own line", lambda start, _: f"{start}\nPROFESSORA: {{0}}\n", "lumberjacksystem.com/transcript-formats"),
    ("premiere", lambda start, end: f"{start} - {end}\nFalante 1\n{{0}}\n", "SubtitleEdit/subtitleedit#2160"),
    ("one line", lambda start, _: f"{start} {{0}}", "Exmaralda-Org/exmaralda#363"),
    ("tab", lambda start, end: f"{start} - {end}\t{{0}}", "SubtitleEdit/subtitleedit#2160"),
    ("arrow", lambda start, end: f"{start} --> {end}\n{{0}}\n", "kajisho5/ffmpeg-skill#61"),
    ("brackets", lambda start, _: f"[{start}] {{0}}", "URUWorks/SubtitleWorkshop#23"),
]


@pytest.mark.parametrize("last", [":", ";"], ids=["non-drop", "drop"])
@pytest.mark.parametrize(("name", "write", "_source"), FRAMES, ids=[name for name, _, _ in FRAMES])
def test_frames_are_parts_of_a_second_and_never_seconds(
    name: str, write: Callable[[str, str], str], _source: str, last: str
) -> None:
    starts = [(12 + 7 * n, n * 7 % 25) for n in range(12)]

    def code(second: int, frame: int) -> str:
        return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{last}{frame:02}"

    text = "\n".join(
        write(code(second, frame), code(second + 5, frame)).format(words)
        for (second, frame), words in zip(starts, said(12), strict=True)
    )

    captions = on_clock(text.encode())

    assert [cue.text for cue in captions.cues] == said(12), name
    assert [int(cue.start_s) for cue in captions.cues] == [second for second, _ in starts]


@pytest.mark.parametrize(
    ("times", "start_s"),
    [
        ("00:00:01:500 --> 00:00:04:000", 1.5),  # eliemaalouly/Transcription-whisper_pyannote#1: a colon before the ms
        ("00;00;01;15 --> 00;00;04;00", 1.5),  # msongz/quickSRT#2
        ("00:00:01,1000 --> 00:00:03,1000", 1.1),  # OpenWhispr/openwhispr#1293: beyond three digits it is a fraction
        ("75:30.000 --> 75:34.000", 4530),  # minutes past the hour, without hours
    ],
)
def test_odd_clocks_are_within_a_second(times: str, start_s: float) -> None:
    (cue,) = read(f"1\n{times}\nolá a todos\n".encode(), name="a.srt").cues

    assert cue.start_s == pytest.approx(start_s, abs=1)


def test_a_clock_with_frames_that_cannot_be_is_refused() -> None:
    (refusal,) = read(b"00:75:12:00 --> 00:75:14:00\na\n", name="a.srt").refused

    assert refusal.reason == "has the impossible time '00:75:12:00'"


def test_a_lecture_says_its_span_its_pace_and_the_share_of_the_video() -> None:
    pace = measured(on_clock(srt([6 * n for n in range(20)])).cues, duration_s=160.0)

    assert (pace.start_s, pace.end_s, pace.words) == (0, 118, len(" ".join(said(20)).split()))
    assert pace.words_per_minute == pytest.approx(pace.words / 80 * 60)
    assert pace.covered == pytest.approx(0.5)
    assert pace.holes == ()


def test_a_hole_of_minutes_is_named() -> None:
    captions = on_clock(srt([6 * n if n < 10 else 6 * n + 300 for n in range(20)]))

    assert remarks(measured(captions.cues)) == ("nothing is said from 0:00:58 to 0:06:00",)


def test_two_characters_count_as_a_word_where_no_spaces_part_them() -> None:
    text = "".join(
        f"[{n // 60:02}:{n % 60:02}] 勾配消失問題はとても深いネットワークで起こります\n" for n in range(0, 100, 6)
    )

    assert 80 < measured(on_clock(text.encode()).cues).words_per_minute < 160


TIMES_THAT_ARE_NONE = [
    [{"start": f"2024-05-01T10:00:{at:02}Z", "end": f"2024-05-01T10:00:{at + 4:02}Z"} for at in range(0, 50, 5)],
    [{"start": f"{at},5", "end": f"{at + 4},5"} for at in range(0, 50, 5)],
    [{"start": 1_714_557_600 + at, "end": 1_714_557_604 + at} for at in range(0, 50, 5)],
]


@pytest.mark.parametrize("times", TIMES_THAT_ARE_NONE, ids=["dates", "commas", "seconds since 1970"])
def test_a_list_whose_times_are_none_is_refused_cue_by_cue(times: list[dict[str, object]]) -> None:
    captions = on_clock(json.dumps([time | {"text": "o gradiente some"} for time in times]).encode())

    assert captions.cues == ()
    assert len(captions.refused) == captions.found == len(times)


def test_a_range_with_commas_is_read_as_one() -> None:
    """Spruce's STL, SubtitleEdit/subtitleedit PR#1616."""
    rows = (
        f"00:00:{at:02}:12,00:00:{at + 4:02}:00,{words}" for at, words in zip(range(0, 50, 5), said(10), strict=True)
    )
    spaced = on_clock("\n".join(rows).replace(",", " , ", 2).encode())

    assert [cue.text for cue in spaced.cues] == said(10)
    assert spaced.cues[1].start_s == pytest.approx(5.4)
