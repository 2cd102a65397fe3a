"""
The forms in which people ask for more than an answer: a comparison, a list of lectures, a lecture as a whole.

Patterns over a folded sentence; which question is of which kind is decided in `services.search.scope.intents`.
"""

import re

from services.search.scope.vocabulary import one_of

# Comparisons

BEFORE_DIFFERENCE = one_of(
    """
    gente pessoal oi ola prof professor professora e entao mas afinal tambem qual quais que eh seria sao a as o os
    principal principais maior grande ha existe tem alguma me explica explique explicar diz diga dizer pode podem
    poderia consegue alguem queria quero gostaria de saber entender nao entendi voce vc por favor duvida sobre so
    what what's whats is are the main key there a any explain tell me can could you please i don't dont get understand
    so and but then about of some do does
    """.split()  # noqa: SIM905 - word lists read better as running text
)
"""What stands before "difference" where it is asked for, and is not one that is computed."""
ASKED = rf"\A\W*+(?:{BEFORE_DIFFERENCE}\b\W*+)*+"
SIDE = r"[^?;:()]{2,70}?"
LAST_SIDE = r"[^?,;:()]{2,70}?"
ENDS = r"\s*(?:[?,;.:()!]|\Z)"
PAIRS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{ASKED}diferencas?(?: \w+)? entre (?P<one>{SIDE}) (?:e|x|vs\.?|versus) (?P<other>{LAST_SIDE}){ENDS}",
        rf"{ASKED}diferencas? d[aeo]s? (?P<one>{SIDE}) (?:pra|pro|para|com|e)(?: [oa]s?)? (?P<other>{LAST_SIDE}){ENDS}",
        (
            rf"{ASKED}(?:em que|como|no que) (?P<one>{SIDE}) (?:se )?(?:difer(?:e|em|encia|enciam)|compara|comparam)"
            rf" (?:d[aeo]s?|com|a|ao|aos) (?P<other>{LAST_SIDE}){ENDS}"
        ),
        (
            rf"{ASKED}(?:compar(?:a|e|ar|ando)|comparacao (?:entre|d[aeo]s?)) (?P<one>{SIDE})"
            rf" (?:com|e|x|vs\.?|versus) (?P<other>{LAST_SIDE}){ENDS}"
        ),
        rf"{ASKED}differences? between (?P<one>{SIDE}) (?:and|vs\.?|versus) (?P<other>{LAST_SIDE}){ENDS}",
        (
            rf"\A\W*(?:so |and |but )?how (?:do|does|is|are) (?P<one>{SIDE})"
            rf" (?:differ(?:ent)?|compared?) (?:from|to|with|than) (?P<other>{LAST_SIDE}){ENDS}"
        ),
        (
            rf"{ASKED}compare(?: and contrast)? (?P<one>{SIDE}) (?:and|with|to|against|vs\.?|versus)"
            rf" (?P<other>{LAST_SIDE}){ENDS}"
        ),
        (
            r"\A\W*(?!(?:o que|what|how|como|onde|where|por que|why)\b)"
            rf"(?P<one>[\w' -]{{2,40}}) (?:vs\.?|versus) (?P<other>[\w' -]{{2,40}}){ENDS}"
        ),
        (
            r"\A\W*(?P<one>[\w' -]{2,40}) (?:e|x|vs\.?|and) (?P<other>[\w' -]{2,40})\s*[,:]"
            r" (?:qual|quais|what|what's)(?: \w+){0,2} (?:diferencas?|differences?)\b"
        ),
    )
)
ARTICLE = re.compile(
    r"\A\W*(?:(?:o que e|what is|what are|usar|using|entre|as?|os?|uma?|the|an|d[aeo]s?|n[aeo]s?|em|of|in)\s+)*"
)
ALSO_ASKS = re.compile(
    r"\b(?:e|and|mas|but) (?:por que|pq|porque|como|quando|quant[oa]s?|qual|quais|o que|pra que|para que"
    r"|why|how|when|what|which|where)\b"
)
COMPARING = re.compile(
    r"\b(?:compar(?:a|e|ar|ando|acao|acoes)|diferencas?|difer(?:e|em|encia)|evolu(?:i|iu|iram|ir|cao)|mud(?:ou|aram)"
    r"|contrast\w*|compared?|comparison|differ(?:s|ed|ence|ences)?|evolv\w+|evolution|changed?)\b"
)
EVOLVES = re.compile(r"\b(?:evolu(?:i|iu|iram|ir|cao)|mud(?:ou|aram)|evolv\w+|evolution|changed?)\b")
OVER_THE_COURSE = re.compile(
    r"\b(?:ao longo|no decorrer|durante|over|throughout|across|through)(?: d?[aeo]s?| the| of| das)*"
    r" (?:aulas|curso|disciplina|semestre|lectures|classes|course|semester)\b"
)
EVOLUTION_FRAME = re.compile(
    r"\b(?:qual|como|foi|e|a|o|as|os|d[aeo]s?|que|se|explicacao|conceito|ideia|visao|abordagem|how|did|does|has|have|the"
    r"|of|in|explanation|concept|idea|view|treatment|evolu\w+|mud(?:ou|aram)|evolv\w+|changed?|was|what)\b"
)

