-- Cards in Discord about lectures: in a course's channel that a lecture is there, once its `released_at` has come; in the
-- staff's that what they said of chapters has lost its place in new captions, which asks them what is to become of it.

-- Off until staff name a channel. What was released before they did, nobody is told of.
alter table course_settings
    add column release_channel_id bigint,
    add column releases_since timestamptz,
    add constraint releases_have_a_beginning check ((release_channel_id is null) = (releases_since is null));

-- One row for each card; lectures that come at once share one. Whoever holds the lease posts or edits it; a process that
-- dies lets it run out, and only the latest token may end it. Its message is gone where staff deleted it, and stays so.
create table lecture_cards (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    kind text not null check (kind in ('release', 'question')),
    state text not null default 'due' check (state in ('due', 'posted', 'failed', 'gone')),
    channel_id bigint not null,         -- where it is, or where an attempt before may have posted it
    message_id bigint check ((message_id is not null) = (state in ('posted', 'gone'))),
    begun_at timestamptz not null default now(),
    token bigint not null default 0,    -- fencing token: grows with each claim
    attempts integer not null default 0 check (attempts >= 0),
    leased_until timestamptz not null default now(),    -- nobody else takes it before
    reason text,                        -- of the last failure; null: there was none, or it is over
    wanted bigint not null default 1,   -- what it should show, and …
    shown bigint not null default 0,    -- … what it shows
    unique (id, course_id)
);
create index on lecture_cards (leased_until) where state = 'due' or (state = 'posted' and shown < wanted);

-- Which lectures a card is about. One that is withdrawn or put off again leaves the card that says it is there, and is told
-- of when it comes anew; one about which nothing is asked any more leaves the card that asks.
create table carded_lectures (
    kind text not null,
    lecture_id bigint not null,
    course_id bigint not null,
    card_id bigint not null,
    primary key (kind, lecture_id),
    foreign key (card_id, course_id) references lecture_cards (id, course_id) on delete cascade,
    foreign key (lecture_id, course_id) references lectures (id, course_id) on delete cascade
);
create index on carded_lectures (card_id);
create index on carded_lectures (lecture_id, course_id);

-- A card shows what its lectures are, what their maps say and what is asked; whatever changes that wants it shown anew, in
-- the same transaction. The argument is the column that names the lecture.
create function outdate_lecture_card() returns trigger language plpgsql as $$
declare
    changed jsonb := case tg_op when 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
begin
    update lecture_cards r set wanted = wanted + 1
    from carded_lectures l
    where l.lecture_id = (changed ->> tg_argv[0])::bigint and l.course_id = (changed ->> 'course_id')::bigint
        and r.id = l.card_id and r.course_id = l.course_id;
    return null;
end
$$;
create trigger outdated_lecture_card after update on lectures for each row
    when (
        (old.title, old.video_url, old.held_on, old.duration_s, old.released_at, old.withdrawn_at, old.transcript_id)
        is distinct from
        (new.title, new.video_url, new.held_on, new.duration_s, new.released_at, new.withdrawn_at, new.transcript_id)
    )
    execute function outdate_lecture_card('id');
create trigger outdated_lecture_card after insert or update on lecture_maps for each row
    execute function outdate_lecture_card('lecture_id');
create trigger outdated_lecture_card after insert or update or delete on chapter_edits for each row
    execute function outdate_lecture_card('lecture_id');
