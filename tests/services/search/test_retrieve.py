"""Finding passages: by meaning and by words, inside one course, and never without an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Hit, LectureId, SegmentId
from services.courses.courses import Courses
from services.search.retrieve import Retriever, fuse
from tests.services.conftest import Desk


def hit(segment: int, rank: int, score: float | None = None) -> Hit:
    return Hit(
        rank=rank,
        segment_id=SegmentId(segment),
        lecture_id=LectureId(1),
        lecture="a",
        title="a",
        language="pt",
        video_url=None,
        duration_s=None,
        start_s=0,
        end_s=1,
        score=score,
        text="x",
        cue_offsets=(0,),
        cue_starts_s=(0.0,),
    )


async def test_a_hit_carries_all_that_a_reference_needs(desk: Desk) -> None:
    desk.write("rnn", "Primeiro o gradiente.", "Depois a memória.")
    await desk.take_in()

    found = await desk.retriever.search(course=desk.course, questions=["gradiente"])

    (only,) = found.hits
    assert found.mode == "hybrid"
    assert (only.rank, only.lecture, only.title, only.language) == (1, "rnn", "rnn", "pt-BR")
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

    found = await desk.retriever.search(course=desk.course, questions=["gradiente"], lecture=lecture.id)

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


@given(st.lists(st.permutations(range(6)), min_size=1, max_size=4), st.integers(1, 6))
def test_fusing_keeps_each_segment_once_and_ranks_from_one(orders: list[list[int]], k: int) -> None:
    rankings = [[hit(segment, rank) for rank, segment in enumerate(order, start=1)] for order in orders]

    fused = fuse(rankings, k)

    assert [one.rank for one in fused] == list(range(1, k + 1))
    assert len({one.segment_id for one in fused}) == k


def test_what_all_phrasings_put_first_stays_first_and_keeps_its_best_cosine() -> None:
    fused = fuse([[hit(1, 1, 0.2), hit(2, 2, 0.9)], [hit(1, 1, 0.7), hit(3, 2, None)]], 3)

    assert [(one.segment_id, one.score) for one in fused] == [(1, 0.7), (2, 0.9), (3, None)]
