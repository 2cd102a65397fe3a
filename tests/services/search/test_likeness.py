"""The dense leg: what all texts of a language share is taken out, and what is left is weighed by both languages."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from db.language_means import LanguageMean
from db.records import Generation, GenerationId
from services.search import likeness

GENERATION = Generation(
    id=GenerationId(1),
    backend="torch",
    model="m",
    revision="1",
    dimension=3,
    query_prefix="",
    passage_prefix="",
    piece_tokens=128,
    state="serving",
    dense_weights={"*": 1.0},
)


def unit(*numbers: float) -> np.ndarray:
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


def mean(language: str, *numbers: float, pieces: int = 100_000) -> LanguageMean:
    return LanguageMean(language=language, pieces=pieces, mean=np.array(numbers, np.float32))


def test_a_language_without_a_weight_of_its_own_takes_the_common_one() -> None:
    assert likeness.own_weight({"*": 0.2, "en": 0.6}, "en") == 0.6
    assert likeness.own_weight({"*": 0.2, "en": 0.6}, "pt") == 0.2
    assert likeness.own_weight({}, "pt") == 0.0


def test_generations_that_know_no_other_weight_weigh_all_languages_alike() -> None:
    assert likeness.other_weight({"*": 0.2, "en": 0.6}, "en") == 0.6
    assert likeness.other_weight({"*": 0.2, "other": 1.3}, "en") == 1.3


def test_what_a_language_shares_no_longer_decides() -> None:
    """A model that puts the language first."""
    portuguese, english = np.array([0, 0, 0.8]), np.array([0, 0, -0.8])
    question = unit(0.6, 0, 0.8)  # in Portuguese, of topic one
    wrong_topic, right_topic = unit(0, 0.6, 0.8), unit(0.6, 0, -0.8)  # in Portuguese, in English
    assert question @ wrong_topic > question @ right_topic

    leg = likeness.dense(
        GENERATION, question, "pt", means=[mean("pt", *portuguese), mean("en", *english)], weights={"*": 1.0}
    )

    spoken = {one.language: one for one in leg.spoken}
    worth = [
        spoken[language].gain * (leg.towards @ piece - spoken[language].middle)
        for language, piece in (("pt", wrong_topic), ("en", right_topic))
    ]
    assert worth[1] > worth[0]


def test_segments_in_other_languages_are_weighed_apart() -> None:
    means = [mean("pt", 0, 0, 0), mean("en", 0, 0, 0)]

    leg = likeness.dense(GENERATION, unit(1, 0, 0), "pt", means=means, weights={"*": 1.0, "en": 3.0, "other": 1.5})

    assert {one.language: one.gain for one in leg.spoken} == {"pt": 1.0, "en": 1.5}
    assert leg.gain == 1.5  # of a language whose mean is not taken yet


def test_a_translated_question_weighs_all_languages_as_its_own() -> None:
    means = [mean("pt", 0, 0, 0), mean("en", 0, 0, 0)]

    leg = likeness.dense(
        GENERATION, unit(1, 0, 0), "pt", means=means, weights={"*": 1.0, "other": 1.5}, is_translated=True
    )

    assert {one.language: one.gain for one in leg.spoken} == {"pt": 1.0, "en": 1.0}
    assert leg.gain == 1.0


def test_without_means_the_leg_is_the_cosine() -> None:
    leg = likeness.dense(GENERATION, unit(1, 2, 3), "pt", means=[], weights={"*": 1.0})

    assert {(one.language, one.middle, one.gain) for one in leg.spoken} == {("pt", 0.0, 1.0)}
    np.testing.assert_allclose(leg.towards, leg.vector, rtol=1e-5)


def test_a_language_without_a_mean_yet_is_weighed_as_the_question_s_own() -> None:
    """As when the first lectures of a course are searched while the others come in."""
    leg = likeness.dense(GENERATION, unit(1, 0, 0), "pt", means=[mean("en", 0, 0, 0)], weights={"*": 1.0, "other": 1.5})

    assert {one.language: one.gain for one in leg.spoken} == {"pt": 1.0, "en": 1.5}


def test_a_language_of_a_piece_or_two_keeps_what_they_say() -> None:
    means = [mean("pt", 0, 0, 0.5), mean("en", 0.9, 0, 0, pieces=1)]

    leg = likeness.dense(GENERATION, unit(1, 0, 0.1), "pt", means=means, weights={"*": 1.0})

    english = next(one for one in leg.spoken if one.language == "en")
    assert abs(english.middle) < 0.3 * float(leg.towards @ means[1].mean)


def whole(numbers: list[int]) -> list[float]:
    return [number / 10 for number in numbers]


numbers = st.lists(st.integers(-10, 10), min_size=3, max_size=3).map(whole)


@given(
    numbers.filter(any),
    st.lists(st.tuples(st.sampled_from(["pt", "en", "de"]), numbers, st.integers(1, 500)), max_size=3),
)
def test_any_means_give_numbers(asked: list[float], given_means: list[tuple[str, list[float], int]]) -> None:
    means = {
        language: mean(language, *np.array(at) / max(1.0, float(np.linalg.norm(at))), pieces=pieces)
        for language, at, pieces in given_means
    }

    leg = likeness.dense(GENERATION, unit(*asked), "pt", means=list(means.values()), weights={"*": 1.0})

    assert np.isfinite(leg.towards).all()
    assert all(np.isfinite([one.middle, one.gain]).all() for one in leg.spoken)
