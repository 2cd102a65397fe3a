-- Blind pairs: two answers to one question, as two configurations gave them, that the judge and TAs choose between.

alter table judge_runs drop constraint judge_runs_kind_check;
alter table judge_runs add constraint judge_runs_kind_check
    check (kind in ('agreement', 'learning', 'canary', 'pairs'));

-- What one run compared. Whoever chooses is never shown these names.
create table pair_sets (
    run_id bigint primary key,
    course_id bigint not null,
    first text not null check (first <> ''),
    second text not null check (second <> ''),
    foreign key (run_id, course_id) references judge_runs (id, course_id) on delete cascade
);

create table answer_pairs (
    id bigint generated always as identity primary key,
    course_id bigint not null,
    run_id bigint not null,
    question_id bigint,                 -- whose words the question is, where somebody asked it here: it goes with it
    question text not null check (question <> ''),
    unique (id, course_id),
    foreign key (run_id, course_id) references judge_runs (id, course_id) on delete cascade,
    foreign key (question_id, course_id) references questions (id, course_id) on delete cascade
);
create index on answer_pairs (course_id, run_id);
create index on answer_pairs (question_id);

create table pair_answers (
    id bigint generated always as identity primary key,
    course_id bigint not null,
    pair_id bigint not null,
    side text not null check (side in ('first', 'second')),
    text text not null check (text <> ''),
    unique (pair_id, side),
    unique (id, course_id),
    foreign key (pair_id, course_id) references answer_pairs (id, course_id) on delete cascade
);

create table pair_answer_references (
    pair_answer_id bigint not null,
    course_id bigint not null,
    number integer not null check (number between 1 and 5),
    segment_id bigint not null references segments,
    start_s double precision not null check (start_s >= 0),
    end_s double precision not null check (end_s >= start_s),
    url text,
    quote text not null,
    primary key (pair_answer_id, number),
    foreign key (pair_answer_id, course_id) references pair_answers (id, course_id) on delete cascade
);

-- What the judge said, once with each answer in the first place. Without a verdict there is a status.
create table pair_judgements (
    pair_id bigint not null,
    course_id bigint not null,
    shown_first text not null check (shown_first in ('first', 'second')),
    status text not null,
    better text check (better in ('first', 'second', 'tie')),
    reason text,
    tokens integer not null check (tokens >= 0),
    primary key (pair_id, shown_first),
    check ((better is not null) = (status in ('ok', 'recovered'))),
    foreign key (pair_id, course_id) references answer_pairs (id, course_id) on delete cascade
);

-- What a member of staff was shown, and what they chose. The order is drawn for each, and stays.
create table pair_choices (
    pair_id bigint not null,
    course_id bigint not null,
    chooser_key text not null,
    shown_first text not null check (shown_first in ('first', 'second')),
    better text check (better in ('first', 'second', 'tie', 'skipped')),  -- null: shown, and nothing pressed yet
    shown_at timestamptz not null default now(),
    chosen_at timestamptz check ((chosen_at is null) = (better is null)),
    primary key (pair_id, chooser_key),
    foreign key (pair_id, course_id) references answer_pairs (id, course_id) on delete cascade
);
create index on pair_choices (course_id, chooser_key);
