"""`backup` and `restore` as an operator runs them."""

import asyncio
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from db.embedded import held
from tests.bot.console import SAMPLES, Console, Ran, captions, ended, having_embeddings
from tests.databases import KEEPER
from tests.db.backup_servers import waiting_for_a_lock
from tests.every_table import fill, rows
from tests.fake_model import embeds, fake_model

INSIDE = "2 courses, 1 lecture, 2 questions and 2 answers, with all that belongs to them"


@pytest.fixture
def filled(terminal: Console) -> Console:
    """A terminal on a database with something in each table."""
    fill(terminal.variables["DATABASE_URL"])
    return terminal


@pytest.fixture
def empty(detached: Console, empty_database: str) -> Console:
    return detached.having(DATABASE_URL=empty_database)


@pytest.fixture
def held_up(terminal: Console) -> Generator[psycopg.Connection, None, None]:
    """A connection that keeps a table, so that a command on it does not come to its end."""
    with psycopg.connect(terminal.variables["DATABASE_URL"]) as conn:
        conn.execute("lock table watermarks")
        yield conn


async def test_a_course_is_searched_and_goes_on_as_before_on_another_machine(terminal: Console, tmp_path: Path) -> None:
    """From a server of one's own to an embedded database, whose path is too long for a socket, and out of it again."""
    home = tmp_path / ("a-long-name-" * 12) / "home"
    file = tmp_path / "monitoria.dump"
    captions(tmp_path / "aulas", "aula-1.vtt", "O gradiente some.", "A rede não aprende.")
    captions(tmp_path / "aulas", "aula-2.vtt", "O tensor tem três eixos.")
    search = ("search", "O que é um tensor?", "--course", "redes", "--json")
    ask = ("ask", "O que é um tensor?", "--course", "redes", "--json")

    async with fake_model(embeds) as model:
        there = having_embeddings(terminal, model)
        here = there.having(DATABASE_URL="", MONITORIA_HOME=str(home))
        taken = await there.run("ingest", str(tmp_path / "aulas"), "--course", "redes")
        first = await there.run(*ask)
        saved = await there.run("backup", str(file))
        with held(home, durable=False):
            restored = await here.run("restore", str(file))
            before, after, second = await asyncio.gather(there.run(*search), here.run(*search), here.run(*ask))
            again = await here.run("backup", str(file), "--replace")

    for ran in (taken, first, saved, restored, before, after, second, again):
        assert ran.code == 0, ran.err
    inside = "1 course, 2 lectures, 1 question and 1 answer, with all that belongs to them"
    assert saved.out.startswith(f"Saved {inside}, in {str(file)!r} (")
    assert restored.out.startswith(f"Restored {inside}, as they were at 2")
    assert after.out == before.out
    assert [hit["score"] is None for hit in after.document["hits"]] == [False, False]
    assert (first.document["question_id"], second.document["question_id"]) == (1, 2)
    assert "2 questions and 2 answers" in again.out


