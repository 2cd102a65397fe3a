"""What was written while the bot was away: in every room, to the end, in order, and answered once."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from bot.discord.client import Monitoria
from db.records import AnswersWhen
from services.courses import absence
from tests.bot.discord.asking import QUESTION, is_cited
from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.test_hearing import keep_marks_often
from tests.bot.discord.test_troubles import answers, mentioned, states
from tests.fake_discord import Channel

HISTORY = r"GET /channels/\d+/messages$"


def bind(campus: Campus, client: Monitoria, channel: Channel, answers: AnswersWhen = "mention"):  # noqa: ANN201
    async def bound() -> None:
        course = await client.services.courses.find("redes")
        await client.services.spaces.bind(
            course, guild=campus.guild.id, channel=channel.id, answers=answers, reader="pt-BR"
        )

    return bound()


async def mention(campus: Campus, room: Channel, text: str = QUESTION):  # noqa: ANN201
    return await campus.server.say(campus.ana, room, f"{campus.server.user.mention} {text}")


async def chatter(campus: Campus, room: Channel, count: int) -> None:
    for number in range(count):
        await campus.server.say(campus.boss, room, f"conversa {number}")


def seen(caplog: pytest.LogCaptureFixture, event: str) -> Iterator[str]:
    return (str(record.__dict__.get("reason", "")) for record in caplog.records if record.getMessage() == event)


async def settled(client: Monitoria, count: int) -> None:
    await eventually(lambda: states(client), ["delivered"] * count)


async def test_mentions_among_hundreds_of_messages_are_answered_in_order(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
    await chatter(campus, campus.room, 120)
    first = await mention(campus, campus.room)
    await chatter(campus, campus.room, 120)
    second = await mention(campus, campus.room, "o que a LSTM guarda?")

    async with campus.running() as client:
        await settled(client, 2)
        pages = [call for call in campus.server.requests if call.path.endswith(f"{campus.room.id}/messages")]

        assert [message.reference for message in answers(campus)] == [first, second]
        assert len([call for call in pages if call.method == "GET"]) == 3
        assert not [call for call in pages if call.query.get("limit", "100") != "100"]


async def test_every_room_of_a_category_is_read_also_one_in_which_nobody_had_written(campus: Campus) -> None:
    server = campus.server
    async with campus.running() as client:
        await campus.taught(client.services)
        category = server.add_channel(campus.guild, "aulas", "category")
        rooms = [server.add_channel(campus.guild, kind, kind, category) for kind in ("text", "voice", "stage")]
        await bind(campus, client, category)
        live = await mentioned(campus, client, room=rooms[1])
        await server.until(lambda: answers(campus, rooms[1]))
        assert answers(campus, rooms[1])[0].reference is live
    rooms.append(server.add_channel(campus.guild, "nova", "text", category))
    for room in rooms:
        await mention(campus, room)
    outside = server.add_channel(campus.guild, "fora", "voice")
    await mention(campus, outside)

    async with campus.running() as client:
        await settled(client, 5)

        assert [len(answers(campus, room)) for room in (*rooms, outside)] == [1, 2, 1, 1, 0]


async def test_forum_posts_and_threads_that_were_opened_meanwhile_are_answered(campus: Campus) -> None:
    server = campus.server
    async with campus.running() as client:
        await campus.taught(client.services)
        forum = server.add_channel(campus.guild, "perguntas", "forum")
        await bind(campus, client, forum, "forum")
        told = await server.say(campus.boss, campus.room, "vejam")
    post = await server.post(campus.ana, forum, "Gradiente que some", "por que isso acontece?")
    closed = await server.post(campus.ana, forum, "A LSTM", "o que ela guarda?")
    server.close_thread(closed)
    thread = await server.start_thread(campus.ana, told)
    await mention(campus, thread)
    private = server.open_thread(campus.room, campus.ana.user, "em particular")
    private.joined = {campus.ana.id, server.user.id}
    await mention(campus, private)
    server.close_thread(private)

    async with campus.running() as client:
        await settled(client, 4)

        for room in (post, closed, thread, private):
            assert len(answers(campus, room)) == 1
        assert is_cited(answers(campus, post)[0])


async def test_p26_a_follow_up_in_a_post_that_was_archived_before_a_restart_is_answered(campus: Campus) -> None:
    """openclaw/openclaw#111148, discord/discord-api-docs#7476: such a thread is in no cache."""
    server = campus.server
    async with campus.running() as client:
        await campus.taught(client.services)
        forum = server.add_channel(campus.guild, "perguntas", "forum")
        await bind(campus, client, forum, "forum")
        post = await server.post(campus.ana, forum, "Gradiente que some", "por que isso acontece?")
        await server.until(lambda: len(answers(campus, post)) == 1)
    server.close_thread(post)

    async with campus.running() as client:
        await server.say(campus.ana, post, f"{server.user.mention} {QUESTION}")
        await server.until(lambda: len(answers(campus, post)) == 2)

        assert is_cited(answers(campus, post)[-1])


