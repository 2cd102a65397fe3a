-- Second looks: a share of the answers that one member of staff has labelled is shown to another one, who is not told the first
-- label, so that it is known how far staff agree with each other.

alter table judge_settings
    add column second_share double precision not null default 0.1 check (second_share between 0 and 1);

-- An answer is drawn for once. Those that were not drawn have a row too: who weights the labels later knows from what was drawn, and
-- with which probability.
create table second_looks (
    answer_id bigint primary key,
    course_id bigint not null,
    probability double precision not null check (probability > 0 and probability <= 1),
    is_drawn boolean not null,
    drawn_at timestamptz not null default now(),
    item_id bigint references review_items on delete set null,  -- the card of the second look
    opened_at timestamptz check (is_drawn or opened_at is null),
    ended_at timestamptz check (is_drawn or ended_at is null),
    outcome text check (outcome in ('labelled', 'withdrawn')),
    check ((outcome is null) = (ended_at is null)),
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);
create index on second_looks (course_id, opened_at);
create index on second_looks (drawn_at) where is_drawn and ended_at is null;
create unique index on second_looks (item_id);

-- Who of staff has labelled lately, which is asked every few seconds while an answer waits for its second look.
create index on annotations (course_id, changed_at) where role = 'staff';

-- How a second look ends with a label: it is told from C, P and I because it says nothing to the student who asked.
alter table review_items drop constraint review_items_verdict_check;
alter table review_items add constraint review_items_verdict_check
    check (verdict in ('C', 'P', 'I', 'edited', 'dismissed', 'approved', 'rejected', 'gone', 'second'));

-- Items that are a second look and nothing else, such as a vote that came meanwhile.
create view second_look_items as
select l.course_id, l.item_id from second_looks l
where l.item_id is not null
    and not exists (select from review_reasons r where r.item_id = l.item_id and r.reason <> 'second_look');
