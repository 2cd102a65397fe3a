"""Which labelled answers are drawn for a second look, with which probability."""

import pytest

from services.courses.judge_settings import CourseJudging
from services.errors import Refused
from services.reviewing.annotate import Annotate
from tests.services.reviewing.second_looks.looked import CAIO, Pair
from tests.services.reviewing.staffed import BIA, QUESTION


async def test_what_is_drawn_is_kept_with_its_probability_and_decided_once(pair: Pair) -> None:
    answer = await pair.drawn()
    await pair.wants(0.5)
    await pair.press(BIA, await pair.flagged(answer), "P")

    assert await pair.column("select array[answer_id, probability::int, is_drawn::int] from second_looks") == [
        [answer, 1, 1]
    ]


async def test_what_is_not_drawn_is_kept_too_and_never_opened(pair: Pair) -> None:
    await pair.wants(1e-12)
    await pair.labelled(CAIO, "C", question="Quem foi Ada Lovelace?")
    await pair.labelled(BIA, "C", question=QUESTION)
    await pair.rest()
    await pair.tend()

    assert await pair.column("select is_drawn from second_looks") == [False]
    assert await pair.column("select id from review_items where settled_at is null") == []


async def test_a_share_of_nothing_draws_nothing(pair: Pair) -> None:
    await pair.wants(0)
    await pair.labelled(CAIO, "C", question="Quem foi Ada Lovelace?")
    await pair.labelled(BIA, "C", question=QUESTION)

    assert await pair.column("select answer_id from second_looks") == []


@pytest.mark.parametrize(
    "other",
    [
        "delete from annotations",
        "update annotations set changed_at = now() - interval '31 days'",
        "update annotations set annotator_key = 'dossier'",
        "update annotations set role = 'student'",
        "update annotations set annotator_key = 'bia'",
    ],
)
async def test_a_course_in_which_one_person_labels_is_left_alone(pair: Pair, other: str) -> None:
    await pair.wants(0)
    await pair.labelled(CAIO, "C", question="Quem foi Ada Lovelace?")
    await pair.change(other)
    await pair.wants(1)
    await pair.labelled(BIA, "C", question=QUESTION)

    assert await pair.column("select answer_id from second_looks") == []


async def test_a_card_waits_while_the_only_other_person_has_not_labelled_lately(pair: Pair) -> None:
    await pair.drawn()
    await pair.rest()
    await pair.change("update annotations set changed_at = now() - interval '31 days' where annotator_key = 'caio'")
    await pair.tend()

    assert await pair.column("select id from review_items where settled_at is null") == []


@pytest.mark.parametrize("how", ["dismissed", "corrected", "approved", "held", "repeated", "retired"])
async def test_what_staff_did_not_settle_by_a_label_of_its_own_words_is_not_drawn(pair: Pair, how: str) -> None:
    await pair.wants(1)
    await pair.labelled(CAIO, "C", question="Quem foi Ada Lovelace?")
    match how:
        case "dismissed":
            await pair.dismiss((await pair.ask()).answer.id)
        case "approved":
            await pair.hold("answered")
            await pair.decide((await pair.ask()).answer.id, approved=True)
        case "held":
            answer = (await pair.ask()).answer.id
            await pair.change("update answers set held = 'approved' where id = %s", answer)
            await pair.press(BIA, await pair.flagged(answer), "C")
        case _:
            answer = (await pair.ask()).answer.id
            await pair.correct(answer)
            if how == "repeated":
                await pair.labelled(BIA, "C", question=QUESTION)
            if how == "retired":
                await pair.retire()
                await pair.press(BIA, await pair.flagged(answer), "C")

    assert await pair.column("select answer_id from second_looks") == []


async def test_an_answer_that_another_has_labelled_without_a_card_is_not_drawn(pair: Pair) -> None:
    await pair.wants(1)
    answer = (await pair.ask()).answer.id
    await Annotate(pair.desk.pool).label(pair.desk.course, answer, CAIO.key, "C", judge_visible=False)
    await pair.press(BIA, await pair.flagged(answer), "I")

    assert await pair.column("select answer_id from second_looks") == []


async def test_an_answer_whose_label_a_card_has_told_is_not_drawn(pair: Pair) -> None:
    await pair.wants(0)
    answer = await pair.labelled(BIA, "I", question=QUESTION)
    await pair.labelled(CAIO, "C", question="Quem foi Ada Lovelace?")
    await pair.wants(1)
    await pair.press(BIA, await pair.flagged(answer), "I")

    assert await pair.column("select answer_id from second_looks") == []


async def test_the_share_is_a_versioned_rule(pair: Pair) -> None:
    rules = CourseJudging(pair.desk.pool)
    assert (await rules.of(pair.desk.course)).second_share == 0.1

    changed = await rules.change(pair.desk.course, {"second_share": 0.25})

    assert (changed.version, (await rules.of(pair.desk.course)).second_share) == (1, 0.25)
    with pytest.raises(Refused, match=r"The share 1\.5 of answers to be labelled twice is none"):
        await rules.change(pair.desk.course, {"second_share": 1.5})
