"""Count a period of a course, beside the period before, into a digest."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import digest_figures, digest_seconds, digest_tries, judge_settings, lexicons, maps
from db.digest_figures import AskedCounts, CitedMinute, Judged, Reviewed, Span, Spent, Terms, Voices
from db.digest_seconds import Seconded
from db.digest_tries import TriedCount
from db.records import Again, Course, Label, LectureId, Outcome, QuestionId
from db.records.maps import Chapter, LectureMap
from db.weak_answers import weak_answers
from services.citing.citations import LEAD_IN_S
from services.digest.posting import weeks
from services.digest.report import (
    FEW_SCORES,
    Agreement,
    ChapterHeat,
    Cost,
    Digest,
    Figure,
    LectureHeat,
    Minute,
    Period,
    Place,
    Relevance,
    ReviewFigures,
    SecondOpinions,
    Topic,
    Tries,
)
from services.digest.topics import finding as topics
from services.digest.topics.finding import Topics, WeekQuestion
from services.digest.topics.known import Taught
from services.ground import statistics
from services.ground.faults import faults
from services.lectures.links import moment
from services.search.generations import Serving

BEST_SCORE = 3
FEWEST_PAIRS = 30
"""With fewer labels of staff, an agreement says hardly anything: its 95 % interval is 30 points wide and more."""
LOW_SHARE = 0.75
"""Below this, one score in four misleads, too many to read averages of them."""
LABELS: tuple[Label, ...] = ("I", "P", "C")
FEWEST_TRIES = 3
"""Of fewer, most are no more than one."""
MILLION = 1_000_000

Drawn = Mapping[LectureId, LectureMap]
"""The maps of the lectures that students may know of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the database says of one span."""

    asking: AskedCounts
    judged: Judged
    voices: Voices
    reviewed: Reviewed

    @property
    def relevance(self) -> float | None:
        """Mean AR, 0 to 1, of the answers with a score."""
        n = sum(self.judged.scores)
        return sum(score * count for score, count in enumerate(self.judged.scores)) / (BEST_SCORE * n) if n else None

    @property
    def answered_share(self) -> float | None:
        answered = self.asking.outcomes.get("answered", 0)
        return answered / self.asking.questions if self.asking.questions else None


class Figures:
    """Counts the weeks of courses."""

    def __init__(self, pool: AsyncConnectionPool, serving: Serving | None) -> None:
        self._pool = pool
        self._serving = serving

    async def tell(self, course: Course, period: Period) -> Digest:
        """
        Count *period*, and what is compared with it, as one moment of the database shows them.

        Raises:
            EmbedderUnavailable: the questions cannot be grouped now.

        """
        before = _before(period)
        async with self._pool.connection() as conn:
            await conn.execute("set transaction isolation level repeatable read, read only")
            span = Span(course=course.id, start=period.starts_at, end=period.ends_at)
            now = await _counted(conn, span)
            then = await _counted(conn, Span(course=course.id, start=before.starts_at, end=before.ends_at))
            has_past = then.asking.questions > 0 or await _was_asked_before(conn, course, before.starts_at)
            pairs = await digest_figures.agreement(conn, span)
            spent = await digest_figures.spent(conn, span)
            terms = await digest_figures.terms(conn, course.id)
            tries = await digest_tries.tries(conn, span)
            asked_back = await digest_tries.asked_back(conn, span)
            minutes = await digest_figures.minutes(conn, span)
            seconded = await digest_seconds.seconded(conn, span)
            alerts = tuple(await digest_figures.judge_alerts(conn, span))
            threshold = (await judge_settings.current(conn, course.id)).flag_below
            weak = await weak_answers(
                conn, course=course.id, flag_below=threshold, start=period.starts_at, end=period.ends_at
            )
            taught = Taught(
                terms=await lexicons.terms(conn, course.id), languages=await lexicons.languages(conn, course.id)
            )
            of_question = _by_question(tries)
            cited = [LectureId(lecture) for lecture in {one.lecture_id for one in minutes}]
            drawn = {one.lecture_id: one for one in await maps.maps_of(conn, course=course.id, lectures=cited)}
            asked = [_asked(one, of_question[one.id], drawn) async for one in digest_figures.questions(conn, span)]
        current = await self._serving.current() if self._serving else None
        embedder = current[1] if current else None
        found = await topics.grouped(asked, embedder, least_askers=terms.least_askers, taught=taught)
        lectures = _lectures(minutes, drawn)
        told = _digest(course, period, now, then if has_past else None, pairs, spent, terms, lectures, found, tries)
        return replace(
            told,
            asked_back=asked_back,
            untold_labels=now.voices.untold,
            alerts=alerts,
            second_opinions=_second_opinions(seconded),
            faults=faults(weak) if weak else None,
        )


def _before(period: Period) -> Period:
    """Return as many weeks before *period*, on the same clocks; where they change, a week is not 168 hours long."""
    last = weeks.week_of(period.first_day - timedelta(days=1))
    return weeks.period(last, ZoneInfo(period.time_zone), weeks=period.weeks)


async def _counted(conn: AsyncConnection, span: Span) -> Counted:
    return Counted(
        asking=await digest_figures.asking(conn, span),
        judged=await digest_figures.judged(conn, span),
        voices=await digest_figures.voices(conn, span),
        reviewed=await digest_figures.reviewed(conn, span),
    )


async def _was_asked_before(conn: AsyncConnection, course: Course, start: datetime) -> bool:
    """Whether the course was in use before *start*: then no question in a week is 0, and not unknown."""
    earlier = Span(course=course.id, start=datetime.min.replace(tzinfo=start.tzinfo), end=start)
    return (await digest_figures.asking(conn, earlier)).questions > 0


def _by_question(tries: Sequence[TriedCount]) -> defaultdict[QuestionId | None, Counter[Again]]:
    counts = defaultdict[QuestionId | None, Counter[Again]](Counter)
    for one in tries:
        counts[one.question][one.again] += one.tries
    return counts


def _tried(tries: Sequence[TriedCount], topics: Sequence[Topic]) -> Iterator[tuple[Again, Tries]]:
    """Yield how often each kind was asked for, with the topic, or else the lecture, that more than half are about."""
    for again in get_args(Again):
        ours = [one for one in tries if one.again == again]
        lectures = Counter[tuple[int | None, str | None]]()
        for one in ours:
            lectures[one.lecture_id, one.title] += one.tries
        if count := sum(one.tries for one in ours):
            topic = next((topic.title for topic in topics if _is_most(topic.tries.get(again, 0), count)), None)
            lecture = next((title for (_, title), cited in lectures.items() if _is_most(cited, count)), None)
            yield again, Tries(count=count, topic=topic, lecture=None if topic else lecture)


def _is_most(some: int, of: int) -> bool:
    return of >= FEWEST_TRIES and 2 * some > of


def _asked(one: digest_figures.CountedQuestion, tries: Mapping[Again, int], drawn: Drawn) -> WeekQuestion:
    return WeekQuestion(
        text=one.text,
        language=one.language,
        asker_key=one.asker_key,
        outcome=one.outcome,
        relevance=None if one.score is None else one.score / BEST_SCORE,
        voted_down=one.voted_down,
        places=tuple(
            Place(
                lecture_id=lecture,
                lecture=title,
                start_s=start_s,
                url=url,
                citations=1,
                chapter=_chapter(drawn, lecture, start_s) if is_current else None,
            )
            for lecture, title, start_s, url, is_current in zip(
                one.lecture_ids, one.titles, one.starts_s, one.urls, one.are_current, strict=True
            )
        ),
        tries=tries,
    )


def _chapter(drawn: Drawn, lecture: int, start_s: float) -> str | None:
    found = _chapter_at(drawn[LectureId(lecture)], start_s) if lecture in drawn else None
    return found.title if found else None


def _chapter_at(drawn: LectureMap, start_s: float) -> Chapter | None:
    """Return the chapter that a reference is to: it starts a little before the words that it cites."""
    return drawn.chapter_at((start_s + LEAD_IN_S) * 1_000)


def _digest(
    course: Course,
    period: Period,
    now: Counted,
    then: Counted | None,
    pairs: Sequence[tuple[str, str, int]],
    spent: Spent,
    terms: Terms,
    lectures: tuple[LectureHeat, ...],
    found: Topics,
    tries: Sequence[TriedCount],
) -> Digest:
    asking, past = now.asking, then.asking if then else None
    return Digest(
        course=course,
        period=period,
        questions=_count(asking.questions, past and past.questions),
        askers=_count(asking.askers, past and past.askers),
        outcomes={
            outcome: _count(asking.outcomes.get(outcome, 0), past and past.outcomes.get(outcome, 0))
            for outcome in get_args(Outcome)
        },
        answered_share=Figure(
            value=now.answered_share, before=then.answered_share if then else None, n=asking.questions
        ),
        seconds_median=Figure(value=asking.median_s, before=past and past.median_s, n=asking.answers),
        seconds_p95=Figure(value=asking.p95_s, before=past and past.p95_s, n=asking.answers),
        relevance=_relevance(now, then),
        thumbs_up=_count(now.voices.up, then and then.voices.up),
        thumbs_down=_count(now.voices.down, then and then.voices.down),
        staff_labels={label: now.voices.staff.get(label, 0) for label in LABELS},
        agreement=_agreement(pairs),
        review=ReviewFigures(
            opened=_count(now.reviewed.opened, then and then.reviewed.opened),
            settled=_count(now.reviewed.settled, then and then.reviewed.settled),
            median_settle_s=Figure(
                value=now.reviewed.median_settle_s,
                before=then and then.reviewed.median_settle_s,
                n=now.reviewed.settled,
            ),
            open_now=now.reviewed.open_now,
            oldest_open_s=now.reviewed.oldest_open_s,
        ),
        verified_written=_count(now.reviewed.verified_written, then and then.reviewed.verified_written),
        verified_used=_count(now.reviewed.verified_used, then and then.reviewed.verified_used),
        cost=_cost(spent, terms),
        topics=found.topics,
        gaps=found.gaps,
        for_staff=found.for_staff,
        small_topics=found.small_topics,
        small_questions=found.small_questions,
        least_askers=terms.least_askers,
        lectures=lectures,
        tries=dict(_tried(tries, (*found.topics, *found.gaps, *found.for_staff))),
    )


def _count(value: int, before: int | None) -> Figure:
    return Figure(value=float(value), before=None if before is None else float(before))


def _relevance(now: Counted, then: Counted | None) -> Relevance:
    none, poor, fair, good = now.judged.scores
    past = then if then and sum(then.judged.scores) >= FEW_SCORES else None
    return Relevance(
        scores=(none, poor, fair, good),
        mean=Figure(value=now.relevance, before=past.relevance if past else None, n=sum(now.judged.scores)),
        failed=now.judged.failed,
        without_reason=now.judged.without_reason,
        unjudged=now.judged.unjudged,
    )


def _second_opinions(found: Seconded) -> SecondOpinions | None:
    if not found.asked:
        return None
    interval = statistics.wilson(found.split, found.scored)
    return SecondOpinions(
        asked=found.asked,
        scored=found.scored,
        split=found.split,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        tokens=found.tokens,
        uncounted=found.uncounted,
    )


def _agreement(pairs: Sequence[tuple[str, str, int]]) -> Agreement:
    matrix = [[0] * len(LABELS) for _ in LABELS]
    order = {label: place for place, label in enumerate(LABELS)}
    for judge, staff, count in pairs:
        matrix[order[judge]][order[staff]] += count
    n, agreed = statistics.total(matrix), statistics.agreed(matrix)
    interval = statistics.wilson(agreed, n)
    share = agreed / n if n else None
    warning = "few" if n < FEWEST_PAIRS else "low" if share is not None and share < LOW_SHARE else None
    return Agreement(
        n=n,
        share=share,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        kappa=statistics.kappa(matrix),
        warning=warning,
    )


def _cost(spent: Spent, terms: Terms) -> Cost:
    money = None
    if terms.price_in is not None and terms.price_out is not None:
        money = (spent.tokens_in * terms.price_in + spent.tokens_out * terms.price_out) / MILLION
    return Cost(
        tokens_in=spent.tokens_in,
        tokens_out=spent.tokens_out,
        uncounted=spent.uncounted,
        money=money,
        currency=terms.currency,
    )


def _lectures(minutes: Sequence[CitedMinute], drawn: Drawn) -> tuple[LectureHeat, ...]:
    """Return the lectures that were cited, the most cited first."""
    by_lecture = defaultdict[int, list[CitedMinute]](list)
    for one in minutes:
        by_lecture[one.lecture_id].append(one)
    ordered = sorted(by_lecture.values(), key=lambda rows: (-sum(row.cited for row in rows), rows[0].title))
    return tuple(
        LectureHeat(
            title=rows[0].title,
            duration_s=max(row.duration_s for row in rows),
            minutes=tuple(
                Minute(
                    minute=row.minute,
                    cited=row.cited,
                    voted_down=row.voted_down,
                    url=moment(row.video_url, row.minute * 60.0, None),
                )
                for row in rows
            ),
            chapters=_chapters(rows, drawn.get(LectureId(rows[0].lecture_id))),
        )
        for rows in ordered
    )


def _chapters(rows: Sequence[CitedMinute], drawn: LectureMap | None) -> tuple[ChapterHeat, ...]:
    if drawn is None:
        return ()
    places = (_chapter_at(drawn, start_s) for row in rows for start_s in row.starts_s)
    cited = Counter(place.ordinal for place in places if place)
    return tuple(
        ChapterHeat(
            title=one.title,
            start_s=one.start_ms / 1_000,
            end_s=one.end_ms / 1_000,
            cited=cited[one.ordinal],
            url=moment(drawn.video_url, one.start_ms / 1_000, drawn.duration_s),
        )
        for one in drawn.chapters
    )
