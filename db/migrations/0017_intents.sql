-- What a question asked for that is more than an answer, and how many moments there are beyond those that its answer
-- cites: under an answer that does not show all of them, people ask for more.
alter table answers
    add column intent text check (intent in ('comparison', 'list', 'overview', 'missed')),   -- null: an answer
    add column further integer not null default 0 check (further >= 0);

-- A lecture that is deleted takes its place in what was asked back along; only what an answer cites holds a lecture.
alter table answer_scopes
    drop constraint answer_scopes_lecture_id_course_id_fkey,
    add foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade;
