"""A database gets each numbered file once, in order, whoever else is doing the same."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from db.errors import DatabaseRefused, MigrationEdited, MigrationFailed, MigrationsMisnumbered, SchemaAhead
from db.migrate import MIGRATIONS, migrate, pending, require_postgres

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "0001_light.sql").write_text("-- why\ncreate table light (id int);\ninsert into light values (1);\n")
    (made / "0002_dark.sql").write_text("create table dark (id int);\n")
    return made


def check_out_on_windows(folder: Path) -> None:
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(statement.encode()).fetchall()


async def test_files_are_applied_in_order_and_only_once(empty_database: str, folder: Path) -> None:
    first = await migrate(empty_database, folder=folder)
    second = await migrate(empty_database, folder=folder)

    assert first == ("0001_light", "0002_dark")
    assert second == ()
    assert rows(empty_database, "select count(*) from light") == [(1,)]


async def test_pending_says_what_is_missing_and_changes_nothing(empty_database: str, folder: Path) -> None:
    before = await pending(empty_database, folder=folder)
    again = await pending(empty_database, folder=folder)
    await migrate(empty_database, folder=folder)
    (folder / "0003_later.sql").write_text("select 1;")

    assert before == again == ("0001_light", "0002_dark")
    assert await pending(empty_database, folder=folder) == ("0003_later",)


async def test_the_extension_is_there_before_the_first_file(empty_database: str, folder: Path) -> None:
    (folder / "0003_vectors.sql").write_text("create table v (e vector(3), h halfvec(3), s sparsevec(3));")

    assert (await migrate(empty_database, folder=folder))[-1] == "0003_vectors"


async def test_a_file_that_fails_leaves_nothing_and_keeps_the_ones_before(empty_database: str, folder: Path) -> None:
    (folder / "0003_wrong.sql").write_text("create table half (id int);\nselect nonsense;")

    with pytest.raises(MigrationFailed, match=r"'0003_wrong' failed \(column \"nonsense\" does not exist\)"):
        await migrate(empty_database, folder=folder)

    assert rows(empty_database, "select to_regclass('half')") == [(None,)]
    assert await pending(empty_database, folder=folder) == ("0003_wrong",)


async def test_a_file_may_ask_to_run_outside_a_transaction(empty_database: str, folder: Path) -> None:
    (folder / "0003_index.sql").write_text(
        "-- migrate: outside-transaction\ncreate index concurrently light_id on light (id);"
    )

    assert "0003_index" in await migrate(empty_database, folder=folder)


async def test_an_edited_file_is_refused_by_name(empty_database: str, folder: Path) -> None:
    await migrate(empty_database, folder=folder)
    (folder / "0001_light.sql").write_text("create table light (id bigint);")

    with pytest.raises(MigrationEdited, match="'0001_light' was applied"):
        await migrate(empty_database, folder=folder)
    with pytest.raises(MigrationEdited):
        await pending(empty_database, folder=folder)


async def test_a_checkout_with_other_line_ends_is_the_same_file(empty_database: str, folder: Path) -> None:
    await migrate(empty_database, folder=folder)
    check_out_on_windows(folder)

    assert await migrate(empty_database, folder=folder) == ()


async def test_a_database_of_a_newer_program_is_left_alone(empty_database: str, folder: Path) -> None:
    await migrate(empty_database, folder=folder)
    (folder / "0002_dark.sql").unlink()

    with pytest.raises(SchemaAhead, match=r"newer Monitoria .*'0002_dark'.* update this program"):
        await migrate(empty_database, folder=folder)
    with pytest.raises(SchemaAhead):
        await pending(empty_database, folder=folder)


@pytest.mark.parametrize("name", ["0004_gap.sql", "0002_double.sql", "3_short.sql", "0003-Words.sql"])
async def test_numbers_with_a_gap_or_a_double_are_refused(empty_database: str, folder: Path, name: str) -> None:
    (folder / name).write_text("select 1;")

    with pytest.raises(MigrationsMisnumbered, match="no gap and no double"):
        await migrate(empty_database, folder=folder)


async def test_a_locked_table_fails_the_file_instead_of_blocking_everybody(empty_database: str, folder: Path) -> None:
    await migrate(empty_database, folder=folder)
    (folder / "0003_alter.sql").write_text("set local lock_timeout = '50ms'; alter table light add word text;")

    with psycopg.connect(empty_database) as other:
        other.execute("select * from light")
        with pytest.raises(MigrationFailed, match="lock timeout"):
            await migrate(empty_database, folder=folder)


async def test_files_run_with_a_limit_on_waiting_for_locks(empty_database: str, folder: Path) -> None:
    (folder / "0003_seen.sql").write_text("create table seen as select current_setting('lock_timeout') as it;")

    await migrate(empty_database, folder=folder)

    assert rows(empty_database, "select it from seen") == [("4s",)]


def test_four_processes_racing_apply_each_file_once(empty_database: str, folder: Path) -> None:
    (folder / "0003_slow.sql").write_text("select pg_sleep(0.2); create table slow (id int);")
    program = (
        "import asyncio, sys; from pathlib import Path; from db.migrate import migrate\n"
        "print(*asyncio.run(migrate(sys.argv[1], folder=Path(sys.argv[2]))))"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_database, str(folder)],
            cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    ends = [(racer.communicate(), racer.returncode) for racer in racers]

    assert [code for _, code in ends] == [0, 0, 0, 0], ends
    assert sorted(said.strip() for (said, _), _ in ends) == ["", "", "", "0001_light 0002_dark 0003_slow"]


async def test_tasks_of_one_process_race_as_well(empty_database: str, folder: Path) -> None:
    done = await asyncio.gather(*(migrate(empty_database, folder=folder) for _ in range(4)))

    assert sorted(done, key=len) == [(), (), (), ("0001_light", "0002_dark")]


@pytest.fixture
def somebody(empty_database: str) -> Generator[str, None, None]:
    """The URL of the empty database for a user without any rights."""
    with psycopg.connect(empty_database, autocommit=True) as conn:
        name = f"{conn.info.dbname}_user"
        conn.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))
        yield make_conninfo(empty_database, user=name)
        conn.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


async def test_without_the_right_to_create_the_extension_the_command_is_named(somebody: str, folder: Path) -> None:
    with pytest.raises(DatabaseRefused, match="administrator must run `create extension vector`"):
        await migrate(somebody, folder=folder)


async def test_without_the_right_to_create_tables_the_command_is_named(
    empty_database: str, somebody: str, folder: Path
) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        conn.execute("create extension vector")

    with pytest.raises(DatabaseRefused, match="must run `grant create on schema public"):
        await migrate(somebody, folder=folder)


async def test_a_server_without_pgvector_is_named_with_the_package(empty_database: str, folder: Path) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        if conn.info.server_version < 180000:
            pytest.skip("only PostgreSQL 18 can be told to look for extensions elsewhere")
        name = sql.Identifier(conn.info.dbname)
        conn.execute(sql.SQL("alter database {} set extension_control_path = '/nowhere'").format(name))

    with pytest.raises(DatabaseRefused, match="has no pgvector; an administrator must install it"):
        await migrate(empty_database, folder=folder)


async def test_an_old_pgvector_is_refused(empty_database: str, folder: Path) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        conn.execute("create extension vector")
        conn.execute("update pg_extension set extversion = '0.6.2' where extname = 'vector'")

    with pytest.raises(DatabaseRefused, match=r"has pgvector 0\.6\.2, and Monitoria needs 0\.7"):
        await migrate(empty_database, folder=folder)


async def test_p22_pgvector_off_the_search_path_is_named_with_what_to_run(empty_database: str, folder: Path) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        conn.execute("create schema extensions")
        conn.execute("create extension vector schema extensions")
        name = sql.Identifier(conn.info.dbname)

    with pytest.raises(DatabaseRefused, match=r"pgvector in the schema 'extensions', .*search_path") as caught:
        await migrate(empty_database, folder=folder)
    with psycopg.connect(empty_database, autocommit=True) as conn:
        advised = re.search(r"`(alter role .*?)`", str(caught.value))
        assert advised is not None
        conn.execute(advised[1].encode())
    try:
        assert await migrate(empty_database, folder=folder) == ("0001_light", "0002_dark")
    finally:
        with psycopg.connect(empty_database, autocommit=True) as conn:
            user = sql.Identifier(conn.info.user)
            conn.execute(sql.SQL("alter role {} in database {} reset search_path").format(user, name))


@pytest.mark.parametrize(
    ("said", "ours"),
    [  # MicrosoftDocs/azure-docs#112176, Azure-Samples/azure-python-labs#81, pgvector/pgvector#209
        ('extension "vector" is not allow-listed for "azure_pg_admin" users in Azure Database', "azure.extensions"),
        ('extension "vector" is not in rds.allowed_extensions', "rds.allowed_extensions"),
    ],
)
async def test_an_extension_that_a_provider_must_allow_is_named(
    empty_database: str, folder: Path, said: str, ours: str
) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        refuse = f"begin raise exception '{said}' using errcode = 'feature_not_supported'; end"
        conn.execute(
            sql.SQL("create function refuse() returns event_trigger language plpgsql as {}").format(sql.Literal(refuse))
        )
        conn.execute(
            "create event trigger provider on ddl_command_start when tag in ('CREATE EXTENSION') "
            "execute function refuse()"
        )

    with pytest.raises(DatabaseRefused, match=rf"does not allow the extension vector yet; .*{ours}"):
        await migrate(empty_database, folder=folder)


async def test_a_read_only_replica_is_named(empty_database: str, folder: Path) -> None:
    with psycopg.connect(empty_database, autocommit=True) as conn:
        name = sql.Identifier(conn.info.dbname)
        conn.execute(sql.SQL("alter database {} set default_transaction_read_only = on").format(name))

    with pytest.raises(DatabaseRefused, match="takes no writes: it is a read-only replica"):
        await migrate(empty_database, folder=folder)


def test_an_old_postgres_is_refused() -> None:
    with pytest.raises(DatabaseRefused, match="is PostgreSQL 13, and Monitoria needs 14"):
        require_postgres(130011, "postgresql:///monitoria")


async def test_our_own_migrations_are_all_applied_to_the_template(database: str) -> None:
    assert await pending(database, folder=MIGRATIONS) == ()
