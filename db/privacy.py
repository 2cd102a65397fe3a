"""What is kept about one person, by the keys that stand for them: counted, read, deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, kwargs_row, scalar_row

from db.records import Again, AnswerId, Course, CourseId, Label, Language, Outcome, QuestionId, Role
from db.records.operation import HeldInCourse
from db.records.pairs import Chosen, PairId, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnQuestion:
    """A question as its asker may have it back, with its answer, but without places in Discord."""

    id: QuestionId
    asked_at: datetime
    text: str
    standalone: str | None
    language: str
    lecture: str | None  # slug
    follows: QuestionId | None
    again: Again | None
    source: str
    is_private: bool | None  # None: not asked in Discord
    answer_id: AnswerId | None  # None, as all below: not answered yet
    outcome: Outcome | None
    answer: str | None  # empty while staff have not let it out, or a lecture that it cites is put off
    is_held: bool | None
    model: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnVote:
    """What a person said of an answer, their own question's or somebody else's."""

    answer_id: AnswerId
    is_on_own_question: bool
    role: Role
    label: Label
    reason: str | None
    comment: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnChoice:
    """What a member of staff chose of two answers, by the place where each stood."""

    pair_id: PairId
    shown_first: Side
    better: Chosen | None  # None: shown, and nothing chosen
    shown_at: datetime
    chosen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAt:
    """Where in a server a message asked."""

    channel_id: int
    message_id: int


async def courses_of_guild(conn: AsyncConnection, guild: int) -> list[Course]:
    """The courses that belong to *guild*, bound to a channel or not, by slug."""
    async with conn.cursor(row_factory=class_row(Course)) as cur:
        await cur.execute(
            """
            select c.id, c.slug, c.title, c.language from course_settings s join courses c on c.id = s.course_id
            where s.guild_id = %(guild)s order by c.slug
            """,
            {"guild": guild},
        )
        return await cur.fetchall()


async def kept(conn: AsyncConnection, keys: Mapping[CourseId, str]) -> list[HeldInCourse]:
    """Count what is kept of the person with these *keys*, in each course that has something, by slug."""
    async with conn.cursor(row_factory=kwargs_row(_kept)) as cur:
        # A person has another key in each course, so that nobody can join what is stored in two.
        await cur.execute(
            """
            select c.id as course_id, c.slug, c.title, c.language, q.questions, v.votes, v.comments, p.choices,
                least(q.since, v.since, k.since, p.since) as since
            from unnest(%(courses)s::bigint[], %(keys)s::text[]) as person (course_id, key)
            join courses c on c.id = person.course_id
            cross join lateral (
                select count(*)::int as questions, min(asked_at) as since
                from questions where course_id = person.course_id and asker_key = person.key
            ) q
            cross join lateral (
                select count(*)::int as votes, count(comment)::int as comments, min(created_at) as since
                from annotations where course_id = person.course_id and annotator_key = person.key
            ) v
            cross join lateral (
                select min(kept_at) as since from kept_messages
                where course_id = person.course_id and author_key = person.key
            ) k
            cross join lateral (
                select count(better)::int as choices, min(shown_at) as since
                from pair_choices where course_id = person.course_id and chooser_key = person.key
            ) p
            where q.questions > 0 or v.votes > 0 or k.since is not null or p.since is not null
            order by c.slug
            """,
            {"courses": list(keys), "keys": list(keys.values())},
        )
        return await cur.fetchall()


async def questions(conn: AsyncConnection, *, course: CourseId, key: str) -> list[OwnQuestion]:
    """All questions of the person, the oldest first."""
    async with conn.cursor(row_factory=class_row(OwnQuestion)) as cur:
        await cur.execute(
            """
            select q.id, q.asked_at, q.text, q.standalone, q.language, l.slug as lecture, q.follows, q.again, q.source,
                d.is_private, a.id as answer_id, a.outcome,
                case when h.is_held then '' else a.text end as answer, h.is_held, a.model, a.answered_at
            from questions q
            left join lectures l on l.id = q.lecture_id and l.course_id = %(course)s
            left join answers a on a.question_id = q.id and a.course_id = %(course)s
            left join deliveries d on d.question_id = q.id and d.course_id = %(course)s
            cross join lateral (
                select a.held in ('waiting', 'rejected') or exists (
                    select from put_off_answers p where p.answer_id = a.id and p.course_id = %(course)s
                ) as is_held
            ) h
            where q.course_id = %(course)s and q.asker_key = %(key)s
            order by q.asked_at, q.id
            """,
            {"course": course, "key": key},
        )
        return await cur.fetchall()


async def votes(conn: AsyncConnection, *, course: CourseId, key: str) -> list[OwnVote]:
    """All votes of the person, the oldest first."""
    async with conn.cursor(row_factory=class_row(OwnVote)) as cur:
        await cur.execute(
            """
            select n.answer_id, coalesce(q.asker_key = %(key)s, false) as is_on_own_question, n.role, n.label, n.reason,
                n.comment, n.created_at, n.changed_at
            from annotations n
            join answers a on a.id = n.answer_id and a.course_id = %(course)s
            join questions q on q.id = a.question_id and q.course_id = %(course)s
            where n.course_id = %(course)s and n.annotator_key = %(key)s
            order by n.created_at, n.id
            """,
            {"course": course, "key": key},
        )
        return await cur.fetchall()


async def choices(conn: AsyncConnection, *, course: CourseId, key: str) -> list[OwnChoice]:
    """All pairs of answers that the person was shown as staff, the oldest first."""
    async with conn.cursor(row_factory=class_row(OwnChoice)) as cur:
        await cur.execute(
            """
            select pair_id, shown_first, better, shown_at, chosen_at from pair_choices
            where course_id = %(course)s and chooser_key = %(key)s order by shown_at, pair_id
            """,
            {"course": course, "key": key},
        )
        return await cur.fetchall()


async def asked_at(conn: AsyncConnection, *, course: CourseId, key: str) -> list[AskedAt]:
    """The messages in servers that asked the person's questions."""
    async with conn.cursor(row_factory=class_row(AskedAt)) as cur:
        await cur.execute(
            """
            select s.channel_id, s.reply_to as message_id from showings s join questions q on q.id = s.question_id
            where q.course_id = %(course)s and q.asker_key = %(key)s and s.course_id = %(course)s
                and s.kind = 'reply' and s.guild_id is not null and s.reply_to is not null
            """,
            {"course": course, "key": key},
        )
        return await cur.fetchall()


