"""The command line of Monitoria."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.process import logs
from bot.process.settings import DiscordSettings, HealthSettings, LogSettings, require_readable_file
from bot.terminal.course_app import course_app
from bot.terminal.ending import in_a_sentence, speakable, to_the_end
from bot.terminal.help_texts import flowing
from bot.terminal.judging.app import judge_app
from bot.terminal.options import (
    AgainstOption,
    CourseOption,
    JsonOption,
    KeepOption,
    LanguageOption,
    LectureOption,
    PairsOption,
    UnaidedOption,
)
from services.ground.lazily import lazily

if TYPE_CHECKING:
    from bot import running
    from bot.process import environment
    from bot.terminal import chat as chatting
    from bot.terminal import commands, mapping, queues
    from bot.terminal import demo as demonstration
    from bot.terminal import digest as digesting
    from bot.terminal import replay as replaying
    from bot.terminal.judging import judge as judging
else:
    # `--help` and wrong usage wait for none of them, and no command for what another one needs.
    running, environment = lazily("bot.running"), lazily("bot.process.environment")
    chatting, commands, demonstration = (
        lazily("bot.terminal.chat"),
        lazily("bot.terminal.commands"),
        lazily("bot.terminal.demo"),
    )
    queues = lazily("bot.terminal.queues")
    digesting, judging, mapping, replaying = (
        lazily("bot.terminal.digest"),
        lazily("bot.terminal.judging.judge"),
        lazily("bot.terminal.mapping"),
        lazily("bot.terminal.replay"),
    )

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
app.add_typer(course_app, name="course")
app.add_typer(judge_app, name="judge")


def main() -> None:
    """Run `monitoria`; one sentence says what went wrong, and the exit code of what kind it is."""
    speakable()
    in_a_sentence(_main)


def _main() -> None:
    require_readable_file()
    logs.configure(LogSettings())
    for each in (app, course_app, judge_app):
        flowing(each)
    app()


@app.command()
def demo(
    question: Annotated[str, typer.Argument(help="What to ask the sample course.")] = SAMPLE_QUESTION,
) -> None:
    """Take in a sample course and answer a real question from it: no key, no account, no server."""
    to_the_end(demonstration.run(environment.setup(embedding_default="bundled"), question))


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
    to_the_end(commands.ingest(environment.setup(), order))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    course: CourseOption,
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 10,
    lecture: LectureOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the passages that a question asks about."""
    to_the_end(commands.search(environment.setup(), query=query, slug=course, k=k, lecture=lecture, as_json=as_json))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="A question, as a student would ask it.")],
    course: CourseOption,
    lecture: LectureOption = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="In all lectures, also where the question names some.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a question from a course's lectures."""
    to_the_end(
        commands.ask(
            environment.setup(),
            question=question,
            slug=course,
            lecture=lecture,
            everywhere=everywhere,
            as_json=as_json,
        )
    )


