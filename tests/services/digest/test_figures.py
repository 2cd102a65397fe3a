"""The figures of a digest, against SQL of another shape."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from psycopg_pool import AsyncConnectionPool

from bot.discord.messages import digest_embed
from db import connect, digest_figures, maps
from db.records import Course, LectureId, SegmentId, TranscriptId
from db.records.maps import Chapter
from services.courses.courses import Courses
from services.digest.figures import Figures
from services.digest.page import pages
from services.digest.page.sheet import sheet
from services.digest.posting.weeks import period, zone_named
from services.digest.report import Digest, Period, Tries

ZONE = zone_named("America/Sao_Paulo")
WEEK = period("2026-W47", ZONE)


@dataclass
class Term:
    """A course whose rows a test writes."""

    pool: AsyncConnectionPool
    course: Course

    async def write(self, query: str, **values: object) -> None:
        async with self.pool.connection() as conn:
            await conn.execute(query.encode(), values or None)

    async def value(self, query: str) -> object:
        async with self.pool.connection() as conn:
            row = await (await conn.execute(query.encode())).fetchone()
        assert row is not None
        return row[0]

    async def ask(
        self,
        when: datetime,
        *,
        asker: str = "a",
        outcome: str | None = "answered",
        score: int | None = 3,
        took_s: float = 2.0,
        text: str = "Por que o gradiente some?",
        source: str = "discord",
        status: str = "ok",
        minute: int | None = 3,
    ) -> None:
        """Store a question with its answer, judgement and reference."""
        await self.write(
            """
            with q as (
                insert into questions (course_id, text, language, source, asker_key, asked_at)
                values (1, %(text)s, 'pt', %(source)s, %(asker)s, %(when)s) returning id
            ), a as (
                insert into answers (question_id, course_id, outcome, text, retrieval, model, prompt_id, latency_ms,
                    answered_at, tokens_in, tokens_out)
                select id, 1, %(outcome)s, 'x', 'lexical', 'm', 'answer/1', 1, %(when)s + %(took)s, 100, 20
                from q where %(outcome)s::text is not null returning id
            ), r as (
                insert into answer_references (answer_id, course_id, number, segment_id, start_s, end_s, url, quote)
                select id, 1, 1, 1, %(minute)s * 60 + 5, %(minute)s * 60 + 9, 'https://youtu.be/x?t=1', 'q'
                from a where %(minute)s::int is not null and %(outcome)s = 'answered'
            )
            insert into judgements (answer_id, course_id, kind, status, score, criteria, label, settings_version, model)
            select id, 1, 'relevance', %(status)s, %(score)s::smallint, 'c',
                case when %(score)s::int is not null then (array['I', 'I', 'P', 'C'])[%(score)s::int + 1] end, 0, 'juiz'
            from a where %(outcome)s = 'answered' and (%(score)s::int is not null or %(status)s <> 'ok')
            """,
            text=text, source=source, asker=asker, when=when, outcome=outcome, took=timedelta(seconds=took_s),
            score=score, status=status, minute=minute,
        )  # fmt: skip

    async def told(self, told: Period = WEEK) -> Digest:
        return await Figures(self.pool, None).tell(self.course, told)


@pytest.fixture
async def term(database: str) -> AsyncGenerator[Term, None]:
    async with connect.pool(database) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        made = Term(pool=pool, course=course)
        await made.write(
            "insert into course_settings (course_id, price_in, price_out, currency) values (1, 1, 10, 'USD')"
        )
        await made.write(
            "insert into lectures (course_id, slug, title, language, video_url, duration_s, source)"
            " values (1, 'a', 'Aula A', 'pt', 'https://youtu.be/x', 3600, 'a')"
        )
        await made.write(
            "insert into transcripts (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s,"
            " cue_texts) values (1, 1, 1, 'f', 'vtt', '{0}', '{9}', '{x}')"
        )
        await made.write(
            "insert into segments (course_id, lecture_id, transcript_id, position, start_s, end_s, text, cue_offsets,"
            " cue_starts_s) values (1, 1, 1, 0, 0, 3600, 'x', '{0}', '{0}')"
        )
        yield made


MONDAY = WEEK.starts_at


async def test_a_week_is_that_of_the_courses_own_clocks(term: Term) -> None:
    await term.ask(datetime(2026, 11, 16, 2, 59, tzinfo=UTC), asker="before")  # still Sunday in São Paulo
    await term.ask(datetime(2026, 11, 16, 3, 0, tzinfo=UTC), asker="first")
    await term.ask(datetime(2026, 11, 23, 2, 59, tzinfo=UTC), asker="last")
    await term.ask(datetime(2026, 11, 23, 3, 0, tzinfo=UTC), asker="after")

    digest = await term.told()

    assert (digest.questions.value, digest.questions.before, digest.askers.value) == (2.0, 1.0, 2.0)


async def test_figures_equal_independent_sql(term: Term) -> None:
    for day in range(14):
        for hour in range(day % 5 + 1):
            when = MONDAY - timedelta(days=7) + timedelta(days=day, hours=9 + hour)
            outcome = ("answered", "answered", "no_material", "needs_staff", "failed")[(day + hour) % 5]
            score = (day * 3 + hour) % 5
            await term.ask(
                when,
                asker=f"s{(day * hour) % 7}",
                outcome=outcome,
                score=score if score < 4 else None,
                status="ok" if score < 4 else "timeout",
                took_s=1.0 + day + hour,
                minute=(day + hour) % 6,
            )
    await term.write(
        "insert into annotations (answer_id, course_id, annotator_key, role, label, changed_at)"
        " select id, 1, 's' || id, 'student', case when id % 3 = 0 then 'I' else 'C' end, answered_at from answers"
    )
    await term.write(
        "insert into annotations (answer_id, course_id, annotator_key, role, label, changed_at)"
        " select id, 1, 't', 'staff', (array['C', 'P', 'I'])[id % 3 + 1], answered_at from answers where id % 2 = 0"
    )
    digest = await term.told()
    inside = "asked_at >= '2026-11-16 03:00+00' and asked_at < '2026-11-23 03:00+00'"
    both = "questions q join answers a on a.question_id = q.id"
    answers = f"(select a.*, q.asked_at, q.asker_key from {both} where {inside}) a"

    assert digest.questions.value == await term.value(f"select count(*) from questions where {inside}")
    assert digest.askers.value == await term.value(f"select count(distinct asker_key) from questions where {inside}")
    for outcome, figure in digest.outcomes.items():
        assert figure.value == await term.value(f"select count(*) from {answers} where outcome = '{outcome}'")
    took = f"select extract(epoch from answered_at - asked_at)::float8 as s from {answers}"
    middle = await term.value(
        "select avg(s) from (select s, row_number() over (order by s) as n, count(*) over () as c"
        f" from ({took}) t) r where n in ((c + 1) / 2, c / 2 + 1)"
    )
    assert digest.seconds_median.value == middle
    scores = [
        await term.value(
            f"select count(*) from {answers} join judgements j on j.answer_id = a.id where score = {score}"
        )
        for score in range(4)
    ]
    assert list(digest.relevance.scores) == scores
    mean = await term.value(
        f"select avg(score)::float8 / 3 from {answers} join judgements j on j.answer_id = a.id where score is not null"
    )
    assert digest.relevance.mean.value == pytest.approx(mean)
    assert digest.relevance.failed == {
        "timeout": await term.value(
            f"select count(*) from {answers} join judgements j on j.answer_id = a.id where score is null"
        )
    }
    voted = "changed_at >= '2026-11-16 03:00+00' and changed_at < '2026-11-23 03:00+00' and role = 'student'"
    assert digest.thumbs_down.value == await term.value(
        f"select count(*) from annotations where label = 'I' and {voted}"
    )
    assert digest.thumbs_up.value == await term.value(f"select count(*) from annotations where label = 'C' and {voted}")
    labelled = f"{answers} join judgements j on j.answer_id = a.id and j.label is not null"
    pairs = f"{labelled} join annotations n on n.answer_id = a.id and n.role = 'staff'"
    assert digest.agreement.n == await term.value(f"select count(*) from {pairs}")
    assert digest.agreement.share == await term.value(f"select avg((j.label = n.label)::int)::float8 from {pairs}")
    assert digest.cost.tokens_in == await term.value(f"select sum(tokens_in) from {answers}")
    assert digest.cost.money == pytest.approx((digest.cost.tokens_in * 1 + digest.cost.tokens_out * 10) / 1e6)
    cited = {minute.minute: (minute.cited, minute.voted_down) for minute in digest.lectures[0].minutes}
    for minute, (count, down) in cited.items():
        rows = f"{answers} join answer_references r on r.answer_id = a.id where floor(r.start_s / 60) = {minute}"
        assert count == await term.value(f"select count(*) from {rows}")
        assert down == await term.value(f"select count(*) from {rows} and a.id % 3 = 0")
    assert sum(count for count, _ in cited.values()) == await term.value(
        f"select count(*) from {answers} join answer_references r on r.answer_id = a.id"
    )


async def test_what_is_unknown_is_not_nought(term: Term) -> None:
    await term.ask(MONDAY, outcome=None)

    digest = await term.told()

    assert (digest.questions.value, digest.questions.before) == (1.0, None)
    assert (digest.seconds_median.value, digest.relevance.mean.value, digest.agreement.share) == (None, None, None)
    assert digest.agreement.warning == "few"


async def test_a_week_after_others_is_compared_with_a_week_of_nothing(term: Term) -> None:
    await term.ask(MONDAY - timedelta(days=30))
    await term.ask(MONDAY)

    assert (await term.told()).questions.before == 0.0


async def test_dossiers_and_evaluations_were_not_asked_by_students(term: Term) -> None:
    await term.ask(MONDAY, source="dossier")
    await term.ask(MONDAY, source="eval")

    assert (await term.told()).is_empty


async def test_a_topic_needs_three_students_and_no_name_is_in_it(term: Term) -> None:
    for asker in ("x1", "x2", "x3"):
        await term.ask(
            MONDAY + timedelta(hours=int(asker[1])), asker=asker, text="Por que o gradiente some na rede recorrente?"
        )
    await term.ask(MONDAY, asker="x1", text="Sou a Maria Silva, quando é a prova?", outcome="needs_staff")

    digest = await term.told()

    [topic] = digest.topics
    assert (topic.askers, topic.questions, digest.small_questions) == (3, 3, 1)
    assert "gradiente" in topic.title.lower()
    assert "Maria" not in repr(digest)
    assert "x1" not in repr(digest)


async def test_flags_are_counted_when_they_open_and_when_they_are_settled(term: Term) -> None:
    await term.ask(MONDAY)
    await term.write(
        "insert into review_items (answer_id, course_id, opened_at, settled_at, verdict) values"
        " (1, 1, %(opened)s, %(settled)s, 'C')",
        opened=MONDAY + timedelta(hours=1),
        settled=MONDAY + timedelta(hours=5),
    )
    await term.write("insert into review_items (answer_id, course_id, opened_at) values (1, 1, %(o)s)", o=MONDAY)

    review = (await term.told()).review

    assert (review.opened.value, review.settled.value, review.median_settle_s.value, review.open_now) == (
        2.0,
        1.0,
        14_400.0,
        1,
    )


async def label(term: Term, answer: int, *labels: str) -> None:
    """Let as many members of staff label an answer."""
    for number, said in enumerate(labels):
        await term.write(
            "insert into annotations (answer_id, course_id, annotator_key, role, label, changed_at)"
            " values (%(answer)s, 1, %(who)s, 'staff', %(label)s, %(when)s)",
            answer=answer, who=f"ta{number}", label=said, when=MONDAY,
        )  # fmt: skip


async def test_an_answer_on_which_staff_are_split_evenly_agrees_with_nobody(term: Term) -> None:
    for _ in range(4):
        await term.ask(MONDAY, score=3)
    await label(term, 1, "C", "I")
    await label(term, 2, "C", "C", "I")
    await label(term, 3, "I", "I", "C", "C", "P")

    agreement = (await term.told()).agreement

    assert (agreement.n, agreement.share) == (1, 1.0)


async def verify(term: Term, answer: int, when: datetime, version: int = 1) -> None:
    await term.write(
        "insert into verified_answers (course_id, answer_id, question, language, text, version, verified_by,"
        " verified_at) values (1, %(answer)s, 'q', 'pt', 't', %(version)s, 'ta', %(when)s)",
        answer=answer, version=version, when=when,
    )  # fmt: skip


async def test_a_verified_answer_counts_where_it_was_shown_once_an_answer_and_not_as_evidence(term: Term) -> None:
    for _ in range(3):
        await term.ask(MONDAY)
    await verify(term, 1, MONDAY)
    await verify(term, 2, MONDAY)
    await term.write(
        "insert into verified_uses (answer_id, course_id, verified_id, way, used_at) values"
        " (2, 1, 1, 'evidence', %(when)s), (3, 1, 1, 'shown', %(when)s), (3, 1, 2, 'shown', %(when)s)",
        when=MONDAY,
    )

    assert (await term.told()).verified_used.value == 1.0


async def test_a_verified_answer_counts_as_new_or_revised_in_the_week_of_its_last_version(term: Term) -> None:
    # When the first version was written is not kept.
    for _ in range(2):
        await term.ask(MONDAY)
    await verify(term, 1, MONDAY)
    await verify(term, 2, MONDAY, version=2)

    digest = await term.told()

    assert digest.verified_written.value == 2.0
    assert "Respostas verificadas novas ou revistas" in [row.name for row in sheet(digest, "pt-BR").staff]
    assert "Verified answers, new or revised" in [row.name for row in sheet(digest, "en").staff]


@pytest.mark.parametrize("held", ["waiting", "rejected"])
async def test_an_answer_that_is_held_back_was_not_given(term: Term, held: str) -> None:
    await term.ask(MONDAY, took_s=2.0, score=3, minute=3)
    await term.ask(MONDAY, took_s=50.0, score=0, minute=7)
    await term.write("update answers set held = %(held)s where id = 2", held=held)

    digest = await term.told()

    assert {outcome: figure.value for outcome, figure in digest.outcomes.items() if figure.value} == {
        "answered": 1.0,
        "needs_staff": 1.0,
    }
    assert (digest.answered_share.value, digest.seconds_p95.value, digest.seconds_p95.n) == (0.5, 2.0, 1)
    assert (digest.relevance.scores, digest.relevance.unjudged) == ((0, 0, 0, 1), 0)
    assert [minute.minute for minute in digest.lectures[0].minutes] == [3]


async def asked(term: Term) -> list[digest_figures.CountedQuestion]:
    span = digest_figures.Span(course=term.course.id, start=WEEK.starts_at, end=WEEK.ends_at)
    async with term.pool.connection() as conn:
        return [one async for one in digest_figures.questions(conn, span)]


async def test_a_topic_takes_nothing_from_an_answer_that_is_held_back(term: Term) -> None:
    for held in ("no", "approved", "waiting", "rejected"):
        await term.ask(MONDAY, text=held, score=2)
        await term.write("update answers set held = %(held)s where id = (select max(id) from answers)", held=held)

    found = {one.text: (one.outcome, one.score, one.lecture_ids) for one in await asked(term)}

    assert found == {
        "no": ("answered", 2, [1]),
        "approved": ("answered", 2, [1]),
        "waiting": ("needs_staff", None, []),
        "rejected": ("needs_staff", None, []),
    }


async def test_a_question_without_an_answer_has_failed_in_the_figures_as_in_the_topics(term: Term) -> None:
    await term.ask(MONDAY, outcome=None)
    await term.ask(MONDAY)

    digest = await term.told()

    assert (digest.outcomes["failed"].value, digest.seconds_median.n) == (1.0, 1)
    assert sum(figure.value or 0 for figure in digest.outcomes.values()) == digest.questions.value
    assert [one.outcome for one in await asked(term)] == ["failed", "answered"]


async def test_the_week_before_is_whole_where_the_clocks_were_changed_in_it(term: Term) -> None:
    new_york = zone_named("America/New_York")
    await term.ask(datetime(2026, 10, 26, 4, 30, tzinfo=UTC))  # 00:30 on Monday; the week has 169 hours
    await term.ask(datetime(2026, 3, 2, 4, 30, tzinfo=UTC))  # 23:30 on Sunday; the week after has 167

    assert (await term.told(period("2026-W45", new_york))).questions.before == 1.0
    assert (await term.told(period("2026-W11", new_york))).questions.before == 0.0


async def test_after_an_outage_as_many_weeks_are_compared(term: Term) -> None:
    for days in (14, 27, 29):
        await term.ask(MONDAY + timedelta(days=7 - days))

    digest = await term.told(period("2026-W47", ZONE, weeks=2))

    assert (digest.questions.value, digest.questions.before) == (1.0, 1.0)


async def test_a_mean_is_not_compared_with_one_of_few_scores(term: Term) -> None:
    for _ in range(9):
        await term.ask(MONDAY - timedelta(days=1), score=0)
    for _ in range(10):
        await term.ask(MONDAY, score=3)

    few = (await term.told()).relevance.mean
    await term.ask(MONDAY - timedelta(days=1), score=0)
    enough = (await term.told()).relevance.mean

    assert (few.value, few.before, few.n) == (1.0, None, 10)
    assert enough.before == 0.0


async def test_further_tries_are_told_apart(term: Term) -> None:
    await term.ask(WEEK.starts_at)
    for again in ("simpler", "simpler", "other"):
        await term.ask(WEEK.starts_at, outcome="no_material")
        last = "(select max(id) from questions)"
        await term.write(f"update questions set again = %(again)s where id = {last}", again=again)

    digest = await term.told()

    assert (digest.questions.value, digest.answered_share.value) == (1, 1.0)
    assert digest.tries == {"simpler": Tries(count=2), "other": Tries(count=1)}
    assert sum(topic.questions for topic in (*digest.topics, *digest.gaps)) + digest.small_questions == 1
    assert sheet(digest, "en").tries == (
        "Under answers, students asked for: simpler words 2 times; another moment 1 time."
    )


async def tried(term: Term, again: str, follows: int) -> int:
    """Store another try at the answer to a question, and return its own number."""
    await term.ask(MONDAY, text="?")
    last = await term.value("select max(id) from questions")
    assert isinstance(last, int)
    await term.write(
        "update questions set again = %(again)s, follows = %(follows)s, again_try = id where id = %(last)s",
        again=again, follows=follows, last=last,
    )  # fmt: skip
    return last


async def test_the_topic_that_most_tries_are_about_is_named_where_it_is_shown(term: Term) -> None:
    for asker in "abc":
        await term.ask(MONDAY, asker=asker, text="Por que o gradiente some?")
    await term.ask(MONDAY, text="O que é a LSTM?")
    first = await tried(term, "simpler", 1)
    await tried(term, "simpler", first)  # under the try, and so of the same question
    await tried(term, "simpler", 4)
    for follows in (2, 3, 4, 4):
        await tried(term, "example", follows)
    for follows in (1, 2):
        await tried(term, "other", follows)

    digest = await term.told()

    assert [topic.title for topic in digest.topics] == ["Por que o gradiente some?"]
    assert digest.tries == {
        "simpler": Tries(count=3, topic="Por que o gradiente some?"),
        "example": Tries(count=4, lecture="Aula A"),  # half of them is not most, but all are of one lecture
        "other": Tries(count=2),
    }
    assert sheet(digest, "en").tries == (
        "Under answers, students asked for: simpler words 3 times, mostly of “Por que o gradiente some?”; "
        "an example 4 times, mostly in “Aula A”; another moment 2 times."
    )
    assert sheet(digest, "pt-BR").tries == (
        "Depois das respostas, pediram: palavras mais simples 3 vezes, na maioria das vezes sobre “Por que o gradiente "
        "some?”; um exemplo 4 vezes, na maioria das vezes em “Aula A”; outro momento 2 vezes."
    )


async def test_where_most_tries_have_nothing_in_common_or_too_few_asked_nothing_is_named(term: Term) -> None:
    await term.ask(MONDAY, text="Por que o gradiente some?", minute=None)
    await term.ask(MONDAY, text="O que é a LSTM?")
    for follows in (1, 1, 2):
        await tried(term, "simpler", follows)

    digest = await term.told()

    assert digest.tries == {"simpler": Tries(count=3)}


async def test_tries_at_questions_of_an_earlier_week_or_of_deleted_ones_are_counted_too(term: Term) -> None:
    await term.ask(MONDAY - timedelta(days=3), text="Por que o gradiente some?")
    for _ in range(3):
        await tried(term, "simpler", 1)
    await term.ask(MONDAY, text="O que é a LSTM?")
    gone = await term.value("select max(id) from questions")
    assert isinstance(gone, int)
    for _ in range(3):
        await tried(term, "other", gone)
    await term.write("delete from questions where id = %(gone)s", gone=gone)

    digest = await term.told()

    assert digest.tries == {"simpler": Tries(count=3, lecture="Aula A"), "other": Tries(count=3)}


async def mapped(term: Term, *titles: str, starts_s: tuple[int, ...]) -> None:
    """Give the lecture chapters; each begins where the one before ends."""
    async with term.pool.connection() as conn:
        await maps.put_map(
            conn,
            course=term.course.id,
            lecture=LectureId(1),
            transcript=TranscriptId(int(str(await term.value("select max(id) from transcripts")))),
            chapters=[
                Chapter(
                    ordinal=number,
                    start_ms=start_s * 1_000,
                    end_ms=end_s * 1_000,
                    title=title,
                    origin="quoted",
                    sentence="x",
                    segment_id=SegmentId(1),
                    quote="x",
                    quote_start_ms=start_s * 1_000,
                    quote_end_ms=end_s * 1_000,
                    fingerprint="f",
                )
                for number, (title, start_s, end_s) in enumerate(
                    zip(titles, starts_s, (*starts_s[1:], 3_600), strict=True), start=1
                )
            ],
        )


async def retaken(term: Term) -> None:
    """Let the lecture have new captions, of which the answers that there are cite nothing."""
    await term.write(
        "insert into transcripts (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s,"
        " cue_texts) values (1, 1, 2, 'g', 'vtt', '{0}', '{9}', '{y}')"
    )
    await term.write("update lectures set transcript_id = 2")


async def test_chapters_are_counted_and_topics_name_theirs(term: Term) -> None:
    await term.write("update lectures set transcript_id = 1")
    await mapped(term, "Abertura", "O gradiente", "Perguntas", starts_s=(0, 186, 1_200))
    for asker in "abc":
        await term.ask(MONDAY, asker=asker, minute=3)  # 185 s: two seconds before the words, which are of the second
    await term.ask(MONDAY, asker="d", minute=30, text="O que é LSTM?")

    digest = await term.told()

    [lecture] = digest.lectures
    assert [(one.title, one.cited) for one in lecture.chapters] == [
        ("Abertura", 0),
        ("O gradiente", 3),
        ("Perguntas", 1),
    ]
    assert [one.url for one in lecture.chapters] == [f"https://youtu.be/x?t={second}" for second in (0, 186, 1_200)]
    [topic] = digest.topics
    assert [place.chapter for place in topic.places] == ["O gradiente"]


async def test_what_was_cited_of_other_captions_is_in_no_chapter(term: Term) -> None:
    await term.write("update lectures set transcript_id = 1")
    for asker in "abc":
        await term.ask(MONDAY, asker=asker)
    await mapped(term, "De antes", starts_s=(0,))
    await retaken(term)
    assert [lecture.chapters for lecture in (await term.told()).lectures] == [()]
    await mapped(term, "De agora", starts_s=(0,))

    digest = await term.told()

    assert [(one.title, one.cited) for one in digest.lectures[0].chapters] == [("De agora", 0)]
    assert [place.chapter for topic in digest.topics for place in topic.places] == [None]


@pytest.mark.parametrize(
    "change", ["released_at = now() + interval '1 day'", "withdrawn_at = now(), transcript_id = null"]
)
async def test_a_lecture_that_is_put_off_or_withdrawn_is_told_of_nowhere(term: Term, change: str) -> None:
    await term.write("update lectures set transcript_id = 1")
    await mapped(term, "Segredo", starts_s=(0,))
    for asker in "abc":
        await term.ask(MONDAY, asker=asker)
    await term.write(f"update lectures set {change}")

    digest = await term.told()

    assert digest.lectures == ()
    assert [topic.places for topic in digest.topics] == [()]
    assert digest.questions.value == 3


async def test_who_was_asked_back_is_counted_apart(term: Term) -> None:
    await term.ask(WEEK.starts_at)
    await term.ask(WEEK.starts_at, outcome="no_material")
    await term.write(
        "insert into answer_scopes (answer_id, course_id, number, kind, lecture_id)"
        " select max(a.id), max(a.course_id), 1, 'one_of', (select min(id) from lectures) from answers a"
    )

    digest = await term.told()

    assert (digest.questions.value, digest.answered_share.value, digest.asked_back) == (1, 1.0, 1)
    assert sheet(digest, "en").tries == (
        "1 question was answered by asking which lecture was meant, or by saying that there is no such one."
    )


async def test_weak_answers_of_the_week_are_told_apart(term: Term) -> None:
    for when in (MONDAY, MONDAY, MONDAY, MONDAY - timedelta(days=7)):
        await term.ask(when, outcome="answered")
    await term.write(
        """
        with found as (
            insert into answer_hits (answer_id, course_id, rank, segment_id)
            select a.id, a.course_id, 1, (select min(id) from segments) from answers a on conflict do nothing
        ), promised as (
            insert into jobs (kind, answer_id, course_id, state, ended_at)
            select 'context', id, course_id, 'done', now() from answers
        )
        insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model)
        select a.id, a.course_id, k.kind, case when k.score is null then 'timeout' else 'ok' end, k.score,
            case k.kind when 'relevance' then 'I' end, 0, 'juiz'
        from answers a cross join lateral (values
            ('relevance', 1), ('context', case when a.id % 3 = 0 then null else a.id % 3 end)
        ) as k (kind, score)
        """
    )

    digest = await term.told()

    assert digest.faults is not None
    assert (digest.faults.weak, digest.faults.n, digest.faults.missing) == (3, 2, 1)
    assert (digest.faults.search, digest.faults.answer) == (1, 1)
    told = "Weak answers with judged passages: 2. The search failed in 1 (50%; 95%: "
    for shown in (pages.text(digest, "en"), pages.html(digest, "en")):
        assert told in shown
        assert "the answer in 1. Without a verdict: 1." in shown
    fields = [field.value or "" for field in digest_embed.embed(digest, "en").fields]
    assert told in "\n".join(fields).replace("\\", "")


async def test_a_week_without_weak_answers_says_nothing_of_them(term: Term) -> None:
    await term.ask(MONDAY)

    digest = await term.told()

    assert digest.faults is None
    assert sheet(digest, "pt-BR").faults is None


async def test_what_the_canaries_found_in_the_week_is_told(term: Term) -> None:
    await term.ask(MONDAY)
    await term.write(
        """
        with measured as (
            insert into judge_runs (course_id, kind, labels, half, n, missing, figures)
            select 1, 'canary', 'IIPC', 'all', 20, 0, '{}' from generate_series(1, 2) returning id
        )
        insert into judge_alerts (course_id, run_id, kind, model, shift, part, n, made_at)
        select 1, id, 'shift', 'juiz', 0.5, 0, 20,
            case when id = 1 then %(when)s else %(before)s end::timestamptz from measured
        """,
        when=MONDAY + timedelta(days=1),
        before=MONDAY - timedelta(days=1),
    )

    digest = await term.told()

    assert [(one.kind, one.model, one.shift) for one in digest.alerts] == [("shift", "juiz", 0.5)]
    told = f"The judge has changed: on {MONDAY + timedelta(days=1):%Y-%m-%d} (UTC), juiz scored 20 frozen answers 0.5"
    assert told in pages.text(digest, "en")
    assert told in pages.html(digest, "en")
    shown = [field.value or "" for field in digest_embed.embed(digest, "en").fields]
    assert told in "\n".join(shown).replace("\\", "")


async def test_second_opinions_are_counted_with_what_is_missing_and_change_no_mean(term: Term) -> None:
    for score in (1, 2, 2, 3):
        await term.ask(MONDAY, score=score)
    before = await term.told()
    # Of the three at the threshold one agrees, one is split, one gave no score; an older one stands beside nothing now.
    await term.write(
        """
        insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model, first_id,
            asked_for, spread, is_split)
        select answer_id, 1, 'second', case when at = 3 then 'refusal' else 'ok' end,
            case at when 1 then 1 when 2 then 0 end, case when at < 3 then 'I' end, 0, 'revisor', id, 'threshold',
            case at when 1 then 0 when 2 then 2 end, case at when 1 then false when 2 then true end
        from (select *, row_number() over (order by id) as at from judgements) j where at < 4
        """
    )
    await term.write(
        "insert into model_calls (answer_id, course_id, kind, purpose, model_asked, prompt_id, prompt_sha256,"
        " parameters, output, tokens_in, tokens_out, latency_ms, status, called_at) select 1, 1, 'second', 'second',"
        " 'revisor', 'second/1', '', '{}', 'x', 900, 90, 1, 'ok', %(when)s",
        when=MONDAY,
    )
    told = await term.told()

    assert before.second_opinions is None
    assert told.second_opinions is not None
    heard = told.second_opinions
    assert (heard.asked, heard.scored, heard.split, heard.tokens, heard.uncounted) == (3, 2, 1, 990, 0)
    assert (heard.low, heard.high) == pytest.approx((0.095, 0.905), abs=0.001)
    assert (told.relevance, told.agreement) == (before.relevance, before.agreement)
    assert told.cost.tokens_in == before.cost.tokens_in + 900


async def test_an_opinion_on_a_judgement_of_before_is_not_counted(term: Term) -> None:
    await term.ask(MONDAY, score=2)
    await term.write(
        "insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model, first_id,"
        " asked_for, spread, is_split) select answer_id, 1, 'second', 'ok', 0, 'I', 0, 'revisor', id, 'chance', 2, true"
        " from judgements"
    )
    await term.write(
        "insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model)"
        " select answer_id, 1, 'relevance', 'ok', 3, 'C', 0, 'juiz' from judgements where kind = 'relevance'"
    )

    assert (await term.told()).second_opinions is None
