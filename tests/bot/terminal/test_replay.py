"""`monitoria eval --answers`: whole answers, judged, one configuration beside another."""

import asyncio
import json
import re
from pathlib import Path

import psycopg
import pytest

from bot.terminal.replay import changed
from services.errors import Refused
from services.words.terms import fold
from tests.bot.console import SAMPLES, Console, captions, flat
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
    elif "You compare an answer" in asked:
        finding, score = ("said", 3) if model_wrote(request, SAID) else ("missing", 0)
        said = {"statements": [{"statement": "encolhe até sumir", "finding": finding}], "score": score}
        await says(json.dumps(said))(writer, request)
    elif model == "fraco":
        await says("Hoje o assunto são redes recorrentes [1].")(writer, request)
    elif model == "ruim":
        await says("NO_MATERIAL")(writer, request)
    elif model == "lousa":
        await says(ON_THE_BOARD)(writer, request)
    else:
        await says(f"{SAID} [1].")(writer, request)


def model_wrote(request: Request, words: str) -> bool:
    shown = str(request["messages"][-1]["content"])
    return words in shown[shown.index("<answer ") :]


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


def staff_answer(there: Console, question: str, words: str) -> None:
    """Have staff answer a question that was asked before."""
    with psycopg.connect(there.variables["DATABASE_URL"]) as conn:
        conn.execute(
            """
            insert into verified_answers (course_id, answer_id, question, language, text, verified_by)
            select a.course_id, a.id, q.text, 'pt', %(words)s, 'bia'
            from answers a join questions q on q.id = a.question_id where q.text = %(question)s
            """,
            {"question": question, "words": words},
        )


async def test_answers_are_held_against_what_staff_wrote_to_the_same_question(terminal: Console) -> None:
    lecture = captions(terminal.folder, "aula-1.vtt", "Hoje o assunto são redes recorrentes.", f"{SAID}.")
    await terminal.run("ingest", str(lecture), "--course", "redes")
    asked, words = QUESTIONS[0][1], "Porque é multiplicado a cada passo."
    await terminal.run("ask", asked, "--course", "redes")
    staff_answer(terminal, asked, words)
    async with fake_model(models) as server:
        there = terminal.having(
            OPENAI_BASE_URL=server.base_url, MONITORIA_ANSWER_MODEL="bom", MONITORIA_JUDGE_MODEL="juiz"
        )
        order = ("eval", str(question_set(terminal.folder)), "--course", "redes", "--answers")
        served = await there.run(*order, "--against", "model=fraco", "--json")
        unaided = await there.run(*order, "--against", "model=fraco", "--unaided", "--json")
        shown, alone = [await there.run(*order, *more) for more in ((), ("--against", "model=fraco", "--unaided"))]
        wrong = await there.run("eval", order[1], "--course", "redes", "--unaided")

    assert served.code == unaided.code == 0, served.err + unaided.err
    for one in served.document["configurations"]:
        assert (one["correctness"]["served"], one["correctness"]["mean"]) == (1, None)
    assert served.document["differences"]["correctness"] is None
    assert served.document["beside_staff"] == {"references": 1, "pairs": 0, "missing": 1, "gone": 0}
    good, weak = (one["correctness"] for one in unaided.document["configurations"])
    assert (good["references"], good["n"], good["mean"], good["findings"]) == (1, 1, 1.0, {"said": 1})
    assert (weak["n"], weak["mean"], weak["findings"]) == (1, 0.0, {"missing": 1})
    assert unaided.document["differences"]["correctness"] == {"pairs": 1, "mean": -1.0, "low": -1.0, "high": -1.0}
    assert unaided.document["beside_staff"] == {"references": 1, "pairs": 1, "missing": 0, "gone": 0}
    assert "no score; 1 in staff's own words" in flat(shown.out)
    assert "--unaided has the model write there too" in flat(shown.out)
    assert "correctness 1.000 (n = 1); statements of staff: 1 said, 0 missing, 0 contradicted" in flat(alone.out)
    assert "correctness: -1.000 (-1.000 to -1.000, 1 questions)" in flat(alone.out)
    told = zip(server.requests, server.prompts, strict=True)
    assert not any(words in prompt for request, prompt in told if request["model"] != "juiz")
    assert (wrong.code, "go with --answers" in flat(wrong.err)) == (2, True)


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


PASSAGE = re.compile(r"^\[(\d+)\] [^\n]*\n(.*?)(?=\n\n\[\d+\] |\n</passages)", re.MULTILINE | re.DOTALL)
ASKED = re.compile(r"<question \w+>\n(.*?)\n</question", re.DOTALL)
FORMULA = r"\frac{\partial L}{\partial w_{[2]}} = \left[0, 1\right] \cdot \sum_{i=1}^{n} \delta_i"
BLOCK = "```python\npesos[1] = grad([1, 2])  # [3], e R$ 5\n```"


def words(text: str) -> set[str]:
    return {word for word in fold(text).split() if len(word) > 3}


def spoken(asked: str, passages: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The two sentences that share most words with what is asked, each with its passage's number."""
    wanted = words(asked)
    said = [(number, part.strip()) for number, text in passages for part in re.split(r"(?<=[.!?])\s", text)]
    return sorted(said, key=lambda one: (-len(words(one[1]) & wanted), int(one[0]), one[1]))[:2]


async def obeys(writer: asyncio.StreamWriter, request: Request) -> None:
    """Answer in the lecturers' words; with formulas and code around and within them where the prompt lets a model."""
    system, *_, material = (str(message["content"]) for message in request["messages"])
    asked = ASKED.search(material)
    passages = PASSAGE.findall(material)
    if asked is None or not passages:  # it is to translate
        await says("")(writer, request)
        return
    (first, one), (second, other) = spoken(asked[1], passages)
    one, other = one.rstrip("."), other.rstrip(".")
    if "in LaTeX where" in system:
        board = rf"$${FORMULA}$$ {one}, com \(w_1\) [{first}].", BLOCK, rf"{other} \[{FORMULA}\] [{second}]."
        await says("\n\n".join(board))(writer, request)
    else:
        await says(f"{one} [{first}]. {other} [{second}].")(writer, request)


@pytest.mark.parametrize("before", ["answer/1", "answer/2"])
async def test_the_prompt_that_lets_a_model_write_formulas_and_code_loses_no_reference(
    sampled: Console, before: str
) -> None:
    questions = str(SAMPLES / "questions.jsonl")
    async with fake_model(obeys) as server:
        there = sampled.having(OPENAI_BASE_URL=server.base_url, MONITORIA_ANSWER_MODEL="fake")
        order = ("eval", questions, "--course", "redes", "--answers", "--against", f"prompt={before}", "--json")
        ran = await there.run(*order)

    assert ran.code == 0, ran.err
    now, then = ran.document["configurations"]
    # One of them compares: that is asked for by a prompt of its own, whatever answers are asked for by.
    assert sum("in LaTeX where" in prompt for prompt in server.prompts) == now["questions"] + 1 == 25
    assert now["outcomes"] == then["outcomes"] == {"answered": 24}
    assert now["seconds"] == then["seconds"]
    assert now["seconds"]["groups"]["all"]["kept"] == 1.0


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
