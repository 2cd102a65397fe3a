"""Read the times that caption files write, such as `01:02:03,450`, as whole milliseconds."""

import re

FRAMED = r"[0-9]{1,2}(?:[:;][0-9]{2}){2}[:;][0-9]{2,3}"
"""A time code of video editing, `hh:mm:ss:ff` or `hh:mm:ss;ff`; three digits at its end are milliseconds."""
CLOCK = rf"(?:{FRAMED}|(?:[0-9]{{1,9}}:)?[0-9]{{1,9}}:[0-9]{{1,9}}(?:[.,][0-9]{{1,9}})?)"
FIELDS = re.compile(r"(-?)(?:([0-9]{1,9}):)?([0-9]{1,9}):([0-9]{1,9})(?:[.,]([0-9]{1,9}))?")
FRAMED_FIELDS = re.compile(r"(-?)([0-9]{1,2})[:;]([0-9]{2})[:;]([0-9]{2})[:;]([0-9]{2,3})")
FRAMES_PER_S = 30
"""No file says its own rate. The commonest highest one keeps a frame in its second, 0.2 s off at most at 25."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class BadTimeError(ValueError):
    """A time that cannot be read; the message is a reason for a refusal."""


def milliseconds(written: str) -> int:
    """
    Read a clock time with optional hours and a dot or comma before the fraction.

    Minutes run past 59 where no hours are written (`75:30`); a second 60, which converters write when they
    round, is accepted. Four fields are a time code with frames, never days.

    >>> milliseconds("1:02:03,45"), milliseconds("00:00:12:15"), milliseconds("00:00:12:250")
    (3723450, 12500, 12250)

    Raises:
        BadTimeError: negative, or not a time.
    """
    if framed := FRAMED_FIELDS.fullmatch(written.strip()):
        return _with_frames(framed)
    fields = FIELDS.fullmatch(written.strip())
    if fields is None:
        raise BadTimeError(f"has the unreadable time {written.strip()[:40]!r}")
    sign, hours, minutes, seconds, fraction = fields.groups()
    if sign:
        raise BadTimeError(f"has the negative time {written.strip()!r}")
    if int(seconds) > 60 or (hours is not None and int(minutes) > 59):
        raise BadTimeError(f"has the impossible time {written.strip()!r}")
    whole_s = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole_s * 1000 + int((fraction or "").ljust(3, "0")[:3])


def _with_frames(fields: re.Match[str]) -> int:
    sign, hours, minutes, seconds, rest = fields.groups()
    if sign:
        raise BadTimeError(f"has the negative time {fields[0]!r}")
    if int(seconds) > 60 or int(minutes) > 59:
        raise BadTimeError(f"has the impossible time {fields[0]!r}")
    whole_s = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    part_ms = int(rest) if len(rest) == 3 else min(int(rest) * 1000 // FRAMES_PER_S, 999)
    return whole_s * 1000 + part_ms


def shown(time_ms: int) -> str:
    """
    Write a time the way a player shows it.

    >>> shown(3723450)
    '1:02:03'
    """
    minutes, seconds = divmod(time_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
