-- Discord: where a course lives, where each answer goes, what people say of it, and what is left to do after a restart.
--
-- People are pseudonyms here: a key is an HMAC of the course and the person's id, never the id itself. Ids of servers,
-- channels, roles and messages are kept as they are, because they name places.

create table course_settings (
    course_id bigint primary key references courses on delete cascade,
    guild_id bigint,                    -- the server that the course belongs to; null until one binds it
    staff_channel_id bigint,
    staff_role_ids bigint[] not null default '{}',
    person_hourly integer not null default 20 check (person_hourly between 1 and 1000),
    course_daily integer not null default 2000 check (course_daily between 1 and 1000000)
);

-- A channel, a forum or a category is bound to one course; what lies inside a bound category is bound through it.
create table bindings (
    channel_id bigint primary key,
    guild_id bigint not null,
    course_id bigint not null references courses on delete cascade,
    answers text not null check (answers in ('mention', 'every', 'forum', 'off')),
    bound_at timestamptz not null default now()
);
create index on bindings (course_id);
create index on bindings (guild_id);

-- Which course a person talks to in direct messages.
create table direct_courses (
    person_key text primary key,
    course_id bigint not null references courses on delete cascade
);

create table secrets (
    name text primary key,
    value bytea not null check (length(value) >= 32)
);

-- Whoever answers a question holds it until then; a process that dies lets go by the clock.
alter table questions add column leased_until timestamptz not null default now();
create index on questions (course_id, asker_key, asked_at);

-- Where the answer to a question goes, and whether it has arrived.
create table deliveries (
    question_id bigint primary key,
    course_id bigint not null,
    guild_id bigint,                    -- null in direct messages
    channel_id bigint not null,
    message_id bigint,                  -- the message that asked; null for a command
    token text,                         -- of the command; Discord takes it for 15 minutes
    token_expires_at timestamptz check ((token is null) = (token_expires_at is null)),
    is_private boolean not null,
    language text not null check (language in ('pt-BR', 'en')),
    answer_message_ids bigint[] not null default '{}',
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'undeliverable')),
    leased_until timestamptz not null,
    shared_at timestamptz,
    foreign key (question_id, course_id) references questions (id, course_id) on delete cascade
);
create index on deliveries (leased_until) where state = 'waiting';
create index on deliveries (channel_id, question_id);
create index on deliveries using gin (answer_message_ids);

-- The last message seen in each channel: what came later is looked through after an absence.
create table watermarks (
    channel_id bigint primary key,
    message_id bigint not null
);

-- What people say of an answer: one row for each person, whose last word counts.
create table annotations (
    id bigint generated always as identity primary key,
    answer_id bigint not null,
    course_id bigint not null,
    annotator_key text not null,
    role text not null check (role in ('student', 'staff')),
    label text not null check (label in ('C', 'P', 'I')),
    reason text,                        -- of a list: 'wrong', 'incomplete', 'unclear', 'wrong_moment', 'other'
    comment text,
    judge_visible boolean not null default false,  -- had the judge's score been seen?
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    unique (answer_id, annotator_key),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);
create index on annotations (course_id, annotator_key);

-- What staff should look at: one open item for each answer, with all its reasons.
create table review_items (
    id bigint generated always as identity primary key,
    answer_id bigint not null,
    course_id bigint not null,
    opened_at timestamptz not null default now(),
    settled_at timestamptz,
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);
create unique index one_open_item_an_answer on review_items (answer_id) where settled_at is null;
create index on review_items (course_id, opened_at);

create table review_reasons (
    item_id bigint not null references review_items on delete cascade,
    reason text not null,               -- 'called', 'voted_down', …
    given_at timestamptz not null default now(),
    primary key (item_id, reason)
);
