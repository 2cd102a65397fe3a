import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer

from services.models.embedder import EmbedderConfig, EmbedderUnavailable, open_embedder
from services.models.embedder.local import LocalEmbedder, local_embedder
from services.models.embedder.protocol import PIECE_TOKENS, Vectors, checked
from tests.heartbeat import beating
from tests.services.tiny_e5 import HIDDEN, MAX_TOKENS, WORDS, save_tiny_e5

TALK = " ".join(WORDS[:10])


@pytest.fixture(scope="session")
def tiny_e5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-e5-small"
    save_tiny_e5(folder)
    return folder


@pytest.fixture(scope="session")
def opened(tiny_e5: Path) -> Iterator[LocalEmbedder]:
    """The tiny model, for what needs no event loop."""
    with asyncio.Runner() as runner:
        context = local_embedder(str(tiny_e5))
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


def model_of(embedder: LocalEmbedder) -> Any:
    """The SentenceTransformer itself."""
    return cast("Any", vars(vars(embedder)["_model"])["_model"])


def by_hand(embedder: LocalEmbedder, text: str) -> Vectors:
    """Mean over the tokens that are not padding, at unit length: what E5's authors publish."""
    import torch

    model = model_of(embedder)
    tokens = model.tokenizer([text], return_tensors="pt", truncation=True, max_length=MAX_TOKENS)
    with torch.no_grad():
        states = model[0].auto_model(**tokens).last_hidden_state
    mask = tokens["attention_mask"].unsqueeze(-1)
    mean = (states * mask).sum(1) / mask.sum(1)
    return cast("Vectors", torch.nn.functional.normalize(mean, dim=1).numpy()[0])


async def test_the_identity_is_read_from_the_model_and_its_name(tiny_e5: Path) -> None:
    async with local_embedder(str(tiny_e5)) as embedder:
        assert embedder.max_tokens == MAX_TOKENS
        assert embedder.identity.backend == "torch"
        assert embedder.identity.model == str(tiny_e5)
        assert embedder.identity.dimension == HIDDEN
        assert (embedder.identity.query_prefix, embedder.identity.passage_prefix) == ("query: ", "passage: ")


async def test_questions_and_passages_get_their_prefixes(tiny_e5: Path) -> None:
    async with local_embedder(str(tiny_e5)) as embedder:
        question = await embedder.embed_query(TALK)
        passages = await embedder.embed_passages([TALK, "rede profunda"])

        np.testing.assert_allclose(question, by_hand(embedder, f"query: {TALK}"), atol=1e-5)
        np.testing.assert_allclose(passages[0], by_hand(embedder, f"passage: {TALK}"), atol=1e-5)
        np.testing.assert_allclose(passages[1], by_hand(embedder, "passage: rede profunda"), atol=1e-5)
    assert not np.allclose(question, passages[0], atol=1e-2)


async def test_a_long_neighbour_does_not_change_a_short_passage(tiny_e5: Path) -> None:
    async with local_embedder(str(tiny_e5)) as embedder:
        together = await embedder.embed_passages(["erro", f"{TALK} " * 40, "peso camada"])
        alone = [await embedder.embed_passages([text]) for text in ("erro", f"{TALK} " * 40, "peso camada")]

    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


async def test_no_passages_give_no_vectors(tiny_e5: Path) -> None:
    async with local_embedder(str(tiny_e5)) as embedder:
        assert (await embedder.embed_passages([])).shape == (0, HIDDEN)


async def test_a_lone_surrogate_does_not_fail_who_is_in_the_same_batch(tiny_e5: Path) -> None:
    async with local_embedder(str(tiny_e5)) as embedder:
        question, others, passages = await asyncio.gather(
            embedder.embed_query("erro \ud800"), embedder.embed_query("erro"), embedder.embed_passages(["erro \udfff"])
        )

        assert embedder.pieces("erro \ud800")
    assert np.isfinite([question, others, passages[0]]).all()


