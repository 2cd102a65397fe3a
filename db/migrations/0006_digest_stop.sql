-- A digest that is turned off keeps the day since when it is owed, so that off and on again loses no week.
alter table course_settings add column digest_stopped_at timestamptz;
