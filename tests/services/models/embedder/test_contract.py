import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from services.models.embedder import Embedder, EmbedderConfig, EmbedderUnavailable, open_embedder
from services.models.embedder.protocol import checked, e5_prefixes
from tests.services.tiny_e5 import save_tiny_e5

Opening = Callable[[], AbstractAsyncContextManager[Embedder | None]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contract") / "tiny-e5"
    save_tiny_e5(folder)
    return folder


@pytest.fixture(params=["torch", "openai", "bundled"])
def opening(request: pytest.FixtureRequest, folder: Path, httpserver: HTTPServer) -> Opening:
    """Opens an embedder of each backend."""

    def answer(asked: Request) -> Response:
        texts = json.loads(asked.get_data())["input"]
        rows = [{"index": at, "embedding": [len(text), 1.0, 2.0]} for at, text in enumerate(texts)]
        return Response(json.dumps({"data": rows}), content_type="application/json")

    httpserver.expect_request("/v1/embeddings").respond_with_handler(answer)
    configs = {
        "torch": EmbedderConfig(model=str(folder)),
        "openai": EmbedderConfig(model="tiny-e5", backend="openai", base_url=httpserver.url_for("/v1")),
        "bundled": EmbedderConfig(model="bundled"),
    }
    return lambda: open_embedder(configs[request.param])


@pytest.fixture
async def embedder(opening: Opening) -> AsyncGenerator[Embedder, None]:
    async with opening() as embedder:
        assert embedder
        yield embedder


async def test_vectors_are_of_unit_length_and_of_the_dimension_that_is_told(embedder: Embedder) -> None:
    question = await embedder.embed_query("erro")
    passages = await embedder.embed_passages(["peso", "rede profunda"])

    assert question.shape == (embedder.identity.dimension,)
    assert passages.shape == (2, embedder.identity.dimension)
    assert question.dtype == passages.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm([question, *passages], axis=1), 1, atol=1e-5)


async def test_order_is_kept_over_many_passages(embedder: Embedder) -> None:
    texts = [" ".join(["rede"] * (1 + number % 7)) for number in range(150)]

    together = await embedder.embed_passages(texts)

    alone = {text: (await embedder.embed_passages([text]))[0] for text in set(texts)}
    np.testing.assert_allclose(together, [alone[text] for text in texts], atol=1e-5)


async def test_what_all_share_nobody_changes_by_mistake(embedder: Embedder) -> None:
    question = await embedder.embed_query("erro")
    passages = await embedder.embed_passages(["peso"] * 20)

    for vectors in (question, passages, passages[3]):
        with pytest.raises(ValueError, match="read-only"):
            vectors[0] = 0


async def test_a_closed_embedder_says_so_and_what_was_running_is_finished(opening: Opening) -> None:
    async with opening() as embedder:
        assert embedder
        await embedder.embed_query("lembrada")
        running = asyncio.create_task(embedder.embed_query("corre"))
        await asyncio.sleep(0.001)

    assert (await asyncio.wait_for(running, 60)).shape == (embedder.identity.dimension,)
    for refused in (embedder.embed_query("lembrada"), embedder.embed_query("nova"), embedder.embed_passages(["nova"])):
        with pytest.raises(EmbedderUnavailable, match="closed"):
            await asyncio.wait_for(refused, 60)


async def test_two_embedders_that_place_texts_alike_have_one_identity(opening: Opening) -> None:
    async with opening() as one, opening() as other:
        assert one
        assert other

        assert one.identity == other.identity
        np.testing.assert_allclose(await one.embed_query("erro"), await other.embed_query("erro"), atol=1e-6)


@pytest.mark.parametrize(
    ("model", "is_e5"),
    [
        ("intfloat/multilingual-e5-small", True),
        ("intfloat/e5-base-v2", True),
        ("/models/Multilingual_E5_Large/", True),
        ("/cache/models--intfloat--e5-small/snapshots/0123abc", True),
        ("intfloat/multilingual-e5-large-instruct", False),  # wants a task described, and brings its prompts
        ("/home/e5/models/all-MiniLM-L6-v2", False),
        ("sentence-transformers/gte5-base", False),
    ],
)
def test_e5_is_known_by_its_name(model: str, is_e5: bool) -> None:
    assert e5_prefixes(model) == (("query: ", "passage: ") if is_e5 else ("", ""))


def test_a_vector_too_long_to_be_measured_is_refused_without_a_warning() -> None:
    with pytest.raises(EmbedderUnavailable, match="not a number"):
        checked(np.array([[1e200, 1e200]]), count=1, dimension=2, model="m")
