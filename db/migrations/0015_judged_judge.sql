-- A judge that is itself judged: each time that it is measured is a row, with what it was measured on and what came of it.

-- What a question was first asked as: another try has the text of the question that it is a try at, as that was understood, and
-- both belong to the same half of the labelled questions, for good.
create function root_question(question bigint, course bigint) returns text language sql stable as $$
    with recursive upwards as (
        select q.id, q.follows, q.again, q.text from questions q where q.id = question and q.course_id = course
        union all
        select p.id, p.follows, p.again, p.text from questions p join upwards u on p.id = u.follows
        where p.course_id = course and u.again is not null
    )
    select text from upwards order by (again is null) desc, id limit 1
$$;

create table judge_runs (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    kind text not null check (kind in ('agreement', 'learning', 'canary')),
    made_at timestamptz not null default now(),
    model text,                         -- as it was asked for; null: nothing was judged here yet
    model_served text,                  -- as its server named it
    prompt_id text,
    configuration_id bigint,            -- null: the prompt alone, without examples
    labels text not null,               -- of the scores 0 to 3 at that time: runs with other labels are not comparable
    half text not null check (half in ('all', 'development', 'test')),
    n integer not null check (n >= 0),              -- compared
    missing integer not null check (missing >= 0),  -- that might have been
    figures jsonb not null,             -- by name, each with value, low and high; null: not defined
    tokens bigint not null default 0 check (tokens >= 0),
    outcome text,
    reason text not null default '',
    parent_id bigint,                   -- the run of the same kind before it
    unique (id, course_id),
    foreign key (parent_id, course_id) references judge_runs (id, course_id)
);
create index on judge_runs (course_id, kind, id);
create trigger judge_runs_stay before update on judge_runs for each row execute function refuse_change();
