"""`monitoria digest` and `monitoria course prices`, each as a process, on a week of made-up questions."""

import psycopg
import pytest

from bench import term
from tests.bot.console import Console, captions, flat

WEEK = "2026-W21"  # the last of the made-up term


@pytest.fixture
async def asked(terminal: Console) -> Console:
    """A terminal on a week of 200 questions to the first course, and 100 to each of the others."""
    await term.write(terminal.variables["DATABASE_URL"], scale=0.2, weeks=1)
    return terminal


def questions(terminal: Console) -> int:
    with psycopg.connect(terminal.variables["DATABASE_URL"]) as conn:
        row = conn.execute(
            """
            select count(*) from questions q join courses c on c.id = q.course_id
            where c.slug = 'redes-neurais'
                and to_char(q.asked_at at time zone 'America/Sao_Paulo', 'IYYY-"W"IW') = %s
            """,
            [WEEK],
        ).fetchone()
    assert row
    return int(row[0])


@pytest.mark.long
async def test_a_week_is_written_as_a_page_a_picture_and_text_in_both_languages(asked: Console) -> None:
    order = ("digest", "--course", "redes-neurais", "--week", WEEK, "--out", "resumo")
    priced = await asked.run("course", "prices", "redes-neurais", "--in", "2", "--out", "10", "--currency", "brl")
    portuguese = await asked.run(*order)
    english = await asked.run(*order, "--lang", "en")

    assert flat(priced.out) == "A million tokens: 2 BRL read, 10 BRL written."
    assert (portuguese.code, english.code) == (0, 0), portuguese.err + english.err
    folder = asked.folder / "resumo"
    stem = f"redes-neurais-{WEEK}"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{stem}-{language}.{suffix}" for language in ("en", "pt-BR") for suffix in ("html", "png", "txt")
    ]
    count = questions(asked)
    assert f"{count} perguntas de " in (folder / f"{stem}-pt-BR.txt").read_text("utf-8")
    assert f"{count} questions from " in (folder / f"{stem}-en.txt").read_text("utf-8")
    assert "R$" in (folder / f"{stem}-pt-BR.html").read_text("utf-8")
    assert (folder / f"{stem}-en.png").read_bytes().startswith(b"\x89PNG")


async def test_what_cannot_be_told_is_one_sentence(terminal: Console) -> None:
    await terminal.run("course", "create", "redes", "--title", "Redes")
    week = await terminal.run("digest", "--course", "redes", "--week", "2026-W60")
    file = captions(terminal.folder, "aula.vtt", "Um arquivo, e não uma pasta.")
    out = await terminal.run("digest", "--course", "redes", "--out", str(file))
    half = await terminal.run("course", "prices", "redes", "--in", "2")
    coin = await terminal.run("course", "prices", "redes", "--in", "2", "--out", "3", "--currency", "reais")
    none = await terminal.run("course", "prices", "redes", "--none")

    assert (week.code, flat(week.err)) == (1, "There is no week 2026-W60: 2026 has weeks W01 to W53.")
    assert out.code == 1
    assert "cannot be written to" in flat(out.err)
    assert "whole only with --in, --out and --currency" in flat(half.err)
    assert "'REAIS' is none; write three letters" in flat(coin.err)
    assert flat(none.out) == "No prices; the digest counts tokens alone."
