"""How well ways of grouping questions find the families, what that costs: `python -m bench topics [MODEL] [N]`."""

import asyncio
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix
from sklearn.cluster import HDBSCAN, AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, homogeneity_completeness_v_measure

from bench.families import families, odd, singles, typed
from services.digest.topics import grouping
from services.digest.topics.frames import FRAMES
from services.digest.topics.grouping import ALONE, Rule, letters, without_frames
from services.digest.topics.wording import plain, subject
from services.models.embedder import Embedder, EmbedderConfig, open_embedder
from services.words.terms import question_terms

THRESHOLDS = tuple(round(0.06 + 0.02 * step, 2) for step in range(36))
TOLERANCE = 0.03
"""Of thresholds whose ARI is so near the best, the highest is chosen: a mixed topic misleads, a split one does not."""

Matrix = NDArray[np.float32]
Way = Callable[["Half", float], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """Half of the families, with half of the questions that nobody else asks."""

    texts: tuple[str, ...]
    families: tuple[str, ...]  # of each text; a name of its own for each single question
    vectors: Matrix
    frames: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How far groups are the families."""

    purity: float  # share of questions that are in a group mostly of their family; one that is alone is pure
    rand: float  # adjusted Rand index
    homogeneity: float
    completeness: float
    v: float
    groups: int  # those of one question included


async def main(words: Sequence[str]) -> None:
    """Print quality, with the model that *words* name, and for each number in them what so many questions cost."""
    console = Console(width=160)
    console.print(await quality(next((word for word in words if not word.isdigit()), "bundled")))
    for word in words:
        if word.isdigit():
            console.print(await cost(int(word)))


async def quality(model: str = "bundled") -> Table:
    """Choose each method's threshold on one half of the families, and measure on the other, both ways round."""
    async with open_embedder(EmbedderConfig(model=model)) as embedder:
        if embedder is None:
            raise SystemExit("Name an embedding model; without one there is nothing to compare.")
        halves = [await _half(number, embedder) for number in (0, 1)]
    return await asyncio.to_thread(_quality, halves, model)


def _quality(halves: Sequence[Half], model: str) -> Table:
    shown = Table(
        "method", "threshold", "purity", "ARI", "homogeneity", "completeness", "V", "groups",
        title=f"Grouping {len(halves[0].texts)} and {len(halves[1].texts)} questions by meaning, {model}",
        caption="held out: chosen on one half of the families, measured on the other; means of both ways",
    )  # fmt: skip
    for name, way, grid in _ways():
        chosen = [_chosen(way, half, grid) for half in halves]
        found = [
            measured(half.families, way(half, threshold))
            for half, threshold in zip(reversed(halves), chosen, strict=True)
        ]
        shown.add_row(
            name,
            " / ".join(f"{threshold:g}" for threshold in chosen),
            *(
                f"{np.mean([getattr(one, figure) for one in found]):.3f}"
                for figure in ("purity", "rand", "homogeneity", "completeness", "v")
            ),
            " / ".join(str(one.groups) for one in found),
        )
    shown.add_row("true families", "", "1.000", "1.000", "1.000", "1.000", "1.000",
                  " / ".join(str(len(set(half.families))) for half in reversed(halves)))  # fmt: skip
    return shown


def measured(truth: Sequence[str], labels: Sequence[int]) -> Quality:
    """Compare *labels* with the families; each text that is alone counts as a group of its own."""
    alone = max(labels, default=0) + 1
    own = [label if label != ALONE else alone + number for number, label in enumerate(labels)]
    mostly = Counter[int]()
    for (label, _), count in Counter(zip(own, truth, strict=True)).items():
        mostly[label] = max(mostly[label], count)
    homogeneity, completeness, v = homogeneity_completeness_v_measure(truth, own)
    return Quality(
        purity=mostly.total() / len(truth),
        rand=adjusted_rand_score(truth, own),
        homogeneity=homogeneity,
        completeness=completeness,
        v=v,
        groups=len(set(own)),
    )


async def _half(number: int, embedder: Embedder) -> Half:
    named = [(question, family.name) for family in families()[number::2] for question in family.questions] + [
        (question, question) for course in singles().values() for question in course[number::2]
    ]
    texts = tuple(text for text, _ in named)
    return Half(
        texts=texts,
        families=tuple(family for _, family in named),
        vectors=await embedder.embed_passages(texts),
        frames=await embedder.embed_passages(FRAMES),
    )


def _chosen(way: Way, half: Half, grid: Sequence[float]) -> float:
    rand = {threshold: measured(half.families, way(half, threshold)).rand for threshold in grid}
    return max(threshold for threshold, found in rand.items() if found >= max(rand.values()) - TOLERANCE)


def _ways() -> list[tuple[str, Way, Sequence[float]]]:
    fused = [(weight, _fused(weight)) for weight in (0.2, 0.4, 0.6)]
    return [
        ("vectors, average linkage", _linked(_dense), THRESHOLDS),
        ("vectors, complete linkage", _linked(_dense, "complete"), THRESHOLDS),
        ("vectors, HDBSCAN (least size)", _hdbscan(_dense), (2, 3, 4)),
        ("vectors without frames, average", _linked(_frameless), THRESHOLDS),
        ("vectors without frames, HDBSCAN", _hdbscan(_frameless), (2, 3, 4)),
        ("terms of the search, average", _linked(_terms), THRESHOLDS),
        ("letters of all words, average", _linked(_all_letters), THRESHOLDS),
        ("letters of the subject, average", _linked(_letters), THRESHOLDS),
        ("letters of the subject, leader", _led(_letters), THRESHOLDS),
        *((f"{weight:g} vectors without frames + letters, average", _linked(way), THRESHOLDS) for weight, way in fused),
        ("0.4 + letters, HDBSCAN", _hdbscan(fused[1][1]), (2, 3, 4)),
        ("0.4 + letters, leader", _led(fused[1][1]), THRESHOLDS),
        ("shipped, by words (not held out)", _shipped(with_vectors=False), (grouping.SHIPPED.words_threshold,)),
        ("shipped, by both (not held out)", _shipped(with_vectors=True), (grouping.SHIPPED.fused_threshold,)),
    ]


def _shipped(*, with_vectors: bool) -> Way:
    def way(half: Half, threshold: float) -> Sequence[int]:
        vectors = without_frames(half.vectors, half.frames) if with_vectors else None
        rule = Rule(fused_threshold=threshold, words_threshold=threshold)
        return grouping.group(half.texts, vectors, ["pt"] * len(half.texts), rule).labels

    return way


def _linked(similarities: Callable[[Half], Matrix], linkage: str = "average") -> Way:
    def way(half: Half, threshold: float) -> Sequence[int]:
        linked = AgglomerativeClustering(
            None,
            metric="precomputed",
            linkage="complete" if linkage == "complete" else "average",
            distance_threshold=1 - threshold,
        )
        return [int(label) for label in linked.fit(1 - similarities(half)).labels_]

    return way


def _hdbscan(similarities: Callable[[Half], Matrix]) -> Way:
    def way(half: Half, least_size: float) -> Sequence[int]:
        distances = np.clip(1 - similarities(half), 0, None).astype(np.float64)
        found = HDBSCAN(int(least_size), metric="precomputed", copy=True).fit(distances)
        return [int(label) for label in found.labels_]

    return way


def _led(similarities: Callable[[Half], Matrix]) -> Way:
    """Each question joins the leader it is most like, or leads."""

    def way(half: Half, threshold: float) -> Sequence[int]:
        among, leaders, labels = similarities(half), list[int](), list[int]()
        for row in sorted(range(len(half.texts)), key=lambda row: half.texts[row]):
            likes = [float(among[row, leader]) for leader in leaders]
            if likes and max(likes) >= threshold:
                labels.append(likes.index(max(likes)))
            else:
                leaders.append(row)
                labels.append(len(leaders) - 1)
        order = sorted(range(len(half.texts)), key=lambda row: half.texts[row])
        return [label for _, label in sorted(zip(order, labels, strict=True))]

    return way


def _dense(half: Half) -> Matrix:
    return half.vectors @ half.vectors.T


def _frameless(half: Half) -> Matrix:
    vectors = without_frames(half.vectors, half.frames)
    return vectors @ vectors.T


def _letters(half: Half) -> Matrix:
    return _inner(letters([subject(plain(text), "pt") for text in half.texts]))


def _all_letters(half: Half) -> Matrix:
    return _inner(letters([plain(text) for text in half.texts]))


def _fused(weight: float) -> Callable[[Half], Matrix]:

    def similarities(half: Half) -> Matrix:
        return (weight * _frameless(half) + (1 - weight) * _letters(half)).astype(np.float32)

    return similarities


def _terms(half: Half) -> Matrix:
    weighed = [question_terms(plain(text), "pt", ["en"]) for text in half.texts]
    within = Counter(term for weights in weighed for term in weights)
    numbers = {term: number for number, term in enumerate(within)}
    dense = np.zeros((len(weighed), len(numbers)), np.float32)
    for row, weights in enumerate(weighed):
        for term, weight in weights.items():
            dense[row, numbers[term]] = weight * np.log(len(weighed) / within[term] + 1)
    dense /= np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-6)
    return dense @ dense.T


