-- Courses, their lectures, what was said in them, the two search indexes, and the questions answered from them.
--
-- What is searched lives in narrow tables apart from the text (one wide row was four times slower to scan), and
-- every row of content carries its course, because no query may leave a course.

create table courses (
    id bigint generated always as identity primary key,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    title text not null check (title <> ''),
    language text not null check (language in ('pt-BR', 'en')),
    created_at timestamptz not null default now()
);

create table lectures (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    slug text not null check (slug <> ''),
    title text not null check (title <> ''),
    language text not null check (language <> ''),
    video_url text check (video_url ~ '^https?://'),
    held_on date,
    duration_s double precision check (duration_s > 0),
    released_at timestamptz,
    source text not null,               -- the file it was read from, as the operator named it
    transcript_id bigint,               -- the version that is searched; null once the lecture is withdrawn
    withdrawn_at timestamptz,
    created_at timestamptz not null default now(),
    unique (course_id, slug),
    unique (id, course_id)
);

-- One version of a lecture's captions. Old versions stay, so that old answers still resolve to what they cited.
create table transcripts (
    id bigint generated always as identity primary key,
    course_id bigint not null,
    lecture_id bigint not null,
    version integer not null check (version >= 1),
    fingerprint text not null,          -- of the cues and of the way they were cut
    format text not null,
    cue_starts_s double precision[] not null,
    cue_ends_s double precision[] not null,
    cue_texts text[] not null,
    created_at timestamptz not null default now(),
    unique (lecture_id, version),
    unique (id, lecture_id, course_id),
    foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade
);

alter table lectures
    add foreign key (transcript_id, id, course_id) references transcripts (id, lecture_id, course_id);

create table segments (
    id bigint generated always as identity primary key,
    course_id bigint not null,
    lecture_id bigint not null,
    transcript_id bigint not null,
    position integer not null check (position >= 0),
    start_s double precision not null check (start_s >= 0),
    end_s double precision not null check (end_s > start_s),
    text text not null check (text <> ''),
    cue_offsets integer[] not null,     -- where each cue begins in the text, in characters
    cue_starts_s double precision[] not null check (cardinality(cue_starts_s) = cardinality(cue_offsets)),
    unique (transcript_id, position),
    foreign key (transcript_id, lecture_id, course_id)
        references transcripts (id, lecture_id, course_id) on delete cascade
);
-- A segment is about 2.5 kB; out-of-line storage would cost a second read for each hit.
alter table segments set (toast_tuple_target = 8160);

-- The lexical index: BM25 term weights, one sparse vector a segment, of current transcripts only. Neither index has
-- a foreign key to segments: lectures enter and leave them as a whole, and a check a row would double the cost.
create table segment_terms (
    course_id bigint not null,
    lecture_id bigint not null,
    segment_id bigint not null,
    weights sparsevec(536870912) not null,
    primary key (course_id, lecture_id, segment_id),
    foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade
);
alter table segment_terms alter column weights set storage plain;

-- In how many segments of a transcript each term occurs: the raw material of document frequencies.
create table transcript_terms (
    transcript_id bigint primary key references transcripts on delete cascade,
    course_id bigint not null references courses on delete cascade,
    segments integer not null check (segments >= 1),
    terms integer[] not null,
    counts integer[] not null check (cardinality(counts) = cardinality(terms))
);
-- Numbers hashed from words do not compress; trying to would cost a fifth of an ingest.
alter table transcript_terms alter column terms set storage external;
alter table transcript_terms alter column counts set storage external;
create index on transcript_terms (course_id);

-- Document frequencies of a course, of terms in two or more segments; a term that is not here counts as in one.
create table course_terms (
    course_id bigint not null references courses on delete cascade,
    term integer not null,
    segments integer not null check (segments >= 2),
    primary key (course_id, term)
);

create table course_lexicons (
    course_id bigint primary key references courses on delete cascade,
    segments integer not null check (segments >= 0),
    languages text[] not null,          -- two-letter codes of the lectures that are searched
    refreshed_at timestamptz not null default now()
);

-- A model generation: all vectors made by one model in one way. A new one is built beside the one that serves.
create table generations (
    id bigint generated always as identity primary key,
    backend text not null,
    model text not null,
    revision text not null,
    dimension integer not null check (dimension between 1 and 4000),
    query_prefix text not null,
    passage_prefix text not null,
    state text not null check (state in ('building', 'serving', 'retired')),
    dense_weights jsonb not null,       -- language of the question, or "*", to the weight of the dense leg
    created_at timestamptz not null default now(),
    served_at timestamptz
);
create unique index one_generation_serves on generations (state) where state = 'serving';
create unique index one_generation_is_built on generations (state) where state = 'building';

-- The dense index. A segment longer than the model's token limit has several pieces and counts by its nearest.
create table segment_vectors (
    generation_id bigint not null references generations on delete cascade,
    course_id bigint not null,
    lecture_id bigint not null,
    segment_id bigint not null,
    piece smallint not null check (piece >= 0),
    embedding halfvec not null,
    primary key (course_id, generation_id, lecture_id, segment_id, piece),
    foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade
);
alter table segment_vectors alter column embedding set storage plain;

create table questions (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    lecture_id bigint,                  -- when the asker narrowed the search to one lecture
    text text not null check (text <> ''),
    standalone text,                    -- a follow-up, rewritten so that it can be understood alone
    language text not null,             -- two-letter code, as detected
    follows bigint references questions on delete set null,
    source text not null,               -- 'cli', 'discord', 'eval', …
    source_id text,                     -- the message or interaction it came from; a redelivery meets the unique index
    asker_key text,                     -- keyed hash, never an id or a name
    asked_at timestamptz not null default now(),
    unique (source, source_id),
    unique (id, course_id),
    foreign key (lecture_id, course_id) references lectures (id, course_id)
);
create index on questions (course_id, asked_at);

create table answers (
    id bigint generated always as identity primary key,
    question_id bigint not null unique,
    course_id bigint not null,
    outcome text not null check (outcome in ('answered', 'no_material', 'needs_staff', 'failed')),
    text text not null,
    failure text,                       -- for the operator: why the outcome is 'failed' or nothing could be cited
    retrieval text not null check (retrieval in ('hybrid', 'lexical')),
    generation_id bigint references generations on delete set null,
    model text not null,                -- 'extractive' where no model wrote it
    prompt_id text,
    prompt_sha256 text,
    tokens_in integer,
    tokens_out integer,
    latency_ms integer not null check (latency_ms >= 0),
    answered_at timestamptz not null default now(),
    unique (id, course_id),
    foreign key (question_id, course_id) references questions (id, course_id) on delete cascade
);
create index on answers (course_id, answered_at);

create table answer_hits (
    answer_id bigint not null,
    course_id bigint not null,
    rank integer not null check (rank >= 1),
    segment_id bigint not null references segments,
    score double precision,             -- cosine, where there was a vector
    primary key (answer_id, rank),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);

create table answer_references (
    answer_id bigint not null,
    course_id bigint not null,
    number integer not null check (number between 1 and 5),
    segment_id bigint not null references segments,
    start_s double precision not null check (start_s >= 0),
    end_s double precision not null check (end_s >= start_s),
    url text,                           -- as it was shown; null for a lecture without a video
    quote text not null,
    primary key (answer_id, number),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);
