"""
Draw a digest's charts, in a process of their own.

Drawing takes about a second of a processor and loads matplotlib, and neither belongs into the process that answers
students. What is to be drawn goes there as JSON, already in words, and a PNG comes back (`drawing`).
"""

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from db.records import Language, Outcome
from services import i18n
from services.digest.page import words
from services.digest.page.parts import Sheet, Strip, Tone
from services.digest.page.sheet import OUTCOMES, sheet
from services.digest.page.strips import STEPS
from services.digest.report import Digest

log = logging.getLogger(__name__)

MOST_STRIPS = 8
"""A picture of more is too tall for a phone; the page has all."""

NAMED_LECTURES = 3
"""How many the words beside the picture name."""

OUTCOME_TONES: dict[Outcome, Tone] = {
    "answered": "score_3",
    "no_material": "score_1",
    "needs_staff": "score_1",
    "failed": "missing",
}
COMMAND = (sys.executable, "-P", "-m", "services.digest.page.drawing")
"""`-P`: no module is taken from the folder that the bot happens to be started in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBar:
    """A bar with what stands above it."""

    name: str
    in_words: str
    value: float | None
    before: float | None
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureStrip:
    """The minutes of one lecture."""

    title: str
    counts: str
    minutes: int
    cells: tuple[tuple[int, int, bool], ...]  # minute, colour from 1 on, whether it was voted down
    edges: tuple[float, ...]  # minutes at which chapters begin
    chapters: tuple[tuple[float, str], ...]  # those to be named, the most cited first: where each begins, and its title


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPicture:
    """All that is drawn, in words and numbers."""

    title: str
    subtitle: str
    numbers: tuple[tuple[str, str], ...]  # large, and what it is
    outcomes_title: str
    outcomes: tuple[PictureBar, ...]
    before: str
    votes_title: str
    votes: str
    scores_title: str
    scores: tuple[PictureBar, ...]
    heat_title: str
    strips: tuple[PictureStrip, ...]
    more: str | None
    no_lectures: str
    legend: str
    steps: tuple[str, ...]
    down: str
    minutes: str


async def drawn(
    digest: Digest, language: Language, *, limit_s: float = 25.0, command: Sequence[str] = COMMAND
) -> bytes | None:
    """Return the charts as PNG, or None where that fails or takes too long: a digest goes out without them too."""
    wanted = json.dumps(asdict(picture(digest, language))).encode()
    try:
        async with asyncio.timeout(limit_s):
            png, reason = await _answered(command, wanted)
    except TimeoutError:
        png, reason = None, f"The charts were not drawn within {limit_s:.0f} s."
    except OSError as error:
        png, reason = None, f"The process that draws the charts could not be started: {error}."
    if png is None:
        extra = {"course": digest.course.slug, "week": digest.period.week, "reason": reason}
        log.error("digest.not_drawn", extra=extra)
    return png


async def _answered(command: Sequence[str], wanted: bytes) -> tuple[bytes | None, str]:
    """Return what the process drew, else why it did not."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        png, complaint = await process.communicate(wanted)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0 and png:
        return png, ""
    last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
    return None, f"The process that draws the charts ended with {process.returncode}: {last[:300]}"


def png(digest: Digest, language: Language) -> bytes:
    """Draw in this process, which takes a second and loads matplotlib."""
    from services.digest.page.drawing import painted  # noqa: PLC0415 - nobody else loads matplotlib

    return painted(asdict(picture(digest, language)))


def described(digest: Digest, language: Language) -> str:
    """Return what the picture shows, in words, for whoever does not see it."""
    shown = picture(digest, language)
    named = "; ".join(map(_named, shown.strips[:NAMED_LECTURES]))
    lectures = i18n.text("digest.picture.alt_lectures", language, lectures=named) if named else shown.no_lectures
    return i18n.text(
        "digest.picture.alt",
        language,
        summary=sheet(digest, language).summary,
        outcomes=_listed(shown.outcomes),
        scores=_listed(shown.scores),
        lectures=lectures,
    )


