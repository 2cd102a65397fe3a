import asyncio
import json
import logging
import struct
import subprocess
import sys
import time
import warnings
import zlib
from dataclasses import asdict, replace
from types import MappingProxyType

import pytest

from db.records import Language
from services.digest.page import charts, drawing
from services.digest.report import Digest, LectureHeat, Relevance
from tests.heartbeat import beating
from tests.services.digest import made_up

BELIEVABLE = made_up.BELIEVABLE
PATIENCE_S = 300.0  # a busy machine draws as well, but not as fast
UNJUDGED = replace(
    BELIEVABLE,
    relevance=Relevance(scores=(0, 0, 0, 0), mean=made_up.UNKNOWN, failed={}, without_reason=0, unjudged=124),
)


async def drawn(digest: Digest) -> bytes | None:
    return await charts.drawn(digest, "pt-BR", limit_s=PATIENCE_S)


def chunks(png: bytes) -> dict[str, bytes]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found: dict[str, bytes] = {}
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        name = png[at + 4 : at + 8].decode()
        found[name] = found.get(name, b"") + png[at + 8 : at + 8 + length]
        at += 12 + length
    return found


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", chunks(png)["IHDR"][:8])
    return width, height


async def test_the_same_digest_gives_the_same_picture_and_the_event_loop_goes_on_meanwhile() -> None:
    async with beating() as heart:
        one, other = await asyncio.gather(drawn(BELIEVABLE), drawn(BELIEVABLE))

    assert one is not None
    assert one == other
    assert chunks(one).keys() <= {"IHDR", "pHYs", "IDAT", "IEND"}  # no time, no program
    width, height = size(one)
    assert width == 1_600
    assert 1_200 < height < 2_600
    assert len(one) < 1_000_000
    assert heart.beats > 10
    assert heart.longest_s < 0.25


