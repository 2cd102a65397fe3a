"""Know the words by which a lecturer opens something new: "agora vamos ver", "okay, so next", "próximo assunto"."""

import re

from services.words.terms import fold

BEGINS = re.compile(
    r"\W*(?:so|ok|okay|alright|all right|right|now|bom|bem|entao|agora|beleza|certo|pronto|alors|bon|d'accord"
    r"|maintenant|bueno|entonces|ahora|also|nun|jetzt|gut)\b"
)
ANNOUNCES = re.compile(
    r"\b(?:let's|let us|let me|we'll|we will|going to|gonna|i'll|i will|i want to|i'd like to|wanna)\b[^.?!]{0,40}"
    r"\b(?:talk|discuss|look|start|begin|move|see|go|switch|turn|explain|cover|introduc\w*|show|get (?:in)?to)\b"
    r"|\b(?:vamos|vou|quero|gostaria de)\b[^.?!]{0,40}\b(?:ver|falar|discutir|comecar|passar|olhar|entender|estudar"
    r"|introduzir|entrar|mostrar|explicar|apresentar)\b"
    r"|\b(?:on va|nous allons|je vais|vamos a|voy a)\b[^.?!]{0,40}\b(?:voir|parler|commencer|discuter|passer|regarder"
    r"|hablar|empezar|mirar)\b"
)
MOVES_ON = re.compile(
    r"\b(?:next|mov(?:e|ing) on|switch(?:ing)? (?:to|gears)|turn to|proxim[oa]|em seguida|a seguir|passando (?:a|para)"
    r"|seguinte|ensuite|prochain\w*|siguiente)\b"
)
COUNTS = re.compile(
    r"\b(?:finally|to (?:sum|wrap) up|summar\w+|recap|por fim|finalmente|resum\w+|para terminar|enfin|another|outr[oa]"
    r"|second|third|segund[oa]|terceir[oa])\b"
)
WORTH = ((BEGINS, 0.85), (ANNOUNCES, 1.3), (MOVES_ON, 1.2), (COUNTS, 0.5))
"""About the logarithm of how much oftener each stands where a chapter begins than elsewhere (docs/maps.md)."""
ASKS = 0.6
"""The same of a question to the class."""


def opening(text: str) -> float:
    """
    Return how much the words of a cue sound like the beginning of something, from 0 to about 4.5.

    >>> opening("Agora vamos ver a próxima rede."), opening("que depende dos pesos")
    (3.35, 0)
    """
    folded = fold(text)
    said = sum(worth for pattern, worth in WORTH if (pattern.match if pattern is BEGINS else pattern.search)(folded))
    return said + ASKS * ("?" in text)
