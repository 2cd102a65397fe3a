"""
A made-up term of three courses, in a database: `python -m bench term URL [--seed N] [--scale N] [--weeks N]`.

The same seed gives the same questions at the same times from the same people. At scale 1 the first course is asked
1,000 questions in an exam week and 400 in any other, and the others half as many; `--scale 100 --weeks 1` is a week of
100,000. Where fewer than twelve weeks are wanted, the last ones are written; the twelfth is an exam week.
"""

import argparse
import hashlib
import random
import tempfile
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import LiteralString

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from rich.console import Console

from bench.families import Family, families
from bench.term_questions import COURSES, FIRST_MONDAY, STAFF, WEEKS, Drawn, drawn, key_of, lectures_of
from db import connect
from db.migrate import migrate
from db.records import Course, Generation, Label, SegmentId
from services.courses.courses import Courses
from services.lectures.ingest import Ingest, Report
from services.lectures.links import moment
from services.lectures.manifest import Plan, Source, plan
from services.models.embedder import Embedder
from services.search.generations import Serving
from services.words.terms import terms

SAMPLES = Path(__file__).parents[1] / "samples" / "course"
FAILED = ("parse_error", "timeout", "transport_error", "refusal", "truncated")
COMPLAINTS = ("wrong", "incomplete", "unclear", "wrong_moment", "other")
SAID = {
    "answered": "Na aula isso aparece assim: {quote} [1].",
    "no_material": "",
    "needs_staff": "",
    "failed": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A segment that may be cited."""

    id: SegmentId
    lecture: str
    start_s: float
    end_s: float
    text: str
    url: str | None
    duration_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How many rows went in."""

    course: str
    questions: int
    seconds: float


async def main(words: Sequence[str]) -> None:
    """Write a term into the database that *words* name."""
    parser = argparse.ArgumentParser(prog="python -m bench term", description="A made-up term, in a database.")
    parser.add_argument("url", help="of a database without courses; it is migrated")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--weeks", type=int, default=WEEKS, choices=range(1, WEEKS + 1), metavar="1..12")
    asked = parser.parse_args(words)
    for written in await write(asked.url, seed=asked.seed, scale=asked.scale, weeks=asked.weeks):
        Console().print(f"{written.course}: {written.questions:,} questions in {written.seconds:.1f} s")


async def write(url: str, *, seed: int = 7, scale: float = 1.0, weeks: int = WEEKS) -> list[Written]:
    """Write the term; what is there already stays, but for courses of the same names, which may not be there."""
    await migrate(url)
    async with connect.pool(url, statement_timeout=timedelta(minutes=30)) as pool:
        written = list[Written]()
        for slug, (title, _) in COURSES.items():
            course = await Courses(pool).create(slug=slug, title=title, language="pt-BR")
            await _take_in(pool, course)
            began = time.perf_counter()
            questions = list(drawn(slug, seed=seed, scale=scale, weeks=weeks))
            async with pool.connection() as conn:
                await _write_course(conn, course, questions)
            written.append(Written(course=slug, questions=len(questions), seconds=time.perf_counter() - began))
        async with pool.connection() as conn:
            await conn.commit()
            await conn.set_autocommit(True)
            await conn.execute("analyze")
            await conn.set_autocommit(False)
    return written


async def _take_in(pool: AsyncConnectionPool, course: Course) -> None:
    """Give the course its lectures: those of the samples, or made-up ones that mention what is asked."""
    with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as folder:
        planned = (
            plan([SAMPLES], manifest=SAMPLES / "manifest.json", language="pt-BR", video_url=None)
            if course.slug == "redes-neurais"
            else _made_up(course.slug, Path(folder))
        )
        async with Serving(pool, None, reopen=_no_model) as serving:
            events = [event async for event in Ingest(pool, serving, None).run(course, planned)]
    assert isinstance(events[-1], Report)
    assert events[-1].complete


@asynccontextmanager
async def _no_model(_: Generation) -> AsyncGenerator[Embedder | None, None]:
    yield None


def _made_up(course: str, folder: Path) -> Plan:
    sources = list[Source]()
    for number, lecture in enumerate(lectures_of(course)):
        path = folder / f"{lecture}.srt"
        path.write_text(_captions(course, lecture), "utf-8")
        held_on = FIRST_MONDAY + timedelta(weeks=round(number * (WEEKS - 2) / len(lectures_of(course))), days=1)
        sources.append(
            Source(
                slug=lecture,
                path=path,
                title=f"Aula {number + 1}: {lecture.split('-', 2)[2].capitalize()}",
                language="pt",
                video_url=f"https://aulas.example.org/{course}/{lecture}.mp4",
                held_on=held_on,
                duration_s=3_000.0,
            )
        )
    return Plan(sources=tuple(sources), overlooked=(), folders=())


def _captions(course: str, lecture: str) -> str:
    """Return 45 minutes that dwell on each family's subject for a while."""
    ours = [family for family in families() if family.course == course and family.lecture == lecture]
    cues = list[str]()
    sentences = [
        f"{opening} {question.rstrip('?')}, e vamos ver isso com calma no quadro, com um exemplo de cada vez."
        for family in ours
        for opening in ("Agora a pergunta é", "Voltando ao que perguntaram,", "Então guardem:", "No exercício aparece")
        for question in family.questions
    ]
    for number, sentence in enumerate(sentences):
        start, end = number * 2_700 // len(sentences), (number + 1) * 2_700 // len(sentences)
        cues.append(f"{number + 1}\n{_clock(start)} --> {_clock(end)}\n{sentence}\n")
    return "\n".join(cues)


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02},000"


