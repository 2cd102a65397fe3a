"""Moves that ask nothing: talk, explanations, what staff keep of it."""

import random

from tests.bot.discord.plays.moves.asking import open_room, open_threads
from tests.bot.discord.plays.moves.registry import move
from tests.bot.discord.plays.play import TOPICS, Play, Written, chosen
from tests.fake_discord import Interaction

THANKS = ("obrigada!", "valeu, entendi! 👍", "👍")
CHATTER = (*THANKS, "ah entendi", "thanks, got it!", "consegui sim, deu certo", "kkkk")


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
