-- A second opinion on an answer's relevance, for scores at the threshold, for votes that contradict the judge, and by chance: a kind of
-- judgement of its own, so that the last judgement of relevance still is the first judge's.

alter table jobs drop constraint jobs_kind_check;
alter table jobs add constraint jobs_kind_check check (kind in ('relevance', 'support', 'abstention', 'second'));

-- Its jobs have workers and a breaker of their own: a second model that is dead, and thousands of jobs that wait for it, are never in the way
-- of a claim for the first.
alter table jobs
    add column queue text not null generated always as (case when kind = 'second' then 'second_judge' else 'judge' end) stored;
drop index jobs_run_at_id_idx;
create index on jobs (queue, run_at, id) where state = 'waiting';

alter table judgements drop constraint judgements_kind_check;
alter table judgements add constraint judgements_kind_check check (kind in ('relevance', 'support', 'abstention', 'second'));
alter table judgements drop constraint judgements_check;
alter table judgements add constraint judgements_check
    check ((score is not null) = (kind in ('relevance', 'second') and status in ('ok', 'recovered')));
alter table judgements
    add column first_id bigint,         -- the judgement of relevance that a second opinion stands beside
    add column asked_for text check (asked_for in ('threshold', 'chance', 'votes')),  -- why there is one
    add column spread smallint check (spread between 0 and 3),  -- between the two scores
    add column is_split boolean,        -- whether the two called for a person, by the threshold of that time
    add constraint judgements_second check (
        (first_id is not null) = (kind = 'second') and (asked_for is not null) = (kind = 'second')
        and (spread is not null) = (kind = 'second' and score is not null)
        and (is_split is not null) = (spread is not null)),
    add foreign key (first_id, course_id) references judgements (id, course_id) on delete cascade;
create index on judgements (first_id) where first_id is not null;

alter table model_calls drop constraint model_calls_kind_check;
alter table model_calls add constraint model_calls_kind_check check (kind in ('relevance', 'support', 'abstention', 'second'));
alter table model_calls drop constraint model_calls_purpose_check;
alter table model_calls add constraint model_calls_purpose_check check (purpose in ('judgement', 'learning', 'canary', 'second'));

alter table judge_settings
    add column second_opinion boolean not null default false,
    add column second_opinion_share double precision not null default 0.02  -- of answers that nothing else singles out
        check (second_opinion_share between 0 and 1);
