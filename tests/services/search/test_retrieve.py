"""Finding passages: by meaning and by words, inside one course, and never without an answer."""

from dataclasses import replace

import pytest

from db.records import Course
from services.courses.courses import Courses
from services.lectures.manifest import Source
from services.search.retrieve import Retriever
from tests.phrasebook import Phrasebook
from tests.services.conftest import Desk


async def test_a_hit_carries_all_that_a_reference_needs(desk: Desk) -> None:
    desk.write("rnn", "Primeiro o gradiente.", "Depois a memória.")
    await desk.take_in()

    found = await desk.retriever.search(course=desk.course, questions=["gradiente"])

    (only,) = found.hits
    assert found.mode == "hybrid"
    assert (only.rank, only.lecture, only.title, only.language) == (1, "rnn", "rnn", "pt")
    assert (only.start_s, only.end_s, only.cue_starts_s) == (0.0, 20.0, (0.0, 10.0))
    assert [only.text[at:] for at in only.cue_offsets] == [only.text, "Depois a memória."]
    assert only.score is not None
    assert -1 <= only.score <= 1


async def test_the_score_is_the_cosine_of_the_nearest_piece(desk: Desk) -> None:
    desk.write("rnn", "gradiente")
    await desk.take_in()

    found = await desk.retriever.search(course=desk.course, questions=["gradiente"])

    assert found.hits[0].score == pytest.approx(1, abs=2e-3)  # half precision


async def test_without_a_model_the_search_goes_on_and_says_that_it_is_lexical(desk: Desk) -> None:
    desk.write("rnn", "O gradiente some.")
    await desk.take_in()
    desk.embedder.down = True

    found = await desk.retriever.search(course=desk.course, questions=["gradiente"])

    assert (found.mode, found.generation_id) == ("lexical", None)
    assert [one.score for one in found.hits] == [None]


async def test_a_question_with_no_word_of_the_course_is_found_by_meaning_only(desk: Desk) -> None:
    desk.write("rnn", "O gradiente some.")
    await desk.take_in()

    assert [
        one.lecture for one in (await Retriever(desk.pool, None).search(course=desk.course, questions=["xyz"])).hits
    ] == []
    assert await desk.found("xyz") == ["rnn"]


async def test_a_rare_word_outweighs_frequent_ones(desk: Desk) -> None:
    for number in range(9):
        desk.write(f"geral-{number}", "A rede aprende com a rede e com outra rede, sempre a rede.")
    desk.write("lstm", "A célula LSTM guarda a memória da rede.")
    await desk.take_in()

    by_words = await Retriever(desk.pool, None).search(course=desk.course, questions=["rede LSTM"])

    assert by_words.hits[0].lecture == "lstm"


async def test_one_lecture_can_be_searched_alone(desk: Desk) -> None:
    desk.write("rnn", "O gradiente some.")
    desk.write("cnn", "O gradiente da convolução.")
    await desk.take_in()
    lecture = await Courses(desk.pool).lecture(desk.course, "cnn")

    found = await desk.retriever.search(course=desk.course, questions=["gradiente"], lectures=[lecture.id])

    assert [one.lecture for one in found.hits] == ["cnn"]


async def test_no_more_hits_than_asked_for(desk: Desk) -> None:
    for number in range(12):
        desk.write(f"aula-{number:02}", f"O gradiente número {number}.")
    await desk.take_in()

    assert len(await desk.found("gradiente")) == 10
    found = await desk.retriever.search(course=desk.course, questions=["gradiente"], k=3)
    assert [one.rank for one in found.hits] == [1, 2, 3]


