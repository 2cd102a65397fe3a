"""Which half a labelled question belongs to: by its words, for good."""

from db import connect
from db.records import CourseId
from services.research.learning.halves import DEVELOPMENT_SHARE, Halves, halves
from tests.services.research.learning.labelled import Labelled, answered

PARTED = Halves(course=CourseId(1), key=b"k" * 32)


def test_a_third_of_the_questions_is_for_development() -> None:
    sides = [PARTED.of(f"O que é o conceito {number}?") for number in range(3_000)]

    assert abs(sides.count("development") / 3_000 - DEVELOPMENT_SHARE) < 0.04


def test_the_same_question_belongs_to_one_half_however_it_is_written() -> None:
    ways = ("O que é um tensor?", "o que e um tensor", "O QUE É  UM TENSOR?!")

    assert len({PARTED.of(way) for way in ways}) == 1


def test_another_key_parts_otherwise() -> None:
    other = Halves(course=CourseId(1), key=b"o" * 32)
    questions = [f"O que é o conceito {number}?" for number in range(100)]

    assert [PARTED.of(one) for one in questions] != [other.of(one) for one in questions]


async def test_the_key_is_made_once(database: str) -> None:
    async with connect.pool(database) as pool:
        async with pool.connection() as conn:
            first = await halves(conn, CourseId(1))
        async with pool.connection() as conn:
            again = await halves(conn, CourseId(1))

    assert first == again


async def test_another_try_belongs_to_the_half_of_the_question_that_it_is_a_try_at(labelled: Labelled) -> None:
    first = await labelled.answer("E na LSTM?", standalone="O que é o gradiente na LSTM?")
    second = await labelled.answer("O que é o gradiente na LSTM?", follows=first, again="simpler")
    third = await labelled.answer("O que é o gradiente na LSTM?", follows=second, again="example")
    followed = await labelled.answer("E na GRU?", follows=first)
    for answer in (first, second, third, followed):
        await labelled.says("C", answer)

    roots = {one.answer_id: one.root for one in await answered(labelled)}

    assert [roots[answer] for answer in (first, second, third)] == ["E na LSTM?"] * 3
    assert roots[followed] == "E na GRU?"