async def asking_messages(conn: AsyncConnection, *, course: CourseId, key: str) -> list[int]:
    """The messages in Discord that asked the person's questions, direct ones too."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            select split_part(source_id, ':', 2)::bigint from questions
            where course_id = %(course)s and asker_key = %(key)s and source = 'discord'
                and source_id ~ '^message:[0-9]+$'
            """,
            {"course": course, "key": key},
        )
        return await cur.fetchall()


async def lock(conn: AsyncConnection, *, course: CourseId, key: str, presses: Sequence[QuestionId]) -> None:
    """
    Be alone with what goes with the person, and with the questions *presses*, until the transaction ends.

    Answers come first, then questions, then pairs, each in the order of their ids, as everybody locks: who votes,
    labels, shows or chooses holds the one before what hangs on it, and two that wait for each other are both undone.
    """
    chosen = {"course": course, "key": key, "presses": list(presses)}
    await conn.execute(
        """
        select from answers a
        where a.course_id = %(course)s and (
            a.id in (select answer_id from annotations where course_id = %(course)s and annotator_key = %(key)s)
            or a.question_id in (
                select id from questions
                where course_id = %(course)s and (asker_key = %(key)s or id = any(%(presses)s))
            )
            or a.id in (
                -- Where words stand that staff kept from messages of the person's: they are taken back there.
                select answer_id from (
                    select v.id, v.answer_id from verified_answers v where v.course_id = %(course)s
                    union all
                    select u.verified_id, u.answer_id from verified_uses u
                    where u.course_id = %(course)s and u.way = 'shown'
                ) stands
                join kept_messages k on k.verified_id = stands.id and k.course_id = %(course)s
                where k.author_key = %(key)s
            )
        )
        order by a.id for update
        """,
        chosen,
    )
    await conn.execute(
        """
        select from questions where course_id = %(course)s and (asker_key = %(key)s or id = any(%(presses)s))
        order by id for update
        """,
        chosen,
    )
    # All of them: they are few, and those that hold words of the person's are found only later.
    await conn.execute(
        "select from answer_pairs where course_id = %(course)s order by id for update", {"course": course}
    )


