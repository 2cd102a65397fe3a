"""`monitoria eval --answers`: whole answers, judged, one configuration beside another."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.terminal.replay import changed
from services.errors import Refused
from tests.bot.console import Console, captions, flat
from tests.fake_model import Request, fake_model, says

SAID = "O gradiente encolhe até sumir nas redes recorrentes longas"
ON_THE_BOARD = rf"""{SAID}:

$$\prod_{{t=1}}^{{T}} \frac{{\partial h_t}}{{\partial h_{{t-1}}}}$$ [1]

```python
for passo in range(T):
    h = W @ h  # [2] e [9] são índices
```

{SAID}, pois $\left|\frac{{\partial h_t}}{{\partial h_{{t-1}}}}\right| < 1$ [1]."""
QUESTIONS = (
    ("q1", "Por que o gradiente encolhe em redes recorrentes?", True),
    ("q2", "O que some nas redes longas, o gradiente?", True),
    ("q3", "O que são redes recorrentes quânticas?", False),
)


async def models(writer: asyncio.StreamWriter, request: Request) -> None:
    """The model `bom` answers with a reference and `ruim` says that there is no material; `juiz` judges both."""
    asked, model = str(request["messages"][0]["content"]), request["model"]
    if "You grade how relevant" in asked:
        await says(json.dumps({"criteria": "a", "supporting_evidence": "b", "score": 3}))(writer, request)
    elif "whether the sources" in asked:
        row = {"number": 1, "quote": "o gradiente encolhe até sumir", "support": "full"}
        await says(json.dumps({"references": [row]}))(writer, request)
    elif "the lectures do not say" in asked:
        await says(json.dumps({"criteria": "a", "supporting_evidence": "b", "answerable": True}))(writer, request)
    elif model == "ruim":
        await says("NO_MATERIAL")(writer, request)
    elif model == "lousa":
        await says(ON_THE_BOARD)(writer, request)
    else:
        await says(f"{SAID} [1].")(writer, request)


def question_set(folder: Path) -> Path:
    file = folder / "set.jsonl"
    moment = {"lecture_id": "aula-1", "start": 10, "end": 20}
    lines = [
        json.dumps({"id": name, "question": text, "relevant": [moment] if is_answerable else []})
        for name, text, is_answerable in QUESTIONS
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


async def test_two_models_are_compared_question_by_question_and_nothing_is_stored(terminal: Console) -> None:
    lecture = captions(terminal.folder, "aula-1.vtt", "Hoje o assunto são redes recorrentes.", f"{SAID}.")
    await terminal.run("ingest", str(lecture), "--course", "redes")
    async with fake_model(models) as server:
        there = terminal.having(
            OPENAI_BASE_URL=server.base_url, MONITORIA_ANSWER_MODEL="bom", MONITORIA_JUDGE_MODEL="juiz"
        )
        order = (
            "eval",
            str(question_set(terminal.folder)),
            "--course",
            "redes",
            "--answers",
            "--against",
            "model=ruim",
        )
        ran = await there.run(*order, "--json")
        table = await there.run(*order)
        queue = await there.run("queue")

    assert ran.code == 0, ran.err
    good, bad = ran.document["configurations"]
    assert (good["name"], bad["name"]) == ("as configured", "model=ruim")
    assert (good["questions"], good["outcomes"], good["relevance"], good["full_support"]) == (
        3,
        {"answered": 3},
        1.0,
        1.0,
    )
    assert (bad["outcomes"], bad["relevance"], bad["wrong_silences"]) == ({"no_material": 3}, None, 3)
    assert (good["silent_when_answerable"], bad["silent_when_answerable"], bad["silent_when_not"]) == (0.0, 1.0, 1.0)
    assert ran.document["differences"]["silence"] == {"pairs": 3, "mean": 1.0, "low": 1.0, "high": 1.0}
    assert ran.document["differences"]["relevance"] is None
    assert (good["tokens"], good["failures"]) == (18.0, {})
    assert [one["seconds"]["groups"]["all"]["kept"] for one in (good, bad)] == [1.0, 0.0]
    assert "share of silence: +1.000 (+1.000 to +1.000, 3 questions)" in flat(table.out)
    assert "0 waiting, 0 running, 0 dead." in queue.out


async def test_a_model_that_writes_formulas_and_code_loses_no_reference(terminal: Console) -> None:
    lecture = captions(terminal.folder, "aula-1.vtt", "Hoje o assunto são redes recorrentes.", f"{SAID}.")
    await terminal.run("ingest", str(lecture), "--course", "redes")
    async with fake_model(models) as server:
        there = terminal.having(
            OPENAI_BASE_URL=server.base_url, MONITORIA_ANSWER_MODEL="bom", MONITORIA_JUDGE_MODEL="juiz"
        )
        questions = str(question_set(terminal.folder))
        ran = await there.run("eval", questions, "--course", "redes", "--answers", "--against", "model=lousa", "--json")
        board = there.having(MONITORIA_ANSWER_MODEL="lousa")
        plain, written = [
            (await one.run("ask", QUESTIONS[0][1], "--course", "redes", "--json")).document for one in (there, board)
        ]

    words, formulas = ran.document["configurations"]
    same = ("questions", "outcomes", "relevance", "full_support", "failures")
    assert [formulas[name] for name in same] == [words[name] for name in same]
    assert written["references"] == plain["references"]
    assert written["answer"] == ON_THE_BOARD


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("model", "'model' changes nothing"),
        ("model=", "'model=' changes nothing"),
        ("temperature=1", "'temperature=1' changes nothing"),
        ("retrieval=dense", "The retrieval 'dense' is not known"),
        ("prompt=answer/99", "The prompt 'answer/99' is not known; there are answer/1, answer/2, answer/3"),
    ],
)
def test_what_cannot_be_compared_is_told(pair: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        changed([pair])
