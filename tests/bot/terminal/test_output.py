"""How commands end is not ours to choose: Ctrl-C, an encoding without our characters, a full disk, a closed stream."""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from bot.terminal.ending import in_a_sentence
from tests.bot.console import ROOT, Console, ended, flat

FULL = Path("/dev/full")
PROGRAM = (sys.executable, "-c", "from bot.cli import main; main()")


def started_anew(there: Console, encoding: str = "utf-8") -> Console:
    """Return a terminal whose programs are no forks: what a start makes of its streams is what is tested."""
    return replace(there, program=PROGRAM).having(PYTHONPATH=str(ROOT), PYTHONIOENCODING=encoding)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
async def test_a_terminal_without_our_characters_loses_them_alone(sampled: Console, encoding: str) -> None:
    there = started_anew(sampled, encoding)
    process = await there.start("course", "show", "redes")
    out, err = await process.communicate()
    process = await there.start("doctor")
    checks, _ = await process.communicate()

    assert (process.returncode, err) == (0, b"")
    assert b"aula-01-perceptron" in out
    assert "Descida do gradiente e retropropagação".encode(encoding, "replace") in out
    assert b"? " in checks  # for the mark of what is well


async def test_json_is_the_same_in_any_encoding(sampled: Console) -> None:
    asked = ("search", "gradiente", "--course", "redes", "--json", "-k", "3")
    there, plain = started_anew(sampled), started_anew(sampled, "ascii")

    assert (await plain.run(*asked)).document == (await there.run(*asked)).document
    assert "\\u" not in (await there.run(*asked)).out


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [("course", "show", "redes"), ("doctor", "--json"), ("--help",)])
async def test_a_full_disk_is_told_in_a_sentence(sampled: Console, arguments: tuple[str, ...]) -> None:
    full = os.open(FULL, os.O_WRONLY)
    ran = await ended(await started_anew(sampled).start(*arguments, stdout=full))
    os.close(full)

    assert ran.code == 1
    assert flat(ran.err) == (
        "There is no room for what this command writes (No space left on device); make some, and run it again."
    )


async def test_a_closed_output_breaks_nothing(sampled: Console) -> None:
    there = started_anew(sampled)
    words = ("search", "gradiente", "--course", "redes", "--json")
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        'exec "$@" >&-',
        "sh",
        *there.program,
        *words,
        env=there.variables,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()

    assert err == b""
    assert json.loads((await there.run(*words)).out)["hits"]


def test_a_ctrl_c_before_the_work_begins_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()

    @app.command()
    def loading() -> None:
        """Be interrupted as in an import, where no loop runs yet."""
        raise KeyboardInterrupt

    with pytest.raises(SystemExit, match="130"):
        in_a_sentence(lambda: app(args=[]))

    assert capsys.readouterr().err == "Interrupted; what was done so far is kept.\n"
