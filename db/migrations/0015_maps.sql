-- A map of each lecture: its chapters in order of time, each with a title, a sentence, and the cue that proves it.
--
-- A map is made of one version of the captions, and counts for that one alone: after new captions there is none until it
-- is made anew. It is replaced as a whole, and its version grows, so that whoever shows one knows that it has changed.
create table lecture_maps (
    lecture_id bigint not null,
    course_id bigint not null,
    transcript_id bigint not null,
    version integer not null check (version >= 1),
    model text,                         -- null: no model wrote any of it
    prompt_id text,
    prompt_sha256 text,
    made_at timestamptz not null default now(),
    primary key (course_id, lecture_id),
    foreign key (transcript_id, lecture_id, course_id)
        references transcripts (id, lecture_id, course_id) on delete cascade
);

create table chapters (
    course_id bigint not null,
    lecture_id bigint not null,
    ordinal smallint not null check (ordinal >= 1),     -- in order of time
    start_ms integer not null check (start_ms >= 0),
    end_ms integer not null check (end_ms > start_ms),
    title text not null check (title <> '' and char_length(title) <= 200),
    origin text not null check (origin in ('published', 'written', 'quoted', 'staff')),  -- of the title
    sentence text not null check (sentence <> ''),      -- the quote itself, where nobody wrote one that it supports
    segment_id bigint not null references segments on delete cascade,
    quote text not null check (quote <> ''),            -- the lecturer's words, which prove the line
    quote_start_ms integer not null,                    -- when the cue begins in which they are said
    quote_end_ms integer not null check (quote_end_ms >= quote_start_ms),
    fingerprint text not null,                          -- of the words that are said in the chapter
    primary key (course_id, lecture_id, ordinal),
    check (quote_start_ms >= start_ms and quote_start_ms < end_ms),
    foreign key (course_id, lecture_id) references lecture_maps (course_id, lecture_id) on delete cascade
);

-- Chapters that were published with the video (yt-dlp's `.info.json`, a manifest), as far as they can be meant.
create table published_chapters (
    course_id bigint not null,
    lecture_id bigint not null,
    ordinal smallint not null check (ordinal >= 1),
    start_ms integer not null check (start_ms >= 0),
    end_ms integer check (end_ms > start_ms),           -- null: it lasts until the next one begins, or the video ends
    title text not null check (title <> ''),
    primary key (course_id, lecture_id, ordinal),
    foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade
);

-- What staff have said of a stretch of a lecture: that it is a chapter, called so (or as it would be anyway), or none.
-- It holds for every later map while the same words are said there. Since `lost_at` they are not, and staff are asked.
create table chapter_edits (
    id bigint generated always as identity primary key,
    course_id bigint not null,
    lecture_id bigint not null,
    start_ms integer not null check (start_ms >= 0),
    end_ms integer not null check (end_ms > start_ms),
    fingerprint text not null,
    title text check (title <> '' and char_length(title) <= 200),
    is_dropped boolean not null default false,
    edited_at timestamptz not null default now(),
    lost_at timestamptz,
    told_at timestamptz,                -- when staff were asked in Discord
    foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade
);
create index on chapter_edits (course_id, lecture_id);

-- The work that maps are: first cut and quoted, which is cheap, then written by a model, where there is one. The queue is
-- that of the judge: a claim counts the attempt, raises the token and moves `run_at` to the end of the lease.
create table map_jobs (
    course_id bigint not null,
    lecture_id bigint not null,
    stage text not null default 'cut' check (stage in ('cut', 'write')),
    state text not null default 'waiting' check (state in ('waiting', 'done', 'dead')),
    run_at timestamptz not null default now(),
    attempts integer not null default 0 check (attempts >= 0),
    token bigint not null default 0,    -- fencing token: grows with each claim, and with each new promise
    leased_until timestamptz,           -- null: nobody works on it
    reason text,                        -- of the last failure, or why it is dead
    primary key (course_id, lecture_id),
    foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade
);
create index on map_jobs (run_at) where state = 'waiting';

insert into map_jobs (course_id, lecture_id)
select course_id, id from lectures where transcript_id is not null and withdrawn_at is null;
