"""Lectures that are made up for tests of maps."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from db.records import Cue, Hit, LectureId, SegmentId
from services.lectures.segmenting import cut
from services.mapping.speech import Speech


def spoken(
    cues: Sequence[str],
    *,
    seconds: float = 10.0,
    language: str = "pt",
    pauses: Mapping[int, float] | None = None,
    vectors: tuple[NDArray[np.float32], ...] = (),
    title: str = "Aula 1",
) -> Speech:
    """Return what is said where each of *cues* takes *seconds*; *pauses* are silences before some of them."""
    said: list[Cue] = []
    at_s = 0.0
    for number, text in enumerate(cues):
        at_s += (pauses or {}).get(number, 0.0)
        said.append(Cue(start_s=at_s, end_s=at_s + seconds, text=text))
        at_s += seconds
    passages = [
        Hit(
            rank=number,
            segment_id=SegmentId(number),
            lecture_id=LectureId(1),
            lecture="aula-1",
            title=title,
            language=language,
            video_url="https://youtu.be/abc",
            duration_s=None,
            start_s=window.start_s,
            end_s=window.end_s,
            score=None,
            text=window.text,
            cue_offsets=window.cue_offsets,
            cue_starts_s=window.cue_starts_s,
        )
        for number, window in enumerate(cut(said), 1)
    ]
    return Speech(
        passages=tuple(passages),
        language=language,
        vectors=vectors,
        cue_ends_s={cue.start_s: cue.end_s for cue in said},
    )


def subjects(words: Sequence[str], *, minutes: int, seconds: int = 10) -> list[str]:
    """Return cues of a lecture that speaks for *minutes* of each of some subjects, by the words of each."""
    return [
        f"Olha, o {one[n % len(one)]} depende do {one[(n + 1) % len(one)]} e também do {one[(n * 7 + 2) % len(one)]}."
        for one in (subject.split() for subject in words)
        for n in range(minutes * 60 // seconds)
    ]
