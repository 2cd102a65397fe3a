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

-- A prompt with examples from staff's labels, as `judge learn` makes them. Texts are not copied: an example is shown as its answer and
-- its label are now, and what they were when it was tested is kept as a hash. What no longer has that hash is not used.
create table judge_configurations (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    model text not null,
    prompt_id text not null,
    prompt_sha256 text not null,
    sha256 text not null,               -- of model, prompt and examples, as they are shown
    flag_below smallint check (flag_below between 0 and 4),  -- proposed for it; null: too few labels to tell
    made_at timestamptz not null default now(),
    shipped_at timestamptz,             -- null: not shipped
    reason text not null,               -- why it was, or was not
    retired_at timestamptz check (retired_at is null or shipped_at is not null),
    stale_since timestamptz,
    stale_reason text check ((stale_reason is null) = (stale_since is null)),
    unique (id, course_id)
);
create unique index on judge_configurations (course_id) where shipped_at is not null and retired_at is null;

create table judge_examples (
    configuration_id bigint not null,
    course_id bigint not null,
    position integer not null check (position >= 1),
    answer_id bigint not null,
    label text not null check (label in ('C', 'P', 'I')),
    primary key (configuration_id, position),
    unique (configuration_id, answer_id),
    foreign key (configuration_id, course_id) references judge_configurations (id, course_id) on delete cascade,
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);
create index on judge_examples (answer_id);

-- Whatever takes an example away, or changes what staff say of it, makes stale what was tested with it; no way around this.
create function example_went() returns trigger language plpgsql as $$
begin
    update judge_configurations set stale_since = now(), stale_reason = 'an example is gone'
    where id = old.configuration_id and course_id = old.course_id and stale_since is null;
    return old;
end
$$;
create trigger example_went after delete on judge_examples for each row execute function example_went();

create function example_relabelled() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        -- Whose label it was is not kept: any label of staff that goes takes the example along.
        delete from judge_examples where answer_id = old.answer_id and course_id = old.course_id;
        return old;
    end if;
    update judge_configurations c set stale_since = now(), stale_reason = 'the label of an example has changed'
    from judge_examples e
    where e.answer_id = new.answer_id and e.course_id = new.course_id and c.id = e.configuration_id
        and c.course_id = new.course_id and c.stale_since is null and e.label <> new.label;
    return new;
end
$$;
create trigger example_relabelled after insert or update on annotations for each row
    when (new.role = 'staff') execute function example_relabelled();
create trigger example_unlabelled after delete on annotations for each row
    when (old.role = 'staff') execute function example_relabelled();

alter table judgements
    add column configuration_id bigint,  -- null: the prompt alone
    add foreign key (configuration_id, course_id) references judge_configurations (id, course_id);
alter table judge_runs
    add foreign key (configuration_id, course_id) references judge_configurations (id, course_id);

-- What a call was made for: learning asks about answers whose judgement stays as it is.
alter table model_calls
    add column purpose text not null default 'judgement' check (purpose in ('judgement', 'learning'));

-- Canaries: answers as they were given, and sentences of theirs made wrong on purpose, that the judge sees again each week.
alter table model_calls drop constraint model_calls_purpose_check;
alter table model_calls add constraint model_calls_purpose_check check (purpose in ('judgement', 'learning', 'canary'));

create table canaries (
    id bigint generated always as identity primary key,
    course_id bigint not null,
    kind text not null check (kind in ('kept', 'number', 'negation', 'order', 'lecture')),
    answer_id bigint not null,          -- whose text it is; it goes with it
    number integer check ((number is null) = (kind = 'kept')),  -- the reference whose sentence was made wrong
    text text not null check (text <> ''),  -- as the judge is shown it
    against_answer_id bigint not null,  -- whose passages it is held against
    against_number integer check ((against_number is null) = (kind = 'kept')),
    made_at timestamptz not null default now(),
    unique (id, course_id),
    unique (answer_id, kind),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade,
    foreign key (against_answer_id, course_id) references answers (id, course_id) on delete cascade
);
create index on canaries (course_id, kind);
create index on canaries (against_answer_id);

-- What the judge said of each in one run; without a verdict there is no row.
create table canary_verdicts (
    run_id bigint not null,
    course_id bigint not null,
    canary_id bigint not null,
    score double precision check (score between 0 and 3),  -- of a kept one, the mean of several askings
    is_caught boolean,                  -- of a wrong one
    primary key (run_id, canary_id),
    check ((score is null) <> (is_caught is null)),
    foreign key (run_id, course_id) references judge_runs (id, course_id) on delete cascade,
    foreign key (canary_id, course_id) references canaries (id, course_id) on delete cascade
);
create index on canary_verdicts (canary_id);

-- What staff are told of it, once.
create table judge_alerts (
    id bigint generated always as identity primary key,
    course_id bigint not null,
    run_id bigint not null,
    kind text not null check (kind in ('shift', 'missed')),
    model text not null,
    shift double precision check ((shift is null) = (kind = 'missed')),  -- in points of 0 to 3
    part integer not null check (part >= 0),   -- missed; 0 of a shift
    n integer not null check (n > 0),
    made_at timestamptz not null default now(),
    claimed_until timestamptz not null default '-infinity',
    told_at timestamptz,
    unique (run_id, kind),
    foreign key (run_id, course_id) references judge_runs (id, course_id) on delete cascade
);
create index on judge_alerts (course_id, made_at);
create index on judge_alerts (claimed_until) where told_at is null;