# Lists of lectures

WHICH = r"(?:\b(?:em|n[ao]s?|de) )?\b(?:qual|quais|que)(?: d?as| a| sao as| e a| foi a)? aulas?"
WHO = (
    r"(?:(?:ele|ela|eles|elas|o prof\w*|a prof\w*|prof\w*|a gente|nos|voces?|vcs?|se|que|foi|foram|e|eh|sao|era|ja"
    r"|tambem|mais|melhor|pela primeira vez|em|onde) ){0,4}"
)
SPEAKS = (
    r"(?:fal(?:a|ou|am|aram|ad[oa]s?)|mencion(?:a|ou|am|ad[oa]s?)|cit(?:a|ou|am|ad[oa]s?)|explic(?:a|ou|am|ad[oa]s?)"
    r"|coment(?:a|ou|am|ad[oa]s?)|abord(?:a|ou|am|ad[oa]s?)|trat(?:a|ou|am|ad[oa]s?)|discut(?:e|iu|em|id[oa]s?)"
    r"|apresent(?:a|ou|am|ad[oa]s?)|ensin(?:a|ou|am|ad[oa]s?)|aparece(?:m|u|ram)?|vimos|vist[oa]s?|estudamos"
    r"|introduz(?:iu|id[oa]s?)?|defin(?:e|iu|id[oa]s?))"
)
OF = r"(?:(?: (?:mais|melhor|pela primeira vez|sobre|acerca|de|d[ao]s?|em|n[oa]s?|as?|os?|uma?)){0,4})"
TOPIC = r"(?P<topic>[^?;]{2,90}?)"
DONE = r"\s*(?:[?;.!]|\Z)"
WHICH_IN_ENGLISH = r"(?:\b(?:in|on|during) )?\b(?:which|what)(?: of the)? (?:lectures?|class(?:es)?)"
TEACHER = r"(?:he|she|they|we|you|the (?:prof|professor|lecturer|teacher|instructor))"
TALKS = (
    r"(?:mention|talk(?: about)?|cover|discuss|explain|teach|introduce|speak(?: of| about)?|bring up|define|present"
    r"|go over|see)"
)
TALKED = r"(?:mentioned|talked about|covered|discussed|explained|taught|introduced|defined|presented)"
TALKING = (
    r"(?:mentions?|covers?|talks? about|talked about|discuss(?:es)?|explains?|introduces?|deals? with"
    r"|(?:is|are|was|were) about|mentioned|covered|discussed|explained|introduced)"
)
LISTS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{WHICH} {WHO}{SPEAKS}\b{OF} {TOPIC}{DONE}",
        rf"{WHICH} (?:sao|foram|e|foi) sobre {TOPIC}{DONE}",
        rf"{WHICH} (?P<topic>[^?;]{{2,70}}?) (?:e |foi |sao |foram |era )?{SPEAKS}{DONE}",
        rf"\b(?:alguma|outra) aula (?:que |em que |onde )?{WHO}{SPEAKS}\b{OF} {TOPIC}{DONE}",
        rf"\b(?:tem|ha|existe|teve|houve) (?:alguma )?aula sobre {TOPIC}{DONE}",
        rf"\b(?:list(?:a|e|ar)|mostr(?:a|e)) (?:todas )?as aulas (?:que|em que|onde) {WHO}{SPEAKS}\b{OF} {TOPIC}{DONE}",
        (
            rf"\b(?:onde|em que (?:momentos?|partes?)) (?:nas aulas|d[ao]s? (?:aulas|curso)|no curso) "
            rf"{WHO}{SPEAKS}\b{OF} {TOPIC}{DONE}"
        ),
        rf"{WHICH_IN_ENGLISH} (?:did|does|do|has|have) {TEACHER} (?:\w+ly |first |ever )?{TALKS}\b {TOPIC}{DONE}",
        rf"{WHICH_IN_ENGLISH} (?:\w+ly |first )?{TALKING} {TOPIC}{DONE}",
        rf"{WHICH_IN_ENGLISH} (?:is|are|was|were) {TOPIC} (?:first )?{TALKED}(?: in)?{DONE}",
        rf"\blist (?:all )?(?:of )?(?:the |our )?lectures (?:that|which) {TALKING} {TOPIC}{DONE}",
        rf"\blist (?:all )?(?:the )?lectures (?:where|in which) {TEACHER} {TALKING} {TOPIC}{DONE}",
        rf"\b(?:is there (?:a|any)|are there any|any) lectures? (?:about|on|that {TALKING}) {TOPIC}{DONE}",
        rf"\bwhere in (?:the|our) (?:lectures|course) (?:did|does|do) {TEACHER} {TALKS}\b {TOPIC}{DONE}",
    )
)

