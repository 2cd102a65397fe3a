"""Maps of lectures that are made up: chapters, and questions about what they say."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from db.records import CourseId, Lecture, LectureId, SegmentId, TranscriptId
from db.records.lecture_cards import AskedWords
from db.records.maps import Chapter, LectureMap
from tests.bot.discord.made_up.answers import LONG_TITLE

DRAFT = Chapter(
    ordinal=1,
    start_ms=0,
    end_ms=400_000,
    title="Por que o gradiente some",
    origin="written",
    sentence="A regra da cadeia multiplica fatores menores que um, e o produto encolhe a cada passo.",
    segment_id=SegmentId(7),
    quote="o gradiente encolhe até sumir",
    quote_start_ms=2_000,
    quote_end_ms=9_000,
    fingerprint="f",
)


def chapter(number: int, **changes: Any) -> Chapter:
    start_ms = (number - 1) * 400_000
    times = {"start_ms": start_ms, "end_ms": start_ms + 400_000, "quote_start_ms": start_ms + 2_000}
    return replace(DRAFT, **({"ordinal": number, **times} | changes))


def mapped(*chapters: Chapter, url: str | None = "https://youtu.be/abc") -> LectureMap:
    return LectureMap(
        lecture_id=LectureId(3),
        course_id=CourseId(2),
        lecture="aula-5",
        title="Aula 5: redes [recorrentes]",
        language="pt",
        video_url=url,
        held_on=date(2026, 3, 17),
        duration_s=5_000.0,
        released_at=None,
        transcript_id=TranscriptId(1),
        version=1,
        state="done",
        model="m",
        chapters=chapters,
    )


QUOTED = "a LSTM soma em vez de multiplicar, @everyone, vejam [aqui](https://evil.example/x)"
MAP = mapped(
    chapter(1),
    chapter(2, title="A célula [de memória] **da** LSTM", sentence=QUOTED, quote=QUOTED, quote_start_ms=490_000),
    chapter(10, title="Perguntas"),
)
LONG_MAP = mapped(*(chapter(n, title=LONG_TITLE, sentence=f"{DRAFT.sentence} " * 4) for n in range(1, 13)))
AULA_5 = Lecture(
    id=LectureId(3), course_id=CourseId(2), slug="aula-5", title="Aula 5: redes [recorrentes]", language="pt",
    video_url="https://youtu.be/abc", held_on=date(2026, 3, 17), duration_s=5_000.0, released_at=None, source="",
    transcript_id=TranscriptId(1),
)  # fmt: skip
LATER = replace(AULA_5, released_at=datetime(2099, 3, 17, 12, tzinfo=UTC))
MANY = mapped(*(chapter(n) for n in range(1, 31)))
ASKED = (
    AskedWords(
        id=7, lecture="aula-5", lecture_title="Aula 5: redes [recorrentes]", start_ms=380_000, end_ms=800_000,
        title="O gradiente @everyone", is_dropped=False,
    ),
    AskedWords(
        id=8, lecture="aula-5", lecture_title="Aula 5: redes [recorrentes]", start_ms=3_000_000, end_ms=3_700_000,
        title=None, is_dropped=True,
    ),
    AskedWords(
        id=9, lecture="aula-6", lecture_title=LONG_TITLE, start_ms=0, end_ms=500_000, title=None, is_dropped=False,
    ),
)  # fmt: skip
