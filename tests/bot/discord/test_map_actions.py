"""`/course map`: staff change chapters by forms, and are asked once what becomes of their words in new captions."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.discord.client import Monitoria
from bot.discord.cogs.lecture_cards import CardChannels
from db.records import Lecture
from db.records.maps import LectureMap
from services.lectures.manifest import plan
from tests.bot.discord.conftest import Campus
from tests.bot.discord.test_settings import NOT_ALLOWED, said, staffed, used
from tests.fake_discord import Channel, Interaction, Member, Message, walk
from tests.lectures import subjects

SUBJECTS = (
    "gradiente derivada passo descida perda",
    "convolução filtro imagem borda pixel",
    "atenção consulta chave valor cabeça",
    "dropout regularização sobreajuste ruído teste",
)
OTHERS = (
    "grafo vizinho aresta caminho corte",
    "fila pilha árvore busca largura",
    "matroide guloso troca base peso",
    "fluxo capacidade residual aumento rede",
)


def captions(told: tuple[str, ...]) -> str:
    """WebVTT of a lecture that speaks for eight minutes of each subject."""
    cues = [
        f"{_clock(at * 10)} --> {_clock(at * 10 + 10)}\n{text}\n" for at, text in enumerate(subjects(told, minutes=8))
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000"


@dataclass
class Desk:
    """A course with one long lecture, its map, a TA, and a channel for staff."""

    campus: Campus
    client: Monitoria
    ta: Member
    room: Channel  # the staff's

    async def taken_in(self, told: tuple[str, ...]) -> None:
        """Take the lecture's captions in (anew), and draw its map."""
        services = self.client.services
        course = await services.courses.find("redes")
        file = self.campus.setup.home / "captions" / "aula-9.vtt"
        file.write_text(captions(told), encoding="utf-8")
        planned = plan([file], manifest=None, language="pt-BR", video_url="https://youtu.be/nove")
        async for _ in services.ingest.run(course, planned):
            pass
        await services.mapper.drain()

    async def lecture(self) -> Lecture:
        course = await self.client.services.courses.find("redes")
        return next(one for one in await self.client.services.lookup.lectures(course, "staff") if one.slug == "aula-9")

    async def map(self) -> LectureMap:
        course = await self.client.services.courses.find("redes")
        found = await self.client.services.lookup.map(course, (await self.lecture()).id, "staff")
        assert found
        return found

    async def titles(self) -> list[str]:
        return [one.title for one in (await self.map()).chapters]

    async def opened(self, who: Member | None = None) -> Message:
        """The map as `/course map` shows it to a member of staff."""
        slash = await self.campus.server.slash(who or self.ta, self.campus.room, "course map", {"lecture": "aula-9"})
        used = await slash.answered()
        assert used.original
        assert used.original.ephemeral
        return used.original

    async def form(self, shown: Message, verb: str, who: Member | None = None) -> Interaction:
        lecture = await self.lecture()
        press = await self.campus.server.click(who or self.ta, shown, f"c:{verb}:{lecture.course_id}:{lecture.id}")
        return await press.answered()

    async def sent(self, opened: Interaction, values: dict[str, Any], who: Member | None = None) -> Interaction:
        assert opened.source
        before = opened.source.edited_at
        used = await self.campus.server.submit(who or self.ta, opened, values)
        return await self._shown(used, opened.source, before)

    async def pressed(self, shown: Message, label: str, who: Member | None = None) -> Interaction:
        before = shown.edited_at
        used = await self.campus.server.click(who or self.ta, shown, button(shown, label))
        return await self._shown(used, shown, before)

    async def _shown(self, used: Interaction, message: Message, before: object) -> Interaction:
        """Wait until the message is another one, or who acted was told why not."""
        await self.campus.server.until(lambda: message.edited_at != before or refused(used))
        return used

    async def look(self) -> None:
        await self.client.services.lecture_cards.post_due(CardChannels(self.client))

    @property
    def cards(self) -> list[Message]:
        return self.campus.server.messages(self.room)


@asynccontextmanager
async def desk(campus: Campus) -> AsyncGenerator[Desk, None]:
    room = campus.server.add_channel(campus.guild, "equipe")
    async with campus.running() as client:
        await campus.taught(client.services)
        _, ta = await staffed(campus)
        await used(campus, campus.boss, "course settings", {"staff_channel": room})
        at = Desk(campus=campus, client=client, ta=ta, room=room)
        await at.taken_in(SUBJECTS)
        assert len((await at.map()).chapters) >= 3
        yield at


