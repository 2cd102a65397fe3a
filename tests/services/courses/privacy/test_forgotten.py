"""A deletion leaves nothing of the person, and all that others asked and said."""

import json

from psycopg import sql

from db.records import Label
from services.answering.replies import Reply
from services.courses.privacy import Forgotten
from services.ground.text import clean
from services.reviewing.pairs import Pairs
from tests.pairs import kept, pair
from tests.services.courses.privacy.students import ANA, BIA, ELSEWHERE, HERE, QUESTION, ROOM, Class, holding


async def test_a_list_that_follows_up_keeps_no_words_of_the_question_before(course: Class) -> None:
    first = await course.ask(ANA, "por que encolhe o gradiente?")
    second = await course.ask(BIA, "em quais aulas ele falou disso?", follows=first.answer.question_id)
    await course.privacy.forget(ANA, HERE)

    assert second.answer.intent == "list"
    assert await holding(course.pool, "encolhe gradiente") == set()


async def test_after_the_deletion_no_table_holds_anything_of_the_person(course: Class) -> None:
    mine = await course.ask(ANA, "Por que o gradiente encolhe? palavra-de-ana")
    hers = await course.ask(BIA)
    await course.complain(ANA, hers, "comentário-de-ana")
    await course.complain(ANA, mine, "comentário-de-ana")
    await course.annotate.call_staff(course.course, mine.answer.id)
    await course.people.choose_direct_course(ANA, course.course.id)
    key, direct = await course.people.key(course.course, ANA), await course.people.direct_key(ANA)
    await _label(course, hers, key, "P")
    traces = [key, direct, str(ANA), "de-ana"]
    assert await holding(course.pool, *traces) == {
        "annotations.annotator_key",
        "annotations.comment",
        "direct_courses.person_key",
        "questions.asker_key",
        "questions.text",
    }

    await course.privacy.forget(ANA, HERE)

    assert await holding(course.pool, *traces) == set()
    assert (await course.privacy.stored(ANA, None)).is_nothing
    for table in ("answers", "answer_hits", "answer_references", "annotations", "review_items"):
        ids = sql.SQL("select {} from {}").format(
            sql.Identifier("id" if table == "answers" else "answer_id"), sql.Identifier(table)
        )
        async with course.pool.connection() as conn:
            assert (mine.answer.id,) not in await (await conn.execute(ids)).fetchall(), table


async def _label(course: Class, reply: Reply, key: str, label: Label) -> None:
    """Make what the person said of an answer the word of staff."""
    async with course.pool.connection() as conn:
        await conn.execute(
            "update annotations set role = 'staff', label = %s where annotator_key = %s and answer_id = %s",
            [label, key, reply.answer.id],
        )


async def test_every_column_that_can_hold_a_key_is_one_that_the_deletion_knows(course: Class) -> None:
    columns = await course.column(
        """
        select table_name || '.' || column_name from information_schema.columns
        where table_schema = 'public' and data_type = 'text' and column_name ~ '(_|^)key$'
        """
    )

    assert set(columns) == {
        "questions.asker_key",
        "annotations.annotator_key",
        "direct_courses.person_key",
        "judge_views.annotator_key",
        "pair_choices.chooser_key",
        "keep_drafts.author_key",
        "kept_messages.author_key",  # of a student; staff leave none
        "staff_actions.actor_key",  # stays: what somebody did as staff is the course's record, not the person's data
    }


async def test_what_others_asked_and_said_stays(course: Class) -> None:
    mine = await course.ask(ANA)
    hers = await course.ask(BIA, "E o que a LSTM guarda?", follows=mine.answer.question_id)
    await course.complain(BIA, mine, "sobre a resposta de Ana")
    await course.complain(BIA, hers, "sobre a minha")
    before = await course.privacy.document(BIA, HERE)
    assert "encolhe" in before["courses"][0]["questions"][0]["understood_as"]  # Ana's words

    await course.privacy.forget(ANA, HERE)

    after = await course.privacy.document(BIA, HERE)
    (question,) = after["courses"][0]["questions"]
    assert question == before["courses"][0]["questions"][0] | {"follows": None, "understood_as": None}
    assert [one["comment"] for one in after["courses"][0]["votes"]] == ["sobre a minha"]
    again = await course.ask(BIA, "e depois?", follows=hers.answer.question_id)
    assert again.answer.outcome != "failed"


