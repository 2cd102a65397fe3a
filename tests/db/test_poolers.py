"""A transaction pooler is named before anything is done through it, and nothing is left on the sessions it keeps."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg import sql

from db import fillings
from db.connect import pool
from db.errors import DatabaseRefused, DatabaseUnavailable
from db.migrate import LOCK, migrate
from db.poolers import require_own_session
from tests.poolers import MADE, Mode


class Pooler(Protocol):
    def __call__(self, url: str, *, mode: Mode, takes_options: bool = False) -> AbstractContextManager[str]: ...


@pytest.fixture(params=sorted(MADE))
def pooler(request: pytest.FixtureRequest) -> Pooler:
    return MADE[request.param]


@pytest.fixture
def impatient(database: str) -> str:
    """The database, as a provider sets it up who ends statements and idle transactions after a second."""
    with psycopg.connect(database, autocommit=True) as conn:
        name = sql.Identifier(conn.info.dbname)
        conn.execute(sql.SQL("alter database {} set idle_in_transaction_session_timeout = '1s'").format(name))
        conn.execute(sql.SQL("alter database {} set statement_timeout = '1s'").format(name))
    return database


def locks(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(
            """
            select classid, objid from pg_locks where locktype = 'advisory'
                and database = (select oid from pg_database where datname = current_database())
            """
        ).fetchall()


@pytest.mark.parametrize("takes_options", [False, True], ids=["options refused", "options ignored"])
async def test_p21_a_transaction_pooler_is_named_in_one_sentence(
    database: str, pooler: Pooler, takes_options: bool
) -> None:
    with (
        pooler(database, mode="transaction", takes_options=takes_options) as url,
        pytest.raises(DatabaseRefused, match=r"through a transaction pooler, .* direct address") as caught,
    ):
        await require_own_session(url)

    assert "\n" not in str(caught.value)


async def test_a_pooler_that_gives_each_connection_its_own_session_will_do(database: str, pooler: Pooler) -> None:
    with pooler(database, mode="session") as url:
        await require_own_session(url)
        assert await migrate(url) == ()
        async with pool(url) as opened, opened.connection() as conn:
            row = await (await conn.execute("select current_setting('statement_timeout')")).fetchone()

    assert row == ("30s",)


async def test_the_direct_address_is_no_pooler(database: str) -> None:
    await require_own_session(database)


async def test_p21_migrating_through_a_transaction_pooler_leaves_no_lock_behind(database: str, pooler: Pooler) -> None:
    with pooler(database, mode="transaction") as url:
        await migrate(url)
        await migrate(url)

        assert locks(database) == []
        assert await migrate(database) == ()


async def test_the_lock_of_filling_is_left_on_no_session(database: str, pooler: Pooler) -> None:
    with pooler(database, mode="transaction") as url:
        async with pool(database, size=1) as opened:
            opened.conninfo = url
            async with fillings.alone(opened) as first, fillings.alone(opened) as second:
                assert (first, second) == (True, False)

        assert locks(database) == []


async def test_waiting_for_another_migration_says_so_and_ends(
    database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.migrate.NOTICE_AFTER_S", 0.0)
    with psycopg.connect(database, application_name="stranded", autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", [LOCK])
        with pytest.raises(
            DatabaseUnavailable, match=r"Another process has been migrating .* 'stranded', idle"
        ) as caught:
            await migrate(database, patience_s=0.3)
        assert f"process {other.info.backend_pid}," in str(caught.value)

    assert [record.getMessage() for record in caplog.records] == ["migrate.waiting"]
    assert await migrate(database) == ()


async def test_a_provider_s_limits_end_no_migration_and_no_lock(impatient: str, tmp_path: Path) -> None:
    (tmp_path / "0001_slow.sql").write_text("select pg_sleep(1.5);")
    with psycopg.connect(impatient, autocommit=True) as conn:
        conn.execute("delete from schema_migrations")

    assert await migrate(impatient, folder=tmp_path) == ("0001_slow",)
