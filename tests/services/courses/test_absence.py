from datetime import UTC, datetime, timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from db.records import AnswersWhen, Binding, Course, CourseId
from services.courses.absence import LONGEST_ABSENCE, Missed, Room, Seen, missed, pauses_s, snowflake

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
COURSE = Course(id=CourseId(1), slug="redes", title="Redes", language="pt-BR")
CATEGORY, ROOM, THREAD = 1, 2, 3


def ago(**time: float) -> int:
    return snowflake(NOW - timedelta(**time))


def bound(channel: int, *, answers: AnswersWhen = "mention", **time: float) -> Binding:
    return Binding(channel_id=channel, guild_id=9, course=COURSE, answers=answers, bound_at=NOW - timedelta(**time))


def room(newest: int | None, *lineage: int) -> Room:
    return Room(id=lineage[0], lineage=lineage, newest=newest)


def test_a_mark_stays_below_what_is_not_decided() -> None:
    seen = Seen()
    first, second, third = (ago(minutes=minutes) for minutes in (3, 2, 1))
    for message in (first, second, third):
        seen.hear(ROOM, message)

    seen.settle(ROOM, first)
    seen.settle(ROOM, third)
    assert seen.marks(NOW) == {ROOM: second - 1}

    seen.settle(ROOM, second)
    assert seen.marks(NOW) == {ROOM: third}


def test_a_room_that_is_being_read_counts_as_seen_up_to_there() -> None:
    seen = Seen()
    seen.hold(ROOM, ago(minutes=9))
    seen.settle(ROOM, ago(minutes=1))
    assert seen.marks(NOW) == {ROOM: ago(minutes=9)}

    seen.let_go(ROOM)
    assert seen.marks(NOW) == {ROOM: ago(minutes=1)}


def test_a_mark_is_told_until_it_is_kept() -> None:
    seen = Seen()
    seen.settle(ROOM, ago(minutes=1))

    assert seen.marks(NOW) == seen.marks(NOW) == {ROOM: ago(minutes=1)}
    seen.keep(seen.marks(NOW))
    assert seen.marks(NOW) == {}


def test_what_is_too_old_to_be_answered_holds_nothing_up() -> None:
    seen = Seen()
    seen.hear(ROOM, ago(minutes=59))
    seen.settle(ROOM, ago(minutes=1))

    assert seen.marks(NOW) == {ROOM: ago(minutes=59) - 1}
    later = NOW + timedelta(minutes=2)
    assert seen.marks(later) == {ROOM: ago(minutes=1)}
    assert not seen.has_heard(ROOM, ago(minutes=59))


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=30))
def test_no_undecided_message_is_ever_passed(heard: list[tuple[int, bool]]) -> None:
    seen = Seen()
    messages = {ago(seconds=second): is_decided for second, is_decided in heard}
    for message, is_decided in messages.items():
        seen.hear(ROOM, message)
        if is_decided:
            seen.settle(ROOM, message)

    mark = seen.marks(NOW).get(ROOM, 0)

    assert all(is_decided for message, is_decided in messages.items() if message <= mark)


def test_a_room_is_read_from_its_mark() -> None:
    found = missed([room(ago(minutes=1), ROOM)], {ROOM: ago(minutes=5)}, [bound(ROOM, days=9)], NOW)

    assert found == [Missed(room=ROOM, after=ago(minutes=5), is_answered=True)]


def test_a_room_without_a_mark_is_read_from_its_binding_on() -> None:
    rooms = [room(ago(minutes=1), THREAD, ROOM, CATEGORY)]

    (found,) = missed(rooms, {ROOM: ago(minutes=2)}, [bound(CATEGORY, minutes=20)], NOW)

    assert ago(minutes=22) < found.after < ago(minutes=20)


def test_nothing_older_than_the_longest_absence_is_read() -> None:
    (found,) = missed([room(ago(minutes=1), ROOM)], {}, [bound(ROOM, days=9)], NOW)

    assert found.after == snowflake(NOW - LONGEST_ABSENCE)


def test_the_nearest_binding_says_whether_a_room_is_answered() -> None:
    bindings = [bound(CATEGORY, days=1), bound(ROOM, days=1, answers="off")]

    found = missed([room(ago(minutes=1), THREAD, ROOM, CATEGORY)], {}, bindings, NOW)

    assert [gap.is_answered for gap in found] == [False]


def test_what_has_nothing_new_or_belongs_to_no_course_is_not_asked_for() -> None:
    rooms = [room(None, ROOM), room(ago(minutes=9), THREAD, ROOM), room(ago(minutes=1), 77)]

    assert missed(rooms, {THREAD: ago(minutes=9)}, [bound(ROOM, days=1)], NOW) == []


def test_pauses_grow_and_end() -> None:
    pauses = list(islice(pauses_s(), 1_000))

    assert pauses == sorted(pauses)
    assert LONGEST_ABSENCE.total_seconds() <= sum(pauses) < LONGEST_ABSENCE.total_seconds() + 120
