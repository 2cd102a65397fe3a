-- Whether the formulas of a course's answers are drawn: a course that reads LaTeX, or answers to screen readers alone, may
-- have them as text.
alter table course_settings add column draws_formulas boolean not null default true;
