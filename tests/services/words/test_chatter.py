import pytest

from services.words.chatter import Place, courtesy, is_question, is_thanks


@pytest.mark.parametrize(
    "text",
    [
        "o que é um tensor?",
        "Oi prof, como funciona o dropout",
        "não entendi a parte da atenção",
        "alguém sabe por que a LSTM lembra mais?",
        "boa noite! qual a diferença entre RNN e LSTM?",
        "why does the gradient vanish",
        "Explique a regra da cadeia",
    ],
)
def test_questions(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize(
    "text",
    [
        "bom dia!",
        "Oi, tudo bem?",
        "valeu demais",
        "kkkkk",
        "como vai?",
        "sério?",
        "quem vai no bar hoje?",
        "",
        "ok, obrigado",
    ],
)
def test_chatter(text: str) -> None:
    assert not is_question(text)


@pytest.mark.parametrize("text", ["qual erro aparece para você?", "qual erro aparece pra vc?"])
def test_shorthand_reads_as_what_it_stands_for(text: str) -> None:
    assert not is_question(text, "forum")


@pytest.mark.parametrize("text", ["também queria saber", "tb queria saber"])
def test_who_wonders_too_asks_nothing_new(text: str) -> None:
    assert not is_question(text, "thread")


@pytest.mark.parametrize("text", ["na LSTM?", "pq?", "why?", "não entendi a segunda parte", "como assim"])
def test_a_short_follow_up_asks_in_a_thread_and_not_out_of_the_blue(text: str) -> None:
    assert is_question(text, "thread")
    assert not is_question(text) or text.startswith("não")


@pytest.mark.parametrize(
    "text",
    [
        "obrigado!",
        "ah entendi",
        "👍",
        "",
        "acho que é pq os valores são menores que 1?",
        "Por que some? Porque cada fator é menor que um.",
        "Pedro, qual erro deu?",
        "vc tentou baixar o lr?",
        "> por que o gradiente some?\nexato",
        "```\nx = 1 if y else 2  # por que?\n```",
        "https://youtu.be/abc?t=10",
        "alguém mais?",
    ],
)
@pytest.mark.parametrize("place", ["channel", "thread", "forum"])
def test_what_people_say_to_each_other_is_no_question(text: str, place: Place) -> None:
    assert not is_question(text, place)


def test_a_post_asks_unless_it_gives_something() -> None:
    assert is_question("Gradiente que some\nnão funciona aqui", "post")
    assert not is_question("Meu resumo da aula 4\nsegue o pdf", "post")
    assert is_question("Meu resumo da aula 4\no que falta nele?", "post")
    assert not is_question("", "post")


@pytest.mark.parametrize(("text", "thanks"), [("valeu!", True), ("kkkk top", True), ("👏👏", True), ("e a GRU", False)])
def test_thanks_are_known_also_where_they_mention_us(text: str, *, thanks: bool) -> None:
    assert is_thanks(text) is thanks


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("oi", "greeting"),
        ("Olá, boa tarde! Tudo bem com vocês?", "greeting"),
        ("fala galera", "greeting"),
        ("Hi, everyone 👋", "greeting"),
        ("oi kkkk", "greeting"),
        ("tchau, até mais", "greeting"),
        ("obrigado", "thanks"),
        ("Oi! Muito obrigada pela ajuda, professora", "thanks"),
        ("thank you so much!", "thanks"),
        ("vlw demais", "thanks"),
        ("entendi, valeu! 👍", "thanks"),
        ("oi, o que é um tensor?", None),
        ("obrigado, e a GRU?", None),
        ("fala", None),
        ("massa", None),
        ("hello world", None),
        ("hi-fi", None),
        ("tudo certo com a loss?", None),
        ("ok", None),
        ("👍", None),
        ("", None),
    ],
)
def test_what_only_greets_or_thanks_asks_nothing(text: str, says: str | None) -> None:
    assert courtesy(text) == says
    assert says is None or not is_question(text, "post")


@pytest.mark.parametrize("text", ["oi " * 1_300, "obrigado, " * 400, "tudo " * 800])
def test_long_courtesies_are_read_in_linear_steps(text: str) -> None:
    assert not is_question(text, "post") or courtesy(text) is None


@pytest.mark.parametrize("text", ["e " * 2_000, "o que " * 650, "`" * 4_000, "\n" * 4_000, "a, " * 1_300])
def test_the_longest_message_is_read_in_linear_steps(text: str) -> None:
    assert not is_question(text, "thread")