async def test_a_backup_is_its_owners_alone_and_takes_no_other_files_place(filled: Console, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    file = folder / "monitoria.dump"
    file.write_text("of yesterday")
    file.chmod(0o644)

    refused = await filled.run("backup", str(file))
    kept = content(file)
    replaced = await filled.run("backup", str(file), "--replace")

    assert (refused.code, refused.out, kept) == (1, "", b"of yesterday")
    assert refused.err == f"There is a file {str(file)!r} already; name another one, or replace it with --replace.\n"
    assert (replaced.code, replaced.err) == (0, "")
    assert replaced.out.startswith(f"Saved {INSIDE}, in {str(file)!r} (")
    assert replaced.out.count("\n") == 1
    assert content(file).startswith(b"PGDMP")
    assert rights(file) == 0o600
    assert names(folder) == ["monitoria.dump"]


async def test_a_backup_that_cannot_be_says_why_and_leaves_nothing(
    filled: Console, empty: Console, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    file = str(folder / "monitoria.dump")
    unreachable = filled.having(DATABASE_URL="postgresql://ana:s3cret@127.0.0.1:1/monitoria")

    nowhere, directory, away, nothing, toolless = await asyncio.gather(
        filled.run("backup", str(tmp_path / "none" / "monitoria.dump")),
        filled.run("backup", str(folder)),
        unreachable.run("backup", file),
        empty.run("backup", file),
        filled.having(PATH="/nowhere").run("backup", "/proc/monitoria.dump"),
    )

    for ran in (nowhere, directory, away, nothing, toolless):
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert nowhere.err == f"There is no folder {str(tmp_path / 'none')!r} to write the backup into; create it first.\n"
    assert directory.err.startswith(f"{str(folder)!r} is not a file, so the backup cannot take its place")
    assert "'monitoria' on '127.0.0.1' (port 1, user 'ana') cannot be reached" in away.err
    assert "s3cret" not in away.err
    assert "has no tables of Monitoria yet, so there is nothing to save." in nothing.err
    assert toolless.err.startswith("The backup cannot be written into '/proc' (")
    assert names(folder) == []


async def test_a_full_disk_leaves_the_old_backup_and_no_half_of_a_new_one(filled: Console, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    file = folder / "monitoria.dump"
    file.write_text("of yesterday")

    ran = await with_little_room(filled, "backup", str(file), "--replace")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "The backup cannot be written (File too large); make room, and make it again.\n"
    assert content(file) == b"of yesterday"
    assert names(folder) == ["monitoria.dump"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_interrupted_backup_leaves_nothing(
    filled: Console, held_up: psycopg.Connection, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()

    process = await filled.start("backup", str(folder / "monitoria.dump"))
    await waiting_for_a_lock(filled.variables["DATABASE_URL"])
    begun = names(folder)
    process.send_signal(number)
    ran = await ended(process)

    assert len(begun) == 1
    assert (ran.code, ran.out, ran.err) == (130, "", "Interrupted; no backup was written.\n")
    assert names(folder) == []
    held_up.close()
    await left_alone(filled)  # pg_dump too


async def test_what_cannot_be_restored_leaves_the_database_as_it_is(
    filled: Console, empty: Console, tmp_path: Path
) -> None:
    file, half = tmp_path / "monitoria.dump", tmp_path / "half.dump"
    await filled.run("backup", str(file))
    half.write_bytes(content(file)[:-200])
    before = rows(filled.variables["DATABASE_URL"])

    mixed, missing, damaged, foreign = await asyncio.gather(
        filled.run("restore", str(file)),
        empty.run("restore", str(tmp_path / "none.dump")),
        empty.run("restore", str(half)),
        empty.run("restore", str(SAMPLES / "dossier.md")),
    )
    restored = await empty.run("restore", str(file))

    for ran in (mixed, missing, damaged, foreign):
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "is not empty (there are rows in courses, lectures, transcripts and " in mixed.err
    assert rows(filled.variables["DATABASE_URL"]) == before
    assert missing.err.startswith(f"The backup {str(tmp_path / 'none.dump')!r} cannot be read (No such file")
    assert damaged.err.startswith(f"{str(half)!r} cannot be read as a backup (")
    assert foreign.err.startswith(f"{str(SAMPLES / 'dossier.md')!r} cannot be read as a backup (")
    assert (restored.code, restored.err) == (0, "")
    assert restored.out.startswith(f"Restored {INSIDE}, as they were at ")
    assert rows(empty.variables["DATABASE_URL"]) == before


async def test_an_interrupted_restore_leaves_the_database_empty(
    terminal: Console, held_up: psycopg.Connection, empty: Console, tmp_path: Path
) -> None:
    file = tmp_path / "monitoria.dump"
    await empty.run("course", "create", "redes")
    saved = await empty.run("backup", str(file))
    assert saved.code == 0, saved.err

    process = await terminal.start("restore", str(file))
    await waiting_for_a_lock(terminal.variables["DATABASE_URL"])
    process.send_signal(signal.SIGTERM)
    ran = await ended(process)
    held_up.rollback()
    listed = await terminal.run("course", "list")

    assert (ran.code, ran.out, ran.err) == (130, "", "Interrupted; nothing was restored, unless all of it was.\n")
    assert listed.out.startswith("No course yet")


async def with_little_room(there: Console, *arguments: str) -> Ran:
    """Run a command that can write no file of more than a few kilobytes."""
    there.folder.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).parent / "monitoria"
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", 'ulimit -f 16; exec "$0" "$@"', program, *arguments),
        cwd=there.folder,
        env=there.variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await ended(process)


async def left_alone(there: Console) -> None:
    """Return when nobody but the tests themselves is connected to the database any more."""
    others = "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    async with (
        await psycopg.AsyncConnection.connect(there.variables["DATABASE_URL"], autocommit=True) as conn,
        asyncio.timeout(60),
    ):
        while await (await conn.execute(f"{others} and application_name <> %s", [KEEPER])).fetchone():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def content(path: Path) -> bytes:
    return path.read_bytes()


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
