-- The bot as a colleague in the room: where staff have the floor, and which messages of people staff have kept.

-- A thread or a forum post in which staff have written. Order goes by message ids, which grow with time, so that a
-- message heard late, twice, or by another replica changes nothing.
create table staffed_threads (
    channel_id bigint primary key,
    course_id bigint not null references courses on delete cascade,
    by_message_id bigint not null,      -- the message of staff since which Monitoria is silent there
    since timestamptz not null,         -- when that was written
    quiet_since timestamptz not null,   -- the last message of staff, or of whose thread it is
    reopened_by bigint                  -- the message by which the latter asked anew; null: not since staff wrote
);
create index on staffed_threads (course_id);

-- The message that a verified answer was kept from. Its text is known by a hash: an edit is seen, nothing is copied.
create table kept_messages (
    verified_id bigint primary key,
    course_id bigint not null,
    guild_id bigint not null,
    channel_id bigint not null,
    message_id bigint not null unique,
    text_sha256 text not null,
    author_key text not null,           -- who wrote it
    kept_at timestamptz not null default now(),
    gone_at timestamptz,
    foreign key (verified_id, course_id) references verified_answers (id, course_id) on delete cascade
);
create index on kept_messages (course_id, author_key);

-- A form that a member of staff has open: what a custom id has no room for, so that it can be sent after a restart.
create table keep_drafts (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    guild_id bigint not null,
    channel_id bigint not null,
    message_id bigint not null,
    text_sha256 text not null,
    author_key text not null,
    question_id bigint references questions on delete set null,  -- the question that it answers, if Monitoria was asked
    segment_ids bigint[] not null,      -- the passages that were found, in the order of their numbers
    opened_at timestamptz not null default now()
);
create index on keep_drafts (question_id);
create index on keep_drafts (opened_at);
