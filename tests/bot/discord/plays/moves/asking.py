"""Moves that ask a question, in each way there is."""

import random
import time
from typing import Any

from tests.bot.discord.plays.moves.registry import move
from tests.bot.discord.plays.play import NO_LECTURE, TOPICS, Ask, Play, chosen
from tests.fake_discord import Channel, Member


def question(play: Play, rng: random.Random) -> tuple[str, str]:
    """A question, and a word of it that nobody else has used, if it has one."""
    kind = rng.random()
    if kind < 0.04:
        return "Qual é a data da prova?", ""
    if kind < 0.1:
        return "O que é a fotossíntese?", ""  # of which no lecture speaks
    topic = rng.choice(TOPICS[:2] if kind < 0.6 else TOPICS)
    if 0.6 < kind < 0.68:
        return f"O que é o {topic} na aula {rng.choice((1, 2, 2, NO_LECTURE))}?", ""
    if kind > 0.8:
        tag = f"zq{play.number}n{len(play.asks)}"
        return f"O que é o {topic} {tag}?", tag
    return f"O que é o {topic}?", ""


def noted(play: Play, way: str, who: Member, text: str, channel: Channel, **more: Any) -> Ask:
    ask = Ask(
        way=way,
        who=who,
        text=text,
        channel=channel,
        at=time.time(),
        is_calm=not play.hasty and play.stage.hears,
        is_held=play.is_holding,
        hold_changed=play.hold_is_unsure,
        **more,
    )
    play.asks.append(ask)
    play.tell(f"{who.name} {way}: {text!r}")
    return ask


async def answered(play: Play, ask: Ask) -> None:
    if ask.interaction:
        used = ask.interaction
        await play.soon(lambda: used.original and not used.original.loading)
    else:
        message = ask.message
        assert message
        await play.soon(
            lambda: [one for one in play.by_us(message.channel) if one.id > message.id and one.reference is message]
        )
    await play.soon(lambda: not play.stage.is_busy(ask.source_id))


async def commanded(play: Play, rng: random.Random, *, private: bool) -> None:
    who = rng.choice(play.students)
    text, tag = question(play, rng)
    room = open_room(play, rng)
    used = await play.server.slash(who, room, "ask", {"question": text, "private": private})
    way = "asks privately" if private else "asks"
    await answered(play, noted(play, way, who, text, room, interaction=used, is_private=private, tag=tag))


def open_room(play: Play, rng: random.Random) -> Channel:
    rooms = [one for one in (play.room, play.spare) if one.id not in play.gone_channels]
    return rooms[0] if len(rooms) == 1 or rng.random() < 0.7 else rooms[1]


def open_threads(play: Play) -> list[Channel]:
    return [one for one in play.threads if one.id not in play.gone_channels and one.id in play.guild.channels]


@move(10)
async def ask(play: Play, rng: random.Random) -> None:
    await commanded(play, rng, private=False)


@move(8)
async def ask_privately(play: Play, rng: random.Random) -> None:
    await commanded(play, rng, private=True)


@move(8)
async def mention(play: Play, rng: random.Random) -> None:
    who, room = rng.choice(play.students), open_room(play, rng)
    text, tag = question(play, rng)
    said = await play.server.say(who, room, f"{play.server.user.mention} {text}")
    await answered(play, noted(play, "mentions", who, text, room, message=said, tag=tag))


@move(4)
async def post(play: Play, rng: random.Random) -> None:
    who = rng.choice(play.students)
    text, tag = question(play, rng)
    thread = await play.server.post(who, play.forum, "Dúvida", text)
    play.threads.append(thread)
    await answered(play, noted(play, "posts", who, text, thread, message=thread.messages[0], tag=tag))


@move(4)
async def reply(play: Play, rng: random.Random) -> None:
    shown = chosen(rng, [one for one in play.answers() if one.channel.guild])
    if not shown:
        return
    who = rng.choice(play.students)
    text, tag = question(play, rng)
    said = await play.server.say(who, shown.channel, text, reply_to=shown)
    await answered(play, noted(play, "replies", who, text, shown.channel, message=said, tag=tag))


