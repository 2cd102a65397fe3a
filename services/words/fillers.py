"""
The one list of the words that students put around what they ask, in Portuguese and English; who reads takes its view.

They belong to no field: a list of a field's own words would be right for one course and wrong for the next. All are
written as `services.words.terms.fold` leaves them, in lower case and without accents.
"""

import re
from collections.abc import Iterable


def listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Without "c" and "n", which stand for "com" and "não", and for a language, a class and a number of things as well.
SHORTHAND = {
    "bc": "because", "dps": "depois", "eh": "e", "hj": "hoje", "msm": "mesmo", "mt": "muito", "mto": "muito",
    "oq": "o que", "oque": "o que", "porque": "por que", "pq": "por que", "pra": "para", "pras": "para as",
    "pro": "para o", "pros": "para os", "q": "que", "qd": "quando", "qdo": "quando", "qnd": "quando", "qnt": "quanto",
    "qtas": "quantas", "qto": "quanto", "qtos": "quantos", "ta": "esta", "tb": "tambem", "tbm": "tambem", "td": "tudo",
    "u": "you", "ur": "your", "vc": "voce", "vcs": "voces",
}  # fmt: skip

GREETINGS = (
    "oi", "oie", "ola", "opa", "eai", "e ai", "bom dia", "boa tarde", "boa noite", "fala", "salve", "hey", "hi",
    "hello", "good morning", "good afternoon", "good evening",
)  # fmt: skip
COMPANY = ("gente", "pessoal", "galera", "turma", "professor", "professora", "prof", "profa", "everyone", "guys")
"""Whom a question is put to where nobody is named."""
GRATITUDE = (
    "muito obrigado", "muito obrigada", "obrigado", "obrigada", "obg", "valeu", "vlw", "thank you", "thanks", "thx",
    "ty",
)  # fmt: skip

PORTUGUESE = listed(
    """
    acontece acontecem adianta ajudem alguem aula aulas chama chamamos chamar chamo consegue consigo curso dar deixa
    desculpa deve devo diferenca diferencas disciplina diz dizer duvida duvidas entender entendi entendo exemplo existe
    explica explicar explicou explique fala falar falou favor fica ficam ficar ficou funciona funcionam funcionar gente
    materia mundo pena pf posso precisa precisamos preciso prof professor professora quer queria quero sabe saber
    sei seria serve servem significa significado usa usado usamos usando usar uso vale
    """
)
ENGLISH = listed(
    """
    anyone call course difference differences every everyone explain give gives good happen happens know
    lecture mean means must need please prove show somebody someone tell understand use used uses using want work works
    """
)
AT_TIMES = listed(
    """
    acho ajuda calcula calcular certo errado exemplos fiquei forma ideia jeito maneira motivo nunca parte peguei perdido
    problema quanta quantas quanto quantos rapida sempre tipo tudo
    example examples help keep way
    """
)
"""
What hardly tells one subject of a week, or of some passages, from another, but may tell two questions apart:
"o que é o tipo de um tensor?" is not "o que é um tensor?".
"""
TOPICAL = listed("aula aulas calcula calcular course curso disciplina lecture materia quanta quantas quanto quantos")
"""Of those what a week's questions are also about: the course itself, and how much. Its topics keep them."""
FILLERS = PORTUGUESE | ENGLISH | AT_TIMES
"""Words that come and go without changing what is asked about, beside those of `services.words.stopwords`."""

COURTESIES = listed(" ".join((*GREETINGS, *COMPANY, *GRATITUDE))) | listed(
    "abraco abracos favor ja later pf please por tudo"
)
"""Words of greetings and thanks."""


def written_out(text: str, *, without: Iterable[str] = ()) -> str:
    """
    Return *text*, which is folded, with its shorthand as whole words, but for the words *without*.

    >>> written_out("pq vc usa relu?"), written_out("pq vc usa relu?", without={"pq"})
    ('por que voce usa relu?', 'pq voce usa relu?')
    """
    kept = frozenset(without)
    return _WORD.sub(lambda word: word[0] if word[0] in kept else SHORTHAND.get(word[0], word[0]), text)


def said_as(*phrases: str) -> str:
    """
    Return a pattern for *phrases*, whose last letter may be drawn out, the longest first; no part of a word ends it.

    >>> re.match(said_as("oi", "bom dia"), "bom diaaa, gente")[0], re.match(said_as("oi"), "oito bits")
    ('bom diaaa', None)
    """
    longest_first = sorted(phrases, key=len, reverse=True)
    return rf"(?:{'|'.join(f'{re.escape(phrase)}+' for phrase in longest_first)})(?![\w'])"


_WORD = re.compile(r"\w+")
