"""Commands as an operator runs them: what they print, how they end."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from db.embedded import held
from tests.bot.console import ROOT, SAMPLES, Console, captions, ended, flat, having_embeddings
from tests.fake_model import FakeModel, embeds, fake_model, hangs

UNREACHABLE = "postgresql://ana:s3cret@127.0.0.1:1/monitoria"


@pytest.mark.long
async def test_the_demo_answers_with_references_and_costs_nothing_again(detached: Console) -> None:
    """And the embedding model earns its weight, with the same model in the same home."""
    there = replace(detached, variables=without(detached.variables, "MONITORIA_EMBEDDING_MODEL"))
    first = await there.run("demo")
    calibrate = ("eval", str(SAMPLES / "questions.jsonl"), "--course", "demo", "--calibrate")
    again, calibrated = await asyncio.gather(
        there.run("demo"), there.having(MONITORIA_EMBEDDING_MODEL="bundled").run(*calibrate)
    )

    for ran in (first, again):
        assert ran.code == 0, ran.err
        links = re.findall(r"^ +(https://\S+)$", ran.out, re.MULTILINE)
        assert links[0].endswith("/aula-05.mp4#t=210")  # the lecturer asks this very question there, and answers it
        assert all(re.search(r"#t=\d+$", link) for link in links)
        assert "Embedding model: universal-sentence-encoder-multilingual-3 (512 dimensions)." in flat(ran.out)
        assert "Answering model: none (no key, no server)" in flat(ran.out)
    assert "7 lectures, 46 segments, 7 taken in just now" in flat(first.err)
    assert "0 taken in just now" in flat(again.err)
    assert calibrated.code == 0, calibrated.err
    assert "From now on universal-sentence-encoder-multilingual-3 counts * " in calibrated.err
    assert all(way in calibrated.out for way in ("by words (", "by meaning (", "hybrid ("))
    with held(Path(there.variables["MONITORIA_HOME"]), durable=False) as url, psycopg.connect(url) as conn:
        [(weights,)] = conn.execute("select dense_weights from generations where state = 'serving'").fetchall()
    chosen = ", ".join(f"{language} {weight}" for language, weight in weights.items())
    assert f"counts {chosen}, beside 1" in calibrated.err


async def test_the_demo_asks_no_endpoint_for_its_bundled_model(terminal: Console) -> None:
    async with fake_model(embeds) as model:
        there = having_embeddings(terminal, model)
        ran = await replace(there, variables=without(there.variables, "MONITORIA_EMBEDDING_MODEL")).run("demo")

    assert ran.code == 0, ran.err
    assert "universal-sentence-encoder-multilingual-3" in flat(ran.out)
    assert model.requests == []


async def test_a_course_is_created_once_and_shown(terminal: Console) -> None:
    created = await terminal.run("course", "create", "redes", "--title", "Redes [bold]1[/]", "--language", "en")
    again, malformed, listed, shown = await asyncio.gather(
        terminal.run("course", "create", "redes"),
        terminal.run("course", "create", "Redes 1"),
        terminal.run("course", "list"),
        terminal.run("course", "show", "redes"),
    )

    assert (created.code, created.err) == (0, "")
    assert "'redes' (Redes [bold]1[/])" in created.out
    assert (again.code, again.out) == (1, "")
    assert again.err == "There is a course 'redes' already; choose another name, or use that one.\n"
    assert (malformed.code, malformed.out) == (1, "")
    assert malformed.err.startswith("'Redes 1' cannot name a course; use 1 to 63 small letters")
    assert "Redes [bold]1[/]" in listed.out
    assert "en" in listed.out.split()
    assert shown.out == "No lecture yet; take some in with `monitoria ingest`.\n"


async def test_an_ingest_reports_each_file_and_costs_nothing_again(terminal: Console, tmp_path: Path) -> None:
    captions(tmp_path / "aulas", "aula-1.vtt", "O gradiente some.", "A rede não aprende.")
    captions(tmp_path / "aulas", "aula-2.vtt", "O tensor tem três eixos.")
    (tmp_path / "aulas" / "quebrada.vtt").write_bytes(b"\x00\x01 not captions at all")
    ingest = ("ingest", str(tmp_path / "aulas"), "--course", "redes")

    first = await terminal.run(*ingest)
    again = await terminal.run(*ingest)

    assert first.code == 1
    assert "There was no course 'redes', so it was created (pt-BR)." in first.err
    assert first.err.endswith("1 of 3 files could not be taken in; the reasons stand above.\n")
    assert "aula-1 new webvtt 2 2 0 1" in flat(first.out)
    assert "3 files 2 new, 1 refused 3 3 0 2" in flat(first.out)
    assert "Refused: 'quebrada.vtt'" in flat(first.out)
    assert again.code == 1
    assert "was created" not in again.err
    assert "0 changed, 0 segments embedded." in again.out


async def test_the_sample_course_is_taken_in_whole_and_unchanged_after(sampled: Console) -> None:
    manifest = str(SAMPLES / "course" / "manifest.json")

    ran = await sampled.run("ingest", str(SAMPLES / "course"), "--manifest", manifest, "--course", "redes")

    assert (ran.code, ran.err) == (0, "")
    assert "7 files 7 unchanged 1,044 1,035 9 46" in flat(ran.out)
    assert "0 changed, 0 segments embedded." in ran.out


async def test_a_dry_run_stores_nothing_not_even_the_course(terminal: Console, tmp_path: Path) -> None:
    captions(tmp_path / "aulas", "aula-1.vtt", "O gradiente some.")

    ran = await terminal.run("ingest", str(tmp_path / "aulas"), "--course", "redes", "--dry-run")
    malformed, listed = await asyncio.gather(
        terminal.run("ingest", str(tmp_path / "aulas"), "--course", "Redes 1", "--dry-run"),
        terminal.run("course", "list"),
    )

    assert ran.code == 0, ran.err
    assert "Dry run: nothing is stored" in ran.out
    assert "1 file 1 new" in flat(ran.out)
    assert ran.err == "There was no course 'redes', so it would be created (pt-BR).\n"
    assert malformed.code == 1
    assert malformed.err.startswith("'Redes 1' cannot name a course")
    assert listed.out.startswith("No course yet")


async def test_a_dry_run_asks_no_model_and_shows_span_and_pace(terminal: Console, tmp_path: Path) -> None:
    captions(tmp_path / "aulas", "aula-1.vtt", "O gradiente some.", "A rede não aprende.")

    async with fake_model(embeds) as model:
        there = having_embeddings(terminal, model)
        ran = await there.run("ingest", str(tmp_path / "aulas"), "--course", "redes", "--dry-run")

    assert ran.code == 0, ran.err
    assert model.requests == []
    assert re.search(r"lecture from to words/min covered", flat(ran.out))
    assert re.search(r"aula-1 00:00:\d\d 00:00:\d\d \d+ \?", flat(ran.out))
    assert "1 lecture has no link to a video" in flat(ran.out)


async def test_without_a_wanted_model_an_ingest_speaks_of_none(terminal: Console, tmp_path: Path) -> None:
    captions(tmp_path / "aulas", "aula-1.vtt", "O gradiente some.")

    ran = await terminal.run("ingest", str(tmp_path / "aulas"), "--course", "redes")

    assert "can be reached" not in flat(ran.out + ran.err)
    assert "found by words alone, as MONITORIA_EMBEDDING_MODEL=none asks" in flat(ran.out)


async def test_an_empty_search_is_refused(terminal: Console) -> None:
    ran = await terminal.run("search", " \u200b", "--course", "redes")

    assert (ran.code, ran.err) == (1, "The query is empty; write what to look for.\n")


async def test_a_file_whose_one_cue_is_refused_has_one_cue(terminal: Console, tmp_path: Path) -> None:
    captions(tmp_path / "aulas", "aula-1.vtt", "[Música]")

    ran = await terminal.run("ingest", str(tmp_path / "aulas"), "--course", "redes")

    assert "'aula-1.vtt' has 1 cue and none could be kept" in flat(ran.out)


async def test_a_lecture_whose_file_is_gone_is_named_and_withdrawn_when_told(terminal: Console, tmp_path: Path) -> None:
    captions(tmp_path / "aulas", "aula-1.vtt", "O gradiente some.")
    gone = captions(tmp_path / "aulas", "aula-2.vtt", "O tensor tem três eixos.")
    ingest = ("ingest", str(tmp_path / "aulas"), "--course", "redes")
    await terminal.run(*ingest)
    gone.unlink()

    kept = await terminal.run(*ingest)
    pruned = await terminal.run(*ingest, "--prune")
    shown = await terminal.run("course", "show", "redes")

    assert (kept.code, pruned.code) == (0, 0)
    assert "No longer in the folder: aula-2" in kept.out
    assert "aula-1" in shown.out
    assert "aula-2" not in shown.out


async def test_the_video_of_one_file_is_named_on_the_command_line(terminal: Console, tmp_path: Path) -> None:
    one = captions(tmp_path / "aulas", "aula-1.vtt", "O gradiente some.")
    captions(tmp_path / "aulas", "aula-2.vtt", "O tensor tem três eixos.")
    video = ("--video-url", "https://youtu.be/abc?list=PL1", "--course", "redes")

    taken = await terminal.run("ingest", str(one), *video)
    found, many = await asyncio.gather(
        terminal.run("search", "gradiente", "--course", "redes"),
        terminal.run("ingest", str(tmp_path / "aulas"), *video),
    )

    assert taken.code == 0, taken.err
    assert "https://youtu.be/abc?list=PL1&t=0" in found.out.split()
    assert many.code == 1
    assert many.err == "--video-url goes with one caption file, and here are 2; name the files in a manifest.\n"


async def test_a_name_that_is_unknown_comes_with_those_there_are(sampled: Console) -> None:
    course, near, lecture, path = await asyncio.gather(
        sampled.run("ask", "O que é um tensor?", "--course", "quimica"),
        sampled.run("ingest", str(SAMPLES / "course"), "--course", "rede"),
        sampled.run("search", "tensor", "--course", "redes", "--lecture", "aula-2"),
        sampled.run("ingest", "/no/such/folder", "--course", "redes"),
    )

    assert [ran.code for ran in (course, near, lecture, path)] == [1, 1, 1, 1]
    assert course.err == "There is no course 'quimica'; there are 'redes'.\n"
    assert near.err == "There is no course 'rede'; did you mean 'redes'?\n"
    assert lecture.err.startswith("The course 'redes' has no lecture 'aula-2'; it has 'aula-0")
    assert path.err == "There is no file or folder '/no/such/folder'; check the path.\n"


@pytest.mark.parametrize("arguments", [("frobnicate",), ("search", "tensor"), ("search", "x", "--course", "c", "-k0")])
async def test_wrong_usage_ends_with_2(detached: Console, arguments: tuple[str, ...]) -> None:
    ran = await detached.run(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert "Usage: monitoria" in ran.err


async def test_what_the_environment_has_wrong_is_said_in_one_sentence(detached: Console) -> None:
    level, unreachable, unreadable = await asyncio.gather(
        detached.having(MONITORIA_LOG_LEVEL="loud").run("migrate"),
        detached.having(DATABASE_URL=UNREACHABLE).run("search", "tensor", "--course", "redes", "--json"),
        detached.having(DATABASE_URL="postgresql://ana:s3@cret@h/x").run("course", "list"),
    )

    for ran in (level, unreachable, unreadable):
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.count("\n") == 1
        assert "s3" not in ran.err
    assert level.err.startswith("MONITORIA_LOG_LEVEL is 'loud', which cannot be used")
    assert "'monitoria' on '127.0.0.1' (port 1, user 'ana') cannot be reached" in unreachable.err
    assert unreadable.err.startswith("DATABASE_URL cannot be read as a database address")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_interrupted_ingest_keeps_what_is_done_and_goes_on(
    terminal: Console, tmp_path: Path, number: signal.Signals
) -> None:
    captions(tmp_path / "aulas", "aula-1.vtt", "O gradiente some.")
    captions(tmp_path / "aulas", "aula-2.vtt", "O tensor tem três eixos.")
    ingest = ("ingest", str(tmp_path / "aulas"), "--course", "redes")
    async with fake_model(embeds, embeds, hangs()) as model:  # the probe, the first lecture, the second
        there = having_embeddings(terminal, model)
        process = await there.start(*ingest)
        await reached(model, requests=3)
        process.send_signal(number)
        await wound_up(there)  # the signal comes first, then the request breaks off
    interrupted = await ended(process)
    async with fake_model(embeds) as model:
        finished = await having_embeddings(terminal, model).run(*ingest)

    assert (interrupted.code, interrupted.out) == (130, "")
    assert interrupted.err.splitlines()[-1] == "Interrupted; what was done so far is kept."
    assert finished.code == 0, finished.err
    assert "aula-1 unchanged" in flat(finished.out)
    assert "aula-2 new" in flat(finished.out)
    assert "1 segment embedded." in finished.out


async def wound_up(there: Console) -> None:
    """Return when an ingest has weighed the words of what it stored, which is what it does upon a signal too."""
    async with (
        await psycopg.AsyncConnection.connect(there.variables["DATABASE_URL"], autocommit=True) as conn,
        asyncio.timeout(60),
    ):
        while not await (await conn.execute("select 1 from course_lexicons")).fetchone():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_reader_that_leaves_early_sees_no_traceback(sampled: Console) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = await sampled.start("search", "gradiente", "--course", "redes", "-k", "40", "--json", stdout=writing)
    finally:
        os.close(writing)

    assert (await ended(process)).err == ""


async def test_an_evaluation_shows_its_groups(sampled: Console) -> None:
    ran = await sampled.run("eval", str(SAMPLES / "questions.jsonl"), "--course", "redes")

    assert ran.code == 0, ran.err
    groups = [line.split("  ")[1].strip() for line in ran.out.splitlines() if re.match(r"  \w.* \d\.\d{3}", line)]
    assert groups[:4] == ["all", "same-language", "lang en", "lang pt"]
    assert {"tag typo", "tag cross-lingual"} <= set(groups)


async def test_a_malformed_question_set_names_file_and_line(sampled: Console, tmp_path: Path) -> None:
    broken = tmp_path / "questions.jsonl"
    good = {"id": "q1", "question": "tensor?", "relevant": [{"lecture_id": "a", "start": 1, "end": 2}]}
    broken.write_text(json.dumps(good) + '\n\n{"id": "q2"}\n', "utf-8")

    ran, uncalibrated = await asyncio.gather(
        sampled.run("eval", str(broken), "--course", "redes"),
        sampled.run("eval", str(SAMPLES / "questions.jsonl"), "--course", "redes", "--calibrate"),
    )

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"The question set {str(broken)!r}, line 3, cannot be used (question:")
    assert (uncalibrated.code, uncalibrated.out) == (1, "")
    assert uncalibrated.err.startswith("There is no embedding model to calibrate")


async def test_a_reindex_needs_a_model(terminal: Console) -> None:
    ran = await terminal.run("reindex")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("MONITORIA_EMBEDDING_MODEL is `none`")


async def test_migrations_are_applied_once(detached: Console, empty_database: str) -> None:
    there = detached.having(DATABASE_URL=empty_database)

    first = await there.run("migrate")
    second = await there.run("migrate")

    assert first.code == second.code == 0
    assert first.out.startswith("Applied 0001_first_light")
    assert second.out == "The schema is up to date.\n"


async def reached(model: FakeModel, *, requests: int) -> None:
    async with asyncio.timeout(60):
        while len(model.requests) < requests:  # noqa: ASYNC110 - the fake counts, and tells of the first one only
            await asyncio.sleep(0.02)


def without(variables: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in variables.items() if key != name}


HEAVY = [
    "apscheduler",
    "discord",
    "matplotlib",
    "openai._client",
    "scipy",
    "sentence_transformers",
    "sklearn",
    "starlette",
    "torch",
    "transformers",
    "uvicorn",
]
"""What takes long to import, and is needed by the bot, by models or by the digest alone."""


async def test_no_command_waits_for_what_it_does_not_use() -> None:
    doors = "chatting.run, commands.ask, demonstration.run, digesting.digest, judging.judge, replaying.replay"
    every = ", ".join(f"cli.{door}" for door in doors.split(", "))

    assert await loaded_by(f"from bot import cli; {every}", HEAVY) == "[]"


async def test_help_waits_for_nothing_that_a_command_needs() -> None:
    asked = "import contextlib; from bot import cli\nwith contextlib.suppress(SystemExit): cli.app(['--help'])"

    assert await loaded_by(asked, [*HEAVY, "numpy", "psycopg", "services.answering.ask", "jinja2"]) == "[]"


async def loaded_by(code: str, names: Sequence[str]) -> str:
    """Run *code* in a process of its own; return the last line it prints: which of *names* were imported."""
    look = f"{code}\nimport sys; print([name for name in {list(names)} if name in sys.modules])"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", look, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    out, _ = await process.communicate()
    return out.decode().splitlines()[-1]


async def test_who_searches_while_the_configured_model_is_away_is_told_by_what(terminal: Console) -> None:
    file = captions(terminal.folder, "aula-1.vtt", "O gradiente some nas redes recorrentes.", "Por isso a LSTM.")
    async with fake_model(embeds) as model:
        taken = await having_embeddings(terminal, model).run("ingest", str(file), "--course", "redes")
        away = terminal.having(
            MONITORIA_EMBEDDING_MODEL=str(terminal.folder / "away"), MONITORIA_EMBEDDING_BASE_URL=model.base_url
        )
        ran = await away.run("search", "gradiente", "--course", "redes")
    alone = await away.run("search", "gradiente", "--course", "redes")

    assert taken.code == 0, taken.err
    assert "Until then the search goes by words, which serves." in flat(ran.err)
    assert "cosine" in ran.out
    assert "Until then the search goes by words only." in flat(alone.err)