async def delete_votes(conn: AsyncConnection, *, course: CourseId, key: str) -> list[AnswerId]:
    """Delete all that the person said of answers, as student or as staff; return which answers those were."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            delete from annotations where course_id = %(course)s and annotator_key = %(key)s
            returning answer_id
            """,
            {"course": course, "key": key},
        )
        return await cur.fetchall()


async def is_queued(conn: AsyncConnection, *, course: CourseId, answer: AnswerId) -> bool:
    """Tell whether staff have the answer to look at."""
    found = await conn.execute(
        """
        select from review_items
        where answer_id = %(answer)s and course_id = %(course)s and settled_at is null
        """,
        {"answer": answer, "course": course},
    )
    return found.rowcount > 0


async def forget_understood(conn: AsyncConnection, *, course: CourseId, key: str) -> None:
    """
    Forget how the questions were understood that follow the person's, at any remove: their words are in it.

    Pairs of answers to a question as it was understood go too.
    """
    await conn.execute(
        """
        with recursive following as (
            select id from questions where course_id = %(course)s and asker_key = %(key)s
            union
            select q.id from questions q join following f on f.id in (q.follows, q.words_of)
            where q.course_id = %(course)s
        ), compared as (
            delete from answer_pairs p using questions q
            where p.course_id = %(course)s and q.course_id = %(course)s and q.id = p.question_id
                and q.id in (select id from following)
                and lower(p.question) <> lower(btrim(regexp_replace(q.text, '\\s+', ' ', 'g')))
        )
        update questions set standalone = null
        where course_id = %(course)s and standalone is not null and id in (select id from following)
        """,
        {"course": course, "key": key},
    )


async def others_presses(conn: AsyncConnection, *, course: CourseId, key: str) -> list[QuestionId]:
    """
    Return other people's questions, at any remove, that may have the person's words as their own.

    They came of presses under answers: further tries, and the same question asked of other lectures.
    """
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with recursive following (id, may_repeat) as (
                select id, true from questions where course_id = %(course)s and asker_key = %(key)s
                union
                select q.id, q.again is not null or (f.may_repeat and q.words_of is not distinct from f.id)
                from questions q join following f on f.id in (q.follows, q.words_of)
                where q.course_id = %(course)s
            )
            select id from questions
            where course_id = %(course)s and asker_key is distinct from %(key)s
                and id in (select id from following where may_repeat)
            """,
            {"course": course, "key": key},
        )
        return await cur.fetchall()


async def delete_presses(conn: AsyncConnection, *, course: CourseId, presses: Sequence[QuestionId]) -> None:
    """Delete other people's questions that came of presses, and all that hangs on them."""
    await conn.execute(
        """
        delete from questions
        where course_id = %(course)s and (again is not null or words_of is not null) and id = any(%(presses)s)
        """,
        {"course": course, "presses": list(presses)},
    )


async def delete_questions(conn: AsyncConnection, *, course: CourseId, key: str) -> int:
    """Delete the person's questions and all that hangs on them; return how many there were."""
    deleted = await conn.execute(
        "delete from questions where course_id = %(course)s and asker_key = %(key)s",
        {"course": course, "key": key},
    )
    return deleted.rowcount


async def delete_direct_course(conn: AsyncConnection, *, course: CourseId, person_key: str) -> None:
    """Forget that a person chose *course* for direct messages, if they did."""
    await conn.execute(
        "delete from direct_courses where person_key = %(person_key)s and course_id = %(course)s",
        {"person_key": person_key, "course": course},
    )


def _kept(course_id: int, slug: str, title: str, language: Language, **columns: Any) -> HeldInCourse:  # noqa: ANN401 - a row
    return HeldInCourse(course=Course(id=CourseId(course_id), slug=slug, title=title, language=language), **columns)


async def delete_judge_views(conn: AsyncConnection, *, course: CourseId, key: str) -> None:
    """Forget which judgements a person has looked at."""
    await conn.execute(
        "delete from judge_views where course_id = %(course)s and annotator_key = %(key)s",
        {"course": course, "key": key},
    )


async def delete_choices(conn: AsyncConnection, *, course: CourseId, key: str) -> int:
    """Forget which of two answers the person chose, and which they were shown; return how many choices there were."""
    async with conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(
            """
            with deleted as (
                delete from pair_choices where course_id = %(course)s and chooser_key = %(key)s returning better
            )
            select count(better) from deleted
            """,
            {"course": course, "key": key},
        )
        return int(await cur.fetchone() or 0)
