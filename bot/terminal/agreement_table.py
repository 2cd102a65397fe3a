"""How the agreement between judge and people looks in a terminal, with a word on each figure that may mislead."""

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from services.ground.faults import Faults
from services.ground.text import clean
from services.research.agreement import LABELS, AgreementReport, Comparison, Disagreement, JudgeConfiguration
from services.research.annotators import EPSILON, StandIn
from services.research.threshold import RESAMPLES, Threshold

QUOTED = 130
"""Characters of a text that are shown; `--json` has all of it."""

SETTLED = 0.8
"""A threshold that fewer resamples choose may well be another one with other labels."""

READING = {
    "agree": "share of equal labels; beside it the range that so few answers allow (95 %, Wilson).",
    "AC1": "agreement beyond chance (Gwet); steady where nearly every answer is C.",
    "κ": "the same by Cohen. Never read it alone: where 95 % are C, it is 0.19 at 93 % agreement.",
    "κw": "κ on I < P < C, in which C against I counts double. Not on 0–3: people give labels, no scores, and the "
    "course's map has folded the judge's scores into three.",
    "left out": "labelled, but not compared: a tie among people, or no score of the judge.",
}
STUDENTS = "vote C (👍) or I (👎), never P: where the judge says P, they cannot agree. They vote where they like."
INFORMED = "the judge's score was on the card, which pulls towards it; `staff, blind` is the fair comparison."
BOTH = "An answer that staff and students labelled is in both rows; in `all`, staff's label counts."
FLAGGING = (
    "finds: share of the answers labelled P or I that would be flagged. spares: share of those labelled C that would "
    f"be left alone. J: finds + spares - 1. best in: share of {RESAMPLES:,} resamples of the labels that choose it."
)
CEILING = "two of staff on the same answer: no judge can be expected to agree with staff more than they do."
SECOND = (
    "a second model, or the judge's asked otherwise, on doubtful answers: against staff, beside the judge on the same "
    "answers, and against the judge. It changes no score; where the two split, staff look."
)
HALVES = "what the judge learns from, and what shows whether it has learned; a question stays where it is."
FAULTS = {
    "search": "of n, the passages were not about the question; beside it the range that so few allow (95 %, Wilson).",
    "drawn": "the same share with each answer standing for 1 / its probability of being asked about.",
    "answer": "of n, the passages were about it, and the answer was weak nevertheless.",
    "missing": "no verdict on the passages, or none yet.",
    "unasked": "of all answers a share (course judge --context-share), and what staff label P or I, is asked about.",
}
UNTOLD = "labelled by one of staff, and counted once nobody is to label it blind any more (a second look)."
SELECTED = "Staff label mostly what was flagged; answers drawn for audit are what shows flags that were missed."


def agreement(course: str, report: AgreementReport) -> RenderableType:
    everything = report.groups["all"]
    if not everything.labelled and not report.configurations:
        return Text(f"Nothing to compare in {course!r} yet: no answer is judged, and none is labelled.", style="yellow")
    shown = {name: one for name, one in report.groups.items() if one.labelled and not _repeats(name, report)}
    parts: list[RenderableType] = [
        _heading(f"Judge against people in {course}: {everything.n} answers compared"),
        _figures(shown),
        *_reading(shown),
        *_kappa_notes(shown),
        *_sampling(shown),
    ]
    if everything.n:
        parts += [_heading("\nAll answers by label, judge down, people across"), _matrix(everything)]
    parts += [_heading("Not compared"), *_left_out(report)]
    if len(report.configurations) > 1:
        parts += [_heading("\nBy configuration of the judge"), *_configurations(report.configurations)]
    if in_use := report.in_use:
        now = f"(now: scores below {report.flag_below})"
        parts += [_heading(f"\nWhen to flag: {_named(in_use)} {now}"), *_threshold(in_use.threshold)]
    if report.groups["staff, each other"].n:
        parts += [_heading("\nMay the judge stand in for one of staff?"), _stand_in(report.stand_in)]
    if report.faults["all"].weak:
        parts += [_heading("\nWeak answers: a bad search or a bad answer?"), *_faults(report.faults, report.flag_below)]
    if report.disagreements:
        parts.append(_heading("\nWhere they differ most"))
        parts += [_disagreement(number, one) for number, one in enumerate(report.disagreements, start=1)]
    return Group(*parts)


def _repeats(name: str, report: AgreementReport) -> bool:
    """Tell whether the row *name* would say what the row `all` says: there is nothing imported to tell apart."""
    return name == "made here" and not report.groups["imported"].labelled


