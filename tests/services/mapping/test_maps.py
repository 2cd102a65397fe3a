"""What staff say of a map stays while the same is said there; else they are asked."""

from dataclasses import replace

import pytest

from services.errors import Refused
from services.mapping.maps import chosen, opened_at, proven_at
from tests.fake_model import replies
from tests.services.mapping.conftest import LECTURE, Atlas
from tests.services.mapping.test_mapper import of_the_chapter


@pytest.fixture
async def mapped(atlas: Atlas) -> Atlas:
    await atlas.taken_in()
    await atlas.cut()
    return atlas


async def test_a_new_name_stays_over_a_new_run(mapped: Atlas) -> None:
    before = await mapped.map_()

    after = await mapped.maps.rename(mapped.desk.course, "aula-01", "2", "  O que  importa ")
    await mapped.promise()
    await mapped.cut()

    again = await mapped.map_()
    assert (after.chapters[1].title, after.chapters[1].origin) == ("O que importa", "staff")
    assert again.chapters == after.chapters
    assert [one.start_ms for one in again.chapters] == [one.start_ms for one in before.chapters]


async def test_merged_chapters_are_one(mapped: Atlas) -> None:
    before = (await mapped.map_()).chapters

    after = (await mapped.maps.merge(mapped.desk.course, "aula-01", "1-2", "Os dois")).chapters

    assert len(after) == len(before) - 1
    assert (after[0].start_ms, after[0].end_ms, after[0].title) == (before[0].start_ms, before[1].end_ms, "Os dois")
    assert after[1:] == tuple(replace(one, ordinal=one.ordinal - 1) for one in before[2:])


async def test_merged_chapters_without_a_title_are_named_by_their_words(mapped: Atlas) -> None:
    after = await mapped.maps.merge(mapped.desk.course, "aula-01", "1-2")

    assert after.chapters[0].origin == "quoted"


async def test_dropped_chapters_are_gone_also_from_a_new_run(mapped: Atlas) -> None:
    before = (await mapped.map_()).chapters

    await mapped.maps.drop(mapped.desk.course, "aula-01", "1")
    await mapped.promise()
    await mapped.cut()

    after = await mapped.map_()
    assert after.chapters[0].start_ms == before[1].start_ms
    assert after.chapter_at(before[0].start_ms) is None


async def test_the_last_chapter_cannot_be_dropped(mapped: Atlas) -> None:
    many = len((await mapped.map_()).chapters)

    with pytest.raises(Refused, match="keep one chapter"):
        await mapped.maps.drop(mapped.desk.course, "aula-01", f"1-{many}")

    assert len((await mapped.map_()).chapters) == many


async def test_new_captions_in_other_words_ask_staff(mapped: Atlas) -> None:
    await mapped.maps.rename(mapped.desk.course, "aula-01", "1", "O perceptron")
    last = len((await mapped.map_()).chapters)
    await mapped.maps.rename(mapped.desk.course, "aula-01", str(last), "O dropout")

    await mapped.taken_in("aula-01", *[cue.replace("peso", "bias") for cue in LECTURE])
    await mapped.cut()

    found = await mapped.map_()
    (lost,) = await mapped.maps.lost(mapped.desk.course)
    assert [one.title for one in found.chapters if one.origin == "staff"] == ["O dropout"]
    assert (lost.title, lost.lecture) == ("O perceptron", "aula-01")

    kept = await mapped.maps.keep(mapped.desk.course, "aula-01", lost.id)
    assert kept.chapters[0].title == "O perceptron"
    assert await mapped.maps.lost(mapped.desk.course) == []


async def test_staff_may_give_up_what_they_had_said(mapped: Atlas) -> None:
    await mapped.maps.rename(mapped.desk.course, "aula-01", "1", "O perceptron")
    await mapped.taken_in("aula-01", *[cue.replace("peso", "bias") for cue in LECTURE])
    await mapped.cut()
    (lost,) = await mapped.maps.lost(mapped.desk.course)

    await mapped.maps.forget(mapped.desk.course, "aula-01", lost.id)

    assert await mapped.maps.lost(mapped.desk.course) == []
    with pytest.raises(Refused, match="Nothing is asked under the number"):
        await mapped.maps.keep(mapped.desk.course, "aula-01", lost.id)


