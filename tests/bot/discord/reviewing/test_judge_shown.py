"""What the judge thinks is shown to staff on a press, and whether they looked is remembered."""

import json
from dataclasses import replace

import pytest

from bot.discord.messages import cards
from tests.bot.discord.conftest import Campus
from tests.bot.discord.desk import desk, said
from tests.bot.discord.made_up.reviews import JUDGED, OPINION


async def test_the_judge_is_shown_on_a_press_and_remembered(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await at.column(
            "insert into judgements (answer_id, course_id, kind, status, score, criteria, evidence, label,"
            " settings_version, model) select id, course_id, 'relevance', 'ok', 1, 'o porquê', 'falta', 'I', 0, 'juiz'"
            " from answers returning id"
        )
        card = await at.card()
        shown = await at.press(at.bia, card, "Ver o juiz")
        await at.press(at.bia, card, "Em parte")

        assert "0.33" in said(shown)
        assert "o porquê falta" in said(shown)
        assert await at.column("select judge_visible from annotations where role = 'staff'") == [True]


HEARD = (
    "insert into judgements (answer_id, course_id, kind, first_id, asked_for, settings_version, model, status, score,"
    " criteria, label, spread, is_split) select answer_id, course_id, 'second', id, 'threshold', 0, 'revisor', 'ok', 3,"
    " 'nada falta', 'C', 2, true from judgements"
)
UNHEARD = (
    "insert into judgements (answer_id, course_id, kind, first_id, asked_for, settings_version, model, status)"
    " select answer_id, course_id, 'second', id, 'threshold', 0, 'revisor', 'refusal' from judgements"
)


@pytest.mark.parametrize(
    ("heard", "shown_as"),
    [(HEARD, "**Uma segunda opinião:** 1.00 (nota 3 de 3)"), (UNHEARD, "ela não deu nota (refusal)")],
)
async def test_both_opinions_are_shown_on_a_press_and_neither_before(campus: Campus, heard: str, shown_as: str) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await at.change(
            "insert into judgements (answer_id, course_id, kind, status, score, criteria, label, settings_version,"
            " model) select id, course_id, 'relevance', 'ok', 1, 'o porquê', 'I', 0, 'juiz' from answers"
        )
        await at.change(heard)
        await at.change("insert into review_reasons (item_id, reason) select id, 'split_opinion' from review_items")
        card = await at.card()
        before = json.dumps(card.embeds, ensure_ascii=False)
        shown = said(await at.press(at.bia, card, "Ver o juiz"))

        assert "Uma segunda" not in before
        assert "divergem" not in before
        assert shown.index("0.33") < shown.index(shown_as)


async def test_a_label_given_blind_is_stored_as_blind(campus: Campus) -> None:
    async with desk(campus) as at:
        await at.disliked(await at.asked())
        await at.press(at.bia, await at.card(), "Em parte")

        assert await at.column("select judge_visible from annotations where role = 'staff'") == [False]


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (None, "could not say whether the passages are about the question (timeout)"),
        (1, "not about the question (score 1 of 3)"),
        (2, "**Passages:** about the question (score 2 of 3)"),
    ],
)
def test_a_card_says_in_a_line_what_is_known_of_the_passages(score: int | None, said: str) -> None:
    status = "timeout" if score is None else "ok"
    judged = replace(OPINION, context=replace(JUDGED, kind="context", score=score, status=status, label=None))

    assert said in (cards.opinion(judged, "en").description or "").splitlines()[-1]
