-- Another try at an answer: "simpler", "example" and "other moment" are questions of their own. Each follows the question of
-- the answer that it was pressed under and has its text as it was understood, so that it is searched for like that one.
-- `again_try` counts the tries before it that failed: one that failed makes room for another, any other stays the only one.
alter table questions
    add column again text check (again in ('simpler', 'example', 'other')),
    add column again_try integer not null default 0 check (again_try >= 0);
create unique index questions_again on questions (course_id, follows, again, again_try) where again is not null;

-- What staff make of such an answer holds for it alone, also where the question has gone: it is no answer to the plain question.
alter table verified_answers add column again text check (again in ('simpler', 'example', 'other'));
