"""One course in one server, its people, and what they have done so far; the moves of a play act on it."""

import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from db.records import Course, Language
from services.errors import Unavailable
from services.lectures.manifest import plan
from services.wiring import Services
from tests.bot.discord.plays.stage import Stage
from tests.fake_discord import Channel, Guild, Interaction, Member, Message, Role

TOPICS = ("gradiente", "dropout", "tensor", "perceptron")
ANEW = ("simpler", "example", "other", "widen", "in1", "in2", "in3")
"""The buttons that ask once more: another way, or of other lectures."""
ANSWER_BUTTON = re.compile(rf"m:(?P<verb>up|down|excerpts|call|share|{'|'.join(ANEW)}):(?P<course>\d+):(?P<answer>\d+)")
CARD_BUTTON = re.compile(r"r:(?P<verb>\w+):(?P<course>\d+):(?P<item>\d+)")
LECTURES = 2
NO_LECTURE = 9
BUDGET = 4_000
"""Tokens of the judge's day, where a course has any: enough for one call after the other, and not for many at once."""
PATIENT_S = 5.0
HASTY_S = 0.06


@dataclass(kw_only=True)
class Ask:
    """One question that somebody asked, and how."""

    way: str
    who: Member
    text: str
    channel: Channel
    at: float
    is_calm: bool  # nothing was broken when it was asked
    is_held: bool  # whether staff were to see its answer first
    is_private: bool = False
    interaction: Interaction | None = None
    message: Message | None = None
    tag: str = ""  # a word that nobody else has used
    hold_changed: bool = False  # while it was being answered
    deleted_for: bool = False  # its asker had their data deleted
    question_gone: bool = False  # the message that asked was deleted
    repeats: "Ask | None" = None  # whose words it asks once more

    @property
    def author(self) -> Member:
        """Whose words it asks in."""
        return self.repeats.author if self.repeats else self.who

    @property
    def is_asked_back(self) -> bool:
        """Whether it names a lecture that there is not, so that the bot says which there are."""
        return self.repeats is None and f"aula {NO_LECTURE}" in self.text

    @property
    def source_id(self) -> str:
        if self.interaction:
            return f"interaction:{self.interaction.id}"
        assert self.message
        return f"message:{self.message.id}"

    @property
    def thing(self) -> Message | Interaction:
        found = self.interaction or self.message
        assert found
        return found


@dataclass(kw_only=True)
class Written:
    """What somebody wrote that asks nothing of the bot."""

    who: Member
    message: Message
    tag: str  # a word that nobody else has used
    is_staff: bool
    is_calm: bool = True  # nothing was broken when it was last touched
    is_kept: bool = False  # staff may have kept it
    deleted_for: bool = False  # its writer had their data deleted after it was kept


