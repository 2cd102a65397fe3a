"""Say in words what a digest holds, the same for the page, the mail, the picture and the message in Discord."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from db.records import Again, Label, Language, Outcome
from services.digest.page import words
from services.digest.page.parts import Bar, FigureRow, Sheet, Spot, Tone, TopicWords
from services.digest.page.spoken import ANSWERS, ASKERS, CITATIONS, LABELLED, QUESTIONS, Spoken, quoted, titled, web
from services.digest.page.strips import Strips
from services.digest.page.words import NO_DATA, visible
from services.digest.report import FEW_SCORES, Agreement, Cost, Digest, Place, Relevance, SecondOpinions, Topic, Tries
from services.ground import alerting
from services.ground.faults import Faults
from services.ground.timestamps import clock

LONGEST_EXAMPLE = 300
LONGEST_ABOUT = 80

SAME, SLIGHTLY = 0.02, 0.1
"""From which difference of the mean AR on it is worth a word, and a strong one."""

TRIES: dict[Again, tuple[str, str]] = {
    "simpler": ("digest.tries.simpler.one", "digest.tries.simpler.other"),
    "example": ("digest.tries.example.one", "digest.tries.example.other"),
    "other": ("digest.tries.other.one", "digest.tries.other.other"),
}
ASKED_BACK = ("digest.asked_back.one", "digest.asked_back.other")
OUTCOMES: dict[Outcome, str] = {
    "answered": "digest.outcome.answered",
    "no_material": "digest.outcome.no_material",
    "needs_staff": "digest.outcome.needs_staff",
    "failed": "digest.outcome.failed",
}
OUTCOMES_IN_SHORT: dict[Outcome, str] = {
    "answered": "digest.topic.answered",
    "no_material": "digest.topic.no_material",
    "needs_staff": "digest.topic.needs_staff",
    "failed": "digest.topic.failed",
}
SCORES: tuple[tuple[str, Tone], ...] = (
    ("digest.score.none", "score_0"),
    ("digest.score.little", "score_1"),
    ("digest.score.mostly", "score_2"),
    ("digest.score.whole", "score_3"),
)
BEST_FIRST = tuple(enumerate(SCORES))[::-1]
LABELS: dict[Label, str] = {"C": "digest.label.right", "P": "digest.label.partly", "I": "digest.label.wrong"}
WARNINGS = {"few": "digest.agreement.few", "low": "digest.agreement.low"}
FAILURES = {
    "parse_error": "digest.failure.unreadable",
    "out_of_range": "digest.failure.unreadable",
    "empty": "digest.failure.unreadable",
    "truncated": "digest.failure.unreadable",
    "refusal": "digest.failure.refused",
    "content_filter": "digest.failure.refused",
    "transport_error": "digest.failure.unreachable",
    "timeout": "digest.failure.unreachable",
    "auth_error": "digest.failure.unreachable",
    "budget_skipped": "digest.failure.budget",
}


def sheet(digest: Digest, language: Language) -> Sheet:
    """Return *digest* in the words of *language*."""
    return _Sheets(language).sheet(digest)


class _Sheets(Spoken):
    """What a sheet says, but for the strips of its lectures."""

    def sheet(self, digest: Digest) -> Sheet:
        period, least = digest.period, digest.least_askers
        is_one = period.weeks == 1
        course = titled(digest.course.title)
        span = words.span(period.first_day, period.last_day, self.language)
        return Sheet(
            language=self.language,
            course=course,
            span=span,
            heading=self.text("digest.heading.one" if is_one else "digest.heading.other", span=span),
            week=words.week(period.week, self.language) if is_one else None,
            outage=self._outage(digest),
            summary=self._summary(digest),
            caution=self.text("digest.caution") if digest.agreement.warning == "low" else None,
            subject=self._subject(digest, course, span),
            is_empty=digest.is_empty,
            topics=tuple(replace(self._topic(one), again=self._again(one)) for one in digest.topics),
            no_topics=None
            if digest.topics
            else self._none("digest.topics.none.one", "digest.topics.none.other", least),
            gaps=tuple(map(self._topic, digest.gaps)),
            no_gaps=None if digest.gaps else self._none("digest.gaps.none.one", "digest.gaps.none.other", least),
            for_staff=tuple(map(self._topic, digest.for_staff)),
            small=self._small(digest),
            tries=self._tries(digest),
            questions=self._question_rows(digest),
            quality=self._quality_rows(digest),
            scores=self._scores(digest.relevance),
            scores_caption=self.text(
                "digest.score.caption", answers=self.counted(_answers(digest.relevance), *ANSWERS)
            ),
            scores_notes=(*self._scores_notes(digest.relevance), *self._second_opinions(digest.second_opinions)),
            labels=self._labels(digest.staff_labels, digest.untold_labels),
            agreement=self._agreement(digest.agreement),
            faults=self._faults(digest.faults) if digest.faults else None,
            warning=self._warning(digest.agreement),
            alerts=tuple(alerting.sentence(one, self.language) for one in digest.alerts),
            staff=self._staff_rows(digest),
            staff_notes=self._staff_notes(digest),
            cost=self._cost(digest.cost),
            strips=tuple(map(Strips(self.language).strip, digest.lectures)),
            now_name=self.text("digest.now.one" if is_one else "digest.now.other"),
            before_note=self.text("digest.before.one" if is_one else "digest.before.other"),
            time_zone=self.text("digest.time_zone", zone=visible(period.time_zone)),
        )

    def _outage(self, digest: Digest) -> str | None:
        period = digest.period
        if period.weeks == 1:
            return None
        since = words.day(period.first_day, self.language)
        key = "digest.outage.one" if period.weeks == 2 else "digest.outage.other"
        return self.text(key, since=since, weeks=period.weeks)

    def _summary(self, digest: Digest) -> str:
        if digest.is_empty:
            span = words.span(digest.period.first_day, digest.period.last_day, self.language)
            return self.text("digest.empty.one" if digest.period.weeks == 1 else "digest.empty.other", span=span)
        parts = [self._asked(digest.questions.value, digest.askers.value)]
        if digest.answered_share.value is not None:
            share = words.percent(digest.answered_share.value, self.language)
            parts.append(self.text("digest.summary.answered", share=share))
        parts.append(self._relevance(digest))
        return "; ".join(parts) + "."

    def _tries(self, digest: Digest) -> str | None:
        said = [self._tried(one, *nouns) for kind, nouns in TRIES.items() if (one := digest.tries.get(kind))]
        parts = [self.text("digest.tries.told", tries="; ".join(said))] if said else []
        if digest.asked_back:
            parts.append(self.counted(digest.asked_back, *ASKED_BACK))
        return " ".join(parts) or None

    def _tried(self, tried: Tries, one: str, other: str) -> str:
        said = self.counted(tried.count, one, other)
        if tried.topic:
            return self.text("digest.tries.of_topic", tries=said, topic=quoted(tried.topic, LONGEST_ABOUT))
        if tried.lecture:
            return self.text("digest.tries.of_lecture", tries=said, lecture=quoted(tried.lecture, LONGEST_ABOUT))
        return said

    def _asked(self, questions: float | None, askers: float | None) -> str:
        return self.text(
            "digest.summary.asked",
            questions=self.counted(questions, *QUESTIONS),
            askers=self.counted(askers, *ASKERS),
        )

    def _relevance(self, digest: Digest) -> str:
        mean = digest.relevance.mean
        if mean.value is None:
            return self.text("digest.summary.unscored")
        n = _scored(digest.relevance)
        said = self.text(
            "digest.summary.relevance",
            mean=words.measured(mean.value, "score", self.language),
            n=words.number(n, self.language),
        )
        if n < FEW_SCORES:
            few = self.text("digest.compared.few")
            return f"{said}, {few}"
        if mean.before is None:
            return said
        key = "digest.before_that.one" if digest.period.weeks == 1 else "digest.before_that.other"
        return f"{said}, {self.text(_compared(mean.value - mean.before), before=self.text(key))}"

    def _subject(self, digest: Digest, course: str, span: str) -> str:
        said = self.counted(digest.questions.value, *QUESTIONS)
        return self.text("digest.subject", course=words.shortened(course, 70), span=span, questions=said)

    def _topic(self, topic: Topic) -> TopicWords:
        return TopicWords(
            title=titled(topic.title),
            people=self._asked(topic.questions, topic.askers),
            details=tuple(self._topic_details(topic)),
            examples=tuple(quoted(example, LONGEST_EXAMPLE) for example in topic.examples),
            spots=tuple(map(self._spot, topic.places)),
        )

    def _again(self, topic: Topic) -> str | None:
        """Say which chapter the answers to a topic cite most; where what they cite most has no name, nothing."""
        cited = Counter[tuple[str, str | None]]()
        for place in topic.places:
            cited[place.lecture, place.chapter] += place.citations
        (lecture, chapter), _ = cited.most_common(1)[0] if cited else (("", None), 0)
        if chapter is None:
            return None
        return self.text("digest.topic.again", chapter=titled(chapter), lecture=titled(lecture))

    def _topic_details(self, topic: Topic) -> list[str]:
        details = [
            self.text(key, count=words.number(count, self.language))
            for outcome, key in OUTCOMES_IN_SHORT.items()
            if (count := topic.outcomes.get(outcome, 0))
        ]
        if topic.relevance is not None:
            mean = words.measured(topic.relevance, "score", self.language)
            details.append(self.text("digest.topic.relevance", mean=mean))
        elif topic.outcomes.get("answered"):
            details.append(self.text("digest.topic.unscored"))
        if topic.voted_down:
            details.append(self.counted(topic.voted_down, "digest.topic.down.one", "digest.topic.down.other"))
        return details

    def _spot(self, place: Place) -> Spot:
        return Spot(
            lecture=titled(place.lecture),
            time=clock(place.start_s),
            url=web(place.url),
            citations=self.counted(place.citations, *CITATIONS),
            chapter=titled(place.chapter) if place.chapter else "",
        )

    def _none(self, one: str, other: str, least: int) -> str:
        """Say that nothing is shown; where one student is enough, that one has to ask goes without saying."""
        return self.text(one) if least == 1 else self.text(other, least=least)

    def _small(self, digest: Digest) -> str | None:
        if not digest.small_questions:
            return None
        questions = self.counted(digest.small_questions, *QUESTIONS)
        if digest.least_askers == 1:
            return self.text("digest.small.one", questions=questions)
        return self.text(
            "digest.small.other",
            questions=questions,
            topics=self.counted(digest.small_topics, "digest.topics.one", "digest.topics.other"),
            least=digest.least_askers,
        )

    def _question_rows(self, digest: Digest) -> tuple[FigureRow, ...]:
        outcomes = (
            self.row(key, figure) for outcome, key in OUTCOMES.items() if (figure := digest.outcomes.get(outcome))
        )
        return (
            self.row("digest.row.questions", digest.questions),
            self.row("digest.row.askers", digest.askers),
            *outcomes,
            self.row("digest.row.answered_share", digest.answered_share, "share"),
            self.row("digest.row.seconds_median", digest.seconds_median, "seconds"),
            self.row("digest.row.seconds_p95", digest.seconds_p95, "seconds"),
        )

    def _quality_rows(self, digest: Digest) -> tuple[FigureRow, ...]:
        relevance = self.row("digest.row.relevance", digest.relevance.mean, "score")
        return (
            relevance if _scored(digest.relevance) >= FEW_SCORES else replace(relevance, change=NO_DATA),
            self.row("digest.row.thumbs_up", digest.thumbs_up),
            self.row("digest.row.thumbs_down", digest.thumbs_down),
        )

    def _scores(self, relevance: Relevance) -> tuple[Bar, ...]:
        """Return a bar for each score, best first, and one for each reason why there is none."""
        counts: list[tuple[str, int, Tone]] = [
            *((self.text(key), relevance.scores[score], tone) for score, (key, tone) in BEST_FIRST),
            (self.text("digest.score.failed"), sum(relevance.failed.values()), "missing"),
            (self.text("digest.score.unjudged"), relevance.unjudged, "missing"),
        ]
        total, largest = _answers(relevance), max(count for _, count, _ in counts)
        return tuple(
            Bar(
                name=name,
                count=count,
                count_in_words=words.number(count, self.language),
                share=words.percent(count / total, self.language) if total else NO_DATA,
                width=round(100 * count / largest, 1) if largest else 0.0,
                tone=tone,
            )
            for name, count, tone in counts
        )

    def _scores_notes(self, relevance: Relevance) -> tuple[str, ...]:
        notes: list[str] = []
        reasons: Counter[str] = Counter()
        for status, count in relevance.failed.items():
            reasons[FAILURES.get(status, "digest.failure.other")] += count
        if reasons.total():
            said = ", ".join(f"{self.text(key)}: {words.number(n, self.language)}" for key, n in reasons.most_common())
            notes.append(self.text("digest.score.failures", reasons=said))
        if relevance.without_reason:
            notes.append(
                self.counted(
                    relevance.without_reason, "digest.score.without_reason.one", "digest.score.without_reason.other"
                )
            )
        return tuple(notes)

    def _second_opinions(self, heard: SecondOpinions | None) -> tuple[str, ...]:
        """Say on how many answers a second opinion was asked, and how often the two were split."""
        if heard is None:
            return ()
        said = self.text("digest.second.asked", answers=self.counted(heard.asked, *ANSWERS))
        if heard.low is not None and heard.high is not None:
            low, high = (words.percent(end, self.language) for end in (heard.low, heard.high))
            split, scored = (words.number(count, self.language) for count in (heard.split, heard.scored))
            said += " " + self.text("digest.second.split", split=split, scored=scored, low=low, high=high)
        if missing := heard.asked - heard.scored:
            said += " " + self.counted(missing, "digest.second.missing.one", "digest.second.missing.other")
        said += " " + self.text("digest.second.tokens", tokens=words.large(heard.tokens, self.language))
        if heard.uncounted:
            said += " " + self.counted(heard.uncounted, "digest.cost.uncounted.one", "digest.cost.uncounted.other")
        return (said,)

    def _labels(self, labels: Mapping[Label, int], untold: int) -> str:
        if not untold:
            return self._told_labels(labels)
        waiting = self.counted(untold, "digest.untold.one", "digest.untold.other")
        return f"{self._told_labels(labels)} {waiting}" if sum(labels.values()) else waiting

    def _told_labels(self, labels: Mapping[Label, int]) -> str:
        total = sum(labels.values())
        if not total:
            return self.text("digest.label.none")
        parts = [
            self.text(LABELS[label], count=words.number(labels[label], self.language))
            for label in LABELS
            if labels.get(label)
        ]
        return self.text("digest.label.some", labels=self.counted(total, *LABELLED), parts=", ".join(parts))

    def _agreement(self, agreement: Agreement) -> str:
        if agreement.share is None:
            return self.text("digest.agreement.none")
        said = self.text(
            "digest.agreement.some",
            share=words.percent(agreement.share, self.language),
            answers=self.counted(agreement.n, *ANSWERS),
        )
        if agreement.low is not None and agreement.high is not None:
            low, high = (words.percent(end, self.language) for end in (agreement.low, agreement.high))
            said += " " + self.text("digest.agreement.interval", low=low, high=high)
        if agreement.kappa is None:
            return said + " " + self.text("digest.agreement.no_kappa")
        kappa = words.number(agreement.kappa, self.language, 2)
        return said + " " + self.text("digest.agreement.kappa", kappa=kappa)

    def _faults(self, faults: Faults) -> str | None:
        """Say whose fault it was that answers were weak; where nobody knows of any, nothing."""
        if faults.search_share is None or faults.interval is None:
            return None
        low, high = (words.percent(end, self.language) for end in faults.interval)
        said = self.text(
            "digest.faults.told",
            n=words.number(faults.n, self.language),
            search=words.number(faults.search, self.language),
            share=words.percent(faults.search_share, self.language),
            low=low,
            high=high,
            answer=words.number(faults.answer, self.language),
        )
        if not faults.missing:
            return said
        missing = words.number(faults.missing, self.language)
        return said + " " + self.text("digest.faults.missing", count=missing)

    def _warning(self, agreement: Agreement) -> str | None:
        if agreement.warning is None:
            return None
        n = words.number(agreement.n, self.language)
        return self.text(WARNINGS.get(agreement.warning, "digest.agreement.few"), n=n)

    def _staff_rows(self, digest: Digest) -> tuple[FigureRow, ...]:
        return (
            self.row("digest.row.opened", digest.review.opened),
            self.row("digest.row.settled", digest.review.settled),
            self.row("digest.row.median_settle", digest.review.median_settle_s, "seconds"),
            self.row("digest.row.verified_written", digest.verified_written),
            self.row("digest.row.verified_used", digest.verified_used),
        )

    def _staff_notes(self, digest: Digest) -> tuple[str, ...]:
        review = digest.review
        if not review.open_now:
            return (self.text("digest.review.nothing_open"),)
        said = self.counted(review.open_now, "digest.review.open.one", "digest.review.open.other")
        if review.oldest_open_s is None:
            return (said,)
        age = words.duration(review.oldest_open_s, self.language)
        return (said + " " + self.text("digest.review.oldest", age=age),)

    def _cost(self, cost: Cost) -> str:
        if not (cost.tokens_in or cost.tokens_out or cost.uncounted):
            return self.text("digest.cost.nothing")
        parts = [
            self.text(
                "digest.cost.tokens",
                tokens_in=words.large(cost.tokens_in, self.language),
                tokens_out=words.large(cost.tokens_out, self.language),
            )
        ]
        if cost.money is None:
            parts.append(self.text("digest.cost.no_prices"))
        else:
            parts.append(self.text("digest.cost.money", money=words.money(cost.money, cost.currency, self.language)))
        if cost.uncounted:
            parts.append(self.counted(cost.uncounted, "digest.cost.uncounted.one", "digest.cost.uncounted.other"))
        return " ".join(parts)


def _answers(relevance: Relevance) -> int:
    """Return how many answers a score was to be given to."""
    return sum(relevance.scores) + sum(relevance.failed.values()) + relevance.unjudged


def _scored(relevance: Relevance) -> int:
    """Return how many scores the mean is of."""
    return sum(relevance.scores) if relevance.mean.n is None else relevance.mean.n


def _compared(difference: float) -> str:
    size = abs(round(difference, 2))
    if size < SAME:
        return "digest.compared.same"
    if size < SLIGHTLY:
        return "digest.compared.slightly_above" if difference > 0 else "digest.compared.slightly_below"
    return "digest.compared.above" if difference > 0 else "digest.compared.below"
