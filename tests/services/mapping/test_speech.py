"""A lecture's cues, each once, and the words of its stretches."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.lectures import spoken

CUES = [f"Frase número {n}, que fala do assunto {n // 10} com algumas palavras a mais." for n in range(200)]


def test_each_cue_is_there_once_though_passages_overlap() -> None:
    speech = spoken(CUES)

    assert len(speech.passages) > 2
    assert [cue.text for cue in speech.cues] == CUES


@given(st.lists(st.sampled_from(["bom", "bom dia", "é isso", "a rede aprende com o erro"]), min_size=1, max_size=400))
def test_cues_that_repeat_are_counted_as_often_as_they_are_said(cues: list[str]) -> None:
    speech = spoken(cues, seconds=1.0)

    assert [(cue.text, cue.start_ms) for cue in speech.cues] == [(text, 1000 * n) for n, text in enumerate(cues)]


def test_a_fingerprint_is_of_the_words_alone() -> None:
    lower = spoken([cue.lower().replace(",", "") for cue in CUES])

    assert spoken(CUES).fingerprint(100_000, 300_000) == lower.fingerprint(100_000, 300_000)
    assert spoken(CUES).fingerprint(100_000, 300_000) != lower.fingerprint(100_000, 310_000)


def test_words_are_found_where_the_captions_only_moved() -> None:
    before, after = spoken(CUES), spoken(CUES, pauses={0: 37.4})
    fingerprint = before.fingerprint(100_000, 300_000)

    assert before.found(fingerprint, 100_000, 300_000) == (100_000, 300_000)
    assert after.found(fingerprint, 100_000, 300_000) == (137_400, 337_400)
    assert spoken(CUES[:12]).found(fingerprint, 100_000, 300_000) is None


def test_passages_of_a_stretch_hold_nothing_from_outside() -> None:
    speech = spoken(CUES)

    for passage in speech.passages_of(500_000, 900_000):
        assert all(500.0 <= start_s < 900.0 for start_s in passage.cue_starts_s)
        assert all(f"número {n}," not in passage.text for n in (*range(50), *range(90, 200)))
        assert all(passage.text[at:].startswith("Frase") for at in passage.cue_offsets)


def test_cues_are_in_order() -> None:
    assert all(before.start_ms < after.start_ms for before, after in pairwise(spoken(CUES).cues))
