import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notation.parts import FORMULAS, MASK, masked, read, replaced, without_formulas
from services.notation.shown import plainly, shown, to_draw, undrawn

NONE = [
    "R$ 5 e R$ 10",
    "US$ 3 e US$5, ou A$4",
    "custa $5 e $10",
    "entre $5 e 7$",
    "$5, $10",
    "de $20-$30",
    "preço: 5$ ou 10$",
    "$5 por mês, ou 10$ por ano",
    "$HOME e $PATH",
    "$HOME:$PATH",
    "$HOME/$USER",
    "${a} e ${b}",
    "${a}/${b}",
    "$ pip install torch\n$ python treino.py",
    "$(this).hide(); $(that)",
    "$a.$b",
    "`$x$` e ``$y$``",
    "```\n$x$ e \\(y\\)\n```",
    "```python\nx = '$a$'",
    r"\$5 e \$6$",
    r"as marcas \[2\] e \[1, 3\]",
    "encolhe $^{[2]}$.",
    "$a\nb$",
    "$$a\n\nb$$",
    r"\(a",
    r"\[a",
    "$",
    "$$",
    "$$$$",
    "$ x $",
    r"\begin{itemize} a \end{itemize}",
    "$o que custa mais caro$",
]
SOME = [
    (r"é $x^2$.", ["x^2"]),
    ("$x$, $y$ e $z$", ["x", "y", "z"]),
    ("custa $20, e a derivada é $f'$", ["f'"]),
    ("$$E = mc^2$$", ["E = mc^2"]),
    ("$$\nE = mc^2\n$$ [1]", ["E = mc^2"]),
    (r"\(x\) e \[y\]", ["x", "y"]),
    (r"$x \text{ para todo valor } y$", [r"x \text{ para todo valor } y"]),
    ("$x$[1]", ["x"]),
    ("($x$)", ["x"]),
    ("**$x$**", ["x"]),
    ("$5$", ["5"]),
    ("$x [1]$", ["x [1]"]),
    ("$x \\in [0, 1]$", ["x \\in [0, 1]"]),
    (r"10$^{-3}$ e 2$\times$3", ["^{-3}", r"\times"]),
    (r"\begin{align} a &= b \end{align}", [r"\begin{align} a &= b \end{align}"]),
    ("`a` $x$ `b`", ["x"]),
    ("$a_1$-$a_2$", ["a_1", "a_2"]),
    (r"$\$5 + x$", [r"\$5 + x"]),
    (r"$\alpha$s", [r"\alpha"]),
]


@pytest.mark.parametrize("text", NONE)
def test_prices_shells_code_and_marks_are_no_formulas(text: str) -> None:
    assert [part.inside for part in read(text) if part.kind in FORMULAS] == []


@pytest.mark.parametrize(("text", "formulas"), SOME)
def test_formulas_are_found_in_each_of_their_forms(text: str, formulas: list[str]) -> None:
    assert [part.inside for part in read(text) if part.kind in FORMULAS] == formulas


def test_a_block_of_code_has_its_language_and_what_is_inside() -> None:
    block, rest = read("```python\nx = 1\n```\nfim")

    assert (block.kind, block.language, block.inside, block.is_open) == ("fence", "python", "x = 1\n", False)
    assert rest.kind == "prose"
    assert read("```python\nx = 1")[0].is_open


@pytest.mark.parametrize("text", ["a $x", "a $x^2 + ", "a $", r"a \[ x", r"a \(x", "a $$x", r"a \begin{align} x"])
def test_a_formula_that_is_being_written_is_open_and_not_yet_anything_else(text: str) -> None:
    *_, last = read(text, is_whole=False)

    assert (last.start, last.is_open) == (2, True)


@pytest.mark.parametrize("text", ["custa $5 por mês e", "em R$ 5", "a $x\n", "$$a\n\n"])
def test_a_price_in_a_draft_holds_nothing_back(text: str) -> None:
    assert not any(part.is_open for part in read(text, is_whole=False))


