-- Whose words a question repeats that came of a press under an answer: "In all lectures", or one of those that it named.
--
-- Whoever pressed has asked it, in the words of who asked first; with the questions of these it must go. Null: its own.
alter table questions add column words_of bigint references questions on delete set null;
create index on questions (words_of) where words_of is not null;
