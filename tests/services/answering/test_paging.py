from hypothesis import given
from hypothesis import strategies as st

from db.records import AnswerMessage
from services.answering.paging import arranged, may_be_repeated, next_numbers, unknown


def message(number: int, *, gone: bool = False, known: bool = True, age_s: float = 0.0) -> AnswerMessage:
    return AnswerMessage(number=number, message_id=100 + number if known else None, is_gone=gone, age_s=age_s)


def placed(messages: list[AnswerMessage], pages: int) -> tuple[list[tuple[int, int]], tuple[int, ...], list[int]]:
    plan = arranged(messages, pages)
    return [(edit.message.number, edit.page) for edit in plan.edits], plan.sends, [one.number for one in plan.deletes]


def test_each_page_stays_in_its_message() -> None:
    assert placed([message(0), message(1)], 2) == ([(0, 0), (1, 1)], (), [])


def test_a_shorter_answer_gives_up_its_last_messages() -> None:
    assert placed([message(0), message(1), message(2)], 1) == ([(0, 0)], (), [1, 2])


def test_a_page_that_we_deleted_comes_back_when_the_answer_is_longer_again() -> None:
    assert placed([message(0), message(1, gone=True)], 2) == ([(0, 0)], (1,), [])


def test_a_page_missing_in_the_middle_moves_the_others_up() -> None:
    assert placed([message(0), message(1, gone=True), message(2)], 3) == ([(0, 0), (2, 1)], (2,), [])


def test_who_deletes_the_first_message_takes_the_whole_answer_away() -> None:
    plan = arranged([message(0, gone=True), message(1)], 2)

    assert plan.is_over
    assert [one.number for one in plan.deletes] == [1]
    assert (plan.edits, plan.sends) == ((), ())


@given(st.lists(st.booleans(), min_size=0, max_size=6), st.integers(1, 4))
def test_the_pages_stand_in_order_each_once(gone: list[bool], pages: int) -> None:
    messages = [message(0), *(message(number, gone=is_gone) for number, is_gone in enumerate(gone, start=1))]
    edits, sends, deletes = placed(messages, pages)

    assert [page for _, page in edits] + list(sends) == list(range(pages))
    assert [number for number, _ in edits] + deletes == [one.number for one in messages if not one.is_gone]


def test_a_lost_send_is_repeated_under_its_number_while_discord_remembers() -> None:
    lost = [message(0), message(1, known=False, age_s=10)]

    assert unknown(lost) == (1,)
    assert may_be_repeated(lost, 2, within_s=60)
    assert not may_be_repeated(lost, 1, within_s=60)
    assert not may_be_repeated([message(0), message(1, known=False, age_s=90)], 2, within_s=60)
    assert next_numbers([message(0), message(1, gone=True)], 2) == (2, 3)
