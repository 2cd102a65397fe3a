import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.notation import drawing, drawing_process
from services.notation.drawing_process import LONGEST_DESCRIPTION, Picture, Pictures, draw
from services.notation.grammar import LONGEST, NotUnderstood, tree
from services.notation.lines import line, spoken
from services.notation.mathml import mathml
from services.notation.shown import to_draw

ROWS = [
    row
    for row in (Path(__file__).parent / "formulas.txt").read_text("utf-8").splitlines()
    if row and not row.startswith("# ")
]
CASES = [(row[:4], *row[5:].split("  ⇒ ")) for row in ROWS]
UNDERSTOOD = [case[1] for case in CASES if case[0] != "code"]


def test_slow_formulas_do_not_take_the_others_with_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(drawing_process, "PATIENCE_S", 120.0)  # of a busy machine; the processor's time is tried
    deep = "\\left(" * 12 + "\\frac{a}{b}" + "\\right)" * 12
    slow = [f"{name} + {deep}" for name in "xyzw"]

    picture = draw(["E = mc^2", *slow])

    assert picture, [vars(record) for record in caplog.records]
    assert picture.sources[0] == "E = mc^2"


def test_the_table_has_two_hundred_formulas() -> None:
    assert len(CASES) >= 200
    assert len({case[1] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1])
def test_each_formula_is_a_line_or_drawn_or_stays_as_the_table_says(case: tuple[str, ...]) -> None:
    kind, latex, *expected = case

    found = line(latex)

    if kind in {"line", "tick"}:
        assert found is not None
        assert (found.text, found.is_plain) == (expected[0], kind == "line")
    else:
        assert found is None
    assert to_draw(f"$${latex}$$") == ((latex,) if kind != "code" else ())


def test_everything_that_is_understood_can_be_drawn_within_the_limits() -> None:
    groups = [UNDERSTOOD[at : at + 8] for at in range(0, len(UNDERSTOOD), 8)]

    pictures = [draw(group) for group in groups]

    assert [picture.sources if picture else () for picture in pictures] == [tuple(group) for group in groups]


