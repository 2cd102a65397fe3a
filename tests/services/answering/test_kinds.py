"""Questions that ask for more than an answer: both sides, a list, lectures whole; with a model and without."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from db import connect
from db.maps import put_map
from db.records import LectureId, SegmentId, TranscriptId
from db.records.maps import Chapter
from services.answering.again import offered
from services.answering.replies import Reply
from services.courses.courses import Courses
from services.lectures.ingest import Ingest
from services.lectures.manifest import Plan
from services.search.generations import Serving
from services.search.retrieve import Retriever
from tests.fake_model import says
from tests.services.answering.room import Room, captioned, model_that, no_model
from tests.services.answering.test_scoping import FAR_AHEAD, asked, known, named

DROPOUT = ["O dropout desliga neurônios ao acaso durante o treino.", "A penalidade L2 encolhe os pesos."]
NORM = ["A batch norm normaliza as ativações de cada lote.", "Com batch norm, o dropout ajuda bem menos."]
MEMORY = ["A LSTM guarda uma célula de memória.", "A GRU junta os portões da LSTM em dois."]
SAID = {
    1: ("Aula 1: Regularização", date(2026, 9, 1), DROPOUT),
    2: ("Aula 2: Normalização", date(2026, 9, 3), NORM),
    3: ("Aula 3: Recorrentes", date(2026, 9, 8), MEMORY),
    4: ("Aula 4: Secreta", date(2026, 9, 10), ["Gabarito: o dropout da prova e a LSTM secreta."]),
}


@pytest.fixture
async def room(database: str, tmp_path: Path) -> AsyncGenerator[Room, None]:
    """Four lectures of September 2026, the last of which is not released."""
    async with connect.pool(database, size=2) as pool:
        course = await Courses(pool).create(slug="redes", title="Redes", language="pt-BR")
        sources = [
            known(captioned(tmp_path, f"aula-{number}", "pt", cues), title, held_on)
            for number, (title, held_on, cues) in SAID.items()
        ]
        sources[-1] = replace(sources[-1], released_at=FAR_AHEAD)
        await taken_in(
            room := Room(pool=pool, course=course, retriever=Retriever(pool, None), folder=tmp_path), sources
        )
        yield room


async def taken_in(room: Room, sources: Sequence[object]) -> None:
    plan = Plan(sources=tuple(sources), overlooked=(), folders=())  # pyright: ignore[reportArgumentType]
    async with Serving(room.pool, None, reopen=no_model) as serving:
        async for _ in Ingest(room.pool, serving, None).run(room.course, plan):
            pass


async def mapped(room: Room, slug: str, *titles: str) -> None:
    """Give a lecture a map whose chapters are its minutes."""
    async with room.pool.connection() as conn:
        row = await (
            await conn.execute(
                "select l.id, l.transcript_id, s.id, s.text, s.cue_offsets from lectures l"
                " join segments s on s.transcript_id = l.transcript_id where l.slug = %s",
                (slug,),
            )
        ).fetchone()
        assert row
        lecture, transcript, segment, text, offsets = row
        cues = [text[a:b].strip() for a, b in zip(offsets, [*offsets[1:], len(text)], strict=True)]
        chapters = [
            Chapter(
                ordinal=n,
                start_ms=60_000 * (n - 1),
                end_ms=60_000 * n,
                title=title,
                origin="written",
                sentence=f"Explica {title.lower()}.",
                segment_id=SegmentId(segment),
                quote=cues[(n - 1) % len(cues)],
                quote_start_ms=60_000 * (n - 1),
                quote_end_ms=60_000 * (n - 1) + 30_000,
                fingerprint=str(n),
            )
            for n, title in enumerate(titles, start=1)
        ]
        made = await put_map(
            conn,
            course=room.course.id,
            lecture=LectureId(lecture),
            transcript=TranscriptId(transcript),
            chapters=chapters,
        )
    assert made


def cited(reply: Reply) -> list[str]:
    return [reference.lecture for reference in reply.references]


async def more(room: Room, reply: Reply) -> Reply:
    return await asked(room, "", again="other", follows=reply.answer.question_id)


# Lists


@pytest.mark.parametrize("text", ["em quais aulas ele falou de dropout?", "which lectures mention dropout?"])
@pytest.mark.parametrize("has_model", [False, True])
async def test_a_list_has_the_best_moment_of_each_lecture(room: Room, text: str, has_model: bool) -> None:
    async with model_that(says("Não devia escrever.")) as (model, server):
        reply = await asked(room, text, asker=room.asker(model if has_model else None))

    assert reply.answer.intent == "list"
    assert sorted(cited(reply)) == ["aula-1", "aula-2"]
    assert "Aula 1: Regularização" in reply.answer.text
    assert "«O dropout desliga neurônios ao acaso durante o treino." in reply.answer.text
    assert all(f"«{one.quote}» [{one.number}]" in reply.answer.text for one in reply.references)
    assert not [prompt for prompt in server.prompts if "Regularização" in prompt]
    assert offered(reply) == ()


async def test_a_line_of_a_list_names_the_chapter(room: Room) -> None:
    await mapped(room, "aula-3", "Células de memória", "Menos portões")
    reply = await asked(room, "em quais aulas ele falou de portões?")

    assert "Aula 3: Recorrentes, 08/09/2026: Menos portões: «" in reply.answer.text


async def test_a_list_shows_five_and_pages_the_others(room: Room) -> None:
    sources = [
        known(
            captioned(room.folder, f"mais-{n}", "pt", [f"Aqui o momentum acelera {n} vezes."]),
            f"Aula {n}",
            date(2026, 9, n),
        )
        for n in range(11, 23)
    ]
    await taken_in(room, sources)
    first = await asked(room, "em quais aulas ele falou de momentum?")
    second = await more(room, first)
    third = await more(room, second)

    assert [len(one.references) for one in (first, second, third)] == [5, 5, 2]
    assert [one.answer.further for one in (first, second, third)] == [7, 2, 0]
    assert len({*cited(first), *cited(second), *cited(third)}) == 12
    assert first.answer.text.endswith("E em mais 7 aulas.")
    assert [offered(one) for one in (first, second, third)] == [("other",), ("other",), ()]


async def test_the_lecture_that_is_called_so_comes_first_in_a_list(room: Room) -> None:
    said = {
        "antes": ("Aula 21: Antes", "Na semana que vem, redes convolucionais, e redes de novo."),
        "propria": ("Aula 22: Redes convolucionais", "As redes convolucionais varrem a imagem toda."),
    }
    await taken_in(
        room,
        [
            known(captioned(room.folder, slug, "pt", [cue]), title, date(2026, 9, 21))
            for slug, (title, cue) in said.items()
        ],
    )
    reply = await asked(room, "em quais aulas ele falou de redes convolucionais?")

    assert cited(reply) == ["propria", "antes"]


async def test_a_list_of_what_nobody_speaks_of_is_no_list(room: Room) -> None:
    reply = await asked(room, "em quais aulas ele falou de fotossíntese?")

    assert reply.answer.outcome == "no_material"
    assert reply.answer.intent is None


# Comparisons


@pytest.mark.parametrize("text", ["qual a diferença entre dropout e GRU?", "compare dropout and GRU"])
async def test_both_topics_are_cited_without_a_model(room: Room, text: str) -> None:
    reply = await asked(room, text)

    assert reply.answer.intent == "comparison"
    assert {"aula-1", "aula-3"} <= set(cited(reply))


async def test_a_quotation_that_names_both_does_not_stand_for_each(room: Room) -> None:
    reply = await asked(room, "qual a diferença entre batch norm e dropout?")

    assert {"aula-1", "aula-2"} <= set(cited(reply))


async def test_both_topics_are_cited_though_a_model_cites_one(room: Room) -> None:
    async with model_that(says("O dropout desliga neurônios ao acaso [1].")) as (model, server):
        reply = await asked(room, "qual a diferença entre dropout e GRU?", asker=room.asker(model))

    (prompt,) = server.prompts
    assert "compared" in prompt
    assert "A GRU junta os portões" in prompt
    assert "aula-3" in cited(reply)
    assert {"aula-1", "aula-2"} & set(cited(reply))
    assert len(reply.references) == 2
    assert "» [2]" in reply.answer.text


async def test_a_side_that_nobody_speaks_of_brings_no_quotation(room: Room) -> None:
    async with model_that(says("O dropout desliga neurônios ao acaso [1].")) as (model, _):
        reply = await asked(room, "qual a diferença entre dropout e fotossíntese?", asker=room.asker(model))

    assert "fotossíntese" not in reply.answer.text


@pytest.mark.parametrize("has_model", [False, True])
async def test_lectures_are_compared_by_what_each_says(room: Room, has_model: bool) -> None:
    async with model_that(says("Na primeira, desliga neurônios [1].")) as (model, _):
        reply = await asked(
            room,
            "qual a diferença entre o que foi dito de dropout na aula 1 e na 2?",
            asker=room.asker(model if has_model else None),
        )

    assert named(reply) == ("within", ["aula-1", "aula-2"])
    assert set(cited(reply)) == {"aula-1", "aula-2"}
    assert {hit.lecture for hit in reply.hits} == {"aula-1", "aula-2"}
    assert reply.answer.intent == "comparison"


async def test_lectures_are_compared_though_they_are_all_that_there_are(room: Room) -> None:
    async with room.pool.connection() as conn:
        await conn.execute("update lectures set withdrawn_at = now(), transcript_id = null where slug = 'aula-3'")
    reply = await asked(room, "compara o que foi dito de dropout nas aulas 1 e 2")

    assert named(reply) is None
    assert set(cited(reply)) == {"aula-1", "aula-2"}


async def test_what_changed_over_the_course_is_told_lecture_by_lecture(room: Room) -> None:
    reply = await asked(room, "como o conceito de dropout evoluiu ao longo do curso?")

    assert reply.answer.intent == "comparison"
    assert cited(reply) == ["aula-1", "aula-2"]


async def test_whole_lectures_are_compared(room: Room) -> None:
    reply = await asked(room, "compare as aulas 1 e 3")

    assert set(cited(reply)) == {"aula-1", "aula-3"}


async def test_another_moment_of_whole_lectures_that_are_compared_is_another(room: Room) -> None:
    first = await asked(room, "compare as aulas 1 e 3")
    second = await more(room, first)

    assert offered(first) == ("other",)
    assert second.answer.outcome == "no_material"


# Lectures whole, and what was missed


async def test_another_moment_of_an_overview_that_a_model_wrote_is_another(room: Room) -> None:
    cues = [f"Na parte {n} ele explica o assunto número {n} com calma." for n in range(1, 200)]
    await taken_in(room, [known(captioned(room.folder, "longa", "pt", cues), "Aula 9: Longa", date(2026, 9, 9))])
    async with model_that(says("Explica o assunto [1].")) as (model, server):
        asker = room.asker(model)
        first = await asked(room, "resume a aula 9", asker=asker)
        second = await asked(room, "", again="other", follows=first.answer.question_id, asker=asker)

    shown = first.references[0]
    assert (first.answer.intent, second.answer.intent) == ("overview", "overview")
    assert len(server.prompts) == 2
    assert second.hits
    assert not [hit for hit in second.hits if hit.start_s <= shown.start_s < hit.end_s]


@pytest.mark.parametrize("has_model", [False, True])
@pytest.mark.parametrize(
    ("text", "kind"),
    [("resume a aula 2", "overview"), ("what was lecture 2 about?", "overview"), ("o que perdi na aula 2?", "missed")],
)
async def test_the_map_is_the_reply(room: Room, text: str, kind: str, has_model: bool) -> None:
    await mapped(room, "aula-2", "Batch norm", "Dropout e batch norm")
    async with model_that(says("Não devia escrever.")) as (model, server):
        reply = await asked(room, text, asker=room.asker(model if has_model else None))

    assert reply.answer.intent == kind
    assert cited(reply) == ["aula-2", "aula-2"]
    assert "- Batch norm: Explica batch norm. [1]" in reply.answer.text
    assert [reference.quote for reference in reply.references] == SAID[2][2]
    assert {hit.lecture for hit in reply.hits} == {"aula-2"}
    assert server.prompts == []


async def test_a_long_map_is_paged(room: Room) -> None:
    await mapped(room, "aula-2", *(f"Parte {n}" for n in "abcdefghijkl"))
    first = await asked(room, "resume a aula 2")
    second = await more(room, first)
    third = await more(room, second)

    assert [one.answer.further for one in (first, second, third)] == [7, 2, 0]
    assert first.answer.text.endswith("E mais 7 partes.")
    assert "Parte a" in first.answer.text
    assert "Parte f" in second.answer.text
    assert "Parte l" in third.answer.text


async def test_without_a_map_a_lecture_is_told_from_all_over_it(room: Room) -> None:
    async with model_that(says("- Normaliza cada lote [1].")) as (model, server):
        written = await asked(room, "resume a aula 2", asker=room.asker(model))
    quoted = await asked(room, "resume a aula 2")

    (prompt,) = server.prompts
    assert "about as a whole" in prompt
    assert written.answer.intent == quoted.answer.intent == "overview"
    assert cited(written) == cited(quoted) == ["aula-2"]


@pytest.mark.parametrize("text", ["o que perdi nas duas últimas aulas?", "what did I miss since September 3?"])
async def test_what_was_missed_is_told_of_each_lecture(room: Room, text: str) -> None:
    await mapped(room, "aula-2", "Batch norm")
    await mapped(room, "aula-3", "LSTM", "GRU")
    reply = await asked(room, text)

    assert reply.answer.intent == "missed"
    assert cited(reply) == ["aula-2", "aula-3", "aula-3"]
    assert named(reply) == ("within", ["aula-2", "aula-3"])


async def test_a_lecture_that_is_chosen_for_an_overview_is_told(room: Room) -> None:
    await mapped(room, "aula-1", "Dropout")
    async with room.pool.connection() as conn:
        row = await (await conn.execute("select id from lectures where slug = 'aula-1'")).fetchone()
    assert row
    reply = await asked(room, "resume a aula 9", lecture=row[0])

    assert cited(reply) == ["aula-1"]
    assert reply.answer.intent == "overview"


# What is not released


@pytest.mark.parametrize("has_model", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "em quais aulas ele falou de dropout?",
        "which lectures mention LSTM?",
        "em quais aulas ele falou da prova?",
        "qual a diferença entre dropout e LSTM?",
        "compare as aulas 3 e 4",
        "compara o que foi dito de dropout nas aulas 1 e 4",
        "como o conceito de dropout evoluiu ao longo do curso?",
        "resume a aula 4",
        "resume a última aula",
        "resume a aula de secreta",
        "resume as aulas 1 a 4",
        "o que perdi na aula 4?",
        "o que perdi nas duas últimas aulas?",
        "o que perdi desde a aula 2?",
        "what did I miss since September 3?",
    ],
)
async def test_a_lecture_that_is_not_released_is_in_none_of_these(room: Room, text: str, has_model: bool) -> None:
    await mapped(room, "aula-4", "Segredo da prova", "Outro segredo")
    async with model_that(says("Desliga neurônios [1].")) as (model, server):
        reply = await asked(room, text, asker=room.asker(model if has_model else None))

    told = f"{reply.answer.text} {reply.scope} {reply.hits} {reply.references} {server.prompts}"
    for secret in ("Gabarito", "aula-4", "Secreta", "Segredo da prova", "LSTM secreta"):
        assert secret not in told.replace(text, "")


async def test_an_ordinary_question_gets_the_passages_that_it_got(room: Room) -> None:
    reply = await asked(room, "o que é dropout?")
    plain = await room.retriever.search(course=room.course, questions=["o que é dropout?"], k=10)

    assert [hit.segment_id for hit in reply.hits] == [hit.segment_id for hit in plain.hits]
    assert reply.answer.intent is None


async def test_words_of_a_map_that_look_like_marks_are_none(room: Room) -> None:
    await mapped(room, "aula-2", "A lista [1, 2]\n[3]")
    reply = await asked(room, "resume a aula 2")

    assert "- A lista (1, 2) (3): " in reply.answer.text
    assert len(reply.references) == 1
