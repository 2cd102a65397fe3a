"""Count a period of a course, beside the period before, into a digest."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from db import digest_figures, lexicons
from db.digest_figures import AskedCounts, CitedMinute, Judged, Reviewed, Span, Spent, Terms, Voices
from db.records import Again, Course, Label, Outcome
from services.digest.posting import weeks
from services.digest.report import (
    FEW_SCORES,
    Agreement,
    Cost,
    Digest,
    Figure,
    LectureHeat,
    Minute,
    Period,
    Place,
    Relevance,
    ReviewFigures,
)
from services.digest.topics import finding as topics
from services.digest.topics.finding import Topics, WeekQuestion
from services.digest.topics.known import Taught
from services.ground import statistics
from services.lectures.links import moment
from services.search.generations import Serving

BEST_SCORE = 3
FEWEST_PAIRS = 30
"""With fewer labels of staff, an agreement says hardly anything: its 95 % interval is 30 points wide and more."""
LOW_SHARE = 0.75
"""Below this, one score in four misleads, too many to read averages of them."""
LABELS: tuple[Label, ...] = ("I", "P", "C")
MILLION = 1_000_000


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
            tries = await digest_figures.tries(conn, span)
            minutes = await digest_figures.minutes(conn, span)
            alerts = tuple(await digest_figures.judge_alerts(conn, span))
            taught = Taught(
                terms=await lexicons.terms(conn, course.id), languages=await lexicons.languages(conn, course.id)
            )
            asked = [_asked(one) async for one in digest_figures.questions(conn, span)]
        current = await self._serving.current() if self._serving else None
        embedder = current[1] if current else None
        found = await topics.grouped(asked, embedder, least_askers=terms.least_askers, taught=taught)
        told = _digest(course, period, now, then if has_past else None, pairs, spent, terms, minutes, found, tries)
        return replace(told, alerts=alerts)


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


def _asked(one: digest_figures.CountedQuestion) -> WeekQuestion:
    return WeekQuestion(
        text=one.text,
        language=one.language,
        asker_key=one.asker_key,
        outcome=one.outcome,
        relevance=None if one.score is None else one.score / BEST_SCORE,
        voted_down=one.voted_down,
        places=tuple(
            Place(lecture_id=lecture, lecture=title, start_s=start_s, url=url, citations=1)
            for lecture, title, start_s, url in zip(one.lecture_ids, one.titles, one.starts_s, one.urls, strict=True)
        ),
    )


def _digest(
    course: Course,
    period: Period,
    now: Counted,
    then: Counted | None,
    pairs: Sequence[tuple[str, str, int]],
    spent: Spent,
    terms: Terms,
    minutes: Sequence[CitedMinute],
    found: Topics,
    tries: Mapping[Again, int],
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
        lectures=_lectures(minutes),
        tries=tries,
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


def _lectures(minutes: Sequence[CitedMinute]) -> tuple[LectureHeat, ...]:
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
        )
        for rows in ordered
    )
