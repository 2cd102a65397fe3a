"""Turn the bytes of one caption file into clean cues, and say what was left out and why."""

from services.lectures.captions.holding import held, remarks
from services.lectures.captions.pace import Pace, measured
from services.lectures.captions.read import read
from services.lectures.captions.records import (
    MAX_BYTES,
    MAX_CUES,
    Captions,
    Format,
    NotCaptions,
    Refusal,
    RefusalKind,
    WrongClock,
)
from services.lectures.captions.times import shown

__all__ = [
    "MAX_BYTES",
    "MAX_CUES",
    "Captions",
    "Format",
    "NotCaptions",
    "Pace",
    "Refusal",
    "RefusalKind",
    "WrongClock",
    "held",
    "measured",
    "read",
    "remarks",
    "shown",
]