@pytest.mark.parametrize(
    "digest",
    [
        made_up.EMPTY,
        made_up.HOSTILE,
        replace(UNJUDGED, lectures=BELIEVABLE.lectures[:1]),
        replace(BELIEVABLE, lectures=(LectureHeat(title="", duration_s=0.0, minutes=()),)),
        replace(BELIEVABLE, lectures=(replace(BELIEVABLE.lectures[0], duration_s=90_000.0),)),
    ],
    ids=["empty", "hostile", "unjudged, one lecture", "nothing of a lecture", "a whole day"],
)
async def test_whatever_a_week_was_it_can_be_drawn(digest: Digest) -> None:
    png = await drawn(digest)

    assert png is not None
    assert len(zlib.decompress(chunks(png)["IDAT"])) > 1_000_000


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ([sys.executable, "-c", "import sys; sys.exit('no font')"], "ended with 1: no font"),
        ([sys.executable, "-c", ""], "ended with 0: "),
        (["/no/such/program"], "could not be started"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "not drawn within 1 s"),
    ],
    ids=["failed", "drew nothing", "not there", "too slow"],
)
async def test_a_digest_goes_out_without_a_picture_too(
    command: list[str], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        png = await charts.drawn(BELIEVABLE, "pt-BR", limit_s=1.0, command=command)

    assert png is None
    [record] = caplog.records
    assert record.getMessage() == "digest.not_drawn"
    assert reason in record.__dict__["reason"]


async def test_a_drawing_that_is_called_off_leaves_no_process() -> None:
    marker = f"called off {time.time_ns()}"
    sleeper = [sys.executable, "-c", f"import time; time.sleep(60)  # {marker}"]
    drawing = asyncio.create_task(charts.drawn(BELIEVABLE, "pt-BR", command=sleeper))
    await asyncio.sleep(0.3)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing

    running = subprocess.run(["ps", "axo", "args"], capture_output=True, text=True, check=True)  # noqa: ASYNC221, S607
    assert marker not in running.stdout


def test_the_bot_does_not_load_matplotlib() -> None:
    wanted = "services.digest.page.mail, bot.discord.messages.digest_embed"
    code = f"import sys, {wanted}; sys.exit('matplotlib' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_picture_travels_as_json_whatever_mappings_the_digest_has() -> None:
    digest = replace(BELIEVABLE, outcomes=MappingProxyType(dict(BELIEVABLE.outcomes)))

    picture = asdict(charts.picture(digest, "en"))

    assert json.loads(json.dumps(picture))["numbers"][0] == ["142", "questions"]


def test_more_lectures_than_fit_are_counted() -> None:
    assert charts.picture(made_up.HOSTILE, "pt-BR").more == "e mais 32 aulas"
    assert charts.picture(replace(BELIEVABLE, lectures=BELIEVABLE.lectures[:9]), "en").more == "and 1 more lecture"
    assert charts.picture(replace(BELIEVABLE, lectures=BELIEVABLE.lectures[:7]), "en").more is None


def test_a_chapter_is_named_where_it_begins_and_the_more_cited_of_two_neighbours() -> None:
    def named(*chapters: tuple[float, str]) -> list[tuple[float, float, str]]:
        return [(at, x, title) for at, x, _, title in drawing._labels(chapters, 10.0)]  # pyright: ignore[reportPrivateUsage]

    assert named((0.0, "a"), (140.0, "b")) == [(60.0, 68.0, "a"), (1_460.0, 1_060.0, "b")]
    assert [title for *_, title in named((50.0, "most"), (60.0, "near"), (0.0, "far"))] == ["far", "most"]
    assert named() == []


def test_a_lecture_without_a_map_has_a_strip_as_before() -> None:
    [strip] = charts.picture(replace(BELIEVABLE, lectures=BELIEVABLE.lectures[-1:]), "en").strips

    assert (strip.edges, strip.chapters) == ((), ())


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_words_stand_for_the_picture(language: Language) -> None:
    said = charts.described(BELIEVABLE, language)

    for part in ("142", "124", "63", "21", "Aula 9: Redes recorrentes", "O problema, com"):
        assert part in said


def test_words_stand_for_a_picture_of_nothing() -> None:
    assert charts.described(made_up.EMPTY, "pt-BR").endswith("Nenhuma aula foi citada.")


TITLES = [
    ("Redes 🤖 neurais", "Redes neurais"),
    ("Aula 3 🎉🎉: tensores", "Aula 3 : tensores"),
    ("👩\u200d🏫 Monitoria", "Monitoria"),
    ("1️⃣ Introdução", "1 Introdução"),
    ("Deep Learning 深度学习", "Deep Learning …"),
    ("深度 学习 (parte 2)", "… (parte 2)"),
    ("딥러닝", "…"),
    ("ดีพเลิร์นนิง", "…"),
    ("🎉", "…"),
    ("", ""),
    ("∇f(x) ≤ ½ — “aspas”", "∇f(x) ≤ ½ — “aspas”"),
    ("Введение, Εισαγωγή", "Введение, Εισαγωγή"),
    ("V_DS-I_D特性", "V_DS-I_D…"),  # matplotlib/matplotlib#14269
    ("Aula 🍎", "Aula"),  # matplotlib/matplotlib#12830
    ("de \u22121 a 1", "de \u22121 a 1"),  # matplotlib/matplotlib#27232: the minus sign
    ("ダウンロード", "…"),  # erez-c137/NetSpeedTray PR#173
    ("论文 2026", "… 2026"),  # youngfish42/PaperVault PR#45
    ("𠀀 Extensão B", "… Extensão B"),  # notofonts/noto-fonts#242
    ("平均 (média)", "… (média)"),  # intsig-textin/markdown_tester#6
]


@pytest.mark.parametrize(("title", "drawn_as"), TITLES)
def test_p27_what_the_font_cannot_draw_is_left_out(title: str, drawn_as: str) -> None:
    for bold in (False, True):
        assert drawing.drawable(title, bold=bold) == drawn_as


@pytest.mark.parametrize("title", [title for title, _ in TITLES] + ["التعلم العميق", "שיעור 3", "\ud83e", "a\x00b"])
def test_p27_no_title_makes_the_library_warn_of_a_missing_glyph(title: str) -> None:
    digest = replace(
        BELIEVABLE,
        course=replace(BELIEVABLE.course, title=title),
        lectures=(replace(BELIEVABLE.lectures[0], title=title),),
    )

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert charts.png(digest, "pt-BR").startswith(b"\x89PNG")