async def test_a_translation_finds_what_the_question_alone_does_not(desk: Desk) -> None:
    desk.write("attention", "Today we pay attention to vanishing things.")
    for number in range(12):
        desk.write(f"aula-{number:02}", f"A atenção da turma, parte {number}.")
    await desk.take_in()
    words = Retriever(desk.pool, None)

    alone = await words.search(course=desk.course, questions=["coisas que desaparecem"])
    both = await words.search(course=desk.course, questions=["coisas que desaparecem", "vanishing things"])

    assert "attention" not in [one.lecture for one in alone.hits]
    assert both.hits[0].lecture == "attention"


async def test_the_language_is_that_of_the_question(desk: Desk) -> None:
    desk.write("rnn", "O gradiente some.")
    await desk.take_in()

    asked = [await desk.retriever.search(course=desk.course, questions=[q]) for q in ("o que é isso?", "what is this?")]

    assert [found.language for found in asked] == ["pt", "en"]


async def test_a_language_that_is_decided_already_is_not_told_from_the_words(desk: Desk) -> None:
    desk.write("rnn", "O gradiente some.")
    await desk.take_in()

    found = await desk.retriever.search(course=desk.course, questions=["what is this?"], codes=["pt"])

    assert found.language == "pt"


VANISHING = {"coisas que desaparecem no treino": "things that vanish in training"}


async def bilingual(desk: Desk) -> Course:
    """Twelve lectures in Portuguese that say "treino", and one in English that says what the question asks."""
    desk.write("vanishing", "Some things vanish in training, and nobody sees them vanish.")
    for number in range(12):
        desk.write(f"aula-{number:02}", f"O treino da turma, parte {number}.")
    await desk.take_in(in_english(desk, "vanishing"))
    return desk.course


def in_english(desk: Desk, slug: str) -> list[Source]:
    return [replace(one, language="en") if one.slug == slug else one for one in desk.plan().sources]


async def test_a_question_is_searched_by_its_words_in_the_other_language_too(desk: Desk) -> None:
    course = await bilingual(desk)
    (question,) = VANISHING

    without = await Retriever(desk.pool, None).search(course=course, questions=[question])
    found = await Retriever(desk.pool, None, translator=Phrasebook(VANISHING)).search(
        course=course, questions=[question]
    )

    assert "vanishing" not in [one.lecture for one in without.hits]
    assert found.hits[0].lecture == "vanishing"
    assert found.translations == {"en": VANISHING[question]}
    assert without.translations == {}


async def test_a_passage_in_the_language_asked_in_stays_before_one_that_says_no_more(desk: Desk) -> None:
    desk.write("aaa-english", "The tensor has a shape.")
    desk.write("portugues", "O tensor tem um formato.")
    await desk.take_in(in_english(desk, "aaa-english"))
    phrases = Phrasebook({"qual é o formato do tensor?": "what is the shape of the tensor?"})

    found = await Retriever(desk.pool, None, translator=phrases).search(
        course=desk.course, questions=["qual é o formato do tensor?"]
    )

    assert found.hits[0].lecture == "portugues"


async def test_no_question_is_translated_for_a_course_in_its_language_alone(desk: Desk) -> None:
    desk.write("rnn", "O gradiente some.")
    await desk.take_in()
    phrases = Phrasebook({})

    await Retriever(desk.pool, None, translator=phrases).search(course=desk.course, questions=["o que é o gradiente?"])

    assert phrases.asked == []


async def test_a_question_that_cannot_be_translated_is_searched_as_it_is(desk: Desk) -> None:
    course = await bilingual(desk)
    phrases = Phrasebook({})

    found = await Retriever(desk.pool, None, translator=phrases).search(course=course, questions=["o treino da turma"])

    assert phrases.asked == ["o treino da turma"]
    assert len(found.hits) == 10


async def test_only_the_question_as_it_was_asked_is_placed_by_meaning(desk: Desk) -> None:
    course = await bilingual(desk)
    (question,) = VANISHING

    await Retriever(desk.pool, desk.serving, translator=Phrasebook(VANISHING)).search(
        course=course, questions=[question, "things that disappear"]
    )

    assert desk.embedder.queries == 1
