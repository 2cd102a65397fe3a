"""A score is read only where it is beyond doubt."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.judging.reading import NoVerdict, answerability, relevance, support
from services.models.completions import storable

JSON = '{"criteria": "diz o que é", "supporting_evidence": "a primeira frase", "score": 2}'
TEMPLATE = "Criteria: diz o que é\nSupporting Evidence: a primeira frase\nScore: 2"


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"```json\n{JSON}\n```",
        f"```\n{JSON}\n```\n",
        TEMPLATE,
        "Criteria: diz o que é\n\nSupporting Evidence: a primeira frase\n\nScore: 2.",
        "**Criteria:** diz o que é\n**Supporting Evidence**: a primeira frase\n**Score**: 2",
    ],
)
def test_both_shapes_give_the_score_with_its_reasons(text: str) -> None:
    read = relevance(text)

    assert (read.score, read.criteria, read.evidence) == (2, "diz o que é", "a primeira frase")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "A resposta é boa.",
        "Score: 3 na escala de 0 a 3",
        "Criteria: a\nSupporting Evidence: b\nScore: 3 na escala de 0 a 3",
        "Criteria: a\nSupporting Evidence: b\nScore: 3/5",
        "Criteria: a\nSupporting Evidence: b\nScore: 3/10",
        "Criteria: a\nSupporting Evidence: b\nScore: 80%",
        "Criteria: a\nSupporting Evidence: b\nScore: 2 or 3",
        "Criteria: a\nSupporting Evidence: b\nScore: 2-3",
        "Criteria: a\nSupporting Evidence: b\nScore: 3 (very good)",
        "Criteria: a\nSupporting Evidence: b\nScore: 3 out of 4",
        "Criteria: a\nSupporting Evidence: b\nScore: 1\nScore: 3",
        "Criteria: a\nSupporting Evidence: b. Score: 1\nScore: três",
        "Criteria: a\nScore: 3\nSupporting Evidence: b\nScore: 1",
        "Criteria: a\nSupporting Evidence: b\nAnswerable: yes",
        "Criteria: a\nSupporting Evidence: b\nScore: 2.5",
        JSON[: len(JSON) // 2],
        JSON[:-1],
        JSON + JSON,
        f"Aqui está: {JSON}",
        f"{JSON}\nEspero ter ajudado!",
        f"[{JSON}]",
        JSON.replace("2", '"2"'),
        JSON.replace("2", "2.0"),
        JSON.replace("2", "true"),
        JSON.replace("2", "null"),
        JSON.replace("2", "NaN"),
        JSON.replace("2", "[2]"),
        '{"criteria": "a", "supporting_evidence": "b", "score": 1, "score": 3}',
        '{"criteria": "a", "criteria": "b", "supporting_evidence": "b", "score": 3}',
        '{"criteria": "a", "supporting_evidence": "b", "score": 3, "final_score": 1}',
        '{"criteria": "a", "score": 3}',
        '{"criteria": 3, "supporting_evidence": "b", "score": 3}',
        '{"criteria": " ", "supporting_evidence": "b", "score": 3}',
        "[" * 100_000,
    ],
)
def test_whatever_is_not_exactly_a_verdict_is_none(text: str) -> None:
    with pytest.raises(NoVerdict) as refused:
        relevance(text)

    assert refused.value.status == "parse_error"


@pytest.mark.parametrize(
    "written",
    ["2/3", "2 / 3", "2 out of 3", "2 de 3", "2.0", "2.0/3.0", "**2**", "**2/3**", "[[2]]", "[2]", "2/3.", "2 of 3"],
)
def test_a_score_out_of_three_is_certain(written: str) -> None:
    assert relevance(TEMPLATE.replace("2", written)).score == 2


@pytest.mark.parametrize("said", ["um\\u0000dois", "um\\ud800dois", "um\\u202edois", "um\\udfffdois"])
def test_what_a_database_refuses_is_taken_out_of_the_reasons(said: str) -> None:
    read = relevance(JSON.replace("a primeira frase", said))
    [row] = support(f'{{"references": [{{"number": 1, "quote": "{said}", "support": "full"}}]}}', [1])

    for text in (read.evidence, row.quote):
        assert text.replace("\N{REPLACEMENT CHARACTER}", "") == "umdois"
        text.encode()


@pytest.mark.parametrize("score", ["4", "-1", "10", "999999999"])
def test_a_score_out_of_range_is_never_clamped(score: str) -> None:
    for text in (JSON.replace("2", score), TEMPLATE.replace("2", score)):
        with pytest.raises(NoVerdict) as refused:
            relevance(text)
        assert refused.value.status == "out_of_range"


@pytest.mark.parametrize(
    "text",
    [
        "Sinto muito, mas não posso dar nota 3 a esta resposta.",
        "I'm sorry, but I can't rate this 2 out of 3.",
        "I cannot assist with that. Score: 3",
        "Desculpe, não consigo avaliar isso.",
    ],
)
def test_a_refusal_with_a_number_in_it_is_a_refusal(text: str) -> None:
    with pytest.raises(NoVerdict) as refused:
        relevance(text)

    assert refused.value.status == "refusal"


def test_a_verdict_that_speaks_of_regret_is_a_verdict() -> None:
    assert relevance(JSON.replace("a primeira frase", "I'm sorry is all it says")).score == 2


@given(st.text(max_size=200))
def test_any_text_is_a_verdict_or_unreadable(text: str) -> None:
    try:
        score = relevance(text).score
    except NoVerdict:
        return
    assert 0 <= score <= 3


WRITTEN = st.text(min_size=1).filter(lambda text: storable(text).strip())


@given(WRITTEN, WRITTEN, st.integers(0, 3))
def test_what_is_written_as_json_is_read_back(criteria: str, evidence: str, score: int) -> None:
    read = relevance(json.dumps({"criteria": criteria, "supporting_evidence": evidence, "score": score}))

    assert (read.criteria, read.evidence, read.score) == (storable(criteria), storable(evidence), score)


@pytest.mark.parametrize(
    ("text", "is_answerable"),
    [
        ('{"criteria": "a", "supporting_evidence": "b", "answerable": true}', True),
        ('{"criteria": "a", "supporting_evidence": "b", "answerable": false}', False),
        ("Criteria: a\nSupporting Evidence: b\nAnswerable: yes", True),
        ("Criteria: a\nSupporting Evidence: b\nAnswerable: No.", False),
    ],
)
def test_whether_passages_could_have_answered_is_read(text: str, *, is_answerable: bool) -> None:
    assert answerability(text).is_answerable is is_answerable


@pytest.mark.parametrize(
    "text",
    [
        '{"criteria": "a", "supporting_evidence": "b", "answerable": "yes"}',
        '{"criteria": "a", "supporting_evidence": "b", "answerable": 1}',
        "Criteria: a\nSupporting Evidence: b\nAnswerable: maybe",
        "Criteria: a\nSupporting Evidence: b\nScore: 1",
    ],
)
def test_half_a_decision_is_none(text: str) -> None:
    with pytest.raises(NoVerdict):
        answerability(text)


ROWS = (
    '{"references": [{"number": 2, "quote": "b", "support": "none"}, {"number": 1, "quote": "a", "support": "full"}]}'
)
LINES = "Reference: 1\nQuote: a\nSupport: full\n\nReference: 2\nQuote: b\nSupport: none\n"


@pytest.mark.parametrize("text", [ROWS, f"```json\n{ROWS}\n```", LINES])
def test_the_support_of_each_reference_is_read_in_the_order_asked_for(text: str) -> None:
    assert [(row.number, row.quote, row.support) for row in support(text, [1, 2])] == [
        (1, "a", "full"),
        (2, "b", "none"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        ROWS.replace('"number": 1', '"number": 3'),
        ROWS.replace('"number": 1', '"number": 2'),
        ROWS.replace('"number": 1', '"number": "1"'),
        ROWS.replace('"full"', '"yes"'),
        ROWS.replace('"quote": "a", ', ""),
        '{"references": []}',
        '{"references": {"number": 1}}',
        '{"references": [1, 2]}',
        LINES.replace("Reference: 2", "Reference: 1"),
        LINES + "Reference: 3\nQuote: c\nSupport: full",
        LINES.replace("Support: none", "Support: mostly"),
        LINES + "That is all.",
    ],
)
def test_references_that_were_not_asked_for_or_are_missing_make_it_unreadable(text: str) -> None:
    with pytest.raises(NoVerdict):
        support(text, [1, 2])
