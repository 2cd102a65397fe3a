"""Pairs leave a course whole, with pseudonyms for who chose; nothing of them is in the other formats."""

import json
from datetime import UTC, datetime, timedelta

from services.research import export
from services.research.pairs.exporting import chunks
from services.reviewing.pairs import Pairs
from tests.pairs import kept, pair
from tests.services.research.learning.labelled import Labelled


async def written(at: Labelled, since: datetime | None = None) -> bytes:
    return b"".join([chunk.data async for chunk in chunks(at.pool, at.course, since=since)])


async def test_a_pair_is_one_line_with_all_that_was_said_of_it(labelled: Labelled) -> None:
    await labelled.answer("Por que o gradiente some?")
    run = await kept(
        labelled.pool, labelled.course, pair(verdicts=("second", "tie")), pair("2?", "Ver <@123>.", "Não.")
    )
    for press in ("same", "skip"):
        shown = await Pairs(labelled.pool).next(labelled.course.id, "chave")
        assert shown
        await Pairs(labelled.pool).choose(labelled.course.id, shown.id, "chave", press, "en")
    await Pairs(labelled.pool).next(labelled.course.id, "outra chave")

    first, second = [json.loads(line) for line in (await written(labelled)).splitlines()]

    assert (first["course"], first["run"], first["model"], first["prompt_id"]) == ("redes", run, "juiz", "pair/1")
    assert (first["question_id"], second["question_id"]) == (1, None)
    assert first["first"] == {"configuration": "as configured", "answer": "Porque encolhe.", "references": []}
    assert first["second"]["configuration"] == "model=ruim"
    assert [(one["shown_first"], one["status"], one["better"]) for one in first["judgements"]] == [
        ("first", "ok", "second"),
        ("second", "ok", "tie"),
    ]
    [choice], [skipped] = first["choices"], second["choices"]
    assert (choice["better"], skipped["better"], choice["annotator"][0]) == ("tie", "skipped", "P")
    assert choice["annotator"] == skipped["annotator"]
    assert "123" not in second["first"]["answer"]
    assert b"chave" not in await written(labelled)


async def test_only_what_was_compared_since_is_written(labelled: Labelled) -> None:
    await kept(labelled.pool, labelled.course, pair())

    assert await written(labelled, datetime.now(UTC) + timedelta(days=1)) == b""
    assert await written(labelled, datetime.now(UTC) - timedelta(days=1)) == await written(labelled)


async def test_other_formats_are_what_they_were(labelled: Labelled) -> None:
    await labelled.answer("Por que o gradiente some?")

    async def exported() -> list[bytes]:
        forms: tuple[export.Format, ...] = ("dossier", "jsonl", "csv")
        return [
            b"".join(
                [
                    chunk.data
                    async for chunk in export.chunks(
                        labelled.pool, labelled.course, form=form, since=None, language=None
                    )
                ]
            )
            for form in forms
        ]

    before = await exported()
    await kept(labelled.pool, labelled.course, pair(verdicts=("second", "second")))

    assert await exported() == before
