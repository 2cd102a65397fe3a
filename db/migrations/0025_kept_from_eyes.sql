-- What is kept from the eyes of some: first labels from whoever labels second, and lectures that are put off from students.

-- Second looks stay blind: what was an ordinary card in between is no blind label, and a first label is counted where staff can
-- read figures only once nobody is to give a second one any more.

alter table second_looks
    add column mixed_at timestamptz;    -- since when something else called for a look too: from then on no label is blind

-- Looks that are an ordinary card at this moment.
update second_looks l set mixed_at = now()
where l.ended_at is null and exists (select from review_reasons r where r.item_id = l.item_id and r.reason <> 'second_look');

-- What people say of answers, without the labels of staff that somebody else is still to give blind: in a week with one or two, a
-- figure would tell them.
create view told_annotations as
select n.id, n.answer_id, n.course_id, n.annotator_key, n.role, n.label, n.reason, n.comment, n.judge_visible, n.created_at,
    n.changed_at
from annotations n
where n.role <> 'staff' or not exists (
    select from second_looks l
    where l.answer_id = n.answer_id and l.course_id = n.course_id and l.is_drawn and l.ended_at is null
);

-- Of a lecture that is put off again students see nothing, also where an answer has cited it.
create view put_off_answers as
select r.course_id, r.answer_id
from answer_references r
join segments s on s.id = r.segment_id and s.course_id = r.course_id
join lectures l on l.id = s.lecture_id and l.course_id = r.course_id and l.released_at > now()
union all
select p.course_id, p.answer_id
from answer_scopes p
join lectures l on l.id = p.lecture_id and l.course_id = p.course_id and l.released_at > now();

create view put_off_words as
select r.course_id, r.verified_id
from verified_references r
join segments s on s.id = r.segment_id and s.course_id = r.course_id
join lectures l on l.id = s.lecture_id and l.course_id = r.course_id and l.released_at > now();

alter table lectures add column is_put_off boolean not null default false;  -- as the messages show it that cite the lecture
