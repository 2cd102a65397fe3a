"""The commands `monitoria course …`."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.terminal.ending import to_the_end
from bot.terminal.options import LanguageOption
from services.ground.lazily import lazily

if TYPE_CHECKING:
    from bot.process import environment
    from bot.terminal import commands
    from bot.terminal import digest as digesting
    from bot.terminal.judging import judge as judging
else:
    # As in `bot.cli`: no command waits for what another one needs.
    environment, commands = lazily("bot.process.environment"), lazily("bot.terminal.commands")
    digesting, judging = lazily("bot.terminal.digest"), lazily("bot.terminal.judging.judge")

ContextShareOption = Annotated[
    float | None, typer.Option("--context-share", help="Of judged answers whose passages are judged too, 0 to 1.")
]
DailyTokensOption = Annotated[
    str | None,
    typer.Option(
        "--daily-tokens", metavar="N|none", help="What the judge may spend a day (UTC); a model's maps, half of it."
    ),
]
LabelsOption = Annotated[str | None, typer.Option("--labels", metavar="IIPC", help="The labels of the scores 0 to 3.")]
SecondOpinionOption = Annotated[
    Literal["on", "off"] | None,
    typer.Option("--second-opinion", help="Have a second model, never a person, score doubtful answers too."),
]
SecondOpinionShareOption = Annotated[
    float | None,
    typer.Option("--second-opinion-share", help="Of answers that are not doubtful, scored so as well, 0 to 1."),
]
SecondShareOption = Annotated[
    float | None,
    typer.Option("--second-share", help="Of labelled answers that a second person labels blind, 0 to 1."),
]

course_app = typer.Typer(no_args_is_help=True, help="Create courses and see what they hold.")


@course_app.command("create")
def course_create(
    slug: Annotated[str, typer.Argument(help="A short name: small letters, digits and hyphens.")],
    title: Annotated[str, typer.Option("--title", help="The name that people read.")] = "",
    language: LanguageOption = "pt-BR",
) -> None:
    """Create a course."""
    to_the_end(commands.create_course(environment.setup(), slug=slug, title=title, language=language))


@course_app.command("list")
def course_list() -> None:
    """List the courses."""
    to_the_end(commands.list_courses(environment.setup()))


@course_app.command("show")
def course_show(slug: Annotated[str, typer.Argument(help="The course's short name.")]) -> None:
    """List a course's lectures, with the ids that --lecture takes."""
    to_the_end(commands.show_course(environment.setup(), slug))


@course_app.command("judge")
def course_judge(
    slug: Annotated[str, typer.Argument(help="The course's short name.")],
    flag_below: Annotated[int | None, typer.Option("--flag-below", help="Flag scores below this one, 0 to 4.")] = None,
    judge_share: Annotated[float | None, typer.Option("--judge-share", help="Of answers to judge, 0 to 1.")] = None,
    audit_share: Annotated[
        float | None, typer.Option("--audit-share", help="Of good answers that staff look at too, 0 to 1.")
    ] = None,
    context_share: ContextShareOption = None,
    second_share: SecondShareOption = None,
    daily_tokens: DailyTokensOption = None,
    labels: LabelsOption = None,
    second_opinion: SecondOpinionOption = None,
    second_opinion_share: SecondOpinionShareOption = None,
) -> None:
    """Show how a course's answers are judged and flagged, or change it; each change is a new version."""
    order = judging.JudgeOrder(
        flag_below=flag_below,
        judge_share=judge_share,
        audit_share=audit_share,
        context_share=context_share,
        second_share=second_share,
        daily_tokens=daily_tokens,
        labels=labels,
        second_opinion=None if second_opinion is None else second_opinion == "on",
        second_opinion_share=second_opinion_share,
    )
    to_the_end(judging.settings(environment.setup(), slug, order))


@course_app.command("prices")
def course_prices(
    slug: Annotated[str, typer.Argument(help="The course's short name.")],
    read: Annotated[float | None, typer.Option("--in", min=0, help="The price of a million tokens read.")] = None,
    written: Annotated[float | None, typer.Option("--out", min=0, help="… and of a million written.")] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Three letters, such as BRL or USD.")] = None,
    forget: Annotated[
        bool, typer.Option("--none", help="Have no prices; the digest then counts tokens alone.")
    ] = False,
) -> None:
    """Show what the models' tokens cost, or change it, so that the weekly digest tells the cost in money."""
    order = digesting.PricesOrder(read=read, written=written, currency=currency, forget=forget)
    to_the_end(digesting.prices(environment.setup(), slug, order))
