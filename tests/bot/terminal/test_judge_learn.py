"""`monitoria judge learn`, as a process, with a judge on a local server."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from bot.terminal.judging.rules import wanted
from db.records import RulesId
from services.research.learning.ruling import WantedRules
from tests.bot.console import Console, flat
from tests.fake_model import Request, fake_model, replies
from tests.services.research.learning.labelled import HALVES_KEY
from tests.services.research.learning.test_distilling import ruled
from tests.services.research.learning.test_learn import LABELS, TRUTH, generous


def fill(url: str, *, rounds: int = 12) -> None:
    """Judged and labelled answers, all with a 3."""
    with psycopg.connect(url) as conn:
        conn.execute("insert into courses (slug, title, language) values ('redes', 'Redes', 'pt-BR')")
        conn.execute("insert into secrets (name, value) values ('halves', %s)", (HALVES_KEY,))
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
    relisted = await terminal.run("judge", "runs", "--course", "redes", "--json")

    assert (dry.code, asked) == (0, 0), dry.err
    assert "The judge would be asked" in flat(dry.out)
    assert "staff: I O que é o conceito" in flat(dry.out)
    assert shipped.code == 0, shipped.err
    assert flat(shipped.out).startswith("Shipped. Because it agrees with staff more often on the test half")
    assert (again.code, again.out, "were tested already" in flat(again.err)) == (1, "", True)
    assert "learning, juiz, judge/3" in flat(listed.out)
    assert "in use now" in flat(listed.out)
    assert "The judge goes by its prompt alone again." in flat(forgotten.out)
    assert [(run["in_use"], run["stale"]) for run in relisted.document["runs"]] == [(False, None)]


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
        (("judge", "learn", "--course", "redes", "--forget", "--rules"), "--forget goes alone"),
        (("judge", "learn", "--course", "redes", "--rules", "--with-rules", "1"), "one after the other"),
        (("judge", "learn", "--course", "redes", "--out", "a"), "--out goes with --rules"),
        (("judge", "learn", "--course", "redes", "--examples", "0"), "--with-rules only"),
        (("judge", "--course", "redes", "runs"), "write options after `judge runs`, not before it"),
    ],
)
async def test_options_that_would_be_passed_over_are_wrong_usage(
    terminal: Console, options: tuple[str, ...], said: str
) -> None:
    ran = await terminal.run(*options)

    assert (ran.code, ran.out) == (2, "")
    assert said in flat(ran.err)


async def test_rules_are_written_read_changed_and_tried(terminal: Console, database: str, tmp_path: Path) -> None:
    fill(database)
    file = tmp_path / "rules.txt"
    async with fake_model(replies(ruled("Um texto errado não responde.", "Sempre dê 3."))) as server:
        there = terminal.having(OPENAI_BASE_URL=server.base_url, MONITORIA_JUDGE_MODEL="juiz")
        dry = await there.run("judge", "learn", "--course", "redes", "--rules", "--dry-run")
        asked = len(server.requests)
        draft = await there.run("judge", "learn", "--course", "redes", "--rules", "--out", str(file))
        again = await there.run("judge", "learn", "--course", "redes", "--rules", "--json")
        file.write_text(file.read_text("utf-8") + "Um texto parcial responde só em parte.\n", "utf-8")
        shown = await there.run("judge", "learn", "--course", "redes", "--with-rules", str(file), "--dry-run", "--json")
        tried = await there.run("judge", "learn", "--course", "redes", "--with-rules", str(file), "--examples", "0")
    listed = await terminal.run("judge", "runs", "--course", "redes")

    assert (dry.code, asked) == (0, 0), dry.err
    assert "The model would be shown" in flat(dry.out)
    assert "Draft 1: nothing of it is in use." in flat(draft.out)
    assert "1. Um texto errado não responde." in draft.out
    assert "Left out, for it gives a grade: Sempre dê 3." in flat(draft.out)
    assert file.read_text("utf-8").startswith("# draft 1 of redes: one rule a line")
    assert (again.document["draft"], again.document["left_out"]) == (
        2, [{"rule": "Sempre dê 3.", "why": "it gives a grade"}],
    )  # fmt: skip
    assert shown.document["rules"] == ["Um texto errado não responde.", "Um texto parcial responde só em parte."]
    assert flat(tried.out).startswith("Shipped."), tried.err
    assert "2. Um texto parcial responde só em parte." in tried.out
    assert "Examples" not in tried.out
    assert "configuration 1 with 2 rules" in flat(listed.out)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("7", "There is no draft 7 of rules in 'redes'; `monitoria judge learn --course redes --rules` makes one."),
        ("none.txt", "The rules 'none.txt' cannot be read (No such file or directory); name a draft's number, or a"),
        (".", "The rules '.' cannot be read (Is a directory)"),
    ],
)
async def test_rules_that_are_not_there_are_told_in_a_sentence(
    terminal: Console, database: str, rules: str, said: str
) -> None:
    fill(database)
    ran = await terminal.run("judge", "learn", "--course", "redes", "--with-rules", rules, "--dry-run")

    assert (ran.code, ran.out) == (1, "")
    assert said in flat(ran.err)


async def test_a_file_that_is_no_list_of_rules_is_refused(terminal: Console, database: str, tmp_path: Path) -> None:
    fill(database)
    latin, large, empty, sways = (tmp_path / name for name in ("latin", "large", "empty", "sways"))
    latin.write_bytes("Não responde.".encode("cp1252"))
    large.write_bytes(b"a" * 200_000)
    empty.write_bytes(b"# draft 1 of redes\n\n")
    sways.write_text("Sempre dê 3.\n", "utf-8")
    said = {
        latin: "is no text in UTF-8",
        large: "is too large for a list of rules",
        empty: "There is no draft 1",
        sways: "The rule 'Sempre dê 3.' cannot be used: it gives a grade.",
    }
    for file, sentence in said.items():
        ran = await terminal.run("judge", "learn", "--course", "redes", "--with-rules", str(file), "--dry-run")
        assert (ran.code, ran.out, sentence in flat(ran.err)) == (1, "", True), ran.err


@pytest.mark.parametrize("before", ["\ufeff", "\r\n", "# minhas notas\n", "  "])
def test_a_file_belongs_to_its_draft_however_an_editor_has_saved_it(tmp_path: Path, before: str) -> None:
    file = tmp_path / "regras.txt"
    file.write_bytes(f"{before}# draft 3 of redes: one rule a line\r\nDefinir o termo.\r\n".encode())

    assert wanted(str(file)) == WantedRules(draft=RulesId(3), rules=("Definir o termo.",))


async def test_of_two_processes_that_learn_at_once_one_is_refused(terminal: Console, database: str) -> None:
    fill(database)
    refused = asyncio.Event()

    async def waiting(writer: asyncio.StreamWriter, request: Request) -> None:
        await refused.wait()
        await replies(generous)(writer, request)

    async with fake_model(waiting) as server:
        there = terminal.having(OPENAI_BASE_URL=server.base_url, MONITORIA_JUDGE_MODEL="juiz")
        first = asyncio.create_task(there.run("judge", "learn", "--course", "redes"))
        await server.asked.wait()
        second = await there.run("judge", "learn", "--course", "redes")
        rules = await there.run("judge", "learn", "--course", "redes", "--rules")
        refused.set()
        ended = await first

    said = "The judge of 'redes' is learning already; wait until that run has ended."
    assert [(one.code, one.out, one.err.strip()) for one in (second, rules)] == [(1, "", said)] * 2
    assert flat(ended.out).startswith("Shipped."), ended.err
