-- The judge: its queue, each call and each judgement, the settings they were made under, and questions made elsewhere.

-- Work promised in the transaction that gives its reason. A claim counts the attempt, raises the token and moves
-- `run_at` to the end of the lease, so a job whose worker died is simply due again; only the latest token may end it.
create table jobs (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('relevance', 'support', 'abstention')),
    answer_id bigint not null,
    course_id bigint not null,
    probability double precision check (probability > 0 and probability <= 1),  -- of being drawn; null: asked for
    state text not null default 'waiting' check (state in ('waiting', 'done', 'dead')),
    run_at timestamptz not null default now(),
    attempts integer not null default 0 check (attempts >= 0),
    token bigint not null default 0,    -- fencing token: grows with each claim
    leased_until timestamptz,           -- null: nobody works on it
    reason text,                        -- of the last failure, or why it is dead
    created_at timestamptz not null default now(),
    ended_at timestamptz check ((ended_at is null) = (state = 'waiting')),
    unique (answer_id, kind),
    unique (id, course_id),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);
create index on jobs (run_at, id) where state = 'waiting';
create index on jobs (course_id, state);

-- What each answer is judged for: answers for relevance and for their references, silence for whether it was right.
create view wanted_judgements as
select a.course_id, a.id as answer_id, k.kind
from answers a cross join lateral (values
    ('relevance', a.outcome = 'answered'),
    ('support', a.outcome = 'answered' and exists (select from answer_references r where r.answer_id = a.id)),
    ('abstention', a.outcome = 'no_material' and exists (select from answer_hits h where h.answer_id = a.id))
) as k (kind, is_wanted)
where k.is_wanted and a.model <> 'imported';

-- A circuit breaker for each queue: trouble of the whole endpoint stops the claims of every worker for a while.
create table breakers (
    queue text primary key,
    strikes integer not null default 0 check (strikes >= 0),  -- failures in a row
    open_until timestamptz not null default '-infinity',
    is_on_trial boolean not null default false,  -- one worker tries one job; the others wait for what comes of it
    reason text not null default ''
);

-- How an answer is judged and flagged; a change is a new version, so that an old label stays explained.
create table judge_settings (
    course_id bigint not null references courses on delete cascade,
    version integer not null check (version >= 1),
    labels text[] not null check (cardinality(labels) = 4 and labels <@ array['C', 'P', 'I']),  -- of scores 0 to 3
    flag_below smallint not null check (flag_below between 0 and 4),     -- scores under it are flagged
    judge_share double precision not null check (judge_share between 0 and 1),
    audit_share double precision not null check (audit_share between 0 and 1),
    daily_tokens bigint check (daily_tokens >= 0),                       -- null: no limit
    created_at timestamptz not null default now(),
    primary key (course_id, version)
);

-- What the judge has spent or reserved of a course's budget on one day (UTC).
create table judge_spending (
    course_id bigint not null references courses on delete cascade,
    day date not null,
    tokens bigint not null check (tokens >= 0),
    primary key (course_id, day)
);

-- One row for each judgement. A score is there only where the judge's text gave one beyond doubt.
create table judgements (
    id bigint generated always as identity primary key,
    answer_id bigint not null,
    course_id bigint not null,
    kind text not null check (kind in ('relevance', 'support', 'abstention')),
    status text not null check (status in (
        'ok', 'recovered', 'parse_error', 'out_of_range', 'refusal', 'empty', 'truncated', 'content_filter',
        'transport_error', 'timeout', 'auth_error', 'budget_skipped')),
    score smallint check (score between 0 and 3),
    abstention text check (abstention in ('right', 'wrong')),
    criteria text,
    evidence text,
    label text check (label in ('C', 'P', 'I')),
    settings_version integer not null check (settings_version >= 0),  -- 0: as shipped
    swayed boolean not null default false,  -- the answer tried to sway the judge
    probability double precision check (probability > 0 and probability <= 1),
    model text not null,                -- as asked for; with the prompt, the judge's configuration
    prompt_id text,
    prompt_sha256 text,
    judged_at timestamptz not null default now(),
    unique (id, course_id),
    check ((score is not null) = (kind = 'relevance' and status in ('ok', 'recovered'))),
    check ((abstention is not null) = (kind = 'abstention' and status in ('ok', 'recovered'))),
    check ((label is not null) = (score is not null)),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);
create index on judgements (answer_id, kind, id);
create index on judgements (course_id, judged_at);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a row of % is never changed: add another', tg_table_name;
end
$$;
create trigger judgements_stay before update on judgements for each row execute function refuse_change();

-- How far each reference of an answer supports what cites it.
create table reference_judgements (
    judgement_id bigint not null,
    course_id bigint not null,
    number integer not null check (number between 1 and 5),
    support text not null check (support in ('full', 'partial', 'none')),
    quote text not null,
    is_found boolean not null,          -- the quote occurs in the passage, as our code sees it
    primary key (judgement_id, number),
    foreign key (judgement_id, course_id) references judgements (id, course_id) on delete cascade
);

-- One row for each call of the judge's model, those that came to nothing included.
create table model_calls (
    id bigint generated always as identity primary key,
    answer_id bigint not null,
    course_id bigint not null,
    judgement_id bigint,                -- null where the call led to no judgement
    kind text not null check (kind in ('relevance', 'support', 'abstention')),
    model_asked text not null,
    model text,                         -- as the server names it
    prompt_id text not null,
    prompt_sha256 text not null,
    parameters jsonb not null,
    output text,                        -- raw
    tokens_in integer,
    tokens_out integer,
    latency_ms integer not null check (latency_ms >= 0),
    status text not null,
    detail text,
    called_at timestamptz not null default now(),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade,
    foreign key (judgement_id, course_id) references judgements (id, course_id) on delete cascade
);
create index on model_calls (answer_id);

-- A question of a dossier made elsewhere, as it was read: what our other tables cannot hold stays here.
create table dossier_entries (
    question_id bigint primary key,
    course_id bigint not null,
    position integer not null check (position >= 0),  -- in the order of import
    entry jsonb not null,
    foreign key (question_id, course_id) references questions (id, course_id) on delete cascade
);
create index on dossier_entries (course_id, position);

-- Deleting a person's questions looks up who refers to them: 30 times faster with these on 100,000 questions.
create index on questions (follows);
create index on review_items (answer_id);
