-- One answer, many messages: every message that shows an answer is a row, whichever way it came to stand there.
--
-- `deliveries` said both where somebody had asked and where the answer stood, so a shared copy, an answer that was asked
-- for again elsewhere and a page that came later were forgotten by whatever went over the messages. It now says where
-- one asked, and whether the answer arrived.

-- A showing is one place where an answer stands, as one or more messages. It is claimed before its first message is
-- sent. What people do with the answer raises `wanted`; the bot edits until what is `shown` is that.
create table showings (
    id bigint generated always as identity primary key,
    question_id bigint not null,
    course_id bigint not null,
    kind text not null check (kind in ('reply', 'share', 'notice')),  -- a notice tells once that an answer was corrected
    nonce text not null unique,         -- with a message's number, the nonce of its send
    guild_id bigint,                    -- null in direct messages
    channel_id bigint not null,
    reply_to bigint,                    -- the message that it replies to
    language text not null check (language in ('pt-BR', 'en')),  -- of the words around the answer
    shows_question boolean not null,    -- the question stands above the answer
    is_private boolean not null,        -- only its asker sees it: Discord lets nobody edit or delete it later
    wanted integer not null default 1,
    shown integer,                      -- null: it has not arrived; 0: nobody knows which version it shows
    claimed_until timestamptz not null default '-infinity',
    failures integer not null default 0,
    begun_at timestamptz not null default now(),  -- no message of it is older
    over_at timestamptz,                -- somebody deleted its first message, or it never came
    foreign key (question_id, course_id) references questions (id, course_id) on delete cascade
);
create index on showings (question_id);
create index on showings (channel_id, id);
create index on showings (claimed_until) where over_at is null and not is_private and shown < wanted;
create index on showings (claimed_until) where over_at is null and not is_private and shown is null;

create table answer_messages (
    showing_id bigint not null references showings on delete cascade,
    course_id bigint not null,
    number integer not null check (number >= 0),  -- in the order in which they were sent, so in that of the channel
    message_id bigint,                  -- null: it is being sent, or nobody knows whether it arrived
    claimed_at timestamptz not null default now(),
    gone_at timestamptz,                -- deleted, by us because the answer became shorter, or by somebody
    primary key (showing_id, number)
);
create index on answer_messages (message_id) where message_id is not null;

insert into showings
    (question_id, course_id, kind, nonce, guild_id, channel_id, reply_to, language, shows_question, is_private, wanted,
     shown, over_at)
select question_id, course_id, 'reply', 'q' || coalesce(message_id, question_id), guild_id, channel_id, message_id, language,
    false, is_private, case when edit_due_at is null then 1 else 2 end, case when state = 'delivered' then 1 end,
    case when state = 'undeliverable' then now() end
from deliveries;
insert into showings
    (question_id, course_id, kind, nonce, guild_id, channel_id, language, shows_question, is_private, wanted, shown)
select d.question_id, d.course_id, 'share', 'share.' || d.question_id, d.guild_id, d.channel_id, c.language, true, false,
    2, 0  -- they were never corrected
from deliveries d join courses c on c.id = d.course_id
where d.is_private and d.shared_at is not null and cardinality(d.answer_message_ids) > 1;
insert into showings
    (question_id, course_id, kind, nonce, guild_id, channel_id, language, shows_question, is_private, shown, over_at)
select d.question_id, d.course_id, 'notice', 'told.' || a.id, d.guild_id, d.channel_id, d.language, false, d.is_private,
    1, now()  -- which message it is was never kept
from deliveries d join answers a on a.question_id = d.question_id
where d.told_at is not null;

-- Of a private answer that was shared, the first half of the messages is the private one.
insert into answer_messages (showing_id, course_id, number, message_id)
select s.id, s.course_id, row_number() over (partition by s.id order by m.place) - 1, m.id
from showings s
join deliveries d on d.question_id = s.question_id
cross join lateral (
    select id, min(place) as place from unnest(d.answer_message_ids) with ordinality as listed (id, place) group by id
) m
where s.kind = 'reply' and (d.shared_at is null or not d.is_private
        or m.place <= greatest(1, cardinality(d.answer_message_ids) / 2))
    or s.kind = 'share' and m.place > greatest(1, cardinality(d.answer_message_ids) / 2);
insert into answer_messages (showing_id, course_id, number)
select s.id, s.course_id, 0 from showings s join deliveries d on d.question_id = s.question_id where d.state = 'waiting';

alter table deliveries
    drop column answer_message_ids,
    drop column shared_at,
    drop column edit_due_at,
    drop column edit_failures,
    drop column told_at;

-- Who edits what at this moment. Of two who edit one message at once, nobody knows whose edit landed last: only one who
-- was alone counts as having shown a version. A process that dies is forgotten when its lease ends.
create table edits (
    id bigint generated always as identity primary key,
    target text not null check (target in ('card', 'showing')),
    target_id bigint not null,
    is_alone boolean not null,
    leased_until timestamptz not null
);
create index on edits (target, target_id);

-- Messages of ours whose rows are gone, cards and answers alike: they are still to be deleted.
create table orphan_messages (
    id bigint generated always as identity primary key,
    guild_id bigint,
    channel_id bigint not null,
    message_id bigint,                  -- null: to be looked for, by what follows
    nonce text,
    reply_to bigint,
    since timestamptz not null default now(),
    orphaned_at timestamptz not null default now(),
    claimed_until timestamptz not null default '-infinity'
);
insert into orphan_messages (channel_id, message_id) select channel_id, message_id from orphan_cards;
create or replace function keep_orphan_card() returns trigger language plpgsql as $$
begin
    if old.card_message_id is not null then
        insert into orphan_messages (channel_id, message_id) values (old.card_channel_id, old.card_message_id);
    end if;
    return old;
end
$$;
drop table orphan_cards;
create function keep_orphan_messages() returns trigger language plpgsql as $$
begin
    insert into orphan_messages (guild_id, channel_id, message_id, nonce, reply_to, since)
    select old.guild_id, old.channel_id, m.message_id, old.nonce || '.' || m.number,
        case when m.number = 0 then old.reply_to end, old.begun_at
    from answer_messages m
    where m.showing_id = old.id and m.gone_at is null and not old.is_private;
    return old;
end
$$;
create trigger orphan_messages before delete on showings for each row execute function keep_orphan_messages();

-- Words of staff that staff have found incorrect: neither served nor called verified until somebody settles them.
alter table verified_answers add column doubted_since timestamptz;
