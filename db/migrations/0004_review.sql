-- Review by staff: cards in their channel, who has taken what, what they decided, and the answers they verified.

-- An item is one flag of one answer until it is settled. Whatever a card shows raises its version; the bot posts or edits
-- the card until the version shown is the last one.
alter table review_items
    add column card_channel_id bigint,
    add column card_message_id bigint,  -- null: no card yet, or it was deleted
    add column card_version integer not null default 1,
    add column card_shown integer not null default 0,
    add column card_claimed_until timestamptz not null default '-infinity',
    add column card_failures integer not null default 0,
    add column taken_by bigint,         -- the id of the member of staff, to name them; let go with the lease
    add column taken_until timestamptz check ((taken_until is null) = (taken_by is null)),
    add column verdict text check (verdict in ('C', 'P', 'I', 'edited', 'dismissed', 'approved', 'rejected', 'gone')),
    add column settled_by text;         -- the key of the member of staff
update review_items set verdict = 'dismissed' where settled_at is not null;
alter table review_items add constraint settled_with_a_verdict check ((settled_at is null) = (verdict is null));
create index on review_items (card_claimed_until) where card_shown < card_version;
create index on review_items (course_id, settled_at);

-- Cards whose item went with its answer: the messages are still to be deleted.
create table orphan_cards (
    channel_id bigint not null,
    message_id bigint not null,
    primary key (channel_id, message_id)
);
create function keep_orphan_card() returns trigger language plpgsql as $$
begin
    if old.card_message_id is not null then
        insert into orphan_cards (channel_id, message_id) values (old.card_channel_id, old.card_message_id)
        on conflict do nothing;
    end if;
    return old;
end
$$;
create trigger orphan_card after delete on review_items for each row execute function keep_orphan_card();

-- Who has seen the judge's score before labelling: a label given blind says more.
create table judge_views (
    answer_id bigint not null,
    course_id bigint not null,
    annotator_key text not null,
    seen_at timestamptz not null default now(),
    primary key (answer_id, annotator_key),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);

-- Every action of staff, never changed.
create table staff_actions (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    item_id bigint,                     -- numbers, that stay when the item or the answer goes
    answer_id bigint,
    actor_key text not null,
    action text not null,
    before jsonb,
    after jsonb,
    acted_at timestamptz not null default now()
);
create index on staff_actions (course_id, acted_at);
create trigger staff_actions_stay before update on staff_actions for each row execute function refuse_change();

-- An answer in the words of staff. It outlives the answer that it corrected.
create table verified_answers (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    answer_id bigint unique references answers on delete set null,  -- the answer that it corrected
    question text not null check (question <> ''),
    language text not null,             -- two-letter code of the question
    text text not null check (text <> ''),
    version integer not null default 1 check (version >= 1),
    verified_by text not null,          -- the key of the member of staff
    verified_at timestamptz not null default now(),
    retired_at timestamptz,
    stale_since timestamptz,            -- a lecture that it cites has changed or gone: not shown until seen again
    unique (id, course_id)
);
create index on verified_answers (course_id) where retired_at is null;

create table verified_references (
    verified_id bigint not null,
    course_id bigint not null,
    number integer not null check (number between 1 and 5),
    segment_id bigint not null references segments,
    start_s double precision not null check (start_s >= 0),
    end_s double precision not null check (end_s >= start_s),
    url text,
    quote text not null,
    primary key (verified_id, number),
    foreign key (verified_id, course_id) references verified_answers (id, course_id) on delete cascade
);

-- Where a verified answer has helped: shown in place of a new one, or as evidence among the passages.
create table verified_uses (
    answer_id bigint not null,
    course_id bigint not null,
    verified_id bigint not null,
    way text not null check (way in ('shown', 'evidence')),
    used_at timestamptz not null default now(),
    primary key (answer_id, verified_id),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade,
    foreign key (verified_id, course_id) references verified_answers (id, course_id) on delete cascade
);

-- Answers that wait for approval, and messages of students that are no longer what is true.
alter table course_settings
    add column holds text[] not null default '{}'
        check (holds <@ array['answered', 'no_material', 'needs_staff', 'failed']);
alter table answers
    add column held text not null default 'no' check (held in ('no', 'waiting', 'approved', 'rejected'));
alter table deliveries
    add column edit_due_at timestamptz,
    add column edit_failures integer not null default 0,
    add column told_at timestamptz;     -- when the asker was told of the correction
create index on deliveries (edit_due_at) where edit_due_at is not null;

-- The words of staff are not for a model to judge.
create or replace view wanted_judgements as
select a.course_id, a.id as answer_id, k.kind
from answers a cross join lateral (values
    ('relevance', a.outcome = 'answered'),
    ('support', a.outcome = 'answered' and exists (select from answer_references r where r.answer_id = a.id)),
    ('abstention', a.outcome = 'no_material' and exists (select from answer_hits h where h.answer_id = a.id))
) as k (kind, is_wanted)
where k.is_wanted and a.model not in ('imported', 'verified');
