"""What the environment decides."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.process.settings import GROUPS, DatabaseSettings, LogSettings, ModelSettings

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")


@pytest.fixture(autouse=True)
def folder_without_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def monitoria(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from bot.cli import main; main()", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_example_lists_each_variable_and_no_other() -> None:
    settings = [str(field.validation_alias) for group in GROUPS for field in group.model_fields.values()]

    assert sorted(re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE)) == sorted(settings)


def test_the_example_sets_nothing() -> None:
    assert re.findall(r"^[A-Z_]+=.+$", EXAMPLE, re.MULTILINE) == []


def test_the_example_explains_each_variable() -> None:
    blocks = EXAMPLE.strip().split("\n\n")[1:]

    assert all(block.startswith("# ") for block in blocks)
    assert sum(len(re.findall(r"^[A-Z_]+=", block, re.MULTILINE)) for block in blocks) == EXAMPLE.count("=\n")


def test_the_example_read_as_it_is_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(EXAMPLE, encoding="utf-8")
    assert ModelSettings().embedding_model == "intfloat/multilingual-e5-small"
    assert DatabaseSettings().url is None
    assert ModelSettings() == ModelSettings.model_validate({})


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("MONITORIA_EMBEDDING_BACKEND", "")
    monkeypatch.setenv("MONITORIA_ANSWER_MODEL", "")

    models = ModelSettings()

    assert models.openai_api_key is None
    assert models.embedding_backend == "torch"
    assert models.answer_model == "gpt-5-mini"
    assert models.model_fields_set == set()


def test_the_shell_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("MONITORIA_ANSWER_MODEL=file\nMONITORIA_EMBEDDING_MODEL=none\n", encoding="utf-8")
    monkeypatch.setenv("MONITORIA_ANSWER_MODEL", "shell")

    models = ModelSettings()

    assert (models.answer_model, models.embedding_model) == ("shell", "none")


def test_a_home_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MONITORIA_HOME", "~/x")

    assert DatabaseSettings().home == tmp_path / "x"


def test_a_relative_home_is_of_the_folder_one_stands_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MONITORIA_HOME", "data")

    assert DatabaseSettings().home == tmp_path / "data"


@pytest.mark.parametrize("level", ["INFO", "info", "Info"])
def test_a_log_level_may_be_written_in_any_case(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORIA_LOG_LEVEL", level)

    assert LogSettings().level == "info"


@pytest.mark.parametrize("group", GROUPS)
def test_settings_do_not_change(group: type[DatabaseSettings | ModelSettings | LogSettings]) -> None:
    settings = group()

    for field in group.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(settings, field, "other")


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ana:hidden@db.example/monitoria")

    shown = f"{ModelSettings()!r} {ModelSettings()} {DatabaseSettings()!r} {DatabaseSettings()}"

    assert "hidden" not in shown


def test_a_wrong_value_is_one_sentence() -> None:
    done = monitoria("course", "list", MONITORIA_EMBEDDING_BACKEND="onnx")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("MONITORIA_EMBEDDING_BACKEND is 'onnx', which cannot be used")


def test_a_wrong_log_setting_is_one_sentence() -> None:
    done = monitoria("course", "list", MONITORIA_LOG_FORMAT="xml")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "MONITORIA_LOG_FORMAT is 'xml'" in done.stderr


def test_fields_of_embedding_requests_are_names_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORIA_EMBEDDING_QUERY_FIELDS", "input_type=query, dimensions=512,")
    assert ModelSettings().embedding_query_fields == "input_type=query,dimensions=512"


@pytest.mark.parametrize("said", ["query", "=query", "input_type=", "model=other", "a=b=c", "a=b|c"])
def test_what_is_no_field_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("MONITORIA_EMBEDDING_PASSAGE_FIELDS", said)
    with pytest.raises(ValidationError, match="input_type=query"):
        ModelSettings()


@pytest.mark.parametrize("written", ["MONITORIA_LOG_LEVEL=alto\n".encode("utf-8-sig"), b"MONITORIA_LOG_LEVEL=alto\n"])
def test_a_file_of_settings_is_read_with_the_mark_that_some_editors_write(tmp_path: Path, written: bytes) -> None:
    (tmp_path / ".env").write_bytes(written)

    ran = monitoria("course", "list")

    assert (ran.returncode, "MONITORIA_LOG_LEVEL is 'alto'" in ran.stderr) == (1, True)


def test_a_file_of_settings_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("OPENAI_API_KEY=chave\n".encode("utf-16"))

    ran = monitoria("course", "list")

    assert (ran.returncode, ran.stderr) == (78, "The settings in '.env' are not UTF-8; save the file as UTF-8.\n")
