"""Questions, as they were asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import AsyncConnection
from psycopg.rows import class_row, scalar_row

from db.records import Again, AnswerId, CourseId, LectureId, QuestionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What is known of a question that was received before."""

    id: QuestionId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidWhen:
    """What a question was asked with: when, in which time zone, and of which lectures apart from its words."""

    said_at: datetime
    time_zone: str
    lecture_id: LectureId | None
    everywhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question of a conversation, as it was understood, and what was answered."""

    question: str
    answer: str
    again: Again | None = None  # which other try the answer is
    root: str = ""  # what was first asked: of another try, the question that it is a try at


async def insert(
    conn: AsyncConnection,
    *,
    course: CourseId,
    lecture: LectureId | None,
    text: str,
    language: str,
    follows: QuestionId | None,
    source: str,
    source_id: str | None,
    asker_key: str | None,
    lease: timedelta,
    said_at: datetime | None = None,
    everywhere: bool = False,
    again: Again | None = None,
    words_of: QuestionId | None = None,
) -> QuestionId | None:
    """
    Store a question and hold it for *lease*, or return None if *source* has delivered *source_id* before.

    Of tries of one kind at one answer, *again*, only one is stored, unless those before it failed. *follows* is
    forgotten where it is not a question of *course*, and so is *words_of*, which becomes that of who said them first.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        # Discord delivers some messages twice, and several replicas hear the same one: the index says who was first.
        await cur.execute(
            """
            insert into questions (course_id, lecture_id, text, language, follows, source, source_id, asker_key,
                leased_until, said_at, everywhere, again, words_of, again_try)
            values (
                %(course)s, %(lecture)s, %(text)s, %(language)s,
                (select id from questions where id = %(follows)s and course_id = %(course)s),
                %(source)s, %(source_id)s, %(asker_key)s, now() + %(lease)s, %(said_at)s, %(everywhere)s, %(again)s,
                (select coalesce(words_of, id) from questions where id = %(words_of)s and course_id = %(course)s),
                -- The next number, and not how many there are: of those that failed, some may have been deleted.
                (select coalesce(max(q.again_try) + 1, 0) from questions q join answers a on a.question_id = q.id
                    where q.course_id = %(course)s and q.follows = %(follows)s and q.again = %(again)s
                        and a.course_id = %(course)s and a.outcome = 'failed')
            )
            on conflict do nothing
            returning id
            """,
            {
                "course": course,
                "lecture": lecture,
                "text": text,
                "language": language,
                "follows": follows,
                "source": source,
                "source_id": source_id,
                "asker_key": asker_key,
                "lease": lease,
                "said_at": said_at,
                "everywhere": everywhere,
                "again": again,
                "words_of": words_of,
            },
        )
        return await cur.fetchone()


async def told(conn: AsyncConnection, *, course: CourseId, question: QuestionId) -> SaidWhen | None:
    """Return what was told with *question* of when and where, however often it is delivered."""
    async with conn.cursor(row_factory=class_row(SaidWhen)) as cur:
        await cur.execute(
            """
            select coalesce(q.said_at, q.asked_at) as said_at, q.lecture_id, q.everywhere,
                coalesce(s.time_zone, 'America/Sao_Paulo') as time_zone
            from questions q left join course_settings s on s.course_id = q.course_id
            where q.id = %(question)s and q.course_id = %(course)s
            """,
            {"question": question, "course": course},
        )
        return await cur.fetchone()


async def by_source(conn: AsyncConnection, *, course: CourseId, source: str, source_id: str) -> Received | None:
    async with conn.cursor(row_factory=class_row(Received)) as cur:
        await cur.execute(
            """
            select id, text
            from questions
            where course_id = %(course)s and source = %(source)s and source_id = %(source_id)s
            """,
            {"course": course, "source": source, "source_id": source_id},
        )
        return await cur.fetchone()


