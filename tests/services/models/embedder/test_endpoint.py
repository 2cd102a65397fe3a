import json
import re
import socket
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from services.models.embedder import EmbedderConfig, EmbedderUnavailable, open_embedder
from services.models.embedder.endpoint import INPUTS_AT_ONCE, LONGEST_BYTES, endpoint_embedder, fields_of
from services.models.embedder.protocol import Vectors

KEY = "sk-very-secret"
MODEL = "intfloat/multilingual-e5-small"

Row = dict[str, Any]
Change = Callable[[list[Row]], Any]


class Server:
    """Places texts by their lengths, writes down what it is asked, and can be told to answer otherwise."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.inputs: list[list[str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.refuse: Callable[[dict[str, Any]], str] = lambda _: ""  # why a request is refused
        self.keys: list[str | None] = []
        self.change: Change = lambda rows: rows
        self.instead: Callable[[], Response] | None = None
        self.delay_s_a_text = 0.0
        self.most_texts, self.too_many = 1_000, 413
        self.base_url = httpserver.url_for("/v1")
        httpserver.expect_request("/v1/embeddings", method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        asked = json.loads(request.get_data())
        self.inputs.append(asked["input"])
        self.bodies.append({name: value for name, value in asked.items() if name not in {"input", "model"}})
        if why := self.refuse(asked):
            return Response(json.dumps({"error": {"message": why}}), 400, content_type="application/json")
        self.keys.append(request.headers.get("Authorization"))
        if self.instead:
            return self.instead()
        if len(asked["input"]) > self.most_texts:
            return refused(self.too_many)()
        time.sleep(self.delay_s_a_text * len(asked["input"]))
        rows = [
            {"object": "embedding", "index": at, "embedding": place(text)} for at, text in enumerate(asked["input"])
        ]
        body = {"object": "list", "data": self.change(rows), "model": asked["model"]}
        return Response(json.dumps(body), content_type="application/json")


def place(text: str) -> list[float]:
    return [float(len(text)), 1.0, 2.0]


def expected(*texts: str) -> Vectors:
    vectors = np.array([place(text) for text in texts], np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def refused(status: int) -> Callable[[], Response]:
    return lambda: Response(json.dumps({"error": {"message": f"no, {KEY}"}}), status, content_type="application/json")


def embedded_as(vector: list[Any]) -> Change:
    return lambda rows: [row | {"embedding": vector} for row in rows]


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "services.models.embedder.endpoint"]


@pytest.fixture
def server(httpserver: HTTPServer) -> Server:
    return Server(httpserver)


async def test_what_is_learned_from_the_endpoint(server: Server) -> None:
    config = EmbedderConfig(model=MODEL, backend="openai", base_url=server.base_url, api_key=KEY)

    async with open_embedder(config) as embedder:
        assert embedder
        assert embedder.identity.backend == "openai"
        assert embedder.identity.model == MODEL
        assert embedder.identity.dimension == 3
        assert embedder.max_tokens is None

    assert server.keys == [f"Bearer {KEY}"]
    assert KEY not in repr(config)


@pytest.mark.parametrize(
    ("model", "query_prefix", "passage_prefix"), [(MODEL, "query: ", "passage: "), ("text-embedding-3-small", "", "")]
)
async def test_prefixes_go_with_the_name(server: Server, model: str, query_prefix: str, passage_prefix: str) -> None:
    async with endpoint_embedder(model, base_url=server.base_url, api_key=KEY) as embedder:
        question = await embedder.embed_query("erro")
        passages = await embedder.embed_passages(["peso", "camada"])

    assert server.inputs[1:] == [[f"{query_prefix}erro"], [f"{passage_prefix}peso", f"{passage_prefix}camada"]]
    np.testing.assert_allclose(question, expected(f"{query_prefix}erro")[0], rtol=1e-5)
    np.testing.assert_allclose(passages, expected(*server.inputs[-1]), rtol=1e-5)


async def test_prefixes_can_be_set_and_taken_away(server: Server) -> None:
    config = EmbedderConfig(
        model=MODEL, backend="openai", base_url=server.base_url, query_prefix="search_query: ", passage_prefix=""
    )

    async with open_embedder(config) as embedder:
        assert embedder
        await embedder.embed_query("erro")
        await embedder.embed_passages(["peso"])

    assert server.inputs[1:] == [["search_query: erro"], ["peso"]]
    assert (embedder.identity.query_prefix, embedder.identity.passage_prefix) == ("search_query: ", "")


FIELDS = {
    "NVIDIA NIM, ogx-ai/ogx#2892": ("input_type=query", "input_type=passage"),
    "Voyage, milosgajdos/go-embeddings PR#22": ("input_type=query", "input_type=document"),
    "Cohere, cohere-ai/cohere-developer-experience PR#431": ("input_type=search_query", "input_type=search_document"),
    "Jina, run-llama/llama_index PR#15971": ("task=retrieval.query", "task=retrieval.passage"),
}


@pytest.mark.parametrize(("query", "passage"), FIELDS.values(), ids=FIELDS)
async def test_an_endpoint_is_told_by_fields_what_is_a_question(server: Server, query: str, passage: str) -> None:
    config = EmbedderConfig(
        model="m", backend="openai", base_url=server.base_url, query_fields=query, passage_fields=f"{passage}, n=2"
    )

    async with open_embedder(config) as embedder:
        assert embedder
        await embedder.embed_query("erro")
        await embedder.embed_passages(["peso"])

    (name, of_query), (_, of_passage) = query.split("="), passage.split("=")
    assert [body[name] for body in server.bodies] == [of_query, of_query, of_passage]
    assert server.bodies[-1]["n"] == 2
    assert fields_of(embedder.identity.revision) == (query, f"{passage}, n=2")


async def test_an_endpoint_that_wants_such_a_field_says_so_in_a_sentence(server: Server) -> None:
    server.refuse = lambda body: "" if "input_type" in body else "'input_type' parameter is required"

    with pytest.raises(EmbedderUnavailable, match=r"MONITORIA_EMBEDDING_QUERY_FIELDS .* input_type=passage"):
        async with endpoint_embedder("m", base_url=server.base_url, api_key=KEY):
            pass


async def test_an_endpoint_that_wants_no_format_is_asked_without_it_from_then_on(server: Server) -> None:
    """Voyage's and Gemini's: vectorize-io/hindsight PR#928."""
    server.refuse = lambda body: "encoding_format: only accepts 'base64'" if body.get("encoding_format") else ""

    async with endpoint_embedder("m", base_url=server.base_url, api_key=KEY) as embedder:
        await embedder.embed_query("erro")
        await embedder.embed_passages(["peso"])

    assert [body["encoding_format"] for body in server.bodies] == ["float", None, None, None]


