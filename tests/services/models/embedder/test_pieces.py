import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.models.embedder import pieces as module
from services.models.embedder import protocol
from services.models.embedder.pieces import cut

FIXED = 4
"""What a prefix and special tokens take from each part."""


def size(text: str) -> int:
    return len(text.encode()) + FIXED


def pieces(text: str, limit: int) -> tuple[str, ...]:
    return cut(text, size=size, limit=limit)


@given(words=st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=4), min_size=1))
def test_words_stay_whole_and_in_order(words: list[str]) -> None:
    text = " ".join(words)

    parts = pieces(text, limit=20)

    assert " ".join(parts).split() == text.split()
    assert all(size(part) <= 20 for part in parts)


@given(text=st.text(min_size=1, max_size=300), limit=st.integers(FIXED + 4, 60))
def test_nothing_is_lost_and_nothing_is_over_the_limit_whatever_the_text(text: str, limit: int) -> None:
    parts = pieces(text, limit)

    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(size(part) <= limit for part in parts)
    assert parts


@pytest.mark.parametrize("limit", [100, 254, 509])
def test_words_of_one_length_give_as_few_parts_as_there_can_be_one_more_at_most(limit: int) -> None:
    text = " ".join(["peso"] * 340)

    assert len(pieces(text, limit)) <= -(-len(text) // (limit - FIXED)) + 1


def test_one_word_that_is_far_too_long_does_not_scatter_its_neighbours() -> None:
    text = " ".join(["peso"] * 100 + ["x" * 1_000] + ["erro"] * 100)

    parts = pieces(text, limit=200)

    assert len(parts) < 20
    assert max(size(part) for part in parts) <= 200


def test_a_language_without_spaces_is_cut_inside() -> None:
    parts = pieces("深度学习" * 100, limit=100)

    assert "".join(parts) == "深度学习" * 100
    assert all(size(part) <= 100 for part in parts)


def test_a_text_that_fits_stays_as_it_is() -> None:
    assert pieces("  um\n dois ", limit=20) == ("  um\n dois ",)
    assert pieces("", limit=20) == ("",)


def test_the_examples_in_the_docstrings_hold() -> None:
    for tried in (module, protocol):
        results = doctest.testmod(tried)

        assert results.attempted
        assert not results.failed
