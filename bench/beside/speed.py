"""How fast we and the peers answer the same questions from the same server, in turns within one run."""

import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from bench import retrieval
from bench.beside.peer import PEERS, SETUPS, Material, Peer, running
from bench.corpus import Corpus, MadeUpQuestion
from bench.retrieval import AT_ONCE, WARM_UP, Filled, filled, percentiles, share_of_best

QUESTIONS = 150
AT_ONCE_QUESTIONS = 32
ROUNDS = 5
BY_THE_CALL = 1_000
WAYS = ("vector", "hybrid")
OURS = "Monitoria"

Cosines = NDArray[np.float32]
Ask = Callable[[str, int], Awaitable[tuple[float, list[int]]]]
Rate = Callable[[str, Sequence[int]], Awaitable[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One way to search, and what was measured of it."""

    name: str
    ask: Ask
    rate: Rate
    rows_per_s: float
    near: Sequence[Cosines]  # of the asked course's segments, for each question, as this one stores them
    ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict[str, list[float]](list))
    recalls: list[float] = field(default_factory=list[float])
    per_s: list[float] = field(default_factory=list[float])  # of each round


async def table(size: int, python: Path) -> Table:
    """Fill one server with *size* segments for everybody, ask in turns, and return what came of it."""
    corpus = Corpus(size)
    questions = corpus.questions(WARM_UP + QUESTIONS, evenly=False)
    async with filled(corpus) as full, AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitoria-beside-")))
        given = await asyncio.to_thread(material, corpus, questions)
        await asyncio.to_thread(given.write, folder)
        contestants = [await _ours(full, corpus, questions)]
        near = _by_means(corpus, given, questions)
        for peer in PEERS:
            process = await stack.enter_async_context(running(python, peer, url=full.url, folder=folder))
            told = await process.fill(min(BY_THE_CALL, size))
            contestants += [_of_peer(process, setup, told["rows_per_s"], near) for setup in SETUPS]
        await _in_turns(contestants, corpus, questions)
        return _shown(contestants, size)


def material(corpus: Corpus, questions: Sequence[MadeUpQuestion]) -> Material:
    """Return the corpus as the peers store it: one vector a segment, the mean of its pieces."""
    texts: dict[str, int] = {}
    lectures = list(Corpus(corpus.size, dimension=corpus.dimension).lectures())
    which = [texts.setdefault(segment.text, len(texts)) for lecture in lectures for segment in lecture.segments]
    means = np.concatenate([lecture.vectors.mean(axis=1) for lecture in lectures])
    return Material(
        vectors=means / np.linalg.norm(means, axis=1, keepdims=True),
        courses=list(chain.from_iterable([lecture.course] * len(lecture.segments) for lecture in lectures)),
        texts=list(texts),
        which=which,
        asked=np.stack([question.vector for question in questions]),
        questions=[(question.course, question.text) for question in questions],
        text_config="portuguese",
    )


def _by_means(corpus: Corpus, given: Material, questions: Sequence[MadeUpQuestion]) -> list[Cosines]:
    ends = np.cumsum(corpus.course_sizes)
    spans = [slice(int(ends[course] - corpus.course_sizes[course]), int(ends[course])) for course in range(len(ends))]
    return [given.vectors[spans[question.course]] @ question.vector for question in questions]


async def _ours(full: Filled, corpus: Corpus, questions: Sequence[MadeUpQuestion]) -> Contestant:
    starts = np.cumsum(corpus.course_sizes) - corpus.course_sizes
    async with full.pool.connection() as conn:
        places = {
            segment: int(starts[course]) + place
            for course, id_ in enumerate(full.courses)
            for segment, place in (await retrieval.places(conn, id_)).items()
        }

    async def ask(way: str, number: int) -> tuple[float, list[int]]:
        async with full.pool.connection() as conn:
            began = time.perf_counter()
            found = await retrieval.ask(conn, full, questions[number], way)
            return (time.perf_counter() - began) * 1000, [places[segment] for _, segment in found]

    async def rate(way: str, numbers: Sequence[int]) -> float:
        return await retrieval.rate(full, [questions[number] for number in numbers], way)

    towards = [(question.course, full.dense(question).towards) for question in questions]
    near = await asyncio.to_thread(retrieval.similarities, corpus, towards)
    return Contestant(name=OURS, ask=ask, rate=rate, rows_per_s=full.rows_per_s, near=near)


def _of_peer(peer: Peer, setup: str, rows_per_s: float, near: Sequence[Cosines]) -> Contestant:
    async def ask(way: str, number: int) -> tuple[float, list[int]]:
        return await peer.ask(setup, way, number)

    async def rate(way: str, numbers: Sequence[int]) -> float:
        return await peer.rate(setup, way, numbers, AT_ONCE)

    return Contestant(name=f"{peer.name}, {setup}", ask=ask, rate=rate, rows_per_s=rows_per_s, near=near)


async def _in_turns(contestants: Sequence[Contestant], corpus: Corpus, questions: Sequence[MadeUpQuestion]) -> None:
    """Ask every question of everybody, another one first each time, so that a busy moment hits all alike."""
    starts = np.cumsum(corpus.course_sizes) - corpus.course_sizes
    for number, question in enumerate(questions):
        for turn in range(len(contestants)):
            contestant = contestants[(number + turn) % len(contestants)]
            for way in WAYS:
                ms, found = await contestant.ask(way, number)
                if number < WARM_UP:
                    continue
                contestant.ms[way].append(ms)
                if way == "vector":
                    within = [place - int(starts[question.course]) for place in found]
                    contestant.recalls.append(share_of_best(contestant.near[number], within))
    for number in range(ROUNDS):
        first = WARM_UP + number * AT_ONCE_QUESTIONS % (QUESTIONS - AT_ONCE_QUESTIONS)
        for turn in range(len(contestants)):
            contestant = contestants[(number + turn) % len(contestants)]
            contestant.per_s.append(await contestant.rate("hybrid", range(first, first + AT_ONCE_QUESTIONS)))


def _shown(contestants: Sequence[Contestant], size: int) -> Table:
    shown = Table(
        "",
        *("vector p50", "p95 ms", "recall@10", "hybrid p50", "p95 ms", f"{AT_ONCE} at once", "rows in"),
        title=f"{size:,} segments, 40 courses, asked in proportion to their size; in brackets: times ours",
    )
    ours = contestants[0]
    for one in contestants:
        cells: list[str] = []
        for way in WAYS:
            cells += [
                f"{shown_ms} ({_at(one, way, share) / _at(ours, way, share):.1f})"
                for share, shown_ms in zip((0.5, 0.95), percentiles(one.ms[way]), strict=False)
            ]
        cells.insert(2, f"{statistics.fmean(one.recalls):.3f}")
        per_s = statistics.median(one.per_s)
        rate = f"{per_s:.0f}/s ({per_s / statistics.median(ours.per_s):.2f})"
        shown.add_row(one.name, *cells, rate, f"{one.rows_per_s:.0f}/s ({one.rows_per_s / ours.rows_per_s:.2f})")
    return shown


def _at(contestant: Contestant, way: str, share: float) -> float:
    return sorted(contestant.ms[way])[int(share * len(contestant.ms[way]))]
