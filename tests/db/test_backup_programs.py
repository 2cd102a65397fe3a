"""The programs that save and restore: found, missing, too old, and how they are told the password."""

from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from db import archives, backups
from db.embedded.programs import shipped
from db.errors import DatabaseRefused, DatabaseUnavailable
from tests.db.backup_servers import by_tls
from tests.db.test_backups import content, saved
from tests.every_table import rows


async def test_no_argument_holds_the_password(
    database: str, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy(tmp_path / "bin", f'printf "%s\\n" "$@" > {tmp_path}/arguments; printf %s "$PGPASSWORD" > {tmp_path}/password')
    monkeypatch.setattr(archives, "shipped", lambda: tmp_path / "bin")

    await saved(make_conninfo(database, password="s3@cret/"), archive)

    assert (tmp_path / "password").read_text() == "s3@cret/"
    assert "--format=custom" in (tmp_path / "arguments").read_text()
    assert "s3" not in (tmp_path / "arguments").read_text()


async def test_a_pg_dump_that_is_older_than_the_server_is_not_used(
    database: str, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin" / "pg_dump", 'echo "pg_dump (PostgreSQL) 13.2"')
    monkeypatch.setattr(archives, "shipped", lambda: tmp_path / "bin")
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(
        DatabaseRefused, match=r"pg_dump' is of version 13\); install .* `apt install postgresql-client"
    ):
        await saved(database, archive)


async def test_a_newer_pg_dump_on_the_path_takes_its_place(
    database: str, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "old" / "pg_dump", 'echo "pg_dump (PostgreSQL) 13.2"')
    monkeypatch.setattr(archives, "shipped", lambda: tmp_path / "old")
    monkeypatch.setenv("PATH", str(shipped()))

    contents = await saved(database, archive)

    assert contents.courses == 0
    assert (await backups.inspect(archive)).tables == len(rows(database)) - 1


async def test_programs_that_are_missing_are_named(
    database: str, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "shipped", lambda: tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(DatabaseRefused, match=r"No pg_dump here can save .* \(there is none\); install"):
        await saved(database, archive)
    with pytest.raises(DatabaseRefused, match="There is no pg_restore here"):
        await backups.inspect(archive)


async def test_what_is_reached_by_tls_is_not_saved_in_the_clear(
    database: str, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pg_dump that the wheel carries would fall back to no encryption without a word."""
    script(
        tmp_path / "bin" / "pg_dump",
        'test "$PGSSLMODE" = require && echo "not compiled in" >&2; echo "(PostgreSQL) 99.1"',
    )
    monkeypatch.setattr(archives, "shipped", lambda: tmp_path / "bin")
    monkeypatch.setenv("PATH", "/nowhere")

    async with by_tls(database) as url:
        with pytest.raises(DatabaseRefused, match=r"reached by TLS \('.*/bin/pg_dump' speaks no TLS\)"):
            await saved(url, archive)


async def test_a_connection_that_fell_to_tls_stays_with_it(
    database: str, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin" / "pg_dump", f'echo "(PostgreSQL) 99.1"; echo "$1 $PGSSLMODE" >> {tmp_path}/asked; exit 1')
    monkeypatch.setattr(archives, "shipped", lambda: tmp_path / "bin")

    async with by_tls(database) as url:
        with pytest.raises(DatabaseRefused, match="cannot be saved"):
            await saved(make_conninfo(url, sslmode="prefer"), archive)

    assert "--format=custom require\n" in content(tmp_path / "asked").decode()


async def test_a_database_that_goes_away_meanwhile_is_said_to(
    database: str, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy(tmp_path / "bin", "export PGHOSTADDR=127.0.0.1 PGPORT=1")
    monkeypatch.setattr(archives, "shipped", lambda: tmp_path / "bin")

    with pytest.raises(DatabaseUnavailable, match="went away during the backup"):
        await saved(database, archive)


def script(path: Path, commands: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{commands}\n")
    path.chmod(0o755)


def spy(folder: Path, commands: str) -> None:
    """Put programs in *folder* that are those of the wheel, but do *commands* before they save."""
    for name in ("pg_dump", "pg_restore"):
        script(folder / name, f'if [ "$1" = --format=custom ]; then {commands}; fi\nexec {shipped()}/{name} "$@"')
