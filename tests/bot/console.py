"""The command line as a process of its own, in an environment that holds nothing but what a test says."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.fake_model import FakeModel

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a process left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object and nothing else."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """An operator's terminal: 80 columns, no model, no key."""

    folder: Path
    variables: dict[str, str]
    program: tuple[str, ...]  # and its first arguments

    def having(self, **variables: str) -> "Console":
        return replace(self, variables=self.variables | variables)

    async def start(
        self, *arguments: str, stdin: int = asyncio.subprocess.PIPE, stdout: int = asyncio.subprocess.PIPE
    ) -> asyncio.subprocess.Process:
        self.folder.mkdir(parents=True, exist_ok=True)
        return await asyncio.create_subprocess_exec(
            *self.program,
            *arguments,
            cwd=self.folder,  # where a developer's .env is not
            env=self.variables,
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, typed: str = "") -> Ran:
        return await ended(await self.start(*arguments), typed)


async def ended(process: asyncio.subprocess.Process, typed: str = "") -> Ran:
    """Wait for *process*; it must not show a traceback, whatever happens to it."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate(typed.encode() if process.stdin else None)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    ran = Ran(code=process.returncode, out=(out or b"").decode(), err=err.decode())
    assert "Traceback" not in ran.out + ran.err, ran.err
    return ran


def console(folder: Path, forks: Sequence[str] = (), **variables: str) -> Console:
    """Return a terminal on an empty folder; its program is the installed one, or one of *forks*."""
    outside = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    ours = {
        "MONITORIA_HOME": str(folder / "home"),
        "MONITORIA_EMBEDDING_MODEL": "none",
        "HF_HUB_OFFLINE": "1",
        "COLUMNS": "80",
    }
    program = (*forks, "monitoria") if forks else (str(Path(sys.executable).parent / "monitoria"),)
    return Console(folder=folder / "work", variables=outside | ours | variables, program=program)


def having_embeddings(there: Console, model: FakeModel) -> Console:
    return there.having(
        MONITORIA_EMBEDDING_BACKEND="openai",
        MONITORIA_EMBEDDING_BASE_URL=model.base_url,
        MONITORIA_EMBEDDING_MODEL="words",
    )


def flat(text: str) -> str:
    """Return *text* without frames and line ends, so that wrapping does not matter."""
    return " ".join(text.replace("│", " ").split())


def captions(folder: Path, name: str, *sentences: str) -> Path:
    """Write a lecture as WebVTT, a sentence each ten seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    cues = [f"{_at(10 * n)} --> {_at(10 * n + 9)}\n{said}" for n, said in enumerate(sentences)]
    file = folder / name
    file.write_text("\n\n".join(["WEBVTT", *cues]) + "\n", "utf-8")
    return file


def _at(second: int) -> str:
    return f"00:{second // 60:02}:{second % 60:02}.000"
