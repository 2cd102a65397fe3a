"""Formulas of an answer stand on one picture under it, wherever it stands, and never of words that are held back."""

import re
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.discord.messages import answers
from bot.discord.messages.splitting import LONGEST
from services import i18n
from services.models.llm import LlmConfig
from services.notation.drawing_process import Pictures
from services.notation.grammar import LONGEST as LONGEST_FORMULA
from services.notation.shown import MOST_DRAWN
from tests.bot.discord.asking import QUESTION, shown
from tests.bot.discord.conftest import Campus
from tests.bot.discord.desk import CORRECTED, corrected, desk
from tests.bot.discord.test_refreshing import card_of, mentioned, ours, settled
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


BLOCK = re.compile(r"```tex\n(.*?)\n```", re.DOTALL)
SOURCE = f"{i18n.text('formula.sources', 'pt-BR')}\n{CODE}"


async def source(campus: Campus, answer: Message) -> str:
    """What is shown to who presses the button for the LaTeX, and to nobody else."""
    used = await (await campus.server.click(campus.ana, answer, answer.buttons["Fórmulas em LaTeX"])).answered()
    is_deferred = used.original is answer
    told = (await used.followed_up()).followups[0] if is_deferred else used.original
    assert told
    assert told.ephemeral
    return told.content


async def test_the_source_is_one_press_away_also_after_a_restart(campus: Campus) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        private, answer = await at.asked(private=True), await at.asked()
        assert await source(campus, private) == SOURCE
        assert await source(campus, answer) == SOURCE
    async with desk(campus, is_new=False):
        assert await source(campus, answer) == SOURCE


async def test_the_source_is_told_in_a_thread_in_direct_messages_and_twice_at_once(campus: Campus) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        thread = await campus.server.start_thread(campus.ana, await at.asked(), "mais")
        await mentioned(at, room=thread)
        said = await campus.server.dm(campus.ana, QUESTION)
        for room in (thread, said.channel):
            answer = await campus.server.until(lambda room=room: shown(room.messages))
            assert answer
            button = answer.buttons["Fórmulas em LaTeX"]
            who = campus.ana if answer.channel.guild else campus.ana.user
            both = [await campus.server.click(who, answer, button) for _ in range(2)]
            for one in both:
                assert [told.content for told in (await one.followed_up()).followups] == [SOURCE]


async def test_the_source_is_of_the_words_that_are_shown_now(campus: Campus) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        answer = await at.asked()
        stale = answer.components
        card = await card_of(at, answer)
        await corrected(at, at.bia, card, OTHER)
        await campus.server.until(lambda: "(fórmula 2)" in answer.content)
        assert await source(campus, answer) == (
            "As fórmulas desta resposta em LaTeX:\n"
            "**(1)**\n```tex\n\\sum_{i=1}^{n} x_i\n```\n**(2)**\n```tex\n\\sqrt{2}\n```"
        )

        await corrected(at, at.bia, card, CORRECTED)
        await campus.server.until(lambda: "fórmula" not in answer.content)
        await settled(at)
        assert "Fórmulas em LaTeX" not in answer.buttons
        answer.components = stale
        assert await source(campus, answer) == i18n.text("formula.none", "pt-BR")


@pytest.mark.parametrize(
    ("change", "says_so"),
    [
        ("update answers set held = 'waiting'", "discord.not_released"),
        ("update answers set held = 'rejected'", "discord.not_released"),
        ("delete from questions", "discord.answer_gone"),
    ],
)
async def test_of_what_is_held_back_or_gone_no_source_is_told(campus: Campus, change: str, says_so: str) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        answer = await at.asked()
        await at.change(change)

        assert await source(campus, answer) == i18n.text(says_so, "pt-BR")


async def test_the_source_is_told_where_pictures_are_off_by_now_or_cannot_be_drawn(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        answer = await at.asked()
        course = await at.client.services.courses.find("redes")
        await at.client.services.spaces.change(course, draws_formulas=False)
        assert await source(campus, answer) == SOURCE

        monkeypatch.setattr(Pictures, "drawn", _fail)
        assert await source(campus, answer) == SOURCE


async def test_under_an_answer_without_a_picture_there_is_no_such_button(campus: Campus) -> None:
    async with fake_model(says(SAID)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        assert "Fórmulas em LaTeX" not in (await at.asked()).buttons


@given(
    st.lists(st.text(st.characters(exclude_characters="`"), min_size=1, max_size=LONGEST_FORMULA), max_size=MOST_DRAWN)
)
def test_each_source_is_whole_in_its_block_and_all_of_them_are_told(formulas: list[str]) -> None:
    pages = answers.sources(formulas, "pt-BR")

    assert len(pages) <= 3
    assert all(len(page) <= LONGEST for page in pages)
    assert [block for page in pages for block in BLOCK.findall(page)] == formulas


async def _fail(_: Pictures, __: object) -> None:
    return None


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
    monkeypatch.setattr(Pictures, "drawn", _fail)
    async with fake_model(says(ANSWER)) as model, desk(campus, LlmConfig(model="f", base_url=model.base_url)) as at:
        answer = await at.asked()

    assert CODE in answer.content
    assert answer.embeds
