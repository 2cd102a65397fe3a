"""What may befall all plays of an evening at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from tests.bot.discord.plays.jury import AILMENTS, FIRST, SECOND
from tests.bot.discord.plays.stage import Stage

Event = Callable[[Stage, random.Random], Awaitable[None]]
MESSAGES = r"(channels/\d+/messages|webhooks)"


async def restart(stage: Stage, rng: random.Random) -> None:
    """The bots stop in order, and one starts."""
    await stage.kill_process()
    for life in stage.awake:
        await stage.stop(life)
    await asyncio.sleep(rng.uniform(0.0, 0.05))
    await stage.begin()


async def kill(stage: Stage, rng: random.Random) -> None:
    """The bots die in the middle of what they do, and one starts."""
    await stage.kill_process()
    if rng.random() < 0.5:
        await answering(stage)
        await asyncio.sleep(rng.uniform(0.0, 0.05))
    for life in stage.awake:
        await stage.kill(life)
    await asyncio.sleep(rng.uniform(0.0, 0.05))
    await stage.begin()


async def answering(stage: Stage) -> None:
    """Wait until something is being answered, though not long."""
    for _ in range(100):
        if any(life.client and life.client.answering.in_flight for life in stage.awake):
            break
        await stage.breathe()


async def process(stage: Stage, rng: random.Random) -> None:
    """A process of its own is the bot, and is killed by the system."""
    await stage.launch()
    await asyncio.sleep(rng.uniform(0.0, 0.3))
    if rng.random() < 0.5:
        await stage.kill_process()
        await stage.begin()


async def second(stage: Stage, _: random.Random) -> None:
    """A second bot starts beside the first."""
    if len(stage.awake) < 2:
        await stage.begin()


async def part(stage: Stage, rng: random.Random) -> None:
    """One of two bots dies."""
    if len(stage.awake) > 1:
        await stage.kill(rng.choice(stage.awake))


async def cut(stage: Stage, rng: random.Random) -> None:
    """Nobody reaches the database for a moment."""
    async with stage.cut_off():
        await asyncio.sleep(rng.uniform(0.05, 0.3))


async def lost(stage: Stage, rng: random.Random) -> None:
    """Discord does what it is asked, and its answer is lost."""
    method, status = rng.choice(("POST", "PATCH")), rng.choice((0, 503))
    stage.server.fail(rf"^{method} /{MESSAGES}", status, times=rng.randint(1, 4), taken=True)


async def refused(stage: Stage, rng: random.Random) -> None:
    """Discord does not do what it is asked."""
    path = rng.choice(("POST /channels", "PATCH", "POST /webhooks", "DELETE"))
    stage.server.fail(rf"^{path}", 503, times=rng.randint(1, 4))


async def slow(stage: Stage, rng: random.Random) -> None:
    """Some edits arrive later than those that were sent after them, of the clock's too."""
    for _ in range(rng.randint(1, 4)):
        stage.server.delay(r"^PATCH .*/messages/", rng.uniform(0.02, 0.15))
    for _ in range(2):
        await asyncio.sleep(rng.uniform(0.0, 0.03))
        await stage.tick()


async def deaf(stage: Stage, rng: random.Random) -> None:
    """The connection over which events come is lost."""
    await stage.server.drop(resumable=rng.random() < 0.7)


async def ill(stage: Stage, rng: random.Random) -> None:
    """One of the models that judge fails from now on, until both are well again."""
    if stage.jury.ails:
        stage.jury.ails.clear()
    else:
        stage.jury.fall_ill(rng.choice((FIRST, SECOND, SECOND)), rng.choice(list(AILMENTS)))


RARE = 0.01
"""How often the event of a round is one that takes seconds, in a long run."""
SLOW_EVENTS: dict[str, Event] = {"process": process}
UNNOTICED = {"ill"}
"""Events that keep nobody from hearing or being heard."""
OFTEN = ("slow", "kill")
"""Events that come twice as often: what goes wrong in milliseconds needs more tries."""
EVENTS: dict[str, Event] = {
    event.__name__: event for event in (restart, kill, second, part, cut, lost, refused, slow, deaf, ill)
}
