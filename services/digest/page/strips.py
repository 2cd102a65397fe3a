"""Say which minutes of a lecture were cited, in cells of a strip, and which of them to look at."""

from collections.abc import Sequence

from services.digest.page import words
from services.digest.page.parts import Cell, Spot, Strip, StripChapter
from services.digest.page.spoken import CITATIONS, Spoken, titled, web
from services.digest.report import ChapterHeat, LectureHeat, Minute
from services.ground.timestamps import clock

TOP_MINUTES = 3

STEPS: tuple[tuple[int, str], ...] = ((1, "1"), (2, "2"), (3, "3–4"), (5, "5–8"), (9, "9+"))
"""From how many citations on a minute takes the next colour; the same in each week, so that weeks can be compared."""


class Strips(Spoken):
    """The strips of lectures, in one language."""

    def strip(self, lecture: LectureHeat) -> Strip:
        cited = sum(minute.cited for minute in lecture.minutes)
        down = sum(minute.voted_down for minute in lecture.minutes)
        last = max((minute.minute + 1 for minute in lecture.minutes), default=1)
        counts = self.counted(cited, *CITATIONS)
        if down:
            counts += f", {self._voted_down(down)}"
        return Strip(
            title=titled(lecture.title),
            minutes=max(-int(-lecture.duration_s // 60), last),
            counts=counts,
            top=tuple(self._minute_spot(lecture, minute) for minute in _top(lecture.minutes)),
            cells=tuple(self._cell(lecture, minute) for minute in lecture.minutes),
            chapters=tuple(map(self._chapter, lecture.chapters)),
        )

    def _chapter(self, chapter: ChapterHeat) -> StripChapter:
        return StripChapter(
            title=titled(chapter.title),
            time=clock(chapter.start_s),
            start_min=chapter.start_s / 60,
            cited=chapter.cited,
            citations=self.counted(chapter.cited, *CITATIONS),
            url=web(chapter.url),
        )

    def _minute_spot(self, lecture: LectureHeat, minute: Minute) -> Spot:
        return Spot(
            lecture=titled(lecture.title),
            time=clock(minute.minute * 60),
            url=web(minute.url),
            citations=self._minute_words(minute),
        )

    def _cell(self, lecture: LectureHeat, minute: Minute) -> Cell:
        chapter = _chapter_of(lecture, minute)
        return Cell(
            minute=minute.minute,
            step=step_of(minute.cited),
            is_voted_down=minute.voted_down > 0,
            words=f"{clock(minute.minute * 60)}: {self._minute_words(minute)}{chapter}",
            url=web(minute.url),
        )

    def _minute_words(self, minute: Minute) -> str:
        said = self.counted(minute.cited, *CITATIONS)
        return f"{said}, {self._voted_down(minute.voted_down)}" if minute.voted_down else said

    def _voted_down(self, count: int) -> str:
        return self.text("digest.heat.voted_down", count=words.number(count, self.language))


def _chapter_of(lecture: LectureHeat, minute: Minute) -> str:
    """Return the chapter in which the middle of a minute lies, after what is said of that."""
    middle_s = minute.minute * 60 + 30
    found = next((one for one in lecture.chapters if one.start_s <= middle_s < one.end_s), None)
    return f" · {titled(found.title)}" if found else ""


def step_of(cited: int) -> int:
    """Return the number of the colour, from 1 on."""
    return max(1, sum(cited >= least for least, _ in STEPS))


def _top(minutes: Sequence[Minute]) -> list[Minute]:
    """Return the minutes to look at, most cited first, in the order of the lecture where they are equal."""
    return sorted(minutes, key=lambda minute: (-minute.cited, -minute.voted_down, minute.minute))[:TOP_MINUTES]
