"""What a command costs before it does anything: seconds of CPU, beside those of an empty Python program."""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from db import embedded
from db.migrate import migrate

RUNS = 9
MONITORIA = ("-c", "from bot.cli import main; main()")
COMMANDS = (("--help", "≤ 0.5 s"), ("course list", "≤ 1.2 s"))


async def table() -> Table:
    """Start each command some times, with an embedded database that runs already; return the medians."""
    shown = Table("command", "CPU", "times `python -c pass`", "target", title=f"starting, medians of {RUNS} runs")
    with tempfile.TemporaryDirectory(prefix="monitoria-bench-") as home:
        async with embedded.running(Path(home)) as url:
            await migrate(url)
            there = {**os.environ, "MONITORIA_HOME": home}
            empty_s = await asyncio.to_thread(_cpu_s, ("-c", "pass"), there)
            for command, target in COMMANDS:
                took_s = await asyncio.to_thread(_cpu_s, (*MONITORIA, *command.split()), there)
                shown.add_row(f"monitoria {command}", f"{took_s:.2f} s", f"{took_s / empty_s:.0f}", target)
    return shown


def _cpu_s(arguments: Sequence[str], variables: Mapping[str, str]) -> float:
    """Return the median of what Python and the processes it waits for spend on *arguments*."""
    spent = list[float]()
    for _ in range(RUNS + 1):
        before = _children_s()
        subprocess.run([sys.executable, *arguments], env=variables, stdout=subprocess.DEVNULL, check=True)
        spent.append(_children_s() - before)
    return statistics.median(spent[1:])  # the first one compiles


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
