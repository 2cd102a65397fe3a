"""What staff do with cards, words and roles."""

import asyncio
import random
from contextlib import suppress
from typing import Any

import psycopg

from services.errors import Refused
from tests.bot.discord.plays.moves.reading import clicked, pressed
from tests.bot.discord.plays.moves.registry import MOVES, move
from tests.bot.discord.plays.play import Play, answer_of, chosen, item_of, press
from tests.fake_discord import Interaction, Member, Message


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
    "passages": 1, "next": 1,
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


@move(6)
async def next_day(play: Play, rng: random.Random) -> None:
    """A day passes for what staff have labelled: second looks are due, as many as a day has room for."""
    query = (
        "update second_looks set drawn_at = drawn_at - interval '1 day', opened_at = opened_at - interval '1 day' "
        "where course_id = %(course)s and ended_at is null returning answer_id"
    )
    if drawn := await play.look(query):
        play.tell(f"a day passes for the second looks at {sorted(answer for (answer,) in drawn)}")


@move(5)
async def card_judge(play: Play, rng: random.Random) -> None:
    """Somebody of staff looks at what the judge thinks; what was so before and after is what they must be told."""
    card = chosen(rng, [one for one in play.cards() if press(one, "judge")])
    if card:
        who = rng.choice(play.tas)
        play.tell(f"{who.name}: judge on card {item_of(card)}")
        before = await scores(play, item_of(card) or 0)
        used = await clicked(play, who, card, press(card, "judge") or "")
        is_still_so = before == await scores(play, item_of(card) or 0)
        if before is not None and is_still_so and used.original and used.original.embeds:
            play.told_scores.append((before, used.original.embeds[0]["description"]))


async def scores(play: Play, item: int) -> tuple[int | None, int | None] | None:
    """Return the last score of the answer of a card, and of the second opinion on it; None: nobody can tell."""
    query = (
        "select i.id, f.id, f.score, s.score from review_items i left join lateral (select id, score from judgements "
        "where answer_id = i.answer_id and kind = 'relevance' order by id desc limit 1) f on true "
        "left join judgements s on s.first_id = f.id where i.course_id = %(course)s order by s.id"
    )
    found = [row[2:] for row in await play.look(query) if row[0] == item]
    return found[-1] if found else None


@move(8)
async def judge_anew(play: Play, rng: random.Random) -> None:
    """The operator has an answer judged anew, or all that have no verdict."""
    if not play.is_judged:
        return
    judged = chosen(rng, await play.look("select distinct answer_id from jobs where course_id = %(course)s order by 1"))
    if judged and rng.random() < 0.7:
        play.tell(f"the operator has answer {judged[0]} judged anew")
        with suppress(Refused):  # it may have been deleted meanwhile
            await play.outside(lambda services: services.queue.repeat(judged[0]))
    elif rng.random() < 0.4:
        play.tell("the operator has tried anew what was given up")
        await play.outside(lambda services: services.queue.requeue(play.course, None))
    else:
        play.tell("the operator has judged what has no verdict")
        await play.outside(lambda services: services.queue.add_missing(play.course))


@move(2)
async def other_rules(play: Play, rng: random.Random) -> None:
    """The course moves its threshold, or begins or ceases to ask for second opinions."""
    if not play.is_judged:
        return
    change = rng.choice(({"flag_below": 1}, {"flag_below": 2}, {"flag_below": 3}, {"second_opinion": False}))
    wanted = {"second_opinion": True} | change
    done = await play.outside(lambda services: services.judge_settings.change(play.course, wanted))
    play.tell(f"the course wants {wanted}{'' if done else ', or perhaps not'}")


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
