"""Moves that delete, and the course's change beneath all of it."""

import random

from tests.bot.discord.plays.moves.registry import move
from tests.bot.discord.plays.play import Play, answer_of, chosen, item_of


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
