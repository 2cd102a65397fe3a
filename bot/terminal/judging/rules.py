"""`monitoria judge learn --rules`: a model's draft of how staff grade, for a person to read, change and try."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from bot.terminal import console as terminal
from db.records import RulesId
from services import wiring
from services.errors import Refused
from services.ground import files
from services.judging import fitting
from services.research.learning import distilling
from services.research.learning.distilling import Disputes, Distilled
from services.research.learning.ruling import WantedRules
from services.wiring import Setup

LARGEST_FILE = 100_000
"""Bytes; five rules have a thousand."""
NO_JUDGE = "There is no judge; set MONITORIA_JUDGE_MODEL, with OPENAI_API_KEY or MONITORIA_JUDGE_BASE_URL, in .env."
DRAFT = re.compile(r"^\s*#\s*draft (\d{1,9})\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOrder:
    """What `monitoria judge learn --rules` was told."""

    course: str
    out: Path | None
    dry_run: bool
    as_json: bool


async def draft(setup: Setup, order: DraftOrder) -> None:
    """Have rules written, keep them as a draft, and show them; nothing of it is in use."""
    async with wiring.judging(setup) as opened:
        course = await opened.courses.find(order.course)
        if order.dry_run:
            found = await distilling.disputes(opened.pool, course)
            _show(order, _counts(found), disputes_view(found))
            return
        if opened.judge is None:
            raise Refused(NO_JUDGE)
        with terminal.status("The judge's model reads the disagreements …"):
            done = await distilling.distil(opened.pool, opened.judge, course)
    if order.out:
        with files.replacing(order.out, what="rules") as file:
            file.write(_file(order.course, done).encode())
        terminal.tell(f"Wrote {str(order.out)!r}.", style="green")
    _show(order, document(done), view(order, done))


def wanted(written: str | None) -> WantedRules | None:
    """
    Read what `--with-rules` names: the number of a draft, or a file with one rule a line.

    Raises:
        Refused: it is neither, or the file cannot be read.

    """
    if written is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", written):
        return WantedRules(draft=RulesId(int(written)), rules=None)
    text = _read(Path(written))
    of = DRAFT.search(text)  # wherever an editor has put it: without it rules would have come from no answer
    return WantedRules(draft=RulesId(int(of[1])) if of else None, rules=fitting.read(text.splitlines()))


def document(done: Distilled) -> dict[str, Any]:
    return {
        "draft": done.draft,
        "rules": list(done.rules),
        "left_out": [{"rule": rule, "why": why} for rule, why in done.left_out],
        **_counts(done.disputes),
        "tokens": done.tokens,
    }


def view(order: DraftOrder, done: Distilled) -> RenderableType:
    name = str(order.out) if order.out else str(done.draft)
    return Group(
        Text(f"Draft {done.draft}: nothing of it is in use.", style="bold"),
        Text(f"From {_shown(done.disputes)}. {done.tokens:,} tokens.\n", style="dim"),
        *listed(done.rules),
        *(Text(f"Left out, for {why}: {rule}", style="yellow") for rule, why in done.left_out),
        Text(
            "\nAre they true, and would your staff sign them? "
            + ("Change or delete lines of the file as you like, then try them:" if order.out else "Then try them:")
        ),
        Text(f"monitoria judge learn --course {order.course} --with-rules {name}"),
    )


def listed(rules: tuple[str, ...]) -> list[RenderableType]:
    return [Text(f"{number}. {rule}") for number, rule in enumerate(rules, start=1)]


def disputes_view(found: Disputes) -> RenderableType:
    characters = sum(len(one.shown) for one in found.shown)
    return Group(
        Text(f"The model would be shown {_shown(found)}, {characters:,} characters, in one call:"),
        *(Text(f"judge: {one.judged}  staff: {one.example.label}  {one.example.question[:90]}") for one in found.shown),
    )


def _show(order: DraftOrder, document: dict[str, Any], view: RenderableType) -> None:
    if order.as_json:
        terminal.print_json({"course": order.course, **document})
    else:
        terminal.show(view)


def _counts(found: Disputes) -> dict[str, Any]:
    return {
        "shown": len(found.shown),
        "differ": found.differ,
        "compared": found.compared,
        "sources": [one.example.answer for one in found.shown],
    }


def _shown(found: Disputes) -> str:
    return (
        f"{len(found.shown)} of {found.differ} answers of the development half that staff see otherwise than the judge "
        f"(of {found.compared} that both labelled)"
    )


def _file(course: str, done: Distilled) -> str:
    first = (
        f"# draft {done.draft} of {course}: one rule a line, five at most. Change or delete lines as you like, but "
        "leave this one: it tells which answers they come from."
    )
    return "\n".join([first, *done.rules, ""])


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Refused(f"The file {str(path)!r} is too large for a list of rules; write one rule a line.")
        return path.read_bytes().decode("utf-8-sig")  # as Windows saves it
    except OSError as error:
        raise Refused(
            f"The rules {str(path)!r} cannot be read ({error.strerror}); name a draft's number, or a file."
        ) from None
    except ValueError:
        raise Refused(f"The file {str(path)!r} is no text in UTF-8; save it as such.") from None
