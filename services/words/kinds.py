"""
Words that say how a question is meant, in Portuguese and English: its kind, negation, numbers, opposites.

They belong to no field: a list of a field's own words would be right for one course and wrong for the next. All are
written as `services.words.terms.fold` leaves them, in lower case and without accents.
"""

import re
from typing import Literal

from services.words.fillers import listed

Kind = Literal[
    "exam", "difference", "compute", "drawback", "effect", "purpose", "does", "detect", "remedy", "why", "when",
    "where", "who", "quantity", "order", "meaning", "how", "which",
]  # fmt: skip


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

NEGATIONS = listed("jamais nao nem nunca sem neither never no nor not without")
CHOICES = listed("ou or")
HOLLOW = {"pt": listed("no"), "en": listed("so some")}
"""By language, words that say nothing there and something in the other: "no teste", "some gradients"."""

NUMBERS = {
    "zero": 0, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8, "nove": 9,
    "dez": 10, "onze": 11, "doze": 12, "quinze": 15, "vinte": 20, "trinta": 30, "cinquenta": 50, "cem": 100,
    "duzentos": 200, "trezentos": 300, "quinhentos": 500, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
    "thirty": 30, "fifty": 50, "hundred": 100,
}  # fmt: skip
MULTIPLES = {"mil": 1e3, "milhao": 1e6, "milhoes": 1e6, "thousand": 1e3, "million": 1e6}
MAYBE_ONE = listed("um uma one")
"""An article or a pronoun as often as a number."""

OPPOSITES: tuple[tuple[frozenset[str], ...], ...] = (
    (
        listed(
            """
            aumenta aumentar aumentando aumentou aumento alta altas alto altos cresce crescer grande grandes maior
            maiores mais muita muitas muito muitos sobe subindo subir big bigger biggest grow grows high higher highest
            increase increases increasing large larger largest many more much raise raising
            """
        ),
        listed(
            """
            baixa baixar baixas baixo baixos cair diminui diminuindo diminuir diminuiu menor menores menos pequena
            pequenas pequeno pequenos pouca poucas pouco poucos reduz reduzindo reduzir decrease decreases decreasing
            few fewer less little low lower lowers lowest reduce reduces reducing small smaller smallest
            """
        ),
    ),
    (listed("antes before"), listed("apos depois after")),
    (
        listed("treina treinado treinamento treinando treinar treino train trained training"),
        listed("inferencia testar teste eval inference test testing"),
        listed("validacao val validation"),
    ),
    (listed("entrada entradas input inputs"), listed("saida saidas output outputs")),
    (listed("comeco iniciais inicial inicio beginning initial start"), listed("fim finais final end ending")),
    (
        listed("primeira primeiro first"),
        listed("segunda segundo second"),
        listed("terceira terceiro third"),
        listed("ultima ultimo last"),
    ),
    (listed("melhor melhores best better"), listed("pior piores worse worst")),
    (listed("ajuda ajudar help helping helps"), listed("atrapalha atrapalhar prejudica harm harms hurt hurts")),
    (listed("vantagem vantagens advantage advantages"), listed("desvantagem desvantagens disadvantage disadvantages")),
    (
        listed("explode explodindo explodir explosao explodes exploding"),
        listed(
            """
            desaparece desaparecendo desaparecer some sumindo sumir disappear disappears vanish vanishes vanishing
            """
        ),
    ),
    (listed("maxima maximo max maximum"), listed("minima minimo min minimum")),
    (listed("horizontais horizontal"), listed("verticais vertical")),
    (listed("par pares even"), listed("impar impares odd")),
    (listed("certa certo correta correto correct right"), listed("errada errado incorreto incorrect wrong")),
    (listed("ida forward"), listed("volta backward backwards")),
    (listed("linha linhas row rows"), listed("coluna colunas column columns")),
    (
        listed("positiva positivas positivo positivos positive"),
        listed("negativa negativas negativo negativos negative"),
    ),
    (listed("ligado ligada ligar"), listed("desligada desligado desligar")),
    (listed("verdadeira verdadeiro true"), listed("falsa falso false")),
    (listed("locais local"), listed("globais global")),
)
"""In each row, words of one set say the same, and words of different sets exclude each other."""

SYNONYMS: tuple[frozenset[str], ...] = (
    listed("acha achar encontra encontrar find finds found"),
    listed("aula aulas lecture lectures"),
    listed("copia copiada copiado copiados copiar duplica duplicado duplicados duplicar copied copies copy duplicated"),
    listed("entrega entregar entregue due hand submit"),
    listed("escolhe escolher escolho choose pick"),
    listed("gravacao gravada gravado gravou recorded recording"),
    listed("lista listas list lists"),
    listed("altera alterar muda mudar change changes"),
    listed("nota notas grade grades"),
    listed("pergunta perguntar ask"),
    listed("projeto projetos project projects"),
    listed("exame prova provas exam"),
    listed("resolve resolver fix fixes solve solves"),
    listed("sala room"),
    listed("individual sozinha sozinho alone"),
    listed("apenas so somente only"),
)
"""Words that say the same in any course, also across the two languages."""

MAY_OR_MUST = (listed("pode podem posso can may"), listed("deve devo precisa preciso must need should"))
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
