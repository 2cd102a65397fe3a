"""Read a question for what it asks: without greeting, accents, shorthand, and words that are in any question."""

import re

from services.words.stopwords import BY_LANGUAGE, ENGLISH, PORTUGUESE
from services.words.terms import fold

OPENING = re.compile(
    r"^(?:(?:oi+e?|ola|opa|e ?ai|bom dia|boa (?:tarde|noite)|fala|salve|hey|hi|hello|good (?:morning|afternoon|evening)"
    r"|gente|pessoal|galera|turma|professora?|prof[ao]?|everyone|guys|tudo (?:bem|bom|certo)|td bem|obrigad[oa]|valeu"
    r"|vlw|thanks?|thank you|thx|(?:eu )?(?:tenho|fiquei com|to com|estou com) (?:uma )?duvida|uma duvida(?: rapida)?"
    r"|alguem (?:sabe|pode|consegue)(?: me)?(?: dizer| explicar)?|me ajud(?:a|em))\b[\s,.!?:;…-]*)+"
)
"""What students write before they ask, in whole words, at the beginning of a folded text."""

SHORTHAND = {
    "c": "com", "dps": "depois", "eh": "e", "hj": "hoje", "mto": "muito", "msm": "mesmo", "n": "nao", "ñ": "nao",
    "oq": "o que", "oque": "o que", "pq": "por que", "porque": "por que", "pra": "para", "pras": "para as",
    "pro": "para o", "pros": "para os", "q": "que", "qd": "quando", "qdo": "quando", "qnd": "quando", "qto": "quanto",
    "ta": "esta", "tb": "tambem", "tbm": "tambem", "td": "tudo", "vc": "voce", "vcs": "voces",
}  # fmt: skip

FILLERS = frozenset(
    """
    acho acontece adianta ajuda ajudem alguem anyone assim bem chama chamar consegue consigo da dar deixa desculpa
    devo diz duvida duvidas entender entendi entendo errado exemplo existe explain explica explicar explique favor
    fica ficam ficar fiquei funciona funcionam gente give gives good happens help jeito keep know mean means need
    nunca parte peguei perdido pf please pode posso precisa preciso problema prof professor professora quer queria
    quero rapida sabe saber sei sempre seria serve servem significa someone tem tenho ter tipo tudo understand usa
    usamos usando usar use used uses using uso vale want work works
    """.split()  # noqa: SIM905 - a list of words reads better as running text
)
"""Words that students put around a subject, folded; they belong to no field."""

_TOKENS = re.compile(r"\w+")


def plain(text: str) -> str:
    """
    Return what two texts have in common that differ in greeting, accents, shorthand and punctuation only.

    >>> plain("Oi gente! pq o gradiente some??")
    'por que o gradiente some'
    """
    asked = OPENING.sub("", " ".join(fold(text).split())).strip()
    return " ".join(SHORTHAND.get(token, token) for token in map(str, _TOKENS.findall(asked)))


def subject(key: str, language: str) -> str:
    """
    Return the words of a plain question that say what it is about, or all of them where none does.

    >>> subject("por que o gradiente some", "pt")
    'gradiente some'
    """
    words = key.split()
    empty = BY_LANGUAGE.get(language, frozenset())
    kept = (
        word
        for word in words
        if word not in PORTUGUESE and word not in ENGLISH and word not in FILLERS and word not in empty
    )
    return " ".join(kept) or key