async def _write_course(conn: AsyncConnection, course: Course, questions: Sequence[Drawn]) -> None:
    passages = await _passages(conn, course)
    cited = {family.name: _about(family, passages) for family in families() if family.course == course.slug}
    ids = await _reserved(conn, "questions", len(questions))
    answers = await _reserved(conn, "answers", len(questions))
    rows = _Rows(course, passages, cited)
    for question, question_id, answer_id in zip(questions, ids, answers, strict=True):
        rows.add(question, question_id, answer_id)
    judgements = await _reserved(conn, "judgements", len(rows.judgements))
    items = await _reserved(conn, "review_items", len(rows.items))
    await _copy_all(conn, rows, judgements, items)


class _Rows:
    """The rows of all tables, as chance has it."""

    def __init__(self, course: Course, passages: Sequence[Passage], cited: Mapping[str, Sequence[Passage]]) -> None:
        self._course, self._passages, self._cited = course, passages, cited
        self.questions = list[tuple[object, ...]]()
        self.answers = list[tuple[object, ...]]()
        self.hits = list[tuple[object, ...]]()
        self.references = list[tuple[object, ...]]()
        self.judgements = list[tuple[object, ...]]()
        self.judged_references = list[tuple[int, tuple[object, ...]]]()  # with the number of their judgement
        self.annotations = list[tuple[object, ...]]()
        self.items = list[tuple[object, ...]]()
        self.reasons = list[tuple[int, tuple[object, ...]]]()  # with the number of their item

    def add(self, question: Drawn, question_id: int, answer_id: int) -> None:
        chance, course = random.Random(question.seed), int(self._course.id)
        latency_ms = int(chance.lognormvariate(8.4, 0.5))
        answered_at = question.asked_at + timedelta(milliseconds=latency_ms)
        self.questions.append(
            (question_id, course, question.text, question.language, "bench", f"{course}-{question_id}",
             question.asker_key, question.asked_at, question.asked_at)
        )  # fmt: skip
        found = self._found(chance, question)
        is_answered = question.outcome == "answered"
        text = SAID[question.outcome].format(quote=found[0].text[:120]) if is_answered else ""
        self.answers.append(
            (answer_id, question_id, course, question.outcome, text,
             "The model did not answer in time." if question.outcome == "failed" else None, "lexical", "made-up",
             "answer/1", "0" * 64, chance.randrange(2_000, 6_000), chance.randrange(80, 400), latency_ms, answered_at)
        )  # fmt: skip
        self.hits += [(answer_id, course, rank, passage.id, None) for rank, passage in enumerate(found, 1)]
        shown = found[: chance.choice((1, 1, 2, 3))] if is_answered else []
        for number, passage in enumerate(shown, 1):
            start_s = passage.start_s + chance.uniform(0, 0.6) * (passage.end_s - passage.start_s)
            url = moment(passage.url, start_s, passage.duration_s)
            self.references.append(
                (answer_id, course, number, passage.id, start_s, passage.end_s, url, passage.text[:120])
            )
        self._judge(chance, question, answer_id, answered_at, len(shown))

    def _found(self, chance: random.Random, question: Drawn) -> list[Passage]:
        own = self._cited[question.family.name] if question.family and question.family.lecture else ()
        if own and chance.random() < 0.85:
            return [*own[:1], *chance.sample(own[1:], len(own) - 1)]
        return chance.sample(self._passages, min(5, len(self._passages)))

    def _judge(
        self, chance: random.Random, question: Drawn, answer_id: int, answered_at: datetime, references: int
    ) -> None:
        judged_at = answered_at + timedelta(seconds=chance.expovariate(1 / 40))
        score, flags = None, list[str]()
        if question.outcome == "answered":
            score = self._relevance(chance, question, answer_id, judged_at)
            if score is not None and score < 2:
                flags.append("low_relevance")
            flags += self._support(chance, answer_id, judged_at, references)
        elif question.outcome == "no_material" and chance.random() < 0.95:
            wrong = chance.random() < 0.12
            self._judgement(answer_id, "abstention", "ok", judged_at, abstention="wrong" if wrong else "right")
            flags += ["wrong_abstention"] if wrong else []
        flags += self._annotated(chance, question, answer_id, answered_at, score)
        if flags:
            self._flag(chance, answer_id, judged_at, flags)

    def _relevance(self, chance: random.Random, question: Drawn, answer_id: int, at: datetime) -> int | None:
        if chance.random() < 0.04:
            return None  # not judged yet
        if chance.random() < 0.04:
            self._judgement(answer_id, "relevance", chance.choice(FAILED), at)
            return None
        good = 0.35 if question.family is None else 0.55 + (hash_of(question.family.name) % 35) / 100
        score = chance.choices((0, 1, 2, 3), ((1 - good) / 3, (1 - good) / 3, 0.3, good))[0]
        self._judgement(answer_id, "relevance", "ok", at, score=score)
        return score

    def _support(self, chance: random.Random, answer_id: int, at: datetime, references: int) -> list[str]:
        status = chance.choice(FAILED) if chance.random() < 0.03 else "ok"
        number = self._judgement(answer_id, "support", status, at)
        if status != "ok":
            return []
        levels = chance.choices(("full", "partial", "none"), (0.7, 0.22, 0.08), k=references)
        for reference, support in enumerate(levels, 1):
            quote = "" if support == "none" else "como a professora diz"
            self.judged_references.append((number, (int(self._course.id), reference, support, quote, bool(quote))))
        return ["unsupported_citation"] if "none" in levels else []

    def _judgement(
        self,
        answer_id: int,
        kind: str,
        status: str,
        at: datetime,
        *,
        score: int | None = None,
        abstention: str | None = None,
    ) -> int:
        """Add a judgement, and return its number among them."""
        label: Label | None = None if score is None else ("I", "I", "P", "C")[score]
        criteria = None if status != "ok" else "A resposta diz o que foi perguntado?"
        self.judgements.append(
            (answer_id, int(self._course.id), kind, status, score, abstention, criteria,
             criteria and "Sim, em parte.", label, 0, "made-up-judge", f"{kind}/1", "0" * 64, at)
        )  # fmt: skip
        return len(self.judgements) - 1

    def _annotated(
        self, chance: random.Random, question: Drawn, answer_id: int, at: datetime, score: int | None
    ) -> list[str]:
        is_bad = score is not None and score < 2
        flags = list[str]()
        if chance.random() < 0.18:
            down = chance.random() < (0.6 if is_bad else 0.12)
            self._annotate(chance, answer_id, question.asker_key, "student", "I" if down else "C", at)
            flags += ["voted_down"] if down else []
        if chance.random() < (0.3 if is_bad else 0.05):
            agrees = score is not None and chance.random() < 0.75
            label = ("I", "I", "P", "C")[score or 0] if agrees else chance.choice("CPI")
            staff = key_of(self._course.slug, "staff", chance.randrange(STAFF))
            self._annotate(chance, answer_id, staff, "staff", label, at)
        return [*flags, "called"] if chance.random() < 0.01 else flags

    def _annotate(self, chance: random.Random, answer_id: int, key: str, role: str, label: str, at: datetime) -> None:
        said_at = at + timedelta(minutes=chance.expovariate(1 / 90))
        reason = chance.choice(COMPLAINTS) if role == "student" and label == "I" else None
        self.annotations.append(
            (answer_id, int(self._course.id), key, role, label, reason, role == "staff" and chance.random() < 0.5,
             said_at, said_at)
        )  # fmt: skip

    def _flag(self, chance: random.Random, answer_id: int, at: datetime, reasons: Iterable[str]) -> None:
        settled = chance.random() < 0.75
        verdict = chance.choices(("C", "P", "I", "edited", "dismissed"), (3, 2, 2, 1, 2))[0] if settled else None
        settled_at = at + timedelta(hours=chance.lognormvariate(2.0, 1.0)) if settled else None
        staff = key_of(self._course.slug, "staff", chance.randrange(STAFF)) if settled else None
        self.items.append((answer_id, int(self._course.id), at, settled_at, verdict, staff))
        self.reasons += [(len(self.items) - 1, (reason, at)) for reason in dict.fromkeys(reasons)]