async def test_a_model_that_fails_is_one_sentence_and_goes_on_afterwards(tiny_e5: Path) -> None:
    async with local_embedder(str(tiny_e5)) as embedder:
        model_of(embedder).max_seq_length = 4 * MAX_TOKENS  # more than it has positions for

        with pytest.raises(EmbedderUnavailable, match=r"failed \(.*\); run `monitoria doctor`") as failed:
            await embedder.embed_query("erro " * 2 * MAX_TOKENS)
        await embedder.embed_query("erro")

    assert "\n" not in str(failed.value)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), repeat=st.integers(1, 500))
def test_pieces_fit_and_together_hold_all_words(opened: LocalEmbedder, words: list[str], repeat: int) -> None:
    text = " ".join(words * repeat)

    for embedder, limit in ((opened, PIECE_TOKENS), (opened.recut(None), MAX_TOKENS)):
        pieces = embedder.pieces(text)

        assert " ".join(pieces).split() == text.split()
        assert all(len(piece.split()) + len(("<s>", "passage", ":", "</s>")) <= limit for piece in pieces)
        lengths = [len(piece.split()) for piece in pieces]
        assert max(lengths) - min(lengths) <= 8  # about equal
        assert len(pieces) <= len(words) * repeat // (limit - 4) + 1


@pytest.mark.parametrize(
    ("piece_tokens", "limit"), [(PIECE_TOKENS, PIECE_TOKENS), (None, MAX_TOKENS), (4_096, MAX_TOKENS)]
)
def test_a_text_that_fits_is_one_piece_to_the_last_token(
    opened: LocalEmbedder, piece_tokens: int | None, limit: int
) -> None:
    cutting = opened.recut(piece_tokens)

    assert len(cutting.pieces(" ".join(["erro"] * (limit - 4)))) == 1
    assert len(cutting.pieces(" ".join(["erro"] * (limit - 3)))) == 2
    assert cutting.pieces("") == ("",)


async def test_one_model_cuts_as_old_vectors_want_it_and_places_alike(tiny_e5: Path) -> None:
    async with local_embedder(str(tiny_e5)) as embedder:
        old = embedder.recut(None)

        assert old.identity == embedder.identity.recut(None) != embedder.identity
        assert embedder.recut(PIECE_TOKENS) is embedder
        np.testing.assert_array_equal(await old.embed_query("erro"), await embedder.embed_query("erro"))


def test_cutting_leaves_the_model_s_own_tokenizer_alone(opened: LocalEmbedder) -> None:
    tokenizer = model_of(opened).tokenizer
    before = tokenizer.backend_tokenizer.truncation

    opened.pieces(TALK * 100)

    assert before
    assert tokenizer.backend_tokenizer.truncation == before


