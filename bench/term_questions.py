"""Who asks what and when in a made-up term: the same seed gives the same questions at the same times."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bench.families import Family, families, odd, typed
from db.records import Outcome
from services.words.language import detect

ZONE = ZoneInfo("America/Sao_Paulo")
FIRST_MONDAY = date(2026, 3, 2)
WEEKS = 12
EXAM_WEEKS = frozenset({5, 11})  # 0 is the first
USUAL, BUSY = 400, 1_000
STUDENTS = 400
STAFF = 4
COURSES: Mapping[str, tuple[str, float]] = {
    "redes-neurais": ("Redes Neurais Profundas", 1.0),
    "estatistica": ("Estatística Aplicada", 0.5),
    "programacao": ("Introdução à Programação", 0.5),
}
"""Title, and how much is asked beside the first."""

ODD_SHARE = 0.12
DAYS = (1.3, 1.2, 1.1, 1.0, 0.7, 0.4, 0.9)
HOURS = (4, 2, 1, 0.3, 0.1, 0.1, 0.3, 1, 3, 5, 6, 6, 4, 4, 6, 7, 7, 6, 6, 8, 10, 11, 10, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One question of the term, and what became of it."""

    family: Family | None  # None: nobody else asks it
    text: str
    language: str
    asker_key: str
    asked_at: datetime
    outcome: Outcome
    seed: int  # of what chance decides later


def drawn(course: str, *, seed: int = 7, scale: float = 1.0, weeks: int = WEEKS) -> Iterator[Drawn]:
    """Yield a course's questions of its last *weeks* weeks, in no order within a week."""
    ours = [family for family in families() if family.course == course]
    chance = random.Random(f"{seed} {course} popular")
    popular = {family.name: chance.paretovariate(1.2) for family in ours}
    lectures = lectures_of(course)
    for week in range(WEEKS - weeks, WEEKS):
        chance = random.Random(f"{seed} {course} {week}")
        weights = [popular[family.name] * _timeliness(family, week, lectures) for family in ours]
        count = round(COURSES[course][1] * scale * (BUSY if week in EXAM_WEEKS else USUAL))
        for _ in range(count):
            yield _one(chance, course, week, ours, weights, scale)


def _one(
    chance: random.Random, course: str, week: int, ours: Sequence[Family], weights: Sequence[float], scale: float
) -> Drawn:
    family = None if chance.random() < ODD_SHARE else chance.choices(ours, weights)[0]
    question = odd(chance, course) if family is None else chance.choice(family.questions)
    return Drawn(
        family=family,
        text=typed(chance, question),
        language=_language(question),
        asker_key=key_of(course, "student", int(chance.random() ** 1.6 * STUDENTS * max(1.0, scale))),
        asked_at=_moment(chance, week),
        outcome=_outcome(chance, family),
        seed=chance.getrandbits(60),
    )


def lectures_of(course: str) -> list[str]:
    return sorted({family.lecture for family in families() if family.course == course and family.lecture})


def _timeliness(family: Family, week: int, lectures: Sequence[str]) -> float:
    """Return how much a family is asked in *week*: most when its lecture is held and before an exam."""
    if family.outcome == "needs_staff":
        return 2.5 if week in EXAM_WEEKS or week + 1 in EXAM_WEEKS else 1.0
    if family.lecture is None:
        return 0.5
    held = round(lectures.index(family.lecture) * (WEEKS - 2) / len(lectures))
    if week < held:
        return 0.02
    return {0: 1.0, 1: 0.6}.get(week - held, 0.1) + (0.5 if week in EXAM_WEEKS else 0.0)


@lru_cache(maxsize=4_096)
def _language(question: str) -> str:
    return detect(question, ("pt", "en"))


def _moment(chance: random.Random, week: int) -> datetime:
    """Return an instant of the week as students keep hours: evenings, weekdays, few before breakfast."""
    day = FIRST_MONDAY + timedelta(weeks=week, days=chance.choices(range(7), DAYS)[0])
    hour = chance.choices(range(24), HOURS)[0]
    second = chance.randrange(3_600)
    local = datetime(day.year, day.month, day.day, hour, second // 60, second % 60, tzinfo=ZONE)
    return local.astimezone(UTC)


def _outcome(chance: random.Random, family: Family | None) -> Outcome:
    at = chance.random()
    match family.outcome if family else None:
        case "answered":
            return "answered" if at < 0.9 else "no_material" if at < 0.97 else "failed"
        case "no_material":
            return "no_material" if at < 0.85 else "answered"
        case "needs_staff":
            return "needs_staff" if at < 0.92 else "no_material"
        case _:
            return "answered" if at < 0.55 else "no_material" if at < 0.95 else "failed"


def key_of(course: str, role: str, number: int) -> str:
    return hashlib.sha256(f"{course} {role} {number}".encode()).hexdigest()[:32]
