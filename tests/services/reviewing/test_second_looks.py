"""A second member of staff labels what another one has labelled, blind, and nothing else comes of it."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from db import digest_figures, judge_settings, reviews
from db.records import AnswerId, ItemId, JudgeSettings, Label
from db.weak_answers import weak_answers
from services.answering.ask import Asker
from services.answering.asked_before import Finder
from services.courses.people import People
from services.courses.privacy import Privacy
from services.errors import Refused
from services.judging import flags
from services.judging.rules import Rules
from services.research import export
from services.research.agreement import measure
from services.reviewing.annotate import Annotate
from services.reviewing.flagged import Card, Member, state
from services.reviewing.review import Review
from services.reviewing.second_looks import MOST_A_DAY, SecondLooks
from tests.locks import blocked
from tests.services.conftest import Desk
from tests.services.reviewing.test_review import BIA, Staffed, kind

CAIO = Member(id=8, key="caio")
LABELS: tuple[Label, ...] = get_args(Label)
EVERY = JudgeSettings(second_share=1.0)
OTHERS = ["O que a LSTM guarda?", "Para que serve a memória?", "O que encolhe?", "Onde o gradiente some?"]


class Pair(Staffed):
    """A course with two members of staff who label."""

    async def wants(self, share: float) -> None:
        async with self.desk.pool.connection() as conn:
            await judge_settings.add(conn, self.desk.course.id, replace(EVERY, second_share=share))

    async def tend(self) -> None:
        await SecondLooks(self.desk.pool).tend()

    async def labelled(self, who: Member, label: Label, *, question: str) -> AnswerId:
        """An answer that one of staff has labelled on an ordinary card."""
        answer = (await self.ask(question)).answer.id
        await self.review.label(self.desk.course.id, await self.flagged(answer), who, label, "en")
        return answer

    async def drawn(self, label: Label = "C") -> AnswerId:
        """An answer that Bia has labelled, in a course where Caio labels too."""
        await self.wants(0)
        await self.labelled(CAIO, "C", question="Quem foi Ada Lovelace?")
        await self.wants(1)
        return await self.labelled(BIA, label, question=QUESTION)

    async def opened(self, label: Label = "C") -> tuple[AnswerId, ItemId]:
        """The same with its card open for Caio."""
        answer = await self.drawn(label)
        await self.rest()
        await self.tend()
        [item] = await self.column("select id from review_items where settled_at is null")
        return answer, item

    async def rest(self) -> None:
        await self.change("update second_looks set drawn_at = drawn_at - interval '1 hour'")

    async def change(self, statement: str, *parameters: object) -> None:
        async with self.desk.pool.connection() as conn:
            await conn.execute(statement.encode(), parameters)

    async def values(self, query: str, *parameters: object) -> list[Any]:
        async with self.desk.pool.connection() as conn:
            return [row[0] for row in await (await conn.execute(query.encode(), parameters)).fetchall()]

    async def press(self, who: Member, item: ItemId, label: Label) -> None:
        await self.review.label(self.desk.course.id, item, who, label, "en")

    async def card(self, item: ItemId) -> Card:
        card = await self.review.card(self.desk.course.id, item)
        assert card is not None
        return card

    async def downvoted(self, answer: AnswerId) -> None:
        await Annotate(self.desk.pool).toggle(self.desk.course, answer, "ana", "down")


QUESTION = "Por que o gradiente encolhe nas redes recorrentes?"


async def exported(pair: Pair) -> list[dict[str, Any]]:
    parts = export.chunks(pair.desk.pool, pair.desk.course, form="jsonl", since=None, language=None)
    written = b"".join([part.data async for part in parts]).decode()
    return [json.loads(line) for line in written.splitlines()]


@pytest.fixture
async def pair(desk: Desk) -> Pair:
    desk.write("aula", "O gradiente encolhe nas redes recorrentes.", "A LSTM guarda uma memória.")
    await desk.take_in()
    asker = Asker(desk.pool, desk.retriever, None, finder=Finder(desk.pool, None))
    return Pair(desk=desk, asker=asker, review=Review(desk.pool, asker))


# The draw


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


async def test_an_answer_that_two_have_labelled_is_not_drawn(pair: Pair) -> None:
    await pair.wants(0)
    answer = await pair.labelled(CAIO, "C", question=QUESTION)
    await pair.wants(1)
    await pair.press(BIA, await pair.flagged(answer), "I")

    assert await pair.column("select answer_id from second_looks") == []


# The card


async def test_a_card_is_opened_an_hour_later_and_once(pair: Pair) -> None:
    await pair.drawn()
    await pair.tend()
    assert await pair.column("select id from review_items where settled_at is null") == []

    await pair.rest()
    await asyncio.gather(*(pair.tend() for _ in range(3)))
    await pair.tend()

    assert await pair.column("select count(*) from review_items where settled_at is null") == [1]
    assert await pair.column("select reason from review_reasons where reason = 'second_look'") == ["second_look"]


async def test_a_day_has_so_many_and_the_others_wait_for_the_next(pair: Pair) -> None:
    await pair.drawn()
    for question in OTHERS[:MOST_A_DAY]:
        await pair.labelled(BIA, "C", question=question)
    await pair.rest()
    await asyncio.gather(*(pair.tend() for _ in range(3)))
    opened = "select count(opened_at) from second_looks"

    assert await pair.column("select count(*) from second_looks where is_drawn") == [MOST_A_DAY + 1]
    assert await pair.column(opened) == [MOST_A_DAY]
    await pair.change("update second_looks set opened_at = opened_at - interval '1 day'")
    await pair.tend()
    assert await pair.column(opened) == [MOST_A_DAY + 1]


async def test_nothing_is_opened_beside_an_open_card(pair: Pair) -> None:
    answer = await pair.drawn()
    await pair.rest()
    await pair.flagged(answer)
    await pair.tend()

    assert await pair.column("select opened_at from second_looks") == [None]


async def test_who_labelled_first_neither_finds_nor_settles_it(pair: Pair) -> None:
    _, item = await pair.opened()
    course = pair.desk.course
    acts = [
        pair.review.label(course.id, item, BIA, "I", "en"),
        pair.review.take(course.id, item, BIA, "en"),
        pair.review.dismiss(course.id, item, BIA, "en"),
        pair.review.assign(course.id, item, CAIO, BIA, "en"),
    ]
    for act in acts:
        with pytest.raises(Refused, match="the second look is for somebody else on staff"):
            await act

    assert await pair.review.next(course, BIA) is None
    assert await pair.review.next(course, CAIO) == item
    assert await pair.column("select label from annotations where annotator_key = 'bia'") == ["C"]


async def test_it_is_the_last_of_what_is_open(pair: Pair) -> None:
    _, item = await pair.opened()
    audited = (await pair.ask(OTHERS[0])).answer.id
    async with pair.desk.pool.connection() as conn:
        await reviews.flag(conn, course=pair.desk.course.id, answer=audited, reason="audit")

    assert [one.reasons for one in await pair.review.open(pair.desk.course)] == [["audit"], ["second_look"]]
    assert await pair.review.next(pair.desk.course, CAIO) != item


@pytest.mark.parametrize("first", LABELS)
@pytest.mark.parametrize("second", LABELS)
async def test_a_second_label_is_a_label_and_nothing_else(pair: Pair, first: Label, second: Label) -> None:
    answer, item = await pair.opened(first)
    before = await pair.now(answer)
    shown = await pair.column("select wanted from showings order by id")
    assert (await pair.card(item)).item.is_second_look

    await pair.press(CAIO, item, second)

    assert kind(await pair.now(answer)) == kind(before) == ("under_review" if first == "I" else None)
    assert await pair.column("select wanted from showings order by id") == shown
    assert await pair.values("select label from annotations where answer_id = %s order by id", answer) == [
        first,
        second,
    ]
    assert await pair.column("select outcome from second_looks where item_id is not null") == ["labelled"]
    cards = [(await pair.card(one)).item for one in await pair.column("select id from review_items order by id")][1:]
    assert [one.verdict for one in cards] == [first, "second"]
    assert [one.are_labels_opposed for one in cards] == [{first, second} == {"C", "I"}] * 2
    assert not any(one.is_second_awaited for one in cards)


async def test_a_second_label_is_blind_unless_its_giver_has_looked(pair: Pair) -> None:
    answer, item = await pair.opened()
    # That somebody else has looked does not count.
    [first] = await pair.values("select id from review_items where answer_id = %s and settled_at is not null", answer)
    await pair.review.opinion(pair.desk.course.id, first, BIA, "en")
    await pair.press(CAIO, item, "C")

    seen = "select judge_visible from annotations where answer_id = %s order by id"
    assert await pair.values(seen, answer) == [False, False]


async def test_a_second_label_of_somebody_who_has_looked_is_not_blind(pair: Pair) -> None:
    answer, item = await pair.opened()
    await pair.review.opinion(pair.desk.course.id, item, CAIO, "en")
    await pair.press(CAIO, item, "C")

    assert await pair.values("select judge_visible from annotations where answer_id = %s order by id", answer) == [
        False,
        True,
    ]


async def test_the_ceiling_finds_the_labels(pair: Pair) -> None:
    _, item = await pair.opened("C")
    await pair.press(CAIO, item, "I")

    groups = (await measure(pair.desk.pool, pair.desk.course)).groups
    assert groups["staff, each other"].n == 1
    assert groups["staff, each other"].agreement == 0
    assert groups["staff, judge seen"].labelled == 0


@pytest.mark.parametrize("by", ["label", "dismissal"])
async def test_no_figure_tells_the_first_label_until_nobody_is_to_give_a_second(pair: Pair, by: str) -> None:
    answer, item = await pair.opened("I")
    before = await measure(pair.desk.pool, pair.desk.course)
    voices, weak = await _told(pair)

    assert (before.groups["by staff"].labelled, before.untold) == (1, 1)  # Caio's, on another answer
    assert (voices.staff, voices.untold, weak) == ({"C": 1}, 1, 0)

    course = pair.desk.course.id
    await pair.review.look_again(course, item, CAIO, "I" if by == "label" else None, "en")
    await pair.tend()
    after = await measure(pair.desk.pool, pair.desk.course)
    voices, weak = await _told(pair)

    assert (after.groups["by staff"].labelled, after.untold) == (2, 0)
    assert (voices.staff["I"], voices.untold, weak) == (2 if by == "label" else 1, 0, 1)
    assert await pair.values("select count(*) from told_annotations where answer_id = %s", answer) == [
        voices.staff["I"]
    ]


async def test_the_first_label_is_not_told_until_the_second_is_there(pair: Pair) -> None:
    answer = await pair.drawn("I")
    [first] = await pair.values("select id from review_items where answer_id = %s", answer)
    assert (await pair.card(first)).item.is_second_awaited
    await pair.rest()
    await pair.tend()
    assert (await pair.card(first)).item.is_second_awaited
    before = await pair.values("select card_version from review_items where id = %s", first)

    [item] = await pair.column("select id from review_items where settled_at is null")
    await pair.press(CAIO, item, "I")

    assert not (await pair.card(first)).item.is_second_awaited
    assert await pair.values("select card_version from review_items where id = %s", first) > before


async def test_an_answer_whose_label_a_card_has_told_is_not_drawn(pair: Pair) -> None:
    await pair.wants(0)
    answer = await pair.labelled(BIA, "I", question=QUESTION)
    await pair.labelled(CAIO, "C", question="Quem foi Ada Lovelace?")
    await pair.wants(1)
    await pair.press(BIA, await pair.flagged(answer), "I")

    assert await pair.column("select answer_id from second_looks") == []


# What happens meanwhile


@pytest.mark.parametrize("reason", ["called", "voted_down"])
async def test_with_another_reason_it_is_an_ordinary_card(pair: Pair, reason: str) -> None:
    answer, item = await pair.opened("C")
    if reason == "called":
        await Annotate(pair.desk.pool).call_staff(pair.desk.course, answer)
    else:
        await pair.downvoted(answer)
    assert not (await pair.card(item)).item.is_second_look
    assert await pair.review.next(pair.desk.course, BIA) == item
    await pair.press(CAIO, item, "I")
    await pair.tend()

    assert kind(await pair.now(answer)) == "under_review"
    assert await pair.column("select verdict from review_items order by id") == ["C", "C", "I"]
    assert await pair.column("select outcome from second_looks where item_id is not null") == ["withdrawn"]


async def test_a_vote_that_is_withdrawn_leaves_the_second_look(pair: Pair) -> None:
    answer, item = await pair.opened("C")
    await pair.downvoted(answer)
    await pair.downvoted(answer)

    assert (await pair.card(item)).item.is_second_look
    await pair.press(CAIO, item, "I")
    assert kind(await pair.now(answer)) is None
    # In between anybody could look: the label counts, and not as one that was given blind.
    assert await pair.values("select label from annotations where answer_id = %s order by id", answer) == ["C", "I"]
    assert await pair.values("select outcome from second_looks where answer_id = %s", answer) == ["withdrawn"]


async def test_a_call_in_the_moment_of_opening_is_an_ordinary_card(pair: Pair) -> None:
    answer = await pair.drawn()
    await pair.rest()
    course = pair.desk.course.id
    async with pair.desk.pool.connection() as calling:
        await reviews.flag(calling, course=course, answer=answer, reason="called")
        opening = asyncio.create_task(pair.tend())
        await blocked(pair.desk.pool, "select from answers")
    await opening

    assert await pair.values("select opened_at from second_looks where answer_id = %s", answer) == [None]
    assert await pair.column("select reason from review_reasons where reason = 'second_look'") == []


async def test_what_students_said_after_the_first_label_still_counts_after_the_second(pair: Pair) -> None:
    answer, item = await pair.opened("C")
    await Annotate(pair.desk.pool).toggle(pair.desk.course, answer, "ana", "up")
    await pair.press(CAIO, item, "C")
    await pair.change(
        "insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model)"
        " values (%s, %s, 'relevance', 'ok', 0, 'I', 0, 'm')",
        answer,
        pair.desk.course.id,
    )
    async with pair.desk.pool.connection() as conn:
        await flags.by_votes(conn, course=pair.desk.course.id, answer=answer)

    [again] = await pair.review.open(pair.desk.course)
    assert again.reasons == ["vote_against_judge"]


@pytest.mark.parametrize("has_card", [False, True])
async def test_words_of_staff_take_it_back(pair: Pair, *, has_card: bool) -> None:
    answer, item = await pair.opened("I")
    if has_card:
        await pair.change("update review_items set card_message_id = 1, card_channel_id = 2 where id = %s", item)
    [first] = await pair.values("select min(id) from review_items where answer_id = %s", answer)
    card = await pair.card(first)
    await pair.review.correct(
        pair.desk.course.id, first, BIA, text="Diferente [1].", label="I", opened=state(card.item, None), reader="en"
    )

    assert await pair.values("select verdict from review_items where id = %s", item) == (["gone"] if has_card else [])
    assert await pair.column("select outcome from second_looks") == ["withdrawn"]
    assert kind(await pair.now(answer)) == "verified"


async def test_words_that_are_written_before_the_card_leave_none_to_open(pair: Pair) -> None:
    answer = await pair.drawn("I")
    await pair.correct(answer)
    await pair.rest()
    await pair.tend()

    assert await pair.column("select id from review_items where settled_at is null") == []
    assert await pair.column("select outcome from second_looks") == ["withdrawn"]


async def test_words_that_staff_keep_from_a_message_leave_none_to_open(pair: Pair) -> None:
    answer = await pair.drawn()
    await pair.change(
        "insert into verified_answers (course_id, answer_id, question, language, text, verified_by)"
        " values (%s, %s, 'O que é?', 'pt', 'É isso.', 'caio')",
        pair.desk.course.id,
        answer,
    )
    await pair.rest()
    await pair.tend()
    await pair.tend()

    assert await pair.column("select outcome from second_looks") == ["withdrawn"]
    assert await pair.column("select id from review_items where settled_at is null") == []


@pytest.mark.parametrize("is_taken", [False, True])
@pytest.mark.parametrize("has_card", [False, True])
async def test_it_is_taken_back_after_two_weeks(pair: Pair, *, has_card: bool, is_taken: bool) -> None:
    _, item = await pair.opened()
    if has_card:
        await pair.change("update review_items set card_message_id = 1, card_channel_id = 2 where id = %s", item)
    if is_taken:
        await pair.review.take(pair.desk.course.id, item, CAIO, "en")
    await pair.change("update second_looks set opened_at = opened_at - interval '14 days'")
    await pair.tend()
    await pair.tend()

    left: list[Any] = [None] if is_taken else ["gone"] if has_card else []
    assert await pair.values("select verdict from review_items where id = %s", item) == left
    assert await pair.column("select outcome from second_looks") == [None if is_taken else "withdrawn"]
    if has_card and not is_taken:
        assert (await pair.card(item)).item.is_second_look


async def test_what_was_drawn_and_never_had_room_lapses_too(pair: Pair) -> None:
    await pair.drawn()
    await pair.change("update second_looks set drawn_at = drawn_at - interval '14 days'")
    await pair.tend()

    assert await pair.column("select outcome from second_looks") == ["withdrawn"]
    assert await pair.column("select id from review_items where settled_at is null") == []


async def test_none_comes_after_it_was_switched_off(pair: Pair) -> None:
    answer = await pair.drawn("I")
    [first] = await pair.values("select id from review_items where answer_id = %s", answer)
    await pair.wants(0)
    await pair.rest()
    await pair.tend()

    assert await pair.column("select id from review_items where settled_at is null") == []
    assert await pair.column("select outcome from second_looks where is_drawn") == ["withdrawn"]
    assert not (await pair.card(first)).item.is_second_awaited


async def test_it_ends_when_it_is_dismissed(pair: Pair) -> None:
    answer, item = await pair.opened("I")
    await pair.review.dismiss(pair.desk.course.id, item, CAIO, "en")
    await pair.tend()

    assert await pair.column("select outcome from second_looks") == ["withdrawn"]
    assert kind(await pair.now(answer)) == "under_review"


async def test_a_first_label_that_is_deleted_takes_it_back(pair: Pair) -> None:
    people = People(pair.desk.pool)
    bia = Member(id=BIA.id, key=await people.key(pair.desk.course, BIA.id))
    answer, item = await pair.opened()
    await pair.change("update annotations set annotator_key = %s where annotator_key = 'bia'", bia.key)
    await Privacy(pair.desk.pool, people).forget(BIA.id, None)
    await pair.tend()

    assert await pair.values("select id from review_items where id = %s", item) == []
    assert await pair.values("select outcome from second_looks where answer_id = %s", answer) == ["withdrawn"]


@pytest.mark.parametrize("who", [BIA, CAIO])
async def test_a_label_that_is_deleted_later_leaves_no_second_look(pair: Pair, who: Member) -> None:
    people = People(pair.desk.pool)
    answer, item = await pair.opened()
    await pair.press(CAIO, item, "I")
    key = await people.key(pair.desk.course, who.id)
    await pair.change("update annotations set annotator_key = %s where annotator_key = %s", key, who.key)
    await Privacy(pair.desk.pool, people).forget(who.id, None)

    assert await pair.values("select outcome from second_looks where answer_id = %s", answer) == ["withdrawn"]
    [line] = [line for line in await exported(pair) if line["answer_id"] == answer]
    assert line["second_look"]["state"] == "withdrawn"
    assert len(line["annotations"]) == 1


async def test_it_goes_with_its_question(pair: Pair) -> None:
    await pair.opened()
    await pair.change("delete from questions")
    await pair.tend()

    assert await pair.column("select answer_id from second_looks") == []
    assert await pair.column("select id from review_items") == []


# What is counted


async def test_it_is_no_weak_answer_in_stats_and_digest(pair: Pair) -> None:
    _, item = await pair.opened()
    before = await _counted(pair)
    assert before["stats"] == (0, None, 2)
    await pair.change("update review_items set opened_at = opened_at - interval '9 days' where id = %s", item)
    assert await _counted(pair) == before

    await pair.press(CAIO, item, "C")

    after = await _counted(pair)
    assert after == before
    assert (await pair.review.standing(pair.desk.course)).by_reason["second_look"] == (0, 1)


async def test_one_that_is_taken_back_is_none_either(pair: Pair) -> None:
    _, item = await pair.opened()
    before = await _counted(pair)
    await pair.change("update review_items set card_message_id = 1, card_channel_id = 2 where id = %s", item)
    await pair.change("update second_looks set opened_at = opened_at - interval '14 days'")
    await pair.tend()

    assert await _counted(pair) == before


async def _counted(at: Pair) -> dict[str, Any]:
    now = datetime.now(UTC)
    whole = (await at.review.standing(at.desk.course)).whole
    async with at.desk.pool.connection() as conn:
        span = digest_figures.Span(
            course=at.desk.course.id, start=now - timedelta(days=30), end=now + timedelta(hours=1)
        )
        told = await digest_figures.reviewed(conn, span)
    return {
        "stats": (whole.open, whole.oldest_s, whole.settled),
        "digest": (told.opened, told.settled, told.open_now, told.oldest_open_s),
    }


async def _told(pair: Pair) -> tuple[digest_figures.Voices, int]:
    """What a digest of today would say of labels, and how many weak answers it would count."""
    now = datetime.now(UTC)
    course = pair.desk.course.id
    span = digest_figures.Span(course=course, start=now - timedelta(days=1), end=now + timedelta(days=1))
    async with pair.desk.pool.connection() as conn:
        voices = await digest_figures.voices(conn, span)
        return voices, len(await weak_answers(conn, course=course, flag_below=2))


async def test_the_share_is_a_versioned_rule(pair: Pair) -> None:
    rules = Rules(pair.desk.pool)
    assert (await rules.of(pair.desk.course)).second_share == 0.1

    changed = await rules.change(pair.desk.course, {"second_share": 0.25})

    assert (changed.version, (await rules.of(pair.desk.course)).second_share) == (1, 0.25)
    with pytest.raises(Refused, match=r"The share 1\.5 of answers to be labelled twice is none"):
        await rules.change(pair.desk.course, {"second_share": 1.5})
