"""The answers that judge or staff find wanting, with what was judged of the passages that they were made from."""

from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import class_row

from db.records import CourseId
from db.records.learning import WeakAnswer


async def weak_answers(
    conn: AsyncConnection,
    *,
    course: CourseId,
    flag_below: int,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[WeakAnswer]:
    """
    Return those to what was asked from *start* until just before *end*, of all time without them.

    The last judgement of each kind counts, and of staff's labels the most frequent; where two are equally frequent and
    one of them is C, staff have not found it wanting. An answer without passages has nothing that could be judged.
    """
    async with conn.cursor(row_factory=class_row(WeakAnswer)) as cur:
        await cur.execute(
            """
            with counted as (
                select answer_id, label, rank() over (partition by answer_id order by count(*) desc) as place
                from told_annotations where course_id = %(course)s and role = 'staff' group by 1, 2
            ), labelled as (
                select answer_id, bool_and(label <> 'C') as is_wanting from counted where place = 1 group by 1
            )
            select coalesce(r.score < %(flag_below)s, false) as by_judge, coalesce(l.is_wanting, false) as by_staff,
                c.score as context, s.abstention, j.id is not null as is_promised, j.probability
            from answers a
            join questions q on q.id = a.question_id and q.course_id = %(course)s
            left join lateral (
                select score from judgements
                where answer_id = a.id and course_id = %(course)s and kind = 'relevance' order by id desc limit 1
            ) r on true
            left join lateral (
                select score from judgements
                where answer_id = a.id and course_id = %(course)s and kind = 'context' order by id desc limit 1
            ) c on true
            left join lateral (
                select abstention from judgements
                where answer_id = a.id and course_id = %(course)s and kind = 'abstention' order by id desc limit 1
            ) s on true
            left join labelled l on l.answer_id = a.id
            left join jobs j on j.answer_id = a.id and j.course_id = %(course)s
                and j.kind = case a.outcome when 'no_material' then 'abstention' else 'context' end
            where a.course_id = %(course)s and a.outcome in ('answered', 'no_material')
                and a.model not in ('imported', 'verified') and q.source not in ('dossier', 'eval', 'kept')
                and (r.score < %(flag_below)s or l.is_wanting)
                and q.asked_at >= coalesce(%(start)s::timestamptz, '-infinity')
                and q.asked_at < coalesce(%(end)s::timestamptz, 'infinity')
                and exists (select from answer_hits h where h.answer_id = a.id and h.course_id = %(course)s)
            order by a.id
            """,
            {"course": course, "flag_below": flag_below, "start": start, "end": end},
        )
        return await cur.fetchall()