@move(4)
async def thread(play: Play, rng: random.Random) -> None:
    here = chosen(rng, [one for one in play.answers() if one.channel.kind == "text"])
    if not here:
        return
    who = rng.choice(play.students)
    place = here.thread or await play.server.start_thread(who, here)
    if place not in play.threads:
        play.threads.append(place)
    await asked_in(play, rng, place, who)


async def asked_in(play: Play, rng: random.Random, place: Channel, who: Member) -> None:
    """Ask in a thread or post: where staff have written, by a mention, or else nobody is to answer."""
    text, tag = question(play, rng)
    mentions = rng.random() < 0.4
    said = await play.server.say(who, place, f"{play.server.user.mention} {text}" if mentions else text)
    if place.id in play.staffed and not mentions:
        play.unasked.append((said, "staff have the floor"))
        play.tell(f"{who.name} asks where staff have the floor: {text!r}")
        await play.stage.breathe()
    else:
        await answered(play, noted(play, "asks in a thread", who, text, place, message=said, tag=tag))


@move(3)
async def post_again(play: Play, rng: random.Random) -> None:
    """Somebody asks again in a post."""
    place = chosen(rng, [one for one in open_threads(play) if one.parent is play.forum])
    if place:
        await asked_in(play, rng, place, rng.choice(play.students))


@move(4)
async def ask_openly(play: Play, rng: random.Random) -> None:
    """Somebody asks where every question is answered."""
    who = rng.choice(play.students)
    text, tag = question(play, rng)
    said = await play.server.say(who, play.every, text)
    await answered(play, noted(play, "asks openly", who, text, play.every, message=said, tag=tag))


@move(3)
async def menu(play: Play, rng: random.Random) -> None:
    who, room = rng.choice(play.students), open_room(play, rng)
    text, tag = question(play, rng)
    said = await play.server.say(play.boss, room, text)
    used = await play.server.menu(who, room, "Perguntar às aulas", said)
    asked = noted(play, "uses the menu", who, text, room, interaction=used, is_private=True, tag=tag)
    await answered(play, asked)


@move(3)
async def direct(play: Play, rng: random.Random) -> None:
    who = rng.choice(play.students)
    text, tag = question(play, rng)
    said = await play.server.dm(who, text)
    await answered(play, noted(play, "writes directly", who, text, said.channel, message=said, tag=tag))


@move(3)
async def again(play: Play, rng: random.Random) -> None:
    """Discord delivers an event a second time."""
    asked = chosen(rng, play.asks)
    if asked:
        play.tell(f"Discord delivers again: {asked.way} {asked.text!r}")
        await play.server.deliver_again(asked.thing)
        await play.stage.breathe()


@move(2)
async def edit_question(play: Play, rng: random.Random) -> None:
    """Who has asked edits the message: an answer stays the answer to what was asked."""
    there = [one for one in play.asks if one.message and not one.message.deleted]
    asked = chosen(rng, [one for one in there if one.channel.id not in play.gone_channels])
    if asked:
        play.tell(f"{asked.who.name} edits the question {asked.text!r}")
        await play.server.edit(asked.message, f"{asked.message.content} Desde já, obrigada.")
        await play.stage.breathe()


@move(3)
async def asks_the_same(play: Play, rng: random.Random) -> None:
    """Somebody asks what they asked before, word by word, by a command in another place."""
    before = chosen(rng, play.asks)
    if before:
        room = open_room(play, rng)
        private = rng.random() < 0.5
        used = await play.server.slash(before.who, room, "ask", {"question": before.text, "private": private})
        way = "asks the same" + (" privately" if private else "")
        asked = noted(play, way, before.who, before.text, room, interaction=used, is_private=private, tag=before.tag)
        await answered(play, asked)