# A lecture as a whole

WHOLE = re.compile(
    r"\b(?:resum(?:e|a|o|ao|ir|ida|iria)|recapitul\w+|summari[sz]e|summary|recap|overview|gist|visao geral|panorama"
    r"|pontos principais|principais pontos|main points|key points|main ideas|ideias principais|takeaways)\b"
    r"|\b(?:sobre|d[eo]) (?:o )?que (?:foi|e|eh|era|fala|falou|trata|tratou|se trat(?:a|ou))\b"
    r"|\bo que (?:(?:ele|ela|eles|o prof\w*|a prof\w*|prof\w*|a gente|nos|foi|se|eu|que) )*"
    r"(?:falou|falaram|falado|disse|disseram|dito|explicou|explicado|ensinou|ensinado|abordou|abordado|apresentou"
    r"|apresentado|discutiu|discutido|visto|vimos|viu|dado|deu|passou|rolou|teve|aconteceu|aprendemos|perdi|perdemos)\b"
    r"|\b(?:quais|que|qual) (?:foram |foi |sao |e |eram )?(?:os |o )?(?:assuntos?|temas?|topicos?|conteudos?)\b"
    r"|\b(?:assunto|tema|conteudo|topicos|assuntos) d[ao]s?\b"
    r"|\bwhat (?:was|were|is) (?:\w+ )?(?:about|covered|discussed|taught|said|explained|presented)\b"
    r"|\bwhat (?:did|does|do) (?:\w+ ){0,2}(?:say|cover|talk about|discuss|teach|explain|present|learn|see|do|miss)\b"
    r"|\bwhat (?:happened|did i miss|have i missed)\b|\b(?:what|which) topics\b"
    r"|\bwhat (?:he|she|they|we|i) (?:said|covered|discussed|taught|explained|missed)\b"
)
FRAME = frozenset(
    """
    resume resuma resumo resumao resumir resumida resumidamente recapitula recapitular recapitulacao visao geral
    panorama pontos ponto principais principal assunto assuntos tema temas topico topicos conteudo materia ideias
    falou falaram falado fala disse disseram dito explicou explicado ensinou ensinado abordou abordado aborda apresentou
    apresentado discutiu discutido visto vimos viu dado deu passou rolou teve aconteceu aprendemos trata tratou
    perdi perdeu perdemos perder faltei faltamos aula aulas gravada inteira toda completa prof profa professor
    professora gente pessoal turma galera oi ola favor pf pfv pode podem poderia consegue me fazer faz faca manda mandar
    quero queria gostaria saber preciso ajuda breve rapido rapida curto curta dar sei
    summarize summarise summary recap overview gist main key points point ideas takeaways topics topic covered cover
    covers discussed discuss taught teach said say says explained explain presented present learn learned happened
    happens talk talked miss missed skipped lecture lectures class classes please give quick short brief could would
    tell need want like know
    """.split()  # noqa: SIM905
)
"""Words that may stand around what asks for a lecture as a whole; with any other, it asks for something in it."""
ASKS_MORE = re.compile(
    r"\b(?:por que|pq|porque|como|quando|quem|quant[oa]s?|onde|antes|depois|primeiro|ultimo|mais|menos|nao fal\w+|so"
    r"|why|how|when|who|where|before|after|first|last|more|less|not)\b"
)
MISSED = re.compile(
    r"\b(?:perdi|perdemos|faltei|faltamos|miss|missed|skipped)\b"
    r"|\bnao (?:fui|pude ir|pude assistir|consegui ir|consegui assistir|assisti|vi|estava)\b"
    r"|\b(?:was not|wasn't|wasnt|couldn't|could not|didn't|did not) (?:there|attend|come|make it|go|be there|able)\b"
)
