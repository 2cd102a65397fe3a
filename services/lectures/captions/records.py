"""What one caption file gives: cues to keep, cues refused with a reason, and what was put right."""

from dataclasses import dataclass
from typing import Literal

from db.records import Cue
from services.errors import Refused

Format = Literal[
    "webvtt",
    "srt",
    "sbv",
    "json3",
    "srv3",
    "srv1",
    "ttml",
    "ass",
    "whisper",
    "whisperx",
    "whispercpp",
    "tsv",
    "json",
    "marks",
]
"""How the file is written inside, whatever its name says; "marks" is text with `[hh:mm:ss]` in it."""

RefusalKind = Literal["malformed", "empty", "repeat", "track", "backward"]
"""Why a cue is left out; docs/captions.md explains each to operators."""

MAX_BYTES = 20_000_000
MAX_CUES = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One cue that is left out; *line* is 1-based, or counts cues in JSON and XML."""

    line: int
    kind: RefusalKind
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """
    One file, read: `len(cues) + len(refused) == found`, cues in order of their start.

    A cue that was too long for one is found as often as it has parts.
    """

    format: Format
    encoding: str  # a Python codec name: "utf-8", "utf-8-sig", "utf-16-le", "cp1252", …
    cues: tuple[Cue, ...]
    found: int
    refused: tuple[Refusal, ...]  # in order of line
    repairs: tuple[str, ...]  # one sentence each, for the operator's report
    says_ends: bool = True  # most cues say themselves when they end


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """One cue as the file gives it: times read, text still with its markup and line breaks."""

    line: int
    start_ms: int
    end_ms: int | None  # None: the file does not say
    text: str
    number: int | None = None  # the counter above an SRT cue
    part: int = 0  # grows with each full header, or each language of a TTML file
    map_ms: int | None = None  # what its header's X-TIMESTAMP-MAP adds to the times, beyond what the first one does


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Something in the file that nobody says, such as a comment; it is counted apart from cues."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Something that a reader put right for the whole file, as a sentence for the operator."""

    what: str


Item = Caption | Refusal | Aside | Repair
"""What a format's reader yields, in file order."""


class NotCaptions(Refused):
    """This file cannot be read as captions."""


class WrongClock(NotCaptions):
    """These are captions, but their times cannot be right, or nobody can tell whether they are."""


class Unreadable(Refused):
    """Why a file is not captions, said before anyone knows the file's name."""


def malformed(line: int, reason: str) -> Refusal:
    return Refusal(line=line, kind="malformed", reason=reason)
