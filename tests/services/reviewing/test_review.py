"""What the verdicts of staff mean for an answer, for words of theirs, and for whoever asks the same."""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from db import reviews
from db.records import AnswerId, Course, Destination, ItemId, Label, Outcome
from services.answering.ask import Asker
from services.answering.asked import Asked
from services.answering.asked_before import Evidence, Finder, Known, VerifiedAnswers
from services.answering.replies import Reply
from services.courses.places import Spaces
from services.reviewing.flagged import Member, state
from services.reviewing.review import Review
from tests.services.conftest import Desk

QUESTION = "Por que o gradiente encolhe nas redes recorrentes?"
WORDS = "O gradiente é multiplicado a cada passo [1]."
BIA = Member(id=7, key="bia")
Which = Literal["own", "repeated"]


@dataclass
class Staffed:
    """A course with one lecture, its asker and its staff."""

    desk: Desk
    asker: Asker
    review: Review
    ids: int = 840000000000000000

    async def ask(self, text: str = QUESTION) -> Reply:
        self.ids += 1
        to = Destination(guild_id=1, channel_id=2, message_id=self.ids, token=None, is_private=False, language="pt-BR")
        asked = Asked(
            course=self.desk.course, text=text, source="discord", source_id=f"message:{self.ids}", destination=to
        )
        async with aclosing(self.asker.ask(asked)) as parts:
            reply = [part async for part in parts][-1]
        assert isinstance(reply, Reply)
        return reply

    async def flagged(self, answer: AnswerId) -> ItemId:
        course = self.desk.course.id
        async with self.desk.pool.connection() as conn:
            await reviews.flag(conn, course=course, answer=answer, reason="called")
            found = await conn.execute("select max(id) from review_items where answer_id = %s", [answer])
            row = await found.fetchone()
        assert row is not None
        return ItemId(row[0])

    async def label(self, answer: AnswerId, label: Label) -> None:
        await self.review.label(self.desk.course.id, await self.flagged(answer), BIA, label, "en")

    async def dismiss(self, answer: AnswerId) -> None:
        await self.review.dismiss(self.desk.course.id, await self.flagged(answer), BIA, "en")

    async def correct(self, answer: AnswerId, text: str = WORDS) -> None:
        item = await self.flagged(answer)
        card = await self.review.card(self.desk.course.id, item)
        assert card is not None
        opened = state(card.item, card.verified)
        await self.review.correct(self.desk.course.id, item, BIA, text=text, label="I", opened=opened, reader="en")

    async def decide(self, answer: AnswerId, *, approved: bool) -> None:
        item = await self.flagged(answer)
        await self.review.decide(self.desk.course.id, item, BIA, approved=approved, reader="en")

    async def retire(self) -> None:
        [number] = await self.column("select id from verified_answers")
        assert await VerifiedAnswers(self.desk.pool).retire(self.desk.course, number, BIA.key)

    async def hold(self, *outcomes: Outcome) -> None:
        await Spaces(self.desk.pool).change(self.desk.course, holds=outcomes)

    async def now(self, answer: AnswerId) -> Reply:
        recalled = await self.asker.recall(self.desk.course.id, answer)
        assert recalled is not None
        return recalled[1]

    async def column(self, query: str) -> list[Any]:
        async with self.desk.pool.connection() as conn:
            return [row[0] for row in await (await conn.execute(query.encode())).fetchall()]


@pytest.fixture
async def staffed(desk: Desk) -> Staffed:
    desk.write("aula", "O gradiente encolhe nas redes recorrentes.", "A LSTM guarda uma memória.")
    await desk.take_in()
    asker = Asker(desk.pool, desk.retriever, None, finder=Finder(desk.pool, None))
    return Staffed(desk=desk, asker=asker, review=Review(desk.pool, asker))


def kind(reply: Reply) -> str | None:
    return reply.mark.kind if reply.mark else None


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