async def test_answers_that_were_compared_go_with_the_words_of_their_question(course: Class) -> None:
    """As `eval --pairs --keep` keeps them: on one line, in the words that were sent, or as they were understood."""
    mine = await course.ask(ANA, "Por que o gradiente encolhe\nnas redes  recorrentes?")
    hers = await course.ask(BIA, "E o que a LSTM guarda?", follows=mine.answer.question_id)
    document = await course.privacy.document(BIA, HERE)
    understood = document["courses"][0]["questions"][0]["understood_as"]
    await kept(course.pool, course.course, pair(QUESTION), pair(clean(understood)), pair("E o que a LSTM guarda?"))
    assert await course.column("select question_id from answer_pairs order by id") == [
        mine.answer.question_id,
        hers.answer.question_id,
        hers.answer.question_id,
    ]

    await course.privacy.forget(ANA, HERE)

    assert await course.column("select question from answer_pairs") == ["E o que a LSTM guarda?"]


async def test_what_was_deleted_is_counted_and_a_second_time_there_is_nothing(course: Class) -> None:
    mine = await course.ask(ANA)
    await course.complain(ANA, mine, "não")
    await course.complain(ANA, await course.ask(BIA), "não")

    first, second = [await course.privacy.forget(ANA, HERE) for _ in range(2)]

    assert (first.questions, first.votes) == (1, 2)
    assert [(one.guild_id, one.channel_id, one.message_id) for one in first.messages] == [
        (HERE, ROOM, 840000000000000001)
    ]
    assert second == Forgotten(questions=0, votes=0, messages=())


async def test_what_somebody_chose_as_staff_is_shown_handed_over_and_goes(course: Class) -> None:
    await kept(course.pool, course.course, pair(), pair("2?"))
    pairs = Pairs(course.pool)
    keys = {who: await course.people.key(course.course, who) for who in (ANA, BIA)}
    for key in keys.values():
        shown = await pairs.next(course.course.id, key)
        assert shown
        await pairs.choose(course.course.id, shown.id, key, "b", "en")
    await pairs.next(course.course.id, keys[ANA])

    stored = await course.privacy.stored(ANA, HERE)
    document = await course.privacy.document(ANA, HERE)
    forgotten = await course.privacy.forget(ANA, HERE)

    assert [(one.questions, one.votes, one.choices) for one in stored.courses] == [(0, 0, 2)]
    assert [one["chosen"] for one in document["courses"][0]["choices"]] == ["B", None]
    assert "first" not in json.dumps(document)
    assert forgotten == Forgotten(questions=0, votes=0, choices=2, messages=())
    assert await course.column("select chooser_key from pair_choices") == [keys[BIA]]
    assert await course.column("select count(*) from answer_pairs") == [2]


async def test_an_answer_that_nobody_else_votes_down_leaves_the_queue(course: Class) -> None:
    by_ana, by_both = await course.ask(BIA), await course.ask(BIA)
    await course.complain(ANA, by_ana, "não")
    await course.complain(ANA, by_both, "não")
    await course.complain(BIA, by_both, "não")

    await course.privacy.forget(ANA, HERE)

    assert await course.column("select answer_id from review_items") == [by_both.answer.id]


async def test_an_answer_that_staff_have_settled_is_not_queued_again(course: Class) -> None:
    reply = await course.ask(BIA)
    await course.complain(ANA, reply, "não")
    await course.complain(BIA, reply, "não")
    async with course.pool.connection() as conn:
        await conn.execute("update review_items set settled_at = now(), verdict = 'dismissed'")

    await course.privacy.forget(ANA, HERE)

    assert await course.column("select settled_at is not null from review_items") == [True]


async def test_a_deletion_in_one_server_leaves_the_courses_of_others(course: Class) -> None:
    await course.ask(ANA)
    await course.ask(ANA, course=course.other, guild=ELSEWHERE)
    await course.people.choose_direct_course(ANA, course.other.id)

    forgotten = await course.privacy.forget(ANA, HERE)

    stored = await course.privacy.stored(ANA, ELSEWHERE)
    assert forgotten.questions == 1
    assert [(one.course.slug, one.questions) for one in stored.courses] == [("optica", 1)]
    assert stored.direct_course == course.other


async def test_in_direct_messages_everything_goes(course: Class) -> None:
    await course.ask(ANA)
    await course.ask(ANA, course=course.other, guild=ELSEWHERE)
    await course.people.choose_direct_course(ANA, course.other.id)
    before = await course.privacy.stored(ANA, None)

    forgotten = await course.privacy.forget(ANA, None)

    assert [one.course.slug for one in before.courses] == ["optica", "redes"]
    assert forgotten.questions == 2
    assert (await course.privacy.stored(ANA, None)).is_nothing
