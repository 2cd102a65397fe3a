"""All that a database holds goes into an archive and comes back from it, or nothing does and a sentence says why."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from db import backups
from db.embedded.programs import shipped
from db.errors import DatabaseRefused, DatabaseUnavailable
from db.migrate import MIGRATIONS, migrate, pending
from db.records.operation import BackupContents, BackupStep
from tests.databases import created
from tests.db.backup_servers import OLDER, older_server, put_apart, waiting_for_a_lock
from tests.every_table import fill, rows


async def saved(url: str, path: Path) -> BackupContents:
    with path.open("wb") as file:
        return await last(backups.save(url, file))


async def restored(url: str, path: Path) -> BackupContents:
    return await last(backups.restore(url, await backups.inspect(path)))


async def last(events: AsyncGenerator[BackupStep | BackupContents, None]) -> BackupContents:
    contents = [event async for event in events][-1]
    assert isinstance(contents, BackupContents)
    return contents


async def test_every_row_comes_back_and_numbers_go_on(database: str, empty_database: str, archive: Path) -> None:
    fill(database)
    there = rows(database)

    contents = await saved(database, archive)
    again = await restored(empty_database, archive)

    assert contents == again == BackupContents(courses=2, lectures=1, questions=2, answers=2)
    assert [table for table, found in there.items() if not found] == []
    assert rows(empty_database) == there
    with psycopg.connect(empty_database) as conn:
        [number] = conn.execute(
            "insert into courses (slug, title, language) values ('c', 'C', 'en') returning id"
        ).fetchall()
        assert number == (3,)
        with pytest.raises(psycopg.errors.RaiseException, match="a row of judgements is never changed"):
            conn.execute("update judgements set model = 'another'")


async def test_a_migrated_database_without_rows_is_empty_too(database: str, empty_database: str, archive: Path) -> None:
    fill(database)
    await saved(database, archive)
    await migrate(empty_database)
    with psycopg.connect(empty_database) as conn:
        conn.execute("create table of_somebody_else as select 1 as n")

    await restored(empty_database, archive)

    found = rows(empty_database)
    assert len(found.pop("of_somebody_else")) == 1
    assert found == rows(database)


async def test_what_is_saved_is_one_moment_while_others_write(
    database: str, empty_database: str, archive: Path
) -> None:
    fill(database)
    writing = asyncio.create_task(asking(database))
    await more_questions(database, than=2)

    contents = await saved(database, archive)
    await more_questions(database, than=contents.questions)
    writing.cancel()
    await asyncio.wait({writing})
    await restored(empty_database, archive)

    with psycopg.connect(empty_database) as conn:
        found = conn.execute("select count(*) from questions").fetchall()
    assert found == [(contents.questions,)]


async def asking(url: str) -> None:
    """Store questions without a pause."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        while True:
            await conn.execute(
                "insert into questions (course_id, text, language, source) values (1, 'q', 'pt', 'eval')"
            )