async def test_the_revision_changes_with_the_weights(tiny_e5: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied-e5"
    shutil.copytree(tiny_e5, copied)
    async with local_embedder(str(tiny_e5)) as embedder, local_embedder(str(copied)) as same:
        assert same.identity.revision == embedder.identity.revision != ""

    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\x00\x00\x80\x3f")
    async with local_embedder(str(copied)) as other:
        assert other.identity.revision != same.identity.revision


async def test_the_event_loop_keeps_its_beat_while_passages_are_embedded() -> None:
    async with local_embedder("bundled") as embedder, beating() as heart:
        await embedder.embed_passages([f"{TALK} {number} " * 2 for number in range(100)])

    assert heart.beats > 3  # one at most, were the loop held up until the end


async def test_no_model_is_a_choice() -> None:
    async with open_embedder(EmbedderConfig(model="none")) as embedder:
        assert embedder is None


@pytest.fixture(
    params=["uncached id", "empty folder", "no weights", "no folder", "a file", "half a weights file", "no tokenizer"]
)
def missing(request: pytest.FixtureRequest, tmp_path: Path, tiny_e5: Path) -> str:
    folder = tmp_path / "model"
    match request.param:
        case "uncached id":
            return "intfloat/multilingual-e5-nowhere"
        case "empty folder":
            folder.mkdir()
        case "a file":
            folder.write_text("not a model")
        case "no weights":
            shutil.copytree(tiny_e5, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        case "no tokenizer":
            shutil.copytree(tiny_e5, folder, ignore=shutil.ignore_patterns("tokenizer*", "special*"))
        case "half a weights file":
            shutil.copytree(tiny_e5, folder)
            (folder / "model.safetensors").write_bytes((tiny_e5 / "model.safetensors").read_bytes()[:5_000])
        case _:
            pass
    return str(folder)


async def test_a_model_that_is_not_here_is_one_quiet_sentence(missing: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EmbedderUnavailable) as refused:
        async with local_embedder(missing):
            pass

    said = str(refused.value)
    assert repr(missing) in said
    assert "MONITORIA_EMBEDDING_MODEL" in said
    assert "`none`" in said
    assert "Traceback" not in said
    assert "\n" not in said
    assert capfd.readouterr() == ("", "")


async def test_opening_embedding_and_cutting_print_nothing(tiny_e5: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with local_embedder(str(tiny_e5)) as embedder:
        embedder.pieces(f"{TALK} " * 200)
        await embedder.embed_passages([f"{TALK} " * 200])

    assert capfd.readouterr() == ("", "")


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Let the hub be asked, at an address on this machine, with nothing fetched before."""
    import huggingface_hub
    from huggingface_hub import constants

    def at(address: str) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "ENDPOINT", address)
        huggingface_hub.close_session()

    yield at
    huggingface_hub.close_session()


async def test_a_hub_that_refuses_is_given_up_soon_and_quietly(
    online: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    online("http://127.0.0.1:9")

    with pytest.raises(EmbedderUnavailable, match=r"multilingual-e5-nowhere.*cannot be fetched: .*refused") as refused:
        async with local_embedder("intfloat/multilingual-e5-nowhere"):
            pass

    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


async def test_a_hub_behind_a_broken_proxy_is_given_up_soon_and_quietly(
    online: Callable[[str], None], httpserver: HTTPServer, capfd: pytest.CaptureFixture[str]
) -> None:
    httpserver.expect_request(re.compile(".*")).respond_with_data("no way out", status=503)
    online(httpserver.url_for("").rstrip("/"))

    with pytest.raises(EmbedderUnavailable, match=r"cannot be fetched: .*503"):
        async with local_embedder("intfloat/multilingual-e5-nowhere"):
            pass

    assert len(httpserver.log) <= 3  # left to itself, the hub's client tries each file again and again
    assert capfd.readouterr() == ("", "")


finite = st.floats(-100, 100, width=32)


@given(rows=st.lists(st.lists(finite, min_size=3, max_size=3), min_size=1, max_size=4))
def test_checked_vectors_have_unit_length_or_are_refused(rows: list[list[float]]) -> None:
    vectors = np.array(rows, np.float32)
    if (np.linalg.norm(vectors.astype(np.float64), axis=1) < 1e-6).any():
        with pytest.raises(EmbedderUnavailable):
            checked(vectors, count=len(rows), dimension=3, model="m")
        return

    unit = checked(vectors, count=len(rows), dimension=3, model="m")

    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(unit * np.linalg.norm(vectors, axis=1, keepdims=True), vectors, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.filterwarnings("error")
def test_a_vector_that_is_no_place_is_refused(value: float) -> None:
    vectors = np.array([[1, 0], [value, value]], np.float32)

    with pytest.raises(EmbedderUnavailable, match="not a number"):
        checked(vectors, count=2, dimension=2, model="m")


@pytest.mark.parametrize("shape", [(2, 3), (1, 4), (3,), (0, 3)])
def test_vectors_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(EmbedderUnavailable, match="shape"):
        checked(np.ones(shape, np.float32), count=1, dimension=3, model="m")
