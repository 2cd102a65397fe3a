"""
What people may do in a play.

A move that finds nothing to act upon does nothing, so that any part of a script is a script; its turn goes to another.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg

from services import i18n
from tests.bot.discord.plays.play import (
    ANEW,
    NO_LECTURE,
    TOPICS,
    Ask,
    Play,
    Written,
    answer_of,
    button,
    chosen,
    item_of,
    press,
)
from tests.fake_discord import Channel, Interaction, Member, Message

Move = Callable[[Play, random.Random], Awaitable[None]]
MOVES: dict[str, tuple[int, Move]] = {}
"""By name: how often, and what."""
INSTEAD = ("call", "mention")
"""What is done where a move finds nothing to act upon."""
FIRST = {
    "keep": "explain",
    "rewrite": "keep",
    "explain": "post",
    "post_again": "post",
    "share": "ask_privately",
    "once_more": "ask",
}
"""What must have been done before a move finds something; it is done in its place."""


def instead(name: str) -> Iterator[str]:
    """What is tried, one after the other, where move *name* is wanted."""
    tried: str | None = name
    while tried:
        yield tried
        tried = FIRST.get(tried)
    yield from INSTEAD


def move(weight: int) -> Callable[[Move], Move]:
    def added(act: Move) -> Move:
        MOVES[act.__name__] = (weight, act)
        return act

    return added


# --- asking ---


def question(play: Play, rng: random.Random) -> tuple[str, str]:
    """A question, and a word of it that nobody else has used, if it has one."""
    kind = rng.random()
    if kind < 0.04:
        return "Qual é a data da prova?", ""
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


# --- what asks nothing ---

THANKS = ("obrigada!", "valeu, entendi! 👍", "👍")
CHATTER = (*THANKS, "ah entendi", "thanks, got it!", "consegui sim, deu certo", "kkkk")


def open_threads(play: Play) -> list[Channel]:
    return [one for one in play.threads if one.id not in play.gone_channels and one.id in play.guild.channels]


@move(4)
async def chatter(play: Play, rng: random.Random) -> None:
    """Somebody thanks, agrees or laughs, at times to the bot itself."""
    who, text = rng.choice(play.students), rng.choice(CHATTER)
    place = rng.choice([play.every, open_room(play, rng), *open_threads(play)])
    to = chosen(rng, [one for one in play.by_us(place) if not one.deleted]) if rng.random() < 0.4 else None
    if text in THANKS and rng.random() < 0.4:
        text = f"{play.server.user.mention} {text}"
    said = await play.server.say(who, place, text, reply_to=to)
    play.unasked.append((said, "it thanks or agrees"))
    play.tell(f"{who.name} says {text!r} in {place.name}")
    await play.stage.breathe()


@move(5)
async def explain(play: Play, rng: random.Random) -> None:
    """A student or a TA explains: in reply to a question, or in a thread or post, where staff take the floor."""
    is_staff = rng.random() < 0.5
    who = play.tas[0] if is_staff else rng.choice(play.students)
    place = chosen(rng, open_threads(play)) if rng.random() < 0.6 else None
    asked = chosen(rng, [one for one in play.asks if one.message and not one.message.deleted and one.channel.guild])
    if place is None and (asked is None or asked.channel.id in play.gone_channels):
        return
    tag = f"kt{play.number}n{len(play.written)}"
    text = f"O {rng.choice(TOPICS)} guarda a ideia desta parte da aula, como está em {tag}."
    where, to = (place, None) if place else (asked.channel, asked.message)
    said = await play.server.say(who, where, text, reply_to=to)
    if is_staff and where.kind == "thread":
        play.staffed.add(where.id)
    play.unasked.append((said, "it explains"))
    play.written.append(Written(who=who, message=said, tag=tag, is_staff=is_staff))
    play.tell(f"{who.name} explains in {where.name}: {tag}")
    await play.stage.breathe()


@move(6)
async def keep(play: Play, rng: random.Random) -> None:
    """Staff keep what somebody wrote as a verified answer."""
    there = [
        one for one in play.written if not one.message.deleted and one.message.channel.id not in play.gone_channels
    ]
    kept, who = chosen(rng, there), rng.choice(play.tas)
    if not kept:
        return
    play.tell(f"{who.name} keeps {kept.tag} of {kept.who.name}")
    opened = await play.server.menu(who, kept.message.channel, "Guardar como verificada", kept.message)
    await play.soon(lambda: opened.responded_at)
    if not opened.response or opened.response["type"] != 9:
        return
    kept.is_kept, kept.deleted_for = True, False
    kept.is_calm &= not play.hasty and play.stage.hears
    values = {"question": f"O que é o {rng.choice(TOPICS[:2])}?"} if rng.random() < 0.5 or not asks(opened) else {}
    for _ in range(2 if rng.random() < 0.15 else 1):
        sent = await play.server.submit(who, opened, values)
        await play.soon(lambda sent=sent: sent.responded_at)


def asks(form: Interaction) -> bool:
    """Whether the form found the question."""
    fields = [row["component"] for row in form.modal["components"] if row["type"] == 18]
    return any(one["custom_id"] == "question" and one.get("value") for one in fields)


@move(3)
async def rewrite(play: Play, rng: random.Random) -> None:
    """Who explained edits or deletes it."""
    one = chosen(rng, [one for one in play.written if not one.message.deleted])
    if not one or one.message.channel.id in play.gone_channels:
        return
    one.is_calm &= not play.hasty and play.stage.hears
    if rng.random() < 0.5:
        play.tell(f"{one.who.name} edits {one.tag}")
        await play.server.edit(one.message, f"{one.message.content} E mais: {rng.randrange(1000)}.")
    else:
        play.tell(f"{one.who.name} deletes {one.tag}")
        await play.server.delete(one.message)
    await play.stage.breathe()


# --- students, under an answer ---


async def clicked(play: Play, who: Member, message: Message, custom_id: str) -> Interaction:
    used = await play.server.click(who, message, custom_id)
    await play.soon(lambda: used.responded_at)
    return used


def visible(play: Play, rng: random.Random) -> tuple[Member, Message] | None:
    """Somebody, and an answer that they see."""
    who = rng.choice(play.students)
    here = [one for one in play.answers() if one.channel.guild or one.channel is play.server.direct.get(who.id)]
    shown = chosen(rng, sorted([*here, *play.whispers(who)], key=lambda one: one.id))
    return (who, shown) if shown else None


async def under(play: Play, rng: random.Random, verb: str, told: str) -> Interaction | None:
    found = visible(play, rng)
    if not found or not button(found[1], verb):
        return None
    who, shown = found
    if who.id not in shown.channel.guild.members if shown.channel.guild else False:
        return None
    return await pressed(play, who, shown, verb, told)


async def pressed(play: Play, who: Member, shown: Message, verb: str, told: str) -> Interaction:
    given = button(shown, verb) or ""
    play.tell(f"{who.name} {told} under answer {answer_of(shown)}")
    actor: Any = who if shown.channel.guild else who.user
    used = await play.server.click(actor, shown, given)
    await play.soon(lambda: used.responded_at)
    if verb in {"up", "down"}:
        heard_vote(play, who, answer_of(shown) or 0, used)
    return used


def heard_vote(play: Play, who: Member, answer: int, used: Interaction) -> None:
    """Keep what somebody was told of their vote; who was told nothing certain may believe anything."""
    said = used.original.content if used.original else ""
    play.told_votes.pop((answer, who.id), None)
    if used.response and used.response["type"] == 9:
        play.told_votes[answer, who.id] = "I"
    elif said == i18n.text("vote.counted", "pt-BR"):
        play.told_votes[answer, who.id] = "C"
    elif said == i18n.text("vote.withdrawn", "pt-BR"):
        play.told_votes[answer, who.id] = ""


@move(4)
async def thumb_up(play: Play, rng: random.Random) -> None:
    await under(play, rng, "up", "presses 👍")


@move(10)
async def thumb_down(play: Play, rng: random.Random) -> None:
    used = await under(play, rng, "down", "presses 👎")
    if used and used.response and used.response["type"] == 9 and rng.random() < 0.3:
        play.tell("… and says why")
        who: Any = next(one for one in play.students if one.id == used.user.id)
        tag = f"zq{play.number}c{len(play.comments)}"
        play.comments.append((who.id, tag))
        sent = await play.server.submit(
            who if used.channel.guild else who.user, used, {"reason": ["wrong"], "comment": f"por {tag}"}
        )
        await play.soon(lambda: sent.responded_at)


@move(8)
async def call(play: Play, rng: random.Random) -> None:
    await under(play, rng, "call", "calls a TA")


@move(3)
async def excerpts(play: Play, rng: random.Random) -> None:
    await under(play, rng, "excerpts", "looks at the excerpts")


@move(16)
async def once_more(play: Play, rng: random.Random) -> None:
    """Somebody asks once more by a button: another way, or of other lectures; at times twice at once."""
    found = visible(play, rng)
    verbs = [verb for verb in ANEW if button(found[1], verb)] if found else []
    if not found or not verbs or found[1].channel.id in play.gone_channels:
        return
    who, shown = found
    if before := await asked_by(play, shown):
        verb = rng.choice(verbs)
        custom_id, actor = button(shown, verb) or "", who if shown.channel.guild else who.user
        used = [await play.server.click(actor, shown, custom_id) for _ in range(2 if rng.random() < 0.15 else 1)]
        way = f"presses {verb} under answer {answer_of(shown)}, which repeats"
        for one in used:
            asked = noted(play, way, who, before.text, shown.channel, interaction=one, is_private=shown.ephemeral)
            asked.repeats = before
        await answered(play, play.asks[-1])


async def asked_by(play: Play, shown: Message) -> Ask | None:
    """Return what an answer answers, unless nobody can tell now."""
    rows = await play.look(
        "select q.source_id, a.id from answers a join questions q on q.id = a.question_id "
        "where a.course_id = %(course)s"
    )
    source = next((source for source, answer in rows if answer == answer_of(shown)), None)
    return next((one for one in play.asks if one.source_id == source), None)


@move(8)
async def share(play: Play, rng: random.Random) -> None:
    who = rng.choice(play.students)
    shown = chosen(rng, [one for one in play.whispers(who) if button(one, "share")])
    if shown and shown.channel.id not in play.gone_channels:
        play.tell(f"{who.name} shares answer {answer_of(shown)}")
        used = await clicked(play, who, shown, button(shown, "share") or "")
        await play.soon(lambda: used.followups or (used.response and used.response["type"] == 4))


@move(3)
async def react(play: Play, rng: random.Random) -> None:
    shown = chosen(rng, [one for one in play.answers() if one.channel.guild])
    if shown:
        who, emoji = rng.choice(play.students), rng.choice("👍👎")
        play.told_votes.pop((answer_of(shown) or 0, who.id), None)
        if who.id in shown.reactions.get(emoji, []):
            play.tell(f"{who.name} takes {emoji} off answer {answer_of(shown)}")
            await play.server.unreact(who, shown, emoji)
        else:
            play.tell(f"{who.name} reacts {emoji} to answer {answer_of(shown)}")
            await play.server.react(who, shown, emoji)
        await play.stage.breathe()


# --- staff ---


async def on_card(play: Play, rng: random.Random, verb: str, who: Member | None = None) -> Interaction | None:
    card = chosen(rng, [one for one in play.cards() if press(one, verb)])
    if not card:
        return None
    who = who or rng.choice(play.tas)
    play.tell(f"{who.name}: {verb} on card {item_of(card)}")
    return await clicked(play, who, card, press(card, verb) or "")


def on_cards(verb: str, weight: int) -> None:
    async def act(play: Play, rng: random.Random) -> None:
        await on_card(play, rng, verb)

    MOVES[f"card_{verb}"] = (weight, act)


for _verb, _weight in {
    "take": 4, "release": 2, "right": 3, "partly": 2, "wrong": 8, "dismiss": 3, "approve": 8, "reject": 4,
    "passages": 1, "judge": 1, "next": 1,
}.items():  # fmt: skip
    on_cards(_verb, _weight)


@move(2)
async def assign(play: Play, rng: random.Random) -> None:
    card = chosen(rng, [one for one in play.cards() if press(one, "dismiss") or press(one, "approve")])
    if card:
        who, to = play.tas
        play.tell(f"{who.name} assigns card {item_of(card)} to {to.name}")
        used = await play.server.slash(who, play.staff, "review assign", {"number": item_of(card), "to": to})
        await play.soon(lambda: used.responded_at)


@move(3)
async def all_at_once(play: Play, rng: random.Random) -> None:
    """Staff use a card while the clock brings it a vote, and Discord takes its time over what the clock asked for."""
    found = await under_review(play, rng)
    if not found:
        return
    shown, card = found
    await pressed(play, rng.choice(play.students), shown, rng.choice(("up", "down")), "votes, and staff use its card,")
    play.server.delay(rf"^PATCH .*/messages/{card.id}$", rng.uniform(0.1, 0.3))
    ticking = asyncio.create_task(play.stage.tick())
    await asyncio.sleep(rng.uniform(0.0, 0.1))
    verb = rng.choice([one for one in ("take", "release", "dismiss", "wrong") if press(card, one)] or [""])
    if verb:
        play.tell(f"… with {verb}")
        await clicked(play, rng.choice(play.tas), card, press(card, verb) or "")
    with suppress(psycopg.OperationalError):
        await ticking


async def under_review(play: Play, rng: random.Random) -> tuple[Message, Message] | None:
    """An answer that everyone sees, and its card, which waits for staff."""
    query = "select id, answer_id from review_items where course_id = %(course)s and settled_at is null"
    items = dict(await play.look(query))
    cards = {items.get(item_of(one) or 0): one for one in play.cards()}
    shown = chosen(rng, [one for one in play.answers() if one.channel.guild and answer_of(one) in cards])
    return (shown, cards[answer_of(shown)]) if shown else None


def words(play: Play, rng: random.Random) -> str:
    """What staff write in place of an answer: short, or of several pages, with references or without."""
    play.corrections += 1
    number = f"w{play.number}c{play.corrections}"
    mark = rng.choice(("", " [t1]", " [t1] [t2]"))
    sentences = rng.choice((1, 1, 2, 55, 55, 80))
    parts = [f"Parte {part} do que a equipe {number} escreveu aqui." for part in range(1, sentences)]
    formula = f": $$\\frac{{{number}}}{{2}}$$" if rng.random() < 0.3 else ""
    return " ".join([*parts, f"Palavras finais {number} da equipe{formula}{mark}."])


@move(14)
async def correct(play: Play, rng: random.Random) -> None:
    who = rng.choice(play.tas)
    opened = await on_card(play, rng, "edit", who)
    if not opened or not opened.response or opened.response["type"] != 9:
        return
    text = words(play, rng)
    play.tell(f"… and writes {len(text)} letters: {text[-60:]!r}")
    sent = await play.server.submit(who, opened, {"text": text, "label": [rng.choice("CPI")]})
    await play.soon(lambda: sent.responded_at)
    if rng.random() < 0.1:
        play.tell("… and sends it twice")
        sent = await play.server.submit(who, opened, {"text": text, "label": ["P"]})
        await play.soon(lambda: sent.responded_at)


@move(4)
async def retire(play: Play, rng: random.Random) -> None:
    there = await play.verified_now()
    if there:
        which, who = rng.choice(there), rng.choice(play.tas)
        if play.role not in who.roles:
            return
        play.tell(f"{who.name} retires {which}")
        used = await play.server.slash(who, play.staff, "review retire", {"number": which})
        await play.soon(lambda: used.responded_at)


@move(5)
async def hold(play: Play, rng: random.Random) -> None:
    """The course begins, or ceases, to let staff see answers first."""
    wanted = not play.is_holding
    holds: Any = ["answered", "no_material"] if wanted else []
    play.doubt_holds()
    play.is_holding = True  # until it is certain that it is not
    done = await play.outside(lambda services: services.spaces.change(play.course, holds=holds))
    play.tell(f"hold is {'on' if wanted else 'off'}{'' if done else ', or perhaps not'}")
    if done:
        play.is_holding = wanted
    else:
        play.hold_is_unsure = True
    if done:
        play.hold_is_unsure = False
    play.doubt_holds()


@move(2)
async def role(play: Play, rng: random.Random) -> None:
    """A TA loses the role, or gets it back."""
    who = play.tas[1]
    roles = [] if play.role in who.roles else [play.role]
    play.tell(f"{who.name} {'gets' if roles else 'loses'} the role")
    play.server.set_roles(who, roles)


# --- what goes ---


@move(2)
async def delete_answer(play: Play, rng: random.Random) -> None:
    shown = chosen(rng, [one for one in play.answers() if one.channel.guild])
    if shown:
        play.tell(f"somebody deletes the message of answer {answer_of(shown)}")
        play.server.taken_away.add(shown.id)
        await play.server.delete(shown)


@move(1)
async def delete_card(play: Play, rng: random.Random) -> None:
    card = chosen(rng, play.cards())
    if card:
        play.tell(f"somebody deletes card {item_of(card)}")
        play.deleted_cards.add(item_of(card) or 0)
        await play.server.delete(card)


@move(2)
async def delete_question(play: Play, rng: random.Random) -> None:
    asked = chosen(rng, [one for one in play.asks if one.message and not one.message.deleted and one.way != "posts"])
    if asked:
        play.tell(f"{asked.who.name} deletes the question {asked.text!r}")
        asked.question_gone = True
        await play.server.delete(asked.message)


@move(1)
async def delete_channel(play: Play, rng: random.Random) -> None:
    if play.spare.id not in play.gone_channels:
        play.tell("a channel is deleted")
        play.delete_channel(play.spare)


@move(4)
async def forget(play: Play, rng: random.Random) -> None:
    """Somebody has all deleted that is stored about them."""
    who = rng.choice(play.students)
    await play.remember_roots()
    used = await play.server.slash(who, play.room, "privacy delete")
    if not await play.soon(lambda: used.original and not used.original.loading):
        return
    confirm = next((one for one in used.original.buttons.values() if one.startswith("m:forget")), None)
    if confirm is None:
        return
    mine = [one for one in play.asks if who in {one.who, one.author}]
    play.told_votes = {voted: label for voted, label in play.told_votes.items() if voted[1] != who.id}
    play.tell(f"{who.name} has everything deleted")
    pressed = await play.server.click(who, used.original, confirm)
    play.forgotten.add(who.id)  # even where nobody sees that it was done
    for one in mine:
        one.hold_changed = True
    done = await play.soon(lambda: pressed.responded_at and "apagad" in used.original.content.lower())
    if done:
        for one in [*mine, *(one for one in play.written if one.who is who)]:
            one.deleted_for = True
        play.gone_words |= {tag for person, tag in play.comments if person == who.id}


@move(3)
async def teach(play: Play, rng: random.Random) -> None:
    """The lecture changes."""
    play.version += 1
    done = await play.outside(play.teach)
    play.tell(f"version {play.version} of the lecture is taken in{'' if done else ', or perhaps not'}")
