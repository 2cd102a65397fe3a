"""An answer whose way back is gone is kept, and comes when it is asked for again."""

from services.models.llm import LlmConfig
from tests.bot.discord.asking import QUESTION, is_cited, shown
from tests.bot.discord.conftest import Campus
from tests.fake_model import fake_model, says


async def test_a_mention_that_was_deleted_meanwhile_is_answered_without_a_reply(campus: Campus) -> None:
    async with (
        fake_model(says("Porque o gradiente encolhe [1].", pause_s=0.2)) as model,
        campus.running(LlmConfig(model="fake", base_url=model.base_url)) as client,
    ):
        await campus.taught(client.services)
        assert client.user is not None
        said = await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> {QUESTION}")
        await model.asked.wait()
        await campus.server.delete(said)

        assert is_cited(await campus.server.until(lambda: shown(campus.server.messages(campus.room))))
        await campus.server.until(lambda: not client.answering.in_flight)


async def test_an_answer_that_may_not_be_sent_is_shown_by_asking_again(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        assert client.user is not None
        campus.server.forbid(campus.room, "send_messages")
        await campus.server.say(campus.ana, campus.room, f"<@{client.user.id}> {QUESTION}")
        await campus.server.until(lambda: client.answering.refused)
        await campus.server.until(lambda: not client.answering.in_flight)

        asked = await (await campus.server.slash(campus.ana, campus.room, "ask", {"question": QUESTION})).done()
        await campus.server.until(lambda: not client.answering.in_flight)

        assert is_cited(asked.original)
        assert await campus.rows(client, "answers") == 1