@dataclass
class Play:
    """The state of one play, as its people know it."""

    number: int
    stage: Stage
    guild: Guild
    room: Channel
    spare: Channel
    every: Channel
    forum: Channel
    staff: Channel
    role: Role
    students: list[Member]
    tas: list[Member]
    boss: Member
    course: Course
    asks: list[Ask] = field(default_factory=list[Ask])
    threads: list[Channel] = field(default_factory=list[Channel])
    written: list[Written] = field(default_factory=list[Written])
    unasked: list[tuple[Message, str]] = field(default_factory=list[tuple[Message, str]])
    """What must not be answered, and why."""
    staffed: set[int] = field(default_factory=set[int])  # threads in which staff have written
    gone_words: set[str] = field(default_factory=set[str])  # of comments whose writer had their data deleted
    comments: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])  # person and a word of their own
    said: list[str] = field(default_factory=list[str])  # what was done, in words
    acted: Counter[str] = field(default_factory=Counter[str])  # moves that did something
    is_holding: bool = False
    hold_is_unsure: bool = False
    version: int = 1
    corrections: int = 0
    hasty: bool = False
    forgotten: set[int] = field(default_factory=set[int])  # people whose data was deleted, at least once
    roots: dict[int, int] = field(default_factory=dict[int, int])  # verified: the answer that it corrected, ever
    deleted_cards: set[int] = field(default_factory=set[int])  # items whose card a person deleted
    told_votes: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    """By answer and person: the label that stands by what the person was told last; "": none."""
    told_scores: list[tuple[tuple[int | None, int | None], str]] = field(
        default_factory=list[tuple[tuple[int | None, int | None], str]]
    )
    """What the judge and a second opinion had scored, and what staff were told of it."""
    gone_channels: set[int] = field(default_factory=set[int])

    # --- making it ---

    @classmethod
    async def begun(cls, number: int, stage: Stage, services: Services) -> "Play":
        """Make a server with a course that has two lectures."""
        server = stage.server
        guild = server.add_guild(f"Redes {number}")
        role = server.add_role(guild, "monitoria")
        room, spare = server.add_channel(guild, "duvidas"), server.add_channel(guild, "mais-duvidas")
        every = server.add_channel(guild, "tudo")
        forum, staff = server.add_channel(guild, "forum", kind="forum"), server.add_channel(guild, "equipe")
        language: Language = "en" if number % 4 == 3 else "pt-BR"
        course = await services.courses.create(slug=f"redes-{number}", title=f"Redes {number}", language=language)
        made = cls(
            number=number,
            stage=stage,
            guild=guild,
            room=room,
            spare=spare,
            every=every,
            forum=forum,
            staff=staff,
            role=role,
            students=[server.add_member(guild, f"{name}{number}") for name in ("ana", "rui", "eva")],
            tas=[server.add_member(guild, f"{name}{number}", [role]) for name in ("bia", "caio")],
            boss=server.add_member(guild, f"chefe{number}", owner=True),
            course=course,
        )
        for channel, answers in ((room, "mention"), (spare, "mention"), (every, "every"), (forum, "forum")):
            await services.spaces.bind(
                course,
                guild=guild.id,
                channel=channel.id,
                answers=answers,  # pyright: ignore[reportArgumentType]
                reader=language,
            )
        await services.spaces.change(course, staff_channel_id=staff.id, staff_role_ids=[role.id], person_hourly=500)
        await services.judge_settings.change(course, made.wanted())
        await made.teach(services)
        return made

    @property
    def is_judged(self) -> bool:
        """Whether a model judges the answers, and another one gives second opinions."""
        return self.number % 4 in {2, 3}

    def wanted(self) -> dict[str, Any]:
        """How the course wants its answers judged; the plays of one evening differ in all that could matter."""
        asks_of_all = 1.0 if (self.number // 4) % 2 == 0 else 0.0
        return {
            "second_share": float(self.number % 2),
            "judge_share": float(self.is_judged),
            "audit_share": 0.0,
            "second_opinion": self.is_judged,
            "second_opinion_share": asks_of_all,
            "daily_tokens": BUDGET if self.number % 8 == 7 else None,
        }

    async def teach(self, services: Services) -> None:
        """Take in the lectures, in their version of now."""
        folder = self.stage.home / f"captions-{self.number}"
        folder.mkdir(parents=True, exist_ok=True)
        for lecture in range(LECTURES):
            file = folder / f"aula-{lecture + 1}.vtt"
            cues = [
                f"00:00:{15 * place:02}.000 --> 00:00:{15 * place + 14:02}.000\n"
                f"O {topic} guarda a ideia {token(self, lecture * len(TOPICS) + place)} desta parte da aula."
                for place, topic in enumerate(TOPICS)
            ]
            file.write_text("WEBVTT\n\n" + "\n\n".join(cues) + "\n", encoding="utf-8")
            planned = plan([file], manifest=None, language="pt-BR", video_url=f"https://youtu.be/abc{lecture}")
            async for _ in services.ingest.run(self.course, planned):
                pass

    # --- looking ---

    @property
    def server(self) -> Any:
        return self.stage.server

    def by_us(self, channel: Channel) -> list[Message]:
        return [message for message in channel.messages if message.author is self.server.user]

    def places(self) -> list[Channel]:
        """Where students read: rooms, threads, forum posts, and conversations of two."""
        channels = [
            one for one in self.guild.channels.values() if one.kind in {"text", "thread"} and one is not self.staff
        ]
        return channels + [self.server.direct[one.id] for one in self.students if one.id in self.server.direct]

    def answers(self) -> list[Message]:
        """Messages with buttons under an answer that everyone sees."""
        return [one for place in self.places() for one in self.by_us(place) if button(one, "call")]

    def whispers(self, who: Member) -> list[Message]:
        """Private answers that *who* sees."""
        used = [one for one in self.server.interactions if one.user.id == who.id]
        return [
            message
            for one in used
            for message in one.messages
            if message.ephemeral and not message.deleted and button(message, "call")
        ]

    def cards(self) -> list[Message]:
        return [one for one in self.by_us(self.staff) if any(map(CARD_BUTTON.fullmatch, one.buttons.values()))]

    def words_that_should_be_gone(self) -> set[str]:
        """Words that only people wrote whose data was deleted since."""
        written = {one.tag for one in self.written if one.deleted_for and one.is_kept and not one.is_staff}
        asked = {one.tag for one in self.asks if one.tag}
        kept = {one.tag for one in self.asks if not one.deleted_for}
        return written | (asked - kept) | self.gone_words

    # --- waiting ---

    async def soon(self, holds: Callable[[], object]) -> bool:
        """Wait for what will come, though not long in a hurry."""
        limit_s = HASTY_S if self.hasty or self.stage.is_deserted else PATIENT_S
        end = time.monotonic() + limit_s
        while True:
            try:
                if holds():
                    return True
            except (LookupError, AttributeError):
                pass
            if time.monotonic() > end:
                return False
            await self.stage.breathe()

    # --- what is done from outside Discord ---

    async def outside(self, work: Callable[[Services], Awaitable[Any]]) -> bool:
        """Do something as the operator does, with a program of their own; False: the database did not let them."""
        try:
            await work(self.stage.outside)
        except (Unavailable, psycopg.Error, PoolTimeout):
            return False
        return True

    async def verified_now(self) -> list[int]:
        query = "select id from verified_answers where course_id = %(course)s and retired_at is null"
        return [number for (number,) in await self.look(query)]

    async def remember_roots(self) -> None:
        """Keep which answer each verified one corrected, before that may go."""
        query = "select id, answer_id from verified_answers where course_id = %(course)s and answer_id is not null"
        self.roots |= dict(await self.look(query))

    async def look(self, query: str) -> list[tuple[Any, ...]]:
        """Read the database, unless it is cut off."""
        try:
            return await self.stage.rows(query, course=self.course.id)
        except psycopg.OperationalError:
            return []

    def doubt_holds(self) -> None:
        """
        Of what is being asked while the course changes, nobody knows whether it is held.

        What was asked amid trouble may not have been heard yet, and then it is not held back by what was in force.
        """
        for asked in self.asks:
            asked.hold_changed |= self.hasty or not asked.is_calm or self.stage.is_busy(asked.source_id)

    def delete_channel(self, channel: Channel) -> None:
        gone = [one for one in self.guild.channels.values() if one is channel or one.parent is channel]
        for one in gone:
            self.gone_channels.add(one.id)
            self.server.dispatch("THREAD_DELETE" if one.kind == "thread" else "CHANNEL_DELETE", one.payload(), one)
            del self.guild.channels[one.id]

    def tell(self, what: str) -> None:
        self.said.append(what)


def token(play: Play, place: int) -> str:
    """A word of the lecture that stands nowhere else."""
    return f"xk{play.number}p{place}v{play.version}"


def button(message: Message, verb: str) -> str | None:
    """The custom id of an answer's button."""
    return next(
        (
            given
            for given in message.buttons.values()
            if (match := ANSWER_BUTTON.fullmatch(given)) and match["verb"] == verb
        ),
        None,
    )


def press(card: Message, verb: str) -> str | None:
    """The custom id of a card's button; those of a second look have verbs of their own."""
    of_verb = {verb, f"second_{verb}"}
    return next(
        (
            given
            for given in card.buttons.values()
            if (match := CARD_BUTTON.fullmatch(given)) and match["verb"] in of_verb
        ),
        None,
    )


def answer_of(message: Message) -> int | None:
    """Whose answer a message shows, by its buttons."""
    for given in message.buttons.values():
        if match := ANSWER_BUTTON.fullmatch(given):
            return int(match["answer"])
    return None


def item_of(card: Message) -> int | None:
    for given in card.buttons.values():
        if match := CARD_BUTTON.fullmatch(given):
            return int(match["item"])
    return None


def chosen(rng: random.Random, things: list[Any]) -> Any:
    """One of *things*, the late ones more often; None where there is none."""
    if not things:
        return None
    return things[-1] if rng.random() < 0.4 else rng.choice(things)
