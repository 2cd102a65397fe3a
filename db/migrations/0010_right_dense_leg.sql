-- The search by meaning, done right: how a generation cuts its passages, and where the middle of each language lies.

-- Passages are cut into pieces of about so many tokens, and a segment counts by its nearest piece. The cut is part of
-- what makes vectors comparable. Null: as long as the model reads, as all generations were cut until now; these go on
-- serving so, until `reindex` builds another one.
alter table generations add column piece_tokens integer check (piece_tokens between 16 and 8192);

-- From here on `dense_weights` holds beside "*" and languages of questions the key "other": what counts for segments in
-- another language than the question's. Generations without it weigh all languages alike.

-- The mean vector of a course's pieces in one language. Models place texts of one language together, whatever they say;
-- what all of them share says nothing about what is asked, and is taken out. Written anew, from the vectors that are
-- there, by whatever changes them: there is nothing that could drift.
create table language_means (
    course_id bigint not null references courses on delete cascade,
    generation_id bigint not null references generations on delete cascade,
    language text not null,             -- two-letter code of the lectures' language
    pieces integer not null check (pieces >= 1),
    mean vector not null,
    primary key (course_id, generation_id, language)
);
