"""How `monitoria eval --answers` shows answers beside what staff wrote to the same questions."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_args

from rich.console import RenderableType
from rich.text import Text

from bot.terminal import console as terminal
from services.judging.verdicts import Finding
from services.research.truths import ComparedCorrectness, Correctness


def view(by_name: Mapping[str, Correctness], compared: ComparedCorrectness) -> list[RenderableType]:
    """Return the lines of each configuration; without a question that staff have answered, none."""
    if not compared.references and not compared.gone:
        return []
    heading = f"\nBeside what staff wrote, {terminal.counted(compared.references, 'question')} of the set:"
    parts: list[RenderableType] = [Text(heading, style="bold")]
    parts += [Text(f"  {name}: {_said(one)}") for name, one in by_name.items()]
    if compared.gone:
        parts.append(
            Text(f"  Not counted, for staff changed or retired it meanwhile: {compared.gone}.", style="yellow")
        )
    if any(one.served for one in by_name.values()):
        hint = (
            "  Where staff's own words are served there is nothing to compare; --unaided has the model write there too."
        )
        parts.append(Text(hint, style="dim"))
    if len(by_name) > 1:
        parts.append(
            Text(f"  Comparable: {compared.pairs}; without a score on one side: {compared.missing}.", style="dim")
        )
    return parts


def shape(compared: ComparedCorrectness) -> dict[str, Any]:
    return asdict(compared)


def _said(one: Correctness) -> str:
    mean = "no score" if one.mean is None else f"correctness {one.mean:.3f} (n = {one.n})"
    left_out = ", ".join(
        f"{count} {why}"
        for count, why in (
            (one.missing, "without a score"),
            (one.served, "in staff's own words"),
            (one.silent, "without an answer"),
        )
        if count
    )
    findings = ", ".join(f"{one.findings.get(finding, 0)} {finding}" for finding in get_args(Finding))
    statements = f"; statements of staff: {findings}" if one.n else ""
    return f"{mean}{f'; {left_out}' if left_out else ''}{statements}"
