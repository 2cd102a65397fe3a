"""Turn the bytes of one caption file into clean cues, and say what was left out and why."""

from services.captions.clock import shown
from services.captions.holding import held, remarks
from services.captions.pace import Pace, measured
from services.captions.read import read
from services.captions.records import (
    MAX_BYTES,
    MAX_CUES,
    Captions,
    Format,
    NotCaptions,
    Refusal,
    RefusalKind,
    WrongClock,
)

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
