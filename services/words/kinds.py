"""
Words that students put around a subject, in Portuguese and English: shorthand, numbers, opposites, kinds of question.

They belong to no field: a list of a field's own words would be right for one course and wrong for the next. All are
written as `lexical.fold` leaves them, in lower case and without accents.
"""

import re
from typing import Literal

Kind = Literal[
    "exam", "difference", "compute", "drawback", "effect", "purpose", "does", "detect", "remedy", "why", "when",
    "where", "who", "quantity", "order", "meaning", "how", "which",
]  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WRITTEN_OUT = (
    (re.compile(r"\bcan['’]?t\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon['’]t\b"), "will not"),
    (re.compile(r"\b(do|does|did|is|are|was)n['’]?t\b"), r"\1 not"),
    (re.compile(r"\b(what|where|who|how)['’]?s\b"), r"\1 is"),
    (re.compile(r"(?<=\w)['’](?:s|re|m|ve|ll|d)\b"), ""),
    (re.compile(r"(?<=\d) ?(?:por|by|×|x) ?(?=\d)"), "x"),
    (re.compile(r"\bc/"), "com "),
    (re.compile(r"\bp/"), "para "),
    (re.compile(r"\b(?:ou nao|nao e|or not|ne)\W*$"), ""),
    (re.compile(r"<"), " menor que "),
    (re.compile(r">"), " maior que "),
)
"""What is written together, or with a sign, in words."""

SHORTHAND = {
    "bc": "because", "dps": "depois", "eh": "e", "hj": "hoje", "msm": "mesmo", "mt": "muito", "mto": "muito",
    "oq": "o que", "oque": "o que", "porque": "por que", "pq": "por que", "pra": "para", "pras": "para as",
    "pro": "para o", "pros": "para os", "q": "que", "qd": "quando", "qdo": "quando", "qnd": "quando", "qnt": "quanto",
    "qtas": "quantas", "qto": "quanto", "qtos": "quantos", "ta": "esta", "tb": "tambem", "tbm": "tambem", "td": "tudo",
    "u": "you", "ur": "your", "vc": "voce", "vcs": "voces",
}  # fmt: skip

NEGATIONS = _words("jamais nao nem nunca sem neither never no nor not without")
CHOICES = _words("ou or")
HOLLOW = {"pt": _words("no"), "en": _words("so some")}
"""By language, words that say nothing there and something in the other: "no teste", "some gradients"."""

NUMBERS = {
    "zero": 0, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8, "nove": 9,
    "dez": 10, "onze": 11, "doze": 12, "quinze": 15, "vinte": 20, "trinta": 30, "cinquenta": 50, "cem": 100,
    "duzentos": 200, "trezentos": 300, "quinhentos": 500, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
    "thirty": 30, "fifty": 50, "hundred": 100,
}  # fmt: skip
MULTIPLES = {"mil": 1e3, "milhao": 1e6, "milhoes": 1e6, "thousand": 1e3, "million": 1e6}
MAYBE_ONE = _words("um uma one")
"""An article or a pronoun as often as a number."""