async def more_questions(url: str, *, than: int) -> None:
    """Return as soon as there are more."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn, asyncio.timeout(60):
        while not await (await conn.execute("select 1 from questions offset %s", [than])).fetchone():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_steps_lead_to_the_end(database: str, empty_database: str, archive: Path) -> None:
    fill(database)

    with archive.open("wb") as file:
        there = [event async for event in backups.save(database, file) if isinstance(event, BackupStep)]
    found = await backups.inspect(archive)
    back = [event async for event in backups.restore(empty_database, found) if isinstance(event, BackupStep)]

    tables = len(rows(database)) - 1
    for steps in (there, back):
        assert [step.done for step in steps] == sorted(step.done for step in steps)
        assert {step.total for step in steps} == {tables}
        assert steps[-1].done == tables
    assert there[-1].size_bytes == len(content(archive))
    assert {step.doing for step in back} == rows(database).keys() - {"sequences"} | {"indexes and checks"}


async def test_an_old_schema_is_saved_as_it_is_and_brought_up_to_date_after(
    empty_database: str, postgres_url: str, archive: Path, tmp_path: Path
) -> None:
    first = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    for later in sorted(first.glob("*.sql"))[1:]:
        later.unlink()
    await migrate(empty_database, folder=first)
    with psycopg.connect(empty_database) as conn:
        conn.execute("insert into courses (slug, title, language) values ('c', 'C', 'en')")

    await saved(empty_database, archive)
    waiting = await pending(empty_database)
    with created(postgres_url, copy_of="template0") as target:
        await restored(target, archive)
        left, found = await pending(target), rows(target)

    assert len(waiting) == len(list(MIGRATIONS.glob("*.sql"))) - 1
    assert left == ()
    assert found["courses"] == rows(empty_database)["courses"]


async def test_a_newer_or_changed_schema_is_refused(
    empty_database: str, database: str, archive: Path, tmp_path: Path
) -> None:
    newer = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (newer / f"{len(list(newer.glob('*.sql'))) + 1:04}_of_tomorrow.sql").write_text("select 1;")
    await migrate(empty_database, folder=newer)
    await saved(empty_database, archive)
    with psycopg.connect(database) as conn:
        conn.execute("update schema_migrations set sha256 = repeat('0', 64) where name = '0001_first_light'")
    await saved(database, tmp_path / "changed.dump")

    with pytest.raises(DatabaseRefused, match=r"newer Monitoria \(it has '0\d+_of_tomorrow'\); update this program"):
        await backups.inspect(archive)
    with pytest.raises(DatabaseRefused, match="another Monitoria, whose '0001_first_light' is not this program's"):
        await backups.inspect(tmp_path / "changed.dump")


async def test_what_is_no_archive_of_ours_is_refused(empty_database: str, tmp_path: Path) -> None:
    text, foreign = tmp_path / "text.dump", tmp_path / "foreign.dump"
    text.write_text("-- PostgreSQL database dump\n" * 100)
    with psycopg.connect(empty_database) as conn:
        conn.execute("create table courses (id int)")
    dump_by_hand(empty_database, foreign)

    with pytest.raises(DatabaseRefused, match="cannot be read as a backup"):
        await backups.inspect(text)
    with pytest.raises(DatabaseRefused, match="is not a backup of Monitoria"):
        await backups.inspect(foreign)


async def test_a_dump_made_by_hand_is_restored_too(database: str, empty_database: str, archive: Path) -> None:
    fill(database)
    dump_by_hand(database, archive)

    await restored(empty_database, archive)

    assert rows(empty_database) == rows(database)


async def test_a_damaged_archive_leaves_the_database_empty(database: str, empty_database: str, archive: Path) -> None:
    fill(database)
    await saved(database, archive)
    await migrate(empty_database)
    before = rows(empty_database)
    os.truncate(archive, len(content(archive)) - 200)  # the last rows; what it says of itself stands at the beginning

    with pytest.raises(DatabaseRefused, match="cannot be read as a backup"):
        await restored(empty_database, archive)

    assert rows(empty_database) == before


async def test_a_database_with_rows_is_refused_and_left_as_it_is(
    database: str, empty_database: str, archive: Path, tmp_path: Path
) -> None:
    """Not even its schema is brought up to date."""
    fill(database)
    await saved(database, archive)
    first = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    for later in sorted(first.glob("*.sql"))[1:]:
        later.unlink()
    await migrate(empty_database, folder=first)
    with psycopg.connect(empty_database) as conn:
        conn.execute("insert into courses (slug, title, language) values ('c', 'C', 'en')")
    before = rows(empty_database)

    with pytest.raises(DatabaseRefused, match=r"is not empty \(there are rows in courses\)"):
        await restored(empty_database, archive)
    with pytest.raises(DatabaseRefused, match=r"rows in courses, lectures, transcripts and \d+ more"):
        await restored(database, archive)

    assert rows(empty_database) == before


async def test_rows_that_come_while_it_begins_are_not_lost(database: str, empty_database: str, archive: Path) -> None:
    await saved(database, archive)
    found = await backups.inspect(archive)
    await migrate(empty_database)
    async with await psycopg.AsyncConnection.connect(empty_database) as other:
        await other.execute("insert into courses (slug, title, language) values ('c', 'C', 'en')")
        restoring = asyncio.create_task(last(backups.restore(empty_database, found)))
        await waiting_for_a_lock(empty_database)
        await other.commit()

        with pytest.raises(DatabaseRefused, match="is not empty"):
            await restoring

    assert len(rows(empty_database)["courses"]) == 1


async def test_tables_that_others_hold_are_not_waited_for_without_end(
    database: str, empty_database: str, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await saved(database, archive)
    await migrate(empty_database)
    monkeypatch.setattr(backups, "LOCK_PATIENCE_MS", 50)
    with psycopg.connect(database) as one, psycopg.connect(empty_database) as two:
        one.execute("lock table questions")
        two.execute("select from questions")

        with pytest.raises(DatabaseRefused, match="Another program is at work in the database"):
            await restored(empty_database, archive)
        # It counts questions itself before pg_dump comes, so only a table that it does not count is waited for there.
        one.rollback()
        one.execute("lock table watermarks")
        with pytest.raises(DatabaseUnavailable, match=r"keeps a table of the database .* locked"):
            await saved(database, archive)


async def test_a_restore_that_is_called_off_leaves_the_database_empty(
    database: str, empty_database: str, archive: Path
) -> None:
    fill(database)
    await saved(database, archive)
    await migrate(empty_database)
    before = rows(empty_database)

    async with aclosing(backups.restore(empty_database, await backups.inspect(archive))) as steps:
        async for step in steps:
            if isinstance(step, BackupStep) and step.done == step.total:
                break

    assert rows(empty_database) == before


async def test_a_database_without_tables_has_nothing_to_save(empty_database: str, archive: Path) -> None:
    with pytest.raises(DatabaseRefused, match="no tables of Monitoria yet, so there is nothing to save"):
        await saved(empty_database, archive)


async def test_the_tables_may_lie_in_a_schema_of_their_own(
    empty_database: str, postgres_url: str, archive: Path
) -> None:
    own = make_conninfo(empty_database, options="-c search_path=monitoria,public")
    with psycopg.connect(empty_database) as conn:
        conn.execute("create extension vector")
        conn.execute("create schema monitoria")
        conn.execute("create table public.of_somebody_else as select 1 as n")
    await migrate(own)
    with psycopg.connect(own) as conn:
        conn.execute("insert into courses (slug, title, language) values ('c', 'C', 'en')")

    await saved(own, archive)
    with created(postgres_url, copy_of="template0") as target:
        with pytest.raises(DatabaseRefused, match=r"schema 'monitoria', and those .* in 'public'; let search_path"):
            await restored(target, archive)
        with psycopg.connect(target) as conn:
            conn.execute("create schema monitoria")
        contents = await restored(make_conninfo(target, options="-c search_path=monitoria,public"), archive)

        assert contents.courses == 1
        assert "of_somebody_else" not in rows(target)


async def test_an_older_server_takes_what_a_newer_one_held(database: str, archive: Path) -> None:
    fill(database)
    await saved(database, archive)

    with older_server() as url:
        await restored(url, archive)
        with psycopg.connect(url) as conn:
            assert conn.info.server_version // 10_000 == OLDER
        assert rows(url) == rows(database)


def content(archive: Path) -> bytes:
    return archive.read_bytes()


def dump_by_hand(url: str, path: Path) -> None:
    dump = [shipped() / "pg_dump", "--format=custom", f"--file={path}", f"--dbname={url}"]
    subprocess.run(dump, check=True)


# Servers


@pytest.fixture(params=["extensions", "heroku_ext", "My extensions"])
def with_extensions_apart(request: pytest.FixtureRequest, postgres_url: str) -> Generator[str, None, None]:
    """A migrated database whose pgvector is in a schema of its own, as with Supabase and Heroku."""
    with created(postgres_url, copy_of="template0") as url:
        put_apart(url, request.param)
        asyncio.run(migrate(url))
        yield url


async def test_p22_a_backup_with_extensions_in_a_schema_of_their_own_restores_anywhere(
    with_extensions_apart: str, empty_database: str, archive: Path
) -> None:
    fill(with_extensions_apart)
    with psycopg.connect(with_extensions_apart) as conn:
        conn.execute("update segments set text = text || ' extensions.vector, OPERATOR(extensions.<=>)'")
    there = rows(with_extensions_apart)

    await saved(with_extensions_apart, archive)
    await restored(empty_database, archive)

    assert rows(empty_database) == there


async def test_p22_a_backup_of_any_database_restores_beside_extensions_in_a_schema_of_their_own(
    database: str, empty_database: str, archive: Path
) -> None:
    fill(database)
    put_apart(empty_database, "extensions")

    await saved(database, archive)
    await restored(empty_database, archive)

    assert rows(empty_database) == rows(database)
