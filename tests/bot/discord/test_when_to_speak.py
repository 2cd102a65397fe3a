"""Two students and a TA in a thread: Monitoria answers questions, and is silent once the TA has written."""

import asyncio
from collections.abc import Sequence

from bot.discord.client import Monitoria
from tests.bot.discord.asking import QUESTION, shown
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.desk import Desk, desk
from tests.fake_discord import Channel, Member, Message

BEFORE = [
    ("ana", "obrigada!", False),
    ("ana", "ah entendi", False),
    ("davi", "eu tinha a mesma duvida", False),
    ("ana", "e o que a LSTM guarda?", True),
    ("davi", "acho que é pq a célula soma em vez de multiplicar", False),
    ("ana", "👍", False),
    ("davi", "pera mas e se a rede for curta, o gradiente some?", True),
    ("davi", "Ana, vc conseguiu rodar o exemplo?", False),
    ("ana", "consegui sim, deu certo", False),
    ("ana", "não entendi a parte da memória", True),
    ("davi", "na vdd é só uma soma", False),
    ("davi", "alguém mais?", False),
    ("ana", "por que o gradiente encolhe nas redes longas?", True),
]
AFTER = [
    ("bia", "Oi, gente! O gradiente encolhe porque os fatores são menores que um.", False),
    ("ana", "e na LSTM?", False),
    ("bia", "Lá ele soma. Alguém quer um exemplo?", False),
    ("davi", "por que o gradiente some nas redes recorrentes?", False),
    ("ana", "valeu!", False),
    ("davi", "o que é a célula de memória?", False),
    ("bia", "É o estado que passa de um passo ao outro, faz sentido?", False),
]


def people(at: Desk) -> dict[str, Member]:
    members = at.campus.guild.members.values()
    davi = next((one for one in members if one.user.name == "davi"), None)
    return {
        "ana": at.campus.ana,
        "bia": at.bia,
        "davi": davi or at.campus.server.add_member(at.campus.guild, "davi"),
    }


async def quiet(client: Monitoria) -> None:
    """Wait until every message has been decided on."""

    async def is_busy() -> bool:
        tasks = client._background  # pyright: ignore[reportPrivateUsage]
        return any("Clock.run" not in repr(task) for task in tasks)  # the digest's clock never ends

    await asyncio.sleep(0.1)  # for events on their way
    await eventually(is_busy, wanted=False)


async def thread_under_an_answer(at: Desk) -> Channel:
    server, campus = at.campus.server, at.campus
    assert at.client.user is not None
    await server.say(campus.ana, campus.room, f"<@{at.client.user.id}> {QUESTION}")
    first = await server.until(lambda: shown(server.messages(campus.room)[1:]))
    assert first
    await quiet(at.client)
    return await server.start_thread(campus.ana, first)


async def say(at: Desk, thread: Channel, told: Sequence[tuple[str, str, bool]]) -> list[Message]:
    """Say each, one after the other is decided on; return them."""
    who = people(at)
    said: list[Message] = []
    for name, text, _ in told:
        said.append(await at.campus.server.say(who[name], thread, text))
        await quiet(at.client)
    return said


def answered(at: Desk, thread: Channel, said: Sequence[Message]) -> list[str]:
    """Which of the messages have a reply of ours, by their text."""
    assert at.client.user is not None
    ours = [one for one in at.campus.server.messages(thread) if one.author.id == at.client.user.id]
    replied = {one.reference.id for one in ours if one.reference}
    return [one.content for one in said if one.id in replied]


def wanted(told: Sequence[tuple[str, str, bool]]) -> list[str]:
    return [text for _, text, is_answered in told if is_answered]


def members(at: Desk, thread: Channel) -> int:
    """How many messages of ours stand in the thread."""
    assert at.client.user is not None
    return sum(one.author.id == at.client.user.id for one in at.campus.server.messages(thread))


async def test_of_twenty_messages_the_four_questions_before_the_ta_are_answered_and_none_after(campus: Campus) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)

        said = await say(at, thread, [*BEFORE, *AFTER])

        assert len(said) == 20
        assert len(wanted(BEFORE)) == 4
        assert answered(at, thread, said) == wanted(BEFORE)
        assert members(at, thread) == 4


async def test_a_restart_in_between_changes_nothing(campus: Campus) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)
        said = await say(at, thread, [*BEFORE, *AFTER[:1]])
    async with desk(campus, is_new=False) as at:
        said += await say(at, thread, AFTER[1:])

        assert answered(at, thread, said) == wanted(BEFORE)
        assert members(at, thread) == 4


async def test_all_at_once_they_are_heard_in_order(campus: Campus) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)
        who = people(at)

        said = [await campus.server.say(who[name], thread, text) for name, text, _ in (*BEFORE, *AFTER)]
        await quiet(at.client)

        assert answered(at, thread, said) == wanted(BEFORE)