def _inner(rows: csr_matrix) -> Matrix:
    return (rows @ rows.T).toarray()


async def cost(count: int) -> Table:
    """Group *count* questions of one week, each case in a process of its own; return seconds and peak memory."""
    shown = Table("work", "figure", "target", title=f"{count:,} questions in the week")
    for case in CASES:
        command = (sys.executable, "-m", "bench.topics", case, str(count))
        said = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        for line in said.stdout.splitlines():
            shown.add_row(case, line, "≤ 60 s, ≤ 1.5 GB" if "peak" in line else "")
    return shown


CASES = ("by words", "with vectors", "all differ, by words", "all differ, with vectors", "embedding")


def questions(count: int, *, all_differ: bool, seed: int = 7) -> tuple[list[str], list[str]]:
    """Return *count* questions as a large course's week brings them, and the family of each."""
    chance = random.Random(seed)
    known = [(question, family.name) for family in families() for question in family.questions]
    texts, names = list[str](), list[str]()
    for number in range(count):
        if chance.random() < 0.15:
            text = odd(chance, "redes-neurais")
            name = text
        else:
            text, name = chance.choice(known)
        text = typed(chance, text)
        texts.append(f"{text} {_word(chance)} {_word(chance)} {number}" if all_differ else text)
        names.append(name)
    return texts, names


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("bcdfglmnprst") + chance.choice("aeiou") for _ in range(3))


