"""
How well lectures are cut into chapters, beside a uniform cut and TextTiling: `python -m bench chapters DATA`.

DATA holds `lectures/manifest.json` with its files, and `questions/dev.jsonl`, some of whose questions are the titles of
chapters that were published with a lecture, with their times. Only what those tell is counted: two moments are known
to be of one chapter, or to have a border between them, or nothing is known of them and they do not count.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from db.records import Cue, Hit, LectureId, SegmentId
from services.lectures import captions, segmenting
from services.mapping import cutting
from services.mapping.speech import Speech
from services.models.embedder import Embedder, EmbedderConfig, open_embedder
from services.search.generations import embed
from services.words.language import code
from services.words.terms import terms, words

PUBLISHED = {"chapter", "section-heading"}
"""Origins of questions that are titles as they were published; others are translations of the same."""
STEP_S = 5.0
NEAR_S = 10.0
"""Chapters that are less than this apart follow each other."""
EDGE_S = 30.0
"""What lies nearer to the beginning or the end of a video is no border inside it."""
TILE_WORDS, BLOCK_TILES, LEAST_TILES = 20, 10, 4
"""Hearst's own w and k, and how many tiles lie at least between two borders (Computational Linguistics 23, 1997)."""

Way = Callable[["Measured"], Sequence[float]]
"""Returns when the chapters of a lecture begin, the first one aside, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A lecture, and what was published of its chapters."""

    slug: str
    cues: tuple[Cue, ...]
    speech: Speech
    duration_s: float
    chapters: tuple[tuple[float, float], ...]  # in order of time


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a way of cutting is from what was published; 0 is best."""

    pk: float  # Beeferman, Berger and Lafferty, Machine Learning 34 (1999)
    window_diff: float  # Pevzner and Hearst, Computational Linguistics 28 (2002)
    windows: int


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench chapters", description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args(arguments).data
    lectures = await measured(data)
    shown = Table("way", "Pk", "WindowDiff", "Pk, mean of lectures", "WindowDiff, mean of lectures")
    for name, way in WAYS.items():
        found = [agreement(one, way(one)) for one in lectures]
        shown.add_row(
            name,
            f"{_pooled(found, lambda one: one.pk):.3f}",
            f"{_pooled(found, lambda one: one.window_diff):.3f}",
            f"{fmean(one.pk for one in found):.3f}",
            f"{fmean(one.window_diff for one in found):.3f}",
        )
    console = Console(width=120)
    console.print(f"{len(lectures)} lectures, {sum(len(one.chapters) for one in lectures)} published chapters")
    console.print(shown)


async def measured(data: Path) -> list[Measured]:
    published = chapters_of(data)
    entries = json.loads((data / "lectures" / "manifest.json").read_text("utf-8"))["lectures"]
    async with open_embedder(EmbedderConfig(model="bundled")) as embedder:
        return [
            await _lecture(data, entry, published[entry["id"]], embedder)
            for entry in entries
            if entry["id"] in published
        ]


def chapters_of(data: Path) -> dict[str, set[tuple[float, float]]]:
    """Return the published chapters by their lectures."""
    found: dict[str, set[tuple[float, float]]] = {}
    for line in (data / "questions" / "dev.jsonl").read_text("utf-8").splitlines():
        question = json.loads(line)
        for moment in question["relevant"] if question["origin"] in PUBLISHED else ():
            found.setdefault(moment["lecture_id"], set()).add((moment["start"], moment["end"]))
    return found


async def _lecture(
    data: Path, entry: dict[str, str], chapters: set[tuple[float, float]], embedder: Embedder | None
) -> Measured:
    file = data / "lectures" / entry["file"]
    duration_s = float(entry["duration_s"])
    read = captions.held(
        captions.read(file.read_bytes(), name=file.name), name=file.name, duration_s=duration_s, offset_s=None
    )
    windows = segmenting.cut(read.cues)
    vectors = await embed(embedder, [window.text for window in windows]) if embedder else []
    return Measured(
        slug=entry["id"],
        cues=read.cues,
        speech=speech_of(windows, code(entry["lang"]), read.cues, vectors),
        duration_s=duration_s,
        chapters=tuple(sorted(chapters)),
    )


def speech_of(
    windows: Sequence[segmenting.Window], language: str, cues: Sequence[Cue], vectors: Sequence[NDArray[np.float32]]
) -> Speech:
    passages = [
        Hit(
            rank=number,
            segment_id=SegmentId(number),
            lecture_id=LectureId(1),
            lecture="measured",
            title="measured",
            language=language,
            video_url=None,
            duration_s=None,
            start_s=window.start_s,
            end_s=window.end_s,
            score=None,
            text=window.text,
            cue_offsets=window.cue_offsets,
            cue_starts_s=window.cue_starts_s,
        )
        for number, window in enumerate(windows, 1)
    ]
    return Speech(
        passages=tuple(passages),
        language=language,
        vectors=tuple(vectors),
        cue_ends_s={cue.start_s: cue.end_s for cue in cues},
    )


def agreement(lecture: Measured, borders_s: Sequence[float]) -> Agreement:
    """Compare borders with the published ones in all windows of half a chapter of which something is known."""
    width = fmean(end - start for start, end in lecture.chapters) / 2
    known = np.array(sorted(_borders(lecture)))
    found = np.array(sorted(borders_s))
    wrong = uneven = count = 0
    for start in np.arange(0.0, lecture.duration_s - width, STEP_S):
        end = start + width
        wanted = int(((known > start) & (known <= end)).sum())
        if not wanted and not any(first <= start and end <= last for first, last in lecture.chapters):
            continue
        drawn = int(((found > start) & (found <= end)).sum())
        wrong += (wanted > 0) != (drawn > 0)
        uneven += wanted != drawn
        count += 1
    return Agreement(pk=wrong / count, window_diff=uneven / count, windows=count)


def _borders(lecture: Measured) -> set[float]:
    """Return where a published chapter begins or ends, of two that follow each other once."""
    found = {lecture.chapters[0][0], lecture.chapters[-1][1]}
    for (_, end), (start, _) in pairwise(lecture.chapters):
        found |= {start} if start - end <= NEAR_S else {start, end}
    return {border for border in found if EDGE_S < border < lecture.duration_s - EDGE_S}


def uniform(lecture: Measured) -> list[float]:
    start, end = lecture.speech.start_ms / 1000, lecture.speech.end_ms / 1000
    many = cutting.many(end - start)
    return [start + (end - start) * number / many for number in range(1, many)]


def ours(lecture: Measured) -> list[float]:
    return [start / 1000 for start in cutting.cut(lecture.speech)[1:]]


def by_words(lecture: Measured) -> list[float]:
    """As ours, where there are no vectors."""
    speech = lecture.speech
    without = Speech(passages=speech.passages, language=speech.language, vectors=(), cue_ends_s=speech.cue_ends_s)
    return [start / 1000 for start in cutting.cut(without)[1:]]


def tiling(lecture: Measured, *, many: int | None = None) -> list[float]:
    """
    Cut as TextTiling does (Hearst 1997): blocks of tiles are compared, and borders lie in the deepest valleys.

    *many*: as many chapters as that; without, all valleys deeper than the mean less half of the standard deviation.
    """
    tiles, starts = _tiles(lecture)
    likeness = np.array([_likeness(tiles, gap) for gap in range(1, len(tiles))])
    smooth = np.convolve(np.pad(likeness, 1, "edge"), np.ones(3) / 3, "valid")
    depths = np.array([_depth(smooth, gap) for gap in range(len(smooth))])
    least = depths.mean() - depths.std() / 2 if many is None else 0.0
    chosen: list[int] = []
    for gap in sorted(_valleys(smooth), key=lambda gap: -depths[gap]):
        if depths[gap] > least and all(abs(gap - other) >= LEAST_TILES for other in chosen):
            chosen.append(gap)
        if many is not None and len(chosen) == many - 1:
            break
    return sorted(starts[gap + 1] for gap in chosen)


def tiling_of_as_many(lecture: Measured) -> list[float]:
    return tiling(lecture, many=cutting.many((lecture.speech.end_ms - lecture.speech.start_ms) / 1000))


def _tiles(lecture: Measured) -> tuple[list[Counter[int]], list[float]]:
    said: list[tuple[str, float]] = []
    for cue in lecture.cues:
        spoken = list(words(cue.text))
        said += [(word, cue.start_s + (cue.end_s - cue.start_s) * at / len(spoken)) for at, word in enumerate(spoken)]
    tiles: list[Counter[int]] = []
    for first in range(0, len(said), TILE_WORDS):
        tile = Counter[int]()
        for word, _ in said[first : first + TILE_WORDS]:
            tile.update(terms(word, lecture.speech.language))
        tiles.append(tile)
    return tiles, [said[first][1] for first in range(0, len(said), TILE_WORDS)]


def _likeness(tiles: Sequence[Counter[int]], gap: int) -> float:
    size = min(BLOCK_TILES, gap, len(tiles) - gap)
    before, after = (sum(block, Counter[int]()) for block in (tiles[gap - size : gap], tiles[gap : gap + size]))
    lengths = sum(n * n for n in before.values()) * sum(n * n for n in after.values())
    return sum(count * after[term] for term, count in before.items()) / lengths**0.5 if lengths else 0.0


def _depth(smooth: NDArray[np.float64], gap: int) -> float:
    left = right = gap
    while left > 0 and smooth[left - 1] >= smooth[left]:
        left -= 1
    while right < len(smooth) - 1 and smooth[right + 1] >= smooth[right]:
        right += 1
    return float(smooth[left] + smooth[right] - 2 * smooth[gap])


def _valleys(smooth: NDArray[np.float64]) -> Iterator[int]:
    for gap in range(len(smooth)):
        if smooth[gap] <= smooth[max(gap - 1, 0)] and smooth[gap] <= smooth[min(gap + 1, len(smooth) - 1)]:
            yield gap


def _pooled(found: Sequence[Agreement], figure: Callable[[Agreement], float]) -> float:
    return sum(figure(one) * one.windows for one in found) / sum(one.windows for one in found)


WAYS: dict[str, Way] = {
    "ours": ours,
    "ours, without vectors": by_words,
    "uniform, as many": uniform,
    "TextTiling, as many": tiling_of_as_many,
    "TextTiling, its own number": tiling,
}