async def test_what_the_ta_wrote_while_the_bot_was_away_counts(campus: Campus) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)
        seen = await say(at, thread, BEFORE[:1])
        await at.client.services.deliveries.saw({thread.id: seen[-1].id})
        who = people(at)
    away = [await campus.server.say(who[name], thread, text) for name, text, _ in AFTER]
    async with desk(campus, is_new=False) as at:
        await quiet(at.client)
        later = await say(at, thread, [("ana", "e o que a LSTM guarda?", False)])

        assert answered(at, thread, [*away, *later]) == []
        assert await at.column("select by_message_id from staffed_threads") == [away[0].id]


async def test_a_mention_or_a_reply_to_us_is_answered_where_staff_have_the_floor_and_the_silence_goes_on(
    campus: Campus,
) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)
        assert at.client.user is not None
        us = at.client.user.id
        asked = await say(at, thread, [("ana", "e o que a LSTM guarda?", True)])
        ours = next(one for one in campus.server.messages(thread) if one.author.id == us)
        said = await say(
            at,
            thread,
            [
                ("bia", "deixa que eu explico", False),
                ("ana", f"<@{us}> por que o gradiente some?", True),
                ("ana", "e na rede curta, o gradiente some?", False),
                ("bia", f"<@{us}> o que a célula de memória soma?", True),
                ("ana", "e a memória?", False),
                ("ana", f"<@{us}> valeu!", False),
            ],
        )
        said.append(await campus.server.say(campus.ana, thread, "mas por que ela soma?", reply_to=ours))
        said.append(await campus.server.say(at.bia, thread, "isso vale sempre?", reply_to=ours))
        said.append(await campus.server.say(campus.ana, thread, "obrigada!", reply_to=ours))
        await quiet(at.client)

        told = answered(at, thread, [*asked, *said])
        assert told == [asked[0].content, said[1].content, said[3].content, "mas por que ela soma?"]


async def test_a_button_works_where_staff_have_the_floor_and_the_silence_goes_on(campus: Campus) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)
        await say(at, thread, [("ana", "e o que a LSTM guarda?", True), ("bia", "explico já", False)])
        ours = next(one for one in campus.server.messages(thread) if one.buttons)

        pressed = await (await campus.server.click(campus.ana, ours, ours.buttons["Trechos"])).answered()
        said = await say(at, thread, [("ana", "e por que o gradiente some?", False)])

        assert pressed.response
        assert answered(at, thread, said) == []


async def test_the_asker_may_ask_anew_after_a_day_of_silence_and_a_classmate_may_not(campus: Campus) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)
        await say(at, thread, AFTER[:1])
        await at.column("update staffed_threads set quiet_since = quiet_since - interval '25 hours' returning 1")

        said = await say(
            at,
            thread,
            [
                ("davi", "o que é a célula de memória?", False),
                ("ana", "e o que a LSTM guarda?", True),
                ("davi", "por que o gradiente some?", True),
                ("bia", "voltei!", False),
                ("ana", "e a memória?", False),
            ],
        )

        assert answered(at, thread, said) == ["e o que a LSTM guarda?", "por que o gradiente some?"]


async def test_a_forum_post_of_staff_is_theirs_and_one_of_a_student_is_answered_until_they_write(
    campus: Campus,
) -> None:
    async with desk(campus) as at:
        forum = await campus.forum(at.client.services)

        theirs = await campus.server.post(at.bia, forum, "Como usar este fórum?", "leiam antes de perguntar")
        shared = await campus.server.post(campus.ana, forum, "Meu resumo da aula 1", "segue o pdf, aproveitem")
        post = await campus.server.post(campus.ana, forum, "Gradiente que some", "por que isso acontece?")
        await quiet(at.client)
        said = await say(
            at,
            post,
            [
                ("davi", "mesma dúvida aqui", False),
                ("davi", "vc tentou diminuir a lr?", False),
                ("davi", "isso acontece na LSTM também, o gradiente some?", True),
                ("bia", "na LSTM não, ela soma", False),
                ("ana", "por que ela soma?", False),
            ],
        )

        assert members(at, theirs) == members(at, shared) == 0
        assert answered(at, post, [*campus.server.messages(post)[:1], *said]) == [
            "por que isso acontece?",
            "isso acontece na LSTM também, o gradiente some?",
        ]


async def test_whoever_loses_the_role_is_no_staff_any_more(campus: Campus) -> None:
    async with desk(campus) as at:
        thread = await thread_under_an_answer(at)
        campus.server.set_roles(at.bia, [])

        said = await say(at, thread, [("bia", "acho que é isso", False), ("ana", "e o que a LSTM guarda?", True)])

        assert answered(at, thread, said) == ["e o que a LSTM guarda?"]
