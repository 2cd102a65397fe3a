"""`monitoria judge runs`, as a process, on rows in a real database."""

import psycopg

from tests.bot.console import Console, flat
from tests.bot.terminal.test_agreement_command import Row, fill


async def test_runs_are_listed_compared_and_drawn(terminal: Console, database: str) -> None:
    fill(database, [*[Row(staff="C")] * 20, *[Row(staff="I")] * 6, *[Row(score=1, staff="I")] * 4])
    first = await terminal.run("agreement", "--course", "redes")
    with psycopg.connect(database) as conn:
        conn.execute("update annotations set label = 'C' where label = 'I' and answer_id <= 23")
    await terminal.run("agreement", "--course", "redes", "--json")

    shown = await terminal.run("judge", "runs", "--course", "redes", "--png", "juiz.png")
    listed = await terminal.run("judge", "runs", "--course", "redes", "--json")

    assert first.code == 0, first.err
    assert (shown.code, "Drew 'juiz.png'." in flat(shown.err)) == (0, True), shown.err
    assert (terminal.folder / "juiz.png").read_bytes().startswith(b"\x89PNG")
    assert "+0.10" in shown.out
    before, now = listed.document["runs"]
    assert (before["parent"], now["parent"]) == (None, before["id"])
    assert (now["n"], now["missing"], now["half"], now["labels"]) == (30, 0, "all", "IIPC")
    assert round(now["changes"]["agreement"]["value"], 3) == 0.1
    assert now["changes"]["weighted_kappa"] is None


async def test_without_a_run_there_is_a_word_on_how_to_make_one(terminal: Console) -> None:
    await terminal.run("course", "create", "redes", "--title", "Redes")
    shown = await terminal.run("judge", "runs", "--course", "redes")
    unknown = await terminal.run("judge", "runs", "--course", "outra")

    assert "No run of 'redes' is kept yet" in flat(shown.out)
    assert unknown.code == 1
