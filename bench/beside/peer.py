"""A peer's store, as the bench asks it: a process in another environment, one JSON line a question."""

import asyncio
import json
import subprocess
import venv
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
PINNED = HERE / "requirements.txt"
LINE_BYTES = 2**24
SETUPS = ("documented", "tuned")
PEERS = {"langchain": "langchain-postgres", "llama": "llama-index"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What every contestant gets: segments of courses, and questions to them."""

    vectors: NDArray[np.float32]  # (segments, dimension), unit length
    courses: Sequence[int]  # of each segment
    texts: Sequence[str]  # the distinct ones
    which: Sequence[int]  # text of each segment
    asked: NDArray[np.float32]  # (questions, dimension)
    questions: Sequence[tuple[int, str]]  # course and words
    text_config: str  # PostgreSQL's name of the language

    def write(self, folder: Path) -> None:
        np.save(folder / "vectors.npy", self.vectors)
        np.save(folder / "courses.npy", np.array(self.courses, np.int32))
        np.save(folder / "which.npy", np.array(self.which, np.int32))
        np.save(folder / "asked.npy", self.asked)
        (folder / "texts.json").write_text(json.dumps(list(self.texts)), "utf-8")
        questions = [{"course": course, "text": text} for course, text in self.questions]
        (folder / "questions.json").write_text(json.dumps(questions), "utf-8")
        (folder / "text_config").write_text(self.text_config, "utf-8")


class Peer:
    """One peer, filled with the material; ask one question at a time."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self.name = name

    async def fill(self, first: int) -> dict[str, float]:
        """Write the material, *first* rows by the peer's own call; return their `rows_per_s`, and `index_s`."""
        return await self._told({"do": "fill", "first": first})

    async def ask(self, setup: str, way: str, number: int) -> tuple[float, list[int]]:
        """Return the milliseconds that the peer's call took, and the numbers of what it found."""
        told = await self._told({"do": "ask", "setup": setup, "way": way, "number": number})
        return told["ms"], told["found"]

    async def rate(self, setup: str, way: str, numbers: Sequence[int], at_once: int) -> float:
        """Return questions a second."""
        asked = {"do": "rate", "setup": setup, "way": way, "numbers": list(numbers), "at_once": at_once}
        return (await self._told(asked))["per_s"]

    async def _told(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended; what it wrote stands above")
        return json.loads(line)


def environment(folder: Path) -> Path:
    """Return the Python of the peers' virtual environment in *folder*, made where it is not there or not as pinned."""
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    if not stamp.exists() or stamp.read_text("utf-8") != PINNED.read_text("utf-8"):
        venv.create(folder, clear=True, with_pip=True)
        install = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", PINNED]
        subprocess.run(install, check=True)
        stamp.write_text(PINNED.read_text("utf-8"), "utf-8")
    return python


@asynccontextmanager
async def running(python: Path, peer: str, *, url: str, folder: Path) -> AsyncGenerator[Peer, None]:
    """Keep *peer*'s process up; it reads its material from *folder*."""
    process = await asyncio.create_subprocess_exec(
        *(python, HERE / "theirs", peer, url, str(folder)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=LINE_BYTES,
    )
    try:
        yield Peer(process, PEERS[peer])
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
