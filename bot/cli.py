"""The command line of Monitoria."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, TypeVar

import typer
from pydantic import ValidationError

from bot.process import logs
from bot.process.settings import (
    DatabaseSettings,
    DiscordSettings,
    HealthSettings,
    LogSettings,
    MailSettings,
    ModelSettings,
)
from services.errors import Misconfigured, MonitoriaError
from services.ground.lazily import lazily

if TYPE_CHECKING:
    from bot import running
    from bot.terminal import chat as chatting
    from bot.terminal import commands
    from bot.terminal import console as terminal
    from bot.terminal import demo as demonstration
    from bot.terminal import digest as digesting
    from bot.terminal import judge as judging
    from bot.terminal import replay as replaying
    from services import wiring
    from services.models import embedder, llm
else:
    # `--help` and wrong usage wait for none of them, and no command for what another one needs.
    chatting, commands, demonstration = (
        lazily("bot.terminal.chat"),
        lazily("bot.terminal.commands"),
        lazily("bot.terminal.demo"),
    )
    digesting, judging, replaying = (
        lazily("bot.terminal.digest"),
        lazily("bot.terminal.judge"),
        lazily("bot.terminal.replay"),
    )
    running, terminal = lazily("bot.running"), lazily("bot.terminal.console")
    embedder, llm, wiring = (
        lazily("services.models.embedder"),
        lazily("services.models.llm"),
        lazily("services.wiring"),
    )

T = TypeVar("T")

EX_CONFIG = 78
"""Of sysexits.h, on every system: what a supervisor is told not to restart upon."""

KEPT = "what was done so far is kept"

SAMPLE_QUESTION = "O que acontece quando o gradiente some em uma rede recorrente?"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Answers students' questions from the recorded lectures, with links that open the video at the second.\n\n"
    "Try [bold]monitoria demo[/] first; then [bold]course create[/], [bold]ingest[/] and [bold]ask[/]. "
    "What is configured, and what is reachable, [bold]monitoria doctor[/] tells.",
)
course_app = typer.Typer(no_args_is_help=True, help="Create courses and see what they hold.")
app.add_typer(course_app, name="course")

CourseOption = Annotated[str, typer.Option("--course", metavar="SLUG", help="The course, by its short name.")]
LectureOption = Annotated[
    str | None, typer.Option("--lecture", metavar="ID", help="This lecture only; `course show` lists the ids.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
LanguageOption = Annotated[
    Literal["pt-BR", "en"], typer.Option("--language", help="The language of the course and of its lectures.")
]


def main() -> None:
    """
    Run `monitoria`; one sentence says what went wrong.

    Exit 0 when done, 1 when something failed, 2 on wrong usage, 78 when nothing can work until a setting is changed.
    """
    try:
        logs.configure(LogSettings())
        app()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        _fail(f"{name} is {first['input']!r}, which cannot be used ({first['msg']}); correct it or leave it unset.")
    except Misconfigured as error:
        _fail(str(error), code=EX_CONFIG)
    except MonitoriaError as error:
        _fail(str(error))
    except Exception as error:
        logging.getLogger(__name__).debug("cli.unexpected", exc_info=True)
        said = next(iter(str(error).splitlines()), "")[:200]
        _fail(
            f"Something happened that Monitoria did not expect ({type(error).__name__}: {said}); "
            "set MONITORIA_LOG_LEVEL=debug to see where, and report it."
        )
    except (KeyboardInterrupt, asyncio.CancelledError) as error:
        _fail(f"Interrupted; {str(error) or KEPT}.", code=130)


@app.command()
def demo(
    question: Annotated[str, typer.Argument(help="What to ask the sample course.")] = SAMPLE_QUESTION,
) -> None:
    """Take in a sample course and answer a real question from it: no key, no account, no server."""
    _run(demonstration.run(_setup(embedding_default="bundled"), question))


@course_app.command("create")
def course_create(
    slug: Annotated[str, typer.Argument(help="A short name: small letters, digits and hyphens.")],
    title: Annotated[str, typer.Option("--title", help="The name that people read.")] = "",
    language: LanguageOption = "pt-BR",
) -> None:
    """Create a course."""
    _run(commands.create_course(_setup(), slug=slug, title=title, language=language))


@course_app.command("list")
def course_list() -> None:
    """List the courses."""
    _run(commands.list_courses(_setup()))


@course_app.command("show")
def course_show(slug: Annotated[str, typer.Argument(help="The course's short name.")]) -> None:
    """List a course's lectures, with the ids that --lecture takes."""
    _run(commands.show_course(_setup(), slug))


