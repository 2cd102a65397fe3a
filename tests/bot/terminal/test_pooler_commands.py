"""Each command says in one sentence that DATABASE_URL leads through a transaction pooler, and does nothing there."""

from pathlib import Path

import psycopg
import pytest

from tests.bot.console import Console, captions, flat
from tests.poolers import small_pooler

COMMANDS = [
    ["migrate"],
    ["course", "create", "c", "--title", "C"],
    ["course", "list"],
    ["ask", "O que é um tensor?", "--course", "c"],
    ["search", "tensor", "--course", "c", "--json"],
    ["ingest", "aula.vtt", "--course", "c"],
    ["judge", "--missing"],
    ["queue"],
    ["reindex"],
    ["export", "--course", "c", "--format", "csv"],
    ["backup", "monitoria.dump"],
    ["worker"],
    ["demo"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(command[:2]) for command in COMMANDS])
async def test_p21_every_command_names_the_pooler(terminal: Console, command: list[str], tmp_path: Path) -> None:
    captions(tmp_path / "work", "aula.vtt", "um tensor é um arranjo")
    with small_pooler(terminal.variables["DATABASE_URL"], mode="transaction") as url:
        ran = await terminal.having(DATABASE_URL=url).run(*command)

    assert ran.code == 1
    assert "is reached through a transaction pooler" in flat(ran.err)
    assert flat(ran.err).count("direct address") == 1


async def test_p21_doctor_names_the_pooler_and_looks_at_the_rest(terminal: Console) -> None:
    with small_pooler(terminal.variables["DATABASE_URL"], mode="transaction") as url:
        ran = await terminal.having(DATABASE_URL=url).run("doctor", "--json")

    found = {check["name"]: check for check in ran.document["checks"]}
    assert (ran.code, found["database"]["state"]) == (1, "failed")
    assert "transaction pooler" in found["database"]["detail"]
    assert "answers" in found


async def test_p22_doctor_says_that_pgvector_is_off_the_search_path(terminal: Console) -> None:
    with psycopg.connect(terminal.variables["DATABASE_URL"]) as conn:
        conn.execute("create schema extensions")
        conn.execute("alter extension vector set schema extensions")

    ran = await terminal.run("doctor", "--json")
    asked = await terminal.run("course", "list")

    found = {check["name"]: check for check in ran.document["checks"]}
    assert (ran.code, found["database"]["state"]) == (1, "failed")
    assert "pgvector in the schema 'extensions', which is not on the search path" in found["database"]["detail"]
    assert (asked.code, "not on the search path" in flat(asked.err)) == (1, True)
