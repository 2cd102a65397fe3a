"""`monitoria judge learn`, as a process, with a judge on a local server."""

import psycopg
import pytest

from tests.bot.console import Console, flat
from tests.fake_model import fake_model, replies
from tests.services.research.learning.test_learn import LABELS, TRUTH, generous


def fill(url: str, *, rounds: int = 12) -> None:
    """Judged and labelled answers, all with a 3."""
    with psycopg.connect(url) as conn:
        conn.execute("insert into courses (slug, title, language) values ('redes', 'Redes', 'pt-BR')")
        for number in range(rounds * len(LABELS)):
            label = LABELS[number % len(LABELS)]
            conn.execute(
                """
                with asked as (
                    insert into questions (course_id, text, language, source)
                    values (1, %(question)s, 'pt', 'discord') returning id
                ), answered as (
                    insert into answers (question_id, course_id, outcome, text, retrieval, model, latency_ms)
                    select id, 1, 'answered', %(text)s, 'lexical', 'fake', 1 from asked returning id
                ), judged as (
                    insert into judgements (answer_id, course_id, kind, status, score, label, settings_version, model)
                    select id, 1, 'relevance', 'ok', 3, 'C', 0, 'juiz' from answered
                )
                insert into annotations (answer_id, course_id, annotator_key, role, label)
                select id, 1, 'ta', 'staff', %(label)s from answered
                """,
                {"question": f"O que é o conceito {number}?", "text": f"Um texto {TRUTH[label][0]}.", "label": label},
            )


async def test_it_is_shown_first_then_shipped_and_forgotten(terminal: Console, database: str) -> None:
    fill(database)
    async with fake_model(replies(generous)) as server:
        there = terminal.having(OPENAI_BASE_URL=server.base_url, MONITORIA_JUDGE_MODEL="juiz")
        dry = await there.run("judge", "learn", "--course", "redes", "--dry-run")
        asked = len(server.requests)
        shipped = await there.run("judge", "learn", "--course", "redes")
        again = await there.run("judge", "learn", "--course", "redes", "--json")
    listed = await terminal.run("judge", "runs", "--course", "redes")
    forgotten = await terminal.run("judge", "learn", "--course", "redes", "--forget")

    assert (dry.code, asked) == (0, 0), dry.err
    assert "The judge would be asked" in flat(dry.out)
    assert "staff: I O que é o conceito" in flat(dry.out)
    assert shipped.code == 0, shipped.err
    assert flat(shipped.out).startswith("Shipped. Because it agrees with staff more often on the test half")
    assert (again.code, again.out, "were tested already" in flat(again.err)) == (1, "", True)
    assert "learning, juiz, judge/3" in flat(listed.out)
    assert "The judge goes by its prompt alone again." in flat(forgotten.out)


async def test_without_labels_or_a_judge_there_is_one_sentence(terminal: Console, database: str) -> None:
    fill(database, rounds=1)
    none = await terminal.having(MONITORIA_JUDGE_MODEL="none").run("judge", "learn", "--course", "redes")
    few = await terminal.run("judge", "learn", "--course", "redes", "--dry-run", "--json")

    assert (none.code, "There is no judge" in flat(none.err)) == (1, True)
    assert (few.code, few.out, "There are too few labels of staff" in flat(few.err)) == (1, "", True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("judge", "learn", "--course", "redes", "--forget", "--dry-run"), "--forget goes alone"),
        (("judge", "--course", "redes", "runs"), "write options after `judge runs`, not before it"),
    ],
)
async def test_options_that_would_be_passed_over_are_wrong_usage(
    terminal: Console, options: tuple[str, ...], said: str
) -> None:
    ran = await terminal.run(*options)

    assert (ran.code, ran.out) == (2, "")
    assert said in flat(ran.err)