def _named(strip: PictureStrip) -> str:
    chapter = "".join(f", “{title}”" for _, title in strip.chapters[:1])
    return f"{strip.title} ({strip.counts}{chapter})"


def picture(digest: Digest, language: Language) -> DigestPicture:
    """Return what is to be drawn of *digest*."""
    shown = sheet(digest, language)
    strips = shown.strips[:MOST_STRIPS]
    return DigestPicture(
        title=shown.course,
        subtitle=shown.heading,
        numbers=_numbers(digest, language),
        outcomes_title=i18n.text("digest.picture.outcomes", language),
        outcomes=_outcomes(digest, language),
        before=i18n.text("digest.picture.before", language),
        votes_title=i18n.text("digest.picture.votes_title", language),
        votes=_votes(digest, language),
        scores_title=i18n.text("digest.picture.scores", language),
        scores=_scores(shown),
        heat_title=i18n.text("digest.heat.title", language),
        strips=tuple(map(_strip, strips)),
        more=_more(len(shown.strips) - len(strips), language),
        no_lectures=i18n.text("digest.heat.none", language),
        legend=i18n.text("digest.heat.legend", language),
        steps=tuple(said for _, said in STEPS),
        down=i18n.text("digest.heat.down", language),
        minutes=i18n.text("digest.heat.minutes", language),
    )


def _numbers(digest: Digest, language: Language) -> tuple[tuple[str, str], ...]:
    share = words.measured(digest.answered_share.value, "share", language)
    mean = words.measured(digest.relevance.mean.value, "score", language)
    n = words.number(sum(digest.relevance.scores), language)
    return (
        _counted(digest.questions.value, "digest.picture.questions.one", "digest.picture.questions.other", language),
        _counted(digest.askers.value, "digest.picture.askers.one", "digest.picture.askers.other", language),
        (share, i18n.text("digest.picture.answered", language)),
        (mean, i18n.text("digest.picture.mean", language, n=n)),
    )


def _counted(count: float | None, one: str, other: str, language: Language) -> tuple[str, str]:
    is_one = count is not None and words.is_singular(count, language)
    return words.measured(count, "count", language), i18n.text(one if is_one else other, language)


def _votes(digest: Digest, language: Language) -> str:
    up, down = (words.measured(one.value, "count", language) for one in (digest.thumbs_up, digest.thumbs_down))
    return i18n.text("digest.picture.votes", language, up=up, down=down)


def _outcomes(digest: Digest, language: Language) -> tuple[PictureBar, ...]:
    return tuple(
        PictureBar(
            name=i18n.text(key, language),
            in_words=words.measured(figure.value, "count", language),
            value=figure.value,
            before=figure.before,
            tone=OUTCOME_TONES[outcome],
        )
        for outcome, key in OUTCOMES.items()
        if (figure := digest.outcomes.get(outcome))
    )


def _scores(shown: Sheet) -> tuple[PictureBar, ...]:
    return tuple(
        PictureBar(name=bar.name, in_words=bar.count_in_words, value=bar.count, before=None, tone=bar.tone)
        for bar in shown.scores
    )


def _strip(strip: Strip) -> PictureStrip:
    cells = tuple((cell.minute, cell.step, cell.is_voted_down) for cell in strip.cells)
    return PictureStrip(
        title=strip.title,
        counts=strip.counts,
        minutes=strip.minutes,
        cells=cells,
        edges=tuple(chapter.start_min for chapter in strip.chapters if chapter.start_min > 0),
        chapters=tuple((chapter.start_min, chapter.title) for chapter in strip.top_chapters),
    )


def _more(count: int, language: Language) -> str | None:
    if count <= 0:
        return None
    one, other = "digest.heat.more.one", "digest.heat.more.other"
    return i18n.text(one if words.is_singular(count, language) else other, language, count=count)


def _listed(bars: Sequence[PictureBar]) -> str:
    return "; ".join(f"{bar.name}, {bar.in_words}" for bar in bars) or words.NO_DATA
