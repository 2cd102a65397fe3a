"""Marks are read in the forms that models write; the sources are public reports."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citing.citations import resolve
from services.citing.marks import has_marks, normalised
from tests.passages import hit

HITS = [
    hit("O dropout desliga neurônios no sorteio durante o treino.", rank=1, lecture="aula-01"),
    hit("Com isso a rede não decora os exemplos.", rank=2, lecture="aula-02"),
    hit("No teste todos os neurônios ficam ligados.", rank=3, lecture="aula-03"),
]
DROPOUT = "O dropout desliga neurônios no sorteio durante o treino"

FORMS = {
    "as asked": f"{DROPOUT} [1].",
    "DeepSeek, deepseek-ai/DeepSeek-V3#1626": f"{DROPOUT} [citation:1].",
    "DeepSeek, touching the word": f"{DROPOUT}[citation:1].",
    "Azure on your data": f"{DROPOUT} [doc1].",
    "with a number sign": f"{DROPOUT} [#1].",
    "OpenAI's assistants, openai-php/client PR#405": f"{DROPOUT}【1†source】.",
    "full width, facebook/astryx PR#1179": f"{DROPOUT}【1】.",
    "full width with lines": f"{DROPOUT} 【1†L3-L9】.",
    "a footnote": f"{DROPOUT}[^1].",
    "a footnote with its notes": f"{DROPOUT}[^1].\n\n[^1]: Aula 1, 00:00:05",
    "doubled": f"{DROPOUT} [[1]].",
    "doubled with a word": f"{DROPOUT} [[citation:1]].",
    "escaped": f"{DROPOUT} \\[1\\].",
    "bold": f"{DROPOUT} **[1]**.",
    "italic": f"{DROPOUT} *[1]*.",
    "a passage, English": f"{DROPOUT} [Passage 1].",
    "a passage, Portuguese": f"{DROPOUT} [Trecho 1].",
    "a passage in round brackets": f"{DROPOUT} (trecho 1).",
    "a source in round brackets": f"{DROPOUT} (Source: 1).",
    "an excerpt with a sign": f"{DROPOUT} [excerpt #1].",
    "a context": f"{DROPOUT} [context_1].",
    "an equals sign": f"{DROPOUT} [ref=1].",
    "curly": f"{DROPOUT} {{citation:1}}.",
    "tags": f"{DROPOUT} <cite>1</cite>.",
    "a raised tag": f"{DROPOUT}<sup>[1]</sup>.",
    "raised by TeX": f"{DROPOUT}$^{{[1]}}$.",
    "raised digits": f"{DROPOUT}¹.",
    "round brackets at the end": f"{DROPOUT} (1).",
    "after the full stop": f"{DROPOUT}. [1]",
    "a whole answer in a fence, glific/glific#3635": f"```markdown\n{DROPOUT} [1].\n```",
    "a fence without a name": f"```\n{DROPOUT} [1].\n```",
    "a link": f"{DROPOUT} [1](https://evil.example).",
    "a list of sources, vectara/open-rag-eval#19": f"{DROPOUT} [1].\n\nSources: [1], [2]",
    "a number's sign": f"{DROPOUT} [nº 1].",
    "a number's sign with a point": f"{DROPOUT} [n.º 1].",
    "with its title, open-webui/open-webui#10441": f"{DROPOUT} [1: Aula 1].",
    "with its title behind a dash": f"{DROPOUT} [1 – Redes neurais].",
    "with its lecture": f"{DROPOUT} [1, aula 1].",
    "with its time": f"{DROPOUT} [1, 00:00:05].",
    "a word, its number and its time": f"{DROPOUT} [Trecho 1, 00:00:05].",
    "a word, its number and its lines": f"{DROPOUT} [passage 1: lines 3-5].",
    "a word, its number and its title, sandialabs/atlas-ui-3#443": f"{DROPOUT} [Fonte 1 (Aula 1)].",
    "spaces inside": f"{DROPOUT} [ 1 ].",
    "a space before the bracket's end": f"{DROPOUT} [1 ].",
    "wide brackets, hushidong/biblatex-gb7714-2015#166": f"{DROPOUT}［1］.",
    "wide brackets and digits": f"{DROPOUT}［１］.",
    "shell brackets": f"{DROPOUT}〔1〕.",
    "circled": f"{DROPOUT} ①.",
    "circled, touching the word": f"{DROPOUT}①.",
    "circled on black": f"{DROPOUT} ❶.",
    "TeX, sjtug/SJTUThesis#59": f"{DROPOUT} \\cite{{1}}.",
    "TeX with a tilde": f"{DROPOUT}~\\citep{{1}}.",
    "Pandoc, quarto-dev/quarto-cli#2705": f"{DROPOUT} [@1].",
    "a link within the page": f"{DROPOUT} [1](#1).",
    "a link within the page with a name": f"{DROPOUT} [1](#trecho-1).",
    "Granite's tags, ibm-granite/granite-io#36": f"{DROPOUT} <co>1</co>.",
    "tags of a platform, eneo-ai/eneo PR#225": f"{DROPOUT} <inref>1</inref>.",
    "an equals sign, oracle-samples/oracle-aidp-samples PR#62": f"{DROPOUT} [ref=1].",
    "a footnote's sign, xberg-io/xberg#649": f"{DROPOUT}.[^1]",
    "a list of sources in Portuguese": f"{DROPOUT} [1].\n\n**Fontes:**\n- [1] Aula 1\n- [2] Aula 2",
}
SEVERAL = {
    "a list, ItzCrazyKns/Vane PR#719": "[1,2]",
    "each alone": "[1][2]",
    "words in the list": "[doc 1, doc 2]",
    "words in both": "[trecho 1][trecho 2]",
    "round with words": "(trechos 1 e 2)",
    "doubled": "[[1], [2]]",
    "bold": "**[1][2]**",
    "lenticular": "【1, 2】",
    "a range": "[1-2]",
    "a range with a word": "[passages 1–2]",
    "raised": "¹,²",
    "escaped": "\\[1, 2\\]",
    "adjacent, open-webui/open-webui#29529": "[1] [2]",
    "spaces inside": "[ 1, 2 ]",
    "wide": "［1，2］",
    "circled": "①②",
    "circled with a space": "① ②",
    "TeX": "\\cite{1,2}",
    "TeX twice": "\\cite{1}\\cite{2}",
    "with titles": "[1: Aula 1][2: Aula 2]",
    "with times": "[Trecho 1, 00:05][Trecho 2, 00:12]",
    "links": "[1](#1)[2](#2)",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_mark_is_read_in_whatever_form(form: str) -> None:
    cited = resolve(normalised(FORMS[form]), HITS)

    assert cited.text in {f"{DROPOUT} [1].", f"{DROPOUT}. [1]"}
    assert [reference.lecture for reference in cited.references] == ["aula-01"]


@pytest.mark.parametrize("marks", SEVERAL.values(), ids=SEVERAL.keys())
def test_several_marks_are_read_in_whatever_form(marks: str) -> None:
    gap = "" if marks.startswith("¹") else " "
    cited = resolve(normalised(f"O dropout desliga neurônios e a rede não decora os exemplos{gap}{marks}."), HITS)

    assert cited.text == "O dropout desliga neurônios e a rede não decora os exemplos [1][2]."


@pytest.mark.parametrize(
    "text",
    [
        "A lista [1, 2, 3] tem três elementos",
        "Em Python, x = [1, 2] cria uma lista",
        "Use `x[1]` e `[1]` para o segundo elemento",
        "```python\nx = [1]\nprint(x[0])\n```",
        "Vaswani e outros [2017] dizem isso",
        "O artigo de (2017) mostra isso",
        "Veja a equação (1).",
        "A área cresce com 10².",
        "São 25 metros².",
        "Os passos são (1) treinar e (2) testar",
        "O intervalo [0, 1] contém a probabilidade",
        "A função f(1) vale dois.",
        "Dicionários são {1: 2}",
        "O item [a] e a nota [sic]",
        "O vetor [3, 1] aponta para a direita",
        "Use lista[1:3] para a fatia",
        "Troque lista[1] por lista[2] no fim",
        "A proporção [1:2] é de água e sal",
        "O intervalo [1, n] tem n números",
        "A lista [1, dois, 3] mistura tipos",
        "Em Python, x = [ 1 ] cria uma lista",
        "Use vetor[ 1 ] para o segundo elemento",
        "Use lista[1: fim] para o resto",
        "O par [1; x] está na reta",
        "Escreva `\\cite{1}` e `[1: Aula 1]` no relatório",
        "```latex\n\\cite{1} ① [nº 1]\n```",
        "A soma é $[ 1 ] + \\cite{1}$ e $x^{①}$",
        "① Treinar a rede\n② Testar a rede",
        "Veja o passo ①.",
        "A cidade de Nº 1 fica ali",
    ],
)
def test_what_is_not_certainly_a_mark_stays(text: str) -> None:
    assert normalised(text) == text
    assert resolve(normalised(text), HITS).references == ()


def test_marks_that_touch_words_within_a_sentence_are_read_where_there_are_no_others() -> None:
    said = normalised("O dropout desliga neurônios[1] e a rede não decora exemplos[2], como se viu.")

    assert said == "O dropout desliga neurônios [1] e a rede não decora exemplos [2], como se viu."


@pytest.mark.parametrize("mark", ["[1:0]", "【1:0】", "[4:0†source]"])
def test_what_is_no_number_of_a_passage_is_not_shown(mark: str) -> None:
    assert normalised(f"{DROPOUT} {mark}.") == f"{DROPOUT}."


def test_the_marks_of_another_system_are_neither_read_nor_shown() -> None:
    said = normalised(f"{DROPOUT}【4:0†source】. E mais [12:3†source].")

    assert said == f"{DROPOUT}. E mais."
    assert not has_marks(said)
    assert normalised(f"{DROPOUT}.²【4:0†source】 E mais.") == f"{DROPOUT}. [2] E mais."


def test_numbers_in_round_brackets_count_only_without_others() -> None:
    assert normalised("Há três formas [1]. A segunda é melhor (2).") == "Há três formas [1]. A segunda é melhor (2)."


@given(st.text(st.sampled_from("ab12 [](){}【】†:^#*`\\\n¹²<>/docref=."), max_size=60))
def test_any_text_can_be_normalised_again(text: str) -> None:
    once = normalised(text)

    assert resolve(once, HITS) == resolve(normalised(once), HITS) or has_marks(once)


@pytest.mark.parametrize(
    "unit", ["palavra¹ ", "palavra① ", "palavra[1] ", "palavra (1). ", "[trecho 1] ", "\nfontes:\n"]
)
def test_many_marks_of_one_form_are_read_soon(unit: str) -> None:
    draft = (unit * 40_000)[:40_000]
    started = time.process_time()

    normalised(draft)

    assert time.process_time() - started < 3  # a quadratic step takes much longer
