"""Play evenings: several plays at once over one database, by a script that a seed decides, judged when all is quiet."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from services.models.llm import LlmConfig
from tests.bot.discord.plays import moves
from tests.bot.discord.plays.events import EVENTS, OFTEN, RARE, SLOW_EVENTS, UNNOTICED
from tests.bot.discord.plays.facts import facts
from tests.bot.discord.plays.jury import Jury, jury
from tests.bot.discord.plays.opinions import opinions
from tests.bot.discord.plays.play import Play
from tests.bot.discord.plays.rules import Broken, broken
from tests.bot.discord.plays.speaking import speaking
from tests.bot.discord.plays.stage import Evening, Stage

ROUNDS = 12
PLAYS = 12
KINDS = 8
"""Of courses; the plays of an evening have them in turn."""
FIRST = ("ask", "ask_privately", "mention", "hold")
HELD = "ask ask_privately mention ask_openly card_approve"
"""A theme of plays in which staff see every answer first, from the first round on."""
THEMES: tuple[str, ...] = (
    HELD,
    "",
    "correct correct correct",
    "asks_the_same call thumb_down correct card_wrong retire",
    "hold ask ask_privately mention card_approve card_reject correct share",
    "mention thread thumb_down call card_take card_release assign react",
    "ask_privately share forget correct card_wrong",
    "explain keep rewrite ask correct retire",
    "keep explain forget mention asks_the_same",
    "thread post post_again explain chatter mention",
    "thumb_down thumb_up thumb_down thumb_up card_take card_take card_release card_release assign assign",
    "call mention all_at_once all_at_once",
    "mention post reply thread direct again delete_question",
    "judge_anew judge_anew thumb_down thumb_up card_wrong ask other_rules",
    "judge_anew forget ask mention once_more card_right card_dismiss",
)
"""What some plays are about: such moves are many times as likely there, those named twice twice as many."""
LIKED = 6
BEGINS_ILL = 0.4
"""Share of evenings in which one of the models that judge is ill from the first round on: its opinions come late."""


@dataclass(frozen=True)
class Step:
    """One move of one play, or something that befalls all; *seed* decides the rest."""

    name: str  # "": nothing
    seed: int = 0
    beside: bool = False  # the next step does not wait for it

    def __str__(self) -> str:
        return f"{self.name}:{self.seed}{'&' if self.beside else ''}" if self.name else "-"

    @classmethod
    def read(cls, text: str) -> "Step":
        name, _, seed = text.partition(":")
        return cls(name, int(seed.rstrip("&")), seed.endswith("&")) if seed else NOTHING


NOTHING = Step("")


@dataclass(frozen=True)
class Script:
    """What happens in one evening: in each round, a step of each play, and perhaps something that befalls all."""

    events: tuple[Step, ...]
    plays: tuple[tuple[Step, ...], ...]
    has_model: bool = False  # else answers are quotations

    def only(self, play: int) -> "Script":
        """Return one of the plays, among those that do nothing: what its course wants goes by its number."""
        before = tuple(tuple(NOTHING for _ in self.events) for _ in range(play % KINDS))
        return replace(self, plays=(*before, self.plays[play]))

    def without(self, place: int) -> Iterator["Script"]:
        """Leave out what happens in a round, one thing at a time."""
        if self.events[place].name:
            yield replace(self, events=_left_out(self.events, place))
        for number, steps in enumerate(self.plays):
            if steps[place].name:
                others = list(self.plays)
                others[number] = _left_out(steps, place)
                yield replace(self, plays=tuple(others))

    def __str__(self) -> str:
        lines = (" ".join(map(str, steps)) for steps in (self.events, *self.plays))
        return " / ".join([*(["model"] if self.has_model else []), *lines])

    @classmethod
    def read(cls, text: str) -> "Script":
        """Read what `str` writes."""
        has_model, lines = text.startswith("model"), text.removeprefix("model /")
        events, *plays = [tuple(map(Step.read, line.split())) for line in lines.split("/")]
        return cls(events, tuple(plays), has_model)


def _left_out(steps: tuple[Step, ...], place: int) -> tuple[Step, ...]:
    return (*steps[:place], NOTHING, *steps[place + 1 :])


def script(seed: int, *, plays: int = PLAYS, rounds: int = ROUNDS, is_long: bool = False) -> Script:
    """Return the evening that *seed* makes; with *is_long*, at times a process of its own is the bot."""
    rng = random.Random(seed)  # noqa: S311 - not a secret
    names = list(moves.MOVES)
    is_troubled = rng.random() < 0.7

    def play() -> tuple[Step, ...]:
        theme = rng.choice(THEMES)
        weights = [moves.MOVES[name][0] * (LIKED * theme.split().count(name) or 1) for name in names]
        first = "hold" if theme == HELD else rng.choice(FIRST)
        return tuple(step(first if turn == 0 else rng.choices(names, weights)[0]) for turn in range(rounds))

    def step(name: str) -> Step:
        return Step(name, rng.randrange(10**6), beside=rng.random() < 0.15)

    def event(turn: int) -> Step:
        if turn == 0:
            return Step("ill", rng.randrange(10**6)) if rng.random() < BEGINS_ILL else NOTHING
        happens = is_troubled and rng.random() < 0.25
        if is_long and random.Random(f"{seed} {turn}").random() < RARE:  # noqa: S311 - not a secret
            return Step("process", seed)
        return Step(rng.choice([*EVENTS, *OFTEN]), rng.randrange(10**6)) if happens else NOTHING

    return Script(
        has_model=rng.random() < 0.3,
        events=tuple(event(turn) for turn in range(rounds)),
        plays=tuple(play() for _ in range(plays)),
    )


@dataclass
class Outcome:
    """How an evening went."""

    script: Script
    found: dict[int, list[Broken]]  # by play
    told: list[list[str]]
    restless: list[str] = field(default_factory=list[str])
    logs: list[str] = field(default_factory=list[str])
    spent_s: dict[str, float] = field(default_factory=dict[str, float])
    happened: Counter[str] = field(default_factory=Counter[str])  # moves that found something to act upon, and events

    @property
    def is_fine(self) -> bool:
        return not any(self.found.values()) and not self.restless and not self.logs

    @property
    def rules(self) -> set[str]:
        """The rules that are broken."""
        others = [name for name, there in (("restless", self.restless), ("8 logs", self.logs)) if there]
        return {*others, *(one.rule for found in self.found.values() for one in found)}

    def report(self) -> str:
        """Tell what went wrong, and in which plays."""
        lines = list[str]()
        for play, found in self.found.items():
            if found or self.restless or self.logs:
                lines += [f"play {play}:", *(f"    {said}" for said in self.told[play])]
                lines += [f"  -> {one}" for one in found]
        lines += [f"  -> [restless] {one}" for one in self.restless]
        lines += [f"  -> [8 logs] {one}" for one in self.logs]
        return "\n".join(lines)


async def played(script: Script, *, url: str, home: Path) -> Outcome:
    """Play an evening, and judge it."""
    async with AsyncExitStack() as stack:
        judges = await stack.enter_async_context(jury())
        model = await stack.enter_async_context(speaking()) if script.has_model else None
        return await _played(script, url, home, model, judges)


async def _played(script: Script, url: str, home: Path, answer: LlmConfig | None, judges: Jury) -> Outcome:
    clock = defaultdict[str, float](float)
    began = time.monotonic()

    def lap(name: str) -> None:
        nonlocal began
        clock[name] += time.monotonic() - began
        began = time.monotonic()

    async with Evening(url, home, answer, judges) as stage:
        made = [await Play.begun(number, stage, stage.outside) for number in range(len(script.plays))]
        lap("set up")
        await stage.begin()
        lap("start")
        for turn in range(len(script.events)):
            await _round(stage, made, [steps[turn] for steps in script.plays], script.events[turn])
        lap("play")
        await stage.kill_process()
        if not stage.awake:
            await stage.begin()
        stage.server.outages.clear()
        restless = await _quiet(stage)
        lap("quiet")
        said = {play.number: await opinions(play) for play in made}
        found = {play.number: list(broken(play, await facts(play), said[play.number])) for play in made}
        lap("judge")
        await stage.end()
        logs = list(stage.logs.heard)
        lap("end")
    happened = sum((play.acted for play in made), Counter(f"({step})" for step in _names(script.events)))
    happened.update(kind for one in said.values() for kind in one.kinds())
    told = [play.said for play in made]
    return Outcome(script, found, told, restless=restless, logs=logs, spent_s=dict(clock), happened=happened)


async def _quiet(stage: Stage) -> list[str]:
    """Let everything come to rest: first what needs no model that is ill, then, once all are well, the rest."""
    if not stage.jury.ails:
        return await stage.quiet()
    restless = await stage.quiet()
    stage.jury.ails.clear()
    return restless + await stage.quiet()


def _names(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps if step.name]


async def _round(stage: Stage, plays: Sequence[Play], steps: Sequence[Step], event: Step) -> None:
    for play in plays:
        play.hasty = bool(event.name) and event.name not in UNNOTICED
        if event.name:
            play.tell(f"({event.name})")
    acting = [asyncio.create_task(_act(play, step)) for play, step in zip(plays, steps, strict=True) if step.name]
    if event.name:
        await befall(stage, event.name, _rng(event))
    await asyncio.gather(*acting)
    with suppress(psycopg.OperationalError):
        await stage.tick()


async def _act(play: Play, step: Step) -> None:
    before, play.hasty = play.hasty, play.hasty or step.beside
    rng, said = _rng(step), len(play.said)
    for name in moves.instead(step.name):
        await moves.MOVES[name][1](play, rng)
        if len(play.said) > said:
            play.acted[name] += 1
            break  # it found something to act upon
    play.hasty = before


def _rng(step: Step) -> random.Random:
    return random.Random(step.seed)  # noqa: S311 - not a secret


async def befall(stage: Stage, event: str, rng: random.Random) -> None:
    """Let something happen to all plays at once."""
    await asyncio.sleep(rng.uniform(0.0, 0.04))
    await (EVENTS | SLOW_EVENTS)[event](stage, rng)
