"""What was known of messages before they had rows of their own is taken over."""

import shutil
from pathlib import Path

import psycopg

from db.migrate import MIGRATIONS, migrate

BEFORE = """
insert into courses (slug, title, language) values ('redes', 'Redes', 'pt-BR');
insert into questions (course_id, text, language, source, source_id)
    select 1, 'Por quê?', 'pt', 'discord', n::text from generate_series(1, 6) n;
insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms)
    select id, 1, 'answered', 'Porque sim.', 'lexical', 'm', 0 from questions;
insert into deliveries
    (question_id, course_id, guild_id, channel_id, message_id, is_private, language, answer_message_ids, state,
     leased_until, shared_at, edit_due_at, told_at)
values
    (1, 1, 7, 70, 71, false, 'pt-BR', '{72,73}', 'delivered', now(), null, null, now()),
    (2, 1, 7, 70, null, false, 'pt-BR', '{74}', 'delivered', now(), null, now(), null),
    (3, 1, 7, 70, null, true, 'en', '{75}', 'delivered', now(), null, null, null),
    (4, 1, 7, 70, null, true, 'en', '{76,77}', 'delivered', now(), now(), null, null),
    (5, 1, 7, 70, 78, false, 'pt-BR', '{}', 'waiting', now(), null, null, null),
    (6, 1, 7, 70, 79, false, 'pt-BR', '{}', 'undeliverable', now(), null, null, null);
insert into orphan_cards (channel_id, message_id) values (80, 81);
"""


async def test_the_messages_of_answers_are_taken_over(empty_database: str, tmp_path: Path) -> None:
    ours = sorted(MIGRATIONS.iterdir())
    for path in (one for one in ours if one.name < "0007"):
        shutil.copy(path, tmp_path)
    await migrate(empty_database, folder=tmp_path)
    with psycopg.connect(empty_database) as conn:
        conn.execute(BEFORE.encode())
    for path in (one for one in ours if one.name.startswith("0007")):
        shutil.copy(path, tmp_path)
    await migrate(empty_database, folder=tmp_path)

    with psycopg.connect(empty_database) as conn:
        places = conn.execute(
            """
            select s.nonce, s.is_private, s.shows_question, s.over_at is not null, s.shown < s.wanted,
                (select array_agg(m.message_id order by m.number) from answer_messages m where m.showing_id = s.id)
            from showings s order by s.question_id, s.id
            """
        ).fetchall()
        orphans = conn.execute("select channel_id, message_id from orphan_messages").fetchall()
    assert places == [
        ("q71", False, False, False, False, [72, 73]),
        ("told.1", False, False, True, False, None),
        ("q2", False, False, False, True, [74]),
        ("q3", True, False, False, False, [75]),
        ("q4", True, False, False, False, [76]),
        ("share.4", False, True, False, True, [77]),
        ("q78", False, False, False, None, [None]),
        ("q79", False, False, True, None, None),
    ]
    assert orphans == [(80, 81)]
