"""A database that a test has used is used again only as it was at first."""

from collections.abc import Generator

import psycopg
import pytest

from tests.databases import SpareDatabases

COURSE = "insert into courses (slug, title, language) values ('redes', 'Redes', 'pt-BR') returning id"


@pytest.fixture
def own(postgres_url: str, template: str) -> Generator[SpareDatabases, None, None]:
    """Databases that no other test takes."""
    spare = SpareDatabases(server=postgres_url, template=template)
    yield spare
    spare.clear()


def test_rows_and_numbers_go(own: SpareDatabases) -> None:
    for _ in range(2):
        with own.lent() as url, psycopg.connect(url) as conn:
            assert conn.execute(COURSE).fetchall() == [(1,)]

    assert len(own.spare) == 1


@pytest.mark.parametrize(
    "change",
    [
        "create table mine ()",
        "create type mood as enum ('good')",
        "create schema mine",
        "alter table courses add column mine text",
        "create or replace view second_look_items as select course_id, item_id from second_looks",
        "drop index annotations_course_id_changed_at_idx",
        "alter table second_looks disable trigger all",
        "update schema_migrations set sha256 = ''",
        "do $$ begin execute format('alter database %I set work_mem = 64', current_database()); end $$",
    ],
)
def test_one_that_is_no_longer_as_it_was_is_dropped(own: SpareDatabases, change: str) -> None:
    with own.lent() as url, psycopg.connect(url) as conn:
        conn.execute(change.encode())

    assert own.spare == []


def test_what_a_test_leaves_open_holds_nothing(own: SpareDatabases) -> None:
    with own.lent() as url:
        left = psycopg.connect(url)
        left.execute(COURSE)

    assert len(own.spare) == 1
    with pytest.raises(psycopg.OperationalError):
        left.execute("select 1")