@course_app.command("judge")
def course_judge(
    slug: Annotated[str, typer.Argument(help="The course's short name.")],
    flag_below: Annotated[int | None, typer.Option("--flag-below", help="Flag scores below this one, 0 to 4.")] = None,
    judge_share: Annotated[float | None, typer.Option("--judge-share", help="Of answers to judge, 0 to 1.")] = None,
    audit_share: Annotated[
        float | None, typer.Option("--audit-share", help="Of good answers that staff look at too, 0 to 1.")
    ] = None,
    daily_tokens: Annotated[
        str | None, typer.Option("--daily-tokens", metavar="N|none", help="What the judge may spend a day (UTC).")
    ] = None,
    labels: Annotated[
        str | None, typer.Option("--labels", metavar="IIPC", help="The labels of the scores 0 to 3.")
    ] = None,
) -> None:
    """Show how a course's answers are judged and flagged, or change it; each change is a new version."""
    order = judging.RulesOrder(
        flag_below=flag_below,
        judge_share=judge_share,
        audit_share=audit_share,
        daily_tokens=daily_tokens,
        labels=labels,
    )
    _run(judging.rules(_setup(), slug, order))


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
    _run(digesting.prices(_setup(), slug, order))


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Caption files, folders or zips of them.")],
    course: CourseOption,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="JSON or CSV: id, file, title, video_url, lang, date …")
    ] = None,
    video_url: Annotated[str | None, typer.Option("--video-url", help="The video of the one file named.")] = None,
    language: LanguageOption = "pt-BR",
    prune: Annotated[bool, typer.Option("--prune", help="Withdraw lectures whose file is gone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and store nothing.")] = False,
    every_line: Annotated[bool, typer.Option("--all", help="Name every cue that was left out.")] = False,
    keep_names: Annotated[bool, typer.Option("--keep-names", help="Leave the names of speakers in the words.")] = False,
) -> None:
    r"""
    Take lectures in: captions become segments that can be searched.

    Safe to repeat: what has not changed costs nothing. Reads WebVTT, SRT, SBV, YouTube json3 and srv1 to srv3, TTML,
    ASS, the JSON of Whisper and its relatives, Whisper's TSV, and text with \[hh:mm:ss] marks, each recognised by its
    content.
    """
    order = commands.IngestOrder(
        paths=paths,
        course=course,
        manifest=manifest,
        video_url=video_url,
        language=language,
        prune=prune,
        dry_run=dry_run,
        every_line=every_line,
        keep_names=keep_names,
    )
    _run(commands.ingest(_setup(), order))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    course: CourseOption,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 10,
    lecture: LectureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the passages that a question asks about."""
    _run(commands.search(_setup(), query=query, slug=course, k=k, lecture=lecture, as_json=as_json))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="A question, as a student would ask it.")],
    course: CourseOption,
    lecture: LectureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from a course's lectures."""
    _run(commands.ask(_setup(), question=question, slug=course, lecture=lecture, as_json=as_json))


@app.command()
def chat(course: CourseOption) -> None:
    """Ask, follow up and vote from the terminal."""
    _run(chatting.run(_setup(), course))


@app.command()
def run() -> None:
    """Be in Discord: answer questions until Ctrl-C or SIGTERM."""
    token, address = DiscordSettings().token, HealthSettings().address
    ended_by = _run(running.run(_setup(), token.get_secret_value() if token else None, address))
    if ended_by is signal.SIGINT:
        raise asyncio.CancelledError


