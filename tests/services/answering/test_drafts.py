"""What is shown while an answer is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.answering.drafts import VERDICT, Draft, preview
from services.citing.citations import SPACED, resolve
from services.citing.without_links import without_links
from services.models.thoughts import SoFar
from services.notation.parts import masked

DRAFT = (
    "NÃO: o gradiente some [1][2]. Veja https://evil.example/x e [aqui](https://evil.example/y), "
    "`x[7]` e [0, 1] 【3】. Fim [4]."
)


FRAGMENTS = (
    "O gradiente some",
    " passo, a passo.",
    "\n\nA LSTM guarda",
    " ",
    " [1]",
    " [2][3].",
    " 【4】",
    " ([5], [6])",
    " [trecho 7]",
    " https://evil.example/a_(b)",
    " [veja aqui](https://evil.example/c_(d))",
    " [2](https://evil.example/e)",
    " www.evil.example",
    " <https://evil.example/f>",
    " `dentro = x[7]`",
    " ``dentro [8] ` ``",
    "\n```python\ndentro(y[9])\n```\n",
    " NO_MATERIAL.",
    " NEEDS STAFF.",
    " NO\\_MATERIAL.",
)
"""Of what a model writes; `dentro` is in code, which stays as it is."""


@given(st.integers(0, len(DRAFT)))
def test_a_draft_never_shows_half_of_anything(length: int) -> None:
    shown = preview(DRAFT[:length])

    assert not any(bad in shown for bad in ("[1]", "[2", "http", "evil", "【", "[4", "[aqui", "(", "  "))
    assert DRAFT.startswith(shown[:20])


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=8), st.data())
def test_a_draft_shows_nothing_that_the_answer_will_not(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)

    shown = Draft(written=SoFar([text[: data.draw(st.integers(0, len(text)))]])).text

    assert without_links(shown) == shown
    assert not SPACED.search(masked(shown))
    assert not any(bad in masked(shown) for bad in ("evil", "http", "www"))
    assert not any(bad in shown for bad in ("MATERIAL", "STAFF", "NEEDS"))
    final = resolve(VERDICT.sub("", text), []).text if not VERDICT.match(text.lstrip()) else ""
    assert [word for word in shown.split() if word.strip("`.,()") not in final] == []


@pytest.mark.parametrize(
    "verdict", ["NO_MATERIAL", "NEEDS_STAFF", "**NO_MATERIAL**", "`NEEDS_STAFF`", "NO MATERIAL", "NO\\_MATERIAL"]
)
def test_no_letter_of_a_verdict_is_shown(verdict: str) -> None:
    assert {preview(verdict[:length]) for length in range(len(verdict) + 1)} == {""}