def hash_of(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)


async def _passages(conn: AsyncConnection, course: Course) -> list[Passage]:
    cursor = await conn.execute(
        """
        select s.id, l.slug, s.start_s, s.end_s, s.text, l.video_url, l.duration_s
        from segments s join lectures l on l.id = s.lecture_id
        where s.course_id = %(course)s order by l.slug, s.position
        """,
        {"course": course.id},
    )
    return [
        Passage(id=SegmentId(id_), lecture=lecture, start_s=start, end_s=end, text=text, url=url, duration_s=duration)
        for id_, lecture, start, end, text, url, duration in await cursor.fetchall()
    ]


def _about(family: Family, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages that share most words with the family's questions, those of its own lecture first."""
    asked = terms(" ".join(family.questions), "pt")

    def shared(passage: Passage) -> float:
        found = terms(passage.text, "pt")
        return sum(count for term, count in asked.items() if term in found)

    best = sorted(passages, key=lambda passage: (passage.lecture != family.lecture, -shared(passage), passage.id))
    return best[:5]


async def _reserved(conn: AsyncConnection, table: LiteralString, count: int) -> list[int]:
    cursor = await conn.execute(
        "select nextval(pg_get_serial_sequence(%(table)s, 'id')) from generate_series(1, %(count)s)",
        {"table": table, "count": count},
    )
    return sorted(int(id_) for (id_,) in await cursor.fetchall())


async def _copy_all(conn: AsyncConnection, rows: _Rows, judgements: Sequence[int], items: Sequence[int]) -> None:
    await _copy(
        conn,
        """
        copy questions (id, course_id, text, language, source, source_id, asker_key, asked_at, leased_until) from stdin
        """,
        rows.questions,
    )
    await _copy(
        conn,
        """
        copy answers (id, question_id, course_id, outcome, text, failure, retrieval, model, prompt_id, prompt_sha256,
            tokens_in, tokens_out, latency_ms, answered_at) from stdin
        """,
        rows.answers,
    )
    await _copy(conn, "copy answer_hits (answer_id, course_id, rank, segment_id, score) from stdin", rows.hits)
    await _copy(
        conn,
        """
        copy answer_references (answer_id, course_id, number, segment_id, start_s, end_s, url, quote) from stdin
        """,
        rows.references,
    )
    await _copy(
        conn,
        """
        copy judgements (id, answer_id, course_id, kind, status, score, abstention, criteria, evidence, label,
            settings_version, model, prompt_id, prompt_sha256, judged_at) from stdin
        """,
        ((id_, *row) for id_, row in zip(judgements, rows.judgements, strict=True)),
    )
    await _copy(
        conn,
        "copy reference_judgements (judgement_id, course_id, number, support, quote, is_found) from stdin",
        ((judgements[number], *row) for number, row in rows.judged_references),
    )
    await _copy(
        conn,
        """
        copy annotations (answer_id, course_id, annotator_key, role, label, reason, judge_visible, created_at,
            changed_at) from stdin
        """,
        rows.annotations,
    )
    await _copy(
        conn,
        "copy review_items (id, answer_id, course_id, opened_at, settled_at, verdict, settled_by) from stdin",
        ((id_, *row) for id_, row in zip(items, rows.items, strict=True)),
    )
    await _copy(
        conn,
        "copy review_reasons (item_id, reason, given_at) from stdin",
        ((items[number], *row) for number, row in rows.reasons),
    )


async def _copy(conn: AsyncConnection, statement: LiteralString, rows: Iterable[tuple[object, ...]]) -> None:
    async with conn.cursor().copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)