async def of_answer(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> Received | None:
    """Return the question that *answer* answers."""
    async with conn.cursor(row_factory=class_row(Received)) as cur:
        await cur.execute(
            """
            select q.id, q.text from questions q join answers a on a.question_id = q.id
            where a.id = %(answer)s and a.course_id = %(course)s and q.course_id = %(course)s
            """,
            {"answer": answer, "course": course},
        )
        return await cur.fetchone()


async def exchange(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> Exchange | None:
    """Return an answer with its question."""
    async with conn.cursor(row_factory=class_row(Exchange)) as cur:
        await cur.execute(
            """
            select coalesce(q.standalone, q.text) as question, a.text as answer, q.again,
                root_question(q.id, q.course_id) as root
            from answers a join questions q on q.id = a.question_id
            where a.id = %(answer)s and a.course_id = %(course)s and q.course_id = %(course)s
            """,
            {"answer": answer, "course": course},
        )
        return await cur.fetchone()


async def language(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> str | None:
    """Return the two-letter code of the language in which the question of *answer* was asked."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select q.language from questions q join answers a on a.question_id = q.id
            where a.id = %(answer)s and a.course_id = %(course)s
            """,
            {"answer": answer, "course": course},
        )
        return await cur.fetchone()


async def claim(conn: AsyncConnection, *, course: CourseId, question: QuestionId, lease: timedelta) -> bool:
    """Hold a question that nobody holds any more, for *lease*; return False if somebody does."""
    claimed = await conn.execute(
        """
        update questions set leased_until = now() + %(lease)s
        where id = %(question)s and course_id = %(course)s and leased_until <= now()
        """,
        {"question": question, "course": course, "lease": lease},
    )
    return claimed.rowcount > 0


async def release(conn: AsyncConnection, *, course: CourseId, question: QuestionId) -> None:
    """Let another process answer the question at once."""
    await conn.execute(
        "update questions set leased_until = now() where id = %(question)s and course_id = %(course)s",
        {"question": question, "course": course},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """How much was asked lately, and when the oldest of it no longer counts."""

    by_person: int  # in the last hour
    by_course: int  # in the last day
    person_free_in_s: float
    course_free_in_s: float


async def recent(conn: AsyncConnection, *, course: CourseId, asker_key: str) -> Recent:
    """Count the questions of a person and of the whole course; askers without a key are not counted."""
    async with conn.cursor(row_factory=class_row(Recent)) as cur:
        # One statement, so that both are counted at the same moment.
        await cur.execute(
            """
            select p.by_person, c.by_course, p.person_free_in_s, c.course_free_in_s
            from (
                select count(*)::int as by_person,
                    coalesce(extract(epoch from min(asked_at) + interval '1 hour' - now()), 0)::float8
                        as person_free_in_s
                from questions
                where course_id = %(course)s and asker_key = %(asker_key)s and asked_at > now() - interval '1 hour'
            ) p, (
                select count(*)::int as by_course,
                    coalesce(extract(epoch from min(asked_at) + interval '1 day' - now()), 0)::float8
                        as course_free_in_s
                from questions
                where course_id = %(course)s and asker_key is not null and asked_at > now() - interval '1 day'
            ) c
            """,
            {"course": course, "asker_key": asker_key},
        )
        found = await cur.fetchone()
    assert found is not None  # noqa: S101 - aggregates always return their row
    return found


async def lock_counting(conn: AsyncConnection, course: CourseId) -> None:
    """Count and add questions of *course* one at a time, until the transaction ends."""
    # No row could be locked instead: the questions that must not be missed are not there yet.
    await conn.execute(
        "select pg_advisory_xact_lock(hashtext('monitoria.questions'), %(course)s::int)", {"course": course}
    )


async def lock(conn: AsyncConnection, *, course: CourseId, question: QuestionId) -> None:
    """Let nobody change or delete the question, if it is still there, until the transaction ends."""
    await conn.execute(
        "select from questions where id = %(question)s and course_id = %(course)s for no key update",
        {"question": question, "course": course},
    )


async def withdraw(conn: AsyncConnection, *, course: CourseId, question: QuestionId) -> None:
    """Forget a try that was not answered, with its delivery, as if nobody had asked for it."""
    await conn.execute(
        """
        delete from questions q
        where q.id = %(question)s and q.course_id = %(course)s and q.again is not null
            and not exists (select from answers a where a.question_id = q.id)
        """,
        {"question": question, "course": course},
    )


async def understood_as(conn: AsyncConnection, *, course: CourseId, question: QuestionId, standalone: str) -> None:
    """Keep how a follow-up was rewritten."""
    await conn.execute(
        "update questions set standalone = %(standalone)s where id = %(question)s and course_id = %(course)s",
        {"standalone": standalone, "question": question, "course": course},
    )


async def conversation(conn: AsyncConnection, *, course: CourseId, last: QuestionId, most: int) -> list[Exchange]:
    """The exchanges that end with the question *last*, at most *most*, the oldest first."""
    async with conn.cursor(row_factory=class_row(Exchange)) as cur:
        await cur.execute(
            """
            with recursive earlier as (
                select id, follows, 1 as depth from questions where id = %(last)s and course_id = %(course)s
                union all
                select q.id, q.follows, e.depth + 1
                from earlier e join questions q on q.id = e.follows and q.course_id = %(course)s
                where e.depth < %(most)s
            )
            -- What staff have not let out, and lectures that are put off, are not to be spoken of either.
            select coalesce(q.standalone, q.text) as question,
                case when a.held in ('no', 'approved') and not exists (
                    select from put_off_answers p where p.answer_id = a.id and p.course_id = %(course)s
                ) then a.text else '' end as answer
            from earlier e
            join questions q on q.id = e.id
            left join answers a on a.question_id = e.id
            order by e.depth desc
            """,
            {"course": course, "last": last, "most": most},
        )
        return await cur.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A question, as whoever wants another try at its answer asks it once more."""

    text: str  # as it was understood
    answer: str  # "" where staff have not let it out
    language: str
    lecture: LectureId | None


async def followed(conn: AsyncConnection, *, course: CourseId, question: QuestionId) -> Followed | None:
    async with conn.cursor(row_factory=class_row(Followed)) as cur:
        await cur.execute(
            """
            select coalesce(q.standalone, q.text) as text,
                case when a.held in ('no', 'approved') and not exists (
                    select from put_off_answers p where p.answer_id = a.id and p.course_id = %(course)s
                ) then a.text else '' end as answer, q.language,
                q.lecture_id as lecture
            from questions q left join answers a on a.question_id = q.id and a.course_id = %(course)s
            where q.id = %(question)s and q.course_id = %(course)s
            """,
            {"question": question, "course": course},
        )
        return await cur.fetchone()


async def tries(conn: AsyncConnection, *, course: CourseId, last: QuestionId) -> list[QuestionId]:
    """The question *last*, what it is another try at, and so on up to the question that was asked in words."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with recursive chain as (
                select id, follows, again from questions where id = %(last)s and course_id = %(course)s
                union
                select q.id, q.follows, q.again
                from chain c join questions q on q.id = c.follows and q.course_id = %(course)s
                where c.again is not null
            )
            select id from chain
            """,
            {"last": last, "course": course},
        )
        return await cur.fetchall()
