"""Where a course holds answers back, students see them only once staff approve."""

from services import i18n
from services.models.llm import LlmConfig
from tests.bot.discord.asking import is_cited
from tests.bot.discord.conftest import Campus
from tests.bot.discord.desk import corrected, desk
from tests.fake_model import fake_model, says


async def test_in_hold_mode_nothing_reaches_the_student_before_it_is_approved(campus: Campus) -> None:
    async with (
        fake_model(says("O gradiente encolhe até sumir nas redes recorrentes longas [1].", pause_s=0.05)) as model,
        desk(campus, LlmConfig(model="fake", base_url=model.base_url)) as at,
    ):
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        answer = await at.asked()
        card = await at.card()

        assert "aguarda o aval da monitoria" in answer.content
        assert not any("encolhe" in one.content for one in campus.server.messages(campus.room))
        assert card.embeds[0]["title"] == "⏳ Resposta aguardando o aval"
        assert "encolhe" in card.embeds[0]["description"]

        await at.press(at.bia, card, "Aprovar")
        await campus.server.until(lambda: "encolhe até sumir" in answer.content)
        assert "Verificado pela monitoria" in answer.content
        assert is_cited(answer)
        told = await campus.server.until(
            lambda: [one.content for one in campus.server.messages(campus.room) if one.reference is answer]
        )
        assert told == [i18n.text("review.told_approved", "pt-BR")]


async def test_a_held_answer_that_is_rejected_never_shows_its_words(campus: Campus) -> None:
    async with desk(campus) as at:
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        answer = await at.asked()
        await at.press(at.bia, await at.card(), "Não publicar")

        await campus.server.until(lambda: "preferiu não publicar" in answer.content)
        assert not answer.embeds


async def test_a_rejected_answer_that_is_corrected_after_all_reaches_the_student(campus: Campus) -> None:
    async with desk(campus) as at:
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        answer = await at.asked()
        card = await at.card()
        await at.press(at.bia, card, "Não publicar")
        await campus.server.until(lambda: "preferiu não publicar" in answer.content)
        await campus.server.until(lambda: card.embeds[0]["title"] == "✅ Resolvida")
        await corrected(at, at.bia, card)

        await campus.server.until(lambda: "Verificado pela monitoria" in answer.content)
