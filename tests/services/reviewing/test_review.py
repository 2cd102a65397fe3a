"""What the verdicts of staff mean for an answer, for words of theirs, and for whoever asks the same."""

from typing import Any, Literal

import pytest

from db.records import AnswerId, Course
from services.answering.ask import Asker
from services.answering.asked_before import Evidence, Finder, Known
from tests.services.reviewing.staffed import WORDS, Staffed, kind

Which = Literal["own", "repeated"]


async def verified_pair(at: Staffed, *, held: bool) -> dict[Which, AnswerId]:
    """An answer with words of staff, by correction or by approval, and another one that repeats them."""
    if held:
        await at.hold("answered")
        own = (await at.ask()).answer.id
        await at.decide(own, approved=True)
    else:
        own = (await at.ask()).answer.id
        await at.correct(own)
    repeated = await at.ask()
    assert kind(repeated) == "verified"
    return {"own": own, "repeated": repeated.answer.id}


VERDICTS = {  # of verified words: how they stand afterwards, and whether they are served
    "C": ("verified", True),
    "P": ("verified", True),
    "I": ("under_review", False),
    "dismissed": ("verified", True),
}


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("which", ["own", "repeated"])
@pytest.mark.parametrize("verdict", VERDICTS)
async def test_a_verdict_on_verified_words_counts_wherever_they_stand(
    staffed: Staffed, verdict: Any, which: Which, held: bool
) -> None:
    pair = await verified_pair(staffed, held=held)
    before = await staffed.column("select sum(wanted)::int from showings")
    await (staffed.dismiss(pair[which]) if verdict == "dismissed" else staffed.label(pair[which], verdict))

    stands, is_served = VERDICTS[verdict]
    assert [kind(await staffed.now(one)) for one in pair.values()] == [stands, stands]
    if verdict == "I":
        assert all(one > 1 for one in await staffed.column("select wanted from showings")), (
            "a message that shows the words is not edited"
        )
    else:
        assert await staffed.column("select sum(wanted)::int from showings") == before
    again = await staffed.ask()
    assert (kind(again) == "verified") is is_served


@pytest.mark.parametrize("which", ["own", "repeated"])
@pytest.mark.parametrize("then", ["C", "P", "I", "dismissed", "edited", "retired"])
async def test_doubted_words_are_restored_by_correct_and_by_a_correction_alone(
    staffed: Staffed, which: Which, then: Any
) -> None:
    pair = await verified_pair(staffed, held=False)
    await staffed.label(pair["own"], "I")
    match then:
        case "dismissed":
            await staffed.dismiss(pair[which])
        case "edited":
            await staffed.correct(pair[which], "O gradiente diminui a cada passo [1].")
        case "retired":
            await staffed.retire()
        case _:
            await staffed.label(pair[which], then)

    stands = [kind(await staffed.now(one)) for one in pair.values()]
    if then in ("C", "edited"):
        assert stands == ["verified", "verified"]
        assert kind(await staffed.ask()) == "verified"
    elif then == "retired":
        assert stands == ["under_review", "retired"]
    else:
        assert stands == ["under_review", "under_review"]
        assert kind(await staffed.ask()) != "verified"


async def test_a_card_that_is_opened_again_changes_nothing_by_itself(staffed: Staffed) -> None:
    pair = await verified_pair(staffed, held=False)
    await staffed.flagged(pair["own"])

    assert [kind(await staffed.now(one)) for one in pair.values()] == ["verified", "verified"]
    assert kind(await staffed.ask()) == "verified"


async def test_the_record_says_which_words_were_retired_when_their_answer_has_gone(staffed: Staffed) -> None:
    answer = (await staffed.ask()).answer.id
    await staffed.correct(answer)
    [number] = await staffed.column("select id from verified_answers")
    await staffed.column("delete from questions returning id")

    await staffed.retire()

    assert await staffed.column("select answer_id from staff_actions where action = 'retire'") == [None]
    assert await staffed.column("select before->>'verified' from staff_actions where action = 'retire'") == [
        str(number)
    ]


async def test_words_that_are_retired_under_hold_do_not_let_out_what_was_never_approved(staffed: Staffed) -> None:
    await staffed.hold("answered")
    own = (await staffed.ask()).answer.id
    await staffed.correct(own)
    assert (await staffed.now(own)).answer.text == WORDS
    await staffed.retire()

    reply = await staffed.now(own)
    assert (kind(reply), reply.answer.text, reply.references, reply.hits) == ("retired", "", (), ())


@pytest.mark.parametrize("approved", [None, False])
async def test_what_is_held_back_has_no_words_passages_or_votes_for_anybody_but_staff(
    staffed: Staffed, approved: bool | None
) -> None:
    await staffed.hold("answered")
    answer = (await staffed.ask()).answer.id
    if approved is False:
        await staffed.decide(answer, approved=False)

    reply = await staffed.now(answer)
    examined = await staffed.asker.examine(staffed.desk.course.id, answer)
    assert (reply.answer.text, reply.references, reply.hits) == ("", (), ())
    assert not reply.may_be_voted_on
    assert examined is not None
    assert "encolhe" in examined[1].answer.text
    assert examined[1].references


async def test_hold_is_decided_when_the_answer_is_stored(staffed: Staffed) -> None:
    """Switched on after the question came and before its answer was stored."""

    class Slow(Finder):
        async def find(self, course: Course, question: str, language: str) -> Known | Evidence | None:
            await staffed.hold("answered")
            return await super().find(course, question, language)

    asker = Asker(staffed.desk.pool, staffed.desk.retriever, None, finder=Slow(staffed.desk.pool, None))
    staffed.asker = asker

    assert kind(await staffed.ask()) == "waiting"


async def test_words_for_a_further_try_are_served_to_nobody_who_asks(staffed: Staffed) -> None:
    first = await staffed.ask()
    async with staffed.desk.pool.connection() as conn:
        await conn.execute("update questions set again = 'simpler'")
    await staffed.correct(first.answer.id, "O gradiente diminui a cada passo [1].")
    assert kind(await staffed.now(first.answer.id)) == "verified"

    assert kind(await staffed.ask()) != "verified"
    async with staffed.desk.pool.connection() as conn:
        await conn.execute("delete from questions")
    assert kind(await staffed.ask()) != "verified"
