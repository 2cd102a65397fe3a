"""A table for a spreadsheet has one row a question, and nothing in it computes."""

from dataclasses import replace

from services.research import export
from services.research.table import harmless
from tests.services.research.exports.office import Office


async def test_a_table_has_one_row_a_question_and_numbers_are_numbers(office: Office) -> None:
    _, answer = await office.asked(hits=[replace(office.hits[0], score=-0.25)])
    await office.judged(answer, status="timeout", score=None, label=None)
    await office.judged(answer, score=2, label="P")
    await office.labelled(answer, "student", "I", "ana")
    await office.labelled(answer, "student", "C", "bia")
    await office.asked(answer=None)

    written = await office.export("csv")
    one, two = await office.rows()

    assert written.startswith(b"\xef\xbb\xbfcourse,question_id,")
    assert written.endswith(b"\r\n")
    assert tuple(one) == export.COLUMNS
    assert (one["answer"], one["top_score"], one["passages"]) == ("Um tensor é\num arranjo [1].", "-0.25", "1")
    assert (one["manual_label"], one["students_c"], one["students_i"], one["staff_c"]) == ("C/I", "1", "1", "0")
    assert (one["judge_status"], one["score"], one["relevance"], one["automated_label"]) == ("ok", "2", "0.67", "P")
    assert (two["outcome"], two["answer"], two["relevance"], two["passages"]) == ("", "", "", "0")


FORMULAS = (
    *(
        "=1+1",
        "+1",
        "-1",
        "@soma",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠a",
        " =1",
        "\ufeff=1",
        "a;=1",
        "a; @b",
    ),
)


async def test_no_cell_of_a_table_computes(office: Office) -> None:
    for text in FORMULAS:
        await office.asked("pergunta", answer=text)

    for text, row in zip(FORMULAS, await office.rows(), strict=True):
        assert row["answer"].replace("'", "") == text
        assert row["answer"] == harmless(text)
        assert row["answer"].partition("'")[0] in {"", "a;"}
        assert row["answer"] != text