def test_a_picture_is_dark_on_a_light_card_so_that_it_can_be_read_on_any_ground() -> None:
    picture = draw([r"\frac{a}{b}"])

    assert picture is not None
    image = Image.open(BytesIO(picture.png))
    assert image.mode == "LA"
    shades, solid = image.split()
    assert shades.getextrema() == (drawing.INK, drawing.PAPER)
    assert solid.getpixel((0, 0)) == 0  # the corners are round
    assert solid.getpixel((image.width // 2, 2)) == 255
    assert image.width < 200
    assert shades.crop((0, 0, 10, image.height)).getextrema() == (drawing.PAPER, drawing.PAPER)


def test_several_formulas_are_numbered_in_the_picture_and_in_its_description() -> None:
    one, two = draw([r"\frac{a}{b}"]), draw([r"\frac{a}{b}", r"\binom{n}{k}"])

    assert one is not None
    assert two is not None
    assert one.description == "a/b"
    assert two.description == r"(1) a/b; (2) \binom{n}{k}"
    assert Image.open(BytesIO(two.png)).width > Image.open(BytesIO(one.png)).width


def test_a_description_fits_into_what_discord_takes() -> None:
    picture = Picture(png=b"", sources=tuple(rf"\binom{{{n}}}{{k}} + " * 20 + "c" for n in range(6)))

    assert len(picture.description) == LONGEST_DESCRIPTION


@pytest.mark.parametrize(
    "latex",
    [
        "x" * (LONGEST + 1),
        "{" * 300 + "x" + "}" * 300,
        r"\sqrt{" * 90 + "x" + "}" * 90,
        r"\left(" * 60 + "x" + r"\right)" * 60,
        r"x^{" * 100 + "y" + "}" * 100,
        r"\begin{matrix}" * 20 + "x" + r"\end{matrix}" * 20,
        "&" * 500,
        r"\\" * 250,
        r"\hat" * 100 + "x",
        "x" * 500,
    ],
    ids=lambda latex: latex[:12],
)
def test_what_is_too_long_or_deep_is_not_understood(latex: str) -> None:
    with pytest.raises(NotUnderstood):
        tree(latex)

    assert line(latex) is None
    assert spoken(latex)


@pytest.mark.parametrize(
    "mathml",
    [
        "<math>" + "<mrow>" * 3_000 + "<mi>x</mi>" + "</mrow>" * 3_000 + "</math>",
        "<math>" + "<msqrt><mi>x</mi>" * 150 + "</msqrt>" * 150 + "</math>",
        "<math><mi>" + "x" * 30_000 + "</mi></math>",
        "<math>" + "<mi>x</mi>" * 20_000 + "</math>",
        "<math",
        "<math><mfrac></mfrac></math>",
        '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><math><mi>&b;</mi></math>',
        '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]><math><mi>&a;</mi></math>',
        "<math><mspace width='99999em'/><mi>x</mi></math>",
        "<math><mi>求</mi></math>",
    ],
    ids=lambda mathml: mathml[:40],
)
def test_what_the_drawing_process_cannot_do_leaves_the_other_formulas_whole(mathml: str) -> None:
    done = drawn_by_hand([mathml, "<math><mi>x</mi></math>"])

    line, _, png = done.stdout.partition(b"\n")
    assert 1 in json.loads(line)["drawn"]
    assert png.startswith(b"\x89PNG")


def test_the_drawing_process_may_use_little_memory_and_time_and_write_no_file(tmp_path: Path) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import resource, runpy, sys\n"
        f"limited = runpy.run_path({drawing.__file__!r})['limited']\n"
        "limited()\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])\n"
        "try:\n    bytearray(400 * 1024 * 1024)\nexcept MemoryError:\n    print('no memory')\n",
        "utf-8",
    )

    done = subprocess.run([sys.executable, str(probe)], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.split("\n")[:2] == [f"{300 * 1024 * 1024} {drawing.CPU_S}", "no memory"]


def test_who_draws_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    endless = tmp_path / "endless.py"
    endless.write_text(
        f"import runpy\nrunpy.run_path({drawing.__file__!r})['limited']()\nwhile True:\n    pass\n", "utf-8"
    )
    monkeypatch.setattr(drawing, "__file__", str(endless))

    assert draw(["x"]) is None


@pytest.mark.parametrize(
    "reply",
    [
        b"no JSON\nPNG",
        b"\xff\xfe\nPNG",
        b"null\nPNG",
        b"{}\nPNG",
        b'{"drawn": null}\nPNG',
        b'{"drawn": [7]}\nPNG',
        b'{"drawn": [-1]}\nPNG',
        b'{"drawn": [0, 0]}\nPNG',
        b'{"drawn": ["0"]}\nPNG',
        b'{"drawn": []}\nPNG',
        b'{"drawn": [0]}\nno picture',
        b"[" * 100_000 + b"\nPNG",
    ],
)
def test_whatever_the_drawing_process_says_an_answer_is_not_lost(
    reply: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    says = tmp_path / "says.py"
    said = reply.replace(b"PNG", b"\x89PNG\r\n\x1a\n")
    says.write_text(f"import sys\nsys.stdout.buffer.write({said!r})\n", "utf-8")
    monkeypatch.setattr(drawing, "__file__", str(says))

    assert draw(["x"]) is None


async def test_a_picture_is_drawn_once_and_kept() -> None:
    pictures = Pictures()

    first = await pictures.drawn([r"\binom{n}{k}"])

    assert first is not None
    assert await pictures.drawn([r"\binom{n}{k}"]) is first
    assert await pictures.drawn([]) is None
    assert await pictures.drawn([r"\frac{1"]) is None


def test_the_drawing_process_sees_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    shows = tmp_path / "shows.py"
    shows.write_text(f"import os, pathlib\npathlib.Path({str(seen)!r}).write_text(' '.join(os.environ))\n", "utf-8")
    monkeypatch.setattr(drawing, "__file__", str(shows))
    monkeypatch.setenv("DISCORD_TOKEN", "secret")

    draw(["x"])

    assert "DISCORD_TOKEN" not in seen.read_text("utf-8")


PIECES = [
    r"\frac",
    "{",
    "}",
    "^",
    "_",
    "x",
    r"\left(",
    r"\right)",
    "&",
    r"\\",
    r"\begin{cases}",
    r"\end{cases}",
    "'",
    " ",
]


@given(
    st.lists(
        st.sampled_from([*PIECES, r"\sqrt", "[", "]", "1", "+", r"\alpha", r"\text{a}", r"\not", "="]), max_size=30
    )
)
def test_whatever_is_written_is_understood_or_not_and_nothing_else(pieces: list[str]) -> None:
    latex = "".join(pieces)
    try:
        tree(latex)
    except NotUnderstood:
        assert line(latex) is None
    else:
        assert mathml(latex).startswith("<math")
    assert spoken(latex) or not latex.strip()


def drawn_by_hand(formulas: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Let the process draw what our own code would never ask it for."""
    return subprocess.run(
        [sys.executable, "-I", drawing.__file__],
        input=json.dumps({"formulas": formulas}).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
