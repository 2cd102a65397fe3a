"""The map of a lecture in the terminal: shown, changed, and refused in one sentence."""

import pytest

from tests.bot.console import SAMPLES, Console, flat

LECTURE = ("map", "aula-04-regularizacao", "--course", "redes")


async def test_a_map_is_made_by_the_ingest_and_printed_as_one_document(sampled: Console) -> None:
    ran = await sampled.run(*LECTURE, "--json")

    assert ran.code == 0, ran.err
    document = ran.document
    assert (document["course"], document["lecture"], document["date"]) == ("redes", LECTURE[1], "2026-03-24")
    assert len(document["chapters"]) >= 3
    for number, chapter in enumerate(document["chapters"], 1):
        assert chapter["number"] == number
        assert chapter["start"] <= chapter["quote_start"] < chapter["end"]
        assert chapter["url"].endswith(f"#t={int(chapter['start'])}")
        assert chapter["title"]
        assert chapter["sentence"] == chapter["quote"]  # there is no model


async def test_staff_change_it_and_people_read_it(terminal: Console) -> None:
    course = SAMPLES / "course"
    await terminal.run("ingest", str(course), "--manifest", str(course / "manifest.json"), "--course", "redes")

    renamed = await terminal.run(*LECTURE, "--rename", "2", "--title", "Pesos que encolhem")
    merged = await terminal.run(*LECTURE, "--merge", "2-3", "--json")
    reset = await terminal.run(*LECTURE, "--reset", "--json")

    assert "2. " in renamed.out
    assert "Pesos que encolhem" in flat(renamed.out)
    assert merged.document["chapters"][1]["title"] == "Pesos que encolhem"
    assert len(reset.document["chapters"]) == len(merged.document["chapters"]) + 1
    assert all(chapter["origin"] == "quoted" for chapter in reset.document["chapters"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--rename", "1"), "--rename goes with --title"),
        (("--title", "x"), "--title goes with --rename or --merge"),
        (("--drop", "1", "--reset"), "change one thing at a time"),
    ],
)
async def test_options_that_do_not_go_together_are_wrong_usage(
    sampled: Console, options: tuple[str, ...], sentence: str
) -> None:
    ran = await sampled.run(*LECTURE, *options)

    assert ran.code == 2
    assert sentence in flat(ran.err)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--drop", "99"), "There is no chapter 99"),
        (("--merge", "dois"), "names no chapters"),
        (("--rename", "1", "--title", "a" * 500), "has 500 characters"),
        (("--keep", "7"), "Nothing is asked under the number 7"),
    ],
)
async def test_a_change_that_cannot_be_is_refused(sampled: Console, options: tuple[str, ...], sentence: str) -> None:
    ran = await sampled.run(*LECTURE, *options)

    assert ran.code == 1
    assert sentence in flat(ran.err)


async def test_a_lecture_that_is_not_there_is_refused(sampled: Console) -> None:
    ran = await sampled.run("map", "aula-99", "--course", "redes")

    assert ran.code == 1
    assert "There is no lecture 'aula-99'" in flat(ran.err)
