"""Decide what counts as seen, what is read again after an absence, and how patiently what fails is tried again."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from db.records import Binding

LONGEST_ABSENCE = timedelta(hours=1)
"""What was asked longer ago is no longer answered: who asked has moved on."""
CLOCKS_APART = timedelta(minutes=1)
"""How far the database's clock may be ahead of Discord's."""
MOST_MISSED = 5_000
"""Messages of one room that are read after an absence: more than one a second in the longest absence."""
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""From which the ids of messages count milliseconds: https://discord.com/developers/docs/reference#snowflakes"""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
FEW_TRIES = 4
"""For what fails by a fault of ours, and for a direct message: no later start finds that, so its author is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place in Discord where messages stand: a channel, a thread, the chat of a voice room."""

    id: int
    lineage: tuple[int, ...]  # itself and what it lies in, the nearest first
    newest: int | None  # its last message, as far as Discord tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A room in which something was written that nobody here has seen."""

    room: int
    after: int  # the last message that needs no reading
    is_answered: bool  # whether the course answers there at all


class Seen:
    """
    Which messages of each room are decided.

    A message is decided once it is known not to ask us anything, or its question is stored or explained. Whatever is
    not bounds the mark of its room, so that the next start reads it again; what is too old to be answered does not.
    """

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        self._open: dict[int, set[int]] = {}
        self._settled: dict[int, set[int]] = {}
        self._read_to: dict[int, int] = {}
        self._kept: dict[int, int] = {}

    def hear(self, room: int, message: int) -> None:
        """Take note of a message that is not decided yet."""
        self._open.setdefault(room, set()).add(message)

    def has_heard(self, room: int, message: int) -> bool:
        """Say whether a message was heard here within the longest absence, decided or not."""
        return message in self._open.get(room, ()) or message in self._settled.get(room, ())

    def settle(self, room: int, message: int) -> None:
        """Take note that a message is decided."""
        self._open.get(room, set()).discard(message)
        self._settled.setdefault(room, set()).add(message)
        self._newest[room] = max(message, self._newest.get(room, 0))

    def hold(self, room: int, message: int) -> None:
        """Take note that a room is being read, and has been up to *message*: no later one may count as seen."""
        self._read_to[room] = message

    def let_go(self, room: int) -> None:
        """Take note that a room is read to its end."""
        self._read_to.pop(room, None)

    def marks(self, now: datetime) -> dict[int, int]:
        """Return the last message of each room before which nothing waits, where it has risen since `keep`."""
        self._forget(snowflake(now - LONGEST_ABSENCE))
        found = {room: self._mark(room, newest) for room, newest in self._newest.items()}
        return {room: mark for room, mark in found.items() if mark > self._kept.get(room, 0)}

    def keep(self, marks: Mapping[int, int]) -> None:
        """Take note that *marks* are stored."""
        self._kept |= marks

    def _mark(self, room: int, newest: int) -> int:
        waiting = self._open.get(room, ())
        return min([newest, *(message - 1 for message in waiting), self._read_to.get(room, newest)])

    def _forget(self, earliest: int) -> None:
        """Forget messages that are too old to be answered, or to come again."""
        for heard in (self._open, self._settled):
            for room in list(heard):
                heard[room] = {message for message in heard[room] if message >= earliest}
                if not heard[room]:
                    del heard[room]


def missed(rooms: Iterable[Room], marks: Mapping[int, int], bindings: Sequence[Binding], now: datetime) -> list[Missed]:
    """
    Return the rooms to read, and from where.

    Each message that is heard raises the mark of its room. A room without one has thus heard nothing since the place
    that it belongs to was bound: a channel in which nobody had written, a forum post opened meanwhile, a new room.
    """
    bound = {binding.channel_id: binding for binding in bindings}
    earliest = snowflake(now - LONGEST_ABSENCE)
    found = list[Missed]()
    for room in rooms:
        binding = next((bound[place] for place in room.lineage if place in bound), None)
        if binding is None or room.newest is None:
            continue
        after = max(marks.get(room.id) or snowflake(binding.bound_at - CLOCKS_APART), earliest)
        if room.newest > after:
            found.append(Missed(room=room.id, after=after, is_answered=binding.answers != "off"))
    return found


def is_too_old(age_s: float) -> bool:
    """Say whether a question of that age is explained instead of answered."""
    return age_s > LONGEST_ABSENCE.total_seconds()


def pauses_s() -> Generator[float, None, None]:
    """
    Yield how long to wait before each further try, twice as long each time, as long as a question may wait.

    >>> [pause for pause, _ in zip(pauses_s(), range(8))]
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    """
    pause_s, waited_s = FIRST_PAUSE_S, 0.0
    while not is_too_old(waited_s):
        yield pause_s
        waited_s += pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def snowflake(moment: datetime) -> int:
    """
    Return the lowest id that Discord gives at *moment*.

    >>> snowflake(EPOCH + timedelta(milliseconds=1))
    4194304
    """
    # The lower 22 bits number what comes within one millisecond.
    return (moment - EPOCH) // timedelta(milliseconds=1) << 22
