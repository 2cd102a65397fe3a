"""`export` and `import-dossier` as a researcher runs them."""

import asyncio
import csv
import io
import json
import os
from pathlib import Path

import psycopg
import pytest

from tests.bot.console import SAMPLES, Console, flat

DOSSIER = SAMPLES / "dossier.md"


@pytest.fixture
def researcher(terminal: Console) -> Console:
    """A terminal on a course that holds nothing yet."""
    with psycopg.connect(terminal.variables["DATABASE_URL"]) as conn:
        conn.execute("insert into courses (slug, title, language) values ('redes', 'Redes', 'pt-BR')")
    return terminal


async def test_a_dossier_made_by_hand_leaves_with_the_same_bytes(researcher: Console, tmp_path: Path) -> None:
    content = DOSSIER.read_bytes()
    out = tmp_path / "again.md"

    taken = await researcher.run("import-dossier", str(DOSSIER), "--course", "redes")
    written, shown = await asyncio.gather(
        researcher.run("export", "--course", "redes", "--format", "dossier", "--out", str(out)),
        researcher.run("export", "--course", "redes", "--format", "dossier"),
    )

    assert taken.code == 0, taken.err
    assert flat(taken.out) == "Imported 3 questions into 'redes': 1 manual labels and 3 judgements of relevance."
    assert "1 manual labels other than C, P, I" in taken.err
    assert (written.code, written.out, written.err) == (0, "", f"Wrote 3 questions to {str(out)!r}.\n")
    assert out.read_bytes() == content
    assert (shown.code, shown.out.encode(), shown.err) == (0, content, "")
    with psycopg.connect(researcher.variables["DATABASE_URL"]) as conn:
        labels = conn.execute("select role, label from annotations").fetchall()
        judged = conn.execute("select kind, status, score, label from judgements order by id").fetchall()
    assert labels == [("staff", "C")]
    assert judged == [
        ("relevance", "ok", 3, "C"),
        ("relevance", "ok", 2, "P"),
        ("relevance", "parse_error", None, None),
    ]


async def test_an_import_again_changes_nothing_and_says_so(researcher: Console, tmp_path: Path) -> None:
    changed = tmp_path / "changed.md"
    changed.write_text(DOSSIER.read_text("utf-8").replace("**Pergunta 12**", "**Pergunta 13**").replace("oculto", "?"))
    await researcher.run("import-dossier", str(DOSSIER), "--course", "redes")

    again = await researcher.run("import-dossier", str(DOSSIER), "--course", "redes")
    refused = await researcher.run("import-dossier", str(changed), "--course", "redes")
    written = await researcher.run("export", "--course", "redes", "--format", "dossier")

    assert (again.code, again.err) == (0, "")
    assert again.out == "3 questions were there already, with the same content. Nothing changed.\n"
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("Question 7 of 'changed.md' is in the course 'redes' already, with other content (")
    assert refused.err.count("\n") == 1
    assert written.out.encode() == DOSSIER.read_bytes()


async def test_other_formats_and_languages(researcher: Console) -> None:
    await researcher.run("import-dossier", str(DOSSIER), "--course", "redes")

    english, lines, table = await asyncio.gather(
        researcher.run("export", "--course", "redes", "--format", "dossier", "--lang", "en"),
        researcher.run("export", "--course", "redes", "--format", "jsonl", "--since", "2026-01-01"),
        researcher.run("export", "--course", "redes", "--format", "csv"),
    )

    assert english.out.startswith("**Question 7**: O que é um tensor?\n\n**Segments retrieved by E5**:\n")
    assert [json.loads(line)["number"] for line in lines.out.splitlines()] == [7, 8, 12]
    rows = list(csv.DictReader(io.StringIO(table.out.removeprefix("\ufeff"), newline="")))
    assert [(row["number"], row["manual_label"], row["relevance"]) for row in rows] == [
        ("7", "C", "1.0"),
        ("8", "?", "0.67"),
        ("12", "", ""),
    ]


async def test_a_course_with_nothing_makes_an_empty_export(researcher: Console, tmp_path: Path) -> None:
    out = tmp_path / "nothing.jsonl"

    shown, written, since = await asyncio.gather(
        researcher.run("export", "--course", "redes", "--format", "dossier"),
        researcher.run("export", "--course", "redes", "--format", "jsonl", "--out", str(out)),
        researcher.run("export", "--course", "redes", "--format", "csv", "--since", "2026-03-01"),
    )

    said = "The course 'redes' has no question yet, so the export is empty.\n"
    assert (shown.code, shown.out, shown.err) == (0, "", said)
    assert (written.code, written.out, written.err, out.read_bytes()) == (0, "", said, b"")
    assert since.err == "The course 'redes' has no question that was asked since 2026-03-01, so the export is empty.\n"
    assert since.out.startswith("\ufeffcourse,question_id,")


async def test_what_cannot_be_done_is_said_in_one_sentence(researcher: Console, tmp_path: Path) -> None:
    broken = tmp_path / "broken.md"
    broken.write_text(DOSSIER.read_text("utf-8").replace("**Anotação manual**: C\n", ""), "utf-8")
    kept = tmp_path / "out" / "kept.md"
    kept.parent.mkdir()
    kept.write_text("kept")
    export = ("export", "--course", "redes", "--format", "dossier")

    day, folder, course, file, block, usage = await asyncio.gather(
        researcher.run(*export, "--since", "ontem", "--out", str(kept)),
        researcher.run(*export, "--out", str(tmp_path / "none" / "export.md")),
        researcher.run("export", "--course", "rede", "--format", "csv", "--out", str(kept)),
        researcher.run("import-dossier", str(tmp_path / "none.md"), "--course", "redes"),
        researcher.run("import-dossier", str(broken), "--course", "redes"),
        researcher.run("export", "--course", "redes", "--format", "pdf"),
    )

    for ran in (day, folder, course, file, block):
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert day.err == "--since 'ontem' is no day; write it as 2026-03-01.\n"
    assert folder.err == f"There is no folder {str(tmp_path / 'none')!r} to write the export into; create it first.\n"
    assert course.err == "There is no course 'rede'; did you mean 'redes'?\n"
    assert file.err.startswith(f"The dossier {str(tmp_path / 'none.md')!r} cannot be read (No such file or directory)")
    assert block.err.startswith("'broken.md', line 81: expected `**Anotação manual**:` or `- ` and found")
    assert usage.code == 2
    assert names(kept.parent) == ["kept.md"]
    assert kept.read_text() == "kept"


async def test_an_export_that_cannot_be_written_is_no_mystery(researcher: Console) -> None:
    await researcher.run("import-dossier", str(DOSSIER), "--course", "redes")
    export = ("export", "--course", "redes", "--format", "dossier")
    reading, left = os.pipe()
    os.close(reading)
    full = os.open("/dev/full", os.O_WRONLY)

    ran = await asyncio.gather(*(written_to(where, researcher, *export) for where in (left, full)))

    assert ran == [
        (1, "The program that reads the export has ended, so the export is not whole.\n"),
        (1, "The export cannot be written (No space left on device); make room, and write it again.\n"),
    ]


async def written_to(where: int, there: Console, *arguments: str) -> tuple[int | None, str]:
    """Run a command whose standard output is *where*; return its exit status and what it says."""
    process = await there.start(*arguments, stdout=where)
    os.close(where)
    _, err = await process.communicate()
    return process.returncode, err.decode()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
