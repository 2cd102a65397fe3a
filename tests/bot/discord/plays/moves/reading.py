"""What students press under an answer."""

import random
from typing import Any

from services import i18n
from tests.bot.discord.plays.moves.asking import answered, noted
from tests.bot.discord.plays.moves.registry import move
from tests.bot.discord.plays.play import ANEW, Ask, Play, answer_of, button, chosen
from tests.fake_discord import Interaction, Member, Message


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