@app.command("map")
def map_(
    lecture: Annotated[str, typer.Argument(metavar="LECTURE", help="A lecture's id; `course show` lists them.")],
    course: CourseOption,
    rename: Annotated[str | None, typer.Option("--rename", metavar="N", help="Call chapter N as --title says.")] = None,
    merge: Annotated[str | None, typer.Option("--merge", metavar="N-M", help="Make one chapter of N to M.")] = None,
    drop: Annotated[str | None, typer.Option("--drop", metavar="N", help="Take out chapter N, or N-M.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="What the chapter is to be called.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what staff have changed, and map it anew.")] = False,
    keep: Annotated[
        int | None, typer.Option("--keep", metavar="Q", help="Answer question Q, which the map asks: it still holds.")
    ] = None,
    forget: Annotated[int | None, typer.Option("--forget", metavar="Q", help="… or: give it up.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a lecture is about, chapter by chapter, each line with the words that prove it; or change it."""
    order = mapping.MapOrder(
        lecture=lecture,
        course=course,
        rename=rename,
        merge=merge,
        drop=drop,
        title=title,
        reset=reset,
        keep=keep,
        forget=forget,
        as_json=as_json,
    )
    to_the_end(mapping.run(environment.setup(), order))


@app.command()
def chat(course: CourseOption) -> None:
    """Ask, follow up and vote from the terminal."""
    to_the_end(chatting.run(environment.setup(), course))


@app.command()
def run() -> None:
    """Be in Discord: answer questions until Ctrl-C or SIGTERM."""
    token, address = DiscordSettings().token, HealthSettings().address
    ended_by = to_the_end(running.run(environment.setup(), token.get_secret_value() if token else None, address))
    if ended_by is signal.SIGINT:
        raise asyncio.CancelledError


@app.command("eval")
def eval_(
    question_set: Annotated[Path, typer.Argument(metavar="SET.jsonl", help="Questions with relevant moments.")],
    course: CourseOption,
    answers: Annotated[
        bool, typer.Option("--answers", help="Answer and judge each question, instead of only searching.")
    ] = False,
    against: AgainstOption = None,
    first: Annotated[int | None, typer.Option("--first", min=1, help="With --answers: only so many questions.")] = None,
    unaided: UnaidedOption = False,
    pairs: PairsOption = False,
    keep: KeepOption = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Also choose and keep the weight of the embedding model.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """
    Measure retrieval on fixed questions: by words, by meaning, and both as students get it.

    With --answers it measures answers: relevance and support as the judge sees them, correctness beside what staff
    wrote to the same question, silence, latency and tokens. Nothing is stored, unless --keep says so.
    """
    if (pairs and not against) or (keep and not pairs):
        raise typer.BadParameter("--pairs goes with --answers and --against, and --keep with --pairs")
    if answers:
        if calibrate:
            raise typer.BadParameter("--calibrate is for retrieval, and does not go with --answers")
        wanted = "kept" if keep else "asked" if pairs else "none"
        order = replaying.ReplayOrder(
            question_set=question_set,
            course=course,
            against=against or [],
            first=first,
            pairs=wanted,
            as_json=as_json,
            unaided=unaided,
        )
        to_the_end(replaying.replay(environment.setup(), order))
        return
    if against or first or unaided:
        raise typer.BadParameter("--against, --first and --unaided go with --answers")
    to_the_end(
        commands.evaluate(
            environment.setup(), question_set=question_set, slug=course, calibrate=calibrate, as_json=as_json
        )
    )


@app.command()
def worker() -> None:
    """Judge answers until Ctrl-C or SIGTERM: what `run` does beside the bot, on as many machines as you like."""
    raise typer.Exit(to_the_end(judging.work(environment.setup())))


@app.command()
def queue(
    course: Annotated[str | None, typer.Option("--course", metavar="SLUG", help="One course only.")] = None,
    requeue: Annotated[
        str | None,
        typer.Option("--requeue", metavar="JOB", help="Give a dead job new attempts: its number, or COURSE/LECTURE."),
    ] = None,
    requeue_all: Annotated[bool, typer.Option("--requeue-all", help="Give all dead jobs new attempts.")] = False,
) -> None:
    """Show the judgements and the maps of lectures that wait, run or are dead, and why; put dead ones back."""
    to_the_end(queues.queue(environment.setup(), slug=course, job=requeue, every=requeue_all))


@app.command()
def agreement(course: CourseOption, as_json: JsonOption = False) -> None:
    """Hold the judge's labels against those of staff and students, and propose when to flag."""
    to_the_end(commands.agreement(environment.setup(), slug=course, as_json=as_json))


@app.command()
def export(
    course: CourseOption,
    form: Annotated[
        Literal["dossier", "jsonl", "csv", "pairs"],
        typer.Option("--format", help="The shape to write; pairs: what was compared two by two, as JSON lines."),
    ],
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DAY", help="Only what was asked, or compared, from this day on (UTC)."),
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
    to_the_end(commands.export(environment.setup(), order))


@app.command()
def import_dossier(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A dossier, in Portuguese or English.")],
    course: CourseOption,
) -> None:
    """Take in questions with passages, answers and labels made elsewhere: all of them or none."""
    to_the_end(commands.import_dossier(environment.setup(), path=file, slug=course))


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
    to_the_end(
        digesting.digest(environment.setup(), digesting.DigestOrder(course=course, week=week, out=out, language=lang))
    )


@app.command()
def reindex() -> None:
    """Embed all segments with the configured model, beside what serves, and change over when all is done."""
    to_the_end(commands.reindex(environment.setup()))


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    to_the_end(commands.migrate(environment.setup()))


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
    work = commands.backup(environment.setup(), path=file, may_replace=replace)
    to_the_end(work, when_interrupted="no backup was written")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `monitoria backup` wrote.")],
) -> None:
    """
    Fill an empty database from a backup: all of it or nothing.

    A database that has rows is refused. Stop the bot first, and restore only files that you trust.
    """
    to_the_end(
        commands.restore(environment.setup(), file), when_interrupted="nothing was restored, unless all of it was"
    )


@app.command()
def doctor(
    models: Annotated[
        bool,
        typer.Option("--models", help="Ask the models real questions too: marks, abstention, thoughts, JSON, speed."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what is configured, what is reachable, and what to do."""
    if not to_the_end(commands.doctor(environment.setup(), as_json=as_json, models=models)):
        raise typer.Exit(1)
