"""The card that tells of a released lecture: once, in the course's channel, and true for as long as it stands."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.discord.client import Monitoria
from bot.discord.cogs.lecture_cards import CardChannels
from services.lectures.cards import CardPace, CardPlace, LectureCard, LectureCards
from tests.bot.discord.conftest import Campus
from tests.bot.discord.test_settings import NOT_ALLOWED, used
from tests.fake_discord import Channel, Message

TITLE = "aula 1"


@dataclass
class Term:
    """A course whose cards go to a channel of their own since a day."""

    campus: Campus
    client: Monitoria
    news: Channel

    async def sql(self, query: str, **values: object) -> None:
        async with self.client.services.pool.connection() as conn:
            await conn.execute(query.encode(), values)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.client.services.pool.connection() as conn:
            return await (await conn.execute(query.encode())).fetchall()

    async def release(self, ago: str = "1 minute", slug: str = "aula-1") -> None:
        await self.sql(
            "update lectures set released_at = now() - %(ago)s::interval where slug = %(slug)s", ago=ago, slug=slug
        )

    async def more(self, count: int, ago: str, *, course: str = "redes", title: str = "Aula") -> None:
        """Further lectures, released so long *ago*."""
        values = {"count": count, "ago": ago, "course": course, "title": title}
        await self.sql(
            """
            insert into lectures (course_id, slug, title, language, video_url, released_at, source)
            select c.id, 'aula-' || n, %(title)s || ' ' || n, 'pt', 'https://youtu.be/x', now() - %(ago)s::interval, ''
            from courses c, generate_series(2, %(count)s + 1) n where c.slug = %(course)s
            """,
            **values,
        )
        await self.sql(
            """
            insert into transcripts
                (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s, cue_texts)
            select course_id, id, 1, 'f', 'webvtt', '{0}', '{1}', '{Oi}' from lectures where transcript_id is null
            """
        )
        await self.sql("update lectures l set transcript_id = t.id from transcripts t where t.lecture_id = l.id")

    async def expire(self) -> None:
        await self.sql("update lecture_cards set leased_until = now()")

    async def look(self, outlet: Any = None, **pace: Any) -> None:
        releases = LectureCards(self.client.services.pool, pace=CardPace(**pace))
        await releases.post_due(outlet or CardChannels(self.client))

    @property
    def cards(self) -> list[Message]:
        return self.campus.server.messages(self.news)


@asynccontextmanager
async def term(campus: Campus) -> AsyncGenerator[Term, None]:
    news = campus.server.add_channel(campus.guild, "avisos")
    async with campus.running() as client:
        await campus.taught(client.services)
        at = Term(campus=campus, client=client, news=news)
        await used(campus, campus.boss, "course settings", {"release_channel": news})
        await at.sql("update course_settings set releases_since = now() - interval '30 days'")
        yield at


class Dying(CardChannels):
    """A process that ends right after it has sent a card."""

    async def post(self, place: CardPlace, card: LectureCard) -> int:
        await super().post(place, card)
        raise SystemExit


class Unheard(CardChannels):
    """A connection that loses what Discord says to a card."""

    async def post(self, place: CardPlace, card: LectureCard) -> int:
        await super().post(place, card)
        raise TimeoutError


# Once


async def test_a_released_lecture_is_told_of_once_by_many_who_look_at_once(campus: Campus) -> None:
    async with term(campus) as at:
        await at.release()
        await asyncio.gather(*(at.look() for _ in range(4)))
        await at.look()

        [card] = at.cards
        assert card.content == f"**{TITLE}** já está aqui."
        assert "youtu.be/abc123" in json.dumps(card.embeds)
        assert await at.rows("select state, message_id, shown from lecture_cards") == [("posted", card.id, 1)]


async def test_a_lecture_is_told_of_when_its_moment_has_come_and_not_before(campus: Campus) -> None:
    async with term(campus) as at:
        await at.release(ago="-1 hour")
        await at.look()
        assert at.cards == []

        await at.release(ago="0 seconds")
        await at.look()
        assert len(at.cards) == 1


async def test_nothing_is_told_where_staff_did_not_ask_for_it(campus: Campus) -> None:
    async with term(campus) as at:
        await used(campus, campus.boss, "course settings", {"releases": False})
        await at.release()
        await at.look()

        assert at.cards == []


async def test_lectures_without_a_date_and_old_ones_are_not_told_of(campus: Campus) -> None:
    async with term(campus) as at:
        await at.more(40, ago="4 days")  # as after a long time away: nobody is flooded
        await at.look()

        assert at.cards == []


async def test_what_was_released_before_the_cards_were_turned_on_gets_none(campus: Campus) -> None:
    async with term(campus) as at:
        await used(campus, campus.boss, "course settings", {"releases": False})
        await at.release(ago="1 minute")
        await used(campus, campus.boss, "course settings", {"release_channel": at.news})
        await at.look()

        assert at.cards == []


async def test_many_that_come_at_once_share_a_card(campus: Campus) -> None:
    async with term(campus) as at:
        await at.release()
        await at.more(120, ago="1 hour")
        await at.look()
        await at.look()

        [card] = at.cards
        assert card.content == "Já estão aqui 121 aulas novas:"
        assert "… e mais" in card.embeds[0]["description"]


async def test_a_card_whose_process_died_after_the_send_is_found_and_not_sent_again(campus: Campus) -> None:
    async with term(campus) as at:
        campus.server.forgets_nonces = True
        await at.release()
        with suppress(SystemExit):
            await at.look(Dying(at.client))
        await at.expire()
        await at.look()

        [card] = at.cards
        assert await at.rows("select state, message_id from lecture_cards") == [("posted", card.id)]


async def test_a_send_whose_answer_was_lost_is_found_and_not_sent_again(campus: Campus) -> None:
    async with term(campus) as at:
        campus.server.forgets_nonces = True
        await at.release()
        await at.look(Unheard(at.client), first_gap=timedelta(0))
        await at.look()

        [card] = at.cards
        assert await at.rows("select state, message_id from lecture_cards") == [("posted", card.id)]


# Where it stands


async def test_a_card_of_a_lecture_that_is_withdrawn_goes(campus: Campus) -> None:
    async with term(campus) as at:
        await at.release()
        await at.look()
        await at.sql("update lectures set withdrawn_at = now(), transcript_id = null")
        await at.look()

        assert at.cards == []
        assert await at.rows("select count(*) from lecture_cards") == [(0,)]


async def test_a_lecture_that_is_put_off_after_its_card_is_told_of_anew_when_it_comes(campus: Campus) -> None:
    async with term(campus) as at:
        await at.release()
        await at.look()
        await at.release(ago="-1 day")
        await at.look()
        gone = at.cards
        await at.release()
        await at.look()

        assert gone == []
        assert len(at.cards) == 1


@pytest.mark.parametrize(
    "change",
    [
        "update lectures set released_at = now() + interval '1 day'",
        "update lectures set withdrawn_at = now(), transcript_id = null",
    ],
)
async def test_a_lecture_that_goes_while_its_card_is_posted_is_not_left_standing(campus: Campus, change: str) -> None:
    async with term(campus) as at:

        class Slow(CardChannels):
            async def post(self, place: CardPlace, card: LectureCard) -> int:
                await at.sql(change)
                return await super().post(place, card)

        await at.release()
        await at.look(Slow(at.client))

        assert at.cards == []


async def test_a_card_shows_a_lecture_as_it_is_called_now(campus: Campus) -> None:
    async with term(campus) as at:
        await at.release()
        await at.more(1, ago="1 minute")
        await at.look()
        await at.sql("update lectures set withdrawn_at = now(), transcript_id = null where slug = 'aula-2'")
        await at.sql("update lectures set title = 'Redes @everyone' where slug = 'aula-1'")
        await at.look()

        [card] = at.cards
        assert card.content.replace("\u200b", "") == "**Redes @everyone** já está aqui."
        assert not card.pings.everyone


async def test_a_card_that_somebody_deleted_does_not_come_back(campus: Campus) -> None:
    async with term(campus) as at:
        await at.release()
        await at.look()
        campus.server.remove(at.cards[0])
        await at.sql("update lectures set title = 'Outro nome'")
        await at.look()
        await at.look()

        assert at.cards == []
        assert await at.rows("select state from lecture_cards") == [("gone",)]


# A channel that takes none


async def test_a_channel_that_takes_no_card_is_said_once_and_the_card_comes_once_it_does(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with term(campus) as at:
        campus.server.forbid(at.news, "send_messages")
        await at.release()
        for _ in range(3):
            await at.look()
            await at.expire()
        await at.more(1, ago="1 second")
        await at.look()
        refused = [record for record in caplog.records if record.message == "lecture_card.refused"]
        shown = await used(campus, campus.boss, "course show")
        campus.server.overwrite(at.news, campus.guild.members[campus.server.user.id])
        await at.expire()
        await at.look()

        assert len(refused) == 1
        assert f"<#{at.news.id}>: Enviar mensagens" in shown
        assert len(at.cards) == 2


async def test_a_card_of_a_channel_that_is_gone_goes_where_staff_say_next(campus: Campus) -> None:
    async with term(campus) as at:
        await at.release()
        campus.guild.channels.pop(at.news.id)
        await at.look()
        await used(campus, campus.boss, "course settings", {"releases": True})
        await at.expire()
        await at.look()

        assert [message.content for message in campus.server.messages(campus.room)] == [f"**{TITLE}** já está aqui."]


async def test_a_course_whose_channel_is_closed_keeps_no_other_waiting(campus: Campus) -> None:
    async with term(campus) as at:
        other = campus.server.add_channel(campus.guild, "outros-avisos")
        await at.sql("insert into courses (slug, title, language) values ('nets', 'Nets', 'en')")
        await at.sql(
            """
            insert into course_settings (course_id, guild_id, release_channel_id, releases_since)
            select id, %(guild)s, %(channel)s, now() - interval '1 day' from courses where slug = 'nets'
            """,
            guild=campus.guild.id,
            channel=other.id,
        )
        await at.more(1, ago="1 second", course="nets", title="Lecture")
        campus.server.forbid(at.news, "view_channel")
        await at.release()
        await at.look()

        [card] = campus.server.messages(other)
        assert card.content == "**Lecture 2** is here."


# Settings


async def test_staff_turn_the_cards_on_where_they_are_and_off_again(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        before = await used(campus, campus.boss, "course show")
        on = await used(campus, campus.boss, "course settings", {"releases": True})
        off = await used(campus, campus.boss, "course settings", {"releases": False})
        denied = await used(campus, campus.ana, "course settings", {"releases": True})

        assert "Avisos de aulas liberadas" not in before
        assert f'Avisos de aulas liberadas", "value": "<#{campus.room.id}>' in on
        assert "Avisos de aulas liberadas" not in off
        assert denied == NOT_ALLOWED + "[]"


async def test_a_forum_is_no_place_for_cards(campus: Campus) -> None:
    async with campus.running() as client:
        await campus.taught(client.services)
        voice = campus.server.add_channel(campus.guild, "sala", kind="voice")
        await used(campus, campus.boss, "course bind", {"course": "redes"})
        await client.services.spaces.bind(
            await client.services.courses.find("redes"),
            guild=campus.guild.id,
            channel=voice.id,
            answers="mention",
            reader="pt-BR",
        )
        refused = await used(campus, campus.boss, "course settings", {"releases": True}, voice)

        assert "precisam de um canal de texto" in refused
