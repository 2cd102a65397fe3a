"""A file is written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from services.errors import Refused
from services.ground.files import replacing


def test_a_file_takes_its_place_when_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "export.md"
    target.write_text("before")

    with replacing(target, what="export") as file:
        file.write(b"after")
        assert target.read_text() == "before"

    assert target.read_text() == "after"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_stays_as_it_was_after_an_error(tmp_path: Path) -> None:
    target = tmp_path / "export.md"
    target.write_text("before")

    with suppress(ZeroDivisionError), replacing(target, what="export") as file:
        file.write(b"after")
        raise ZeroDivisionError

    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    target, shortcut = tmp_path / "export.md", tmp_path / "latest.md"
    target.write_text("before")
    shortcut.symlink_to(target)

    with replacing(shortcut, what="export") as file:
        file.write(b"after")

    assert shortcut.is_symlink()
    assert target.read_text() == "after"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none/export.md", "There is no folder"), (".", "is not a file"), ("/dev/null", "is not a file")],
)
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason), replacing(tmp_path / name, what="export"):
        pass


def test_a_file_that_must_stay_stays(tmp_path: Path) -> None:
    target = tmp_path / "backup.dump"
    target.write_text("before")

    with (
        pytest.raises(Refused, match="already; name another one"),
        replacing(target, what="backup", may_exist=False) as file,
    ):
        file.write(b"after")

    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "backup.dump"

    def overtaken() -> None:
        with replacing(target, what="backup", may_exist=False):
            target.write_text("theirs")

    with pytest.raises(Refused, match="already"):
        overtaken()

    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("is_private", "rights"), [(True, 0o600), (False, 0o644)])
def test_a_private_file_is_its_owners_alone_from_the_beginning(tmp_path: Path, is_private: bool, rights: int) -> None:
    before = os.umask(0o022)
    try:
        with replacing(tmp_path / "backup.dump", what="backup", is_private=is_private):
            [beside] = tmp_path.iterdir()
            begun = beside.stat().st_mode & 0o777
    finally:
        os.umask(before)

    assert (begun, (tmp_path / "backup.dump").stat().st_mode & 0o777) == (rights, rights)