@app.command("eval")
def eval_(
    question_set: Annotated[Path, typer.Argument(metavar="SET.jsonl", help="Questions with relevant moments.")],
    course: CourseOption,
    answers: Annotated[
        bool, typer.Option("--answers", help="Answer and judge each question, instead of only searching.")
    ] = False,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="KEY=VALUE",
            help="With --answers: compare with another model, base-url, prompt or retrieval (lexical); repeatable.",
        ),
    ] = None,
    first: Annotated[int | None, typer.Option("--first", min=1, help="With --answers: only so many questions.")] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Also choose and keep the weight of the embedding model.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """
    Measure retrieval on fixed questions: by words, by meaning, and both as students get it.

    With --answers it measures answers: relevance and support as the judge sees them, silence, latency and tokens.
    Nothing is stored.
    """
    if answers:
        if calibrate:
            raise typer.BadParameter("--calibrate is for retrieval, and does not go with --answers")
        order = replaying.ReplayOrder(
            question_set=question_set, course=course, against=against or [], first=first, as_json=as_json
        )
        _run(replaying.replay(_setup(), order))
        return
    if against or first:
        raise typer.BadParameter("--against and --first go with --answers")
    _run(commands.evaluate(_setup(), question_set=question_set, slug=course, calibrate=calibrate, as_json=as_json))


@app.command()
def worker() -> None:
    """Judge answers until Ctrl-C or SIGTERM: what `run` does beside the bot, on as many machines as you like."""
    raise typer.Exit(_run(judging.work(_setup())))


@app.command()
def judge(
    missing: Annotated[bool, typer.Option("--missing", help="Also what has no verdict yet, failures too.")] = False,
    answer: Annotated[int | None, typer.Option("--answer", metavar="ID", help="This answer only, once more.")] = None,
    course: Annotated[str | None, typer.Option("--course", metavar="SLUG", help="With --missing: one course.")] = None,
) -> None:
    """
    Judge now what is due, and wait for it.

    Judgements are never replaced: a new one is added, and the last one counts.
    """
    if (missing and answer is not None) or (course and not missing):
        raise typer.BadParameter("--missing and --answer exclude each other, and --course goes with --missing")
    _run(judging.judge(_setup(), missing=missing, answer=answer, slug=course))


@app.command()
def queue(
    course: Annotated[str | None, typer.Option("--course", metavar="SLUG", help="One course only.")] = None,
    requeue: Annotated[
        int | None, typer.Option("--requeue", metavar="JOB", help="Give a dead job new attempts.")
    ] = None,
    requeue_all: Annotated[bool, typer.Option("--requeue-all", help="Give all dead jobs new attempts.")] = False,
) -> None:
    """Show the judgements that wait, run or are dead, and why; put dead ones back."""
    _run(judging.queue(_setup(), slug=course, job=requeue, every=requeue_all))


@app.command()
def agreement(course: CourseOption, as_json: JsonOption = False) -> None:
    """Hold the judge's labels against those of staff and students, and propose when to flag."""
    _run(commands.agreement(_setup(), slug=course, as_json=as_json))


@app.command()
def export(
    course: CourseOption,
    form: Annotated[Literal["dossier", "jsonl", "csv"], typer.Option("--format", help="The shape to write.")],
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="Only what was asked from this day on (UTC).")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to write, whole or not at all.")] = None,
    lang: Annotated[
        Literal["pt-BR", "en"] | None, typer.Option("--lang", help="The language of a dossier's headings.")
    ] = None,
) -> None:
    """
    Write a course's questions, answers, judgements and labels for research.

    People are pseudonyms in it. Without --out it goes to standard output; without --lang the headings are in the
    course's language, and those of imported questions as they were.
    """
    order = commands.ExportOrder(course=course, form=form, since=since, out=out, language=lang)
    _run(commands.export(_setup(), order))


@app.command()
def import_dossier(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A dossier, in Portuguese or English.")],
    course: CourseOption,
) -> None:
    """Take in questions with passages, answers and labels made elsewhere: all of them or none."""
    _run(commands.import_dossier(_setup(), path=file, slug=course))


@app.command()
def digest(
    course: CourseOption,
    week: Annotated[
        str | None, typer.Option("--week", metavar="2026-W47", help="The week; without it, the last one that is over.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Write HTML, PNG and text there.")] = None,
    lang: Annotated[
        Literal["pt-BR", "en"] | None, typer.Option("--lang", help="Its language; else the course's.")
    ] = None,
) -> None:
    """Tell what a course did not understand in a week; nothing is posted."""
    _run(digesting.digest(_setup(), digesting.DigestOrder(course=course, week=week, out=out, language=lang)))