OPPOSITES: tuple[tuple[frozenset[str], ...], ...] = (
    (
        _words(
            """
            aumenta aumentar aumentando aumentou aumento alta altas alto altos cresce crescer grande grandes maior
            maiores mais muita muitas muito muitos sobe subindo subir big bigger biggest grow grows high higher highest
            increase increases increasing large larger largest many more much raise raising
            """
        ),
        _words(
            """
            baixa baixar baixas baixo baixos cair diminui diminuindo diminuir diminuiu menor menores menos pequena
            pequenas pequeno pequenos pouca poucas pouco poucos reduz reduzindo reduzir decrease decreases decreasing
            few fewer less little low lower lowers lowest reduce reduces reducing small smaller smallest
            """
        ),
    ),
    (_words("antes before"), _words("apos depois after")),
    (
        _words("treina treinado treinamento treinando treinar treino train trained training"),
        _words("inferencia testar teste eval inference test testing"),
        _words("validacao val validation"),
    ),
    (_words("entrada entradas input inputs"), _words("saida saidas output outputs")),
    (_words("comeco iniciais inicial inicio beginning initial start"), _words("fim finais final end ending")),
    (
        _words("primeira primeiro first"),
        _words("segunda segundo second"),
        _words("terceira terceiro third"),
        _words("ultima ultimo last"),
    ),
    (_words("melhor melhores best better"), _words("pior piores worse worst")),
    (_words("ajuda ajudar help helping helps"), _words("atrapalha atrapalhar prejudica harm harms hurt hurts")),
    (_words("vantagem vantagens advantage advantages"), _words("desvantagem desvantagens disadvantage disadvantages")),
    (
        _words("explode explodindo explodir explosao explodes exploding"),
        _words(
            """
            desaparece desaparecendo desaparecer some sumindo sumir disappear disappears vanish vanishes vanishing
            """
        ),
    ),
    (_words("maxima maximo max maximum"), _words("minima minimo min minimum")),
    (_words("horizontais horizontal"), _words("verticais vertical")),
    (_words("par pares even"), _words("impar impares odd")),
    (_words("certa certo correta correto correct right"), _words("errada errado incorreto incorrect wrong")),
    (_words("ida forward"), _words("volta backward backwards")),
    (_words("linha linhas row rows"), _words("coluna colunas column columns")),
    (
        _words("positiva positivas positivo positivos positive"),
        _words("negativa negativas negativo negativos negative"),
    ),
    (_words("ligado ligada ligar"), _words("desligada desligado desligar")),
    (_words("verdadeira verdadeiro true"), _words("falsa falso false")),
    (_words("locais local"), _words("globais global")),
)
"""In each row, words of one set say the same, and words of different sets exclude each other."""

SYNONYMS: tuple[frozenset[str], ...] = (
    _words("acha achar encontra encontrar find finds found"),
    _words("aula aulas lecture lectures"),
    _words("copia copiada copiado copiados copiar duplica duplicado duplicados duplicar copied copies copy duplicated"),
    _words("entrega entregar entregue due hand submit"),
    _words("escolhe escolher escolho choose pick"),
    _words("gravacao gravada gravado gravou recorded recording"),
    _words("lista listas list lists"),
    _words("altera alterar muda mudar change changes"),
    _words("nota notas grade grades"),
    _words("pergunta perguntar ask"),
    _words("projeto projetos project projects"),
    _words("exame prova provas exam"),
    _words("resolve resolver fix fixes solve solves"),
    _words("sala room"),
    _words("individual sozinha sozinho alone"),
    _words("apenas so somente only"),
)
"""Words that say the same in any course, also across the two languages."""

PORTUGUESE_FILLERS = _words(
    """
    acontece adianta ajudem alguem cada chama chamamos chamar chamo curso da dar deixa deve devo diferenca disciplina
    duvida duvidas entender entendi entendo exemplo existe explica explicar explique favor fica ficam ficar ficou gente
    materia mundo nossa pena posso precisa preciso prof professor professora quer quero saber sei seria serve servem
    significa tem tenho ter usa usamos usando usar uso vale
    """
)
ENGLISH_FILLERS = _words(
    """
    call course difference each every everyone explain for give gives good happens have know mean means must need please
    somebody understand use used uses using want work works
    """
)
"""Words that come and go without changing what is asked, beside those of `services.words.stopwords`."""

MAY_OR_MUST = (_words("pode podem posso can may"), _words("deve devo precisa preciso must need should"))
"""What is allowed is another question than what is needed."""

