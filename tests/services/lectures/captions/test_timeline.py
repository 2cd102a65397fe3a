"""Cues end up on one clock, in order, and each change is reported."""

from collections.abc import Iterable

import pytest

from services.lectures.captions import Captions, read

Times = Iterable[int]  # milliseconds


def clock(time_ms: int) -> str:
    seconds, ms = divmod(time_ms, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"


def sbv(*tracks: Times) -> str:
    """Write tracks one below the other, with nothing but their times to tell them apart."""
    starts = [start for track in tracks for start in track]
    return "\n".join(f"{clock(at)},{clock(at + 900)}\nword {n}\n" for n, at in enumerate(starts))


def srt(*tracks: Times) -> str:
    """Write tracks one below the other, each with its own numbers."""
    cues = [(n, at) for track in tracks for n, at in enumerate(track, start=1)]
    return "\n".join(f"{n}\n{clock(at)} --> {clock(at + 900)}\nword {k}\n" for k, (n, at) in enumerate(cues))


def vtt(*tracks: Times) -> str:
    """Write tracks one below the other, each with its own header."""
    return "\n".join("WEBVTT\n\n" + sbv(track).replace(",", " --> ") for track in tracks)


def captions(text: str) -> Captions:
    return read(text.encode(), name="a")


def starts(text: str) -> list[float]:
    return [cue.start_s for cue in captions(text).cues]


def refusals(text: str) -> list[tuple[str, str]]:
    return [(refusal.kind, refusal.reason) for refusal in captions(text).refused]


HOUR = range(1_000, 3_600_000, 7_321)
REST = range(2_500, 1_800_000, 6_113)


def test_a_clock_that_restarts_after_an_hour_goes_on() -> None:
    text = sbv(HOUR, REST)

    assert starts(text) == [at / 1000 for at in (*HOUR, *(at + 3_600_000 for at in REST))]
    assert captions(text).repairs == (
        "line 1477: the clock starts again after an hour; one hour was added from here on",
    )


def test_a_clock_may_restart_every_hour() -> None:
    assert starts(sbv(HOUR, REST, [2_000_000, 3_599_000], REST))[-1] == pytest.approx(2 * 3600 + REST[-1] / 1000)


def test_hours_on_even_seconds_are_hours_and_no_tracks() -> None:
    even = range(0, 3_600_000, 5_000)

    assert len(starts(sbv(even, even))) == 1440


def test_numbers_that_go_on_leave_the_clock_a_restart() -> None:
    assert starts(srt([*HOUR, *REST]))[-1] == pytest.approx(3600 + REST[-1] / 1000)


def test_a_cue_across_the_hour_ends_after_it() -> None:
    text = "0:59:50.000,0:59:58.000\na\n\n0:59:58.000,0:00:03.000\nb\n\n0:00:03.000,0:00:05.000\nc"

    assert [(cue.start_s, cue.end_s) for cue in captions(text).cues] == [(3590, 3598), (3598, 3603), (3603, 3605)]


@pytest.mark.parametrize("write", [vtt, srt])
@pytest.mark.parametrize("other", [HOUR, range(1_900, 3_590_000, 9_007)])
def test_a_second_track_with_a_header_or_numbers_is_refused(write: object, other: Times) -> None:
    text = vtt(HOUR, other) if write is vtt else srt(HOUR, other)

    assert starts(text) == [at / 1000 for at in HOUR]
    assert {kind for kind, _ in refusals(text)} == {"track"}
    assert "belongs to a second track, which begins at 0:00:01 (line" in refusals(text)[0][1]


def test_a_second_track_is_known_by_the_very_same_times() -> None:
    assert starts(sbv(HOUR, HOUR)) == [at / 1000 for at in HOUR]


def test_short_tracks_are_tracks_too() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\na\n\nWEBVTT\n\n00:01.000 --> 00:02.000\nb\n\n00:03.000 --> 00:04.000\nc"

    assert [cue.text for cue in captions(text).cues] == ["a"]


def test_a_second_track_that_passes_an_hour_itself_is_refused_whole() -> None:
    text = vtt([*HOUR, *REST], [*HOUR, *REST])

    assert starts(text)[-1] == pytest.approx(3600 + REST[-1] / 1000)
    assert len(refusals(text)) == len(HOUR) + len(REST)


def test_headers_between_segments_of_one_track_change_nothing() -> None:
    assert len(starts(vtt(range(0, 60_000, 3_000), range(60_000, 120_000, 3_000)))) == 40


def test_a_fall_that_nothing_explains_is_refused() -> None:
    text = sbv(range(0, 1_900_000, 7_000), range(0, 1_000_000, 8_000))

    assert starts(text)[-1] == 1897
    assert {kind for kind, _ in refusals(text)} == {"backward"}
    assert "the clock falls from 0:31:37 to 0:00:00 (line 817)" in refusals(text)[0][1]


def test_one_wrong_time_is_sorted_and_loses_nobody_else() -> None:
    text = sbv([*range(0, 1_900_000, 7_000), 500, *range(1_900_000, 2_000_000, 7_000)])

    assert len(starts(text)) == captions(text).found
    assert captions(text).repairs == ("cues out of order, now sorted by their start: 1",)


def test_cues_slightly_out_of_order_are_sorted_and_counted() -> None:
    text = sbv([1_000, 5_000, 3_000, 4_000, 9_000])

    assert [cue.text for cue in captions(text).cues] == ["word 0", "word 2", "word 3", "word 1", "word 4"]
    assert captions(text).repairs == ("cues out of order, now sorted by their start: 2",)


def test_cues_of_one_start_stay_as_the_file_has_them() -> None:
    assert [cue.text for cue in captions(sbv([5_000, 2_000, 2_000])).cues] == ["word 1", "word 2", "word 0"]


def test_overlapping_cues_stay_as_they_are() -> None:
    text = "0:00:01.000,0:00:09.000\na\n\n0:00:02.000,0:00:03.000\nb"

    assert [(cue.start_s, cue.end_s) for cue in captions(text).cues] == [(1, 9), (2, 3)]
    assert captions(text).repairs == ()


def test_a_cue_repeated_to_the_letter_is_kept_once() -> None:
    text = "0:00:01.000,0:00:02.000\na\n\n0:00:01.000,0:00:02.000\na\n\n0:00:01.000,0:00:02.000\nb"

    assert refusals(text) == [("repeat", "repeats an earlier cue, times and words")]


def test_a_cue_without_length_gets_a_second_or_up_to_the_next() -> None:
    text = "0:00:01.000,0:00:01.000\na\n\n0:00:01.400,0:00:01.400\nb\n\n0:00:09.000,0:00:09.000\nc"

    assert [(cue.start_s, cue.end_s) for cue in captions(text).cues] == [(1, 1.4), (1.4, 2.4), (9, 10)]
    assert captions(text).repairs == ("cues without length, given up to a second: 3",)


def test_an_end_of_zero_says_nothing_and_costs_no_words() -> None:
    text = "0:00:05.000,0:00:00.000\na b c d e\n\n0:01:07.000,0:00:00.000\na b c d e"

    assert [(cue.start_s, cue.end_s) for cue in captions(text).cues] == [(5, 67), (67, 69)]


def test_restarts_never_carry_a_clock_past_a_day() -> None:
    text = sbv(*([1_000, 3_599_000] for _ in range(30)))

    assert starts(text)[-1] < 24 * 3600
    assert len(captions(text).cues) + len(captions(text).refused) == 60
