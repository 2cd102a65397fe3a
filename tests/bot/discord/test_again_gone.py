"""Further tries of which a message, a row or the asker's data have gone."""

from typing import Any

from tests.bot.discord.asking import is_cited
from tests.bot.discord.conftest import Campus
from tests.bot.discord.test_again import GONE, KINDS, SAYS, asked, before, kinds, pressed, settled, taught, writer
from tests.fake_model import fake_model, says


async def test_a_try_whose_message_was_deleted_is_sent_anew_and_not_written(campus: Campus) -> None:
    bia = campus.server.add_member(campus.guild, "bia")
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        first = (await pressed(campus, client, answer, "Exemplo")).original
        assert first
        await campus.server.delete(first)
        requests = len(model.requests)

        both = [await campus.server.click(who, answer, answer.buttons["Exemplo"]) for who in (campus.ana, bia)]
        for one in both:
            await one.done()
        await settled(campus, client)

        there = [one.original for one in both if one.original and not one.original.deleted]
        (again,) = [message for message in there if is_cited(message)]
        assert set(KINDS) <= set(again.buttons)
        assert len(model.requests) == requests
        assert len(await kinds(client)) == 2
        # … and from then on that one is the one that is there.
        late = (await pressed(campus, client, answer, "Exemplo")).original
        assert late
        assert late.content == before(again)


async def test_of_a_long_try_whose_first_page_was_deleted_the_rest_goes_before_it_comes_anew(campus: Campus) -> None:
    long = "O gradiente encolhe a cada passo da rede recorrente longa. " * 40 + "Ele some [1]."
    async with fake_model(SAYS, says(long)) as model, campus.running(writer(model)) as client:
        cog: Any = client.get_cog("Reviewing")
        cog._tick.change_interval(seconds=0.1)
        await taught(campus, client)
        answer = await asked(campus, client)
        await pressed(campus, client, answer, "Exemplo")
        _, first, second = campus.server.messages(campus.room)
        await campus.server.delete(first)

        again = (await pressed(campus, client, answer, "Exemplo")).original

        assert again
        await campus.server.until(lambda: second.deleted)
        assert len(campus.server.messages(campus.room)) == 3


async def test_a_private_try_comes_again_for_who_may_not_see_it_any_more(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client, private=True)
        first = (await pressed(campus, client, answer, "Exemplo")).original
        requests = len(model.requests)
        for _ in range(2):
            again = (await pressed(campus, client, answer, "Exemplo")).original

            assert first
            assert again
            assert (again.content, again.ephemeral) == (first.content, True)
        assert len(model.requests) == requests
        assert len(await kinds(client)) == 2


async def test_where_discord_does_not_say_whether_a_try_is_there_it_is_taken_to_be(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        first = (await pressed(campus, client, answer, "Exemplo")).original
        assert first
        campus.server.fail(r"GET /channels/\d+/messages/\d+", 403, code=50013)

        late = (await pressed(campus, client, answer, "Exemplo")).original

        assert late
        assert late.content == before(first)


async def test_of_an_answer_that_was_deleted_nothing_is_tried(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        async with client.services.pool.connection() as conn:
            await conn.execute("delete from questions")

        again = await pressed(campus, client, answer, "Exemplo")

        assert again.original
        assert again.original.content == GONE
        assert await kinds(client) == []


async def test_a_try_whose_row_was_deleted_can_be_made_again(campus: Campus) -> None:
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        await pressed(campus, client, answer, "Exemplo")
        async with client.services.pool.connection() as conn:
            await conn.execute("delete from questions where again is not null")

        assert is_cited((await pressed(campus, client, answer, "Exemplo")).original)


async def test_with_the_askers_data_go_the_tries_that_repeat_their_words(campus: Campus) -> None:
    bia = campus.server.add_member(campus.guild, "bia")
    async with fake_model(SAYS) as model, campus.running(writer(model)) as client:
        await taught(campus, client)
        answer = await asked(campus, client)
        used = await (await campus.server.click(bia, answer, answer.buttons["Exemplo"])).done()
        await settled(campus, client)
        assert used.original
        further = await (await campus.server.click(bia, used.original, used.original.buttons["Mais simples"])).done()
        await settled(campus, client)
        assert further.original

        forgotten = await client.services.privacy.forget(campus.ana.id, campus.guild.id)

        assert forgotten.questions == 1
        assert await kinds(client) == []
        told = {message.message_id for message in forgotten.messages}
        assert {answer.id, used.original.id, further.original.id} <= told