BITS = [
    *"$`\\[](){}^_ \n.,x1é",
    "$$",
    "```",
    "``",
    r"\(",
    r"\)",
    r"\[",
    r"\]",
    r"\frac{a}{b}",
    "R$ 5",
    " [1]",
    r"\begin{align}",
    r"\end{align}",
    "https://evil.example/x",
    "<@42>",
    "py\n",
    "palavra outra",
]
TEXTS = st.lists(st.sampled_from(BITS), max_size=30).map("".join)


@given(TEXTS, st.booleans())
def test_the_parts_are_the_text(text: str, is_whole: bool) -> None:
    parts = read(text, is_whole=is_whole)

    assert "".join(text[part.start : part.end] for part in parts) == text
    assert all(part.start < part.end for part in parts)
    assert not any(part.is_open for part in parts[:-1])


@given(TEXTS)
def test_what_is_masked_is_as_long_as_it_was(text: str) -> None:
    hidden = masked(text)

    assert len(hidden) == len(without_formulas(text)) == len(text)
    assert all(one in {MASK, other} for one, other in zip(hidden, text, strict=True))


@given(TEXTS)
def test_what_discord_shows_has_no_formula_left_and_no_code_that_was_not_meant(text: str) -> None:
    drawn = to_draw(text)
    written = [undrawn(text), shown(text, drawn, "pt-BR")]

    codes = sum(part.kind in {"code", "fence"} for part in read(text))
    prose = "".join(text[part.start : part.end] for part in read(text) if part.kind == "prose")
    for one in written:
        left = [part.inside for part in read(one) if part.kind in FORMULAS and "\\" in part.inside]
        # Of what nobody can read, prose may keep signs of LaTeX as they were written, `$\($R$ 5$` or `$$$$`: to Discord
        # they are nothing, but read once more they would open what follows.
        if "\\" not in prose and "$$" not in prose:
            assert left == []
            assert sum(part.kind in {"code", "fence"} for part in read(one)) >= codes


@given(TEXTS)
def test_a_terminal_shows_prose_and_code_as_they_are(text: str) -> None:
    if not any(part.kind in FORMULAS for part in read(text)):
        assert plainly(text) == text


@pytest.mark.parametrize(
    ("text", "drawn", "expected"),
    [
        (r"A taxa $\eta$ multiplica $\nabla L$.", [], "A taxa η multiplica ∇L."),
        (r"$\($R$ 5$", [], r"$\(R 5$"),
        (r"Os pesos $W_Q$ e $x [1]$", [], "Os pesos `W_Q` e `x[1]`"),
        (r"É $$\frac{a}{b}$$ [1].", [r"\frac{a}{b}"], "É (fórmula abaixo) [1]."),
        (r"É $$\frac{a}{b}$$ e $\binom{n}{k}$", [r"\frac{a}{b}", r"\binom{n}{k}"], "É (fórmula 1) e (fórmula 2)"),
        (r"É $\frac{1$ e", [], r"É `\frac{1` e"),
        (r"É $$\binom{n}{k}$$ e", [], "É \n```tex\n\\binom{n}{k}\n```\n e"),
        (r"$\input{/etc/passwd}$", [], r"`\input{/etc/passwd}`"),
        ("`a`$W_Q$`b`", [], "`a` `W_Q` `b`"),
        ("custa R$ 5", [], "custa R$ 5"),
    ],
)
def test_what_discord_shows(text: str, drawn: list[str], expected: str) -> None:
    assert shown(text, drawn, "pt-BR") == expected


def test_a_formula_that_is_written_twice_is_drawn_once() -> None:
    text = r"$$\binom{n}{k}$$ e de novo $\binom{n}{k}$"

    assert to_draw(text) == (r"\binom{n}{k}",)
    assert shown(text, to_draw(text), "en") == "(formula below) e de novo (formula below)"


def test_nothing_is_replaced_in_code_and_formulas() -> None:
    import re

    assert replaced("x `x` $x$ ```x``` x", re.compile("x"), lambda _: "y") == "y `x` $x$ ```x``` y"
