from services.words import fillers
from services.words.stopwords import ENGLISH, PORTUGUESE
from services.words.terms import fold


def test_a_word_stands_in_one_list() -> None:
    lists = (fillers.PORTUGUESE, fillers.ENGLISH, fillers.AT_TIMES, PORTUGUESE | ENGLISH)

    assert sum(map(len, lists)) == len(frozenset[str]().union(*lists))


def test_words_are_written_as_they_are_looked_up() -> None:
    phrases = (*fillers.GREETINGS, *fillers.COMPANY, *fillers.GRATITUDE)
    words = (*fillers.FILLERS, *fillers.COURTESIES, *fillers.SHORTHAND, *fillers.SHORTHAND.values(), *phrases)

    assert [word for word in words if word != fold(word)] == []


def test_what_is_written_out_is_shorthand_no_longer() -> None:
    for short, meant in fillers.SHORTHAND.items():
        assert fillers.written_out(meant) == meant, short


def test_letters_that_name_things_of_a_course_stay() -> None:
    assert fillers.written_out("pq n cresce em c?") == "por que n cresce em c?"
