"""Passages for tests, made of cues."""

from itertools import accumulate

from db.records import Hit, LectureId, SegmentId

CUE_S = 5.0
"""How long each cue of a made-up passage takes."""


def hit(
    *cues: str,
    rank: int = 1,
    lecture: str = "aula-01",
    language: str = "pt",
    start_s: float = 100.0,
    duration_s: float | None = 3600.0,
    video_url: str | None = "https://youtu.be/abc",
) -> Hit:
    """A passage whose cues begin at *start_s* and follow each other every five seconds."""
    return Hit(
        rank=rank,
        segment_id=SegmentId(1000 + rank),
        lecture_id=LectureId(sum(map(ord, lecture))),
        lecture=lecture,
        title=f"Título de {lecture}",
        language=language,
        video_url=video_url,
        duration_s=duration_s,
        start_s=start_s,
        end_s=start_s + CUE_S * len(cues),
        score=None,
        text=" ".join(cues),
        cue_offsets=(0, *accumulate(len(cue) + 1 for cue in cues))[: len(cues)],
        cue_starts_s=tuple(start_s + CUE_S * position for position in range(len(cues))),
    )
