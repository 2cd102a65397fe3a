"""What a picture of formulas costs: each formula of the tests' table alone, the whole table by eights, the worst."""

import asyncio
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from services.notation.drawing_process import draw
from services.notation.shown import MOST_DRAWN, to_draw

TABLE = Path(__file__).parents[1] / "tests" / "services" / "notation" / "formulas.txt"
WORST = (
    r"\sqrt{" * 10 + "x" + "}" * 10,
    r"\begin{pmatrix}" + r" \\ ".join([" & ".join(r"\frac{a}{b}" for _ in range(6))] * 5) + r"\end{pmatrix}",
    " + ".join([r"\frac{a_1}{b^2}"] * 28),
    "x + " * 140 + "x",
    r"\widehat{" * 10 + "x" + "}" * 10,
)
"""As long, wide or deep as a formula may be."""


async def main(_: Sequence[str]) -> None:
    console = Console()
    rows = [
        row[5:].split("  ⇒ ")[0] for row in TABLE.read_text("utf-8").splitlines() if row and not row.startswith("# ")
    ]
    known = [row for row in rows if to_draw(f"$${row}$$")]
    shown = Table("what", "pictures", "p50, s", "p95, s", "longest, s", "CPU each, s")
    await asyncio.to_thread(measured, shown, "one formula", [[row] for row in known])
    groups = [known[at : at + MOST_DRAWN] for at in range(0, len(known), MOST_DRAWN)]
    await asyncio.to_thread(measured, shown, f"{MOST_DRAWN} formulas", groups)
    await asyncio.to_thread(measured, shown, "the worst", [[row] for row in WORST])
    console.print(shown)


def measured(table: Table, name: str, groups: Sequence[Sequence[str]]) -> None:
    before, took_s, missing = resource.getrusage(resource.RUSAGE_CHILDREN), list[float](), 0
    for group in groups:
        began = time.perf_counter()
        picture = draw(group)
        took_s.append(time.perf_counter() - began)
        missing += len(group) - len(picture.sources if picture else ())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(groups)
    *_, p95 = quantiles(took_s, n=20)
    half = sorted(took_s)[len(took_s) // 2]
    seconds = [f"{value:.2f}" for value in (half, p95, max(took_s), cpu_s)]
    table.add_row(f"{name}, {missing} not drawn", str(len(groups)), *seconds)