async def test_threads_that_were_closed_long_ago_are_not_read(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        forum = campus.server.add_channel(campus.guild, "perguntas", "forum")
        await bind(campus, client, forum, "forum")
    old = [await campus.server.post(campus.ana, forum, f"Dúvida {number}", QUESTION) for number in range(120)]
    for post in old:
        campus.server.close_thread(post)
        post.archived_at = "2026-01-01T00:00:00+00:00"

    async with campus.running() as client:
        await mentioned(campus, client)
        await settled(client, 1)

        listed = [call for call in campus.server.requests if call.path.endswith(f"{forum.id}/threads/archived/public")]
        assert len(listed) == 1
        assert not [call for call in campus.server.requests if call.path == f"/channels/{old[0].id}/messages"]


async def test_a_page_that_fails_is_read_later_and_nothing_counts_as_seen_before(
    campus: Campus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(absence, "FIRST_PAUSE_S", 0.5)
    async with campus.running() as client:
        await campus.taught(client.services)
        keep_marks_often(client)
        mark = (await campus.server.say(campus.ana, campus.room, "oi")).id
        await eventually(client.services.deliveries.watermarks, {campus.room.id: mark})
    await chatter(campus, campus.room, 150)
    asked = await mention(campus, campus.room)
    outage = campus.server.fail(HISTORY, 0, times=100)

    async with campus.running() as client:
        keep_marks_often(client)
        await campus.server.until(lambda: list(seen(caplog, "discord.unread_yet")))
        await campus.server.say(campus.boss, campus.room, "depois")  # heard as it is written
        await asyncio.sleep(0.3)
        assert await client.services.deliveries.watermarks() == {campus.room.id: mark}
        outage.left = 0
        await settled(client, 1)

        assert [message.reference for message in answers(campus)] == [asked]
        await eventually(client.services.deliveries.watermarks, {campus.room.id: answers(campus)[0].id})


async def test_a_refused_history_is_named_and_read_once_it_is_allowed(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        category = campus.server.add_channel(campus.guild, "aulas", "category")
        voice = campus.server.add_channel(campus.guild, "sala", "voice", category)
        await bind(campus, client, category)
    campus.server.forbid(voice, "connect")
    await mention(campus, voice)
    await mention(campus, campus.room)

    async with campus.running() as client:
        keep_marks_often(client)
        await settled(client, 1)
        assert list(seen(caplog, "discord.unread")) == ["it lacks connect"]
        await campus.server.say(campus.boss, voice, "alguém?")
    campus.server.forbid(voice)

    async with campus.running() as client:
        await settled(client, 2)
        assert (len(answers(campus, voice)), len(answers(campus))) == (1, 1)


async def test_what_is_missed_between_two_sessions_is_answered(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        keep_marks_often(client)
        await campus.server.say(campus.ana, campus.room, "oi")
        await campus.server.drop(resumable=False)
        asked = await mention(campus, campus.room)
        await campus.server.connected()
        await campus.server.say(campus.boss, campus.room, "voltou?")

        await settled(client, 1)

        assert [message.reference for message in answers(campus)] == [asked]


async def test_what_was_written_while_discord_could_not_show_the_server_is_answered(campus: Campus) -> None:
    server = campus.server
    async with campus.running() as client:
        await campus.taught(client.services)
        keep_marks_often(client)
        (session,) = server.sessions
        server.tell(session, "GUILD_DELETE", {"id": str(campus.guild.id), "unavailable": True})
        server.sessions.clear()  # nobody is told of what is written now
        asked = await mention(campus, campus.room)
        server.sessions.append(session)
        server.tell(
            session, "GUILD_CREATE", server.guild_payload(campus.guild, session.intents) | {"unavailable": False}
        )
        await server.say(campus.boss, campus.room, "voltou?")

        await settled(client, 1)

        assert [message.reference for message in answers(campus)] == [asked]


async def test_what_came_live_while_a_room_was_read_is_answered_once(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
    await chatter(campus, campus.room, 250)
    slow = campus.server.rate_limit(HISTORY, after=1, per_s=0.4)

    async with campus.running() as client:
        await campus.server.until(lambda: slow.refused)
        await mentioned(campus, client)
        await settled(client, 1)
        await campus.server.until(lambda: len([it for it in campus.server.requests if "after" in it.query]) >= 4)
        await asyncio.sleep(0.5)

        assert len(answers(campus)) == 1
        assert await campus.rows(client, "questions") == 1


async def test_what_was_refused_is_not_refused_again_when_its_room_is_read(campus: Campus) -> None:
    campus.server.forgets_nonces = True
    async with campus.running() as client:
        await campus.taught(client.services)
        course = await client.services.courses.find("redes")
        await client.services.spaces.change(course, person_hourly=1)
        await mentioned(campus, client)
        await settled(client, 1)
        await mentioned(campus, client, "o que a LSTM guarda?")
        await campus.server.until(lambda: "daqui a" in campus.room.messages[-1].content)

        await campus.server.drop(resumable=False)
        last = await campus.server.say(campus.boss, campus.room, "oi")
        await campus.server.connected()
        keep_marks_often(client)
        await eventually(client.services.deliveries.watermarks, {campus.room.id: last.id})

        assert len(campus.room.messages) == 5


async def test_a_room_in_which_answers_are_off_is_not_read_later_either(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services, answers="off")
    await mention(campus, campus.room)
    async with campus.running() as client:
        keep_marks_often(client)
        await eventually(client.services.deliveries.watermarks, {campus.room.id: campus.room.messages[-1].id})
        await bind(campus, client, campus.room)

    async with campus.running() as client:
        await mentioned(campus, client, "o que a LSTM guarda?")
        await settled(client, 1)

        assert len(answers(campus)) == 1


async def test_a_room_has_been_listened_to_since_it_was_bound(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words from before the binding are nobody's question; a later change of how it answers loses none."""
    monkeypatch.setattr(absence, "CLOCKS_APART", absence.timedelta())
    other = campus.server.add_guild("Outra")
    stranger = campus.server.add_member(other, "eva")
    room = campus.server.add_channel(other, "antes")
    await campus.server.say(stranger, room, f"{campus.server.user.mention} {QUESTION}")
    await asyncio.sleep(0.01)
    async with campus.running() as client:
        await campus.taught(client.services)
        course = await client.services.courses.create(slug="outra", title="Outra", language="pt-BR")
        await client.services.spaces.bind(course, guild=other.id, channel=room.id, answers="mention", reader="pt-BR")
    asked = await mention(campus, campus.room)
    async with campus.running() as client:
        await settled(client, 1)

    assert answers(campus)[0].reference is asked
    assert len(room.messages) == 1


async def test_the_report_names_the_permission_that_voice_chats_need(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        category = campus.server.add_channel(campus.guild, "aulas", "category")
        voice = campus.server.add_channel(campus.guild, "sala", "voice", category)
        campus.server.forbid(voice, "connect")

        options = {"course": "redes", "channel": category}
        bound = await (await campus.server.slash(campus.boss, campus.room, "course bind", options)).done()

        assert bound.original
        assert f"<#{voice.id}>: Conectar" in bound.original.content


async def test_more_than_the_limit_is_left_and_logged(
    campus: Campus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(absence, "MOST_MISSED", 100)
    caplog.set_level(logging.WARNING)
    async with campus.running() as client:
        await campus.taught(client.services)
    asked = await mention(campus, campus.room)
    await chatter(campus, campus.room, 120)
    await mention(campus, campus.room, "o que a LSTM guarda?")

    async with campus.running() as client:
        await settled(client, 1)
        await campus.server.until(lambda: list(seen(caplog, "discord.unread_rest")))

        assert [message.reference for message in answers(campus)] == [asked]