def _figures(groups: Mapping[str, Comparison]) -> Table:
    table = _table()
    table.add_column("", overflow="fold")
    for name in ("n", "agree", "95 %", "AC1", "κ", "κw", "left out"):
        table.add_column(name, justify="right", no_wrap=True)
    for group, one in groups.items():
        table.add_row(
            escape(group),
            str(one.n),
            _percent(one.agreement),
            _range(one.interval),
            _decimal(one.ac1),
            _decimal(one.kappa),
            _decimal(one.weighted_kappa),
            str(one.labelled - one.n),
        )
    return table


def _reading(groups: Mapping[str, Comparison]) -> list[RenderableType]:
    lines = [_remark(name, meaning) for name, meaning in READING.items()]
    if "by students" in groups:
        lines.append(_remark("students", STUDENTS))
    if {"by staff", "by students"} <= groups.keys():
        lines.append(_remark("", BOTH))
    if "staff, test" in groups:
        lines.append(_remark("halves", HALVES))
    if "staff, each other" in groups:
        lines.append(_remark("each other", CEILING))
    if "judge, second opinion" in groups:
        lines.append(_remark("second", SECOND))
    if "staff, judge seen" in groups:
        lines.append(_remark("judge seen", INFORMED))
    return lines


def _kappa_notes(groups: Mapping[str, Comparison]) -> list[RenderableType]:
    noted: defaultdict[str, list[str]] = defaultdict(list)
    for group, one in groups.items():
        if one.kappa_note:
            noted[one.kappa_note].append(group)
    return [Text(f"κ {note} ({'; '.join(names)}).", style="yellow") for note, names in noted.items()]


def _sampling(groups: Mapping[str, Comparison]) -> list[RenderableType]:
    weighted = {name: one.weighted_agreement for name, one in groups.items() if one.weighted_agreement is not None}
    if not weighted:
        return []
    listed = "; ".join(f"{name} {_percent(share)}" for name, share in weighted.items())
    return [
        Text(
            "Not every answer was judged. With each one standing for 1 / its probability of being judged, judge and "
            f"people agree on: {listed}. The range above does not hold for these.",
            style="yellow",
        )
    ]


def _matrix(everything: Comparison) -> Table:
    table = _table()
    table.add_column("judge \\ people")
    for label in LABELS:
        table.add_column(label, justify="right", min_width=5)
    for at, (label, row) in enumerate(zip(LABELS, everything.matrix, strict=True)):
        table.add_row(label, *(f"[bold]{count}[/]" if at == to else str(count) for to, count in enumerate(row)))
    return table


def _left_out(report: AgreementReport) -> list[RenderableType]:
    """Account for every answer that was not compared."""
    everything = report.groups["all"]
    failures = _counted(report.failures.items())
    unjudged = _counted(report.labelled_unjudged.items())
    only_answered = f" ({unjudged}). Only what is `answered` is judged for relevance." if unjudged else "."
    return [
        _remark(str(everything.tied), "tied: people contradict each other evenly."),
        _remark(str(everything.failed), "labelled, but the judge's last attempt gave no score."),
        _remark(str(everything.unjudged), f"labelled, not judged{only_answered}"),
        _remark(str(report.judged_unlabelled), "judged, and labelled by nobody."),
        *([_remark(str(report.untold), UNTOLD)] if report.untold else []),
        _remark(
            str(sum(report.failures.values())),
            "failures of the judge, labelled or not" + (f": {failures}." if failures else "."),
        ),
    ]


def _configurations(configurations: Sequence[JudgeConfiguration]) -> list[RenderableType]:
    table = _table()
    table.add_column("model, prompt", overflow="fold")
    for name in ("n", "agree", "95 %", "AC1", "κ", "failed", "flag below"):
        table.add_column(name, justify="right")
    for one in configurations:
        proposed = one.threshold.proposed
        table.add_row(
            escape(_named(one)),
            str(one.figures.n),
            _percent(one.figures.agreement),
            _range(one.figures.interval),
            _decimal(one.figures.ac1),
            _decimal(one.figures.kappa),
            str(sum(one.failures.values())),
            "–" if proposed is None else str(proposed),
        )
    lines: list[RenderableType] = [
        table,
        Text(
            "The one in use comes first. Each is compared on the answers that it judged, which need not be the same; "
            "the rows at the top take the last judgement of each answer, whichever made it.",
            style="dim",
        ),
    ]
    for one in configurations:
        if len(one.settings_versions) > 1:
            versions = ", ".join(map(str, one.settings_versions))
            mixed = f"{_named(one)}: labels made with several versions of the settings ({versions}); the scores stay."
            lines.append(Text(mixed, style="yellow"))
    return lines


