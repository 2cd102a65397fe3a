"""Pairs of answers that tests put before staff, as `eval --pairs --keep` does."""

from psycopg_pool import AsyncConnectionPool

from db.records import Course, Reference, RunId, SegmentId
from db.records.pairs import Better, PairAnswer
from services.judging.pairing import PairVerdict
from services.research.pairs.asking import PlayedPair
from services.research.pairs.keeping import ComparedNames, keep

NAMES = ComparedNames(first="as configured", second="model=ruim")
QUESTION = "Por que o gradiente some?"


def pair(
    question: str = QUESTION,
    first: str = "Porque encolhe.",
    second: str = "Porque a regra da cadeia multiplica [1].",
    *,
    verdicts: tuple[Better | None, Better | None] | None = None,
    references: tuple[Reference, ...] = (),
    has_failed: bool = False,
) -> PlayedPair:
    """A pair; *verdicts* are the judge's, with the first answer in the first place and with the second one there."""
    one, other = verdicts or (None, None)
    return PlayedPair(
        question=question,
        first=PairAnswer(text=first, references=()),
        second=PairAnswer(text=second, references=references),
        has_failed=has_failed,
        verdicts=(_verdict("first", one), _verdict("second", other)) if verdicts else (),
    )


async def kept(pool: AsyncConnectionPool, course: Course, *pairs: PlayedPair) -> RunId:
    return (await keep(pool, course, NAMES, pairs, "juiz")).run


async def reference(pool: AsyncConnectionPool, course: Course) -> Reference:
    """A moment of the course's first segment."""
    async with pool.connection() as conn:
        cursor = await conn.execute("select min(id) from segments where course_id = %s", (course.id,))
        [segment] = await cursor.fetchone() or [0]
    return Reference(
        number=1,
        segment_id=SegmentId(segment),
        lecture="aula-1",
        title="Aula 1",
        start_s=15.0,
        end_s=30.0,
        url="https://youtu.be/abc123?t=15",
        quote="o gradiente encolhe até sumir",
    )


def _verdict(shown_first: str, better: Better | None) -> PairVerdict:
    return PairVerdict(
        shown_first="first" if shown_first == "first" else "second",
        status="timeout" if better is None else "ok",
        better=better,
        reason=None if better is None else "por isso",
        calls=(),
    )