def _one_case(case: str, count: int) -> None:
    """Be the process that is measured: print its figures."""
    texts, names = questions(count, all_differ=case.startswith("all differ"))
    began = time.perf_counter()
    apart = grouping.distinct(texts, ["pt"] * count)
    print(f"distinct: {len(apart.keys):,} in {time.perf_counter() - began:.1f} s")
    if case == "embedding":
        asyncio.run(_embedding(apart.texts))
    else:
        vectors = _made_up(apart.keys) if case.endswith("with vectors") else None
        before_mb = _peak_mb()
        began = time.perf_counter()
        found = grouping.spread(apart, grouping.group_distinct(apart, vectors))
        print(f"grouped in {time.perf_counter() - began:.1f} s: {len(set(found.labels)) - 1:,} groups")
        if case == "by words":
            result = measured(names, found.labels)
            print(f"purity {result.purity:.3f}, ARI {result.rand:.3f}, V {result.v:.3f}")
        print(f"peak memory {_peak_mb():.0f} MB, of that {before_mb:.0f} MB before grouping")


async def _embedding(texts: Sequence[str]) -> None:
    sample = random.Random(7).sample(list(texts), min(500, len(texts)))
    async with open_embedder(EmbedderConfig(model="bundled")) as embedder:
        assert embedder is not None
        began = time.perf_counter()
        await embedder.embed_passages(sample)
        per_s = len(sample) / (time.perf_counter() - began)
    print(f"{per_s:.0f} texts/s: {len(texts):,} would take {len(texts) / per_s:.0f} s")
    print(f"peak memory {_peak_mb():.0f} MB")


def _made_up(keys: Sequence[str]) -> Matrix:
    """Return vectors that stand for embedded ones in shape and likeness: of one topic in 400 each, with noise."""
    chance = np.random.default_rng(7)
    directions = chance.standard_normal((400, 384), np.float32)
    topics = np.array([hash_of(key) % 400 for key in keys])
    made = directions[topics] + 0.8 * chance.standard_normal((len(keys), 384), np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def hash_of(key: str) -> int:
    return sum(map(ord, key[:12]))


def _peak_mb() -> float:
    """Return the most memory that this process has used; `getrusage` would count that of the one that started it."""
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(peak[1]) / 1024 if peak else float("nan")


if __name__ == "__main__":
    _one_case(sys.argv[1], int(sys.argv[2]))
