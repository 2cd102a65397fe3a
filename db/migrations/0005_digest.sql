-- The weekly digest: when and where a course gets it, and which weeks were told.

-- Weekday and hour are those of the course's own clocks. A digest is due once `digest_since` is set and there is a
-- channel or an address; weeks that were over by then are owed to nobody.
alter table course_settings
    add column time_zone text not null default 'America/Sao_Paulo' check (time_zone <> ''),
    add column digest_weekday smallint not null default 1 check (digest_weekday between 1 and 7),  -- 1 is Monday
    add column digest_hour smallint not null default 8 check (digest_hour between 0 and 23),
    add column digest_channel_id bigint,
    add column digest_emails text[] not null default '{}',
    add column digest_since timestamptz,
    add column digest_least_askers smallint not null default 3
        check (digest_least_askers between 1 and 100),  -- students who must have asked before a topic is shown
    add column price_in double precision check (price_in >= 0),    -- of a million tokens that models read
    add column price_out double precision check (price_out >= 0),  -- … and wrote
    add column currency text check (currency ~ '^[A-Z]{3}$'),      -- ISO 4217
    add constraint prices_are_whole check (num_nulls(price_in, price_out, currency) in (0, 3));

-- One row for each digest, by the last week it tells of. Whoever holds the lease posts it; a process that dies lets it
-- run out, and only the latest token may end it. A digest that failed was not told: the next one tells its weeks too.
create table digests (
    course_id bigint not null references courses on delete cascade,
    week text not null check (week ~ '^[0-9]{4}-W[0-9]{2}$'),  -- ISO 8601
    weeks integer not null check (weeks >= 1),
    time_zone text not null,            -- whose clocks the weeks are measured by
    state text not null default 'claimed' check (state in ('claimed', 'posted', 'empty', 'failed')),
    token bigint not null default 1,    -- fencing token: grows with each claim
    attempts integer not null default 1 check (attempts >= 1),
    leased_until timestamptz not null,  -- nobody else takes it before
    begun_at timestamptz not null default now(),
    reason text,                        -- of the last failure
    channel_id bigint,                  -- where it goes; null: by mail only
    message_id bigint,
    posted_at timestamptz check ((posted_at is not null) = (state = 'posted')),
    mail_state text not null default 'none' check (mail_state in ('none', 'waiting', 'sent', 'failed')),
    mail_token bigint not null default 0,
    mail_attempts integer not null default 0 check (mail_attempts >= 0),
    mail_leased_until timestamptz not null default now(),
    mail_reason text,
    mailed_at timestamptz check ((mailed_at is not null) = (mail_state = 'sent')),
    primary key (course_id, week),
    check (message_id is null or (channel_id is not null and state = 'posted'))
);
create unique index one_digest_at_a_time on digests (course_id) where state = 'claimed';
create index on digests (mail_leased_until) where mail_state = 'waiting';
