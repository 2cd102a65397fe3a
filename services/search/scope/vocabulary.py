"""
The words by which people name lectures, days, weeks and numbers, in Portuguese and English.

All are folded as `services.search.scope.sentences.folded` leaves them. Names of weekdays and months that are other
words as well ("may", "sun", "mar", "segunda") count only in the forms that `services.search.scope.days` describes.
"""

from collections.abc import Iterable, Mapping

COUNTS: Mapping[str, int] = {
    "um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8,
    "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "quatorze": 14, "catorze": 14, "quinze": 15,
    "dezesseis": 16, "dezessete": 17, "dezoito": 18, "dezenove": 19, "vinte": 20,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20,
}  # fmt: skip
ORDINALS: Mapping[str, int] = {
    "primeira": 1, "primeiras": 1, "segunda": 2, "terceira": 3, "quarta": 4, "quinta": 5, "sexta": 6, "setima": 7,
    "oitava": 8, "nona": 9, "decima": 10,
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12,
}  # fmt: skip
PARTS: Mapping[str, str] = {"i": "1", "ii": "2", "iii": "3", "a": "1", "b": "2", "c": "3", "d": "4"}
"""Of a lecture in two or more: "parte ii", "aula 3b"."""
WEEKDAYS: Mapping[str, int] = {
    "segunda": 0, "terca": 1, "quarta": 2, "quinta": 3, "sexta": 4, "sabado": 5, "domingo": 6,
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
    "tues": 1, "thurs": 3,
}  # fmt: skip
ORDINAL_WEEKDAYS = frozenset({"segunda", "quarta", "quinta", "sexta"})
"""Weekdays that are ordinals as well."""
MONTHS: Mapping[str, int] = {
    "janeiro": 1, "fevereiro": 2, "marco": 3, "abril": 4, "maio": 5, "junho": 6, "julho": 7, "agosto": 8,
    "setembro": 9, "outubro": 10, "novembro": 11, "dezembro": 12,
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8,
    "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip
SHORT_MONTHS: Mapping[str, int] = {
    "jan": 1, "fev": 2, "mar": 3, "abr": 4, "mai": 5, "jun": 6, "jul": 7, "ago": 8, "set": 9, "out": 10, "nov": 11,
    "dez": 12, "feb": 2, "apr": 4, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "dec": 12,
}  # fmt: skip


def one_of(words: Iterable[str]) -> str:
    """Return a pattern for any of *words*, the longest first."""
    return f"(?:{'|'.join(sorted(words, key=lambda word: (-len(word), word)))})"


COUNT = rf"(?:\d{{1,3}}|{one_of(COUNTS)})"
ORDINAL = rf"(?:\d{{1,2}}(?:[ao]|st|nd|rd|th)|{one_of(ORDINALS)})"
FULL_MONTH = one_of(MONTHS)
ANY_MONTH = one_of({**MONTHS, **SHORT_MONTHS})

GOES_ON = (
    r"e|ou|o|a|os|as|ao|aos|ele|ela|eles|voce|vc|eu|nos|que|quando|por|porque|pq|como|qual|quais|quem|onde|cade|na|no|nas"
    r"|em|foi|foram|era|teve|tem|esta|ta|do|da|dos|das|de|sobre|com|sem|para|pra|pro|se|ja|nao|mas|professora?|profa?"
    r"|falou|falaram|disse|explicou|mostrou|comentou|deu|viu|vimos|fala|explica|trata|dia|entao|aqui|la|ainda|mesmo|tambem"
    r"|and|or|the|this|he|she|they|we|i|you|did|does|do|is|was|were|are|has|had|can|could|what|why|how|when|where|which|who"
    r"|about|on|in|of|at|for|to|from|by|but|so|that|it|its|there|then|as|vs|because|if|please"
    r"|said|says|explains?|explained|covers?|covered|shows?|showed|talks?|talked|mentions?|mentioned|introduces|discusses"
)
"""What may follow a number or a day that counts or qualifies nothing: "a aula dois foi …", not "dois alunos"."""
ENDS = rf"(?=\s*(?:$|[^\w\s%/+*^=<>°])|\s+(?:{GOES_ON})\b)"
"""After a word that could as well belong to the noun behind it: "de segunda, …", not "de segunda ordem"."""


def number(word: str) -> int:
    """
    Return what a folded cardinal or ordinal says.

    >>> number("05"), number("cinco"), number("5a"), number("quinta"), number("21st")
    (5, 5, 5, 5, 21)
    """
    if word[0].isdigit():
        return int("".join(filter(str.isdigit, word)))
    return COUNTS[word] if word in COUNTS else ORDINALS[word]