async def test_words_that_come_back_are_found_again(mapped: Atlas) -> None:
    await mapped.maps.rename(mapped.desk.course, "aula-01", "1", "O perceptron")
    for cues in ([cue.replace("peso", "bias") for cue in LECTURE], LECTURE):
        await mapped.taken_in("aula-01", *cues)
        await mapped.cut()

    assert await mapped.maps.lost(mapped.desk.course) == []
    assert (await mapped.map_()).chapters[0].title == "O perceptron"


async def test_a_model_writes_the_sentence_under_a_title_of_staff(mapped: Atlas) -> None:
    await mapped.maps.rename(mapped.desk.course, "aula-01", "1", "O perceptron")

    async with mapped.mapper(replies(of_the_chapter)) as (mapper, _):
        await mapper.drain()

    first = (await mapped.map_()).chapters[0]
    assert (first.title, first.origin, first.is_quoted) == ("O perceptron", "staff", False)


async def test_a_rename_keeps_what_a_model_wrote_of_the_others(mapped: Atlas) -> None:
    async with mapped.mapper(replies(of_the_chapter)) as (mapper, server):
        await mapper.drain()
        before = (await mapped.map_()).chapters
        asked = len(server.requests)

        await mapped.maps.rename(mapped.desk.course, "aula-01", "1", "O perceptron")
        await mapper.drain()

        assert len(server.requests) == asked
    after = await mapped.map_()
    assert after.chapters[1:] == before[1:]
    assert after.chapters[0].sentence == before[0].sentence
    assert after.model == "cartógrafo"


async def test_a_reset_forgets_what_staff_said(mapped: Atlas) -> None:
    before = (await mapped.map_()).chapters
    await mapped.maps.merge(mapped.desk.course, "aula-01", "1-2", "Os dois")

    after = await mapped.maps.reset(mapped.desk.course, "aula-01")

    assert after.chapters == before


@pytest.mark.parametrize("numbers", ["", "0", "dois", "3-1", "1-", "-2", "1,2", "1" * 40])
def test_what_names_no_chapters_is_refused(numbers: str) -> None:
    with pytest.raises(Refused, match="names no chapters"):
        chosen(numbers)


@pytest.mark.parametrize("title", ["", "   ", "\u200b", "a" * 500])
async def test_a_title_that_cannot_be_used_is_refused_in_a_sentence(mapped: Atlas, title: str) -> None:
    with pytest.raises(Refused, match=r"needs a title|has 500 characters"):
        await mapped.maps.rename(mapped.desk.course, "aula-01", "1", title)


async def test_a_chapter_that_is_not_there_is_refused(mapped: Atlas) -> None:
    with pytest.raises(Refused, match="There is no chapter 99"):
        await mapped.maps.rename(mapped.desk.course, "aula-01", "99", "x")


async def test_students_know_nothing_of_a_lecture_before_its_release(mapped: Atlas) -> None:
    async with mapped.desk.pool.connection() as conn:
        await conn.execute("update lectures set released_at = now() + interval '1 day'")

    with pytest.raises(Refused, match="There is no lecture"):
        await mapped.maps.of(mapped.desk.course, "aula-01")
    assert await mapped.maps.of(mapped.desk.course, "aula-01", reader="staff")


async def test_a_line_opens_its_chapter_and_its_proof(mapped: Atlas) -> None:
    async with mapped.desk.pool.connection() as conn:
        await conn.execute("update lectures set video_url = 'https://youtu.be/abc'")
    found = await mapped.map_()
    second = found.chapters[1]

    assert opened_at(found, second) == f"https://youtu.be/abc?t={second.start_ms // 1000}"
    said = max(second.quote_start_ms / 1000 - 2, second.start_ms / 1000)
    assert proven_at(found, second) == f"https://youtu.be/abc?t={int(said)}"
