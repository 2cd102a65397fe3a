"""What may come of looking for the lectures that a question names."""

from dataclasses import dataclass
from datetime import date

from db.records import LectureFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A lecture that was named and is not there: by its number, its week, or the days on which it would have been."""

    number: int | None = None
    week: int | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Everywhere:
    """A question that names no lecture, or none beyond doubt: all lectures are searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """A question about these lectures, in the order of the course."""

    lectures: tuple[LectureFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """A question about one of these lectures (at most three), and only its asker knows which."""

    lectures: tuple[LectureFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nowhere:
    """A question about a lecture that there is not; *nearest* (at most three) are what there is."""

    missing: Missing
    nearest: tuple[LectureFacts, ...]


Scope = Everywhere | Within | OneOf | Nowhere
EVERYWHERE = Everywhere()
MOST_CHOICES = 3
