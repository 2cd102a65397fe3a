"""Questions as students type them, by what they mean (families.toml), and the many ways to type each."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from db.records import Outcome
from services.words.terms import fold

FILE = Path(__file__).with_name("families.toml")

OPENINGS = (
    "oi, ", "oi gente, ", "bom dia! ", "boa noite, ", "boa tarde pessoal, ", "prof, ", "professora, ", "galera, ",
    "opa, ", "gente, ", "oi prof! ", "olá, ", "oii ", "hello, ", "e ai pessoal, ",
)  # fmt: skip
DOUBTS = (
    "tenho uma dúvida: ", "fiquei com dúvida, ", "alguém sabe ", "uma dúvida rápida: ", "tava revendo a aula e ",
    "no exercício 3 fiquei pensando, ", "desculpa a pergunta boba mas ", "não consegui entender: ", "me ajudem, ",
)  # fmt: skip
CLOSINGS = (
    " obrigada!", " obrigado", " valeu", " pf", " por favor", " 🙏", " 😅", " alguém?", " to perdido aqui",
    " é pra lista de sexta", " vlw gente", " não achei na gravação", " kkkk", "??", "?!",
)  # fmt: skip
TELLING = (
    "oi, aqui é a {name}, ra {number}. ", "sou o {name}, meu email é {mail}, ", "<@{number}> ", "@{handle} ",
)  # fmt: skip
"""How some tell who they are, which the digest must not repeat; all made up."""
NAMES = ("Maria Silva", "João Pedro Souza", "Ana Clara Lima", "Rafael Gomes", "Beatriz Rocha", "Lucas Ferreira")
SHORT = (("por que", "pq"), ("você", "vc"), ("também", "tb"), ("para que", "pra q"), ("quando", "qdo"), ("não", "n"))

ODD_ASKS = (
    "como faço {what} {where}?", "dá para usar {what} {where}?", "o que muda com {what} {where}?",
    "alguém já tentou {what} {where}?", "{what} {where} vale a pena?", "por que {what} não funciona {where}?",
    "qual a melhor forma de {what} {where}?", "is it possible to use {what} {where}?", "{what} deu erro {where}",
    "onde leio mais sobre {what} {where}?",
)  # fmt: skip
ODD_THINGS = (
    "séries temporais", "podcasts", "um sensor de umidade", "mapas de calor", "o jogo da velha", "imagens de satélite",
    "letras de música", "um robô aspirador", "receitas de bolo", "placas de carro", "partidas de xadrez",
    "mensagens de voz", "notas fiscais", "genomas", "eletrocardiogramas", "comentários de filmes", "dados do censo",
    "uma câmera de trânsito", "ondas sísmicas", "legendas de filme", "preços de imóveis", "fotos de folhas",
    "manuscritos antigos", "cardápios", "horários de ônibus", "sinais de libras", "cantos de pássaros",
    "consumo de energia", "petições", "resultados de loteria",
)  # fmt: skip
ODD_PLACES = (
    "no celular", "numa planilha", "sem internet", "no meu estágio", "em tempo real", "no raspberry", "num site",
    "com poucos exemplos", "na iniciação científica", "no excel", "no servidor do laboratório", "em duas semanas",
    "com dados faltando", "num notebook velho", "em outra língua", "para o tcc", "sem gpu", "num relógio", "na nuvem",
    "com ruído", "dentro de um jogo", "num tablet", "por linha de comando", "em lote", "aos poucos", "com privacidade",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Ways to ask one thing."""

    name: str
    course: str  # slug
    lecture: str | None  # slug of the lecture that answers it
    outcome: Outcome  # what the bot mostly makes of it
    questions: tuple[str, ...]


@lru_cache(maxsize=1)
def families() -> tuple[Family, ...]:
    return tuple(
        Family(
            name=row["name"],
            course=row["course"],
            lecture=row.get("lecture"),
            outcome=row.get("outcome", "answered"),
            questions=tuple(row["questions"]),
        )
        for row in _read()["family"]
    )


@lru_cache(maxsize=1)
def singles() -> Mapping[str, Sequence[str]]:
    """Questions that nobody else asks, by course."""
    return _read()["single"]


def odd(chance: random.Random, course: str) -> str:
    """Return a question that hardly anybody else asks: a written one, or one put together."""
    if chance.random() < 0.1:
        return chance.choice(singles()[course])
    return chance.choice(ODD_ASKS).format(what=chance.choice(ODD_THINGS), where=chance.choice(ODD_PLACES))


def typed(chance: random.Random, question: str) -> str:
    """Return *question* as somebody in a hurry types it: a greeting, no accents, a slip, a thank-you."""
    text = question
    if chance.random() < 0.35:
        text = fold(text)
    for long, short in SHORT:
        if chance.random() < 0.2:
            text = text.replace(long, short)
    if chance.random() < 0.15:
        text = _slipped(chance, text)
    if chance.random() < 0.15:
        text = chance.choice(DOUBTS) + text
    if chance.random() < 0.25:
        text = chance.choice(OPENINGS) + text
    if chance.random() < 0.2:
        text = text.rstrip("?") + chance.choice(CLOSINGS)
    if chance.random() < 0.01:
        name = chance.choice(NAMES)
        handle = fold(name).replace(" ", ".")
        number = chance.randrange(10**5, 10**6)
        telling = chance.choice(TELLING)
        text = telling.format(name=name, number=number, mail=f"{handle}@example.org", handle=handle) + text
    return text[0].upper() + text[1:] if chance.random() < 0.3 else text


def _slipped(chance: random.Random, text: str) -> str:
    """Return *text* with two letters of a long word exchanged, or one left out."""
    words = text.split(" ")
    long = [number for number, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    if not long:
        return text
    number = chance.choice(long)
    at = chance.randrange(1, len(words[number]) - 2)
    word = words[number]
    kept = word[at + 1] + word[at] if chance.random() < 0.5 else word[at + 1]
    words[number] = word[:at] + kept + word[at + 2 :]
    return " ".join(words)


def _read() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))
