-- Two processes may hear the same press of a button, as at a change of versions. Both would act upon it: a vote that one
-- counted, the other withdrew. So whoever is to act claims the press first; old claims are of no use and go.
create table presses (
    interaction_id bigint primary key,
    claimed_at timestamptz not null default now()
);
create index on presses (claimed_at);
