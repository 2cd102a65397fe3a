"""Make a script that breaks a rule as short as it can be and still break it."""

from collections.abc import Awaitable, Callable

from tests.bot.discord.plays.player import Outcome, Script

Playing = Callable[[Script], Awaitable[Outcome]]


async def shrunk(outcome: Outcome, play: Playing, *, tries: int = 40) -> Outcome:
    """
    Return the outcome of the shortest script found that breaks one of the same rules.

    What depends on chance in time may not break it every time; then more of the script stays than is needed.
    """
    best = outcome
    for number, found in outcome.found.items():
        if found:
            alone = await play(outcome.script.only(number))
            tries -= 1
            if alone.rules & outcome.rules:
                best = alone
                break
    place = len(best.script.events) - 1
    while place >= 0 and tries > 0:
        for shorter in best.script.without(place):
            tries -= 1
            tried = await play(shorter)
            if tried.rules & best.rules:
                best = tried
                break
        else:
            place -= 1
    return best
