-- Which lectures an answer was looked for in, where the question's own words named some ("na aula de terça").
--
-- When a question was said tells what its "ontem" means, however late it is answered; `everywhere` is the same question
-- once more, of all lectures.
alter table questions
    add column said_at timestamptz,     -- null: when it was stored
    add column everywhere boolean not null default false;

-- A row for each lecture. `within`: searched in these alone; `one_of`: its asker has to say which; `nowhere`: there is
-- no such lecture, and these are the nearest.
create table answer_scopes (
    answer_id bigint not null,
    course_id bigint not null,
    number smallint not null check (number >= 1),   -- in the order of the course
    kind text not null check (kind in ('within', 'one_of', 'nowhere')),
    lecture_id bigint not null,
    primary key (answer_id, number),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade,
    foreign key (lecture_id, course_id) references lectures (id, course_id)
);