def refused(interaction: Interaction) -> str:
    """What who acted is told alone, whether in place of a form's answer or after it."""
    told = [message.content for message in interaction.followups]
    data: dict[str, Any] = (interaction.response or {}).get("data") or {}
    return "\n".join([str(data.get("content") or ""), *told])


# Changing


async def test_staff_rename_a_chapter_and_see_the_map_as_it_is_then(campus: Campus) -> None:
    async with desk(campus) as at:
        shown = await at.opened()
        form = await at.form(shown, "rename")
        await at.sent(form, {"chapters": ["2"], "title": "  Convoluções   @everyone "})

        assert (await at.titles())[1] == "Convoluções @everyone"
        assert "2. Convoluções @\u200beveryone" in json.dumps(shown.embeds, ensure_ascii=False)


async def test_staff_merge_the_first_to_the_last_that_they_chose(campus: Campus) -> None:
    async with desk(campus) as at:
        before = await at.map()
        form = await at.form(await at.opened(), "merge")
        await at.sent(form, {"chapters": ["3", "1"], "title": "Tudo isso"})

        after = await at.map()
        assert after.chapters[0].title == "Tudo isso"
        assert after.chapters[0].end_ms == before.chapters[2].end_ms
        assert len(after.chapters) == len(before.chapters) - 2


async def test_staff_take_a_chapter_out(campus: Campus) -> None:
    async with desk(campus) as at:
        before = await at.map()
        form = await at.form(await at.opened(), "drop")
        await at.sent(form, {"chapters": ["1"]})

        after = await at.map()
        assert after.chapters[0].start_ms == before.chapters[1].start_ms
        assert len(after.chapters) == len(before.chapters) - 1


async def test_buttons_and_forms_work_after_a_restart(campus: Campus) -> None:
    async with desk(campus) as at:
        shown = await at.opened()
        form = await at.form(shown, "rename")
    async with campus.running() as client:
        again = Desk(campus=campus, client=client, ta=at.ta, room=at.room)
        await again.sent(form, {"chapters": ["1"], "title": "Depois"})
        assert (await again.titles())[0] == "Depois"
        form = await again.form(shown, "rename")
        await again.sent(form, {"chapters": ["1"], "title": "De novo"})

        assert (await again.titles())[0] == "De novo"


async def test_a_form_that_was_opened_on_another_map_changes_nothing(campus: Campus) -> None:
    async with desk(campus) as at:
        shown = await at.opened()
        first, second = await at.form(shown, "drop"), await at.form(shown, "drop")
        before = len(await at.titles())
        results = await asyncio.gather(*(at.sent(form, {"chapters": ["1"]}) for form in (first, second)))

        assert len(await at.titles()) == before - 1
        # Both look at one message: the edit by the first may come before the refusal of the second.
        told = await campus.server.until(
            lambda: [one for one in results if "O mapa mudou enquanto isso" in refused(one)]
        )
        assert len(told) == 1


@pytest.mark.parametrize("verb", ["rename", "merge", "drop"])
async def test_roles_are_looked_at_with_each_press_and_each_form(campus: Campus, verb: str) -> None:
    async with desk(campus) as at:
        shown = await at.opened()
        form = await at.form(shown, verb)
        before = await at.titles()
        campus.server.set_roles(at.ta, [])
        values: dict[str, Any] = {"chapters": ["1", "2"] if verb == "merge" else ["1"]}
        values |= {} if verb == "drop" else {"title": "Meu"}

        assert NOT_ALLOWED in refused(await at.sent(form, values))
        assert NOT_ALLOWED in said(await at.form(shown, verb))
        assert await at.titles() == before


async def test_students_may_not_open_it_and_are_offered_nothing(campus: Campus) -> None:
    async with desk(campus) as at:
        assert NOT_ALLOWED in await used(campus, campus.ana, "course map", {"lecture": "aula-9"})
        assert await campus.server.autocomplete(campus.ana, campus.room, "course map", "lecture", "9") == []
        assert len(await campus.server.autocomplete(at.ta, campus.room, "course map", "lecture", "9")) == 1


