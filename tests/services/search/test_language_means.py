"""The means of languages are those of the vectors that are there, whatever was taken in, filled in or taken out."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from db import generations
from services.lectures.manifest import Source
from services.search.generations import reindex
from tests.services.conftest import Desk
from tests.word_embedder import WordEmbedder

Means = dict[tuple[str, str], tuple[int, list[float]]]
"""By model and language: of how many pieces, and the mean."""

STORED = """
select g.model, m.language, m.pieces, m.mean::text from language_means m join generations g on g.id = m.generation_id
where g.state <> 'retired'
"""

TRUE = """
select g.model, split_part(lower(l.language), '-', 1), count(*)::int, avg(v.embedding)::vector::text
from segment_vectors v join lectures l on l.id = v.lecture_id join generations g on g.id = v.generation_id
where g.state <> 'retired' group by 1, 2
"""


async def means(desk: Desk, statement: str) -> Means:
    async with desk.pool.connection() as conn:
        cursor = await conn.execute(statement.encode())
        return {
            (model, language): (pieces, [float(number) for number in mean.strip("[]").split(",")])
            for model, language, pieces, mean in await cursor.fetchall()
        }


async def assert_true(desk: Desk, *expected: tuple[str, str]) -> None:
    stored, true = await means(desk, STORED), await means(desk, TRUE)
    assert set(stored) == set(true) == set(expected)
    for key, (pieces, mean) in true.items():
        assert stored[key][0] == pieces
        np.testing.assert_allclose(stored[key][1], mean, atol=1e-6)


def sources(desk: Desk, **languages: str) -> list[Source]:
    found = {source.slug: source for source in desk.plan().sources}

    return [replace(found[slug], language=language) for slug, language in languages.items()]


@pytest.fixture
async def bilingual(desk: Desk) -> Desk:
    for slug in ("um", "dois", "tres"):
        desk.write(slug, f"O gradiente da aula {slug}.", "E mais uma frase.")
    await desk.take_in(sources(desk, um="pt-BR", dois="pt", tres="en-US"))
    return desk


async def test_each_language_has_its_mean_once_lectures_are_in(bilingual: Desk) -> None:
    await assert_true(bilingual, ("words", "pt"), ("words", "en"))


async def test_a_new_version_and_a_new_language_are_followed(bilingual: Desk) -> None:
    bilingual.write("um", "Outra coisa, com outras palavras.")
    await bilingual.take_in(sources(bilingual, um="pt-BR", dois="en", tres="en-US"))

    await assert_true(bilingual, ("words", "pt"), ("words", "en"))


async def test_a_language_whose_last_lecture_goes_has_none_left(bilingual: Desk) -> None:
    (bilingual.folder / "tres.srt").unlink()

    await bilingual.take_in(prune=True)

    await assert_true(bilingual, ("words", "pt"))


async def test_what_is_filled_in_later_counts(bilingual: Desk) -> None:
    bilingual.embedder.down = True
    bilingual.write("quatro", "Une leçon sans vecteurs.")
    await bilingual.take_in(sources(bilingual, quatro="fr"))
    await assert_true(bilingual, ("words", "pt"), ("words", "en"))

    bilingual.embedder.down = False
    await bilingual.take_in(sources(bilingual, quatro="fr"))

    await assert_true(bilingual, ("words", "pt"), ("words", "en"), ("words", "fr"))


async def test_a_generation_that_is_built_has_its_own_means_and_the_old_ones_go(bilingual: Desk) -> None:
    async for _ in reindex(bilingual.pool, WordEmbedder("better words", dimension=32)):
        pass

    await assert_true(bilingual, ("better words", "pt"), ("better words", "en"))
    async with bilingual.pool.connection() as conn:
        await conn.execute("update generations set served_at = now() - interval '1 day'")
        assert await generations.sweep_retired(conn, unused_for=timedelta(minutes=5)) == 3
        cursor = await conn.execute("select count(*) from language_means")
        assert await cursor.fetchone() == (2,)
