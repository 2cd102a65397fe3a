"""NUL, lone surrogates and two megabytes come in by every door, and stop nobody: they are left out, cut or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from db.texts import storable
from services.answering.ask import Asked, Asker, Reply
from services.courses.courses import Courses
from services.errors import Refused
from services.lectures.manifest import plan
from services.models.chat import ChatModel, LlmConfig
from services.research.importing import ImportReport, imported
from services.reviewing.annotate import Annotate
from tests.fake_model import fake_model, says
from tests.services.conftest import Desk

NUL, HIGH, LOW = "\0", "\ud83e", "\udcff"
POISONS = {
    # open-metadata/OpenMetadata#31120, airbytehq/airbyte#3476, magda-io/magda#3161, dashjoin/platform#488,
    # turbot/steampipe#292, paradedb/pg_analytics#188, bloxbean/yaci-store#209, FraunhoferIOSB/FROST-Server#375
    "NUL": f"gra{NUL}diente",
    # Kohaku-Lab/KohakuTerrarium PR#48, abetlen/llama-cpp-python#57
    "a high surrogate": f"gra{HIGH}diente",
    # simonw/llm#768, Nayjest/ai-microcore#74
    "an undecodable byte of the command line": f"gra{LOW}diente",
    "two megabytes": "gradiente " * 200_000,
    "two megabytes without a space": "g" * 2_000_000,
}

poisoned = pytest.mark.parametrize("text", POISONS.values(), ids=POISONS)


def is_clean(value: object) -> bool:
    return value is None or storable(str(value)) == str(value)


def require_clean(refusal: Refused) -> None:
    """A sentence of bearable length, without what a terminal or a log cannot write."""
    assert is_clean(refusal)
    assert len(str(refusal)) < 2_000


async def told(asker: Asker, asked: Asked) -> Reply | Refused:
    """The reply, or the sentence of a refusal; anything else fails the test."""
    try:
        [*_, last] = [part async for part in asker.ask(asked)]
    except Refused as refusal:
        return refusal
    assert isinstance(last, Reply)
    return last


@poisoned
async def test_a_parameter_of_any_statement_is_stored_without_what_is_refused(desk: Desk, text: str) -> None:
    nested = {"criteria": [text, {text: text}], "kept": "C:\\u0000 and \\\\"}
    async with desk.pool.connection() as conn:
        await conn.execute("create table poisoned (words text, many text[], document jsonb)")
        await conn.execute(
            "insert into poisoned values (%(words)s, %(many)s, %(document)s)",
            {"words": text, "many": [text, "b"], "document": Jsonb(nested)},
        )
        async with conn.cursor().copy("copy poisoned (words) from stdin (format binary)") as copy:
            copy.set_types(["text"])
            await copy.write_row([text])
        found: list[Any] = await (await conn.execute("select words, many, document from poisoned")).fetchall()

    clean = storable(text)
    assert [row[0] for row in found] == [clean, clean]
    assert found[0][1] == [clean, "b"]
    assert found[0][2] == {"criteria": [clean, {clean: clean}], "kept": "C:\\u0000 and \\\\"}


@poisoned
async def test_a_course_s_title(desk: Desk, text: str) -> None:
    course = await Courses(desk.pool).create(slug="outro", title=text, language="pt-BR")

    assert is_clean(course.title)
    assert len(course.title) <= 500


@poisoned
async def test_a_course_s_short_name(desk: Desk, text: str) -> None:
    try:
        course = await Courses(desk.pool).create(slug=text, title="Outro", language="pt-BR")
    except Refused as refusal:
        require_clean(refusal)
    else:
        assert is_clean(course.slug)


@poisoned
async def test_a_question_and_a_model_s_answer(desk: Desk, text: str) -> None:
    desk.write("aula-01", "O gradiente some em redes recorrentes longas.")
    await desk.take_in()

    async with (
        fake_model(says(f"O {text[:4_000]} some [1].")) as server,
        ChatModel(LlmConfig(model="m", base_url=server.base_url)) as model,
    ):
        asker = Asker(desk.pool, desk.retriever, model)
        answered = await told(asker, Asked(course=desk.course, text="O gradiente some?", source="cli"))
        asked = await told(asker, Asked(course=desk.course, text=text, source="cli"))

    assert isinstance(answered, Reply)
    assert is_clean(answered.answer.text)
    assert is_clean(asked)


@poisoned
async def test_a_comment_on_a_vote(desk: Desk, text: str) -> None:
    desk.write("aula-01", "O gradiente some em redes recorrentes longas.")
    await desk.take_in()
    reply = await told(
        Asker(desk.pool, desk.retriever, None), Asked(course=desk.course, text="gradiente", source="cli")
    )
    assert isinstance(reply, Reply)

    await Annotate(desk.pool).explain(desk.course, reply.answer.id, "somebody", reason="other", comment=text)


@poisoned
async def test_a_search(desk: Desk, text: str) -> None:
    desk.write("aula-01", "O gradiente some em redes recorrentes longas.")
    await desk.take_in()

    assert await desk.found(text) in (["aula-01"], [])


@poisoned
@pytest.mark.parametrize("field", ["id", "title", "video_url", "lang", "date"])
async def test_a_manifest(desk: Desk, text: str, field: str) -> None:
    desk.write("aula-01", "O gradiente some em redes recorrentes longas.")
    entry = {"id": "a", "file": "aula-01.srt", "title": "Aula", "video_url": "https://youtu.be/x", "lang": "pt"}
    manifest = desk.folder / "manifest.json"
    manifest.write_text(json.dumps({"lectures": [{**entry, field: text}]}))

    try:
        order = plan([desk.folder], manifest=manifest, language="pt-BR", video_url=None)
    except Refused as refusal:
        require_clean(refusal)
    else:
        report = await desk.take_in(order.sources)
        assert len(report.taken) == 1


@poisoned
async def test_captions(desk: Desk, text: str) -> None:
    desk.write("boa", "O gradiente some em redes recorrentes longas.")
    cue = "1\n00:00:01,000 --> 00:00:05,000\n{}\n\n2\n00:00:06,000 --> 00:00:09,000\nA perda cai.\n"
    (desk.folder / "ruim.srt").write_bytes(cue.format(text).encode(errors="surrogatepass"))

    report = await desk.take_in()

    assert {taken.slug: taken.status for taken in report.taken}["boa"] == "new"
    assert len(report.taken) == 2


@poisoned
async def test_a_dossier(desk: Desk, text: str, tmp_path: Path) -> None:
    sample = (Path(__file__).parents[2] / "samples" / "dossier.md").read_text()
    file = tmp_path / "dossier.md"
    first = sample.index("**: ") + 4
    file.write_bytes((sample[:first] + text + " " + sample[first:]).encode(errors="surrogatepass"))

    try:
        [*_, last] = [event async for event in imported(desk.pool, desk.course, file)]
    except Refused as refusal:
        require_clean(refusal)
    else:
        assert isinstance(last, ImportReport)
        assert last.new > 0
