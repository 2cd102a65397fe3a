"""No thought reaches a student, whatever a model or its server marks it with; the sources are public reports."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.models.thoughts import SoFar, Unclear, opens_unseen, spoken, spoken_so_far

SECRET = "O aluno copiou da prova [1]"
SAID = "O dropout desliga neurônios [1]."

FORMS = {
    # source: what is written, with the answer after the thought
    "DeepSeek R1, vllm-project/vllm#13375": f"<think>\n{SECRET}\n</think>\n\n{SAID}",
    "its opening tag written by the template, vllm-project/vllm#13125": f"{SECRET}\n</think>\n{SAID}",
    "an opening tag alone in the prompt, nbramia/LifeOS PR#568": f"{SECRET}</think>{SAID}",
    "Kimi, only closed, skalesapp/skales#166": f"{SECRET}. Talvez.</think>\n{SAID}",
    "MiniMax M2.5, vllm-project/vllm#34625": f"<think>The {SECRET}\n</think>{SAID}",
    "Magistral, RooCodeInc/Roo-Code#8522": f"[THINK]{SECRET}[/THINK]\n{SAID}",
    "Kimi-VL, keinsaasforever/better-chatbot#107": f"◁think▷{SECRET}◁/think▷{SAID}",
    "Exaone and custom prompts, kwaroran/Risuai#764": f"<Thought>{SECRET}</Thought>{SAID}",
    "thinking in full": f"<thinking>{SECRET}</thinking>{SAID}",
    "reasoning tags": f"<reasoning>{SECRET}</reasoning>{SAID}",
    "Seed-OSS": f"<seed:think>{SECRET}</seed:think>{SAID}",
    "with attributes": f'<think effort="low">{SECRET}</think>{SAID}',
    "one inside the other": f"<think>{SECRET} <think>{SECRET}</think> {SECRET}</think>{SAID}",
    "two after each other": f"<think>{SECRET}</think><reflection>{SECRET}</reflection>{SAID}",
    "with an answer's tags": f"<think>{SECRET}</think><answer>{SAID}</answer>",
    "with an answer's tag that stays open": f"<think>{SECRET}</think>\n<answer>\n{SAID}",
    "gpt-oss, ggml-org/llama.cpp PR#15181": (
        f"<|channel|>analysis<|message|>{SECRET}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}"
    ),
    "gpt-oss, its first token eaten, kekzl/imp PR#768": (
        f"analysis<|message|>{SECRET}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}<|return|>"
    ),
    "gpt-oss with a constraint, NVIDIA/TensorRT-LLM#9256": (
        f"<|channel|>commentary <|constrain|>json<|message|>{SECRET}<|end|>"
        f"<|start|>assistant<|channel|>final <|constrain|>text<|message|>{SAID}"
    ),
    "gpt-oss without its tokens, Augustas11/macprovider#743": f"analysisWe need {SECRET}.assistantfinal{SAID}",
    "Gemma 4, kekzl/imp PR#768": f"<|channel>thought\n{SECRET}<channel|>{SAID}",
    "Command A": f"<|START_THINKING|>{SECRET}<|END_THINKING|><|START_RESPONSE|>{SAID}<|END_RESPONSE|>",
    "OpenThinker": f"<|begin_of_thought|>{SECRET}<|end_of_thought|><|begin_of_solution|>{SAID}<|end_of_solution|>",
    "Granite 3.2": f"Here is my thought process:\n{SECRET}\n\nHere is my response:\n{SAID}",
    "Open WebUI's details, jrkropp/open-webui-developer-toolkit PR#367": (
        f'<details type="reasoning" done="true">\n<summary>Thought for 3 s</summary>\n{SECRET}\n</details>\n{SAID}'
    ),
    "details with a summary, langgenius/dify#14889": f"<details><summary>Thinking</summary>{SECRET}</details>\n{SAID}",
    "escaped": f"&lt;think&gt;{SECRET}&lt;/think&gt;{SAID}",
    "a fence": f"```thinking\n{SECRET}\n```\n{SAID}",
    "headings": f"## Reasoning\n{SECRET}\n\n## Answer\n{SAID}",
    "bold headings": f"**Thinking:** {SECRET}\n\n**Answer:** {SAID}",
    "headings in Portuguese": f"**Raciocínio:** {SECRET}\n\n**Resposta:** {SAID}",
    "in Portuguese": f"<raciocinio>{SECRET}</raciocinio>{SAID}",
    "Apertus": f"<|inner_prefix|>{SECRET}<|inner_suffix|>{SAID}",
    "LFM": f"<|startofthink|>{SECRET}<|endofthink|>{SAID}",
    "DeepSeek's bars": f"<｜begin▁of▁thinking｜>{SECRET}<｜end▁of▁thinking｜>{SAID}",
    "a chain": f"<chain_of_thought>{SECRET}</chain_of_thought>{SAID}",
    "the tokens of a turn's end": f"{SAID}<|im_end|>",
    "with spaces": f"< think >{SECRET}</ think >\n{SAID}",
    "with spaces everywhere": f"< think >{SECRET}< / think >{SAID}",
    "MedGemma, ollama/ollama#15754": f"<unused94>thought\nThinking Process:\n{SECRET}\n<unused95>{SAID}",
    "MedGemma without the word, ollama/ollama PR#17127": f"<unused94>{SECRET}<unused95>{SAID}",
    "between bars, vectorize-io/hindsight PR#2195": f"|startthink|{SECRET}|endthink|{SAID}",
    "a plan, openai/codex PR#10210": f"<proposed_plan>\n{SECRET}\n</proposed_plan>\n{SAID}",
    "a plan before the answer's tags, microsoft/semantic-kernel#3682": f"<plan>{SECRET}</plan><answer>{SAID}</answer>",
    "a call, NousResearch/hermes-agent PR#83023": f"<tool_call>{SECRET}</tool_call>\n{SAID}",
    "Command with its text's tokens, scouzi1966/maclocal-api PR#151": (
        f"<|START_THINKING|>{SECRET}<|END_THINKING|><|START_TEXT|>{SAID}<|END_TEXT|>"
    ),
}

LAID_OUT = {
    # where thoughts of any kind would end elsewhere, such as a quotation with a blank line in it
    "misspelt tags, crownshy/comhairle PR#880": f"<thnk>{SECRET}</thnk>\n{SAID}",
    "a tag of one letter": f"<r>{SECRET}</r>{SAID}",
    "a name of its own": f"<my-notes>\n{SECRET}\n</my-notes>\n{SAID}",
    "two names of its own": f"<step1>{SECRET}</step1>\n<step2>{SECRET}</step2>\n{SAID}",
    "a name of its own, then the answer's tags": f"<draft>{SECRET}</draft><resposta>{SAID}</resposta>",
    "behind known tags": f"<think>{SECRET}</think><r>{SECRET}</r>{SAID}",
    "ADK's marks, google/adk-python PR#6709": f"/*PLANNING*/ {SECRET}\n/*REASONING*/ {SECRET}\n/*FINAL_ANSWER*/ {SAID}",
    "quoted, kevinhermawan/Ollamac PR#125": f"> **Thinking:** {SECRET}\n> Talvez.\n\n{SAID}",
    "quoted in two paragraphs, dnouri/pilish PR#50": f"> Thinking...\n> {SECRET}\n>\n> {SECRET}\n\n{SAID}",
    "quoted with a time": f"> Thought for 3 s\n> {SECRET}\n\n{SAID}",
    "quoted, then headed": f"> *Raciocínio:* {SECRET}\n\n**Resposta:** {SAID}",
    "quoted with a sign": f"> 💭 Thinking: {SECRET}\n\n{SAID}",
    "italic headings, Kilo-Org/kilocode PR#6182": f"_Thinking:_ {SECRET}\n\n_Answer:_ {SAID}",
    "starred headings": f"*Thinking:* {SECRET}\n\n*Answer:* {SAID}",
    "JSON, cognizant-ai-lab/neuro-san-ui#379": json.dumps({"thought": SECRET, "answer": SAID}, ensure_ascii=False),
    "JSON in a fence": f"```json\n{json.dumps({'reasoning': SECRET, 'final_answer': SAID})}\n```",
    "JSON in Portuguese": json.dumps({"raciocinio": SECRET, "resposta": SAID, "confidence": 0.9}),
    "JSON of thoughts, then words": f"{json.dumps({'thinking': SECRET})}\n\n{SAID}",
    "an answer alone in JSON": json.dumps({"answer": SAID}),
}

ONLY_THOUGHTS = {
    "cut before the end, ggml-org/llama.cpp#15789": f"<|channel|>analysis<|message|>{SECRET}",
    "without a closing tag": f"<think>{SECRET}",
    "with a closing tag at the very end": f"{SECRET}</think>",
    "brackets without an end": f"[THINK]{SECRET}",
}

UNCLEAR = {
    "aloud, English, screenpipe/screenpipe#3332": f"Okay, the user is asking about dropout. {SECRET}\n\n{SAID}",
    "aloud, Portuguese": f"Certo, o aluno quer saber do dropout. {SECRET}\n\n{SAID}",
    "aloud, first": f"First, I need to look at the passages. {SECRET}\n\n{SAID}",
    "aloud, Portuguese, of oneself": f"Vou analisar os trechos primeiro. {SECRET}\n\n{SAID}",
    "a heading without an end": f"**Thinking:** {SECRET}\n\n{SAID}",
    "a process without an end": f"Thinking Process:\n\n1. {SECRET}\n\n{SAID}",
    "names of channels without the last": f"analysisWe need to cite. {SECRET}",
    "italic, without an end, Kilo-Org/kilocode PR#6182": f"_Thinking:_ {SECRET}\n\n{SAID}",
    "quoted, and nothing parts it from the answer": f"> Thinking: {SECRET}\n{SAID}",
    "all of it quoted": f"> Thinking: {SECRET}\n> {SAID}",
    "one unknown tag around it all": f"<r>{SECRET} {SAID}</r>",
    "an unknown tag without an end": f"<r>\n{SECRET}\n\n{SAID}",
    "an element in a sentence, or a thought": f"<livro> é a raiz, e </livro> a fecha. {SAID}",
    "ADK's marks without the last": f"/*PLANNING*/ {SECRET}\n{SAID}",
    "JSON without a field for the answer": json.dumps({"thought": SECRET, "explanation": SAID}),
    "JSON with two": json.dumps({"thought": SECRET, "answer": SAID, "response": SAID}),
    "JSON that is cut off": '{"thought": "' + SECRET + " " + SAID,
}


ALL = FORMS | LAID_OUT


@pytest.mark.parametrize("form", ALL)
def test_only_what_is_said_is_left(form: str) -> None:
    assert spoken(ALL[form]) == SAID


@pytest.mark.parametrize("form", ALL)
def test_no_draft_shows_a_thought_or_a_tag(form: str) -> None:
    is_blind = opens_unseen(ALL[form])
    for length in range(len(ALL[form]) + 1):
        shown = spoken_so_far(ALL[form][:length], opens_unseen=is_blind)
        assert SAID.startswith(shown), ALL[form][:length]


@pytest.mark.parametrize("form", ALL)
def test_a_model_that_is_not_known_shows_nothing_of_its_thoughts(form: str) -> None:
    for length in range(len(ALL[form]) + 1):
        assert SAID.startswith(spoken_so_far(ALL[form][:length], opens_unseen=True))


@pytest.mark.parametrize("text", ONLY_THOUGHTS.values(), ids=ONLY_THOUGHTS.keys())
def test_thoughts_alone_say_nothing(text: str) -> None:
    assert spoken(text) == ""


@pytest.mark.parametrize("text", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_thoughts_that_cannot_be_told_from_the_answer_are_unclear(text: str) -> None:
    with pytest.raises(Unclear):
        spoken(text)

    assert spoken_so_far(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "O modelo escreve `<think>` antes de responder e `</think>` no fim [1].",
        "Se a < b, então a distância <0 não existe [1].",
        "Reasoning about limits needs the definition [1].",
        "Vamos analisar a função pela derivada [1].",
        "Analysis of variance compares the means of groups [1].",
        "A lista [1, 2] tem dois elementos [1].",
        "The user interface is drawn by the client [2].",
        "The user asks the kernel for memory with a system call [2].",
        "O usuário pede memória ao sistema, e o aluno vê isso no laboratório [1].",
        "A luz volta [reflection] e depois muda de meio [refraction] no prisma [1].",
        "Here is how dropout works: neurons are switched off [1].",
        "<T> é um parâmetro de tipo, e vector<T> o usa [1].",
        "<b>Dropout</b> desliga neurônios [1].",
        "<cite>1</cite> O dropout desliga neurônios.",
        "a | b é a disjunção, e |x| o módulo [1].",
        "> O gradiente some quando a rede é funda.\n\nAssim diz a aula [1].",
        "*Thinking* quer dizer pensar [1].",
        "{1, 2} é um conjunto [1].",
        '```json\n{"text": "oi", "id": 1}\n```\nÉ um objeto [1].',
        '{"criteria": "a", "reasoning": "b c d e", "score": 2}',
        '{"reasoning": "b c d e", "answerable": "yes"}',
        '{"reasoning": "b c d e", "rating": 2}',
    ],
)
def test_an_answer_that_has_no_thoughts_stays_as_it_is(text: str) -> None:
    assert spoken(text) == text
    assert not opens_unseen(text)


@pytest.mark.parametrize(
    "text",
    [f"o <</thin<THINKING></think>king>{SAID}", f"<thi<think>{SECRET}</think>nk>{SECRET}</think>{SAID}"],
    ids=["closing", "opening"],
)
def test_a_tag_that_stands_around_a_thought_is_not_left_over(text: str) -> None:
    assert spoken(text) == SAID


def test_a_verdict_after_thoughts_is_the_verdict() -> None:
    assert spoken(f"[THINK]{SECRET}[/THINK]NO_MATERIAL") == "NO_MATERIAL"


@given(st.sampled_from(sorted(FORMS)), st.text(st.characters(exclude_characters="<>[]◁▷|`"), max_size=40))
def test_whatever_is_thought_is_never_said(form: str, thought: str) -> None:
    canary = "canário"
    text = FORMS[form].replace(SECRET, f"{thought} {canary}")
    assert canary not in spoken(text)
    is_blind = opens_unseen(text)
    pieces = list[str]()
    for letter in text:
        pieces.append(letter)
        assert canary not in SoFar(pieces, opens_unseen=is_blind).text


WRITTEN = ("o <", "<th", "ink>", "<THINKING>", "</think>", "</thin", "king>", "plano ", "\n")


@given(st.lists(st.sampled_from(WRITTEN), max_size=30))
def test_who_looks_late_sees_what_was_written_by_then(parts: list[str]) -> None:
    pieces = list[str]()
    taken = list[SoFar]()
    for part in parts:
        pieces.append(part)
        taken.append(SoFar(pieces))

    for count, one in enumerate(taken, start=1):
        assert one.text == spoken_so_far("".join(parts[:count]))
        assert one.length == len("".join(parts[:count]))


@pytest.mark.parametrize("start", ["", "Thinking:\n", "Certo, ", "<a>", "{"])
@pytest.mark.parametrize("unit", [".", "! ", "\n", "<thi", "> \n", "certo, ", "[/", '{"a":'])
def test_a_model_that_repeats_itself_does_not_keep_us_busy(start: str, unit: str) -> None:
    text = f"{start}{(unit * 40_000)[:40_000]}x"
    started = time.process_time()

    spoken_so_far(text)

    assert time.process_time() - started < 3  # a quadratic step takes much longer


@pytest.mark.parametrize(
    "answer",
    [
        "Oi \0\ud800\u200ba todos",
        "<th\u200bink>plano</think>Oi a todos",
        "<think>plano</think>Oi a todos",
        "Oi<think>plano</think> a todos",
        '{"thinking": "plano", "answer": "Oi a todos"}',
    ],
)
def test_what_json_spells_in_escapes_is_read_as_the_rest_is(answer: str) -> None:
    escaped = json.dumps({"answer": answer}).replace("<", "\\u003c").replace(">", "\\u003e")

    assert spoken(escaped) == "Oi a todos"