def _threshold(threshold: Threshold) -> list[RenderableType]:
    if not threshold.tried:
        return [Text(f"No proposal: {threshold.reason}.", style="yellow")]
    table = _table()
    for name in ("below", "finds", "95 %", "spares", "95 %", "J", "best in"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in threshold.tried:
        table.add_row(
            f"{one.below} ◀" if one.below == threshold.proposed else f"{one.below}  ",
            _percent(one.sensitivity),
            _range(one.sensitivity_interval),
            _percent(one.specificity),
            _range(one.specificity_interval),
            _decimal(one.youden),
            _percent(one.chosen),
        )
    return [table, _proposal(threshold), Text(FLAGGING, style="dim"), Text(SELECTED, style="dim")]


def _proposal(threshold: Threshold) -> Text:
    of = f"{threshold.labels} labels of staff, {threshold.need_repair} of them P or I"
    if threshold.proposed is None:
        return Text(f"No proposal from {of}: {threshold.reason}.", style="yellow")
    chosen = next(one.chosen for one in threshold.tried if one.below == threshold.proposed)
    unsettled = "" if chosen >= SETTLED else " Not settled: other labels would often choose another one."
    return Text(f"Proposed from {of}: flag scores below {threshold.proposed}.{unsettled}", style="bold")


def _stand_in(found: StandIn) -> Text:
    if found.may is None:
        return Text(f"Nobody can tell yet: {found.reason}.", style="yellow")
    won = sum(one.is_won for one in found.people)
    answer = "It may" if found.may else "It may not"
    return Text(
        f"{answer}: it agrees with the others as well as {won} of {len(found.people)} people do, less {EPSILON:g} for "
        "being cheaper (the alternative annotator test; half of them must be won).",
        style="bold" if found.may else "yellow",
    )


def _faults(groups: Mapping[str, Faults], flag_below: int) -> list[RenderableType]:
    table = _table()
    table.add_column("", overflow="fold")
    for name in ("weak", "n", "search", "95 %", "drawn", "answer", "missing", "unasked"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = {"all": "all", "staff": "staff: P or I", "judge": f"judge: below {flag_below}"}
    for group, one in groups.items():
        table.add_row(
            rows[group],
            str(one.weak),
            str(one.n),
            f"{one.search} ({_percent(one.search_share)})" if one.n else "–",
            _range(one.interval),
            _percent(one.weighted_share),
            str(one.answer) if one.n else "–",
            str(one.missing),
            str(one.undrawn),
        )
    return [table, *(_remark(name, meaning) for name, meaning in FAULTS.items())]


def _disagreement(number: int, one: Disagreement) -> RenderableType:
    judged = one.judgement
    head = Text(f"{number:>2}. judge {judged.label} (score {judged.score}), {one.people} {one.verdict}", style="bold")
    head.append(f"  question {one.case.answer.question_id}", style="dim")
    said = [("asked", one.case.answer.question, "cyan"), ("answer", one.case.answer.text, "")]
    said += [("judge", " / ".join(filter(None, (judged.criteria, judged.evidence))) or "gave no reason", "dim")]
    for opinion in one.case.opinions:
        why = ": ".join(filter(None, (opinion.reason, opinion.comment))) or "gave no reason"
        said.append((opinion.role, f"{opinion.label}, {why}", "dim"))
    table = Table.grid(padding=(0, 1))
    table.add_column(width=10, justify="right")
    table.add_column(overflow="fold")
    for who, what, style in said:
        table.add_row(who, Text(textwrap.shorten(clean(what), QUOTED, placeholder=" …"), style=style))
    return Group(head, table)


def _remark(name: str, meaning: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=10, justify="right")
    grid.add_column(overflow="fold")
    grid.add_row(name, Text(meaning, style="dim"))
    return grid


def _heading(title: str) -> Text:
    return Text(title, style="bold")


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True)


def _named(one: JudgeConfiguration) -> str:
    learned = f", configuration {one.learned}" if one.learned else ""
    return f"{one.model}, {one.prompt_id or 'no prompt'}{learned}"


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _range(interval: tuple[float, float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:.0%}–{interval[1]:.0%}"


def _decimal(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.2f}"
