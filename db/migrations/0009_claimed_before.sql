-- Claimed before it is acted upon or sent: what two replicas both hear, and cards whose acknowledgement is lost.

-- Which presses, forms and commands a replica has taken: each is told to all of them, and one acts. It names nobody, and
-- is kept for an hour.
create table handled_interactions (
    id bigint primary key,
    at timestamptz not null default now()
);
create index on handled_interactions (at);

-- Since when a card may stand in `card_channel_id` of which no message is known: it is being sent, or nobody knows
-- whether it arrived. Null: it is known, or none was sent.
alter table review_items add column card_begun_at timestamptz;

create or replace function keep_orphan_card() returns trigger language plpgsql as $$
begin
    if old.card_message_id is not null then
        insert into orphan_messages (channel_id, message_id) values (old.card_channel_id, old.card_message_id);
    elsif old.card_begun_at is not null then
        insert into orphan_messages (channel_id, nonce, since)
        values (old.card_channel_id, 'card.' || old.id, old.card_begun_at);
    end if;
    return old;
end
$$;
