-- Rules for the judge, distilled by a model from answers that staff see otherwise than the judge. A person reads them before
-- they are tried; what is tried is a configuration like any, with rules, examples or both.
create table judge_rules (
    id bigint generated always as identity primary key,
    course_id bigint not null references courses on delete cascade,
    rules text[] not null check (cardinality(rules) <= 5 and array_position(rules, null) is null),
    edited_from bigint,                 -- the draft that a person has changed
    model text,                         -- that distilled them, by this prompt; null: a person wrote or changed them
    prompt_id text check ((prompt_id is null) = (model is null)),
    prompt_sha256 text check ((prompt_sha256 is null) = (model is null)),
    tokens bigint not null default 0 check (tokens >= 0),
    made_at timestamptz not null default now(),
    stale_since timestamptz,
    stale_reason text check ((stale_reason is null) = (stale_since is null)),
    unique (id, course_id),
    foreign key (edited_from, course_id) references judge_rules (id, course_id)
);
create index on judge_rules (course_id, id);
-- What was read and tried never changes; it can only go.
create trigger judge_rules_stay before update on judge_rules for each row
    when (new.rules <> old.rules and cardinality(new.rules) > 0) execute function refuse_change();

-- From which answers rules were distilled, and what staff said of these then. Of the test half there is none.
create table judge_rule_sources (
    rules_id bigint not null,
    course_id bigint not null,
    answer_id bigint not null,
    label text not null check (label in ('C', 'P', 'I')),
    primary key (rules_id, answer_id),
    foreign key (rules_id, course_id) references judge_rules (id, course_id) on delete cascade,
    foreign key (answer_id, course_id) references answers (id, course_id) on delete cascade
);
create index on judge_rule_sources (answer_id);

alter table judge_configurations
    add column rules_id bigint,         -- null: examples alone
    add foreign key (rules_id, course_id) references judge_rules (id, course_id);
create index on judge_configurations (rules_id) where rules_id is not null;

-- What makes rules stale makes stale what was tested with them. What a person made of a draft has the draft's sources.
create function rules_went_stale() returns trigger language plpgsql as $$
begin
    update judge_configurations set stale_since = new.stale_since, stale_reason = new.stale_reason
    where rules_id = new.id and course_id = new.course_id and stale_since is null;
    return new;
end
$$;
create trigger rules_went_stale after update on judge_rules for each row
    when (old.stale_since is null and new.stale_since is not null) execute function rules_went_stale();

-- The words of rules go with what they were distilled from: whose answer or label it was may have asked for that.
create function rule_source_went() returns trigger language plpgsql as $$
begin
    update judge_rules set rules = '{}', stale_since = coalesce(stale_since, now()),
        stale_reason = coalesce(stale_reason, 'an answer that its rules were distilled from is gone')
    where id = old.rules_id and course_id = old.course_id;
    return old;
end
$$;
create trigger rule_source_went after delete on judge_rule_sources for each row execute function rule_source_went();

create function rule_source_relabelled() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        delete from judge_rule_sources where answer_id = old.answer_id and course_id = old.course_id;
        return old;
    end if;
    update judge_rules r set stale_since = now(),
        stale_reason = 'the label of an answer that its rules were distilled from has changed'
    from judge_rule_sources s
    where s.answer_id = new.answer_id and s.course_id = new.course_id and r.id = s.rules_id
        and r.course_id = new.course_id and r.stale_since is null and s.label <> new.label;
    return new;
end
$$;
create trigger rule_source_relabelled after insert or update on annotations for each row
    when (new.role = 'staff') execute function rule_source_relabelled();
create trigger rule_source_unlabelled after delete on annotations for each row
    when (old.role = 'staff') execute function rule_source_relabelled();