_ALTERNATIVES: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (
        "exam",
        (
            r"((?:vai |vao )?(?:cai\w*|cobra\w*) na (?:prova|avaliacao))",
            r"(vai cair) .*(na prova)$",
            r"((?:a prof\w* )?cobra|vai cair)",
            r"((?:going to )?(?:be )?on the (?:exam|test))",
        ),
    ),
    (
        "difference",
        (
            r"((?:qual (?:e )?a )?diferencas?|(?:the )?differences?|vs|versus|o que muda)\b",
            r"^\w+ (x) \w+",
            r"((?:a )?mesm[ao] coisa(?: que)?|(?:the )?same(?: thing)? as|(?:the )?same(?: thing)?$)",
        ),
    ),
    (
        "compute",
        (
            r"(como (?:se )?(?:calcul\w+|comput\w+))",
            r"((?:qual (?:e )?)?(?:a )?(?:conta|formula) d[aeo])",
            r"(how) .*?\b((?:compute|calculate)d?)\b",
            r"((?:what is )?the formula (?:for|of))",
        ),
    ),
    (
        "drawback",
        (
            r"(qual (?:e )?(?:a desvantagem|o problema|o preco))",
            r"(what is (?:the )?(?:wrong|problem) with)",
            r"(what (?:is|are) the (?:drawbacks?|downsides?|disadvantages?))",
        ),
    ),
    (
        "effect",
        (
            r"(o que (?:acontece|ocorre)(?: se| quando| com)?|(?:qual (?:e )?a )?consequencia)",
            r"(o que da errado(?: se)?|e agora|da (?:problema|ruim))",
            r"(what happens(?: if| when| to)?|what if|what goes wrong(?: if| when)?|is that a (?:problem|bug))",
        ),
    ),
    (
        "purpose",
        (
            r"(para que (?:e que )?(?:servem?|server?)|servem? para que)",
            r"(qual (?:e )?(?:a utilidade|o papel|a funcao|o objetivo))",
            r"(what is the (?:purpose|point|role|use) of)",
            r"(what (?:is|are)) .*?((?:good )?for)$",
        ),
    ),
    ("does", (r"(o que) .*?\b(fazem|faz)\b", r"(faz o que)", r"(what (?:do|does)) .*?\b(do)\b")),
    (
        "detect",
        (
            r"(como (?:e que )?(?:eu )?(?:sei|vejo|percebo|detect\w+|diagnosti\w+|identific\w+|reconhe\w+)(?: se)?)",
            r"((?:quais (?:sao )?(?:os )?)?(?:sinais|sintomas) d[aeo])",
            r"(how (?:can|do) i (?:tell|spot|detect|diagnose|know)|what are the (?:signs|symptoms) of)",
        ),
    ),
    (
        "remedy",
        (
            r"(o que (?:eu )?(?:faco|fazer|posso fazer)|como (?:se )?(?:resolv\w*|evit\w*|conserto|arrumo))",
            r"(what (?:can|should) i do|how (?:to|do i|can i) (?:fix|prevent|avoid|solve))",
        ),
    ),
    (
        "why",
        (
            r"(por que|qual (?:e )?(?:o motivo|a causa|a razao|a vantagem))",
            r"(how come|what makes|why|what (?:is|are) the (?:reason|advantages?|benefits?))",
        ),
    ),
    (
        "when",
        (
            r"^(?:e )?((?:ate |desde )?quando|when|until when)\b",
            r"(que (?:dia|hora|horas|data)|em (?:que|qual) caso|(?:qual (?:e )?o )?prazo|quando$)",
            r"((?:what is the )?deadline|on which day)",
        ),
    ),
    ("where", (r"(em (?:que|qual) (?:sala|lugar)|onde|aonde|where)",)),
    ("who", (r"(quem|qual (?:professor|professora)|who)",)),
    (
        "quantity",
        (
            r"((?:com |em )?quant[oa]s?|(?:a partir de )?(?:que|qual) (?:e )?(?:o )?valor)",
            r"(how (?:many|much|big|large|long)|(?:at )?what value)",
        ),
    ),
    (
        "order",
        (
            r"((?:em )?(?:que|qual) (?:e )?(?:a )?(?:ordem|sequencia)|antes ou depois)",
            r"(before or after|in which order|what is the (?:right )?(?:order|sequence))",
        ),
    ),
    (
        "meaning",
        (
            r"(o que (?:e que )?(?:e|sao|seria|significa\w*|quer dizer)|definicao|definition|what is meant by)",
            r"(what does) .*?\b(mean)\b",
            r"(what is|what are)",
            r"(explica\w*|explique|explain|define|defina)",
        ),
    ),
    ("how", (r"(como(?: e que)?(?: funciona\w*| faz| fazer)?|how)",)),
    ("which", (r"(?<!o )(qual|quais|which|what)", r"^(?:em |com |de |para )?(que)\b")),
)
KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile("|".join(rf"(?<!\w){alternative}(?!\w)" for alternative in alternatives)))
    for kind, alternatives in _ALTERNATIVES
)
"""
The first that is found says what kind of question it is; one where none is found asks for yes or no. What the groups
hold says the kind and is no part of the subject.
"""

KINDS_ALIKE = frozenset({frozenset({"purpose", "why"}), frozenset({"purpose", "does"})})
"""Kinds that ask the same of the same subject: "por que a ResNet tem atalho", "pra que serve o atalho"."""
