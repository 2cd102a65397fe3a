"""The commands `monitoria judge …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal.ending import to_the_end
from bot.terminal.options import CourseOption, JsonOption
from services.ground.lazily import lazily

if TYPE_CHECKING:
    from bot.process import environment
    from bot.terminal import judge as judging
    from bot.terminal import judge_learn as judge_learning
    from bot.terminal import judge_rules as judge_ruling
    from bot.terminal import judge_runs as judge_running
    from bot.terminal import pairs as pairing
else:
    # As in `bot.cli`: no command waits for what another one needs.
    environment, judging = lazily("bot.process.environment"), lazily("bot.terminal.judge")
    judge_learning, judge_running = lazily("bot.terminal.judge_learn"), lazily("bot.terminal.judge_runs")
    judge_ruling = lazily("bot.terminal.judge_rules")
    pairing = lazily("bot.terminal.pairs")

FEWEST_EXAMPLES = 2

judge_app = typer.Typer(
    help="Judge now what is due, and wait for it; see how the judge itself was measured.\n\n"
    "Judgements are never replaced: a new one is added, and the last one counts."
)


@judge_app.callback(invoke_without_command=True)
def judge(
    context: typer.Context,
    missing: Annotated[bool, typer.Option("--missing", help="Also what has no verdict yet, failures too.")] = False,
    answer: Annotated[int | None, typer.Option("--answer", metavar="ID", help="This answer only, once more.")] = None,
    course: Annotated[str | None, typer.Option("--course", metavar="SLUG", help="With --missing: one course.")] = None,
) -> None:
    """Judge now what is due, unless a command of the group is named."""
    if context.invoked_subcommand:
        if missing or answer is not None or course:
            raise typer.BadParameter(f"write options after `judge {context.invoked_subcommand}`, not before it")
        return
    if (missing and answer is not None) or (course and not missing):
        raise typer.BadParameter("--missing and --answer exclude each other, and --course goes with --missing")
    to_the_end(judging.judge(environment.setup(), missing=missing, answer=answer, slug=course))


@judge_app.command("learn")
def judge_learn(
    course: CourseOption,
    examples: Annotated[
        int, typer.Option("--examples", min=0, max=12, help="At most so many examples; 0 only with rules.")
    ] = 6,
    tested: Annotated[int, typer.Option("--tested", min=40, help="At most so many answers of the test half.")] = 200,
    rules: Annotated[
        bool, typer.Option("--rules", help="Have rules written from what staff see otherwise; use none.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="With --rules: write them there too, to change them.")
    ] = None,
    with_rules: Annotated[
        str | None, typer.Option("--with-rules", metavar="DRAFT", help="Try rules too: a draft's number, or a file.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be learned and what it costs; ask nothing.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Judge by the prompt alone again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """
    Let the judge learn from staff's labels: try examples on questions that it has not seen, and ship them if they help.

    Examples are chosen from one half of the labelled questions and tried on the other. They ship only if agreement with
    staff has risen there beyond chance, and flags cost staff no more time.

    Rules say in a sentence what examples only show: --rules has a model write some, which you read and change, and
    --with-rules tries them in the same way.
    """
    for is_wrong, why in (
        (
            forget and (dry_run or as_json or rules or with_rules),
            "--forget goes alone: it is done at once, and has nothing to show",
        ),
        (rules and with_rules, "--rules has rules written and --with-rules tries some: one after the other"),
        (out and (dry_run or not rules), "--out goes with --rules, and not with --dry-run"),
        (examples < FEWEST_EXAMPLES and not with_rules, "so few --examples go with --with-rules only"),
    ):
        if is_wrong:
            raise typer.BadParameter(why)
    if forget:
        to_the_end(judge_learning.forget(environment.setup(), course))
        return
    if rules:
        draft = judge_ruling.DraftOrder(course=course, out=out, dry_run=dry_run, as_json=as_json)
        to_the_end(judge_ruling.draft(environment.setup(), draft))
        return
    order = judge_learning.LearningOrder(
        course=course, examples=examples, tested=tested, rules=with_rules, dry_run=dry_run, as_json=as_json
    )
    to_the_end(judge_learning.learn(environment.setup(), order), when_interrupted="nothing was shipped")


@judge_app.command("canaries")
def judge_canaries(course: CourseOption) -> None:
    """Have the judge see its canaries now, as it does each week, and tell whether it has changed or misses errors."""
    to_the_end(judging.canaries(environment.setup(), course))


@judge_app.command("pairs")
def judge_pairs(course: CourseOption, as_json: JsonOption = False) -> None:
    """Show which of two configurations the judge prefers, which staff prefer, and how often they say the same."""
    to_the_end(pairing.standing(environment.setup(), course, as_json=as_json))


@judge_app.command("runs")
def judge_runs(
    course: CourseOption,
    most: Annotated[int, typer.Option("--last", min=1, help="So many, the latest.")] = 20,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Also draw what scores are worth, and the weeks.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show each time that the judge was measured, beside the time before."""
    order = judge_running.RunsOrder(course=course, most=most, png=png, as_json=as_json)
    to_the_end(judge_running.runs(environment.setup(), order))
