"""Turn the bytes of one caption file into clean cues, and say what was left out and why."""

from services.captions.read import read
from services.captions.records import (
    MAX_BYTES,
    MAX_CUES,
    Captions,
    Format,
    NotCaptions,
    Refusal,
    RefusalKind,
)

__all__ = ["MAX_BYTES", "MAX_CUES", "Captions", "Format", "NotCaptions", "Refusal", "RefusalKind", "read"]
