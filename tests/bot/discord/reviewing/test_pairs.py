"""`/review pairs`: staff choose between two answers, blind, after a restart too, and only while they are staff."""

import json

import pytest

from services.research.pairs.asking import PlayedPair
from tests.bot.discord.conftest import Campus
from tests.bot.discord.desk import Desk, desk, said
from tests.fake_discord import Interaction, Member, Message
from tests.pairs import NAMES, kept, pair, reference

CHOICES = "select chooser_key, shown_first, better from pair_choices where better is not null order by pair_id"
GONE = "Estas duas respostas não existem mais"


async def put(at: Desk, *pairs: PlayedPair) -> None:
    course = await at.client.services.courses.find("redes")
    await kept(at.client.services.pool, course, *pairs)


async def opened(at: Desk, who: Member) -> Interaction:
    return await (await at.campus.server.slash(who, at.staff, "review pairs", {})).answered()


async def shown(at: Desk, who: Member) -> Message:
    used = await opened(at, who)
    assert used.original
    assert used.original.ephemeral
    return used.original


async def pressed(at: Desk, who: Member, message: Message, label: str) -> Interaction:
    return await (await at.campus.server.click(who, message, message.buttons[label])).answered()


async def choices(at: Desk) -> list[tuple[str, ...]]:
    async with at.client.services.pool.connection() as conn:
        return await (await conn.execute(CHOICES.encode())).fetchall()


def told(message: Message) -> str:
    return json.dumps([message.content, message.embeds, list(message.buttons)], ensure_ascii=False)


async def test_two_answers_look_alike_and_nobody_is_named(campus: Campus) -> None:
    async with desk(campus) as at:
        course = await at.client.services.courses.find("redes")
        cited = await reference(at.client.services.pool, course)
        await put(at, pair(references=(cited,), second="Veja https://evil.example/x @everyone, encolhe [1]."))

        message = await shown(at, at.bia)

        asked, a, b = message.embeds
        assert asked["description"].startswith("**Pergunta:** Por que o gradiente some?\n\nPares que faltam para você")
        assert (a["title"], b["title"]) == ("Resposta A", "Resposta B")
        assert a["color"] == b["color"]
        assert [[field["name"] for field in one["fields"]] for one in (a, b)] == [["Onde está nas aulas"]] * 2
        assert list(message.buttons) == ["A é melhor", "B é melhor", "Empate", "Pular"]
        everything = told(message)
        for name in (*NAMES.second.split("="), NAMES.first, "juiz", "evil.example"):
            assert name not in everything
        assert "https://youtu.be/abc123?t=15" in everything


@pytest.mark.parametrize(("label", "meant"), [("A é melhor", 0), ("B é melhor", 1)])
async def test_what_is_pressed_means_the_answer_that_stood_there(campus: Campus, label: str, meant: int) -> None:
    async with desk(campus) as at:
        await put(at, *(pair(f"Pergunta {number}?") for number in range(4)))
        message = await shown(at, at.bia)
        for _ in range(4):
            wanted = "first" if "Porque encolhe." in message.embeds[1 + meant]["description"] else "second"
            await pressed(at, at.bia, message, label)
            assert (await choices(at))[-1][2] == wanted

        assert "Não há mais respostas para você comparar." in told(message)
        assert not message.buttons


async def test_the_order_is_drawn_for_each_and_stays(campus: Campus) -> None:
    async with desk(campus) as at:
        await put(at, pair())
        first = await shown(at, at.bia)
        again = await shown(at, at.bia)

        assert told(first) == told(again)
        assert await at.column("select count(*) from pair_choices") == [1]
        assert await choices(at) == []


async def test_pressed_twice_it_is_one_choice_and_the_last_one_counts(campus: Campus) -> None:
    async with desk(campus) as at:
        await put(at, pair(), pair("Outra?"))
        message, later = await shown(at, at.bia), await shown(at, at.bia)
        twice = [await campus.server.click(at.bia, message, message.buttons["A é melhor"]) for _ in range(2)]
        for one in twice:
            await one.answered()
        assert len(await choices(at)) == 1
        await pressed(at, at.bia, later, "Empate")

        assert [better for _, _, better in await choices(at)] == ["tie"]
        assert "Outra?" in told(message)


async def test_each_of_staff_is_asked_and_what_is_skipped_does_not_come_back(campus: Campus) -> None:
    async with desk(campus) as at:
        await put(at, pair())
        await pressed(at, at.bia, await shown(at, at.bia), "Pular")
        assert "Não há mais" in said(await opened(at, at.bia))

        await pressed(at, at.caio, await shown(at, at.caio), "Empate")

        assert sorted(better for _, _, better in await choices(at)) == ["skipped", "tie"]


async def test_what_was_shown_before_a_restart_is_chosen_after_it(campus: Campus) -> None:
    async with desk(campus) as at:
        await put(at, pair())
        message = await shown(at, at.bia)
        first = "Porque encolhe." in message.embeds[1]["description"]
    async with desk(campus, is_new=False) as at:
        await pressed(at, at.bia, message, "A é melhor")

        assert [better for _, _, better in await choices(at)] == ["first" if first else "second"]


def lose_role(at: Desk) -> None:
    at.campus.server.set_roles(at.bia, [])


async def test_who_is_no_staff_any_more_chooses_nothing(campus: Campus) -> None:
    async with desk(campus) as at:
        await put(at, pair())
        message = await shown(at, at.bia)
        lose_role(at)

        refused = await pressed(at, at.bia, message, "A é melhor")
        asked = await opened(at, at.bia)

        for one in (refused, asked):
            assert "equipe" in said(one)
        assert await choices(at) == []


async def test_a_student_is_shown_nothing(campus: Campus) -> None:
    async with desk(campus) as at:
        await put(at, pair())
        used = await (await campus.server.slash(campus.ana, campus.room, "review pairs", {})).answered()

        assert "Porque encolhe" not in said(used)
        assert await at.column("select count(*) from pair_choices") == [0]


@pytest.mark.parametrize("deleted", ["delete from answer_pairs", "delete from judge_runs"])
async def test_a_pair_that_was_deleted_says_so_in_one_sentence(campus: Campus, deleted: str) -> None:
    async with desk(campus) as at:
        await put(at, pair())
        message = await shown(at, at.bia)
        await at.change(deleted)

        refused = await pressed(at, at.bia, message, "B é melhor")

        assert GONE in said(refused)
        assert await choices(at) == []


async def test_long_answers_fit_and_are_told_to_be_cut(campus: Campus) -> None:
    async with desk(campus) as at:
        long = "A regra da cadeia multiplica fatores menores que um. " * 100
        await put(at, pair("Por quê? " * 150, first=long, second=f"{long} E some."))

        message = await shown(at, at.bia)

        assert told(message).count("O resto não cabe aqui") == 2
