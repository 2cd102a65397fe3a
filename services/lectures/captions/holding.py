"""Hold a lecture's clock against its video's length and the pace of speech."""

from collections.abc import Sequence
from dataclasses import replace
from operator import ne

from db.records import Cue
from services.lectures.captions.pace import SLOWEST, UNUSUAL, Pace, measured, per_minute, too_fast, too_slow, words_in
from services.lectures.captions.records import Captions, Unreadable, WrongClock
from services.lectures.captions.times import shown

HOUR_S = 3600.0
LEAD_S = 300.0
"""Speech that begins so soon after a whole hour begins where an editor's or a broadcaster's timeline does."""
LATEST_S = 2 * HOUR_S
"""No lecture is silent for longer before its first word; a time of day, or a timeline, is what begins later."""
PAST_SHARE = 0.1
"""Up to this share of the words may lie past the video's end, where no link opens; more is another clock."""

LINGERING_S = 240.0
"""A cue that stays for longer, and says next to nothing in that time, was never closed."""
SAID_PER_MINUTE = 150.0


def held(captions: Captions, *, name: str, duration_s: float | None, offset_s: float | None) -> Captions:
    """
    Return *captions* on the video's clock: what is certain is put right and said, the rest is refused.

    *duration_s* is the video's length where it is known, *offset_s* what a person says is to be taken off every time,
    0 for nothing.

    Raises:
        WrongClock: one sentence that names the file by *name*, and says what is wrong and what to do.
    """
    if not captions.cues:
        return captions
    try:
        _require_pace(captions.cues, with_ends=captions.says_ends)
        captions = _closed(captions)
        off_s = _offset(captions.cues, duration_s) if offset_s is None else offset_s
        moved = _moved(captions, off_s, is_told=offset_s is not None)
        return _within(moved, duration_s) if duration_s is not None else moved
    except Unreadable as problem:
        raise WrongClock(f"{name!r} {problem}.") from problem


def remarks(pace: Pace) -> tuple[str, ...]:
    """Say what a person should look at, in a sentence each."""
    found = [f"nothing is said from {_at(start_s)} to {_at(end_s)}" for start_s, end_s in pace.holes]
    if not UNUSUAL[0] <= pace.words_per_minute <= UNUSUAL[1] and pace.words >= 20:
        found.append(f"{pace.words_per_minute:.0f} words a minute are unusual; check the times against the video")
    return tuple(found)


def _require_pace(cues: Sequence[Cue], *, with_ends: bool) -> None:
    pace = measured(cues)
    rate = f"{pace.words_per_minute:.1f}" if pace.words_per_minute < 10 else f"{pace.words_per_minute:,.0f}"
    if too_slow(cues, with_ends=with_ends):
        raise Unreadable(
            f"would be spoken at {rate} words a minute, from {_at(pace.start_s)} to {_at(pace.end_s)}, which nobody "
            "does: its times are in another unit than they say, or it is no transcript; export it again"
        )
    if too_fast(cues):
        raise Unreadable(
            f"would be spoken at {rate} words a minute, which nobody does: its times are in another unit, "
            "or it holds each sentence many times; export it again"
        )


def _closed(captions: Captions) -> Captions:
    """
    End the cues of minutes that nobody closed when their words are said.

    Only after the pace of all: where every cue is slow, the unit is wrong, and nothing may be put right.
    """
    cues = tuple(map(_ended, captions.cues))
    if not (count := sum(map(ne, cues, captions.cues))):
        return captions
    note = f"cues of over four minutes at under {SLOWEST:.0f} words a minute, ended when their words are said: {count}"
    return replace(captions, cues=cues, repairs=(*captions.repairs, note))


def _ended(cue: Cue) -> Cue:
    words, length_s = words_in(cue.text), cue.end_s - cue.start_s
    if length_s <= LINGERING_S or per_minute(words, length_s) >= SLOWEST:
        return cue
    return replace(cue, end_s=round(cue.start_s + max(1.0, 60 * words / SAID_PER_MINUTE), 3))


def _offset(cues: Sequence[Cue], duration_s: float | None) -> float:
    """Return the whole hours at which the timeline of *cues* begins, where that is certain, else 0."""
    first_s, last_s = cues[0].start_s, max(cue.end_s for cue in cues)
    hours_s = first_s // HOUR_S * HOUR_S
    if not hours_s:
        return 0.0
    if duration_s is not None:
        is_past = last_s > duration_s + _slack_s(duration_s)
        would_fit = first_s - hours_s < LEAD_S and last_s - hours_s <= duration_s + _slack_s(duration_s)
        return hours_s if is_past and would_fit else 0.0
    if first_s > LATEST_S and first_s - hours_s >= LEAD_S:
        raise Unreadable(
            f"begins at {_at(first_s)}, as times of day do, and nothing says where its video begins; give in a "
            "manifest the seconds that are to be taken off as offset_s, 0 for none"
        )
    if first_s - hours_s < LEAD_S:
        raise Unreadable(
            f"begins at {_at(first_s)}, as the timelines of video editors do, and nothing says whether its video does; "
            f"give in a manifest the video's length as duration_s, or offset_s {hours_s:.0f} to take that off, or "
            "offset_s 0 to keep the times"
        )
    return 0.0


def _moved(captions: Captions, off_s: float, *, is_told: bool) -> Captions:
    if not off_s:
        return captions
    first_s = captions.cues[0].start_s
    if first_s < off_s:
        raise Unreadable(
            f"begins at {_at(first_s)}, before the offset_s of {off_s:.0f} that is to be taken off; correct it"
        )
    why = (
        "as the manifest says" if is_told else "the hour at which its timeline begins, since the video is over by then"
    )
    cues = tuple(
        Cue(start_s=_less(cue.start_s, off_s), end_s=_less(cue.end_s, off_s), text=cue.text) for cue in captions.cues
    )
    return replace(captions, cues=cues, repairs=(*captions.repairs, f"{_at(off_s)} was taken off every time, {why}"))


def _within(captions: Captions, duration_s: float) -> Captions:
    """Refuse what lies mostly past the video's end, and name what little does."""
    past = [cue for cue in captions.cues if cue.start_s > duration_s]
    words = sum(words_in(cue.text) for cue in captions.cues)
    share = sum(words_in(cue.text) for cue in past) / max(words, 1)
    last_s = max(cue.end_s for cue in captions.cues)
    if share > PAST_SHARE and last_s > duration_s + _slack_s(duration_s):
        raise Unreadable(
            f"is spoken from {_at(captions.cues[0].start_s)} to {_at(last_s)}, but its video is {_at(duration_s)} "
            "long: the captions are of another cut, or duration_s is wrong; correct one of them, or give an offset_s"
        )
    if not past:
        return captions
    note = (
        f"{len(past)} of {len(captions.cues)} cues lie past the video's end at {_at(duration_s)}; no link opens there"
    )
    return replace(captions, repairs=(*captions.repairs, note))


def _slack_s(duration_s: float) -> float:
    """How far past the end the last words may reach: lengths are rounded, and last cues linger."""
    return max(30.0, duration_s / 50)


def _less(time_s: float, off_s: float) -> float:
    return round(time_s - off_s, 3)


def _at(time_s: float) -> str:
    return shown(round(time_s * 1000))
