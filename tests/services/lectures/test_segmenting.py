"""Windows: whole cues, about equal, overlapping, and each knows where its cues begin."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from db.records import Cue
from services.lectures.segmenting import OVERLAP_WORDS, WINDOW_WORDS, cut, version


def spoken(*word_counts: int) -> list[Cue]:
    """Cues of so many words each, five seconds apart."""
    return [
        Cue(start_s=5.0 * i, end_s=5.0 * i + 4, text=" ".join(f"w{i}_{j}" for j in range(count)))
        for i, count in enumerate(word_counts)
    ]


@st.composite
def cue_lists(draw: st.DrawFn) -> list[Cue]:
    counts = draw(st.lists(st.integers(1, 60), min_size=1, max_size=80))
    gaps = draw(st.lists(st.floats(0, 30), min_size=len(counts), max_size=len(counts)))
    cues: list[Cue] = []
    start = 0.0
    for count, gap in zip(counts, gaps, strict=True):
        start += gap
        cues.append(Cue(start_s=start, end_s=start + 3, text=" ".join(f"{len(cues)}.{j}" for j in range(count))))
    return cues


@given(cue_lists())
def test_every_cue_is_in_a_window_whole(cues: list[Cue]) -> None:
    windows = cut(cues)

    for cue in cues:
        assert any(cue.text in window.text and cue.start_s in window.cue_starts_s for window in windows)


@given(cue_lists())
def test_no_window_is_longer_than_allowed(cues: list[Cue]) -> None:
    assert all(len(window.text.split()) <= WINDOW_WORDS for window in cut(cues))


@given(cue_lists())
def test_a_cue_begins_in_the_text_where_its_offset_says(cues: list[Cue]) -> None:
    texts = {cue.text for cue in cues}

    for window in cut(cues):
        ends = (*(offset - 1 for offset in window.cue_offsets[1:]), len(window.text))
        found = [window.text[at:end] for at, end in zip(window.cue_offsets, ends, strict=True)]
        assert set(found) <= texts
        assert " ".join(found) == window.text


@given(cue_lists())
def test_windows_move_on_and_end_with_the_last_cue(cues: list[Cue]) -> None:
    windows = cut(cues)
    firsts = [window.text.split()[0] for window in windows]

    assert len(set(firsts)) == len(firsts)
    assert windows[-1].text.endswith(cues[-1].text)
    assert all(window.start_s == window.cue_starts_s[0] < window.end_s for window in windows)


@given(st.integers(WINDOW_WORDS + 1, 5_000))
def test_no_short_rest_is_left_at_the_end(words: int) -> None:
    lengths = [len(window.text.split()) for window in cut(spoken(*[1] * words))]

    assert max(lengths) - min(lengths) <= len(lengths)


def test_neighbours_share_about_eighty_words() -> None:
    first, second = cut(spoken(*[10] * 60))[:2]

    shared = set(first.text.split()) & set(second.text.split())
    assert OVERLAP_WORDS - 10 <= len(shared) <= OVERLAP_WORDS


def test_a_short_lecture_is_one_window() -> None:
    (window,) = cut(spoken(10, 10, 10))

    assert (window.start_s, window.end_s) == (0.0, 14.0)
    assert window.cue_starts_s == (0.0, 5.0, 10.0)


def test_an_endless_cue_is_split_and_its_time_shared_out_by_words() -> None:
    windows = cut([Cue(start_s=100.0, end_s=200.0, text=" ".join(["a"] * 1000))])

    assert len(windows) == 3
    assert [round(window.start_s) for window in windows] == [100, 134, 168]
    assert windows[-1].end_s == 200.0


def test_a_cue_of_minutes_is_split_so_that_each_window_knows_its_minutes() -> None:
    (window,) = cut([Cue(start_s=0.0, end_s=2_875.0, text=" ".join(f"w{n}" for n in range(115)))])

    assert len(window.cue_starts_s) > 40
    assert max(b - a for a, b in pairwise(window.cue_starts_s)) <= 60


def test_a_cue_of_minutes_over_which_others_are_spoken_ends_where_they_begin() -> None:
    stuck = Cue(start_s=10.0, end_s=2_885.0, text="uma frase que ficou na tela")

    windows = cut([stuck, *(Cue(start_s=15.0 + 4 * n, end_s=18.0 + 4 * n, text=f"frase {n}") for n in range(300))])

    assert max(window.end_s - window.start_s for window in windows) < 800
    assert windows[0].cue_starts_s[:3] == (10.0, 15.0, 19.0)


def test_only_lectures_that_are_cut_anew_are_embedded_anew() -> None:
    assert version(spoken(10, 400, 3)) == "1"
    assert version([Cue(start_s=0.0, end_s=241.0, text="a b c")]) == "2"


def test_nothing_said_gives_nothing() -> None:
    assert cut([]) == ()
