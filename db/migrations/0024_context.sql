-- Whether the passages were about the question: a bad answer is told from a bad search, on a share of answers.

alter table judge_settings
    add column context_share double precision not null default 0.02 check (context_share between 0 and 1);

alter table jobs drop constraint jobs_kind_check;
alter table jobs add constraint jobs_kind_check
    check (kind in ('relevance', 'support', 'abstention', 'second', 'context'));

alter table model_calls drop constraint model_calls_kind_check;
alter table model_calls add constraint model_calls_kind_check
    check (kind in ('relevance', 'support', 'abstention', 'second', 'context'));
alter table model_calls drop constraint model_calls_purpose_check;
alter table model_calls add constraint model_calls_purpose_check
    check (purpose in ('judgement', 'learning', 'canary', 'second', 'context'));

-- Passages get a score, and no label: only answers are correct or not.
alter table judgements drop constraint judgements_kind_check;
alter table judgements add constraint judgements_kind_check
    check (kind in ('relevance', 'support', 'abstention', 'second', 'context'));
alter table judgements drop constraint judgements_check;
alter table judgements add constraint judgements_scored_check
    check ((score is not null) = (kind in ('relevance', 'second', 'context') and status in ('ok', 'recovered')));
alter table judgements drop constraint judgements_check2;
alter table judgements add constraint judgements_labelled_check
    check ((label is not null) = (score is not null and kind in ('relevance', 'second')));

-- What can be judged for its passages. It is not among `wanted_judgements`, for it is judged only where that was promised.
create view judgeable_contexts as
select a.course_id, a.id as answer_id, 'context'::text as kind
from answers a
where a.outcome = 'answered' and a.model not in ('imported', 'verified')
    and exists (select from answer_hits h where h.answer_id = a.id);
