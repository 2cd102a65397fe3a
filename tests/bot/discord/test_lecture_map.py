"""`/lecture`: the map of a lecture as a message, and what students do not see of a lecture that is not released."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg

from bot.discord.client import Monitoria
from bot.discord.cogs.lecture_cards import CardChannels
from db import maps
from db.records import CourseId, Lecture
from db.records.maps import Chapter
from tests.bot.discord.conftest import Campus
from tests.bot.discord.test_settings import NOT_ALLOWED, staffed, used
from tests.fake_discord import Member, walk
from tests.fake_discord.markdown import seen

BUTTON = 2
SECRET = "Aula 2: a prova final"


@dataclass
class Taught:
    """The course `redes` with one lecture that has a map, and one that nobody may know of yet."""

    campus: Campus
    client: Monitoria
    ta: Member
    lecture: Lecture

    async def mapped(self, *titles: str, lecture: Lecture | None = None) -> None:
        """Give a lecture chapters of ten seconds each."""
        of = lecture or self.lecture
        async with self.client.services.pool.connection() as conn:
            assert of.transcript_id
            segment = await (await conn.execute("select min(id) from segments")).fetchone()
            assert segment
            chapters = [chapter(at, title, segment[0]) for at, title in enumerate(titles)]
            made = await maps.put_map(
                conn, course=CourseId(1), lecture=of.id, transcript=of.transcript_id, chapters=chapters
            )
            assert made

    async def sql(self, query: str) -> None:
        async with self.client.services.pool.connection() as conn:
            await conn.execute(query.encode())

    async def asked(self, who: Member, typed: str, command: str = "lecture") -> str:
        """All that *who* is told by the command, as they alone see it."""
        used = await (
            await self.campus.server.slash(who, self.campus.room, command, {"lecture": typed} if typed else {})
        ).done()
        assert used.original
        assert used.original.ephemeral
        return used.original.content + json.dumps(used.original.embeds, ensure_ascii=False)

    async def offered(self, who: Member, typed: str, command: str = "lecture") -> Sequence[str]:
        others = {"question": "?"} if command == "ask" else None
        found = await self.campus.server.autocomplete(who, self.campus.room, command, "lecture", typed, others)
        return [one["name"] for one in found]


def chapter(at: int, title: str, segment: int) -> Chapter:
    return Chapter(
        ordinal=at + 1,
        start_ms=at * 10_000,
        end_ms=at * 10_000 + 10_000,
        title=title,
        origin="quoted",
        sentence="o gradiente encolhe",
        segment_id=segment,  # pyright: ignore[reportArgumentType]
        quote="o gradiente encolhe",
        quote_start_ms=at * 10_000 + 1_000,
        quote_end_ms=at * 10_000 + 9_000,
        fingerprint="f",
    )


@asynccontextmanager
async def taught(campus: Campus) -> AsyncGenerator[Taught, None]:
    async with campus.running() as client:
        await campus.taught(client.services)
        _, ta = await staffed(campus)
        course = await client.services.courses.find("redes")
        [lecture] = await client.services.courses.lectures(course)
        at = Taught(campus=campus, client=client, ta=ta, lecture=lecture)
        await at.sql(
            """
            insert into lectures (course_id, slug, title, language, video_url, held_on, released_at, source)
            values (1, 'aula-2', 'Aula 2: a prova final', 'pt', 'https://youtu.be/secreto', '2026-11-17',
                now() + interval '1 day', '')
            """
        )
        await at.sql(
            """
            insert into transcripts
                (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s, cue_texts)
            select 1, id, 1, 'f', 'webvtt', '{0}', '{1}', '{Oi}' from lectures where slug = 'aula-2'
            """
        )
        await at.sql(
            "update lectures l set transcript_id = t.id from transcripts t where t.lecture_id = l.id and l.id = 2"
        )
        yield at


async def unreleased(at: Taught) -> Lecture:
    course = await at.client.services.courses.find("redes")
    return next(one for one in await at.client.services.courses.lectures(course) if one.slug == "aula-2")


async def test_each_line_of_a_map_is_a_tap_to_its_second(campus: Campus) -> None:
    async with taught(campus) as at:
        await at.mapped("Redes recorrentes", "O gradiente @everyone", "A [LSTM](https://evil.example/x)")
        used = await (await campus.server.slash(campus.ana, campus.room, "lecture", {"lecture": "aula-1"})).done()

        assert used.original
        [embed] = used.original.embeds
        links = dict(seen(embed["description"]).links)
        assert sorted(links.values()) == [f"https://youtu.be/abc123?t={second}" for second in (0, 10, 20)]
        assert "00:00 Redes recorrentes" in links
        assert "evil" not in embed["description"]
        assert [item["label"] for item in walk(used.original.components) if item["type"] == BUTTON] == ["Abrir o vídeo"]


async def test_a_lecture_is_found_by_title_day_and_number(campus: Campus) -> None:
    async with taught(campus) as at:
        await at.mapped("Redes recorrentes")
        await at.sql("update lectures set title = 'Aula 1: RNN', held_on = '2026-03-12' where slug = 'aula-1'")

        for typed in ("1", "aula 1", "rnn", "12/03", "12 de março", "2026-03-12"):
            assert "Redes recorrentes" in await at.asked(campus.ana, typed)
            assert await at.offered(campus.ana, typed) == ["Aula 1: RNN · 12/03/2026"]


async def test_a_lecture_without_a_map_says_what_can_be_done(campus: Campus) -> None:
    async with taught(campus) as at:
        assert "ainda não tem mapa. Pergunte sobre ela com /perguntar" in await at.asked(campus.ana, "aula-1")


async def test_what_is_no_lecture_is_said_with_what_there_is(campus: Campus) -> None:
    async with taught(campus) as at:
        assert 'Não encontrei nenhuma aula com "fotossíntese @\u200beveryone"' in await at.asked(
            campus.ana, "fotossíntese @everyone"
        )
        await at.sql("update lectures set released_at = null")
        assert "Mais de uma aula combina com" in await at.asked(campus.ana, "aula")


async def test_an_english_reader_is_told_in_english(campus: Campus) -> None:
    async with taught(campus) as at:
        ben = campus.server.add_member(campus.guild, "ben", locale="en-US")
        assert "This lecture has no map yet. Ask about it with /ask" in await at.asked(ben, "aula-1")


async def test_a_lecture_that_is_not_released_is_seen_by_staff_alone_and_marked(campus: Campus) -> None:
    async with taught(campus) as at:
        await at.mapped("Segredo de prova", lecture=await unreleased(at))
        for typed in ("aula-2", "2", "prova", "17/11", SECRET):
            told = await at.asked(campus.ana, typed)
            assert "Segredo" not in told
            assert "secreto" not in told
            assert SECRET not in told.replace(typed, "")
            assert await at.offered(campus.ana, typed) == []
            assert await at.offered(campus.ana, typed, "ask") == []
        assert SECRET not in await at.asked(campus.ana, "", "lectures")
        assert [SECRET not in one for one in await at.offered(campus.ana, "")] == [True]

        told = await at.asked(at.ta, "aula-2")
        assert "Segredo de prova" in told
        assert "Só a equipe vê" in told
        assert await at.offered(at.ta, "prova") == [f"{SECRET} · 17/11/2026 (não liberada)"]
        assert SECRET in await at.asked(at.ta, "", "lectures")
        assert await at.offered(at.ta, "prova", "ask") == []  # nothing is answered from it


async def test_who_is_no_staff_any_more_sees_it_no_more(campus: Campus) -> None:
    async with taught(campus) as at:
        campus.server.set_roles(at.ta, [])
        assert SECRET not in (await at.asked(at.ta, "prova"))


async def test_a_question_about_a_lecture_that_is_not_released_is_one_about_none(campus: Campus) -> None:
    async with taught(campus):
        for typed in ("aula-2", "aula-22", "prova"):
            options = {"question": "O que é?", "lecture": typed}
            asked = await (await campus.server.slash(campus.ana, campus.room, "ask", options)).done()
            assert asked.original
            assert asked.original.content == f'Não encontrei nenhuma aula com "{typed}". Há: aula 1.'


async def test_a_card_gets_its_map_when_that_is_made_and_never_one_of_an_unreleased_lecture(campus: Campus) -> None:
    async with taught(campus) as at:
        news = campus.server.add_channel(campus.guild, "avisos")
        await used(campus, campus.boss, "course settings", {"release_channel": news})
        await at.sql("update course_settings set releases_since = now() - interval '1 day'")
        await at.sql("update lectures set released_at = now() where slug = 'aula-1'")
        await at.mapped("Segredo de prova", lecture=await unreleased(at))
        await at.client.services.lecture_cards.post_due(CardChannels(at.client))
        [card] = campus.server.messages(news)
        assert "Redes recorrentes" not in json.dumps(card.embeds)
        await at.mapped("Redes recorrentes")
        await at.client.services.lecture_cards.post_due(CardChannels(at.client))

        [card] = campus.server.messages(news)
        assert "Redes recorrentes" in json.dumps(card.embeds)
        assert "Segredo" not in json.dumps(card.embeds)
        with psycopg.connect(campus.setup.database_url or "") as conn:
            assert conn.execute("select count(*) from lecture_cards").fetchone() == (1,)


async def test_in_direct_messages_nobody_is_staff(campus: Campus) -> None:
    async with taught(campus) as at:
        direct = campus.server.direct_channel(at.ta.user)
        used = await (await campus.server.slash(at.ta.user, direct, "lecture", {"lecture": "prova"})).done()

        assert used.original
        assert SECRET not in used.original.content
        assert NOT_ALLOWED not in used.original.content