async def test_a_slow_endpoint_gets_half_as_many_texts_until_it_keeps_up(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.delay_s_a_text = 0.02
    texts = ["a" * length for length in range(1, 41)]

    async with endpoint_embedder("m", base_url=server.base_url, api_key=None, limit_s=0.4) as embedder:
        vectors = await embedder.embed_passages(texts)
        slowed = len(ours(caplog))
        again = await embedder.embed_passages(texts)

    np.testing.assert_allclose(vectors, expected(*texts), rtol=1e-5)
    np.testing.assert_allclose(again, vectors, rtol=1e-5)
    assert set(ours(caplog)) == {"embedder.slowed"}
    assert len(ours(caplog)) == slowed  # it is remembered


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_an_endpoint_that_takes_ten_texts_at_once_gets_no_more(server: Server, status: int) -> None:
    server.most_texts, server.too_many = 10, status
    texts = ["a" * length for length in range(1, 41)]

    async with endpoint_embedder("m", base_url=server.base_url, api_key=None) as embedder:
        vectors = await embedder.embed_passages(texts)

    np.testing.assert_allclose(vectors, expected(*texts), rtol=1e-5)


async def test_rows_are_put_in_order_by_their_index(server: Server) -> None:
    server.change = lambda rows: rows[::-1]
    texts = ["a" * length for length in range(1, 8)]

    async with endpoint_embedder("m", base_url=server.base_url, api_key=None) as embedder:
        vectors = await embedder.embed_passages(texts)

    np.testing.assert_allclose(vectors, expected(*texts), rtol=1e-5)


async def test_many_passages_go_in_requests_of_bearable_size_and_keep_their_order(server: Server) -> None:
    texts = ["a" * length for length in range(1, 152)]

    async with endpoint_embedder("m", base_url=server.base_url, api_key=None) as embedder:
        vectors = await embedder.embed_passages(texts)
        none = await embedder.embed_passages([])

    assert max(map(len, server.inputs)) == INPUTS_AT_ONCE
    np.testing.assert_allclose(vectors, expected(*texts), rtol=1e-5)
    assert none.shape == (0, 3)


async def test_long_texts_are_cut_into_parts_and_long_questions_cut_off(server: Server) -> None:
    text = "gradiente " * 400

    async with endpoint_embedder("m", base_url=server.base_url, api_key=None) as embedder:
        parts, as_before = embedder.pieces(text), embedder.recut(None).pieces(text)
        await embedder.embed_query(text)

    assert " ".join(parts).split() == " ".join(as_before).split() == text.split()
    assert (len(parts), len(as_before)) == (11, 3)
    assert all(len(part.encode()) <= LONGEST_BYTES for part in (*parts, *as_before, server.inputs[-1][0]))


FAILURES: dict[str, tuple[Callable[[], Response] | None, Change | None, str]] = {
    "401": (refused(401), None, "OPENAI_API_KEY"),
    "404": (refused(404), None, "MONITORIA_EMBEDDING_MODEL"),
    "429": (refused(429), None, "too many requests"),
    "500": (refused(500), None, "status 500"),
    "HTML": (lambda: Response("<html>Bem-vindo</html>", content_type="text/html"), None, "ends in /v1"),
    "one too few": (None, lambda rows: rows[:-1], "vectors for"),
    "one twice": (None, lambda rows: [*rows, rows[-1]], "vectors for"),
    "zero": (None, embedded_as([0.0, 0.0, 0.0]), "zero or not a number"),
    "null": (None, embedded_as([None, 1.0, 1.0]), "ends in /v1"),
    "text": (None, embedded_as(["0.5", 1.0, 1.0]), "ends in /v1"),
    "no numbers": (None, embedded_as([]), ""),
}


def goes_wrong(server: Server, failure: str) -> str:
    instead, change, hint = FAILURES[failure]
    server.instead, server.change = instead, change or server.change
    return hint


def assert_one_sentence_without_the_key(error: BaseException, hint: str) -> None:
    said = str(error)
    assert hint in said
    assert said.endswith(".")
    assert "\n" not in said
    assert "Traceback" not in said
    assert KEY not in said


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_at_the_start_is_one_sentence(server: Server, failure: str) -> None:
    hint = goes_wrong(server, failure)

    with pytest.raises(EmbedderUnavailable) as raised:
        async with endpoint_embedder(MODEL, base_url=server.base_url, api_key=KEY):
            pass

    assert_one_sentence_without_the_key(raised.value, hint)
    assert len(server.inputs) == 1


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_later_is_one_sentence_and_the_next_try_may_succeed(server: Server, failure: str) -> None:
    async with endpoint_embedder(MODEL, base_url=server.base_url, api_key=KEY) as embedder:
        well = server.change
        hint = goes_wrong(server, failure)
        with pytest.raises(EmbedderUnavailable) as of_passages:
            await embedder.embed_passages(["peso", "camada"])
        with pytest.raises(EmbedderUnavailable) as of_question:
            await embedder.embed_query("erro")
        server.instead, server.change = None, well
        await embedder.embed_query("erro")
        await embedder.embed_passages(["peso", "camada"])

    assert_one_sentence_without_the_key(of_passages.value, hint)
    assert_one_sentence_without_the_key(of_question.value, hint)


async def test_texts_and_key_are_not_sent_on_to_another_address(server: Server, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/elsewhere").respond_with_data("{}")
    elsewhere = {"Location": httpserver.url_for("/elsewhere")}
    server.instead = lambda: Response(status=307, headers=elsewhere)

    with pytest.raises(EmbedderUnavailable, match="status 307"):
        async with endpoint_embedder(MODEL, base_url=server.base_url, api_key=KEY):
            pass

    assert [request.path for request, _ in httpserver.log] == ["/v1/embeddings"]


async def test_a_model_that_was_exchanged_behind_the_address_is_noticed(server: Server) -> None:
    async with endpoint_embedder(MODEL, base_url=server.base_url, api_key=KEY) as embedder:
        server.change = embedded_as([1.0, 2.0])
        with pytest.raises(EmbedderUnavailable, match="exchanged"):
            await embedder.embed_query("erro")


async def test_vectors_of_two_lengths_in_one_answer_are_refused(server: Server) -> None:
    async with endpoint_embedder(MODEL, base_url=server.base_url, api_key=KEY) as embedder:
        server.change = lambda rows: [rows[0] | {"embedding": [1.0]}, *rows[1:]]
        with pytest.raises(EmbedderUnavailable) as raised:
            await embedder.embed_passages(["peso", "camada"])

    assert_one_sentence_without_the_key(raised.value, "does not answer with embeddings")


async def test_nobody_at_the_address_is_one_sentence() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening: refused
        with pytest.raises(EmbedderUnavailable, match="cannot be reached") as raised:
            async with endpoint_embedder(MODEL, base_url=f"http://127.0.0.1:{nobody.getsockname()[1]}/v1", api_key=KEY):
                pass

    assert_one_sentence_without_the_key(raised.value, "MONITORIA_EMBEDDING_BASE_URL")


async def test_an_address_that_never_answers_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(EmbedderUnavailable, match=re.escape("within 0.2 s")) as raised:
            async with endpoint_embedder(
                MODEL, base_url=f"http://127.0.0.1:{silent.getsockname()[1]}/v1", api_key=KEY, limit_s=0.2
            ):
                pass

    assert_one_sentence_without_the_key(raised.value, "")


async def test_an_answer_that_drips_is_given_up_too(server: Server) -> None:
    def drip() -> Any:
        for _ in range(20):
            time.sleep(0.05)  # each read is quick, the whole is not
            yield b" "

    server.instead = lambda: Response(drip(), content_type="application/json")
    with pytest.raises(EmbedderUnavailable, match=re.escape("within 0.3 s")):
        async with endpoint_embedder(MODEL, base_url=server.base_url, api_key=KEY, limit_s=0.3):
            pass


@pytest.mark.parametrize("key", ["ação", "sk-a\nb"])
async def test_a_key_that_no_header_can_carry_is_one_sentence(server: Server, key: str) -> None:
    with pytest.raises(EmbedderUnavailable, match="OPENAI_API_KEY") as raised:
        async with endpoint_embedder(MODEL, base_url=server.base_url, api_key=key):
            pass

    assert key not in str(raised.value)


@pytest.mark.parametrize("base_url", ["localhost:8000/v1", "http://[::1/v1", "ftp://example/v1"])
async def test_an_address_that_is_none_is_one_sentence(base_url: str) -> None:
    with pytest.raises(EmbedderUnavailable, match="MONITORIA_EMBEDDING_BASE_URL") as raised:
        async with endpoint_embedder(MODEL, base_url=base_url, api_key=KEY):
            pass

    assert_one_sentence_without_the_key(raised.value, "")
