"""What students see of an answer whose lecture is put off after it was given: nothing, until that is there again."""

from itertools import count
from typing import LiteralString

import pytest

from db import questions, verified
from db.records import Destination
from services.answering import released
from services.answering.replies import Reply
from services.answering.showings import Showings
from services.courses.people import People
from services.courses.privacy import Privacy
from services.errors import Refused
from tests.services.answering.room import Room, answered

HIDDEN = "encolhe"
IDS = count(870000000000000000)
PUT_OFF: LiteralString = "update lectures set released_at = now() + interval '1 day' where slug = 'rnn'"
OPEN: LiteralString = "update lectures set released_at = now() - interval '1 day' where slug = 'rnn'"


async def change(room: Room, statement: LiteralString) -> None:
    async with room.pool.connection() as conn:
        await conn.execute(statement)


async def asked_here(room: Room) -> Reply:
    """An answer from the lecture, as it stands in a channel."""
    message = next(IDS)
    where = Destination(guild_id=1, channel_id=2, message_id=message, token=None, is_private=False, language="pt-BR")
    key = await People(room.pool).key(room.course, 7)
    _, reply = await answered(room.asker(), room.asked(asker_key=key, source_id=str(message), destination=where))
    assert reply.showing is not None
    await Showings(room.pool).sent(reply.showing, 0, message + 1)
    await Showings(room.pool).arrived(reply.showing, count=1, shows_question=False)
    assert HIDDEN in reply.answer.text
    assert {one.lecture for one in reply.references} == {"rnn"}
    return reply


async def now(room: Room, reply: Reply) -> Reply:
    recalled = await room.asker().recall(room.course.id, reply.answer.id)
    assert recalled is not None
    return recalled[1]


async def test_nothing_of_it_is_shown_until_the_lecture_is_there_again(room: Room) -> None:
    reply = await asked_here(room)
    await change(room, PUT_OFF)
    hidden = await now(room, reply)

    assert (hidden.answer.text, hidden.references, hidden.hits, hidden.may_be_seen) == ("", (), (), False)
    assert "não está liberada" in released.instead(hidden.mark, "pt-BR")

    await change(room, OPEN)
    assert (await now(room, reply)).references == reply.references


async def test_staff_see_it_all_the_same(room: Room) -> None:
    reply = await asked_here(room)
    await change(room, PUT_OFF)
    examined = await room.asker().examine(room.course.id, reply.answer.id)

    assert examined is not None
    assert (examined[1].references, examined[1].hits) == (reply.references, reply.hits)


async def test_passages_of_it_are_not_among_those_of_an_answer_from_elsewhere(room: Room) -> None:
    reply = await asked_here(room)
    await change(room, PUT_OFF)
    await change(room, "delete from answer_references")
    shown = await now(room, reply)

    assert shown.may_be_seen
    assert "rnn" in {hit.lecture for hit in reply.hits}
    assert "rnn" not in {hit.lecture for hit in shown.hits}


async def test_words_of_staff_that_cite_it_are_not_shown_either(room: Room) -> None:
    reply = await asked_here(room)
    async with room.pool.connection() as conn:
        stored = await verified.put(
            conn,
            course=room.course.id,
            answer=reply.answer.id,
            question=reply.question,
            language="pt",
            text="Encolhe [1].",
            verified_by="t",
        )
        await verified.put_references(conn, course=room.course.id, verified=stored, references=reply.references)
    await change(room, PUT_OFF)

    assert not (await now(room, reply)).may_be_seen


async def test_no_other_try_goes_on_from_it_and_no_model_is_told_of_it(room: Room) -> None:
    reply = await asked_here(room)
    await change(room, PUT_OFF)
    key = await People(room.pool).key(room.course, 7)
    again = room.asked(asker_key=key, source_id="again", follows=reply.answer.question_id, again="other")
    with pytest.raises(Refused):
        await answered(room.asker(), again)
    async with room.pool.connection() as conn:
        before = await questions.conversation(conn, course=room.course.id, last=reply.answer.question_id, most=3)
        followed = await questions.followed(conn, course=room.course.id, question=reply.answer.question_id)

    assert [one.answer for one in before] == [""]
    assert followed is not None
    assert followed.answer == ""


async def test_what_somebody_takes_with_them_has_none_of_it(room: Room) -> None:
    await asked_here(room)
    privacy = Privacy(room.pool, People(room.pool))
    before = await privacy.document(7, None)
    await change(room, PUT_OFF)
    after = await privacy.document(7, None)

    [shown], [hidden] = (document["courses"][0]["questions"] for document in (before, after))
    assert HIDDEN in shown["answer"]["text"]
    assert (hidden["answer"]["text"], hidden["answer"]["references"]) == ("", [])
    assert hidden["text"] == shown["text"]


async def test_messages_that_show_it_are_edited_when_it_is_put_off_and_when_it_is_back(room: Room) -> None:
    await asked_here(room)
    showings = Showings(room.pool)
    await showings.follow_lectures()
    [before] = await room.column("wanted", "showings")

    wanted = list[object]()
    for statement in (PUT_OFF, OPEN):
        await change(room, statement)
        await showings.follow_lectures()
        await showings.follow_lectures()
        wanted += await room.column("wanted", "showings")

    assert isinstance(before, int)
    assert wanted == [before + 1, before + 2]
