"""Formulas of an answer stand on one picture under it, wherever it stands, and never of words that are held back."""

from io import BytesIO

import pytest
from PIL import Image

from services.models.llm import LlmConfig
from services.notation.pictures import Pictures
from tests.bot.discord.conftest import Campus
from tests.bot.discord.test_refreshing import card_of, mentioned, ours, settled
from tests.bot.discord.test_reviewing import CORRECTED, corrected, desk
from tests.fake_discord import Message
from tests.fake_model import fake_model, says

SAID = "O gradiente encolhe até sumir nas redes recorrentes longas [1]."
ANSWER = rf"{SAID} Com a taxa $\eta$, a regra é $$\frac{{\partial L}}{{\partial w}} = \binom{{n}}{{k}}$$ [1]."
SHOWN = "Com a taxa η, a regra é (fórmula abaixo) [1]."
OTHER = r"Na verdade é \[\sum_{i=1}^{n} x_i\] e também \[\sqrt{2}\] [t1]."
CODE = "```tex\n\\frac{\\partial L}{\\partial w} = \\binom{n}{k}\n```"


def pictures(message: Message) -> list[str | None]:
    """What is said of the files of *message* to who cannot see them."""
    return [one.description for one in message.attachments]


DESCRIBED = [r"\frac{\partial L}{\partial w} = \binom{n}{k}"]


async def test_a_formula_is_a_picture_in_public_in_private_in_the_shared_copy_and_when_asked_again(
    campus: Campus,
) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        private = await at.asked(private=True)
        await (await campus.server.click(campus.ana, private, private.buttons["Compartilhar"])).followed_up()
        again = await at.asked()
        await mentioned(at)
        await campus.server.until(lambda: len(ours(campus)) == 3)

        for message in (private, again, *ours(campus)):
            assert SHOWN in message.text
            assert pictures(message) == DESCRIBED
            assert message.attachments[0].name == "formulas.png"
            assert Image.open(BytesIO(message.attachments[0].data)).format == "PNG"
        assert set(await at.column("select text from answers")) == {ANSWER}


async def test_a_correction_brings_its_own_formulas_or_takes_the_picture_away(campus: Campus) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        answer = await at.asked()
        assert pictures(answer) == DESCRIBED
        card = await card_of(at, answer)
        assert CODE in card.embeds[0]["description"]

        await corrected(at, at.bia, card, OTHER)
        await campus.server.until(lambda: "(fórmula 2)" in answer.content)
        await settled(at)
        assert pictures(answer) == ["(1) ∑ᵢ₌₁ⁿ xᵢ; (2) √2"]
        assert "Na verdade é (fórmula 1) e também (fórmula 2) [1]." in answer.text

        await corrected(at, at.bia, card, CORRECTED)
        await campus.server.until(lambda: "fórmula" not in answer.content)
        await settled(at)
        assert pictures(answer) == []


async def test_a_held_answer_shows_no_picture_until_it_is_approved(campus: Campus) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, holds=["answered"])
        answer = await at.asked()
        assert "aguarda o aval" in answer.content
        assert pictures(answer) == []

        await at.press(at.bia, await at.card(), "Aprovar")
        await campus.server.until(lambda: SHOWN in answer.text)
        assert pictures(answer) == DESCRIBED


async def test_where_no_file_may_be_sent_formulas_are_code(campus: Campus) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        campus.server.forbid(campus.room, "attach_files")
        await mentioned(at)
        await campus.server.until(lambda: ours(campus) and ours(campus)[-1].embeds)

        (answer,) = ours(campus)
        assert CODE in answer.content
        assert pictures(answer) == []


async def test_a_course_may_have_its_formulas_as_text(campus: Campus) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        told = await campus.server.slash(campus.boss, campus.room, "course settings", {"formulas": False})
        assert "como texto, sem imagem" in str((await told.answered()).response)
        answer = await at.asked()

        assert CODE in answer.content
        assert pictures(answer) == []


async def test_what_could_not_be_drawn_is_code(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: Pictures, __: object) -> None:
        return None

    monkeypatch.setattr(Pictures, "drawn", fail)
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        answer = await at.asked()

    assert CODE in answer.content
    assert answer.embeds
