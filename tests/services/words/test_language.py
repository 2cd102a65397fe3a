import pytest

from services.words.language import of_question


@pytest.mark.parametrize("text", ["😀😀", "42?", "$$ \\(", "??"])
@pytest.mark.parametrize("taught", ["pt", "en", "es"])
def test_a_question_without_a_letter_is_in_the_first_language_of_the_lectures(text: str, taught: str) -> None:
    assert of_question(text, [taught, "pt", "en"]) == taught
