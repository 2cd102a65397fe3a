"""How fast the packaged model places questions and passages, beside the targets: `python -m bench.embedding`."""

import asyncio
import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from bench.corpus import Corpus
from bench.samples import sample_questions
from services.models.embedder.bundled import PACKAGE
from services.models.embedder.local import LocalEmbedder, local_embedder

CACHED = 2_000
SINGLE = 100
ROUNDS = 12
AT_ONCE = 16
PASSAGES = 32
PASSAGE_ROUNDS = 3
WARM_UP = 10

Questions = Callable[[], str]


async def main() -> None:
    console = Console()
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, numpy {version('numpy')}, {PACKAGE} {version(PACKAGE)}"
    )
    for table in await tables():
        console.print(table)


async def tables() -> list[Table]:
    """Measure; each figure stands beside its target of TARGETS.md, which are for multilingual-e5-small."""
    table = Table("work", "n", "median", "p95", "target", title="embedding, bundled model, numpy")
    corpus = Corpus(PASSAGES)
    # Their lengths decide what a batch gains: the longest pads the others. Made-up words fall into twice the tokens.
    question = partial(next, sample_questions())
    async with local_embedder("bundled") as embedder:
        for _ in range(WARM_UP):
            await embedder.embed_query(question())
        await _questions(table, embedder, question)
        await _together(table, embedder, question)
        await _passages(table, embedder, corpus)
    return [table]


async def _questions(table: Table, embedder: LocalEmbedder, question: Questions) -> None:
    await embedder.embed_query("lembrada")
    cached = [await _seconds(embedder.embed_query("lembrada")) for _ in range(CACHED)]
    single = [await _seconds(embedder.embed_query(question())) for _ in range(SINGLE)]
    table.add_row("cached question", str(CACHED), *_spread(cached, 1e6, "µs"), "≤ 100 µs")
    table.add_row("question", str(SINGLE), *_spread(single, 1e3, "ms"), "≤ 25 ms, with its search")


async def _together(table: Table, embedder: LocalEmbedder, question: Questions) -> None:
    one_by_one: list[float] = []
    together: list[float] = []
    for _ in range(ROUNDS):  # in turns, so that a noisy neighbour disturbs both
        one_by_one.append(await _seconds(_in_turn(embedder, [question() for _ in range(AT_ONCE)])))
        together.append(await _seconds(asyncio.gather(*(embedder.embed_query(question()) for _ in range(AT_ONCE)))))
    ratios = sorted(alone / batched for alone, batched in zip(one_by_one, together, strict=True))
    table.add_row(f"{AT_ONCE} questions one by one", str(ROUNDS), *_spread(one_by_one, 1e3, "ms"), "")
    table.add_row(f"{AT_ONCE} questions at once", str(ROUNDS), *_spread(together, 1e3, "ms"), "")
    table.add_row("gain from batching", str(ROUNDS), f"{statistics.median(ratios):.1f}×", "", "≥ 2.5×")


async def _passages(table: Table, embedder: LocalEmbedder, corpus: Corpus) -> None:
    texts = [segment.text for lecture in corpus.lectures() for segment in lecture.segments][:PASSAGES]
    pieces = [embedder.pieces(text)[0] for text in texts]
    took = [await _seconds(embedder.embed_passages(pieces)) for _ in range(PASSAGE_ROUNDS)]
    table.add_row(
        f"passages of up to {embedder.max_tokens} tokens",
        f"{PASSAGE_ROUNDS}×{len(pieces)}",
        f"{len(pieces) / statistics.median(took):.1f}/s",
        f"{len(pieces) / max(took):.1f}/s (slowest)",
        "none; e5-small, 512 tokens, fp32: ~8/s",
    )


async def _in_turn(embedder: LocalEmbedder, questions: list[str]) -> None:
    for question in questions:
        await embedder.embed_query(question)


async def _seconds(work: Awaitable[object]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


def _spread(seconds: list[float], scale: float, unit: str) -> tuple[str, str]:
    median, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return f"{median * scale:,.1f} {unit}", f"{p95 * scale:,.1f} {unit}"


if __name__ == "__main__":
    asyncio.run(main())
