"""The composition root: what is configured is what is opened."""

from pathlib import Path

from db import connect
from services import wiring
from services.models.embedder import Backend, EmbedderConfig, Identity, configured_name
from services.wiring import Setup
from tests import rows
from tests.fake_model import embeds, fake_model


async def test_no_model_is_opened_where_none_is_wanted_though_vectors_serve(database: str, tmp_path: Path) -> None:
    async with connect.pool(database, size=1) as pool, pool.connection() as conn:
        await rows.generation(conn, 384, model="all-MiniLM-L6-v2", piece_tokens=None)
    setup = Setup(home=tmp_path, database_url=database, embedder=EmbedderConfig(model="none"), answer=None)

    async with wiring.services(setup) as services:
        assert await services.serving.current(patience_s=30) is None
        assert services.embedder_trouble is None


async def test_the_model_of_older_vectors_is_asked_with_the_fields_they_were_made_with(
    database: str, tmp_path: Path
) -> None:
    async with fake_model(embeds) as server:
        async with connect.pool(database, size=1) as pool, pool.connection() as conn:
            fields = "input_type=query | input_type=passage"
            await rows.generation(conn, 3, backend="openai", model="m", revision=fields, piece_tokens=None)
        config = EmbedderConfig(model="other", backend="openai", base_url=server.base_url)
        setup = Setup(home=tmp_path, database_url=database, embedder=config, answer=None)
        async with wiring.services(setup) as services:
            await services.serving.current(patience_s=30)

    assert {request["model"]: request.get("input_type") for request in server.requests} == {"other": None, "m": "query"}


def identity(backend: Backend, model: str) -> Identity:
    return Identity(backend=backend, model=model, revision="1", dimension=3, query_prefix="", passage_prefix="")


def test_the_model_of_old_vectors_is_opened_by_the_name_it_has_today() -> None:
    assert configured_name(identity("torch", "all-MiniLM-L6-v2")) == "bundled-minilm"  # what `bundled` was at first
    assert configured_name(identity("openai", "all-MiniLM-L6-v2")) == "all-MiniLM-L6-v2"
    assert configured_name(identity("numpy", "universal-sentence-encoder-multilingual-3")) == "bundled"
    assert configured_name(identity("torch", "intfloat/multilingual-e5-small")) == "intfloat/multilingual-e5-small"
