"""The command line of Monitoria."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import typer
from pydantic import ValidationError

from bot import chat as chatting
from bot import commands, logs, terminal
from bot import demo as demonstration
from bot.settings import DatabaseSettings, DiscordSettings, LogSettings, ModelSettings
from services.embedder import EmbedderConfig
from services.errors import MonitoriaError
from services.llm import OPENAI, LlmConfig
from services.wiring import Setup

T = TypeVar("T")

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
    """Run `monitoria`; exit 0 when done, 1 when something failed (one sentence says what), 2 on wrong usage."""
    try:
        logs.configure(LogSettings())
        app()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        _fail(f"{name} is {first['input']!r}, which cannot be used ({first['msg']}); correct it or leave it unset.")
    except MonitoriaError as error:
        _fail(str(error))
    except Exception as error:
        logging.getLogger(__name__).debug("cli.unexpected", exc_info=True)
        said = next(iter(str(error).splitlines()), "")[:200]
        _fail(
            f"Something happened that Monitoria did not expect ({type(error).__name__}: {said}); "
            "set MONITORIA_LOG_LEVEL=debug to see where, and report it."
        )
    except (KeyboardInterrupt, asyncio.CancelledError):
        _fail("Interrupted; what was done so far is kept.", code=130)


@app.command()
def demo(
    question: Annotated[str, typer.Argument(help="What to ask the sample course.")] = demonstration.QUESTION,
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


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Caption files, or folders of them.")],
    course: CourseOption,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="JSON or CSV: id, file, title, video_url, lang, date …")
    ] = None,
    video_url: Annotated[str | None, typer.Option("--video-url", help="The video of the one file named.")] = None,
    language: LanguageOption = "pt-BR",
    prune: Annotated[bool, typer.Option("--prune", help="Withdraw lectures whose file is gone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and store nothing.")] = False,
    every_line: Annotated[bool, typer.Option("--all", help="Name every cue that was left out.")] = False,
) -> None:
    r"""
    Take lectures in: captions become segments that can be searched.

    Safe to repeat: what has not changed costs nothing. Reads WebVTT, SRT, SBV, YouTube json3 and srv3, TTML,
    ASS, Whisper and WhisperX JSON, and text with \[hh:mm:ss] marks, each recognised by its content.
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
    """Ask and follow up from the terminal."""
    _run(chatting.run(_setup(), course))


@app.command()
def run() -> None:
    """Be in Discord: answer questions until Ctrl-C or SIGTERM."""
    # discord.py takes a second to import, which no other command should wait for.
    from bot import running  # noqa: PLC0415

    token = DiscordSettings().token
    _run(running.run(_setup(), token.get_secret_value() if token else None))


@app.command("eval")
def eval_(
    question_set: Annotated[Path, typer.Argument(metavar="SET.jsonl", help="Questions with relevant moments.")],
    course: CourseOption,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Also choose and keep the weight of the embedding model.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure retrieval on fixed questions: by words, by meaning, and both as students get it."""
    _run(commands.evaluate(_setup(), question_set=question_set, slug=course, calibrate=calibrate, as_json=as_json))


@app.command()
def reindex() -> None:
    """Embed all segments with the configured model, beside what serves, and change over when all is done."""
    _run(commands.reindex(_setup()))


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    _run(commands.migrate(_setup()))


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Tell what is configured, what is reachable, and what to do."""
    if not _run(commands.doctor(_setup(), as_json=as_json)):
        raise typer.Exit(1)


def _setup(*, embedding_default: str | None = None) -> Setup:
    """Read the environment; *embedding_default* stands in where it names no embedding model."""
    database, models = DatabaseSettings(), ModelSettings()
    key = models.openai_api_key.get_secret_value() if models.openai_api_key else None
    named = "embedding_model" in models.model_fields_set
    return Setup(
        home=database.home,
        database_url=database.url.get_secret_value() if database.url else None,
        embedder=EmbedderConfig(
            model=models.embedding_model if named or embedding_default is None else embedding_default,
            backend=models.embedding_backend,
            base_url=models.embedding_base_url or models.openai_base_url,
            api_key=key,
        ),
        answer=LlmConfig(base_url=models.openai_base_url or OPENAI, api_key=key, model=models.answer_model)
        if key or models.openai_base_url
        else None,
    )


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run *work*; a SIGTERM ends it as Ctrl-C does, so that everything is closed in order."""

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - inside a coroutine there is one
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    try:
        return asyncio.run(guarded())
    except KeyboardInterrupt:
        # `main` says so in a sentence; typer would end on a KeyboardInterrupt without a word.
        raise asyncio.CancelledError from None


def _fail(sentence: str, *, code: int = 1) -> NoReturn:
    terminal.tell(sentence, style="red")
    raise SystemExit(code)