@app.command()
def reindex() -> None:
    """Embed all segments with the configured model, beside what serves, and change over when all is done."""
    _run(commands.reindex(_setup()))


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    _run(commands.migrate(_setup()))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, whole or not at all.")],
    replace: Annotated[bool, typer.Option("--replace", help="Let it take the place of a file that is there.")] = False,
) -> None:
    """
    Save the whole database in one file, also while the bot runs.

    It holds what students asked: only you can read it (0600), and you see to it that it stays so. What is in the
    environment or in .env is not inside.
    """
    work = commands.backup(_setup(), path=file, may_replace=replace)
    _run(work, when_interrupted="no backup was written")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `monitoria backup` wrote.")],
) -> None:
    """
    Fill an empty database from a backup: all of it or nothing.

    A database that has rows is refused. Stop the bot first, and restore only files that you trust.
    """
    _run(commands.restore(_setup(), file), when_interrupted="nothing was restored, unless all of it was")


@app.command()
def doctor(
    models: Annotated[
        bool,
        typer.Option("--models", help="Ask the models real questions too: marks, abstention, thoughts, JSON, speed."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what is configured, what is reachable, and what to do."""
    if not _run(commands.doctor(_setup(), as_json=as_json, models=models)):
        raise typer.Exit(1)


def _setup(*, embedding_default: str | None = None) -> "wiring.Setup":
    """Read the environment; *embedding_default* stands in where it names no embedding model."""
    database, models = DatabaseSettings(), ModelSettings()
    key = models.openai_api_key.get_secret_value() if models.openai_api_key else None
    named = "embedding_model" in models.model_fields_set
    model = models.embedding_model if named or embedding_default is None else embedding_default
    return wiring.Setup(
        home=database.home,
        database_url=database.url.get_secret_value() if database.url else None,
        embedder=embedder.EmbedderConfig(
            model=model,
            backend="torch" if model == embedder.BUNDLED else models.embedding_backend,  # no endpoint knows that name
            base_url=models.embedding_base_url or models.openai_base_url,
            api_key=key,
            query_prefix=_prefix(models.embedding_query_prefix),
            passage_prefix=_prefix(models.embedding_passage_prefix),
            query_fields=models.embedding_query_fields,
            passage_fields=models.embedding_passage_fields,
        ),
        answer=llm.LlmConfig(
            base_url=models.openai_base_url or llm.OPENAI, api_key=key, model=models.answer_model, is_proven=False
        )
        if key or models.openai_base_url
        else None,
        judge=_judge(models),
        mail=_mail(MailSettings()),
    )


def _prefix(said: str | None) -> str | None:
    """Return what stands before a text; `none` is nothing, and None what the model's name tells."""
    return "" if said == embedder.NONE else said


def _mail(settings: MailSettings) -> tuple[str, str] | None:
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    return settings.smtp_url.get_secret_value(), settings.mail_from


def _judge(models: ModelSettings) -> "llm.LlmConfig | None":
    """Return the model that judges: the one that answers, but for what is said otherwise; `none` is none."""
    key = models.judge_api_key or models.openai_api_key
    address = models.judge_base_url or models.openai_base_url
    if models.judge_model == embedder.NONE or not (key or address):
        return None
    return llm.LlmConfig(
        model=models.judge_model or models.answer_model,
        base_url=address or llm.OPENAI,
        api_key=key.get_secret_value() if key else None,
        address_from="MONITORIA_JUDGE_BASE_URL" if models.judge_base_url else "OPENAI_BASE_URL",
        key_from="MONITORIA_JUDGE_API_KEY" if models.judge_api_key else "OPENAI_API_KEY",
        model_from="MONITORIA_JUDGE_MODEL" if models.judge_model else "MONITORIA_ANSWER_MODEL",
    )


def _run(work: Coroutine[Any, Any, T], *, when_interrupted: str = KEPT) -> T:
    """Run *work*; a SIGTERM ends it as Ctrl-C does, so that everything is closed in order."""

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a coroutine there is one
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(guarded())
    except (KeyboardInterrupt, asyncio.CancelledError):
        # `main` says so in a sentence; typer would end on a KeyboardInterrupt without a word.
        raise asyncio.CancelledError(when_interrupted) from None


def _fail(sentence: str, *, code: int = 1) -> NoReturn:
    terminal.tell(sentence, style="red")
    raise SystemExit(code)
