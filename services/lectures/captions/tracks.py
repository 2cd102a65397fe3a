"""Tell a clock that starts again after an hour from a second track pasted below the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from services.lectures.captions.records import Caption, Refusal, RefusalKind, Unreadable
from services.lectures.captions.times import DAY_MS, HOUR_MS, shown

FALL_MS = 300_000  # a clock that goes back by less is a cue out of order
BEGINNING_MS = 300_000  # "back at the beginning" reaches this far
STRAY_CUES = 5  # a clock that is back where it was within so many cues never fell
HOUR_GAP_MS = 300_000  # the longest silence around the hour
MOST_HOURS = 23
PIECE_MS = 90_000
FEWEST_PIECES = 3
"""So many short runs, each with a header or numbers of its own, are pieces of a stream."""
MIN_FRACTIONS = 5  # times on whole seconds coincide by chance


@dataclass(frozen=True, kw_only=True)  # no slots: cached properties need a place
class Run:
    """Neighbouring cues over which the clock goes forward, but for cues slightly out of order."""

    cues: Sequence[Caption]
    is_marked: bool  # a full header, or numbering from the beginning again, opens it

    @property
    def first_ms(self) -> int:
        return self.cues[0].start_ms

    @cached_property
    def high_ms(self) -> int:
        return max(cue.start_ms for cue in self.cues)

    @cached_property
    def starts_ms(self) -> frozenset[int]:
        return frozenset(cue.start_ms for cue in self.cues)


@dataclass(slots=True)
class OneClock:
    """The first track on one clock, with what was refused and put right for it."""

    cues: list[Caption] = field(default_factory=list[Caption])
    refused: list[Refusal] = field(default_factory=list[Refusal])
    restarts: list[int] = field(default_factory=list[int])  # the lines from which an hour more is added


def on_one_clock(cues: Sequence[Caption], place: str) -> OneClock:
    """
    Keep the first track of *cues* and put its hours on one clock; the rule is in docs/captions.md.

    *place* is what a cue's number counts, "line" or "cue".

    Never guesses where it cannot know: a link to the wrong second is worse than a passage that is missing.
    """
    kept = OneClock()
    previous: Run | None = None
    known: list[Run] = []
    verdict: tuple[RefusalKind, str] | None = None
    hours = 0
    runs = list(_runs(cues))
    _require_whole(runs)
    for run in runs:
        goes_on = previous is not None and _passes_the_hour(previous, run)
        if previous is None:
            verdict = None
        elif _is_another_track(run, known):
            verdict = ("track", f"belongs to a second track, which begins at {_place(run, place)}")
        elif goes_on and verdict is None and hours < MOST_HOURS:
            hours += 1
            kept.restarts.append(run.cues[0].line)
        elif not goes_on or run.is_marked or verdict is None:
            verdict = _unexplained(run, known[-1], place)
        previous = run
        if verdict is None:
            known.append(run)
        _sort_in(kept, run, hours, verdict)
    return kept


def _require_whole(runs: Sequence[Run]) -> None:
    """Refuse a stream's pieces whose clocks begin anew: to keep the first would lose the lecture in silence."""
    if len(runs) < FEWEST_PIECES or any(run.high_ms > PIECE_MS for run in runs):
        return
    if all(run.is_marked for run in runs[1:]):
        raise Unreadable(
            f"consists of {len(runs)} pieces whose clocks begin anew in each, and nothing says where in the video each "
            "belongs; download it as one file, or with X-TIMESTAMP-MAP in each piece's header"
        )


def _sort_in(kept: OneClock, run: Run, hours: int, verdict: tuple[RefusalKind, str] | None) -> None:
    for cue in run.cues:
        later = _later(cue, hours * HOUR_MS)
        if verdict is not None:
            kept.refused.append(Refusal(line=cue.line, kind=verdict[0], reason=verdict[1]))
        elif later.start_ms > DAY_MS:
            kept.refused.append(Refusal(line=cue.line, kind="malformed", reason="lies more than 24 hours in"))
        else:
            kept.cues.append(later)


def _later(cue: Caption, shift_ms: int) -> Caption:
    end_ms = None if cue.end_ms is None else cue.end_ms + shift_ms
    return replace(cue, start_ms=cue.start_ms + shift_ms, end_ms=end_ms)


def _runs(cues: Sequence[Caption]) -> Iterator[Run]:
    """Cut where the clock falls back to the beginning."""
    start, first_ms, high_ms, marked = 0, 0, 0, False
    for at, cue in enumerate(cues):
        if at == 0:
            first_ms = high_ms = cue.start_ms
            continue
        opens = _is_new_header(cues[at - 1], cue) or _numbers_again(cues[at - 1], cue)
        fall_ms = high_ms - cue.start_ms
        falls = fall_ms >= FALL_MS and cue.start_ms < BEGINNING_MS and not _is_stray(cues, at, high_ms)
        if falls or (opens and fall_ms >= (high_ms - first_ms) / 2 and fall_ms >= 0):
            yield Run(cues=cues[start:at], is_marked=marked)
            start, first_ms, high_ms, marked = at, cue.start_ms, cue.start_ms, opens
        high_ms = max(high_ms, cue.start_ms)
    if cues:
        yield Run(cues=cues[start:], is_marked=marked)


def _is_new_header(above: Caption, cue: Caption) -> bool:
    return cue.part != above.part


def _numbers_again(above: Caption, cue: Caption) -> bool:
    return above.number is not None and cue.number is not None and cue.number <= 1 < above.number


def _is_stray(cues: Sequence[Caption], at: int, high_ms: int) -> bool:
    """One wrong time must not send the rest of the file to another track."""
    return any(cue.start_ms > high_ms - FALL_MS for cue in cues[at + 1 : at + 1 + STRAY_CUES])


def _passes_the_hour(above: Run, run: Run) -> bool:
    """The clock stood shortly before the hour and stands shortly after it: an hour digit got lost."""
    return 0 <= run.first_ms + HOUR_MS - above.high_ms <= HOUR_GAP_MS


def _is_another_track(run: Run, known: Sequence[Run]) -> bool:
    """Same span, and a sign besides: a new header, numbers from 1 again, or the very same times."""
    return any(_same_span(run, other) and (run.is_marked or _same_times(run, other)) for other in known)


def _same_span(run: Run, other: Run) -> bool:
    slack_ms = max(5_000, (other.high_ms - other.first_ms) // 10)
    return abs(run.first_ms - other.first_ms) <= slack_ms and abs(run.high_ms - other.high_ms) <= slack_ms


def _same_times(run: Run, other: Run) -> bool:
    """Most starts are equal to the millisecond, and are not the whole seconds that coincide by chance."""
    common = run.starts_ms & other.starts_ms
    return 2 * len(common) >= len(run.starts_ms) and len({start % 1000 for start in common}) >= MIN_FRACTIONS


def _unexplained(run: Run, above: Run, place: str) -> tuple[RefusalKind, str]:
    where = _place(run, place)
    if run.is_marked:
        return "track", f"belongs to a second track, which begins at {where}"
    return (
        "backward",
        f"stands where the clock falls from {shown(above.high_ms)} to {where}, and nothing says by how much",
    )


def _place(run: Run, place: str) -> str:
    return f"{shown(run.first_ms)} ({place} {run.cues[0].line})"