async def test_a_lecture_without_a_map_says_so(campus: Campus) -> None:
    async with desk(campus) as at:
        async with at.client.services.pool.connection() as conn:
            await conn.execute("delete from lecture_maps")
        shown = await used(campus, at.ta, "course map", {"lecture": "aula-9"})
        assert "ainda não tem mapa" in shown


# Being asked


async def renamed(at: Desk, title: str = "O nome da equipe") -> None:
    form = await at.form(await at.opened(), "rename")
    await at.sent(form, {"chapters": ["2"], "title": title})


async def asked(at: Desk, who: Member | None = None) -> Message:
    """Press the card's button; what it asks, only who pressed sees."""
    [card] = at.cards
    press = await (await at.campus.server.click(who or at.ta, card, "c:ask:1:0")).answered()
    assert press.original
    assert press.original.ephemeral
    return press.original


def button(message: Message, label: str) -> str:
    return next(item["custom_id"] for item in walk(message.components) if item.get("label") == label)


async def test_staff_words_stay_where_the_same_is_said_and_nobody_is_asked(campus: Campus) -> None:
    async with desk(campus) as at:
        await renamed(at)
        await at.taken_in((*SUBJECTS, "quantização bits inteiro escala zero"))
        await at.look()

        assert "O nome da equipe" in await at.titles()
        assert at.cards == []


async def test_staff_are_asked_once_about_words_that_lost_their_place(campus: Campus) -> None:
    async with desk(campus) as at:
        await renamed(at)
        await at.taken_in(OTHERS)
        await asyncio.gather(*(at.look() for _ in range(3)))

        [card] = at.cards
        assert "Ainda vale?" in card.content
        assert "O nome da equipe" in json.dumps(card.embeds, ensure_ascii=False)
        question = await asked(at)
        shown = json.dumps(question.embeds, ensure_ascii=False)
        assert "O nome da equipe" in shown
        assert "Agora está ali:" in shown


async def test_what_still_holds_names_the_chapter_there_and_the_card_goes(campus: Campus) -> None:
    async with desk(campus) as at:
        await renamed(at)
        await at.taken_in(OTHERS)
        await at.look()
        question = await asked(at)
        await at.pressed(question, "Ainda vale")
        await at.look()

        assert "O nome da equipe" in await at.titles()
        assert "Nada mais a perguntar" in question.content
        assert at.cards == []


async def test_what_is_forgotten_is_asked_no_more_and_new_trouble_is_a_new_card(campus: Campus) -> None:
    async with desk(campus) as at:
        await renamed(at)
        await at.taken_in(OTHERS)
        await at.look()
        question = await asked(at)
        await at.pressed(question, "Esquecer")
        await at.look()
        assert at.cards == []
        assert "O nome da equipe" not in await at.titles()

        await renamed(at, "Outro nome")
        await at.taken_in(SUBJECTS)
        await at.look()
        assert len(at.cards) == 1


async def test_only_staff_may_see_or_answer_what_is_asked(campus: Campus) -> None:
    async with desk(campus) as at:
        await renamed(at)
        await at.taken_in(OTHERS)
        await at.look()
        question = await asked(at)
        campus.server.set_roles(at.ta, [])
        press = await at.pressed(question, "Esquecer")

        assert NOT_ALLOWED in refused(press)
        denied = await (await campus.server.click(campus.ana, at.cards[0], "c:ask:1:0")).answered()
        assert NOT_ALLOWED in said(denied)


async def test_two_who_answer_the_same_question_disagree_with_nobody(campus: Campus) -> None:
    async with desk(campus) as at:
        await renamed(at)
        await at.taken_in(OTHERS)
        await at.look()
        mine, theirs = await asked(at), await asked(at, campus.boss)
        await at.pressed(mine, "Esquecer")
        await at.pressed(theirs, "Ainda vale", campus.boss)

        assert "Nada mais a perguntar" in theirs.content
        assert "O nome da equipe" not in await at.titles()


async def test_a_question_card_that_was_deleted_asks_no_more_until_there_is_something_new(campus: Campus) -> None:
    async with desk(campus) as at:
        await renamed(at)
        await at.taken_in(OTHERS)
        await at.look()
        campus.server.remove(at.cards[0])
        async with at.client.services.pool.connection() as conn:
            await conn.execute("update lectures set title = 'Outro título' where slug = 'aula-9'")
        await at.look()
        await at.look()

        assert at.cards == []
