"""A database with something in each table, and the rows of a database as they are."""

import psycopg
from psycopg import Connection, sql

TRICKY = "Uma aba\t, uma barra \\, 'aspas', \"mais\", 🎓\n\\.\nCOPY public.courses (id) FROM stdin;\nSET x = 1;\r\n"
"""What students can write, and what the text of an archive means something else by."""

LONG = "O gradiente some. " * 10_000
"""Longer than a reader of lines takes at once, by default."""

FILL = """
insert into courses (slug, title, language) values ('redes', %(tricky)s, 'pt-BR'), ('nets', 'Nets', 'en');
insert into course_settings (course_id, guild_id, staff_role_ids, digest_emails)
    values (1, 7, '{8,9}', '{"a@b.example"}');
insert into bindings (channel_id, guild_id, course_id, answers) values (70, 7, 1, 'mention');
insert into direct_courses (person_key, course_id) values ('key', 1);
insert into secrets (name, value) values ('keys', decode(repeat('00ff5c0a', 16), 'hex'));
insert into watermarks (channel_id, message_id) values (70, 9007199254740993);
insert into staffed_threads (channel_id, course_id, by_message_id, since, quiet_since, reopened_by)
    values (73, 1, 9007199254740993, now(), now(), 9007199254740995);
insert into orphan_messages (channel_id, message_id) values (71, 72);
insert into handled_interactions (id) values (9007199254740997);
insert into breakers (queue, reason) values ('judge', '');
insert into generations (backend, model, revision, dimension, query_prefix, passage_prefix, state, dense_weights)
    values ('torch', 'words', '1', 3, 'query: ', '', 'serving', '{"*": 0.25, "pt": 1e-7}');
insert into lectures (course_id, slug, title, language, video_url, held_on, duration_s, source)
    values (1, 'aula-1', 'Aula 1', 'pt-BR', 'https://youtu.be/abc', '2026-03-03', 0.1, 'aula-1.vtt');
insert into transcripts
    (course_id, lecture_id, version, fingerprint, format, cue_starts_s, cue_ends_s, cue_texts)
    values (1, 1, 1, 'f', 'webvtt', '{0, 0.1}', '{0.1, 12.345678901234567}', array[%(tricky)s, %(long)s]);
update lectures set transcript_id = 1;
insert into segments
    (course_id, lecture_id, transcript_id, position, start_s, end_s, text, cue_offsets, cue_starts_s)
    values (1, 1, 1, 0, 0, 12.5, %(tricky)s, '{0, 9}', '{0, 0.1}');
insert into segment_terms (course_id, lecture_id, segment_id, weights)
    values (1, 1, 1, '{3:0.1,536870912:2.7182817}/536870912');
insert into transcript_terms (transcript_id, course_id, segments, terms, counts) values (1, 1, 1, '{3,5}', '{1,2}');
insert into course_terms (course_id, term, segments) values (1, 3, 2);
insert into course_lexicons (course_id, segments, languages) values (1, 1, '{pt}');
insert into segment_vectors (generation_id, course_id, lecture_id, segment_id, piece, embedding)
    values (1, 1, 1, 1, 0, '[0.1,-0.33325195,65504]');
insert into language_means (course_id, generation_id, language, pieces, mean, signed_about)
    values (1, 1, 'pt', 1, '[0.1,-0.33325195,0.5]', '[0.1,-0.33325195,0.25]');
insert into segment_signs (generation_id, course_id, lecture_id, segment_id, part, signs_1, signs_2)
    values (1, 1, 1, 1, 0, B'110100100', B'000100101');
insert into questions (course_id, text, language, source, source_id, asker_key) values
    (1, %(tricky)s, 'pt', 'discord', '1', 'key'), (1, 'E na LSTM?', 'pt', 'cli', null, null);
update questions set follows = 1, lecture_id = 1 where id = 2;
insert into answers (question_id, course_id, outcome, text, retrieval, generation_id, model, latency_ms) values
    (1, 1, 'answered', %(long)s, 'hybrid', 1, 'm', 12), (2, 1, 'no_material', '', 'lexical', null, 'm', 0);
insert into answer_hits (answer_id, course_id, rank, segment_id, score) values (1, 1, 1, 1, 0.8412345051765442);
insert into answer_references (answer_id, course_id, number, segment_id, start_s, end_s, quote)
    values (1, 1, 1, 1, 0, 0.1, %(tricky)s);
insert into answer_scopes (answer_id, course_id, number, kind, lecture_id) values (2, 1, 1, 'nowhere', 1);
insert into deliveries (question_id, course_id, channel_id, is_private, language, leased_until)
    values (1, 1, 70, false, 'pt-BR', now());
insert into showings (question_id, course_id, kind, nonce, channel_id, language, shows_question, is_private, shown)
    values (1, 1, 'reply', 'q1', 70, 'pt-BR', false, false, 1);
insert into answer_messages (showing_id, course_id, number, message_id) values (1, 1, 0, 9007199254740993);
insert into edits (target, target_id, is_alone, leased_until) values ('showing', 1, true, now());
insert into annotations (answer_id, course_id, annotator_key, role, label, comment)
    values (1, 1, 'key', 'student', 'I', %(tricky)s);
insert into review_items (answer_id, course_id) values (1, 1);
insert into review_reasons (item_id, reason) values (1, 'voted_down');
insert into second_looks (answer_id, course_id, probability, is_drawn) values (1, 1, 0.1, false);
insert into jobs (kind, answer_id, course_id, run_at) values ('relevance', 1, 1, 'infinity');
insert into judge_settings (course_id, version, labels, flag_below, judge_share, audit_share)
    values (1, 1, '{I,I,P,C}', 2, 1, 0.1);
insert into judge_spending (course_id, day, tokens) values (1, '2026-03-03', 12);
insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model)
    values (1, 1, 'relevance', 'ok', 3, 'C', 1, 'm'), (1, 1, 'support', 'ok', null, null, 1, 'm');
insert into reference_judgements (judgement_id, course_id, number, support, quote, is_found)
    values (2, 1, 1, 'full', 'q', true);
insert into model_calls
    (answer_id, course_id, judgement_id, kind, model_asked, prompt_id, prompt_sha256, parameters, latency_ms, status)
    values (1, 1, 1, 'relevance', 'm', 'judge/1', 'x', '{"temperature": 0}', 5, 'ok');
insert into judge_configurations (course_id, model, prompt_id, prompt_sha256, sha256, reason)
    values (1, 'm', 'judge/3', 'x', 'x', 'its run did not end');
insert into judge_rules (course_id, rules) values (1, array[%(tricky)s]);
insert into judge_rule_sources (rules_id, course_id, answer_id, label) values (1, 1, 1, 'I');
insert into judge_examples (configuration_id, course_id, position, answer_id, label) values (1, 1, 1, 1, 'I');
insert into judge_runs (course_id, kind, labels, half, n, missing, figures)
    values (1, 'agreement', 'IIPC', 'all', 0, 0, '{"agreement": null}');
insert into canaries (course_id, kind, answer_id, number, text, against_answer_id, against_number)
    values (1, 'kept', 1, null, %(tricky)s, 1, null);
insert into canary_verdicts (run_id, course_id, canary_id, score) values (1, 1, 1, 3);
insert into judge_alerts (course_id, run_id, kind, model, shift, part, n) values (1, 1, 'shift', 'm', 0.5, 0, 20);
insert into pair_sets (run_id, course_id, first, second) values (1, 1, 'as configured', 'model=m');
insert into answer_pairs (course_id, run_id, question_id, question) values (1, 1, 1, %(tricky)s);
insert into pair_answers (course_id, pair_id, side, text) values (1, 1, 'first', %(tricky)s);
insert into pair_answer_references (pair_answer_id, course_id, number, segment_id, start_s, end_s, quote)
    values (1, 1, 1, 1, 0, 1, 'q');
insert into pair_judgements (pair_id, course_id, shown_first, status, better, reason, tokens)
    values (1, 1, 'first', 'ok', 'tie', %(tricky)s, 18);
insert into pair_choices (pair_id, course_id, chooser_key, shown_first, better, chosen_at)
    values (1, 1, 'key', 'second', 'skipped', now());
insert into dossier_entries (question_id, course_id, position, entry) values (2, 1, 0, '{"a": ["á", 1e400, null]}');
insert into judge_views (answer_id, course_id, annotator_key) values (1, 1, 'key');
insert into staff_actions (course_id, item_id, actor_key, action, after) values (1, 1, 'key', 'took', '{"b": 1}');
insert into verified_answers (course_id, answer_id, question, language, text, verified_by)
    values (1, 1, 'O que é?', 'pt', %(tricky)s, 'key');
insert into verified_references (verified_id, course_id, number, segment_id, start_s, end_s, quote)
    values (1, 1, 1, 1, 0, 1, 'q');
insert into verified_uses (answer_id, course_id, verified_id, way) values (2, 1, 1, 'evidence');
insert into kept_messages
    (verified_id, course_id, guild_id, channel_id, message_id, text_sha256, author_key)
    values (1, 1, 7, 70, 9007199254740997, 'x', 'key');
insert into keep_drafts
    (course_id, guild_id, channel_id, message_id, text_sha256, author_key, question_id, segment_ids)
    values (1, 7, 70, 9007199254740997, 'x', 'key', 1, '{1}');
insert into lecture_maps (course_id, lecture_id, transcript_id, version) values (1, 1, 1, 2);
insert into chapters
    (course_id, lecture_id, ordinal, start_ms, end_ms, title, origin, sentence, segment_id, quote, quote_start_ms,
     quote_end_ms, fingerprint)
    values (1, 1, 1, 0, 12500, 'Gradiente', 'staff', %(tricky)s, 1, 'q', 0, 100, 'f');
insert into published_chapters (course_id, lecture_id, ordinal, start_ms, title) values (1, 1, 1, 0, %(tricky)s);
insert into chapter_edits (course_id, lecture_id, start_ms, end_ms, fingerprint, title)
    values (1, 1, 0, 12500, 'f', 'Gradiente');
insert into map_jobs (course_id, lecture_id, run_at) values (1, 1, 'infinity');
insert into digests (course_id, week, weeks, time_zone, leased_until)
    values (1, '2026-W09', 1, 'America/Sao_Paulo', now());
insert into lecture_cards (course_id, kind, state, channel_id, message_id)
    values (1, 'release', 'posted', 70, 9007199254740999);
insert into carded_lectures (kind, lecture_id, course_id, card_id) values ('release', 1, 1, 1);
"""


def fill(url: str) -> None:
    """Put at least one row into each table of a migrated database."""
    with psycopg.ClientCursor(psycopg.connect(url)) as cur:  # it puts the values in itself, so that all go at once
        cur.execute(FILL.encode(), {"tricky": TRICKY, "long": LONG})
        cur.connection.commit()
        cur.connection.close()


def rows(url: str) -> dict[str, list[str]]:
    """Return every row of every table, its beginning and a hash of all of it, and where each sequence stands."""
    with psycopg.connect(url, options="-c timezone=UTC -c extra_float_digits=3") as conn:
        tables = [name for (name,) in conn.execute("select tablename from pg_tables where schemaname = 'public'")]
        return {table: _rows(conn, table) for table in sorted(tables)} | {"sequences": _sequences(conn)}


def _rows(conn: Connection, table: str) -> list[str]:
    query = sql.SQL("select left({0}::text, 80) || md5({0}::text) from {0} order by 1").format(sql.Identifier(table))
    return [row for (row,) in conn.execute(query)]


def _sequences(conn: Connection) -> list[str]:
    return [
        f"{name} {value}"
        for name, value in conn.execute("select sequencename, last_value from pg_sequences order by 1")
    ]
